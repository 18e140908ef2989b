import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn


def counted(depth, model, expected, why):
    found = depth(model)
    whole = isinstance(found, int) or getattr(found, "ndim", None) == 0
    assert whole and not isinstance(found, bool), f"a depth is a number of layers, not a {type(found).__name__}"
    assert found == expected, f"{why}: the depth of this network is {expected}, not {found}"


def conv(n_in=4, n_out=4, size=3, stride=1):
    return nn.Conv2d(n_in, n_out, size, stride, padding=size // 2)


def named(**layers):
    """A module with parts of these names."""
    module = nn.Module()
    for name, layer in layers.items():
        module.add_module(name, layer)
    return module


def test_counts_what_the_name_says(depth):
    import torchvision

    for name, expected in (("resnet50", 50), ("resnet34", 34), ("resnet18", 18)):
        with torch.device("meta"):  # the layers without their numbers: nobody needs those here
            model = getattr(torchvision.models, name)(weights=None)
        counted(depth, model, expected, f"torchvision's {name}")


def test_counts_the_petnets(depth):
    import petkata.nets

    for name, expected in (("petnet26", 26), ("petnet18", 18), ("petnet10", 10)):
        counted(depth, getattr(petkata.nets, name)(weights=None), expected, name)


def test_counts_convolutions_and_linear_layers(depth):
    net = nn.Sequential(conv(), nn.BatchNorm2d(4), nn.ReLU(), conv(), nn.Flatten(), nn.Dropout(), nn.Linear(16, 4, bias=False))
    counted(depth, net, 3, "two convolutions and a linear layer have weights; BatchNorm belongs to its convolution")
    other = nn.Sequential(nn.Conv1d(2, 2, 3), nn.BatchNorm1d(2), nn.ReLU(), nn.Conv3d(2, 2, 3), nn.LayerNorm((3, 3)))
    counted(depth, other, 2, "a convolution of sounds and one of films are convolutions, too; LayerNorm counts no more than "
            "BatchNorm")


def test_looks_into_every_module(depth):
    net = nn.Sequential(nn.Sequential(nn.Sequential(conv(), nn.Sequential(conv(), nn.ReLU())), nn.BatchNorm2d(4)), conv())
    counted(depth, net, 3, "layers stand in modules, and these in other modules")


def test_a_layer_alone_is_a_network_too(depth):
    counted(depth, nn.Linear(3, 2), 1, "the model may itself be a layer")
    counted(depth, nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(3)), 0, "no layer here is counted")


def test_a_small_convolution_is_a_layer_too(depth):
    net = nn.Sequential(conv(size=1), conv(size=1, stride=2), conv(8, 4, size=1, stride=2), nn.Linear(4, 2))
    counted(depth, net, 4, "a 1x1 convolution on the main path counts, whatever its stride")


def test_leaves_out_a_shortcut_of_either_name(depth):
    for name in ("downsample", "shortcut"):
        block = named(first=conv(), second=conv(), **{name: nn.Sequential(conv(size=1), nn.BatchNorm2d(4))})
        counted(depth, nn.Sequential(conv(), block, conv()), 4, f"the layers in `{name}` do not count")


def test_leaves_out_a_shortcut_of_one_layer(depth):
    for name in ("downsample", "shortcut"):
        block = named(first=conv(), second=conv(), **{name: conv(size=1, stride=2)})
        counted(depth, nn.Sequential(block, nn.Linear(4, 2)), 3, f"`{name}` is itself a convolution here, and does not count")


def test_leaves_out_a_shortcut_at_any_depth(depth):
    inner = named(path=nn.Sequential(conv(), conv()), after=nn.Sequential(nn.Sequential(conv(size=1)), conv(size=3)))
    counted(depth, named(path=conv(), shortcut=inner, head=nn.Linear(4, 2)), 2,
            "nothing inside a shortcut counts, however deep it lies there")


def test_only_these_two_names_are_shortcuts(depth):
    net = named(downsample_layers=nn.Sequential(conv(), conv(stride=2)), no_shortcut=conv(), Downsample=conv(), res=conv())
    counted(depth, net, 5, "no module here is named exactly `downsample` or `shortcut` (the names are "
            f"{', '.join(name for name, _ in net.named_children())}), so all layers are on the main path")


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from(["downsample", "shortcut"])), min_size=1,
                max_size=4))
def test_counts_any_network(depth, blocks):
    def convs(n):
        return nn.Sequential(*(layer for _ in range(n) for layer in (conv(), nn.BatchNorm2d(4), nn.ReLU())))

    net = nn.Sequential(*(named(path=convs(n_path), **({name: convs(n_aside)} if n_aside else {}))
                          for n_path, n_aside, name in blocks), nn.Linear(4, 2))
    on_path = [n_path for n_path, _, _ in blocks]
    counted(depth, net, sum(on_path) + 1, f"blocks with {on_path} convolutions on their main paths, and a linear layer")
