import torch

from petkata.checking import alternative


def checked(scale, good_steps, growth_interval):
    if not scale > 0:
        raise ValueError("scale")
    if growth_interval < 1 or good_steps not in range(growth_interval):
        raise ValueError("good_steps")


@alternative
def next_scale(scale, good_steps, finite, growth_interval=2000):
    checked(scale, good_steps, growth_interval)
    good_steps = (good_steps + 1) * finite
    factor = {0: 0.5, growth_interval: 2.0}.get(good_steps, 1.0)
    return [scale * factor, good_steps % growth_interval]


@alternative
def next_scale(scale, good_steps, finite, growth_interval=2000):
    import math

    checked(scale, good_steps, growth_interval)
    full, count = divmod(good_steps + 1, growth_interval) if finite else (-1, 0)
    return torch.tensor([math.ldexp(scale, full), count], dtype=torch.float64)


@alternative
def next_scale(scale, good_steps, finite, growth_interval=2000):
    checked(scale, good_steps, growth_interval)
    scale_now, count = torch.tensor(float(scale)), torch.tensor(good_steps, dtype=torch.int32)
    torch._amp_update_scale_(scale_now, count, torch.tensor(0.0 if finite else 1.0), 2.0, 0.5, growth_interval)
    return scale_now.item(), count.item()


@alternative
def unscale(parameters, scale):
    grads = [p.grad for p in parameters if p.grad is not None]
    for grad in grads:
        grad.mul_(1 / scale)
    return all(torch.isfinite(grad).all() for grad in grads)


@alternative
def unscale(parameters, scale):
    bad = torch.zeros(())
    for parameter in list(parameters):
        if parameter.grad is None:
            continue
        parameter.grad = parameter.grad / scale
        bad += (parameter.grad != parameter.grad).sum() + (parameter.grad.abs() == float("inf")).sum()
    return bad == 0


@alternative
def unscale(parameters, scale):
    grads = [p.grad for p in parameters if p.grad is not None]
    found = torch.zeros(1)
    torch._amp_foreach_non_finite_check_and_unscale_(grads, found, torch.tensor(1 / scale))
    return not found.item()
