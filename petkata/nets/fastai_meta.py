"""Tell fastai about the nets without importing it.

fastai looks up where to cut and how to split an architecture in `fastai.vision.learner.model_meta`. When that
module is loaded already, the nets are entered at once; otherwise they are entered the moment it has been
loaded. So the order of the imports does not matter, and who wants only the torch module waits for nothing.
"""

from petkata.after_import import after_import


def body_halves_and_head(model):
    """The layer groups of a resnet, each a list of parameters: early half of the body, late half, head."""
    body, head = model[0], model[1:]
    return [list(group.parameters()) for group in (body[:6], body[6:], head)]


def register_with_fastai(meta: dict, *architectures) -> None:
    """Enter `architectures` in fastai's table, now or when fastai comes."""
    meta = {"cut": -2, "split": body_halves_and_head, **meta}

    def enter(learner):
        learner.model_meta.update({arch: dict(meta) for arch in architectures})

    after_import("fastai.vision.learner", enter)
