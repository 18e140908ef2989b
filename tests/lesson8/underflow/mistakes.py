import torch

from petkata.checking import mistake


def above_0(scale):
    if not scale > 0:
        raise ValueError("scale")


def share(lost):
    return lost.float().mean().item() if lost.numel() else 0.0


@mistake("Zeros are counted as lost. They were zero before.", caught_by="test_zero_has_nothing_to_lose")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share((values * scale).to(dtype) == 0)


@mistake("The lost ones are divided by all values. Those that were zero already are none of the numbers.",
         caught_by="test_zero_has_nothing_to_lose")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share(((values * scale).to(dtype) == 0) & (values != 0))


@mistake("The smallest normal number is taken for the limit. Below it there are smaller ones, with fewer digits.",
         caught_by="test_a_small_number_is_not_zero_yet")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    values = values[values != 0] * scale
    return share(values.abs() < torch.finfo(dtype).tiny)


@mistake("The smallest number of the type is taken for the limit. What is nearer to it than to zero is rounded up.",
         caught_by="test_a_small_number_is_not_zero_yet")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    values = values[values != 0] * scale
    return share(values.abs() < torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps)


@mistake("The sign is forgotten: every negative number counts as small.", caught_by="test_a_small_number_is_not_zero_yet")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    values = values[values != 0] * scale
    return share(values.double() <= torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps / 2)


@mistake("The numbers that are kept are counted.", caught_by="test_counts_what_becomes_zero")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share((values[values != 0] * scale).to(dtype) != 0)


@mistake("How many are lost is returned. The share is asked for.", caught_by="test_counts_what_becomes_zero")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return float(((values[values != 0] * scale).to(dtype) == 0).sum())


@mistake("The share is given in percent. It is a number from 0 to 1.", caught_by="test_counts_what_becomes_zero")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return 100 * share((values[values != 0] * scale).to(dtype) == 0)


@mistake("Without any number the share is nan, the mean of nothing. It is 0.0.", caught_by="test_nothing_to_lose_at_all")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return ((values[values != 0] * scale).to(dtype) == 0).float().mean().item()


@mistake("Numbers that become infinite count as lost, too. Only those that become zero do.",
         caught_by="test_large_numbers_are_not_lost")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    stored = (values[values != 0] * scale).to(dtype)
    return share((stored == 0) | stored.isinf())


@mistake("The type is always float16, whatever was asked for.", caught_by="test_asks_the_type")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share((values[values != 0] * scale).half() == 0)


@mistake("The numbers are stored first and multiplied then. What has become zero stays zero.",
         caught_by="test_a_scale_saves_what_it_comes_to_in_time")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share(values[values != 0].to(dtype) * scale == 0)


@mistake("The scale is not used.", caught_by="test_a_scale_saves_what_it_comes_to_in_time")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share(values[values != 0].to(dtype) == 0)


@mistake("The numbers are divided by the scale.", caught_by="test_a_scale_saves_what_it_comes_to_in_time")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    return share((values[values != 0] / scale).to(dtype) == 0)


@mistake("The tensor that was handed in is multiplied itself (in place).",
         caught_by="test_a_scale_saves_what_it_comes_to_in_time")
def underflows(values, dtype, scale=1.0):
    above_0(scale)
    before = values != 0
    values *= scale
    return share(values[before].to(dtype) == 0)


@mistake("Any scale is taken. One of 0 or below must get a ValueError.", caught_by="test_refuses_a_scale_that_is_none")
def underflows(values, dtype, scale=1.0):
    return share((values[values != 0] * scale).to(dtype) == 0)
