"""Lesson 2, part 6: loaders and a pretrained network make a learner."""

from typing import Callable

from fastai.vision.all import DataLoaders, Learner


def pet_learner(dls: DataLoaders, arch: Callable) -> Learner:
    """A fastai Learner for the breeds of `dls`, ready to be trained, not trained yet.

    `arch` is an architecture that fastai knows, such as `petnet10` or `resnet34`. The learner has
    - the body of `arch` with its pretrained weights, frozen except for BatchNorm, and a new, random head with one
      output for each breed of `dls.vocab`;
    - the loss of part 4, and error_rate as its only metric;
    - pictures normalized with the statistics that `arch` was pretrained with.
    With 37 breeds, guessing costs log(37) = 3.6; `pet_learner(dls, petnet10)` begins to train somewhat above that.
    """
    ### BEGIN SOLUTION
    from fastai.vision.all import error_rate, vision_learner

    return vision_learner(dls, arch, metrics=error_rate)  # cnn_learner is its old name, and warns
    ### END SOLUTION
