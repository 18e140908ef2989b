from torch import nn

from petkata.checking import alternative


@alternative
def depth(model):
    if isinstance(model, (nn.modules.conv._ConvNd, nn.Linear)):
        return 1
    return sum(depth_of(part) for name, part in model.named_children() if name not in ("downsample", "shortcut"))


def depth_of(model):
    if isinstance(model, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)):
        return 1
    return sum(depth_of(part) for name, part in model.named_children() if name not in ("downsample", "shortcut"))


@alternative
def depth(model):
    all_layers = [layer for layer in model.modules() if type(layer).__name__ in ("Conv1d", "Conv2d", "Conv3d", "Linear")]
    aside = set()
    for module in model.modules():
        for name in ("downsample", "shortcut"):
            if isinstance(getattr(module, name, None), nn.Module):
                aside.update(map(id, getattr(module, name).modules()))
    return len([layer for layer in all_layers if id(layer) not in aside])


@alternative
def depth(model):
    import re

    import numpy as np

    layers = dict(model.named_modules())
    main = [name for name in layers if not re.search(r"(^|\.)(downsample|shortcut)(\.|$)", name)]
    return np.sum([isinstance(layers[name], (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)) for name in main])
