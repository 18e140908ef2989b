import torch
from torch import nn

from petkata.checking import mistake

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@mistake("body.requires_grad = False sets a name that nobody asks for. The parameters have to be told, each "
         "of them.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    body.requires_grad = False


@mistake("eval() does not freeze: it only tells dropout and BatchNorm that nobody is training.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    body.eval()


@mistake("Only the first layer is frozen. All of the body is to be.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    next(body.children()).requires_grad_(False)


@mistake("no_grad ends with its block, so nothing is frozen afterwards.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    with torch.no_grad():
        for weights in body.parameters():
            weights.detach()


@mistake("Only layers that stand in the body itself are looked at, not those inside its blocks.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    for layer in body.children():
        if isinstance(layer, nn.Conv2d):
            layer.requires_grad_(False)


@mistake("A block that has BatchNorm somewhere inside goes on learning as a whole, its convolutions too.",
         caught_by="test_convolutions_do_not_learn")
def freeze(body):
    body.requires_grad_(False)
    for layer in body.modules():
        if any(isinstance(part, NORMS) for part in layer.modules()):
            layer.requires_grad_(True)


@mistake("Only the weights of the convolutions are frozen. They have biases, too.",
         caught_by="test_biases_of_convolutions_do_not_learn")
def freeze(body):
    for layer in body.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.requires_grad_(False)


@mistake("Every parameter with one dimension is taken for BatchNorm's. Biases of convolutions have one "
         "dimension, too.",
         caught_by="test_biases_of_convolutions_do_not_learn")
def freeze(body):
    for weights in body.parameters():
        weights.requires_grad_(weights.ndim == 1)


@mistake("BatchNorm is frozen with all the rest. Its weights and biases go on learning.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze(body):
    for weights in body.parameters():
        weights.requires_grad = False


@mistake("BatchNorm is told by its name. Layers may be called anything; ask for their type.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze(body):
    for name, weights in body.named_parameters():
        weights.requires_grad = "norm" in name or "bn" in name


@mistake("Only BatchNorm layers of the body itself go on learning. There are more inside its blocks.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze(body):
    body.requires_grad_(False)
    for layer in body.children():
        if isinstance(layer, NORMS):
            layer.requires_grad_(True)


@mistake("BatchNorm's weights learn, its biases do not. Both go on learning.",
         caught_by="test_batch_norm_goes_on_learning")
def freeze(body):
    body.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, NORMS):
            layer.weight.requires_grad_(True)


@mistake("BatchNorm's running mean and variance are stopped (momentum 0). They go on following the pictures.",
         caught_by="test_batch_norm_goes_on_following_the_pictures")
def freeze(body):
    body.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, NORMS):
            layer.requires_grad_(True)
            layer.momentum = 0.0


@mistake("BatchNorm starts anew: its weights are set back. Freezing changes no number.",
         caught_by="test_freezing_changes_no_weight")
def freeze(body):
    body.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, NORMS):
            layer.requires_grad_(True)
            layer.reset_parameters()


@mistake("Gradients are switched off for the whole program, not for the body only.",
         caught_by="test_freezes_what_was_given_and_nothing_else")
def freeze(body):
    for layer in body.modules():
        for weights in layer.parameters(recurse=False):
            weights.requires_grad = isinstance(layer, NORMS)
    torch.set_grad_enabled(False)


@mistake("Tensors are counted, not the numbers in them.", caught_by="test_counts_the_numbers_of_a_layer")
def count_trainable(model):
    return len([weights for weights in model.parameters() if weights.requires_grad])


@mistake("Only the first size of each tensor is counted. Multiply all its sizes: numel().",
         caught_by="test_counts_the_numbers_of_a_layer")
def count_trainable(model):
    return sum(len(weights) for weights in model.parameters() if weights.requires_grad)


@mistake("Frozen numbers are counted, too.", caught_by="test_frozen_numbers_do_not_count")
def count_trainable(model):
    return sum(weights.numel() for weights in model.parameters())


@mistake("A layer counts as a whole when any part of it learns.",
         caught_by="test_frozen_numbers_do_not_count")
def count_trainable(model):
    return sum(sum(weights.numel() for weights in layer.parameters(recurse=False))
               for layer in model.modules()
               if any(weights.requires_grad for weights in layer.parameters(recurse=False)))


@mistake("Biases are left out. They learn as well.", caught_by="test_counts_the_numbers_of_a_layer")
def count_trainable(model):
    return sum(weights.numel() for name, weights in model.named_parameters()
               if weights.requires_grad and "bias" not in name)


@mistake("BatchNorm's running mean and variance are counted. No gradient moves them: they are no parameters.",
         caught_by="test_counts_no_statistics")
def count_trainable(model):
    frozen = {name for name, weights in model.named_parameters() if not weights.requires_grad}
    return sum(values.numel() for name, values in model.state_dict().items() if name not in frozen)


@mistake("What lies inside a block is counted for the block and for its layers again.",
         caught_by="test_counts_what_lies_deep_inside_once")
def count_trainable(model):
    if not list(model.children()):
        return sum(weights.numel() for weights in model.parameters() if weights.requires_grad)
    return sum(weights.numel() for layer in model.modules() if layer is not model
               for weights in layer.parameters() if weights.requires_grad)


@mistake("Weights that two layers share are counted twice. There is only one set of them to learn.",
         caught_by="test_shared_weights_count_once")
def count_trainable(model):
    return sum(weights.numel() for layer in model.modules() for weights in layer.parameters(recurse=False)
               if weights.requires_grad)
