import torch
from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses

sizes = st.integers(1, 6)


def by_hand(features):
    """Oracle: number by number, maxima and averages, each (N, C)."""
    maxima, averages = [], []
    for picture in features.tolist():
        numbers = [[number for row in channel for number in row] for channel in picture]
        maxima.append([max(channel) for channel in numbers])
        averages.append([sum(channel) / len(channel) for channel in numbers])
    return torch.tensor(maxima), torch.tensor(averages)


def close(found, expected):
    return torch.allclose(found.float(), expected.float(), atol=1e-5)


def test_makes_two_numbers_of_each_channel(adaptive_concat_pool):
    found = tuple(adaptive_concat_pool(torch.randn(3, 5, 4, 4)).shape)
    assert found == (3, 10), (
        f"3 pictures with 5 channels each become 3 rows of 10 numbers, (3, 10); this is {found}")


def test_takes_maps_of_any_size(adaptive_concat_pool):
    for height, width in ((8, 8), (7, 7), (4, 6), (6, 4), (5, 1), (1, 1)):
        found = tuple(adaptive_concat_pool(torch.randn(3, 5, height, width)).shape)
        assert found == (3, 10), (
            f"maps of {height} x {width} become two numbers a channel, too, (3, 10); this is {found}")


def test_numbers_may_be_negative(adaptive_concat_pool):
    found = adaptive_concat_pool(-1 - torch.rand(2, 3, 4, 5)).detach()
    assert (found < 0).all(), (
        "where all numbers of a channel are below 0, so are their maximum and their average")


@given(n=sizes, channels=st.integers(2, 6), height=st.integers(2, 6), width=st.integers(2, 6))
def test_maxima_and_averages_in_order(adaptive_concat_pool, n, channels, height, width):
    features = torch.randn(n, channels, height, width)
    maxima, averages = by_hand(features)
    found = adaptive_concat_pool(features).detach()
    first, second = found[:, :channels], found[:, channels:]
    assert not (close(first, averages) and close(second, maxima)), (
        "your averages stand first; the maxima must come first")
    assert close(first, maxima), (
        f"the first {channels} numbers of each row are the maxima of its {channels} channels, in their order")
    assert close(second, averages), (
        f"the last {channels} numbers of each row are the averages of its {channels} channels, in their "
        "order")


def test_keeps_the_type(adaptive_concat_pool):
    for dtype in (torch.float32, torch.float64):
        found = adaptive_concat_pool(torch.randn(2, 3, 4, 4, dtype=dtype)).dtype
        assert found == dtype, (
            f"features of {dtype} must stay so, or the next layer cannot take them; this is {found}")


def test_training_goes_through_it(adaptive_concat_pool):
    features = torch.randn(2, 3, 4, 5, requires_grad=True)
    pooled = adaptive_concat_pool(features)
    assert pooled.requires_grad, (
        "no gradient comes back from the result: the layers before it could never learn")
    pooled.sum().backward()
    expected = torch.full_like(features, 1 / 20)
    expected[features == features.amax((2, 3), keepdim=True)] += 1
    assert close(features.grad, expected), (
        "each number takes part in its channel's average, and the largest in its maximum as well")


def test_refuses_other_shapes(adaptive_concat_pool):
    assert refuses(adaptive_concat_pool, torch.randn(5, 4, 4)), (
        "(5, 4, 4) is one picture without its batch: raise ValueError")
    assert refuses(adaptive_concat_pool, torch.randn(3, 5)), (
        "(3, 5) has no height and width left to pool: raise ValueError")
