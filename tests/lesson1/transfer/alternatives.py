from torch import nn

from petkata.checking import alternative
from solutions.lesson1.body import cut_body
from solutions.lesson1.freeze import freeze
from solutions.lesson1.head import new_head


@alternative
def transfer_model(arch, n_classes):
    """A class of its own; the width from the body's last BatchNorm; frozen at the end."""
    class Transfer(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = cut_body(model=arch(weights="DEFAULT"))
            width = [layer.num_features for layer in self.body.modules()
                     if isinstance(layer, nn.BatchNorm2d)][-1]
            self.head = new_head(n_features=width, n_classes=n_classes, dropout=0.25)
            freeze(body=self.body)

        def forward(self, images):
            return self.head(self.body(images))

    return Transfer()


@alternative
def transfer_model(arch, n_classes):
    """One flat row of layers with the average pooling and a plain linear layer for a head."""
    layers = [layer for layer in arch(weights="DEFAULT").children()]
    cut = max(place for place, layer in enumerate(layers) if "Pool2d" in type(layer).__name__)
    for weights in [weights for layer in layers[:cut] for part in layer.modules()
                    if not isinstance(part, nn.BatchNorm2d)
                    for weights in part.parameters(recurse=False)]:
        weights.requires_grad = False
    return nn.Sequential(*layers[:cut], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(n_classes))


@alternative
def transfer_model(arch, n_classes):
    """fastai's parts, with its own cut, head and splitter."""
    from fastai.vision.learner import create_body, create_head, num_features_model

    import petkata.torchvision_guard  # noqa: F401

    body = create_body(arch("DEFAULT"), pretrained=True)
    freeze(body)
    return nn.Sequential(body, create_head(num_features_model(body), n_classes))
