import struct
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses
from tests.lesson8.networks import Denoiser, noisy_and_noise

numbers = st.one_of(st.just(0.0), st.builds(lambda sign, digits, power: sign * digits * 2.0**power, st.sampled_from([-1, 1]),
                                            st.integers(1, 2047), st.integers(-45, 12)))
HALF_OF_THE_SMALLEST = Fraction(1, 2**25)  # float16 goes down to 2**-24; up to half of that, zero is nearer


def share_of(share, expected, why):
    one = isinstance(share, (int, float)) or getattr(share, "ndim", None) == 0
    assert one and not isinstance(share, bool), f"a share is one number from 0 to 1, not a {type(share).__name__}"
    assert float(share) == pytest.approx(expected, abs=1e-6), f"{why}: the share is {expected:.4g}, not {float(share):.4g}"


def test_counts_what_becomes_zero(underflows):
    values = torch.tensor([1.0, 1e-9, -2e-9, 3e-10])
    share_of(underflows(values, torch.float16), 0.75, f"of {values.tolist()} float16 keeps only the first")


def test_zero_has_nothing_to_lose(underflows):
    values = torch.tensor([0.0, 1.0, 0.0, 1e-9, 0.0, 0.0])
    share_of(underflows(values, torch.float16), 0.5, "of two numbers that are not zero, one is lost")


def test_a_small_number_is_not_zero_yet(underflows):
    values = torch.tensor([1e-4, 3e-5, -1e-6, 6e-8, -3.1e-8, 2.9e-8])
    share_of(underflows(values, torch.float16), 1 / 6,
             f"of {[f'{v:.2g}' for v in values.tolist()]} only the last becomes zero in float16: smaller numbers than "
             "torch.finfo(torch.float16).tiny are stored with fewer digits, and what is above half of the smallest of them, "
             "6.0e-8, is rounded up to it")


def test_nothing_to_lose_at_all(underflows):
    share_of(underflows(torch.zeros(5), torch.float16), 0.0, "where all is zero already")
    share_of(underflows(torch.zeros(0), torch.float16), 0.0, "without any value")


def test_takes_a_tensor_of_any_shape(underflows):
    values = torch.tensor([[[1e-9, 1.0], [0.0, -1e-9]], [[5.0, 2.0], [-1.0, 1e-12]]])
    share_of(underflows(values, torch.float16), 3 / 7, "of seven numbers in a tensor (2, 2, 2) three are lost")
    share_of(underflows(torch.tensor(-1e-10), torch.float16), 1.0, "a single number, and it is lost")


def test_large_numbers_are_not_lost(underflows):
    values = torch.tensor([7e4, -1e30, 1e-9, 1.0])
    share_of(underflows(values, torch.float16), 0.25, "too large for float16 becomes infinite, not zero")


def test_asks_the_type(underflows):
    values = torch.tensor([1e-9, -1e-20, 1e-37, 1e-44])
    share_of(underflows(values, torch.bfloat16), 0.25, "bfloat16 goes down to 1e-40; of four only 1e-44 is lost")
    share_of(underflows(values, torch.float32), 0.0, "these are 32-bit numbers, and 32 bits lose none of them")
    share_of(underflows(torch.tensor([1e-60, 1.0], dtype=torch.float64), torch.float32), 0.5, "float32 loses 1e-60")


def test_a_scale_saves_what_it_comes_to_in_time(underflows):
    values = torch.tensor([1e-9, -2e-9, 3e-12, 1.0])
    share_of(underflows(values.clone(), torch.float16, scale=1024.0), 0.25,
             "times 1024 two of the three small numbers are large enough for float16; the scale comes before the storing")
    share_of(underflows(values.clone(), torch.float16, scale=2.0**20), 0.0, "times 2**20 all of them are large enough")
    share_of(underflows(values.clone(), torch.float16, scale=2.0**-30), 1.0, "a scale below 1 makes it worse")


@given(st.lists(numbers, max_size=30), st.integers(0, 16))
def test_agrees_with_exact_arithmetic(underflows, values, power):
    others = [abs(Fraction(value)) * 2**power for value in values if value != 0]
    lost = sum(value <= HALF_OF_THE_SMALLEST for value in others)
    share_of(underflows(torch.tensor(values), torch.float16, 2.0**power), lost / len(others) if others else 0.0,
             f"of {values} {len(others)} are not zero, and times {2**power} float16 rounds {lost} of these to zero" if others else
             f"{values} has no number but zero, so there is nothing to lose")


def test_tells_what_a_real_gradient_loses(underflows):
    model, (pictures, noise) = Denoiser(), noisy_and_noise()
    output = model(pictures)
    (gradient,) = torch.autograd.grad(model.loss_func(output, noise), output)
    for scale in (1.0, 4.0, 1024.0):
        values = [value * scale for value in gradient.flatten().tolist() if value != 0]
        lost = sum(struct.unpack("e", struct.pack("e", value))[0] == 0 for value in values) / len(values)
        share_of(underflows(gradient.clone(), torch.float16, scale), lost,
                 f"the gradient of a mean over all pixels, times {scale:g}")


def test_refuses_a_scale_that_is_none(underflows):
    for scale in (0.0, -1024.0):
        assert refuses(underflows, torch.ones(3), torch.float16, scale), f"a scale of {scale} saves nothing: raise ValueError"
