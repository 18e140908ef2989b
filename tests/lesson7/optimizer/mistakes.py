import copy

import torch

from petkata.checking import mistake


def fit(groups, lrs):
    if len(groups) != len(lrs):
        raise ValueError(f"{len(groups)} groups, {len(lrs)} rates")


def pairs(groups, lrs):
    return [{"params": list(group.parameters()), "lr": lr} for group, lr in zip(groups, lrs)]


@mistake("All parameters are in one parameter group. Each group of layers needs its own, with its own rate.",
         caught_by="test_there_is_a_parameter_group_for_each_group")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.Adam([parameter for group in groups for parameter in group.parameters()], lr=lrs[-1])


@mistake("Each parameter has a parameter group to itself. One for each group of layers is asked for.",
         caught_by="test_there_is_a_parameter_group_for_each_group")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    own = [{"params": [parameter], "lr": lr} for group, lr in zip(groups, lrs) for parameter in group.parameters()]
    return torch.optim.Adam(own)


@mistake("The dicts are returned as they are. An optimizer is to be made of them.",
         caught_by="test_there_is_a_parameter_group_for_each_group")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return pairs(groups, lrs)


@mistake("Only parameters that learn now are taken in. What is frozen now may learn later.",
         caught_by="test_frozen_parameters_are_in_it_too")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    learning = [[parameter for parameter in group.parameters() if parameter.requires_grad] for group in groups]
    return torch.optim.Adam([{"params": own, "lr": lr} for own, lr in zip(learning, lrs)])


@mistake("Only weights are taken in. Layers have biases, too.", caught_by="test_each_parameter_group_holds_its_layers_parameters")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    own = [[parameter for name, parameter in group.named_parameters() if name.endswith("weight")] for group in groups]
    return torch.optim.Adam([{"params": weights, "lr": lr} for weights, lr in zip(own, lrs)])


@mistake("The parameters are copies. The optimizer moves the copies, and the layers stay as they are.",
         caught_by="test_each_parameter_group_holds_its_layers_parameters")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.Adam(pairs(copy.deepcopy(list(groups)), lrs))


@mistake("The rates stand under a name that the optimizer does not ask for, so each group has the same default.",
         caught_by="test_each_group_has_the_rate_it_was_given")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.Adam([{"params": list(group.parameters()), "learning_rate": lr} for group, lr in zip(groups, lrs)])


@mistake("All groups have one rate, the last. Each has the rate that it was given.",
         caught_by="test_each_group_has_the_rate_it_was_given")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.Adam([{"params": list(group.parameters())} for group in groups], lr=lrs[-1])


@mistake("The rates are sorted, so that the first group has the lowest. Each has the rate that it was given.",
         caught_by="test_each_group_has_the_rate_it_was_given")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.Adam(pairs(groups, sorted(lrs)))


@mistake("The optimizer is SGD. Adam is asked for: its steps do not depend on how large the gradients are.",
         caught_by="test_the_first_step_of_adam_is_as_large_as_the_rate")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.SGD(pairs(groups, lrs))


@mistake("All parameters are told to learn. What was frozen stays frozen.", caught_by="test_frozen_parameters_are_in_it_too")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    for group in groups:
        group.requires_grad_(True)
    return torch.optim.Adam(pairs(groups, lrs))


@mistake("A step is made at once. An optimizer is to be made, not used.", caught_by="test_makes_no_step_itself")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    gradients = [parameter.grad for group in groups for parameter in group.parameters()]
    optimizer = torch.optim.Adam(pairs(groups, lrs))
    if all(gradient is not None for gradient in gradients):
        optimizer.step()
    return torch.optim.Adam(pairs(groups, lrs))


@mistake("Groups and rates of different numbers are taken: zip stops at the shorter one. They must get a ValueError.",
         caught_by="test_refuses_rates_that_do_not_fit")
def make_optimizer(groups, lrs):
    return torch.optim.Adam(pairs(groups, lrs))


@mistake("A single rate is used for all groups. Without a rate for each group it must get a ValueError.",
         caught_by="test_refuses_rates_that_do_not_fit")
def make_optimizer(groups, lrs):
    lrs = lrs * len(groups) if len(lrs) == 1 else lrs
    fit(groups, lrs)
    return torch.optim.Adam(pairs(groups, lrs))


@mistake("The optimizer is AdamW. Its weight decay pulls all weights toward 0, whatever their gradients.",
         caught_by="test_without_a_gradient_nothing_moves")
def make_optimizer(groups, lrs):
    fit(groups, lrs)
    return torch.optim.AdamW(pairs(groups, lrs))


@mistake("The optimizer is fastai's own Adam. It is another class, with other options, than torch.optim.Adam.",
         caught_by="test_there_is_a_parameter_group_for_each_group")
def make_optimizer(groups, lrs):
    from fastai.optimizer import Adam

    fit(groups, lrs)
    optimizer = Adam([list(group.parameters()) for group in groups], lr=1e-3)
    optimizer.set_hypers(lr=list(lrs))
    return optimizer
