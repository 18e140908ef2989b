import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from petkata.checking import refuses
from tests.lesson7.networks import batch_norm_names, copied, names_in, plain_groups, trained


def what_moves(freeze_to, n, before=lambda model: None):
    """The groups of a fresh model, frozen by the answer and trained: for each group the names of its parameters, and
    of those that moved."""
    model, groups = plain_groups()
    before(model)
    freeze_to(groups, n)
    own, changed = [names_in(model, group) for group in groups], trained(model)
    return model, own, changed


def share(some, of):
    return f"{len(some)} of {len(of)}"


def test_the_groups_before_n_do_not_learn(freeze_to):
    for n in (1, 2, 3):
        model, own, changed = what_moves(freeze_to, n)
        frozen = set().union(*own[:n]) - batch_norm_names(model)[0]
        wrong = changed & frozen
        assert not wrong, (
            f"after freeze_to(groups, {n}) of four groups, {share(wrong, frozen)} parameters of the groups before number {n} "
            "moved in two steps of training (BatchNorm's not counted); none may")


def test_the_groups_from_n_on_learn(freeze_to):
    for n in (0, 1, 2, 3):
        _, own, changed = what_moves(freeze_to, n)
        learning = set().union(*own[n:])
        still = learning - changed
        assert not still, (
            f"after freeze_to(groups, {n}) of four groups, {share(still, learning)} parameters of group {n} and those after it "
            f"stood still ({min(still)}); all of them learn")


def test_a_negative_n_counts_from_the_end(freeze_to):
    for n, first in ((-1, 3), (-2, 2), (-4, 0)):
        model, own, changed = what_moves(freeze_to, n)
        norms = batch_norm_names(model)[0]
        for group, names in enumerate(own):
            learns = bool(changed & (names - norms))
            assert learns == (group >= first), (
                f"after freeze_to(groups, {n}) of four groups, the groups from number {first} on learn, no other; group {group} "
                f"{'learned' if learns else 'stood still'}")


def test_what_was_frozen_learns_again(freeze_to):
    for n in (0, 2):
        _, own, changed = what_moves(freeze_to, n, before=lambda model: model.requires_grad_(False))
        learning = set().union(*own[n:])
        still = learning - changed
        assert not still, (
            f"all was frozen before; after freeze_to(groups, {n}), {share(still, learning)} parameters of the groups from {n} on "
            "stood still; all of them learn again")


def test_batch_norm_goes_on_learning(freeze_to):
    for before in (lambda model: None, lambda model: model.requires_grad_(False)):
        model, own, changed = what_moves(freeze_to, -1, before)
        norms = batch_norm_names(model)[0]
        still = norms - changed
        assert not still, (
            f"{share(still, norms)} weights and biases of BatchNorm stood still ({min(still)}); in a frozen group they go on "
            "learning")


def test_every_kind_of_batch_norm_goes_on_learning(freeze_to):
    kinds = {"BatchNorm1d": nn.BatchNorm1d(6), "BatchNorm2d": nn.BatchNorm2d(6), "BatchNorm3d": nn.BatchNorm3d(6)}
    groups = [nn.Sequential(nn.Linear(6, 6), nn.Sequential(norm)) for norm in kinds.values()] + [nn.Linear(6, 5)]
    freeze_to(groups, -1)
    for (kind, norm), group in zip(kinds.items(), groups):
        learns = norm.weight.requires_grad and norm.bias.requires_grad
        assert learns, f"an nn.{kind} in a frozen group goes on learning; here it is frozen"
        assert not group[0].weight.requires_grad, f"the nn.Linear beside an nn.{kind} in a frozen group is not frozen"


def test_batch_norm_goes_on_following_the_pictures(freeze_to):
    model, _, changed = what_moves(freeze_to, -1)
    statistics = batch_norm_names(model)[1]
    still = statistics - changed
    assert not still, (
        f"{share(still, statistics)} of BatchNorm's running means and variances stood still; they follow the pictures")


@given(st.lists(st.integers(-4, 3), min_size=2, max_size=5))
def test_an_earlier_freezing_is_forgotten(freeze_to, calls):
    model, groups = plain_groups()
    for n in calls:
        freeze_to(groups, n)
    norms = batch_norm_names(model)[0]
    for group, layers in enumerate(groups):
        for name in names_in(model, layers):
            learns, expected = model.get_parameter(name).requires_grad, group >= calls[-1] % 4 or name in norms
            assert learns == expected, (
                f"after freeze_to with {', '.join(map(str, calls))}, one call after the other, only the last one counts: "
                f"{name}, in group {group} of four, must {'learn' if expected else 'be frozen'}")


def test_freezing_changes_no_weight(freeze_to):
    model, groups = plain_groups()
    before = copied(model)
    freeze_to(groups, 2)
    changed = [name for name, value in model.state_dict().items() if not value.equal(before[name])]
    assert not changed, f"freezing only says what may learn; here it changed {', '.join(changed)}"
    assert torch.is_grad_enabled(), "gradients were switched off for everything; only some groups are to be frozen"


def test_refuses_a_group_that_is_not_there(freeze_to):
    model, groups = plain_groups()
    model[0][4].requires_grad_(False)
    before = [parameter.requires_grad for parameter in model.parameters()]
    for n, why in ((4, "no group would learn"), (7, "no group would learn"), (-5, "there is no such group")):
        assert refuses(freeze_to, groups, n), f"with four groups, freeze_to(groups, {n}) means nothing, {why}: raise ValueError"
        after = [parameter.requires_grad for parameter in model.parameters()]
        assert after == before, f"freeze_to(groups, {n}) was refused, but it changed what learns before it was"
