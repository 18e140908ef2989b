import torch
from torch.nn import functional as F

from petkata.checking import mistake


def four(features):
    if features.ndim != 4:
        raise ValueError("(N, C, H, W) is asked for")


@mistake("Only the averages are there. Put the maxima beside them.",
         caught_by="test_makes_two_numbers_of_each_channel")
def adaptive_concat_pool(features):
    four(features)
    return features.mean((2, 3))


@mistake("Maxima and averages are put under each other (dim 0), as if there were twice as many pictures.",
         caught_by="test_makes_two_numbers_of_each_channel")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([features.amax((2, 3)), features.mean((2, 3))])


@mistake("The result still has a height and a width of 1. Each picture is to become a plain row.",
         caught_by="test_makes_two_numbers_of_each_channel")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([F.adaptive_max_pool2d(features, 1), F.adaptive_avg_pool2d(features, 1)], 1)


@mistake("Maxima and averages are added to each other. Side by side, both are kept.",
         caught_by="test_makes_two_numbers_of_each_channel")
def adaptive_concat_pool(features):
    four(features)
    return features.amax((2, 3)) + features.mean((2, 3))


@mistake("The size of the maps is fixed. Average and maximum over whatever height and width there are.",
         caught_by="test_takes_maps_of_any_size")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([F.max_pool2d(features, 4), F.avg_pool2d(features, 4)], 1).flatten(1)


@mistake("The maps are taken for square ones.", caught_by="test_takes_maps_of_any_size")
def adaptive_concat_pool(features):
    four(features)
    size = min(features.shape[2:])
    return torch.cat([F.max_pool2d(features, size), F.avg_pool2d(features, size)], 1).flatten(1)


@mistake("The averages stand first. The maxima come first.", caught_by="test_maxima_and_averages_in_order")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)


@mistake("Each channel's maximum and average stand next to each other. First come all maxima, then all "
         "averages.",
         caught_by="test_maxima_and_averages_in_order")
def adaptive_concat_pool(features):
    four(features)
    return torch.stack([features.amax((2, 3)), features.mean((2, 3))], 2).flatten(1)


@mistake("The averages are sums: divide by how many there are.",
         caught_by="test_maxima_and_averages_in_order")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([features.amax((2, 3)), features.sum((2, 3))], 1)


@mistake("The maximum is looked for among the sizes of the numbers (abs).",
         caught_by="test_numbers_may_be_negative")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([features.abs().amax((2, 3)), features.mean((2, 3))], 1)


@mistake("The maximum is never below 0. Where all numbers are negative, it is.",
         caught_by="test_numbers_may_be_negative")
def adaptive_concat_pool(features):
    four(features)
    return torch.cat([features.amax((2, 3)).clamp(min=0), features.mean((2, 3))], 1)


@mistake("The result is cut off from the features (detach, numpy, item or no_grad): no gradient comes back "
         "through it.",
         caught_by="test_training_goes_through_it")
def adaptive_concat_pool(features):
    four(features)
    with torch.no_grad():
        return torch.cat([features.amax((2, 3)), features.mean((2, 3))], 1)


@mistake("Features that are not (N, C, H, W) are pooled as well. They must get a ValueError.",
         caught_by="test_refuses_other_shapes")
def adaptive_concat_pool(features):
    if features.ndim < 4:
        features = features.reshape(1, *features.shape, *[1] * (3 - features.ndim))
    return torch.cat([features.amax((2, 3)), features.mean((2, 3))], 1)
