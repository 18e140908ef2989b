from petkata.checking import alternative


@alternative
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """On the learner itself, by hand; everything is noted before and put back after."""
    import copy
    import math
    import random

    import numpy as np
    import torch

    from solutions.lesson6.smooth import smooth
    from solutions.lesson6.sweep import sweep

    rates, tried, losses = sweep(lr_start, lr_end, n_steps), [], []
    model, opt, shuffling = learn.model, learn.opt, learn.dls.train.rng.getstate()
    values = copy.deepcopy(model.state_dict())
    modes = [(layer, layer.training) for layer in model.modules()]
    kept = None if opt is None else copy.deepcopy(opt.state_dict())
    python, numpy, generators = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        if learn.opt is None:
            learn.create_opt()
        model.train()
        batches = iter(learn.dls.train)
        for rate in rates:
            try:
                batch = next(batches)
            except StopIteration:
                batches = iter(learn.dls.train)
                batch = next(batches)
            for group in learn.opt.hypers:
                group["lr"] = rate
            loss = learn.loss_func(model(*batch[:-1]), batch[-1])
            if not torch.isfinite(loss):
                break
            learn.opt.zero_grad()
            loss.backward()
            learn.opt.step()
            tried.append(rate)
            losses.append(float(loss.detach()))
            curve = smooth(losses, 0.98)
            if curve[-1] > 4 * min(curve):
                break
    finally:
        model.load_state_dict(values)
        for layer, training in modes:
            layer.training = training
        for parameter in model.parameters():
            parameter.grad = None
        learn.opt = opt
        if opt is not None:
            opt.load_state_dict(kept)
        learn.dls.train.rng.setstate(shuffling)
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(generators)
    return tried, [loss for loss in losses if math.isfinite(loss)]


@alternative
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """With a callback, on a copy of the learner."""
    import copy

    import numpy as np
    import torch
    from fastai.callback.core import Callback, CancelFitException, CancelValidException
    from fastai.torch_core import get_random_states, set_random_states

    rates = np.geomspace(lr_start, lr_end, n_steps) if 0 < lr_start < lr_end and n_steps >= 2 else None
    if rates is None:
        raise ValueError("no sweep")

    class Test(Callback):
        def before_fit(self):
            self.losses, self.total, self.weight, self.best = [], 0.0, 0.0, float("inf")

        def before_batch(self):
            self.opt.set_hypers(lr=float(rates[len(self.losses)]))

        def after_loss(self):
            if not torch.isfinite(self.loss):
                raise CancelFitException()

        def after_batch(self):
            self.losses.append(self.loss.detach())
            self.total, self.weight = 0.98 * self.total + float(self.loss.detach()), 0.98 * self.weight + 1
            self.best = min(self.best, self.total / self.weight)
            if self.total / self.weight > 4 * self.best or len(self.losses) == n_steps:
                raise CancelFitException()

        def before_validate(self):
            raise CancelValidException()

    states = get_random_states()
    try:
        test = Test()
        copy.deepcopy(learn).fit(n_steps // len(learn.dls.train) + 1, cbs=test)
    finally:
        set_random_states(**states)
    return list(rates[:len(test.losses)]), test.losses


@alternative
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """With a callback, on the learner itself, its weights kept in a file for the time."""
    import copy
    from tempfile import TemporaryDirectory

    import torch
    from fastai.callback.core import CancelFitException, CancelValidException
    from fastai.callback.schedule import ParamScheduler, SchedExp
    from fastai.torch_core import get_random_states, set_random_states

    from solutions.lesson6.smooth import smooth
    from solutions.lesson6.sweep import sweep

    all_rates = sweep(lr_start, lr_end, n_steps)

    class Finder(ParamScheduler):
        def __init__(self):
            super().__init__({"lr": SchedExp(lr_start, lr_end)})
            self.tried, self.values = [], []

        def before_batch(self):
            self._update_val(len(self.tried) / (n_steps - 1))

        def after_loss(self):
            if not bool(torch.isfinite(self.loss)):
                raise CancelFitException()

        def after_batch(self):
            self.values.append(self.loss.item())
            self.tried.append(all_rates[len(self.tried)])
            curve = smooth(self.values)
            if curve[-1] > 4 * min(curve) or len(self.tried) == n_steps:
                raise CancelFitException()

        def after_fit(self):
            pass

        def before_validate(self):
            raise CancelValidException()

    states, shuffling = get_random_states(), copy.deepcopy(learn.dls.train.rng)
    modes = {name: layer.training for name, layer in learn.model.named_modules()}
    opt, finder = learn.opt, Finder()
    with TemporaryDirectory() as folder:
        torch.save(learn.model.state_dict(), f"{folder}/model.pth")
        if opt is not None:
            torch.save(opt.state_dict(), f"{folder}/opt.pth")
        try:
            learn.fit(n_steps // len(learn.dls.train) + 1, cbs=finder)
        finally:
            learn.model.load_state_dict(torch.load(f"{folder}/model.pth"))
            learn.model.zero_grad()
            learn.opt = opt
            if opt is not None:
                opt.load_state_dict(torch.load(f"{folder}/opt.pth", weights_only=False))
            for name, layer in learn.model.named_modules():
                layer.training = modes[name]
            learn.dls.train.rng = shuffling
            set_random_states(**states)
    return finder.tried, finder.values
