"""Lesson 7, part 5: what `learn.fine_tune` does, by hand."""

from fastai.vision.all import Learner


def fine_tune(
    learn: Learner, epochs: int, base_lr: float = 2e-3, freeze_epochs: int = 1, lr_mult: float = 100
) -> None:
    """Train `learn` in two steps, as fastai's `learn.fine_tune` does, without calling that. Returns nothing.

    1. Freeze all but the last group, and train `freeze_epochs` in one cycle: the last group peaks at `base_lr`, the
       others at a tenth of it. `pct_start` is 0.99: the rate rises nearly to the end.
    2. Halve `base_lr`. Unfreeze, and train `epochs` in one cycle: the last group peaks at this halved `base_lr`, the first
       at a part of it (divided by `lr_mult`), the groups between in equal ratios. `pct_start` is 0.3 and `div` is 5.0.
    `learn` may come frozen or not. `fine_tune(learn, 4, 2e-3)` trains one epoch and then four.
    """
    raise NotImplementedError("fine_tune")
