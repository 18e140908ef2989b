import math
from copy import deepcopy
from types import SimpleNamespace

import pytest

OTHER_STATS = ([0.6, 0.4, 0.3], [0.3, 0.2, 0.15])


@pytest.fixture(scope="session")
def other_net():
    """Another architecture that fastai knows, with weights, statistics and a width of its own."""
    import torch
    from fastai.vision.learner import default_split, model_meta
    from torch import nn

    def other_net(weights=None):
        def layer(n_in, n_out):
            return nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()

        with torch.random.fork_rng():
            if weights is not None:
                torch.manual_seed(2024)  # its "pretrained" weights are always the same ones
            return nn.Sequential(*layer(3, 16), *layer(16, 24), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 90))

    model_meta[other_net] = {"cut": -3, "split": default_split, "stats": deepcopy(OTHER_STATS), "weights": "DEFAULT"}
    yield other_net
    del model_meta[other_net]


@pytest.fixture(scope="session")
def made(pet_learner, few_pets, arch, stats, other_net):
    """What the answer makes of eight breeds, for two architectures."""
    return [learner_of(pet_learner, few_pets, arch, stats), learner_of(pet_learner, few_pets, other_net, OTHER_STATS)]


def learner_of(pet_learner, folder, arch, stats):
    from petkata.checking.fixtures import loaders

    dls = loaders(folder)
    return SimpleNamespace(learn=pet_learner(dls, arch), dls=dls, arch=arch, stats=stats, folder=folder)


def outputs(learn):
    """What the network says of a batch of validation pictures."""
    import torch

    pictures, _ = learn.dls.valid.one_batch()
    with torch.no_grad():
        return learn.model.eval()(pictures.to(device_of(learn))).cpu()


def device_of(learn):
    return next(learn.model.parameters()).device  # fastai takes a GPU where there is one, but not for a model at rest


def layers(model, kind):
    return [layer for layer in model.modules() if isinstance(layer, kind)]


def body_convolutions(one):
    """Names, in the learner's model, of the convolutions that have the pretrained weights; and how many there are."""
    from torch import nn

    pretrained = [layer.weight for layer in layers(one.arch(weights="DEFAULT"), nn.Conv2d)]
    names = [name for weight in pretrained for name, value in one.learn.model.named_parameters()
             if value.shape == weight.shape and value.cpu().equal(weight)]
    return names, len(pretrained)


def test_is_a_learner_on_these_loaders(pet_learner, made):
    from fastai.learner import Learner

    for one in made:
        assert isinstance(one.learn, Learner), f"a fastai Learner is expected, not a {type(one.learn).__name__}"
        assert one.learn.dls is one.dls, "the learner must learn from the loaders that it was given"


def test_has_an_output_for_each_breed(pet_learner, made):
    for one in made:
        n = outputs(one.learn).shape[-1]
        assert n == 8, f"the loaders know 8 breeds, so the network must have 8 outputs; with {one.arch.__name__} it has {n}"


def test_gives_logits(pet_learner, made):
    for one in made:
        sums = outputs(one.learn).sum(dim=1)
        assert (sums - 1).abs().max() > 1e-3, (
            "the outputs of each picture add up to 1: these are probabilities, and the loss takes logits"
        )


def test_the_body_is_pretrained(pet_learner, made):
    for one in made:
        names, n = body_convolutions(one)
        assert len(names) >= n, (
            f"of the {n} convolutions of {one.arch.__name__} only {len(names)} have their pretrained weights: "
            "the others know nothing about pictures"
        )


def test_the_head_is_new(pet_learner, made):
    from torch import nn

    for one in made:
        old = layers(one.arch(weights="DEFAULT"), nn.Linear)[-1].weight
        kept = [layer for layer in layers(one.learn.model, nn.Linear)
                if layer.weight.shape == old.shape and layer.weight.cpu().equal(old)]
        assert not kept, f"the old classifier of {one.arch.__name__} is still there: it tells {len(old)} other classes apart"


def test_the_loss_is_cross_entropy(pet_learner, made):
    import torch

    logits = torch.randn(6, 8, generator=torch.Generator().manual_seed(1)) * 3
    targets = torch.tensor([3, 0, 7, 5, 5, 1])
    rows = zip(logits.double().tolist(), targets.tolist())
    expected = sum(math.log(sum(math.exp(logit - row[target]) for logit in row)) for row, target in rows) / 6
    for one in made:
        loss = float(one.learn.loss_func(logits, targets))
        assert loss == pytest.approx(expected, rel=1e-4), (
            f"on a batch of which the cross entropy is {expected:.4f}, the learner's loss is {loss:.4f}"
        )


def test_reports_the_error_rate(pet_learner, made):
    for one in made:
        assert len(one.learn.metrics) == 1, f"error_rate is the only metric asked for; there are {len(one.learn.metrics)}"
        reported = evaluated(one.learn)[1]
        predictions, targets = predicted(one.learn)
        wrong = sum(row.index(max(row)) != target for row, target in zip(predictions, targets))
        assert reported == pytest.approx(wrong / len(targets), abs=1e-4), (
            f"{wrong} of {len(targets)} validation pictures are told wrong: the metric must say {wrong / len(targets):.4f}, "
            f"not {reported:.4f}"
        )


def evaluated(learn):
    """Loss and metrics on the validation pictures."""
    with learn.no_bar(), learn.no_logging():
        return [float(value) for value in learn.validate()]


def predicted(learn):
    with learn.no_bar(), learn.no_logging():
        predictions, targets = learn.get_preds()
    return predictions.tolist(), targets.tolist()


def test_the_body_sees_its_own_statistics(pet_learner, made):
    import torch
    from torch import nn

    from petkata.checking.fixtures import loaders

    for one in made:
        mean, std = (torch.tensor(values)[:, None, None] for values in one.stats)
        expected = (loaders(one.folder).valid.one_batch()[0].cpu() - mean) / std
        first = next(layer for layer in layers(one.learn.model, nn.Conv2d) if layer.in_channels == 3)
        seen = []
        hook = first.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].cpu()))
        outputs(one.learn)
        hook.remove()
        off = float((seen[0] - expected).abs().mean())
        assert off < 0.01, (
            f"{one.arch.__name__} was pretrained on pictures with mean {one.stats[0]} and deviation {one.stats[1]}, and "
            f"must see pictures normalized with these; its first layer gets values that are {off:.2f} off"
        )


def first_loss(learn):
    """Cross entropy of a copy of the network on the training batches, as in training, but nothing is learned."""
    import copy

    import torch
    from torch.nn.functional import cross_entropy

    model, losses = copy.deepcopy(learn.model).train(), []
    with torch.no_grad():
        for pictures, breeds in learn.dls.train:
            logits = model(pictures.to(device_of(learn))).as_subclass(torch.Tensor).cpu()
            losses.append(float(cross_entropy(logits, breeds.as_subclass(torch.Tensor).cpu())))
    return sum(losses) / len(losses)


def test_nothing_was_trained_yet(pet_learner, made):
    from torch import nn

    for one in made:
        pretrained = [layer.running_mean for layer in layers(one.arch(weights="DEFAULT"), nn.BatchNorm2d)]
        norms = layers(one.learn.model, nn.BatchNorm2d)
        moved = sum(not any(layer.running_mean.cpu().equal(mean) for mean in pretrained) for layer in norms)
        assert moved == 0, (
            f"{moved} of the {len(norms)} BatchNorm layers of the body have new running means: the learner has been trained; "
            "it was to be made only"
        )


def test_begins_near_the_loss_of_guessing(pet_learner, made, measured):
    loss, guessing = first_loss(made[0].learn), math.log(8)
    assert measured("first loss / log(8)", loss / guessing, above=0.5), (
        f"guessing among 8 breeds costs log(8) = {guessing:.2f}, and this learner begins at {loss:.2f}: it is trained already"
    )
    assert measured("first loss / log(8)", loss / guessing, below=4), (
        f"guessing among 8 breeds costs log(8) = {guessing:.2f}, and this learner begins at {loss:.2f}: its new head is "
        "very sure of itself before it has seen anything"
    )


def test_only_head_and_batchnorm_learn(pet_learner, made):
    from torch import nn

    from petkata.checking.watching import moved, weights

    for one in made:
        learn = one.learn
        convolutions, _ = body_convolutions(one)
        norms = {f"{name}.weight" for name, layer in learn.model.named_modules() if isinstance(layer, nn.BatchNorm2d)}
        linears = {f"{name}.weight" for name, layer in learn.model.named_modules() if isinstance(layer, nn.Linear)}
        before = weights(learn.model)
        with learn.no_bar(), learn.no_logging():
            learn.fit(1, 5e-3)
        changed = moved(learn.model, before)
        thawed = changed & set(convolutions)
        assert not thawed, (
            f"{len(thawed)} of the {len(convolutions)} pretrained convolutions changed in an epoch of training: the body "
            "must be frozen, or the new, random head spoils it"
        )
        assert linears <= changed, "the head must learn, and not all of it changed in an epoch of training"
        assert norms <= changed, (
            f"{len(norms - changed)} of the {len(norms)} BatchNorm layers of the body kept their weights in an epoch of "
            "training: they must go on learning, to fit the body to the new pictures"
        )
