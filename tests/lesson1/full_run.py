import pytest

pytestmark = pytest.mark.gpu


def test_transfer_learning_reaches_the_lessons_error(transfer_model, normalize, full_run):
    """The lesson's network with fastai's own loop: four epochs, frozen, as `cnn_learner` would train it."""
    import torch
    from fastai.vision.all import CrossEntropyLossFlat, Learner, Transform, error_rate, params

    from petkata.full.running import statistics

    mean, std = (torch.tensor(values, device=full_run.world.device) for values in statistics(full_run.world.shallow))

    class Normalized(Transform):
        order = 99  # after the augmentation

        def encodes(self, images: torch.Tensor):
            return normalize(images, mean, std) if images.is_floating_point() else images

    dls = full_run.loaders()
    dls.add_tfms([Normalized()], "after_batch")
    model = transfer_model(full_run.world.shallow, dls.c)
    learn = Learner(dls, model, loss_func=CrossEntropyLossFlat(), metrics=error_rate,
                    splitter=lambda model: [params(model[0]), params(model[1])] if len(model) == 2 else [params(model)])
    run = full_run.watched("transfer_model, four epochs", learn, lambda learn: learn.fit_one_cycle(4, full_run.world.rate))
    figure = full_run.figure("1", "transfer_model, 4 epochs, frozen", run, reference=0.0677, rehearsal=0.6)
    assert figure.reached, str(figure)
