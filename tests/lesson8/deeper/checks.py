import warnings
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.time_limit(60)


@pytest.fixture(scope="session")
def made(deeper_learner, few_loaders, arch):
    """What the answer makes of eight breeds, for the network of this run and for a deeper one, before any training."""
    from petkata.nets import petnet18, petnet26

    others = [other for other in (petnet26, petnet18) if other.__name__ != arch.__name__]
    return [SimpleNamespace(learn=learner(deeper_learner, few_loaders, one), arch=one) for one in (arch, others[0])]


class Fetched(Exception):
    """An answer was about to download the weights of this address."""


def learner(deeper_learner, dls, arch):
    import torch
    from fastai.learner import Learner

    def download(url, *args, **options):
        raise Fetched(url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.hub, "download_url_to_file", download)
        try:
            learn = deeper_learner(dls, arch)
        except Fetched as error:
            raise AssertionError(
                f"{arch.__name__} was asked for, and its pretrained weights are at hand. Your function was about to download "
                f"{str(error).rpartition('/')[2]}: is another architecture written in it?") from None
    assert isinstance(learn, Learner), f"a fastai Learner is expected, not a {type(learn).__name__}"
    return learn


@pytest.fixture(scope="session")
def run(made):
    """Three steps of the answer's own learner in half precision, watched from outside.

    fastai's callback asks for autocast and a scaler on CUDA; here it is given the CPU's, which do the same.
    """
    import torch
    from fastai.callback import fp16
    from fastai.callback.core import Callback, CancelFitException
    from torch import nn

    from petkata.checking.watching import moved, weights

    class Watch(Callback):
        """Cuts the batches down to two pictures, for float16 is slow on a CPU, and notes by what each loss is multiplied.
        Ends the training after three steps. The first scales are too high, and their steps are skipped: seven or more
        in a row, now and then, and an epoch has eight batches."""

        order = 95  # after the callback of half precision: its skipped steps never come here

        def __init__(self):
            self.factors, self.steps = [], 0

        def before_batch(self):
            self.learn.xb, self.learn.yb = ([values[:2] for values in batch] for batch in (self.xb, self.yb))

        def before_backward(self):
            self.factors.append(float(self.learn.loss_grad.detach()) / max(float(self.learn.loss.detach()), 1e-9))

        def before_step(self):
            self.steps += 1

        def after_batch(self):
            if self.steps == 3:
                raise CancelFitException

    learn, computed, stored = made[0].learn, set(), set()
    assert not [callback for callback in learn.cbs if isinstance(callback, fp16.NonNativeMixedPrecision)], (
        "this learner keeps a copy of the whole network in half precision beside the one in 32 bits. That is fastai's older, "
        "non-native way, which needs a GPU; torch's autocast and scaler, as in part 5, are meant"
    )
    layers = [layer for layer in learn.model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]

    def note(layer, given, output):
        if layer.training:
            computed.add(output.dtype)
            stored.add(layer.weight.dtype)

    hooks = [layer.register_forward_hook(note) for layer in layers]
    before, watch = weights(learn.model), Watch()
    with pytest.MonkeyPatch.context() as patch, learn.no_bar(), learn.no_logging():
        patch.setattr(fp16, "autocast", lambda device, dtype: torch.autocast("cpu", dtype=dtype))
        patch.setattr(fp16, "GradScaler", lambda device, **options: torch.amp.GradScaler("cpu", **options))
        learn.fit(4, 3e-3, cbs=watch)
    for hook in hooks:
        hook.remove()
    return SimpleNamespace(learn=learn, computed=computed, stored=stored, factors=watch.factors,
                           moved=moved(learn.model, before))


def kinds(model, kind):
    return [layer for layer in model.modules() if isinstance(layer, kind)]


def convolutions(one):
    """Names, in the learner's model, of the convolutions that have the pretrained weights; and how many there are."""
    from torch import nn

    pretrained = [layer.weight for layer in kinds(one.arch(weights="DEFAULT"), nn.Conv2d)]
    names = [name for weight in pretrained for name, value in one.learn.model.named_parameters()
             if value.shape == weight.shape and value.cpu().float().equal(weight)]
    return set(names), len(pretrained)


def test_is_a_learner_on_these_loaders(deeper_learner, made, few_loaders):
    for one in made:
        assert one.learn.dls is few_loaders, "the learner must learn from the loaders that it was given"


def test_has_the_pretrained_body_of_the_network_asked_for(deeper_learner, made):
    from torch import nn

    for one in made:
        names, n = convolutions(one)
        there = len(kinds(one.learn.model, nn.Conv2d))
        assert there == n and len(names) == n, (
            f"{one.arch.__name__} was asked for. It has {n} convolutions; this network has {there}, and {len(names)} of them "
            f"have the pretrained weights of {one.arch.__name__}"
        )


def test_has_an_output_for_each_breed(deeper_learner, made, few_loaders):
    from torch import nn

    for one in made:
        n, expected = kinds(one.learn.model, nn.Linear)[-1].out_features, len(few_loaders.vocab)
        assert n == expected, f"the loaders know {expected} breeds, so the network has {expected} outputs; this one has {n}"


def test_reports_the_error_rate(deeper_learner, made):
    import torch

    for one in made:
        assert len(one.learn.metrics) == 1, f"error_rate is the only metric asked for; there are {len(one.learn.metrics)}"
        metric = one.learn.metrics[0]
        metric.reset()
        outputs, breeds = torch.eye(8)[[0, 1, 2, 3, 4]], torch.tensor([0, 1, 2, 5, 7])
        metric.accumulate(SimpleNamespace(pred=outputs, y=breeds, yb=(breeds,), to_detach=lambda x: x))
        assert float(metric.value) == pytest.approx(0.4), (
            f"where 2 of 5 pictures are told wrong the error rate is 0.4; the learner's metric says {float(metric.value):.2g}"
        )


def test_the_weights_are_in_32_bits(deeper_learner, made):
    import torch

    for one in made:
        types = {weight.dtype for weight in one.learn.model.parameters()}
        assert types == {torch.float32}, f"mixed precision keeps the weights in 32 bits; these are {sorted(map(str, types))}"


def test_computes_in_float16_while_it_trains(deeper_learner, run):
    import torch

    assert run.computed == {torch.float16}, (
        f"the convolutions and linear layers compute in torch.float16 while the learner trains; here they computed in "
        f"{sorted(map(str, run.computed))}"
    )
    assert run.stored == {torch.float32}, (
        f"while it trains, too, the weights are in 32 bits; here they were {sorted(map(str, run.stored))}"
    )


def test_scales_the_loss(deeper_learner, run):
    assert run.factors and max(run.factors) > 1.5, (
        "float16 loses small gradients, so the loss is scaled before backward; here it was as it is in every batch"
    )


def test_the_body_is_frozen(deeper_learner, made, run):
    from torch import nn

    frozen = {name for name, layer in run.learn.model.named_modules() if isinstance(layer, nn.Conv2d)}
    changed = {name for name in run.moved if name.rpartition(".")[0] in frozen}
    assert not changed, (
        f"the body is frozen, and {len(changed)} of its {len(frozen)} convolutions changed in training"
    )


def test_head_and_batch_norm_learn(deeper_learner, run):
    from torch import nn

    for kind, what in ((nn.Linear, "linear layers of the head"), (nn.BatchNorm2d, "BatchNorm layers of the body")):
        names = {f"{name}.weight" for name, layer in run.learn.model.named_modules() if isinstance(layer, kind)}
        assert names <= run.moved, f"in training, {len(names - run.moved)} of the {len(names)} {what} did not learn"


def test_was_not_trained_yet(deeper_learner, made):
    assert not getattr(made[1].learn.recorder, "values", None), "the learner has been trained; it was to be made only"


def test_trains_without_a_gpu_too(deeper_learner, made):
    """With fastai's callback as it is: without CUDA it switches itself off, and says so once in a while."""
    learn = made[1].learn
    with warnings.catch_warnings(), learn.no_bar(), learn.no_logging():
        warnings.simplefilter("ignore")
        learn.fit(1, 3e-3)
    loss = float(learn.recorder.values[-1][1])
    assert loss == loss, "the learner is to train on a CPU, too, if only in 32 bits; after an epoch its loss is not a number"
