import torch

from petkata.checking import alternative


@alternative
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    inputs, targets = batch
    device = next(model.parameters()).device.type
    scaler = torch.amp.GradScaler(device, init_scale=scale)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device_type=device, dtype=dtype):
        loss = loss_func(model(inputs), targets)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    return loss.detach(), scaler.get_scale() >= scale


@alternative
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    weights = [weight for group in optimizer.param_groups for weight in group["params"] if weight.requires_grad]
    with torch.amp.autocast("cuda" if batch[0].is_cuda else "cpu", dtype):
        output = model(batch[0])
        loss = loss_func(output.float(), batch[1])
    grads = torch.autograd.grad(scale * loss, weights)
    grads = [grad / scale for grad in grads]
    good = all(grad.isfinite().all() for grad in grads)
    if good:
        for weight, grad in zip(weights, grads):
            weight.grad = grad
        optimizer.step()
        optimizer.zero_grad()
    return [loss.detach(), torch.tensor(good)]


@alternative
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    inputs, targets = batch
    forward = torch.autocast(inputs.device.type, dtype=dtype)(lambda: loss_func(model(inputs), targets))
    loss = forward()
    loss.backward(gradient=torch.full_like(loss, scale))
    norms = []
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(scale)
            norms.append(parameter.grad.double().norm())
    fine = bool(torch.isfinite(torch.stack(norms)).all())
    if fine:
        optimizer.step()
    model.zero_grad()  # for the next batch
    return loss.item(), fine
