"""A Learner that trains in a moment, for what does not depend on the pictures."""

import torch
from fastai.vision.all import DataLoaders, Learner, ProgressCallback, noop
from torch import nn

from tests.lesson7.networks import small_model


def small_learner(batches=6, batch_size=4):
    """A Learner of three groups, all of them learning, with a small network and so many batches an epoch."""
    pictures = [(torch.rand(3, 8, 8), torch.tensor(i % 5)) for i in range(batches * batch_size)]
    dls = DataLoaders.from_dsets(pictures, pictures[:batch_size], bs=batch_size, num_workers=0)

    def split(model):
        body, head = model
        return [list(group.parameters()) for group in (body[:6], body[6:], head)]

    learn = Learner(dls, small_model(), loss_func=nn.CrossEntropyLoss(), splitter=split)
    learn.remove_cb(ProgressCallback)
    learn.logger = noop
    return learn
