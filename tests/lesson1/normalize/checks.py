import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import refuses

MEAN, STD = [0.48, 0.45, 0.31], [0.23, 0.25, 0.17]
sizes = st.integers(1, 5)


def pictures(*shape, dtype=torch.float32):
    return torch.rand(*shape, dtype=dtype)


def by_hand(images, mean, std):
    """Oracle: number by number."""
    rows = [[[[(number - mean[c]) / std[c] for number in row] for row in channel] for c,
             channel in enumerate(picture)]
            for picture in images.tolist()]
    return torch.tensor(rows, dtype=images.dtype)


def test_keeps_shape_and_type(normalize):
    for dtype in (torch.float32, torch.float64):
        found = normalize(pictures(2, 3, 4, 5, dtype=dtype), MEAN, STD)
        assert tuple(found.shape) == (2, 3, 4, 5), (
            f"pictures (2, 3, 4, 5) keep their shape; this is {tuple(found.shape)}")
        assert found.dtype == dtype, (
            f"pictures of {dtype} stay so, or the network cannot take them; this is {found.dtype}")


def test_a_red_of_three_quarters(normalize):
    found = normalize(torch.tensor([0.75, 0.4, 0.1]).view(1, 3, 1, 1), [0.5, 0.4, 0.2],
                      [0.25, 0.2, 0.1]).flatten().tolist()
    assert found == approx([1, 0, -1], abs=1e-5), (
        "0.75 lies one std of 0.25 above its mean 0.5, 0.4 is its mean, 0.1 lies one std of 0.1 below 0.2: "
        f"this is to become 1, 0, -1, not {', '.join(f'{number:.3g}' for number in found)}")


def test_the_numbers_given_count_not_those_of_the_pictures(normalize):
    images = pictures(4, 3, 6, 6)
    bright, dark = normalize(images, MEAN, STD), normalize(images / 2, MEAN, STD)
    assert (bright - dark).mean() > 0.5, (
        "dark pictures must come out darker than bright ones: the same mean and std are used for all "
        "pictures")


@given(n=sizes, height=sizes, width=sizes, stats=st.lists(st.floats(0.05, 1), min_size=6, max_size=6))
def test_each_channel_by_its_own(normalize, n, height, width, stats):
    images = pictures(n, 3, height, width)
    found = normalize(images, stats[:3], stats[3:])
    assert torch.allclose(found, by_hand(images, stats[:3], stats[3:]), atol=1e-4), (
        "from each number its channel's mean is taken, then it is divided by its channel's std; the channels "
        "are the second dimension")


def test_takes_lists_tuples_and_tensors(normalize):
    images = pictures(2, 3, 4, 5)
    expected = by_hand(images, MEAN, STD)
    for kind in (tuple, torch.tensor, np.array):
        found = normalize(images, kind(MEAN), kind(STD))
        assert torch.allclose(found, expected.to(found.dtype), atol=1e-4), (
            f"mean and std may come as {kind.__name__}, too")
        assert found.dtype == images.dtype, (
            f"with mean and std as {kind.__name__} the pictures became {found.dtype}")


def animals(n=60):
    """New pictures of some of the imaginary animals that petnet10 was pretrained on, and which animals they
    are."""
    from petkata.nets.petnet import N_ANIMALS
    from petkata.pets.drawing import draw
    from petkata.pets.imaginary import imaginary_look

    numbers = torch.randperm(N_ANIMALS)[:n]
    seed = 10_000_000 + int(torch.randint(1_000_000, ()))  # far from the pictures of the pretraining
    pixels = np.stack([draw(imaginary_look(number), seed + number).pixels for number in numbers.tolist()])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255, numbers


@torch.no_grad()
def error_on(normalize, images, numbers):
    """Error of the pretrained petnet10 on pictures of its animals; in eval() mode, where BatchNorm repairs
    nothing."""
    from petkata.nets import STATS, petnet10

    return (petnet10(weights="DEFAULT").eval()(normalize(images,
                                                         *STATS)).argmax(1) != numbers).float().mean().item()


def test_the_pretrained_network_recognizes_its_animals(normalize, measured):
    error = error_on(normalize, *animals())
    assert measured("error on its own animals", error, below=0.3), (
        "with the numbers of its pretraining the network errs on few of its own animals; it errs on "
        f"{error:.0%}")


def test_refuses_what_are_no_pictures(normalize):
    assert refuses(normalize, pictures(3, 4, 5), MEAN, STD), (
        "(3, 4, 5) is one picture without its batch: raise ValueError")
    assert refuses(normalize, pictures(2, 4, 5, 3), MEAN, STD), (
        "(2, 4, 5, 3) has its channels last: raise ValueError")
    whole = torch.randint(0, 256, (2, 3, 4, 5), dtype=torch.uint8)
    assert refuses(normalize, whole, MEAN, STD), (
        "whole numbers from 0 to 255 were not divided by 255: raise ValueError")


def test_refuses_wrong_statistics(normalize):
    images = pictures(2, 3, 4, 3)
    assert refuses(normalize, images, [0.5], STD), (
        "one mean is not enough for three channels: raise ValueError")
    assert refuses(normalize, images, MEAN, [0.2, 0.2, 0.2, 0.2]), (
        "four stds are too many for three channels: raise ValueError")
    assert refuses(normalize, images, MEAN, [0.2, 0.0, 0.2]), (
        "an std of 0 cannot be divided by: raise ValueError")
    assert refuses(normalize, images, MEAN, [0.2, -0.2, 0.2]), "there is no std below 0: raise ValueError"
