import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from petkata.checking import refuses


def maps(n=6, channels=10, height=4, width=3):
    return torch.randn(n, channels, height, width)


def logits_of(head, features):
    assert isinstance(head, nn.Module), (
        f"the head must be a network (an nn.Module); this is {type(head).__name__}")
    try:
        return head(features)
    except (RuntimeError, ValueError) as error:
        raise AssertionError(f"features of shape {tuple(features.shape)} do not fit through this head: "
                             f"{str(error).splitlines()[0]}") from None


@settings(max_examples=15, deadline=None)
@given(n_features=st.integers(1, 40), n_classes=st.integers(2, 40))
def test_is_sized_by_features_and_classes(new_head, n_features, n_classes):
    found = tuple(logits_of(new_head(n_features, n_classes, 0.5), maps(4, n_features)).shape)
    assert found == (4, n_classes), (
        f"4 pictures and {n_classes} classes are logits (4, {n_classes}); this is {found}")


def test_takes_maps_of_any_size(new_head):
    head = new_head(10, 7, 0.5)
    for height, width in ((2, 2), (7, 7), (5, 3), (1, 1)):
        found = tuple(logits_of(head, maps(4, 10, height, width)).shape)
        assert found == (4, 7), (
            f"maps of {height} x {width} must go through the same head as others; this gave {found}")


@torch.no_grad()
def test_every_class_and_picture_has_its_own_logits(new_head):
    logits = logits_of(new_head(10, 7, 0.5).eval(), maps())
    rounding = 1e-4 * logits.abs().max()
    assert logits.std(dim=1).min() > rounding, (
        "all classes get the same logit: the weights of a head must be random, not all alike")
    assert logits.std(dim=0).max() > rounding, "all pictures get the same logits: the features must count"


@torch.no_grad()
def test_ends_with_logits(new_head):
    logits = logits_of(new_head(10, 30, 0.5).eval(), 3 * maps(20))
    assert logits.min() < 0 < logits.max(), (
        f"logits are any numbers, some below 0 and some above; these run from {logits.min():.3g} to "
        f"{logits.max():.3g}")


@torch.no_grad()
def test_same_features_same_logits(new_head):
    head, features = new_head(10, 7, 0.5).eval(), maps()
    assert torch.equal(logits_of(head, features), logits_of(head, features)), (
        "in eval() mode the same features got other logits the second time: nothing may be dropped when the "
        "network is used")


@torch.no_grad()
def test_where_a_feature_stands_does_not_matter(new_head):
    head, features = new_head(10, 7, 0.5).eval(), maps()
    turned = features.flip(2, 3)
    assert torch.allclose(logits_of(head, turned), logits_of(head, features), atol=1e-5), (
        "the head pools: turned upside down, the maps have the same maxima and averages, and must get the "
        "same logits")


@torch.no_grad()
def test_maxima_and_averages_both_count(new_head):
    head, features = new_head(10, 7, 0.5).eval(), maps()
    logits = logits_of(head, features)
    largest = features == features.amax((2, 3), keepdim=True)
    lower = torch.where(largest, features, features - 3 * torch.rand(6, 10, 1, 1))
    assert not torch.allclose(logits_of(head, lower), logits, atol=1e-4), (
        "these maps have other averages and the same maxima as before, and get the same logits: the averages "
        "do not count")
    middle = features.mean((2, 3), keepdim=True)
    wider = middle + (features - middle) * (1 + 3 * torch.rand(6, 10, 1, 1))
    assert not torch.allclose(logits_of(head, wider), logits, atol=1e-4), (
        "these maps have other maxima and the same averages as before, and get the same logits: the maxima "
        "do not count")


@torch.no_grad()
def bend(new_head):
    """How far the logits halfway between two pictures lie from halfway between their logits, as a share of
    their spread."""
    head = new_head(10, 7, 0.0).eval()
    here, there = 2 * maps(64, 10, 1, 1), 2 * maps(64, 10, 1, 1)
    halfway = (logits_of(head, here) + logits_of(head, there)) / 2
    return ((logits_of(head, (here + there) / 2) - halfway).abs().mean() / halfway.std()).item()


def test_has_a_layer_that_bends(new_head, measured):
    assert measured("bend", bend(new_head), above=0.01), (
        "between two pictures the logits go in a straight line: two linear layers need a ReLU between them, "
        "or they are but one")


@torch.no_grad()
def test_drops_while_training(new_head):
    head, features = new_head(10, 7, 0.5).train(), maps()
    assert not torch.equal(logits_of(head, features), logits_of(head, features)), (
        "while training the same features got the same logits twice: with dropout 0.5 half of the numbers "
        "go, by chance")


@torch.no_grad()
def noise(new_head, dropout):
    """How far the logits of the same features spread, as a share of how far they spread over pictures and
    classes."""
    shares = []
    for _ in range(8):
        head, features = new_head(10, 7, dropout).train(), maps(16)
        runs = torch.stack([logits_of(head, features) for _ in range(20)])
        shares.append(runs.std(dim=0).mean() / runs.mean(dim=0).std().clamp(min=1e-9))
    return torch.stack(shares).mean().item()


def test_drops_as_much_as_asked(new_head, measured):
    assert measured("noise without dropout", noise(new_head, 0.0), below=1e-4), (
        "with dropout 0 nothing is dropped, so the same features always give the same logits")
    times = noise(new_head, 0.8) / noise(new_head, 0.1)
    assert measured("noise at 0.8 / at 0.1", times, above=2), (
        f"with dropout 0.8 the logits spread {times:.1f} times as much as with dropout 0.1; it must be far "
        "more")


def test_is_new_each_time(new_head):
    one, other = new_head(10, 7, 0.5), new_head(10, 7, 0.5)
    for head in (one, other):
        logits_of(head, maps())
    same = [name for (name, a), b in zip(one.named_parameters(), other.parameters())
            if a.ndim > 1 and torch.equal(a, b)]
    assert not same, f"two new heads have the same weights ({', '.join(same)}): each head starts at random"


def learned(new_head):
    """The loss of a head on 16 maps, before and after 150 steps of training on them."""
    head, features, breeds = new_head(10, 4, 0.0).train(), maps(16), torch.arange(16) % 4
    logits_of(head, features)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    losses = []
    for _ in range(150):
        loss = nn.functional.cross_entropy(logits_of(head, features), breeds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0], losses[-1]


def test_everything_in_it_learns(new_head):
    head = new_head(10, 4, 0.5)
    logits_of(head, maps())
    frozen = [name for name, weights in head.named_parameters() if not weights.requires_grad]
    assert not frozen, f"everything in a new head must learn, and this cannot: {', '.join(frozen)}"


def test_can_learn(new_head, measured):
    first, last = learned(new_head)
    assert measured("loss after 150 steps", last, below=0.1), (
        f"after 150 steps on the same 16 maps their loss must be near 0; it went from {first:.2f} to "
        f"{last:.2f}")


def test_refuses_what_makes_no_head(new_head):
    assert refuses(new_head, 10, 1, 0.5), "one class alone cannot be told from another: raise ValueError"
    assert refuses(new_head, 10, 7, 1.0), "dropout 1.0 lets nothing through: raise ValueError"
    assert refuses(new_head, 10, 7, -0.1), "a share below 0 makes no sense: raise ValueError"
