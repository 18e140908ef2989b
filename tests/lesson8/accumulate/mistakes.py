import torch

from petkata.checking import mistake


def some(batches):
    if len(batches) == 0:
        raise ValueError("no batch")


@mistake("The batches' gradients are added up and not divided: with three batches the step is three times too long.",
         caught_by="test_gives_the_gradient_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    total = 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        loss.backward()
        total += loss.item()
    return total / len(batches)


@mistake("The gradients are cleared for each batch, so only the last one's are left.",
         caught_by="test_gives_the_gradient_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        model.zero_grad()
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("Only the loss is computed, not the gradient.", caught_by="test_gives_the_gradient_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items = sum(len(targets) for _, targets in batches)
    with torch.no_grad():
        return sum(loss_func(model(inputs), targets).item() * len(targets) / n_items for inputs, targets in batches)


@mistake("Each batch counts the same, large or small. Each item is to count the same.",
         caught_by="test_the_last_batch_may_be_smaller")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    total = 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) / len(batches)
        loss.backward()
        total += loss.item()
    return total


@mistake("All batches are taken to be as large as the first.", caught_by="test_the_last_batch_may_be_smaller")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    size, total = len(batches[0][1]), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (size / (size * len(batches)))
        loss.backward()
        total += loss.item()
    return total


@mistake("A smaller last batch is left out.", caught_by="test_the_last_batch_may_be_smaller")
def accumulate(model, batches, loss_func):
    some(batches)
    full = [batch for batch in batches if len(batch[1]) == len(batches[0][1])]
    model.zero_grad()
    total = 0.0
    for inputs, targets in full:
        loss = loss_func(model(inputs), targets) / len(full)
        loss.backward()
        total += loss.item()
    return total


@mistake("The last batch's loss comes back. It is one of several.", caught_by="test_returns_the_loss_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items = sum(len(targets) for _, targets in batches)
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        (loss * len(targets) / n_items).backward()
    return loss.item()


@mistake("The mean of the batches' losses comes back. With batches of several sizes that is not the mean over the items.",
         caught_by="test_returns_the_loss_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, losses = sum(len(targets) for _, targets in batches), []
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        (loss * len(targets) / n_items).backward()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@mistake("The losses are added up, not averaged.", caught_by="test_returns_the_loss_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        (loss * len(targets) / n_items).backward()
        total += loss.item() * len(targets)
    return total


@mistake("Cross entropy is used, whatever loss was handed in.", caught_by="test_with_any_loss")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    model.zero_grad()
    for inputs, targets in batches:
        loss = torch.nn.functional.cross_entropy(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("What stood in the gradients before is still there: backward() adds to it.",
         caught_by="test_nothing_is_left_of_what_stood_there")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("The batches are put together into the big one. That is the one that does not fit in memory.",
         caught_by="test_one_small_batch_at_a_time")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    loss = loss_func(model(torch.cat([inputs for inputs, _ in batches])), torch.cat([targets for _, targets in batches]))
    loss.backward()
    return loss.item()


@mistake("backward comes once, at the end. Until then everything that went forward stays in memory.",
         caught_by="test_one_small_batch_at_a_time")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    n_items = sum(len(targets) for _, targets in batches)
    loss = sum(loss_func(model(inputs), targets) * (len(targets) / n_items) for inputs, targets in batches)
    loss.backward()
    return loss.item()


@mistake("The items go through the network one by one. The batches are small enough already.",
         caught_by="test_one_small_batch_at_a_time")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        for i in range(len(targets)):
            loss = loss_func(model(inputs[i:i + 1]), targets[i:i + 1]) / n_items
            loss.backward()
            total += loss.item()
    return total


@mistake("The weights are moved, too. That is the optimizer's work.", caught_by="test_nothing_is_left_of_what_stood_there")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=0.1).step()
    return total


@mistake("The network is put into evaluation mode. This is training: dropout and BatchNorm are to do their work.",
         caught_by="test_the_network_stays_in_training_mode")
def accumulate(model, batches, loss_func):
    some(batches)
    model.eval()
    model.zero_grad()
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("The network is left in evaluation mode after the call. The next step would be one without dropout.",
         caught_by="test_the_network_stays_in_training_mode")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    model.eval()
    return total


@mistake("Frozen layers are thawed. What is frozen gets no gradient.", caught_by="test_what_is_frozen_has_no_gradient")
def accumulate(model, batches, loss_func):
    some(batches)
    model.zero_grad()
    model.requires_grad_(True)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("No batch at all gets an answer. It must get a ValueError.", caught_by="test_refuses_no_batch")
def accumulate(model, batches, loss_func):
    model.zero_grad()
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total += loss.item()
    return total


@mistake("The loss that comes back is a tensor that still holds the graph of every batch: they all stay in memory.",
         caught_by="test_returns_the_loss_of_the_big_batch")
def accumulate(model, batches, loss_func):
    some(batches)
    n_items, total = sum(len(targets) for _, targets in batches), 0.0
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets) * (len(targets) / n_items)
        loss.backward()
        total = total + loss
    return total
