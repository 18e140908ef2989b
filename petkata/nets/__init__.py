"""Small residual networks with pretrained weights: `cnn_learner(dls, petnet10)` works as with any resnet."""
from petkata.nets.fastai_meta import register_with_fastai
from petkata.nets.petnet import STATS, petnet10, petnet18, petnet26

__all__ = ["STATS", "petnet10", "petnet18", "petnet26"]

register_with_fastai({"stats": STATS, "weights": "DEFAULT"}, petnet10, petnet18, petnet26)
