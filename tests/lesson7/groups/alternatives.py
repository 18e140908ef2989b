from torch import nn

from petkata.checking import alternative


@alternative
def layer_groups(model):
    """Walk through the body and change over where half of the stages have passed."""
    try:
        body, head = model
    except ValueError:
        raise ValueError("body and head, please") from None
    n_stages = sum(1 for layer in body if any(True for _ in layer.children()))
    if n_stages < 2:
        raise ValueError("too few stages")
    early, late, seen = [], [], 0
    for layer in body.children():
        is_stage = any(True for _ in layer.children())
        (late if late or (is_stage and seen >= n_stages // 2) else early).append(layer)
        seen += is_stage
    return nn.Sequential(*early), nn.Sequential(*late), head


@alternative
def layer_groups(model):
    """From the names of the body's layers, kept as they are."""
    from collections import OrderedDict

    parts = list(model.children())
    if len(parts) != 2:
        raise ValueError("parts")
    named = list(parts[0].named_children())
    stages = [name for name, layer in named if len(list(layer.modules())) > 1]
    if len(stages) <= 1:
        raise ValueError("stages")
    order = [name for name, _ in named]
    cut = order.index(stages[len(stages) // 2])
    return [nn.Sequential(OrderedDict(named[:cut])), nn.Sequential(OrderedDict(named[cut:])), parts[1]]


@alternative
def layer_groups(model):
    """Cut off stage by stage from the end."""
    if len(model) > 2 or len(model) < 2:
        raise ValueError("body and head")
    body = model[0]
    places = list(filter(lambda place: len(list(body[place].children())) > 0, range(len(body))))
    if len(places) in (0, 1):
        raise ValueError("stages")
    n_late = len(places) - len(places) // 2
    cut = places[-n_late]
    return [nn.Sequential(*[body[i] for i in range(0, cut)]), nn.Sequential(*[body[i] for i in range(cut, len(body))]),
            nn.Sequential(model[1])]
