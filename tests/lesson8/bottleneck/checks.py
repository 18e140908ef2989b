import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import batch_norm, conv2d, relu

from petkata.checking import refuses

channels = st.integers(1, 6)
UNLIKE = [(6, 3, 12, 1), (5, 3, 5, 2), (7, 2, 7, 1), (4, 3, 9, 2)]  # all sizes that must be told apart are


def block_of(bottleneck, *sizes):
    block = bottleneck(*sizes)
    assert isinstance(block, nn.Module), f"a block is an nn.Module; this is a {type(block).__name__}"
    return block


def answer_of(block, pictures):
    """What the block makes of the pictures. Fails in a sentence where they do not fit."""
    try:
        answer = block(pictures)
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        raise AssertionError(f"pictures {tuple(pictures.shape)} do not fit through this block: "
                             f"{str(error).splitlines()[0]}") from None
    assert isinstance(answer, torch.Tensor), (
        f"a tensor comes out of a block, not a {type(answer).__name__}; it is what `forward` returns")
    return answer


@given(channels, channels, channels, st.integers(1, 3), st.integers(2, 9), st.integers(2, 9))
def test_gives_the_shape_asked_for(bottleneck, n_in, n_mid, n_out, stride, height, width):
    expected = (2, n_out, -(-height // stride), -(-width // stride))
    found = tuple(answer_of(block_of(bottleneck, n_in, n_mid, n_out, stride), torch.rand(2, n_in, height, width)).shape)
    assert found == expected, (
        f"pictures (2, {n_in}, {height}, {width}) with {n_out} channels to come and a stride of {stride} become {expected}; "
        f"these became {found}"
    )


@given(channels, channels, channels, st.integers(1, 2))
def test_has_three_convolutions_and_a_shortcut(bottleneck, n_in, n_mid, n_out, stride):
    block = block_of(bottleneck, n_in, n_mid, n_out, stride)
    expected = [(n_mid, n_in, 1, 1), (n_mid, n_mid, 3, 3), (n_out, n_mid, 1, 1)]
    why = "keeps the shape, so the shortcut is the input as it is"
    if stride != 1 or n_in != n_out:
        expected.append((n_out, n_in, 1, 1))
        why = "changes the shape, so the shortcut has a 1x1 convolution"
    found = [tuple(layer.weight.shape) for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    assert sorted(found) == sorted(expected), (
        f"a block of {n_in}, {n_mid} and {n_out} channels with stride {stride} {why}. Its convolutions have the weights "
        f"{expected}; these have {found}"
    )


def test_has_no_bias_to_spare(bottleneck):
    biased = [layer for layer in block_of(bottleneck, 4, 3, 8, 2).modules()
              if isinstance(layer, nn.Conv2d) and layer.bias is not None]
    assert not biased, f"{len(biased)} convolutions have a bias, and the BatchNorm after each takes it away again"


@given(channels, channels, channels, st.integers(1, 2))
def test_a_batch_norm_for_each_convolution(bottleneck, n_in, n_mid, n_out, stride):
    norms = [layer.num_features for layer in block_of(bottleneck, n_in, n_mid, n_out, stride).modules()
             if isinstance(layer, nn.BatchNorm2d)]
    expected = [n_mid, n_mid, n_out] + [n_out] * (stride != 1 or n_in != n_out)
    assert sorted(norms) == sorted(expected), (
        f"with {n_in}, {n_mid} and {n_out} channels and stride {stride} the BatchNorm layers have {expected} channels, one for "
        f"each convolution; these have {norms}"
    )


def some(numbers):
    """The first few, short enough to read."""
    return "[" + ", ".join(f"{number:.2f}" for number in numbers.flatten()[:4].tolist()) + "]"


def test_without_weights_the_picture_goes_through(bottleneck):
    block = block_of(bottleneck, 6, 3, 6, 1).eval()
    with torch.no_grad():
        for weight in block.parameters():
            weight.zero_()
        pictures = torch.randn(2, 6, 5, 4)
        answer = answer_of(block, pictures.clone())
    assert answer.shape == pictures.shape and torch.allclose(answer, pictures.clamp(min=0)), (
        "with all weights 0 the main path adds nothing, and of a block that keeps the shape the input comes out, after the "
        f"last ReLU; of {some(pictures)} should come {some(pictures.clamp(min=0))}, and here came {some(answer)}"
    )


def test_ends_with_a_relu(bottleneck):
    answers = answer_of(block_of(bottleneck, 4, 3, 8, 2), torch.randn(8, 4, 6, 6))
    assert answers.min() >= 0, f"a ReLU stands at the end, so nothing below 0 comes out; here {answers.min():.3g} did"
    assert (answers == 0).float().mean() > 0.05, "a ReLU stands at the end, so a good part of what comes out is 0; nothing is"


@pytest.mark.parametrize("stride", [2, 3])
def test_the_middle_convolution_has_the_stride(bottleneck, stride):
    block = block_of(bottleneck, 5, 4, 9, stride)
    inside = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d) and layer.weight.shape[:2] == (4, 4)]
    assert len(inside) == 1, f"one convolution goes from 4 channels to 4; here {len(inside)} do"
    seen = []
    inside[0].register_forward_hook(lambda layer, given, made: seen.append((given[0].shape[-1], made.shape[-1])))
    answer_of(block, torch.rand(2, 5, 12, 12))
    assert seen == [(12, 12 // stride)], (
        f"the 3x3 convolution has the stride, so it takes pictures of 12 pixels to {12 // stride}, once; "
        f"here it took (from, to): {seen}. A 1x1 with a stride would never look at most of the pixels"
    )


def slow_block(weights, pictures, stride, factor, shift):
    """Oracle: the block written out. `weights` are those of its convolutions, by shape."""
    def normed(x):
        n = x.shape[1]
        return batch_norm(x, None, None, torch.full((n,), factor), torch.full((n,), shift), training=True)

    first, middle, last, *shortcut = weights
    x = relu(normed(conv2d(pictures, first)))
    x = relu(normed(conv2d(x, middle, stride=stride, padding=1)))
    x = normed(conv2d(x, last))
    around = normed(conv2d(pictures, shortcut[0], stride=stride)) if shortcut else pictures
    return relu(x + around)


@pytest.mark.parametrize("sizes", UNLIKE)
def test_computes_what_a_bottleneck_computes(bottleneck, sizes):
    n_in, n_mid, n_out, stride = sizes
    block, pictures = block_of(bottleneck, *sizes).train(), torch.randn(4, n_in, 6, 7)
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.weight, 1.4)
            nn.init.constant_(layer.bias, 0.2)
    shapes = [(n_mid, n_in, 1, 1), (n_mid, n_mid, 3, 3), (n_out, n_mid, 1, 1)]
    shapes += [(n_out, n_in, 1, 1)] * (stride != 1 or n_in != n_out)
    by_shape = {tuple(layer.weight.shape): layer.weight for layer in block.modules() if isinstance(layer, nn.Conv2d)}
    missing = [shape for shape in shapes if shape not in by_shape]
    assert not missing, (
        f"a block of {n_in}, {n_mid} and {n_out} channels with stride {stride} has convolutions with the weights {shapes}; here "
        f"{', '.join(map(str, missing))} is missing"
    )
    expected = slow_block([by_shape[shape] for shape in shapes], pictures, stride, 1.4, 0.2)
    answer = answer_of(block, pictures.clone())
    assert answer.shape == expected.shape and torch.allclose(answer, expected, atol=1e-4), (
        f"with {n_in}, {n_mid} and {n_out} channels and stride {stride}, what comes out is "
        f"{(answer - expected).abs().max():.2g} off the block written out: main path, shortcut, the sum of both, ReLU"
    )


def test_leaves_the_pictures_alone(bottleneck):
    pictures = torch.randn(4, 7, 6, 6)
    given = pictures.clone()
    answer_of(block_of(bottleneck, 7, 2, 7, 1), given)
    assert torch.equal(given, pictures), (
        "your block changed the pictures that it was given: where the shortcut is the input itself, `+=` and inplace=True on it "
        "change the input. The layers before still need it when the gradient comes back"
    )


def test_all_of_it_learns(bottleneck):
    for sizes in UNLIKE:
        block = block_of(bottleneck, *sizes)
        answer = answer_of(block, torch.randn(4, sizes[0], 6, 6))
        try:
            (answer * torch.randn(4, sizes[2], 1, 1)).sum().backward()
        except RuntimeError as error:
            raise AssertionError(f"the gradient does not come back through this block: {str(error).splitlines()[0]} "
                                 "Is a tensor changed in place that is still needed?") from None
        still = [name for name, weight in block.named_parameters() if weight.grad is None or not weight.grad.any()]
        assert not still, f"the gradient must reach every weight; it does not reach {', '.join(still)}"


def test_each_block_has_weights_of_its_own(bottleneck):
    one, other = (block_of(bottleneck, 4, 3, 4, 1) for _ in range(2))
    shared = {id(weight) for weight in one.parameters()} & {id(weight) for weight in other.parameters()}
    assert not shared, f"two blocks share {len(shared)} tensors of weights: when one learns, the other forgets"


def test_refuses_numbers_below_1(bottleneck):
    for place, name in enumerate(("n_in", "n_mid", "n_out", "stride")):
        sizes = [4, 3, 8, 1]
        for bad in (0, -2):
            sizes[place] = bad
            assert refuses(bottleneck, *sizes), f"a block with {name} = {bad} cannot be: raise ValueError"
