import copy

from torch import nn

from petkata.checking import mistake

POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)


def cuts(model):
    found = [place for place, layer in enumerate(model.children()) if isinstance(layer, POOLING)]
    if not found:
        raise ValueError("nowhere to cut")
    return found


@mistake("The cut is at the first pooling layer. Networks pool early on, too: the last one is meant.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    return nn.Sequential(*list(model.children())[: cuts(model)[0]])


@mistake("Only the very last layer is taken off. The pooling layer, and all that follows it, must go as "
         "well.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    cuts(model)
    return nn.Sequential(*list(model.children())[:-1])


@mistake("The pooling layer is still there: the cut is one layer too late.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    return nn.Sequential(*list(model.children())[: cuts(model)[-1] + 1])


@mistake("The whole network comes back, classifier and all.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    cuts(model)
    return model


@mistake("The features are flattened at the end. A feature map keeps its height and width.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    return nn.Sequential(*list(model.children())[: cuts(model)[-1]], nn.Flatten())


@mistake("Only one kind of pooling layer is looked for. There are others: nn.AvgPool2d, nn.MaxPool2d ...",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    layers = list(model.children())
    found = [place for place, layer in enumerate(layers) if isinstance(layer, nn.AdaptiveAvgPool2d)]
    cuts(model)
    return nn.Sequential(*layers[: found[-1] if found else len(layers)])


@mistake("Each layer is made new, with random weights. The pretrained weights are what the body is kept for.",
         caught_by="test_sees_what_the_model_saw")
def cut_body(model):
    body = copy.deepcopy(nn.Sequential(*list(model.children())[: cuts(model)[-1]]))
    for layer in body.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return body


@mistake("The weights come over, BatchNorm's running statistics do not. They belong to what was learned.",
         caught_by="test_sees_what_the_model_saw")
def cut_body(model):
    body = copy.deepcopy(nn.Sequential(*list(model.children())[: cuts(model)[-1]]))
    for layer in body.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
    return body


@mistake("The layers are taken out of their blocks (modules() instead of children()), so the shortcuts are "
         "lost.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    cuts(model)
    layers = [layer for layer in model.modules() if not list(layer.children())]
    last = max(place for place, layer in enumerate(layers) if isinstance(layer, POOLING))
    return nn.Sequential(*layers[:last])


@mistake("The classifier is hidden, not gone: the network still carries its weights.",
         caught_by="test_the_classifier_is_gone")
def cut_body(model):
    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.model, self.last = model, cuts(model)[-1]

        def forward(self, x):
            for layer in list(self.model.children())[: self.last]:
                x = layer(x)
            return x

    return Body()


@mistake("The layers are cut out of the model that was given. It must stay as it is: make a new network of "
         "its layers.",
         caught_by="test_makes_a_feature_map_of_pictures")
def cut_body(model):
    body = nn.Sequential(*list(model.children())[: cuts(model)[-1]])
    for name, _ in list(model.named_children())[cuts(model)[-1]:]:
        setattr(model, name, nn.Identity())
    return body


@mistake("A model without a pooling layer comes back whole. It must get a ValueError.",
         caught_by="test_refuses_a_model_without_pooling")
def cut_body(model):
    layers = list(model.children())
    while any(isinstance(layer, POOLING) for layer in layers):
        last = layers.pop()
        if isinstance(last, POOLING):
            break
    return nn.Sequential(*layers)
