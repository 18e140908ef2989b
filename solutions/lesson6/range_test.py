"""Lesson 6, part 3: raise the learning rate until it breaks, and leave no trace."""

from fastai.vision.all import Learner


def range_test(
    learn: Learner, lr_start: float = 1e-7, lr_end: float = 10.0, n_steps: int = 100
) -> tuple[list[float], list[float]]:
    """Train on one batch at each rate of `sweep(lr_start, lr_end, n_steps)`, and put everything back as it was.

    Returns `(rates, losses)`, two lists of floats, equally long: each batch's rate, in all groups of the optimizer, and
    its loss, as it was before that batch's step, not smoothed. `rates, losses = range_test(learn)`.
    The batches are those of `learn.dls.train`, one after the other, and from the beginning again when they run out.
    Stops before the sweep ends
    - after a batch whose smoothed loss is more than 4 times the lowest smoothed loss so far (`smooth` with `beta` 0.98);
    - at a batch whose loss is nan or infinite. Such a batch is left out of both lists.
    Afterward, even if training raises an error (it goes on up), these are as they were: the values in `learn.model`,
    BatchNorm's statistics included, and what of it is frozen or in training mode; `learn.opt`, its state and hyperparameters,
    or None; `learn.cbs`; the random numbers of Python, NumPy and torch, and `learn.dls.train.rng`. No gradients are left from
    the test (None or zeros). Raises ValueError for a sweep that `sweep` refuses, and changes nothing.
    """
    ### BEGIN SOLUTION
    import copy
    import math
    from itertools import chain, repeat

    from fastai.torch_core import get_random_states, set_random_states

    from .smooth import smooth
    from .sweep import sweep

    trial, loader = copy.copy(learn), learn.dls.train
    trial.model, trial.opt = copy.deepcopy((learn.model, learn.opt))  # together: the new optimizer holds the new weights
    random_states, shuffling = get_random_states(), loader.rng.getstate()
    rates, losses = [], []
    try:
        if trial.opt is None:
            trial.create_opt()
        model = trial.model.to(learn.dls.device).train()
        batches = chain.from_iterable(repeat(loader))
        for rate, (pictures, targets) in zip(sweep(lr_start, lr_end, n_steps), batches):
            trial.opt.set_hypers(lr=rate)
            loss = learn.loss_func(model(pictures), targets)
            if not math.isfinite(loss.item()):
                break
            loss.backward()
            trial.opt.step()
            trial.opt.zero_grad()
            rates.append(rate)
            losses.append(loss.item())
            smoothed = smooth(losses)
            if smoothed[-1] > 4 * min(smoothed):
                break
    finally:
        set_random_states(**random_states)
        loader.rng.setstate(shuffling)
    return rates, losses
    ### END SOLUTION
