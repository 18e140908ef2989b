import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import number, refuses
from tests.lesson8.networks import Denoiser, gradients, in_words, noisy_and_noise, off

histories = st.lists(st.sampled_from([True, True, False]), max_size=40)


def pair(state):
    """The scale and the count that came back, as plain numbers."""
    try:
        scale, good_steps = state
        return number(scale), int(number(good_steps))
    except (AssertionError, TypeError, ValueError):
        raise AssertionError(f"two numbers come back, the scale and the count of good steps; this is {state!r}") from None


def told(next_scale, given_to, expected, why):
    state = pair(next_scale(*given_to))
    assert state == expected, f"{why}: {expected}, not {state}"


def test_a_good_step_is_counted(next_scale):
    told(next_scale, (1024.0, 7, True), (1024.0, 8), "a good step after 7 others leaves the scale and counts one more")
    told(next_scale, (65536.0, 0, True), (65536.0, 1), "the first good step leaves the scale and counts one")


def test_a_bad_step_halves_the_scale(next_scale):
    told(next_scale, (1024.0, 7, False), (512.0, 0), "after a bad step the scale is halved and the count starts again")
    told(next_scale, (3.0, 0, False), (1.5, 0), "a scale need not be a power of two, and a half need not be whole")


def test_a_full_row_of_good_steps_doubles_the_scale(next_scale):
    told(next_scale, (1024.0, 1998, True), (1024.0, 1999), "the 1999th good step in a row is not yet the 2000th")
    told(next_scale, (1024.0, 1999, True), (2048.0, 0),
         "the 2000th good step in a row doubles the scale, and the count starts again")


def test_the_row_may_be_shorter(next_scale):
    told(next_scale, (8.0, 2, True, 3), (16.0, 0), "with a growth_interval of 3, the third good step doubles the scale")
    told(next_scale, (8.0, 0, True, 1), (16.0, 0), "with a growth_interval of 1, each good step doubles the scale")
    told(next_scale, (8.0, 2, False, 3), (4.0, 0), "a bad step is a bad step, however full the row was")


@given(histories, st.integers(1, 6))
def test_follows_any_history(next_scale, history, growth_interval):
    state, scale, row = (4.0, 0), 4.0, []
    for finite in history:
        state = pair(next_scale(*state, finite, growth_interval))
        row.append(finite)
        if not finite:  # oracle: keep the whole row, and look at it
            scale, row = scale * 0.5, []
        elif row.count(True) == growth_interval:
            scale, row = scale * 2.0, []
        assert state == (scale, len(row)), (
            f"with a growth_interval of {growth_interval}, after steps that were {history}, the scale is {scale:g} with "
            f"{len(row)} good steps behind it; here they are {state}"
        )


@given(histories, st.integers(1, 6))
def test_does_what_torch_does(next_scale, history, growth_interval):
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=growth_interval)
    state = (1024.0, 0)
    for step, finite in enumerate(history):
        optimizer.zero_grad()
        scaler.scale(weight.sum() if finite else weight.sum() * math.inf).backward()
        scaler.step(optimizer)
        scaler.update()
        state = pair(next_scale(*state, finite, growth_interval))
        assert state[0] == scaler.get_scale(), (
            f"with a growth_interval of {growth_interval}, after steps that were {history[:step + 1]}, torch's own scaler is at "
            f"{scaler.get_scale():g}, and this one at {state[0]:g}"
        )


def test_finds_a_scale_for_a_real_network(next_scale, measured):
    model, batch, state, good = Denoiser(), noisy_and_noise(), (2.0**40, 0), []
    for _ in range(30):
        grads = scaled_gradients(model, batch, state[0])
        good.append(all(bool(torch.isfinite(grad).all()) for grad in grads.values()))
        state = pair(next_scale(*state, good[-1], 4))
    assert not good[0] and good.count(True) >= 10, (
        f"of 30 steps that began at a scale of 2**40, far too large, only {good.count(True)} had gradients that were finite: "
        "the scale must back off until they are, and may grow again from there"
    )
    scale, (exact, _) = state[0] / 4, gradients(model, batch)  # the last one may just have grown too large
    worst = max(off(grad / scale, exact[name]) for name, grad in scaled_gradients(model, batch, scale).items())
    assert measured("gradients at the scale found, off those of 32 bits", worst, below=0.1), (
        f"the scale that was found is {state[0]:g}; a little below it the gradients in float16 are {in_words(worst)}, "
        "compared to those of 32 bits"
    )


def scaled_gradients(model, batch, scale):
    inputs, targets = batch
    with torch.autocast("cpu", dtype=torch.float16):
        loss = model.loss_func(model(inputs), targets)
    return dict(zip(dict(model.named_parameters()), torch.autograd.grad(loss * scale, list(model.parameters()))))


def test_refuses_what_no_scaler_says(next_scale):
    assert refuses(next_scale, 0.0, 3, True), "at a scale of 0 every gradient is 0: raise ValueError"
    assert refuses(next_scale, -8.0, 3, True), "a scale of -8 turns every step round: raise ValueError"
    assert refuses(next_scale, 8.0, -1, True), "there are no -1 good steps: raise ValueError"
    assert refuses(next_scale, 8.0, 5, True, 5), "after 5 good steps of 5 the scale grows, and the count is 0: raise ValueError"
    assert refuses(next_scale, 8.0, 0, True, 0), "a growth_interval of 0 has no steps: raise ValueError"


def parameters_with(*grads):
    """Parameters that have these gradients; None for one that took no part."""
    made = [torch.nn.Parameter(torch.full((2, 3) if grad is None else torch.tensor(grad).shape, 0.5)) for grad in grads]
    for parameter, grad in zip(made, grads):
        parameter.grad = None if grad is None else torch.tensor(grad)
    return made


def verdict(unscale, parameters, scale):
    answer = unscale(parameters, scale)
    one = isinstance(answer, (bool, int)) or type(answer).__name__ in ("bool_", "bool") or getattr(answer, "ndim", None) == 0
    assert one, f"True or False comes back, not a {type(answer).__name__}"
    return bool(answer)


def test_divides_every_gradient(unscale):
    parameters = parameters_with([8.0, -16.0], [[4.0, 0.0, 2.0]], 32.0)
    assert verdict(unscale, parameters, 8.0), "all these gradients are finite, so the answer is True"
    found = [parameter.grad.tolist() for parameter in parameters]
    assert found == [[1.0, -2.0], [[0.5, 0.0, 0.25]], 4.0], (
        f"the gradients [8, -16], [[4, 0, 2]] and 32, divided by 8, are [1, -2], [[0.5, 0, 0.25]] and 4; here they are {found}"
    )


def test_goes_through_the_parameters_once(unscale):
    parameters = parameters_with([8.0, -16.0], [4.0], [math.inf])
    assert not verdict(unscale, iter(parameters), 8.0), (
        "the gradients are [8, -16], [4] and [inf], and the inf was missed. They were given as model.parameters() gives them: "
        "one can go through them once only"
    )
    parameters = parameters_with([8.0, -16.0], [4.0])
    assert verdict(unscale, iter(parameters), 8.0), "all these gradients are finite, so the answer is True"
    found = [parameter.grad.tolist() for parameter in parameters]
    assert found == [[1.0, -2.0], [0.5]], (
        f"of the gradients [8, -16] and [4], divided by 8, came {found}. They were given as model.parameters() gives them: "
        "one can go through them once only"
    )


def test_a_parameter_may_have_no_gradient(unscale):
    parameters = parameters_with(None, [8.0], None, [16.0])
    try:
        answer = verdict(unscale, parameters, 8.0)
    except (AttributeError, TypeError) as error:
        raise AssertionError(f"a frozen parameter has None for a gradient, and that stopped the answer: {error}") from None
    assert answer, "the gradients that there are, are finite, so the answer is True"
    found = [None if parameter.grad is None else parameter.grad.tolist() for parameter in parameters]
    assert found == [None, [1.0], None, [2.0]], f"a missing gradient stays missing, the others are divided by 8; here: {found}"


def test_leaves_the_weights_alone(unscale):
    parameters = parameters_with([8.0, -16.0], [[4.0, 0.0]])
    unscale(parameters, 8.0)
    assert all((parameter == 0.5).all() for parameter in parameters), "the gradients are divided, and the weights are not"


def test_finds_what_is_not_finite(unscale):
    for bad in (math.inf, -math.inf, math.nan):
        for place in range(3):
            grads = [[1.0, 2.0], [[3.0, 4.0]], [5.0, 6.0]]
            grads[place] = torch.tensor(grads[place]).flatten().tolist()[:-1] + [bad]
            parameters = parameters_with(None, *grads)
            assert not verdict(unscale, parameters, 4.0), f"one number among the gradients {grads} is {bad}: the answer is False"


def test_infinities_that_cancel_are_not_finite(unscale):
    assert not verdict(unscale, parameters_with([math.inf, 1.0, -math.inf]), 2.0), "inf and -inf do not make up for one another"
    assert not verdict(unscale, parameters_with([math.inf], [-math.inf]), 2.0), "inf and -inf do not make up for one another"


def test_large_is_not_infinite(unscale):
    for scale in (1.0, 2.0):
        parameters = parameters_with([3e38] * 8, [-3e38, 2e38, 3e38])
        assert verdict(unscale, parameters, scale), (
            f"3e38 is large, but 32 bits can hold it, and divided by {scale:g} it is no larger: these gradients are finite, "
            "though their sum and their squares are not"
        )


def test_brings_real_gradients_back(unscale, measured):
    model, batch, scale = Denoiser(), noisy_and_noise(), 2.0**24
    exact, _ = gradients(model, batch)
    for parameter, grad in zip(model.parameters(), scaled_gradients(model, batch, scale).values()):
        parameter.grad = grad
    assert verdict(unscale, model.parameters(), scale), "the gradients of this network are finite at a scale of 2**24"
    worst = max(off(parameter.grad, exact[name]) for name, parameter in model.named_parameters())
    assert measured("unscaled gradients off those of 32 bits", worst, below=0.1), (
        f"a network's gradients in float16 at a scale of 2**24, divided by it, are {in_words(worst)}, compared to 32 bits"
    )


def test_tells_when_real_gradients_overflow(unscale):
    model, batch = Denoiser(), noisy_and_noise()
    for parameter, grad in zip(model.parameters(), scaled_gradients(model, batch, 2.0**45).values()):
        parameter.grad = grad
    assert not verdict(unscale, model.parameters(), 2.0**45), (
        "at a scale of 2**45 this network's gradients are too large for float16: the answer is False"
    )
