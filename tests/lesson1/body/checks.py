import torch
from torch import nn

from petkata.checking import refuses
from tests.lesson1.networks import SmallNet, copied

NETWORKS = {  # other depths, other widths, other pooling layers at the end
    "average at the end": lambda: SmallNet((6, 10)),
    "three blocks": lambda: SmallNet((4, 7, 9, 12)),
    "average of 4 x 4": lambda: SmallNet((5, 8), pool=nn.AvgPool2d(4)),
    "maximum at the end": lambda: SmallNet((5, 6, 11), pool=nn.MaxPool2d(4)),
    "adaptive maximum": lambda: SmallNet((6, 9), pool=nn.AdaptiveMaxPool2d(2)),
    "no early pooling": lambda: SmallNet((8, 6), early_pool=False),
}


def pictures(n=4, size=16):
    return torch.rand(n, 3, size, size)


def last_map(model, images):
    """Oracle: what `model` itself hands to its last pooling layer."""
    seen = []
    watch = model.pool.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    model(images)
    watch.remove()
    return seen[0]


def features_of(body, images):
    assert isinstance(body, nn.Module), (
        f"the body must be a network (an nn.Module); this is {type(body).__name__}")
    try:
        return body(images)
    except (RuntimeError, ValueError) as error:
        raise AssertionError("the body must take pictures as the model does; its layers do not fit on each "
                             "other any more: "
                             f"{str(error).splitlines()[0]}") from None


@torch.no_grad()
def test_makes_a_feature_map_of_pictures(cut_body):
    for name, make in NETWORKS.items():
        model, images = make().eval(), pictures()
        expected = tuple(last_map(model, images).shape)
        found = tuple(features_of(cut_body(model).eval(), images).shape)
        assert len(found) == 4, (
            f"({name}) a feature map still has height and width, here {expected}; this is {found}: something "
            "after the cut is left")
        assert found[1] == expected[1], (
            f"({name}) before the last pooling layer there are {expected[1]} channels; this body gives "
            f"{found[1]}")
        assert found[2:] == expected[2:], (
            f"({name}) before the last pooling layer the map is {expected[2]} x {expected[3]}; this one is "
            f"{found[2]} x {found[3]}")


@torch.no_grad()
def test_sees_what_the_model_saw(cut_body):
    for name, make in NETWORKS.items():
        model, images = make().eval(), pictures()
        expected = last_map(model, images)
        found = features_of(cut_body(model).eval(), images)
        assert torch.allclose(found, expected, atol=1e-5), (
            f"({name}) the body must carry over the weights and BatchNorm's statistics, each as it was: on "
            "the same pictures "
            f"its features differ from the model's by up to {(found - expected).abs().max():.2g}")


def test_the_classifier_is_gone(cut_body):
    for name, make in NETWORKS.items():
        model = make()
        before_pool = [layer for child, layer in model.named_children()
                       if child not in ("pool", "drop", "classifier")]
        expected = sum(weights.numel() for layer in before_pool for weights in layer.parameters())
        found = sum(weights.numel() for weights in cut_body(model).parameters())
        assert found == expected, (
            f"({name}) the layers before the last pooling layer have {expected} weights; the body has "
            f"{found}: "
            f"{'more than the body is still in it' if found > expected else 'some are missing'}")


@torch.no_grad()
def test_takes_pictures_of_any_size(cut_body):
    body = cut_body(SmallNet((6, 10))).eval()
    for height, width in ((16, 24), (40, 20)):
        found = tuple(features_of(body, torch.rand(2, 3, height, width)).shape)
        assert found == (2, 10, height // 2, width // 2), (
            f"a body has no fixed size of pictures; {height} x {width} gave {found}")


@torch.no_grad()
def test_the_model_stays_whole(cut_body):
    model, images = SmallNet((6, 10)).eval(), pictures()
    before, logits = copied(model), model(images)
    cut_body(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items()), (
        "the model's weights were changed")
    assert torch.equal(model(images), logits), "the model must answer as it did before"


@torch.no_grad()
def test_cuts_petnet10(cut_body):
    from petkata.nets import petnet10

    model, images = petnet10().eval(), pictures(size=64)
    features = features_of(cut_body(model).eval(), images)
    assert tuple(features.shape) == (4, 128, 2, 2), (
        f"64 pixels become 2 x 2 places with 128 features; here {tuple(features.shape)}")
    logits = model(images)
    assert torch.allclose(model.fc(features.mean((2, 3))), logits, atol=1e-4), (
        "petnet10's own classifier must find in the features what it knew")


def test_refuses_a_model_without_pooling(cut_body):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    assert refuses(cut_body, model), "without a pooling layer there is no place to cut: raise ValueError"
