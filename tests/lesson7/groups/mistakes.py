import copy

from torch import nn

from petkata.checking import mistake


def stages_of(model):
    """Places of the stages in the body."""
    stages = [place for place, layer in enumerate(model[0]) if list(layer.children())]
    if len(model) != 2 or len(stages) < 2:
        raise ValueError("no body with two stages and a head")
    return stages


@mistake("The body is cut before its layer 6, as in a resnet. Another body has its middle elsewhere.",
         caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages_of(model)
    body, head = model
    return [body[:6], body[6:8], head]


@mistake("The body is always cut before its layer 6, as in a resnet. Where is the middle of another body's stages?",
         caught_by="test_halves_the_stages_of_any_network")
def layer_groups(model):
    stages_of(model)
    return [model[0][:6], model[0][6:], model[1]]


@mistake("All layers of the body are counted, the stem's too. Half of the stages is asked for.",
         caught_by="test_splits_a_resnet_where_fastai_does")
def layer_groups(model):
    stages_of(model)
    body, head = model
    half = len(body) // 2
    return [body[:half], body[half:], head]


@mistake("Only the last two layers of the body are late. Late is the second half of the stages, however many there are.",
         caught_by="test_halves_the_stages_of_any_network")
def layer_groups(model):
    stages_of(model)
    return [model[0][:-2], model[0][-2:], model[1]]


@mistake("The stage in the middle is early. Late begins with stage n // 2, counted from 0.",
         caught_by="test_halves_the_stages_of_any_network")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[(len(stages) + 1) // 2]
    return [model[0][:late], model[0][late:], model[1]]


@mistake("The stem is left out: its layers are in no group.", caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [model[0][stages[0]:late], model[0][late:], model[1]]


@mistake("The stage where the cut is belongs to both groups.", caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [model[0][:late + 1], model[0][late:], model[1]]


@mistake("The groups are copies. An optimizer would train the copies, and the model would stay as it is.",
         caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [copy.deepcopy(group) for group in (model[0][:late], model[0][late:], model[1])]


@mistake("Layers without a parameter that learns are left out. What is frozen now may learn later.",
         caught_by="test_frozen_parameters_belong_to_a_group_too")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [nn.Sequential(*[layer for layer in group
                            if any(p.requires_grad for p in layer.parameters()) or not list(layer.parameters())])
            for group in (model[0][:late], model[0][late:], model[1])]


@mistake("There are two groups, body and head. The body is halved, too.",
         caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages_of(model)
    return [model[0], model[1]]


@mistake("The head comes first. The order is from front to back: early, late, head.",
         caught_by="test_the_head_is_the_last_group")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [model[1], model[0][late:], model[0][:late]]


@mistake("The groups are lists of parameters. Groups of layers are asked for: they know which of them are BatchNorm.",
         caught_by="test_every_parameter_is_in_exactly_one_group")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    return [list(group.parameters()) for group in (model[0][:late], model[0][late:], model[1])]


@mistake("Stages and single layers are told apart first, so a layer that stands between stages lands in the wrong group.",
         caught_by="test_a_layer_between_stages_goes_with_its_neighbors")
def layer_groups(model):
    stages = stages_of(model)
    body, head = model
    single = [layer for place, layer in enumerate(body) if place not in stages]
    made = [body[place] for place in stages]
    half = len(made) // 2
    return [nn.Sequential(*single, *made[:half]), nn.Sequential(*made[half:]), head]


@mistake("Layers without parameters (ReLU, pooling) are left out: the groups no longer do what the model does.",
         caught_by="test_the_groups_in_a_row_are_the_model")
def layer_groups(model):
    stages = stages_of(model)
    late = stages[len(stages) // 2]
    groups = [model[0][:late], model[0][late:], model[1]]
    return [nn.Sequential(*[layer for layer in group.children() if list(layer.parameters())]) for group in groups]


@mistake("A model that has no two stages, or more parts than body and head, is grouped all the same. It must get a ValueError.",
         caught_by="test_refuses_what_cannot_be_grouped")
def layer_groups(model):
    stages = [place for place, layer in enumerate(model[0]) if list(layer.children())] or [0]
    late = stages[len(stages) // 2]
    return [model[0][:late], model[0][late:], model[1]]
