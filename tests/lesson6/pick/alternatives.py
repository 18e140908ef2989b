from petkata.checking import alternative


@alternative
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """lr_find on a copy of the learner, model and optimizer copied together."""
    import copy
    import tempfile
    from pathlib import Path

    from fastai.callback.schedule import SuggestionMethod
    from fastai.torch_core import get_random_states, set_random_states

    trial = copy.deepcopy(learn)
    states = get_random_states()
    with tempfile.TemporaryDirectory() as folder:
        trial.path = Path(folder)
        try:
            return trial.lr_find(start_lr=lr_start, end_lr=lr_end, num_it=n_steps, show_plot=False,
                                 suggest_funcs=[SuggestionMethod.Minimum, SuggestionMethod.Steep])
        finally:
            set_random_states(**states)


@alternative
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """By hand, from the parts of this lesson: the middle of the curve is read, as lr_find does."""
    from solutions.lesson6.range_test import range_test
    from solutions.lesson6.smooth import smooth
    from solutions.lesson6.suggest import suggest_minimum, suggest_steepest

    rates, losses = range_test(learn, lr_start, lr_end, n_steps)
    middle = slice(n_steps // 10, -5)
    rates, losses = rates[middle], smooth(losses)[middle]
    return [suggest_minimum(rates, losses), suggest_steepest(rates, losses)]


@alternative
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    """On the learner itself, the weights kept in memory; lr_find gets a folder by its whole path."""
    import copy
    import random
    import shutil
    import tempfile

    import numpy as np
    import torch
    from fastai.callback.schedule import minimum, steep

    rng = copy.deepcopy(learn.dls.train.rng)
    python, numpy, generator = random.getstate(), np.random.get_state(), torch.get_rng_state()
    opt, where, modes = learn.opt, learn.model_dir, {name: m.training for name, m in learn.model.named_modules()}
    kept = None if opt is None else copy.deepcopy(opt.state_dict())
    values = {name: value.clone() for name, value in learn.model.state_dict().items()}
    learn.model_dir = tempfile.mkdtemp()
    try:
        lr_min, lr_steep = learn.lr_find(lr_start, lr_end, n_steps, True, False, (minimum, steep))
    finally:
        shutil.rmtree(learn.model_dir)
        learn.model_dir, learn.opt, learn.dls.train.rng = where, opt, rng
        learn.model.load_state_dict(values)
        for parameter in learn.model.parameters():
            parameter.grad = None
        if opt is not None:
            opt.load_state_dict(kept)
        for name, layer in learn.model.named_modules():
            layer.training = modes[name]
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(generator)
    return lr_min, lr_steep
