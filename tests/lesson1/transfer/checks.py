import copy

import numpy as np
import pytest
import torch
from torch import nn

from tests.lesson1.networks import SmallNet, batch_norm_names, copied


def pretrained(widths=(6, 10)):
    """An architecture to hand over, which makes its one pretrained network again and again, and that
    network's body."""
    network = SmallNet(widths, n_classes=11)

    def arch(weights=None):
        if weights not in ("DEFAULT", None):
            raise ValueError(f'weights is "DEFAULT" or None, not {weights!r}')
        return copy.deepcopy(network) if weights else SmallNet(widths, n_classes=11)

    return arch, nn.Sequential(*list(network.children())[:-3])


def made(transfer_model, arch, n_classes, size=32):
    """The answer's network, after its first pictures (in eval() mode, where nothing learns)."""
    model = transfer_model(arch, n_classes)
    assert isinstance(model, nn.Module), (
        f"a network (an nn.Module) is asked for; this is {type(model).__name__}")
    try:
        with torch.no_grad():
            model.eval()(torch.rand(4, 3, size, size))
    except (RuntimeError, ValueError) as error:
        raise AssertionError(f"pictures (4, 3, {size}, {size}) do not fit through this network: "
                             f"{str(error).splitlines()[0]}") from None
    return model.train()


def found_in(model, tensors):
    """The names in `tensors` (a dict) whose values stand in `model`, under whatever name."""
    values = list(model.state_dict().values())
    return {name for name, tensor in tensors.items()
            if any(tensor.shape == v.shape and torch.equal(tensor, v) for v in values)}


def parts(body):
    """A body's convolutions, BatchNorm weights, and running statistics, each a dict of tensors by name."""
    tensors = copied(body)
    learns, follows = batch_norm_names(body)
    kernels = {name: value for name, value in tensors.items() if value.ndim == 4}
    return kernels, {name: tensors[name] for name in learns}, {name: tensors[name] for name in follows}


def train(model, n_classes, steps=3):
    images, breeds = torch.rand(12, 3, 32, 32), torch.arange(12) % n_classes
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model.train()(images), breeds).backward()
        optimizer.step()


def test_gives_a_logit_for_each_class(transfer_model):
    for widths, n_classes, size in (((6, 10), 7, 32), ((4, 7, 9, 12), 3, 64)):
        model = made(transfer_model, pretrained(widths)[0], n_classes, size)
        found = tuple(model(torch.rand(4, 3, size, size)).shape)
        assert found == (4, n_classes), (
            f"4 pictures of {n_classes} classes are logits (4, {n_classes}); this is {found}")


@torch.no_grad()
def test_ends_with_logits(transfer_model):
    logits = made(transfer_model, pretrained()[0], 30).eval()(torch.rand(8, 3, 32, 32))
    assert logits.min() < 0 < logits.max(), (
        "logits are any numbers, some below 0 and some above (the loss makes probabilities of them); "
        f"these run from {logits.min():.3g} to {logits.max():.3g}")


def test_carries_the_pretrained_weights(transfer_model):
    for widths in ((6, 10), (4, 7, 9, 12)):
        arch, body = pretrained(widths)
        weights = {name: weights.detach() for name, weights in body.named_parameters()}
        there = found_in(made(transfer_model, arch, 7), weights)
        assert len(there) == len(weights), (
            f"of the pretrained body's {len(weights)} tensors of weights {len(there)} are in the new "
            "network; all of them come over")


def test_carries_the_statistics(transfer_model):
    arch, body = pretrained()
    statistics = parts(body)[2]
    there = found_in(made(transfer_model, arch, 7), statistics)
    assert len(there) == len(statistics), (
        f"of BatchNorm's {len(statistics)} running means and variances {len(there)} came over as they were; "
        "did pictures pass, or were they set back?")


def test_the_old_classifier_is_gone(transfer_model):
    arch, _ = pretrained()
    old = {"classifier": arch(weights="DEFAULT").classifier.weight.detach()}
    assert not found_in(made(transfer_model, arch, 7), old), (
        "the pretrained classifier, which knows other classes, is still in the network")


def test_the_body_is_frozen(transfer_model):
    for widths in ((6, 10), (4, 7, 9, 12)):
        arch, body = pretrained(widths)
        kernels = parts(body)[0]
        model = made(transfer_model, arch, 4)
        train(model, 4)
        changed = len(kernels) - len(found_in(model, kernels))
        assert not changed, (
            f"in three steps of training {changed} of the body's {len(kernels)} convolutions changed; the "
            "body is frozen")


def test_batch_norm_goes_on_learning(transfer_model):
    arch, body = pretrained((4, 7, 9, 12))
    _, learns, follows = parts(body)
    model = made(transfer_model, arch, 4)
    train(model, 4)
    still = found_in(model, learns)
    assert not still, (
        f"in three steps of training {len(still)} of BatchNorm's {len(learns)} weights and biases stood "
        "still; they learn")
    still = found_in(model, follows)
    assert not still, (
        f"{len(still)} of BatchNorm's {len(follows)} running means and variances stood still; they follow "
        "the pictures")


def test_all_of_the_head_learns(transfer_model):
    arch, body = pretrained()
    old = copied(body)
    model = made(transfer_model, arch, 4)
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    new = {name for name, weights in before.items()
           if not any(weights.shape == v.shape and torch.equal(weights, v) for v in old.values())}
    train(model, 4)
    still = {name for name in new if torch.equal(model.get_parameter(name), before[name])}
    assert not still, (
        f"of the head's {len(new)} tensors of weights {len(still)} stood still ({min(still)}); all of them "
        "learn")


def test_the_head_is_new(transfer_model):
    arch, body = pretrained()
    old = copied(body)
    one = {name: value for name, value in copied(made(transfer_model, arch, 7)).items() if value.ndim > 1}
    one = {name: value for name, value in one.items()
           if not any(value.shape == v.shape and torch.equal(value, v) for v in old.values())}
    same = found_in(made(transfer_model, arch, 7), one)
    assert one and not same, (
        "two networks made one after the other must have different heads: each starts at random")


def to_train_and_to_validate(files, stats):
    """Of 20 pictures of each breed 10 to train on and 10 to validate: (images, breeds) twice, normalized with
    `stats`."""
    from PIL import Image

    files = sorted(files)
    names = [file.stem.rpartition("_")[0] for file in files]
    breeds = torch.tensor([sorted(set(names)).index(name) for name in names])
    pixels = torch.from_numpy(np.stack([np.asarray(Image.open(file)) for file in files]))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in stats)
    images = (pixels.permute(0, 3, 1, 2) / 255 - mean) / std
    order = torch.stack([torch.randperm(20) + start for start in range(0, len(files), 20)])
    return [(images[rows], breeds[rows]) for rows in (order[:, :10].flatten(), order[:, 10:].flatten())]


def error_after_training(model, pets, epochs=3, rate=1e-2):
    """Error on the validation pictures after one cycle of batches of 16: fifteen steps for eight breeds."""
    (images, breeds), (valid_images, valid_breeds) = pets
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * (len(images) // 16))
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).view(-1, 16):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model.train()(images[batch]), breeds[batch]).backward()
            optimizer.step()
            cycle.step()
    with torch.no_grad():
        return (model.eval()(valid_images).argmax(1) != valid_breeds).float().mean().item()


def pretrained_and_from_scratch(transfer_model, arch, pets):
    """Errors of the answer's network and of the same network from scratch, in which everything learns."""
    scratch = made(transfer_model, lambda weights=None: arch(weights=None), 8).requires_grad_(True)
    return error_after_training(made(transfer_model, arch, 8), pets), error_after_training(scratch, pets)


@pytest.mark.time_limit(90)
def test_beats_the_same_network_from_scratch(transfer_model, few_pets, arch, stats, measured):
    pets = to_train_and_to_validate((few_pets / "images").glob("*.jpg"), stats)
    error, scratch_error = pretrained_and_from_scratch(transfer_model, arch, pets)
    assert measured("error after three epochs", error, below=0.15), (
        f"after three epochs on 8 breeds the error is {error:.0%}: what the body learned before does not show")
    assert measured("its share of the error from scratch", error / scratch_error, below=0.5), (
        f"the pretrained network errs on {error:.0%}, the same network from scratch on {scratch_error:.0%}: "
        "it must be far better")
