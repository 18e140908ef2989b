import copy
from types import SimpleNamespace

import torch
from torch import nn

from petkata.checking.words import describe
from tests.lesson8.networks import Denoiser, Teller, gradients, in_words, noisy_and_noise, off, pictures_and_kinds

FAR_TOO_LARGE = 2.0**45  # every gradient of these networks, times this, is too large for float16


def sgd(model, rate=0.05, **options):
    return torch.optim.SGD(model.parameters(), rate, **options)


def step(mixed_precision_step, model, batch, scale, optimizer=None, **options):
    """One call of the answer, with what it gave back and what it did to the weights."""
    before = weights(model)
    given = mixed_precision_step(model, optimizer or sgd(model), batch, model.loss_func, scale, **options)
    try:
        loss, taken = given
        holds = getattr(loss, "requires_grad", False)
        loss, taken = float(torch.as_tensor(loss).detach()), bool(taken)
    except (TypeError, ValueError, RuntimeError):
        raise AssertionError(
            f"two things come back, the loss and whether the optimizer made its step; this is {describe(given)}") from None
    assert not holds, "the loss comes back as a number; this tensor still holds all that its gradients were computed from"
    return SimpleNamespace(loss=loss, taken=taken, before=before, after=weights(model))


def weights(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def right_step(model, batch, rate):
    """Oracle: how far plain SGD moves each weight, by the gradients in 32 bits."""
    return {name: -rate * gradient for name, gradient in gradients(model, batch)[0].items()}


def worst(made, expected):
    return max(off(made.after[name].float() - made.before[name], change) for name, change in expected.items())


def same(before, after):
    return all(torch.equal(after[name], value) for name, value in before.items())


def test_returns_the_loss_and_whether_it_stepped(mixed_precision_step, measured):
    for model, batch, scale in ((Teller(), pictures_and_kinds(), 128.0), (Denoiser(), noisy_and_noise(), 2.0**24)):
        expected = gradients(model, batch)[1]
        made = step(mixed_precision_step, model, batch, scale)
        assert measured("loss off that of 32 bits", abs(made.loss / expected - 1), below=0.002), (
            f"at a scale of {scale:g}, the loss of a {type(model).__name__} is {expected:.4g} in 32 bits, and here it is "
            f"{made.loss:.4g}: it comes back as it is, not scaled, and autocast computes it in 32 bits"
        )
        assert made.taken, "all gradients were finite, so the optimizer makes its step, and the second thing is True"


def test_computes_in_half_precision(mixed_precision_step):
    for options, dtype in (({}, torch.float16), ({"dtype": torch.bfloat16}, torch.bfloat16)):
        model, seen = Teller(), set()
        for layer in (model.conv1, model.conv2, model.head):
            layer.register_forward_hook(lambda layer, given, made: seen.add(made.dtype))
        step(mixed_precision_step, model, pictures_and_kinds(), 128.0, **options)
        asked = f"asked for {dtype}" if options else "float16 is the usual type"
        assert seen == {dtype}, (
            f"{asked}, so the convolutions and the linear layer compute in it; here they computed in {sorted(map(str, seen))}"
        )


def test_the_weights_stay_in_32_bits(mixed_precision_step):
    model, seen = Teller(), set()
    model.conv1.register_forward_hook(lambda layer, given, made: seen.add(layer.weight.dtype))
    optimizer, own = sgd(model), [id(weight) for weight in model.parameters()]
    step(mixed_precision_step, model, pictures_and_kinds(), 128.0, optimizer)
    seen |= {weight.dtype for weight in model.parameters()}
    assert seen == {torch.float32}, (
        f"the weights stay in 32 bits all the time, or small steps are lost in them; here they were {sorted(map(str, seen))}"
    )
    assert [id(weight) for weight in model.parameters()] == own, (
        "the model has other parameters than those that the optimizer knows"
    )


def test_makes_the_step_of_32_bits(mixed_precision_step, measured):
    for scale in (1.0, 128.0, 1000.0):
        model, batch = Teller(), pictures_and_kinds()
        expected = right_step(model, batch, 0.05)
        made = step(mixed_precision_step, model, batch, scale)
        assert measured("step off that of 32 bits", worst(made, expected), below=0.3), (
            f"with a scale of {scale:g} the weights must move as they do in 32 bits, to a few percent; here a step is "
            f"{in_words(worst(made, expected))}: the gradients are to be those of the loss itself again. "
            "Is `unscale` right? The checks of part 4 tell"
        )


def test_the_scaled_loss_may_be_larger_than_float16_holds(mixed_precision_step, measured):
    model, batch, scale = Teller(), pictures_and_kinds(), 65536.0
    expected = right_step(model, batch, 0.05)
    made = step(mixed_precision_step, model, batch, scale)
    why = (f"the loss is {made.loss:.2f}, and {scale:g} times that is more than float16 holds (65504). But the loss is computed "
           "under autocast, too, so it has 32 bits, and all gradients come out finite")
    assert made.taken, f"{why}; here the step was skipped"
    assert measured("step at 65536 off that of 32 bits", worst(made, expected), below=0.3), (
        f"{why}; here a step is {in_words(worst(made, expected))}, compared to that of 32 bits"
    )


def test_nothing_is_left_of_the_batch_before(mixed_precision_step, measured):
    model = Teller()
    optimizer = sgd(model)
    for number in (1, 2):
        batch = pictures_and_kinds()
        expected = right_step(model, batch, 0.05)
        made = step(mixed_precision_step, model, batch, 1.0, optimizer)
        assert measured("second step off that of 32 bits", worst(made, expected), below=0.3), (
            f"the step of batch {number} is {in_words(worst(made, expected))}, compared to that of this batch "
            "alone: gradients of before are still in it"
        )


def test_without_a_scale_small_gradients_vanish(mixed_precision_step):
    model = Denoiser()
    made = step(mixed_precision_step, model, noisy_and_noise(), 1.0, sgd(model, 1e6))
    moved = [name for name in ("conv1.weight", "conv1.bias") if not torch.equal(made.before[name], made.after[name])]
    assert not moved, (
        "this network's gradients are about 1e-8. In float16, with a scale of 1, nothing of them comes down to its first "
        f"layer; here {', '.join(moved)} moved all the same: its gradients were computed in 32 bits, or at another scale"
    )


def test_a_scale_saves_small_gradients(mixed_precision_step, measured):
    model, batch = Denoiser(), noisy_and_noise()
    expected = right_step(model, batch, 1e6)
    made = step(mixed_precision_step, model, batch, 2.0**24, sgd(model, 1e6))
    assert made.taken and measured("saved step off that of 32 bits", worst(made, expected), below=0.3), (
        "this network's gradients are about 1e-8, and at a scale of 2**24 float16 can hold them; here the step is "
        f"{in_words(worst(made, expected))}, compared to that of 32 bits. The loss is scaled before backward goes through "
        "the network"
    )


def test_bfloat16_needs_no_scale(mixed_precision_step, measured):
    model, batch = Denoiser(), noisy_and_noise()
    expected = right_step(model, batch, 1e6)
    made = step(mixed_precision_step, model, batch, 1.0, sgd(model, 1e6), dtype=torch.bfloat16)
    assert made.taken and measured("bfloat16's step off that of 32 bits", worst(made, expected), below=0.4), (
        "bfloat16 has the range of 32 bits, so gradients of 1e-8 survive in it without a scale; here the step is "
        f"{in_words(worst(made, expected))}"
    )


def test_skips_a_step_that_overflows(mixed_precision_step):
    for model, batch in ((Teller(), pictures_and_kinds()), (Denoiser(), noisy_and_noise())):
        made = step(mixed_precision_step, model, batch, FAR_TOO_LARGE)
        assert same(made.before, made.after), (
            f"at a scale of {FAR_TOO_LARGE:g} the gradients of a {type(model).__name__} are not finite; such a step is skipped, "
            "and the weights stay as they are, to the last bit"
        )
        assert not made.taken, "the gradients were not finite, so the optimizer makes no step, and the second thing is False"


def test_a_skipped_step_is_no_step_for_the_optimizer(mixed_precision_step):
    momentum = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    for kind, options in ((torch.optim.SGD, momentum), (torch.optim.AdamW, {"lr": 1e-2})):
        model, batch = Teller(), pictures_and_kinds()
        optimizer = kind(model.parameters(), **options)
        for _ in range(2):
            step(mixed_precision_step, model, batch, 128.0, optimizer)
        state = copy.deepcopy(optimizer.state_dict()["state"])
        made = step(mixed_precision_step, model, batch, FAR_TOO_LARGE, optimizer)
        assert same(made.before, made.after), (
            f"the step was to be skipped, and the weights moved: the momentum of {kind.__name__}, or its weight decay, moves "
            "them even when the gradients are all zero"
        )
        now = optimizer.state_dict()["state"]
        kept = all(torch.equal(torch.as_tensor(now[i][key]), torch.as_tensor(state[i][key])) for i in state for key in state[i])
        assert kept, f"the step was to be skipped, and something in the state of {kind.__name__} is no longer as it was"


def test_one_bad_gradient_is_enough(mixed_precision_step):
    for bad_layer in ("conv1", "conv2"):
        model, batch = Teller(), pictures_and_kinds()
        # this layer's gradient comes out infinite, as in an overflow; the others are fine
        getattr(model, bad_layer).weight.register_hook(lambda grad: torch.full_like(grad, float("inf")))
        made = step(mixed_precision_step, model, batch, 128.0)
        assert same(made.before, made.after) and not made.taken, (
            f"only the gradient of {bad_layer} is infinite, but a step is made with all or not at all"
        )


def test_recovers_from_an_overflow(mixed_precision_step, measured):
    model, batch, scale, skipped = Denoiser(), noisy_and_noise(), FAR_TOO_LARGE, 0
    optimizer, expected = sgd(model, 1e6), right_step(model, batch, 1e6)
    while scale >= 1.0:
        made = step(mixed_precision_step, model, batch, scale, optimizer)
        if made.taken:
            break
        scale, skipped = scale / 2, skipped + 1
    assert skipped, f"at a scale of {scale:g} the gradients are not finite in float16, and yet the step was made"
    assert made.taken, (
        f"{skipped} steps were skipped while the scale backed off to {scale:g}, and the next one should have been made. Are the "
        "infinite gradients of a skipped step still in .grad? What stands there is added to; clear it before each backward"
    )
    assert measured("first step after an overflow off that of 32 bits", worst(made, expected), below=0.3), (
        f"{skipped} steps were skipped while the scale backed off to {scale:g}, and the first that is made is "
        f"{in_words(worst(made, expected))}, compared to that of 32 bits: nothing may be left of the skipped ones"
    )


def test_the_loss_falls_over_many_steps(mixed_precision_step, measured):
    model, batch = Teller(), pictures_and_kinds()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = [step(mixed_precision_step, model, batch, 128.0, optimizer).loss for _ in range(40)]
    assert measured("loss after 40 steps as a share of the first", losses[-1] / losses[0], below=0.9), (
        f"in 40 steps on one batch the loss went from {losses[0]:.3g} to {losses[-1]:.3g}: it must fall"
    )


def test_trains_with_frozen_layers(mixed_precision_step):
    model, batch = Teller(), pictures_and_kinds()
    model.conv1.requires_grad_(False)
    made = step(mixed_precision_step, model, batch, 128.0)
    still = [name for name in made.before if torch.equal(made.before[name], made.after[name])]
    assert made.taken and still == ["conv1.weight", "conv1.bias"], (
        f"conv1 is frozen and the rest is not; {'a' if made.taken else 'no'} step was made, and what stood still is {still}"
    )


def test_leaves_no_autocast_behind(mixed_precision_step):
    layer = nn.Linear(3, 2)
    step(mixed_precision_step, Teller(), pictures_and_kinds(), 128.0)
    dtype = layer(torch.rand(4, 3)).dtype
    assert dtype == torch.float32, f"after the step an ordinary layer computes in {dtype}: autocast was not switched off again"
