import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.lesson1.networks import SmallNet, batch_norm_names, copied, moved


def new_body(widths=(6, 10)):
    """Convolutions with and without bias, blocks in blocks, BatchNorm at every depth."""
    return nn.Sequential(*list(SmallNet(widths).children())[:-3])


@torch.enable_grad()
def train(body, steps=2):
    """Train `body` under a head for a few steps, as an optimizer that was given everything does. Names of
    what moved."""
    model = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(4)).train()
    images, breeds = torch.rand(8, 3, 16, 16), torch.arange(8) % 4
    model(images)
    before = copied(body)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), breeds).backward()
        optimizer.step()
    return moved(body, before)


def share(names, of):
    return f"{len(names)} of {len(of)}"


def test_convolutions_do_not_learn(freeze):
    for widths in ((6, 10), (4, 7, 9, 12)):
        body = new_body(widths)
        freeze(body)
        kernels = {name for name, weights in body.named_parameters() if weights.ndim == 4}
        changed = train(body) & kernels
        assert not changed, (
            f"in two steps of training {share(changed, kernels)} convolutions changed; in a frozen body none "
            "does")


def test_biases_of_convolutions_do_not_learn(freeze):
    body = new_body()
    freeze(body)
    biases = {name for name, _ in body.named_parameters()} - batch_norm_names(body)[0]
    biases = {name for name in biases if name.endswith("bias")}
    changed = train(body) & biases
    assert not changed, f"{share(changed, biases)} biases of convolutions changed; only BatchNorm's may"


def test_batch_norm_goes_on_learning(freeze):
    for widths in ((6, 10), (4, 7, 9, 12)):
        body = new_body(widths)
        freeze(body)
        learns = batch_norm_names(body)[0]
        still = learns - train(body)
        assert not still, (
            f"{share(still, learns)} weights and biases of BatchNorm stood still ({min(still)}); all of them "
            "go on learning")


def test_batch_norm_goes_on_following_the_pictures(freeze):
    body = new_body()
    freeze(body)
    statistics = batch_norm_names(body)[1]
    still = statistics - train(body)
    assert not still, (
        f"{share(still, statistics)} of BatchNorm's running means and variances stood still; they follow the "
        "pictures")


@torch.no_grad()
def test_freezing_changes_no_weight(freeze):
    body = new_body().eval()
    images = torch.rand(4, 3, 16, 16)
    before, features = copied(body), body(images)
    freeze(body)
    changed = moved(body, before)
    assert not changed, f"freezing only says what may learn; here it changed {', '.join(sorted(changed))}"
    assert torch.equal(body.eval()(images), features), "a frozen body sees what it saw before"


def test_freezes_what_was_given_and_nothing_else(freeze):
    model = SmallNet()
    freeze(nn.Sequential(*list(model.children())[:-3]))
    assert all(weights.requires_grad for weights in model.classifier.parameters()), (
        "layers outside the body must go on learning")
    assert torch.is_grad_enabled(), (
        "gradients were switched off for everything; only the body is to be frozen")


def test_counts_the_numbers_of_a_layer(count_trainable):
    found = count_trainable(nn.Linear(5, 3))
    assert found == 18, f"5 x 3 weights and 3 biases are 18 numbers, not {found}"


def test_frozen_numbers_do_not_count(count_trainable):
    layer = nn.Conv2d(4, 6, 3)
    layer.weight.requires_grad_(False)
    found = count_trainable(layer)
    assert found == 6, f"the 216 weights are frozen, the 6 biases learn: 6 numbers, not {found}"
    found = count_trainable(layer.requires_grad_(False))
    assert found == 0, f"everything is frozen: 0 numbers, not {found}"


def test_counts_no_statistics(count_trainable):
    found = count_trainable(nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)))
    assert found == 232, (
        f"216 weights, and 8 weights and 8 biases of BatchNorm, are 232 numbers that learn, not {found}")


def test_counts_what_lies_deep_inside_once(count_trainable):
    inner = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 2)))
    found = count_trainable(nn.Sequential(inner, nn.Linear(2, 1)))
    assert found == 29, f"16, 10 and 3 numbers are 29, not {found}"


def test_shared_weights_count_once(count_trainable):
    one, other = nn.Linear(6, 6), nn.Linear(6, 6)
    other.weight = one.weight
    found = count_trainable(nn.Sequential(one, nn.ReLU(), other))
    assert found == 48, f"both layers use the same 36 weights and have 6 biases each: 48 numbers, not {found}"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans()), min_size=1,
                max_size=5))
def test_counts_any_network(count_trainable, layers):
    expected, model = 0, nn.Sequential()
    for n_in, n_out, weights_learn, biases_learn in layers:
        layer = nn.Linear(n_in, n_out)
        layer.weight.requires_grad_(weights_learn)
        layer.bias.requires_grad_(biases_learn)
        model.append(layer)
        expected += weights_learn * n_in * n_out + biases_learn * n_out
    found = count_trainable(model)
    assert found == expected, f"{expected} numbers of this network learn, not {found}"
