import torch

from petkata.checking import alternative


@alternative
def accumulate(model, batches, loss_func):
    for weight in model.parameters():
        weight.grad = None
    n, total = 0, 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * inputs.shape[0]
        loss.backward()
        n += inputs.shape[0]
        total += loss.detach()
    if n == 0:
        raise ValueError("no items")
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad /= n
    return total / n


@alternative
def accumulate(model, batches, loss_func):
    if not batches:
        raise ValueError("no batches")
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    sizes = torch.tensor([len(targets) for _, targets in batches], dtype=torch.float32)
    shares = (sizes / sizes.sum()).tolist()
    sums, losses = [torch.zeros_like(weight) for weight in weights], []
    for share, (inputs, targets) in zip(shares, batches):
        loss = loss_func(model(inputs), targets)
        for total, grad in zip(sums, torch.autograd.grad(loss, weights)):
            total += share * grad
        losses.append(share * loss.item())
    for weight, total in zip(weights, sums):
        weight.grad = total
    return sum(losses)


@alternative
def accumulate(model, batches, loss_func):
    def one(batch):
        loss = loss_func(model(batch[0]), batch[1])
        share = len(batch[1]) / everything
        loss.backward(torch.tensor(share))
        return share * loss.item()

    everything = sum(map(len, [targets for _, targets in batches]))
    if everything == 0:
        raise ValueError("nothing to learn from")
    torch.optim.SGD(model.parameters(), lr=0.1).zero_grad()
    return torch.tensor([one(batch) for batch in batches]).sum()
