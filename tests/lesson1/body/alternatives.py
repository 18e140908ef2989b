import copy

from torch import nn

from petkata.checking import alternative


@alternative
def cut_body(model):
    """Take layers off the end until a pooling layer was among them."""
    layers = list(model.children())
    while layers:
        last = layers.pop()
        if type(last).__name__.endswith("Pool2d"):
            return nn.Sequential(*layers)
    raise ValueError("no pooling layer")


@alternative
def cut_body(model):
    """A network of its own, with copies of the layers under their old names."""
    places = {name: place for place, (name, layer) in enumerate(model.named_children())
              if "Pool" in str(type(layer))}
    if not places:
        raise ValueError("no pooling layer")

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            for name, layer in list(model.named_children())[: max(places.values())]:
                self.add_module(name, copy.deepcopy(layer))

        def forward(self, images):
            features = images
            for layer in self._modules.values():
                features = layer(features)
            return features

    return Body()


@alternative
def cut_body(model):
    """As fastai does it."""
    from fastai.vision.learner import create_body

    import petkata.torchvision_guard  # noqa: F401

    try:
        return create_body(model, pretrained=False)
    except StopIteration:
        raise ValueError("fastai found no pooling layer") from None
