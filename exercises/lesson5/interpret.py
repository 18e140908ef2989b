"""Lesson 5, part 5: where a learner went wrong, on the pictures that it never trained on."""

from fastai.vision.all import ClassificationInterpretation, Learner


def interpret(learn: Learner, min_val: int = 5, k: int = 9) -> dict:
    """Where `learn` went wrong on its validation pictures. Returns a dict with the keys
    - "matrix": the confusion matrix, whole numbers, (C, C), in the order of `learn.dls.vocab`;
    - "pairs": the pairs that were confused `min_val` times or more, as `most_confused` gives them;
    - "error_rate": the share of the pictures that was classified wrong, 0 to 1: what stands off the diagonal, of all;
    - "top_losses": the `k` pictures that cost most, as `top_losses` gives them, by their places in `learn.dls.valid.items`
      (there must be `k` pictures or more).
    All four are about the same pictures and the same predictions. The learner stays as it is: nothing is trained, and its
    network is left in eval mode. `min_val` is 5 here, not 1: what happened once or twice may be chance.
    `interpret(learn)["pairs"][0]` is the pair that was confused most often, if any was confused five times.
    """
    raise NotImplementedError("interpret")
