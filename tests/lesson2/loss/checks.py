import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import refuses


@st.composite
def batches(draw):
    """Logits (N, C) and targets (N,), as an untrained network or a confident one might give them."""
    n, n_classes, seed = draw(st.integers(1, 6)), draw(st.integers(2, 7)), draw(st.integers(0, 10**6))
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=(n, n_classes)) * draw(st.floats(0.5, 3.0))
    return torch.tensor(logits, dtype=torch.float32), torch.tensor(dice.integers(n_classes, size=n))


def slow_losses(logits, targets):
    """Oracle: the loss of each row, in 64 bits, one number at a time."""
    losses = []
    for row, target in zip(np.asarray(logits, dtype=np.float64), np.asarray(targets)):
        # log of a sum of exponentials, added up pair by pair: never larger than the largest, by more than log 2
        total = row[0]
        for logit in row[1:]:
            total = max(total, logit) + math.log1p(math.exp(-abs(total - logit)))
        losses.append(total - row[target])
    return losses


def slow_mean(logits, targets):
    return sum(slow_losses(logits, targets)) / len(targets)


def test_equal_logits_cost_the_logarithm_of_their_number(cross_entropy):
    for n_classes, level in ((3, 5.0), (37, -2.0)):
        loss = cross_entropy(torch.full((2, n_classes), level), torch.tensor([0, n_classes - 1]))
        assert torch.is_tensor(loss) and loss.shape == (), (
            "one number for the whole batch is expected: a tensor of shape ()"
        )
        assert float(loss) == approx(math.log(n_classes), rel=1e-5), (
            f"{n_classes} equal logits mean probability 1/{n_classes} for each class, "
            f"and the loss is log({n_classes}) = {math.log(n_classes):.4f}, not {float(loss):.4f}"
        )


def test_right_and_sure_costs_little_wrong_and_sure_much(cross_entropy):
    logits = torch.tensor([[6.0, 0.0, 0.0]])
    right, wrong = (float(cross_entropy(logits, torch.tensor([target]))) for target in (0, 1))
    assert right == approx(0.0049455, rel=1e-3), f"a probability of 0.995 for the right class costs 0.005, not {right:.4g}"
    assert wrong == approx(6.0049, rel=1e-3), f"a probability of 0.0025 for the right class costs 6.005, not {wrong:.4g}"


def test_each_row_has_its_own_target(cross_entropy):
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.5, 3.0]])
    targets = torch.tensor([2, 0])
    loss, expected = float(cross_entropy(logits, targets)), slow_mean(logits, targets)
    assert loss == approx(expected, rel=1e-4), (
        f"the first row costs {slow_losses(logits, targets)[0]:.4f} and the second {slow_losses(logits, targets)[1]:.4f}, "
        f"on the mean {expected:.4f}; here it is {loss:.4f}"
    )


@given(batches())
def test_is_the_mean_over_the_batch(cross_entropy, batch):
    logits, targets = batch
    loss = float(cross_entropy(logits, targets))
    twice = float(cross_entropy(torch.cat([logits, logits]), torch.cat([targets, targets])))
    assert twice == approx(loss, rel=1e-4, abs=1e-6), "the same pictures twice have the same mean loss as once"
    assert loss == approx(slow_mean(logits, targets), rel=1e-4, abs=1e-5), (
        f"worked out one number at a time, this batch costs {slow_mean(logits, targets):.5f}, not {loss:.5f}"
    )


@given(batches(), st.floats(-30, 30))
def test_only_differences_count(cross_entropy, batch, shift):
    logits, targets = batch
    loss, shifted = float(cross_entropy(logits, targets)), float(cross_entropy(logits + shift, targets))
    assert shifted == approx(loss, rel=1e-3, abs=1e-4), (
        f"{shift:+.1f} on all logits of a row changes no probability, so the loss stays {loss:.4f}; it became {shifted:.4f}"
    )


@pytest.mark.parametrize("level", [1000.0, -1000.0])
def test_logits_of_1000_do_no_harm(cross_entropy, level):
    logits = torch.tensor([[level, level - 2, level - 1], [-1.0, 0.5, 1.0]])
    targets = torch.tensor([1, 0])
    loss, expected = float(cross_entropy(logits, targets)), slow_mean(logits, targets)
    assert loss == approx(expected, rel=1e-4), (
        f"a row of logits around {level:g} beside one around 0 costs {expected:.4f}, not {loss}: "
        "exp of them is infinite, or zero, in 32 bits"
    )


def test_very_wrong_costs_very_much(cross_entropy):
    logits, targets = torch.tensor([[1000.0, 0.0, 3.0], [1.0, 2.0, 3.0]]), torch.tensor([1, 2])
    loss, expected = float(cross_entropy(logits, targets)), slow_mean(logits, targets)
    assert loss == approx(expected, rel=1e-4), (
        f"a class that is 1000 below the largest has a loss of 1000, though its probability is 0 in 32 bits: "
        f"{expected:.4f} on the mean, not {loss}"
    )


@given(batches())
def test_gradients_flow(cross_entropy, batch):
    logits, targets = batch
    logits = logits.clone().requires_grad_()
    loss = cross_entropy(logits, targets)
    assert loss.requires_grad, "no gradient can flow back: somewhere the result was turned into a plain number"
    loss.backward()
    # The gradient of row i is its probabilities, minus 1 at the target, over N.
    expected = []
    for row, target in zip(logits.detach().numpy().astype(np.float64), targets.tolist()):
        powers = [math.exp(logit - max(row)) for logit in row]
        expected.append([(power / sum(powers) - (c == target)) / len(targets) for c, power in enumerate(powers)])
    assert torch.allclose(logits.grad.double(), torch.tensor(expected, dtype=torch.float64), atol=1e-5), (
        "the gradient of each logit is (its probability, minus 1 for the right class) / N; training follows it"
    )


def test_gradients_flow_where_it_is_very_wrong(cross_entropy):
    logits = torch.tensor([[1000.0, 0.0, 3.0]], requires_grad=True)
    cross_entropy(logits, torch.tensor([1])).backward()
    assert logits.grad is not None and torch.allclose(logits.grad, torch.tensor([[1.0, -1.0, 0.0]])), (
        f"where the network is very wrong the gradient must pull hardest: [1, -1, 0], not {logits.grad.tolist()[0]}"
    )


def test_refuses_rows_that_do_not_fit(cross_entropy):
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [1.0, -1.0, 0.0]])
    assert refuses(cross_entropy, logits, torch.tensor([0, 2])), "3 rows of logits and 2 targets: raise ValueError"
    assert refuses(cross_entropy, logits[:2], torch.tensor([0, 2, 1])), "2 rows of logits and 3 targets: raise ValueError"
    assert refuses(cross_entropy, logits, torch.tensor([1])), "3 rows of logits and 1 target: raise ValueError"
    nothing = torch.empty(0, 3), torch.empty(0, dtype=torch.int64)
    assert refuses(cross_entropy, *nothing), "nothing has no mean: raise ValueError"
