import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from petkata.checking import refuses
from tests.lesson8.networks import Teller, gradients, in_words, off, pictures_and_kinds


def in_batches(inputs, targets, sizes):
    return list(zip(inputs.split(sizes), targets.split(sizes)))


def small_net():
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def items(n):
    return torch.randn(n, 4), torch.arange(n) % 3


def big_batch(model, inputs, targets, loss_func):
    """Oracle: all items as one batch. The gradients by name, and the loss."""
    learns = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    loss = loss_func(model(inputs), targets)
    return dict(zip(learns, torch.autograd.grad(loss, list(learns.values())))), loss.item()


def same_gradient(model, expected, why):
    for name, weight in model.named_parameters():
        if name not in expected:
            continue
        assert weight.grad is not None, f"after the call {name} has no gradient: it is left there for the optimizer"
        assert torch.allclose(weight.grad, expected[name], rtol=1e-3, atol=1e-6), (
            f"{why}: the gradient of {name} is {in_words(off(weight.grad, expected[name]))}, compared to that of the big batch"
        )


def one_number(loss):
    assert isinstance(loss, (int, float)) or getattr(loss, "ndim", None) == 0, (
        f"the loss of the big batch comes back, one number, not a {type(loss).__name__}"
    )
    assert not getattr(loss, "requires_grad", False), (
        "the loss comes back as a number; this tensor still holds all that its gradients were computed from, so the batches stay "
        "in memory")
    return float(loss)


def same_loss(loss, expected, sizes):
    assert abs(loss - expected) < 1e-4, (
        f"of {sum(sizes)} items in batches of {sizes}, the mean loss over all items is {expected:.4f}, not {loss:.4f}"
    )


def test_gives_the_gradient_of_the_big_batch(accumulate):
    model, (inputs, targets) = Teller(), pictures_and_kinds(12)
    expected, _ = gradients(model, (inputs, targets))
    accumulate(model, in_batches(inputs, targets, [4, 4, 4]), F.cross_entropy)
    same_gradient(model, expected, "of 12 pictures in three batches of 4")


def test_the_last_batch_may_be_smaller(accumulate):
    model, (inputs, targets) = Teller(), pictures_and_kinds(11)
    expected, _ = gradients(model, (inputs, targets))
    accumulate(model, in_batches(inputs, targets, [5, 5, 1]), F.cross_entropy)
    same_gradient(model, expected, "of 11 pictures in batches of 5, 5 and 1, where each picture counts the same")


def test_returns_the_loss_of_the_big_batch(accumulate):
    for sizes in ([6, 6], [5, 5, 2], [12]):
        model, (inputs, targets) = small_net(), items(12)
        _, expected = big_batch(model, inputs, targets, F.cross_entropy)
        loss = one_number(accumulate(model, in_batches(inputs, targets, sizes), F.cross_entropy))
        same_loss(loss, expected, sizes)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_however_the_batches_are_cut(accumulate, sizes):
    model, (inputs, targets) = small_net(), items(sum(sizes))
    expected, expected_loss = big_batch(model, inputs, targets, F.cross_entropy)
    loss = one_number(accumulate(model, in_batches(inputs, targets, sizes), F.cross_entropy))
    same_gradient(model, expected, f"of {sum(sizes)} items in batches of {sizes}")
    same_loss(loss, expected_loss, sizes)


def test_with_any_loss(accumulate):
    def spread(outputs, targets):
        return (outputs - targets).abs().pow(1.5).mean()

    for loss_func in (F.mse_loss, spread):
        model, inputs, targets = small_net(), torch.randn(9, 4), torch.randn(9, 3)
        expected, _ = big_batch(model, inputs, targets, loss_func)
        accumulate(model, in_batches(inputs, targets, [4, 4, 1]), loss_func)
        same_gradient(model, expected, f"with another loss ({loss_func.__name__}), in batches of 4, 4 and 1")


def test_nothing_is_left_of_what_stood_there(accumulate):
    model, (inputs, targets) = small_net(), items(7)
    expected, _ = big_batch(model, inputs, targets, F.cross_entropy)
    for _ in range(2):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, 5.0)
        accumulate(model, in_batches(inputs, targets, [3, 3, 1]), F.cross_entropy)
        same_gradient(model, expected, "where gradients of an earlier step stood before the call")


def test_one_small_batch_at_a_time(accumulate):
    model, (inputs, targets), events = small_net(), items(7), []

    def forward(layer, given, made):
        events.append(f"forward {len(made)}")
        made.register_hook(lambda grad: events.append("backward"))

    model[0].register_forward_hook(forward)
    accumulate(model, in_batches(inputs, targets, [3, 3, 1]), F.cross_entropy)
    expected = ["forward 3", "backward", "forward 3", "backward", "forward 1", "backward"]
    assert events == expected, (
        f"batches of 3, 3 and 1 are to go through the network one at a time, {', '.join(expected)}; it saw {', '.join(events)}. "
        "What went forward waits in memory until it has gone backward, and memory is what this is about"
    )


def test_the_weights_do_not_change(accumulate):
    model, (inputs, targets) = small_net(), items(7)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    accumulate(model, in_batches(inputs, targets, [3, 4]), F.cross_entropy)
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    assert not changed, f"only the gradients are asked for, and the weights changed: {', '.join(changed)}"


def test_the_network_stays_in_training_mode(accumulate):
    model, (inputs, targets), modes = small_net().train(), items(7), []
    model[0].register_forward_hook(lambda layer, given, made: modes.append(layer.training))
    accumulate(model, in_batches(inputs, targets, [3, 4]), F.cross_entropy)
    assert modes and all(modes), (
        "the network was in training mode and went forward in evaluation mode: there dropout does nothing and BatchNorm learns "
        "nothing about the pictures"
    )
    left = [name or "the model" for name, layer in model.named_modules() if not layer.training]
    assert not left, "the network was in training mode before the call, and after it is in evaluation mode"


def test_what_is_frozen_has_no_gradient(accumulate):
    model, (inputs, targets) = small_net(), items(7)
    model[0].requires_grad_(False)
    expected, _ = big_batch(model, inputs, targets, F.cross_entropy)
    accumulate(model, in_batches(inputs, targets, [3, 4]), F.cross_entropy)
    given = [name for name, weight in model[0].named_parameters() if weight.grad is not None]
    assert not given, f"the first layer is frozen, and now has gradients: {', '.join(given)}"
    same_gradient(model, expected, "with the first layer frozen")


def test_refuses_no_batch(accumulate):
    assert refuses(accumulate, small_net(), [], F.cross_entropy), "without a batch there is no gradient: raise ValueError"
