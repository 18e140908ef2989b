import torch
from torch import nn

from petkata.checking import mistake

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def place(groups, n):
    if not -len(groups) <= n < len(groups):
        raise ValueError(n)
    return n % len(groups)


def wake_batch_norm(groups):
    for group in groups:
        for layer in group.modules():
            if isinstance(layer, NORMS):
                layer.requires_grad_(True)


@mistake("BatchNorm is frozen with all the rest. Its weights and biases go on learning.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)


@mistake("Only BatchNorm layers that stand in a group itself go on learning. There are more inside its blocks.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)
        for layer in group.children():
            if isinstance(layer, NORMS):
                layer.requires_grad_(True)


@mistake("BatchNorm is left as it is. Where it was frozen before, it must be told to learn again.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        for layer in group.modules():
            if i >= first or not isinstance(layer, NORMS):
                for parameter in layer.parameters(recurse=False):
                    parameter.requires_grad_(i >= first)


@mistake("It is the other way round: the groups from n on are frozen, and those before it learn.",
         caught_by="test_the_groups_before_n_do_not_learn")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i < first)
    wake_batch_norm(groups)


@mistake("Group n itself is frozen. It is the first that learns.", caught_by="test_the_groups_from_n_on_learn")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i > first)
    wake_batch_norm(groups)


@mistake("Only group n learns. Those after it learn, too.", caught_by="test_the_groups_from_n_on_learn")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i == first)
    wake_batch_norm(groups)


@mistake("A negative n is compared with places counted from 0, so all groups learn. -1 is the last group's place.",
         caught_by="test_a_negative_n_counts_from_the_end")
def freeze_to(groups, n):
    place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= n)
    wake_batch_norm(groups)


@mistake("Groups are frozen, but never woken: what was frozen before stays frozen.",
         caught_by="test_what_was_frozen_learns_again")
def freeze_to(groups, n):
    for group in groups[: place(groups, n)]:
        group.requires_grad_(False)
    wake_batch_norm(groups)


@mistake("group.requires_grad = False sets a name that nobody asks for. The parameters have to be told: requires_grad_(False).",
         caught_by="test_the_groups_before_n_do_not_learn")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad = i >= first


@mistake("eval() does not freeze: it only tells dropout and BatchNorm that nobody is training.",
         caught_by="test_the_groups_before_n_do_not_learn")
def freeze_to(groups, n):
    for group in groups[: place(groups, n)]:
        group.eval()


@mistake("Every parameter with one dimension is taken for BatchNorm's. Biases of convolutions have one dimension, too.",
         caught_by="test_the_groups_before_n_do_not_learn")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        for parameter in group.parameters():
            parameter.requires_grad_(i >= first or parameter.ndim == 1)


@mistake("BatchNorm's running means and variances are stopped (momentum 0). They go on following the pictures.",
         caught_by="test_batch_norm_goes_on_following_the_pictures")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)
        for layer in group.modules():
            if isinstance(layer, NORMS):
                layer.requires_grad_(True)
                layer.momentum = 0.1 if i >= first else 0.0


@mistake("The weights of frozen groups are set back to new, random ones. Freezing changes no number.",
         caught_by="test_freezing_changes_no_weight")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)
        for layer in group.modules():
            if i < first and isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
    wake_batch_norm(groups)


@mistake("Gradients are switched off for the whole program. Only some groups are to be frozen.",
         caught_by="test_freezing_changes_no_weight")
def freeze_to(groups, n):
    first = place(groups, n)
    torch.set_grad_enabled(False)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)
    wake_batch_norm(groups)


@mistake("An n for which there is no group is taken. It must get a ValueError.",
         caught_by="test_refuses_a_group_that_is_not_there")
def freeze_to(groups, n):
    for group in groups[:n]:
        group.requires_grad_(False)
    for group in groups[n:]:
        group.requires_grad_(True)
    wake_batch_norm(groups)


@mistake("All is frozen first, and only then is n looked at: a refused call has frozen everything.",
         caught_by="test_refuses_a_group_that_is_not_there")
def freeze_to(groups, n):
    for group in groups:
        group.requires_grad_(False)
    first = place(groups, n)
    for group in groups[first:]:
        group.requires_grad_(True)
    wake_batch_norm(groups)


@mistake("Only nn.BatchNorm2d goes on learning. There are nn.BatchNorm1d, in a head, and nn.BatchNorm3d, too.",
         caught_by="test_every_kind_of_batch_norm_goes_on_learning")
def freeze_to(groups, n):
    first = place(groups, n)
    for i, group in enumerate(groups):
        group.requires_grad_(i >= first)
        for layer in group.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.requires_grad_(True)
