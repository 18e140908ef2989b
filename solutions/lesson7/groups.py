"""Lesson 7, part 1: which layers are early, and which are late."""

from torch import nn


def layer_groups(model: nn.Sequential) -> list[nn.Sequential]:
    """The layers of `model` in three groups, from front to back: early, late, head.

    `model[0]` is the body, an nn.Sequential, and `model[1]` the head. A layer of the body that is made of layers itself
    (`list(layer.children())` is not empty) is a *stage*. Of n stages, counted from 0, late begins with stage n // 2 and
    goes on to the end of the body; all before it is early. A resnet has the stages `layer1` to `layer4`: its late group
    is `layer3` and `layer4`, its early group all before them.
    Each group is an nn.Sequential of the model's own layers, not of copies: `groups[2](groups[1](groups[0](images)))`
    is `model(images)`. So each parameter, frozen or not, is in exactly one group.
    Raises ValueError unless `model` has just these two parts, and its body two stages or more.
    """
    ### BEGIN SOLUTION
    if len(model) != 2:
        raise ValueError(f"a model of two parts, body and head, is needed; this one has {len(model)}")
    body, head = model
    stages = [place for place, layer in enumerate(body) if list(layer.children())]
    if len(stages) < 2:
        raise ValueError(f"a body with two stages or more is needed; this one has {len(stages)}")
    late = stages[len(stages) // 2]
    return [body[:late], body[late:], nn.Sequential(head)]
    ### END SOLUTION
