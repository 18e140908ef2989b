import torch

from petkata.checking import mistake


def sound(scale, good_steps, growth_interval):
    if not (scale > 0 and 0 <= good_steps < growth_interval):
        raise ValueError("scaler")


@mistake("Good and bad are swapped: `finite` is True when the step was good.", caught_by="test_a_good_step_is_counted")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if finite:
        return scale / 2, 0
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


@mistake("Only the scale comes back. Without the count nobody knows when to grow.", caught_by="test_a_good_step_is_counted")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    return scale * (2 if good_steps + 1 == growth_interval else 1) if finite else scale / 2


@mistake("Every good step doubles the scale. It takes a full row of them.", caught_by="test_a_good_step_is_counted")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    return (scale * 2, 0) if finite else (scale / 2, 0)


@mistake("The scale never backs off: a bad step only starts the count again.", caught_by="test_a_bad_step_halves_the_scale")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale, 0
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


@mistake("A bad step does not start the count again. The good steps must come in a row.",
         caught_by="test_a_bad_step_halves_the_scale")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale / 2, good_steps
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


@mistake("A whole number is made of the halved scale (//).", caught_by="test_a_bad_step_halves_the_scale")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale // 2, 0
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


@mistake("The scale does not fall below 1. It may have to: halve it all the same.", caught_by="test_follows_any_history")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return max(scale / 2, 1.0), 0
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


@mistake("The scale grows one step too late. This step counts, too.",
         caught_by="test_a_full_row_of_good_steps_doubles_the_scale")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale / 2, 0
    return (scale * 2, 0) if good_steps == growth_interval else (scale, good_steps + 1)


@mistake("After growing the count goes on. It starts again.", caught_by="test_a_full_row_of_good_steps_doubles_the_scale")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale / 2, 0
    return (scale * 2 if good_steps + 1 == growth_interval else scale), good_steps + 1


@mistake("growth_interval is not used: the row is always 2000 long.", caught_by="test_the_row_may_be_shorter")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if not finite:
        return scale / 2, 0
    return (scale * 2, 0) if good_steps + 1 == 2000 else (scale, good_steps + 1)


@mistake("A bad step that would have filled the row doubles the scale.", caught_by="test_the_row_may_be_shorter")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    sound(scale, good_steps, growth_interval)
    if good_steps + 1 == growth_interval:
        return scale * 2, 0
    return (scale, good_steps + 1) if finite else (scale / 2, 0)


@mistake("Anything is taken for a scale and a count. What no scaler says must get a ValueError.",
         caught_by="test_refuses_what_no_scaler_says")
def next_scale(scale, good_steps, finite, growth_interval=2000):
    if not finite:
        return scale / 2, 0
    return (scale * 2, 0) if good_steps + 1 == growth_interval else (scale, good_steps + 1)


def finite(grads):
    return all(bool(torch.isfinite(grad).all()) for grad in grads)


@mistake("True comes back where something is not finite. It is to say that all is well.", caught_by="test_divides_every_gradient")
def unscale(parameters, scale):
    grads = [p.grad for p in parameters if p.grad is not None]
    for grad in grads:
        grad /= scale
    return not finite(grads)


@mistake("The gradients are only looked at, not divided.", caught_by="test_divides_every_gradient")
def unscale(parameters, scale):
    return finite([p.grad for p in parameters if p.grad is not None])


@mistake("The gradients are multiplied by the scale once more.", caught_by="test_divides_every_gradient")
def unscale(parameters, scale):
    grads = [p.grad for p in parameters if p.grad is not None]
    for grad in grads:
        grad *= scale
    return finite(grads)


@mistake("A new tensor is divided, and thrown away: `grad = grad / scale` does not change what `.grad` holds.",
         caught_by="test_divides_every_gradient")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            grad = parameter.grad / scale
            fine = fine and bool(torch.isfinite(grad).all())
    return fine


@mistake("The parameters are gone through twice. model.parameters() is empty the second time.",
         caught_by="test_goes_through_the_parameters_once")
def unscale(parameters, scale):
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
    return finite([p.grad for p in parameters if p.grad is not None])


@mistake("A parameter without a gradient is not foreseen.", caught_by="test_a_parameter_may_have_no_gradient")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        parameter.grad /= scale
        fine = fine and bool(torch.isfinite(parameter.grad).all())
    return fine


@mistake("A missing gradient is filled with zeros. Then the optimizer moves what was frozen.",
         caught_by="test_a_parameter_may_have_no_gradient")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad / scale
        fine = fine and bool(torch.isfinite(parameter.grad).all())
    return fine


@mistake("It stops at the first parameter without a gradient. The others have some.",
         caught_by="test_a_parameter_may_have_no_gradient")
def unscale(parameters, scale):
    for parameter in parameters:
        if parameter.grad is None:
            break
        parameter.grad /= scale
        if not torch.isfinite(parameter.grad).all():
            return False
    return True


@mistake("The weights are divided along with their gradients.", caught_by="test_leaves_the_weights_alone")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            parameter.data /= scale
            fine = fine and bool(torch.isfinite(parameter.grad).all())
    return fine


@mistake("nan is looked for, infinity is not.", caught_by="test_goes_through_the_parameters_once")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = fine and not parameter.grad.isnan().any()
    return bool(fine)


@mistake("Infinity is looked for, nan is not.", caught_by="test_finds_what_is_not_finite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = fine and not parameter.grad.isinf().any()
    return bool(fine)


@mistake("-inf is not looked for.", caught_by="test_finds_what_is_not_finite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = fine and not (parameter.grad.isnan() | (parameter.grad == float("inf"))).any()
    return bool(fine)


@mistake("Only the last gradient decides. One bad number in any of them is enough.", caught_by="test_finds_what_is_not_finite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = bool(torch.isfinite(parameter.grad).all())
    return fine


@mistake("One finite number is enough for it (any). All must be finite.", caught_by="test_finds_what_is_not_finite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = fine and bool(torch.isfinite(parameter.grad).any())
    return fine


@mistake("The sum is looked at. A sum of large numbers can be infinite where none of them is.",
         caught_by="test_large_is_not_infinite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= scale
            fine = fine and bool(torch.isfinite(parameter.grad.sum()))
    return fine


@mistake("The sum of all gradients is looked at, before they are divided. It can be infinite where none of them is.",
         caught_by="test_large_is_not_infinite")
def unscale(parameters, scale):
    grads = [p.grad for p in parameters if p.grad is not None]
    total = sum(grad.sum() for grad in grads)
    for grad in grads:
        grad /= scale
    return bool(torch.isfinite(torch.as_tensor(total)))


@mistake("The length is looked at. The squares of large numbers can be infinite where none of them is.",
         caught_by="test_large_is_not_infinite")
def unscale(parameters, scale):
    fine = True
    for parameter in parameters:
        if parameter.grad is not None:
            fine = fine and bool(torch.isfinite(parameter.grad.square().sum()))
            parameter.grad /= scale
    return fine
