import numpy as np

from petkata.checking import alternative


@alternative
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    """The rates of the groups worked out first, and given as lists."""
    from solutions.lesson7.rates import spread

    n_groups = len(learn.splitter(learn.model))
    learn.freeze_to(-1)
    learn.fit_one_cycle(n_epoch=freeze_epochs, lr_max=spread(slice(base_lr), n_groups), pct_start=0.99)
    learn.freeze_to(0)
    rates = spread(slice(0.5 * base_lr / lr_mult, 0.5 * base_lr), n_groups)
    learn.fit_one_cycle(n_epoch=epochs, lr_max=rates, div=5, pct_start=0.3)


@alternative
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    """The cycles made by hand, too."""
    from fastai.callback.schedule import ParamScheduler, combined_cos

    def cycle(n_epochs, tops, pct_start, div):
        tops = np.array(tops)
        rates = combined_cos(pct_start, tops / div, tops, tops / 1e5)
        learn.fit(n_epochs, cbs=ParamScheduler({"lr": rates, "mom": combined_cos(pct_start, 0.95, 0.85, 0.95)}))

    n_groups = len(learn.splitter(learn.model))
    learn.freeze()
    cycle(freeze_epochs, [base_lr / 10] * (n_groups - 1) + [base_lr], 0.99, 25)
    learn.unfreeze()
    cycle(epochs, np.geomspace(base_lr / 2 / lr_mult, base_lr / 2, n_groups), 0.3, 5)
    return learn


@alternative
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    """The groups frozen and woken by hand, with the optimizer made anew for each step."""
    from torch.nn.modules.batchnorm import _BatchNorm

    groups = learn.splitter(learn.model)
    learn.create_opt()
    for group in groups[:-1]:
        for parameter in group:
            parameter.requires_grad_(False)
    for layer in learn.model.modules():
        if isinstance(layer, _BatchNorm):
            layer.requires_grad_(True)
    learn.fit_one_cycle(freeze_epochs, slice(None, base_lr), pct_start=0.99)
    for parameter in learn.model.parameters():
        parameter.requires_grad_(True)
    learn.create_opt()
    half = base_lr / 2
    learn.fit_one_cycle(epochs, slice(half / lr_mult, half), pct_start=0.3, div=5.0)
