from torch import nn

from petkata.checking import mistake

COUNTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


def on_a_shortcut(name):
    return bool({"downsample", "shortcut"} & set(name.split(".")))


@mistake("The layers of the shortcuts are counted. They are not on the main path.", caught_by="test_counts_what_the_name_says")
def depth(model):
    return sum(isinstance(layer, COUNTED) for layer in model.modules())


@mistake("BatchNorm is counted. It has weights, but by custom it belongs to its convolution.",
         caught_by="test_counts_what_the_name_says")
def depth(model):
    counted = (*COUNTED, nn.BatchNorm1d, nn.BatchNorm2d)
    return sum(isinstance(layer, counted) and not on_a_shortcut(name) for name, layer in model.named_modules())


@mistake("Only convolutions are counted. The linear layer at the end has weights, too.",
         caught_by="test_counts_what_the_name_says")
def depth(model):
    return sum(isinstance(layer, nn.Conv2d) and not on_a_shortcut(name) for name, layer in model.named_modules())


@mistake("Every module is counted, those without weights and those that hold others, too.",
         caught_by="test_counts_what_the_name_says")
def depth(model):
    return sum(not on_a_shortcut(name) for name, layer in model.named_modules())


@mistake("Only the model's own parts are counted, not the layers inside them.", caught_by="test_counts_what_the_name_says")
def depth(model):
    return sum(isinstance(layer, COUNTED) for layer in model.children())


@mistake("The depth is read from the name of the network. Count its layers.",
         caught_by="test_counts_convolutions_and_linear_layers")
def depth(model):
    convs = sum(1 for name, p in model.named_parameters() if "downsample" not in name and p.ndim == 4)
    return {17: 18, 33: 34, 49: 50, 9: 10, 25: 26}.get(convs, convs)


@mistake("A 1x1 convolution is taken for a shortcut. A bottleneck has two of them on its main path.",
         caught_by="test_counts_what_the_name_says")
def depth(model):
    return sum(isinstance(layer, COUNTED) and getattr(layer, "kernel_size", None) != (1, 1) for layer in model.modules())


@mistake("A 1x1 convolution with a stride is taken for a shortcut. A shortcut is told by its name.",
         caught_by="test_a_small_convolution_is_a_layer_too")
def depth(model):
    return sum(
        isinstance(layer, COUNTED) and not on_a_shortcut(name)
        and not (getattr(layer, "kernel_size", None) == (1, 1) and layer.stride == (2, 2))
        for name, layer in model.named_modules()
    )


@mistake("Only convolutions of pictures count (nn.Conv2d). Those of sounds and films are convolutions, too.",
         caught_by="test_counts_convolutions_and_linear_layers")
def depth(model):
    return sum(isinstance(layer, (nn.Conv2d, nn.Linear)) and not on_a_shortcut(name) for name, layer in model.named_modules())


@mistake("Whatever has weights in more than one dimension is counted. Those of a LayerNorm can have two.",
         caught_by="test_counts_convolutions_and_linear_layers")
def depth(model):
    return sum(weight.ndim > 1 and not on_a_shortcut(name) for name, weight in model.named_parameters())


@mistake("Only `downsample` is known as a shortcut. `shortcut` is one, too.",
         caught_by="test_leaves_out_a_shortcut_of_either_name")
def depth(model):
    return sum(isinstance(layer, COUNTED) and "downsample" not in name.split(".") for name, layer in model.named_modules())


@mistake("What stands in a shortcut is left out, but not a shortcut that is itself a layer.",
         caught_by="test_leaves_out_a_shortcut_of_one_layer")
def depth(model):
    return sum(isinstance(layer, COUNTED) and not on_a_shortcut(name.rpartition(".")[0]) for name, layer in model.named_modules())


@mistake("Only the module right around a layer is looked at. A shortcut may hold modules that hold layers.",
         caught_by="test_leaves_out_a_shortcut_at_any_depth")
def depth(model):
    return sum(
        isinstance(layer, COUNTED) and not on_a_shortcut(".".join(name.split(".")[-2:])) for name, layer in model.named_modules()
    )


@mistake("A part of a name is taken for the name: `downsample_layers` is no shortcut.",
         caught_by="test_only_these_two_names_are_shortcuts")
def depth(model):
    return sum(
        isinstance(layer, COUNTED) and "downsample" not in name and "shortcut" not in name
        for name, layer in model.named_modules()
    )
