import torch

from petkata.checking import mistake


def forward(model, batch, loss_func, dtype):
    with torch.autocast(batch[0].device.type, dtype=dtype):
        return loss_func(model(batch[0]), batch[1])


def divide(model, scale):
    """Divides the gradients; True when they are finite."""
    fine = True
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad /= scale
            fine = fine and bool(torch.isfinite(weight.grad).all())
    return fine


@mistake("The loss comes back scaled.", caught_by="test_returns_the_loss_and_whether_it_stepped")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype) * scale
    loss.backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("Only the loss comes back. The caller must know whether a step was made, to choose the next scale.",
         caught_by="test_returns_the_loss_and_whether_it_stepped")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    if divide(model, scale):
        optimizer.step()
    return loss.item()


@mistake("True comes back for a step that was skipped. It says whether the step was made.",
         caught_by="test_returns_the_loss_and_whether_it_stepped")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), not fine


@mistake("The loss is computed outside of autocast, in 16 bits: the square of a small number is zero there.",
         caught_by="test_returns_the_loss_and_whether_it_stepped")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    with torch.autocast(batch[0].device.type, dtype=dtype):
        output = model(batch[0])
    targets = batch[1].to(dtype) if batch[1].is_floating_point() else batch[1]
    loss = loss_func(output, targets)
    (loss.float() * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("Only the network runs under autocast, not the loss. A cross entropy of 16-bit outputs has 16 bits, and times the scale "
         "it is infinite: a good step is skipped.", caught_by="test_the_scaled_loss_may_be_larger_than_float16_holds")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    with torch.autocast(batch[0].device.type, dtype=dtype):
        output = model(batch[0])
    loss = loss_func(output, batch[1])
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("There is no autocast: everything is computed in 32 bits.", caught_by="test_computes_in_half_precision")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = loss_func(model(batch[0]), batch[1])
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("autocast is asked for on CUDA, wherever the model is. The tensors know their device.",
         caught_by="test_computes_in_half_precision")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    import warnings

    optimizer.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.autocast("cuda", dtype=dtype):
            loss = loss_func(model(batch[0]), batch[1])
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The type is always float16, whatever was asked for.", caught_by="test_computes_in_half_precision")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, torch.float16)
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The whole model is stored in half precision. A small step is then lost in the rounding of the weights.",
         caught_by="test_the_weights_stay_in_32_bits")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    model.to(dtype)
    loss = loss_func(model(batch[0].to(dtype)).float(), batch[1])
    (loss * scale).backward()
    model.float()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The gradients are not divided by the scale, so the steps are far too long.", caught_by="test_makes_the_step_of_32_bits")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, 1.0)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The loss is not scaled, but the gradients are divided: the steps are far too short.",
         caught_by="test_makes_the_step_of_32_bits")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    loss.backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The gradients of the batch before are still there. backward() adds to them.",
         caught_by="test_nothing_is_left_of_the_batch_before")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The scale is not used at all. Gradients that float16 cannot hold are lost.",
         caught_by="test_a_scale_saves_small_gradients")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    loss.backward()
    fine = divide(model, 1.0)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("The gradients are scaled after backward. What was lost inside the network does not come back.",
         caught_by="test_a_scale_saves_small_gradients")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    loss.backward()
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad *= scale
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("A scaler of its own begins at 65536. The scale that was given is the one to use.",
         caught_by="test_without_a_scale_small_gradients_vanish")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    scaler = torch.amp.GradScaler(batch[0].device.type, init_scale=65536.0)
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    return loss.item(), scaler.get_scale() >= 65536.0


@mistake("The step is made whatever the gradients are: one overflow, and every weight is nan.",
         caught_by="test_skips_a_step_that_overflows")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    optimizer.step()
    return loss.item(), fine


@mistake("The loss is looked at, not the gradients. The loss is fine when they overflow.",
         caught_by="test_skips_a_step_that_overflows")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    divide(model, scale)
    fine = bool(torch.isfinite(loss))
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("True comes back for every step, made or skipped.", caught_by="test_skips_a_step_that_overflows")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    if divide(model, scale):
        optimizer.step()
    return loss.item(), True


@mistake("The bad gradients are made zero and the step is made. Momentum and weight decay move the weights all the same.",
         caught_by="test_a_skipped_step_is_no_step_for_the_optimizer")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    if not fine:
        for weight in model.parameters():
            if weight.grad is not None:
                weight.grad.zero_()
    optimizer.step()
    return loss.item(), fine


@mistake("The weights are put back after a bad step, but not the optimizer: its momentum has seen the infinite gradients.",
         caught_by="test_a_skipped_step_is_no_step_for_the_optimizer")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer.step()
    if not fine:
        model.load_state_dict(before)
    return loss.item(), fine


@mistake("Only the first layer's gradient is looked at.", caught_by="test_one_bad_gradient_is_enough")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    divide(model, scale)
    fine = bool(torch.isfinite(next(weight.grad for weight in model.parameters() if weight.grad is not None)).all())
    if fine:
        optimizer.step()
    return loss.item(), fine


@mistake("Only the weights whose gradients are finite make their step. A step is made with all or not at all.",
         caught_by="test_one_bad_gradient_is_enough")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    for weight in model.parameters():
        if weight.grad is not None and not torch.isfinite(weight.grad).all():
            weight.grad = None
    optimizer.step()
    return loss.item(), fine


@mistake("The gradients of a skipped step are left in the weights, and the next batch is added to them.",
         caught_by="test_recovers_from_an_overflow")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
        optimizer.zero_grad()
    return loss.item(), fine


@mistake("The loss that comes back is a tensor that still holds its graph. A list of losses would hold all batches.",
         caught_by="test_returns_the_loss_and_whether_it_stepped")
def mixed_precision_step(model, optimizer, batch, loss_func, scale, dtype=torch.float16):
    optimizer.zero_grad()
    loss = forward(model, batch, loss_func, dtype)
    (loss * scale).backward()
    fine = divide(model, scale)
    if fine:
        optimizer.step()
    return loss, fine
