import torch
from torch import nn

from petkata.checking import mistake
from solutions.lesson1.body import cut_body
from solutions.lesson1.freeze import freeze
from solutions.lesson1.head import new_head


def width_of(body):
    with torch.no_grad():
        return body.eval()(torch.zeros(1, 3, 64, 64)).shape[1]


def frozen_body(arch):
    body = cut_body(arch(weights="DEFAULT"))
    freeze(body)
    return body, width_of(body)


@mistake("The head is made for 37 breeds, whatever was asked for.",
         caught_by="test_gives_a_logit_for_each_class")
def transfer_model(arch, n_classes):
    body, width = frozen_body(arch)
    return nn.Sequential(body, new_head(width, 37))


@mistake("The head is made for 512 features, as many as resnet34 has. Ask the body how many it makes.",
         caught_by="test_gives_a_logit_for_each_class")
def transfer_model(arch, n_classes):
    body, _ = frozen_body(arch)
    return nn.Sequential(body, new_head(512, n_classes))


@mistake("The head sits on the whole network, classifier included. Cut the body out first.",
         caught_by="test_gives_a_logit_for_each_class")
def transfer_model(arch, n_classes):
    model = arch(weights="DEFAULT")
    freeze(model)
    return nn.Sequential(model, new_head(11, n_classes))


@mistake("There is a softmax at the end. The loss makes one as well, and with two of them learning is slow.",
         caught_by="test_ends_with_logits")
def transfer_model(arch, n_classes):
    body, width = frozen_body(arch)
    return nn.Sequential(body, new_head(width, n_classes), nn.Softmax(dim=1))


@mistake("The network is made without its pretrained weights (arch() is random). That is all that was to be "
         "carried over.",
         caught_by="test_carries_the_pretrained_weights")
def transfer_model(arch, n_classes):
    body = cut_body(arch())
    freeze(body)
    return nn.Sequential(body, new_head(width_of(body), n_classes))


@mistake("All layers start anew at random, the body's as well as the head's. Only the head does.",
         caught_by="test_carries_the_pretrained_weights")
def transfer_model(arch, n_classes):
    body, width = frozen_body(arch)
    model = nn.Sequential(body, new_head(width, n_classes))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return model


@mistake("The cut is at the first pooling layer, so most of what was learned is thrown away.",
         caught_by="test_carries_the_pretrained_weights")
def transfer_model(arch, n_classes):
    layers = list(arch(weights="DEFAULT").children())
    first = next(place for place, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d))
    body = nn.Sequential(*layers[:first])
    freeze(body)
    return nn.Sequential(body, new_head(width_of(body), n_classes))


@mistake("An empty picture was sent through the body in training mode: BatchNorm took it for one of its "
         "pictures.",
         caught_by="test_carries_the_statistics")
def transfer_model(arch, n_classes):
    body = cut_body(arch(weights="DEFAULT")).train()
    freeze(body)
    with torch.no_grad():
        width = body(torch.zeros(2, 3, 64, 64)).shape[1]
    return nn.Sequential(body, new_head(width, n_classes))


@mistake("A new linear layer is put on the old classifier. It knows other classes; only the body comes over.",
         caught_by="test_the_old_classifier_is_gone")
def transfer_model(arch, n_classes):
    model = arch(weights="DEFAULT")
    freeze(model)
    with torch.no_grad():
        width = model.eval()(torch.zeros(1, 3, 64, 64)).shape[1]
    return nn.Sequential(model, nn.Linear(width, n_classes))


@mistake("The body is not frozen: the first steps, in which the head still guesses, spoil what it knows.",
         caught_by="test_the_body_is_frozen")
def transfer_model(arch, n_classes):
    body = cut_body(arch(weights="DEFAULT"))
    return nn.Sequential(body, new_head(width_of(body), n_classes))


@mistake("BatchNorm is frozen with the rest of the body. It goes on learning.",
         caught_by="test_batch_norm_goes_on_learning")
def transfer_model(arch, n_classes):
    body = cut_body(arch(weights="DEFAULT")).requires_grad_(False)
    return nn.Sequential(body, new_head(width_of(body), n_classes))


@mistake("The body runs without gradients (no_grad), so nothing in it can learn, not even BatchNorm.",
         caught_by="test_batch_norm_goes_on_learning")
def transfer_model(arch, n_classes):
    class Transfer(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, width = frozen_body(arch)
            self.head = new_head(width, n_classes)

        def forward(self, images):
            with torch.no_grad():
                features = self.body(images)
            return self.head(features)

    return Transfer()


@mistake("The whole network was frozen, and the head with it. Freeze the body only.",
         caught_by="test_all_of_the_head_learns")
def transfer_model(arch, n_classes):
    body = cut_body(arch(weights="DEFAULT"))
    model = nn.Sequential(body, new_head(width_of(body), n_classes))
    freeze(model)
    return model


@mistake("The head starts with the same weights each time (a fixed seed). It is new and random.",
         caught_by="test_the_head_is_new")
def transfer_model(arch, n_classes):
    body, width = frozen_body(arch)
    with torch.random.fork_rng():
        torch.manual_seed(42)
        return nn.Sequential(body, new_head(width, n_classes))


@mistake("The features are turned into noise on their way: so strong a dropout lets next to nothing through.",
         caught_by="test_beats_the_same_network_from_scratch")
def transfer_model(arch, n_classes):
    body, width = frozen_body(arch)
    return nn.Sequential(body, nn.Dropout(0.98), new_head(width, n_classes, dropout=0.98))
