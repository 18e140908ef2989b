import pytest
import torch

from petkata.checking import refuses
from tests.lesson7.networks import copied, gradients, names_in, plain_groups

RATES = [3e-4, 1e-5, 2e-3, 5e-3]


def made(make_optimizer, groups, rates):
    optimizer = make_optimizer(groups, list(rates))
    kind = f"{type(optimizer).__module__}.{type(optimizer).__name__}"
    assert isinstance(optimizer, torch.optim.Optimizer), f"an optimizer of torch.optim is asked for, not a {kind}"
    return optimizer


def test_there_is_a_parameter_group_for_each_group(make_optimizer):
    _, groups = plain_groups()
    for n in (4, 3, 1):
        found = len(made(make_optimizer, groups[:n], RATES[:n]).param_groups)
        assert found == n, f"{n} groups of layers make {n} parameter groups, not {found}"


def test_each_parameter_group_holds_its_layers_parameters(make_optimizer):
    model, groups = plain_groups()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for place, (group, held) in enumerate(zip(groups, made(make_optimizer, groups, RATES).param_groups)):
        found = {names.get(id(parameter), "one of another model") for parameter in held["params"]}
        expected = names_in(model, group)
        assert found == expected, (
            f"parameter group {place} must hold the {len(expected)} parameters of group {place}; {len(expected - found)} are "
            f"missing and {len(found - expected)} do not belong there ({min(found ^ expected)})")


def test_frozen_parameters_are_in_it_too(make_optimizer):
    model, groups = plain_groups()
    model[0].requires_grad_(False)
    held = sum(len(group["params"]) for group in made(make_optimizer, groups, RATES).param_groups)
    expected = len(list(model.parameters()))
    assert held == expected, (
        f"with a frozen body, {held} of {expected} parameters are in the optimizer; one that is left out now cannot learn "
        "later, when it is no longer frozen")
    assert not any(parameter.requires_grad for parameter in model[0].parameters()), "what was frozen stays frozen"


def test_each_group_has_the_rate_it_was_given(make_optimizer):
    _, groups = plain_groups()
    for rates in (RATES, RATES[::-1], [1e-3] * 4):
        found = [float(group["lr"]) for group in made(make_optimizer, groups, rates).param_groups]
        assert found == pytest.approx(rates), f"the groups were given the rates {rates}; in the optimizer they have {found}"


@torch.enable_grad()
def test_the_first_step_of_adam_is_as_large_as_the_rate(make_optimizer):
    # Adam divides the average gradient by its average size. In the first step both are the gradient's own, so each number
    # moves by the learning rate, whatever its gradient, unless that is next to nothing.
    model, groups = plain_groups()
    optimizer = made(make_optimizer, groups, RATES)
    gradients(model)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer.step()
    for place, (group, rate) in enumerate(zip(groups, RATES)):
        steps = [(parameter.detach() - before[name]).abs()[parameter.grad.abs() > 1e-3]
                 for name, parameter in model.named_parameters() if name in names_in(model, group)]
        step = float(torch.cat(steps).median())
        assert step == pytest.approx(rate, rel=0.05), (
            f"in Adam's first step every number moves by its rate; in group {place} that is {rate:g}, and the numbers moved by "
            f"{step:.3g}")


@torch.enable_grad()
def test_what_is_frozen_does_not_move_until_it_may_learn(make_optimizer):
    model, groups = plain_groups()
    groups[0].requires_grad_(False)
    optimizer = made(make_optimizer, groups, RATES)
    own = names_in(model, groups[0])

    def moved_in_a_step():
        before = copied(model)
        gradients(model)
        optimizer.step()
        return {name for name in own if not model.get_parameter(name).equal(before[name])}

    changed = moved_in_a_step()
    assert not changed, f"group 0 is frozen, and {len(changed)} of its {len(own)} parameters moved"
    groups[0].requires_grad_(True)
    still = own - moved_in_a_step()
    assert not still, f"group 0 may learn now, and {len(still)} of its {len(own)} parameters stood still in a step"


@torch.enable_grad()
def test_without_a_gradient_nothing_moves(make_optimizer):
    model, groups = plain_groups()
    optimizer = made(make_optimizer, groups, [100 * rate for rate in RATES])
    before = copied(model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    changed = [name for name, parameter in model.named_parameters() if not parameter.equal(before[name])]
    assert not changed, (
        f"all gradients are 0, and {len(changed)} parameters moved in a step: something pulls them toward 0, a weight decay. "
        "torch.optim.Adam has none, unless told; other optimizers do")


def test_makes_no_step_itself(make_optimizer):
    model, groups = plain_groups()
    gradients(model)
    before = copied(model)
    made(make_optimizer, groups, RATES)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items()), (
        "an optimizer is to be made, not used: here weights have changed")


def test_refuses_rates_that_do_not_fit(make_optimizer):
    _, groups = plain_groups()
    assert refuses(make_optimizer, groups, RATES[:3]), "four groups and three rates: one group would not learn. Raise ValueError"
    assert refuses(make_optimizer, groups[:3], RATES), "three groups and four rates do not fit together: raise ValueError"
    assert refuses(make_optimizer, groups, RATES[:1]), "four groups and one rate do not fit together: raise ValueError"
