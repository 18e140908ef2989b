import torch
from torch import nn

from petkata.checking import refuses
from tests.lesson7.networks import copied, small_model

NAMES = ("early", "late", "head")


def grouped(layer_groups, model):
    """The answer's groups, once it is sure that they are three modules."""
    groups = layer_groups(model)
    assert isinstance(groups, (list, tuple)), f"a list of three groups is asked for, not a {type(groups).__name__}"
    assert len(groups) == 3, f"there are three groups, early, late and head; this list has {len(groups)}"
    for name, group in zip(NAMES, groups):
        assert isinstance(group, nn.Module), f"each group is an nn.Sequential of layers; {name} is a {type(group).__name__}"
    return list(groups)


def resnet18():
    """torchvision's resnet18 without weights, cut and headed as fastai does it."""
    from torchvision.models import resnet18

    body = nn.Sequential(*list(resnet18(weights=None).children())[:-2])
    return nn.Sequential(body, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 37)))


def where(model, group):
    """Where in the model the parameters of a group are: '0.5' is layer 5 of the body, '1' the head."""
    own = {id(parameter) for parameter in group.parameters()}
    names = [name.split(".") for name, parameter in model.named_parameters() if id(parameter) in own]
    return {".".join(parts[:2]) if parts[0] == "0" else "1" for parts in names}


def layers(places):
    """Places in words: model[0][5], or model[1] for the head."""
    in_order = sorted([int(part) for part in place.split(".")] for place in places)
    return ", ".join("model" + "".join(f"[{part}]" for part in place) for place in in_order) or "none of its layers with weights"


def test_every_parameter_is_in_exactly_one_group(layer_groups):
    for model in (small_model(4), small_model(2), small_model(7)):
        groups = grouped(layer_groups, model)
        count = {id(parameter): 0 for parameter in model.parameters()}
        foreign = 0
        for parameter in (parameter for group in groups for parameter in group.parameters()):
            foreign += id(parameter) not in count
            count[id(parameter)] = count.get(id(parameter), 0) + 1
        assert not foreign, f"{foreign} parameters in the groups are not the model's own: training a copy trains nothing"
        wrong = {name: count[id(p)] for name, p in model.named_parameters() if count[id(p)] != 1}
        name = min(wrong, default="")
        assert not wrong, f"each parameter is in exactly one group; {len(wrong)} are not: {name} is in {wrong[name]}"


def test_frozen_parameters_belong_to_a_group_too(layer_groups):
    model = small_model()
    model[0].requires_grad_(False)
    in_groups = sum(len(list(group.parameters())) for group in grouped(layer_groups, model))
    expected = len(list(model.parameters()))
    assert in_groups == expected, (
        f"with a frozen body, the groups hold {in_groups} of {expected} parameters; what is frozen now may learn later")
    assert not any(p.requires_grad for p in model[0].parameters()), "grouping changes nothing: what was frozen stays frozen"


def test_the_head_is_the_last_group(layer_groups):
    model = small_model()
    for name, group in zip(NAMES, grouped(layer_groups, model)):
        found = "1" in where(model, group)
        assert found == (name == "head"), f"the head's parameters are {'' if found else 'not '}in the group {name}"


def test_splits_a_resnet_where_fastai_does(layer_groups):
    model = resnet18()
    early, late, _ = grouped(layer_groups, model)
    assert where(model, late) == {"0.6", "0.7"}, (
        "late is layer3 and layer4, which are layers 6 and 7 of a resnet's body; "
        f"here it is {layers(where(model, late))}")
    assert where(model, early) == {"0.0", "0.1", "0.4", "0.5"}, (
        "early is all before layer3: of the layers with weights model[0][0], [1], [4] and [5]; "
        f"here it is {layers(where(model, early))}")


def test_splits_the_network_of_the_pets(layer_groups, arch):
    body = nn.Sequential(*list(arch(weights=None).children())[:-2])
    model = nn.Sequential(body, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    stages = [name for name, layer in body.named_children() if list(layer.children())]
    late = {f"0.{name}" for name in stages[len(stages) // 2:]}
    found = where(model, grouped(layer_groups, model)[1])
    assert found == late, (
        f"this body has {len(stages)} stages, and the second half of them is late, {layers(late)}; here it is {layers(found)}")


def test_halves_the_stages_of_any_network(layer_groups):
    for stages in (2, 3, 5, 6, 9):
        model = small_model(stages)  # layers 0 to 3 of the body are the stem, the stages come after it
        late = {f"0.{4 + stage}" for stage in range(stages // 2, stages)}
        found = where(model, grouped(layer_groups, model)[1])
        assert found == late, (
            f"this body has a stem of 4 layers and {stages} stages; late begins with stage {stages // 2}, counted from "
            f"0: {layers(late)}; here it is {layers(found)}")


def test_a_layer_between_stages_goes_with_its_neighbors(layer_groups):
    def stage():
        return nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())

    body = nn.Sequential(nn.Conv2d(3, 4, 3), stage(), nn.BatchNorm2d(4), stage(), nn.Conv2d(4, 4, 1), stage(),
                         nn.BatchNorm2d(4), stage(), nn.Conv2d(4, 6, 1))
    model = nn.Sequential(body, nn.Linear(6, 2))
    found = where(model, grouped(layer_groups, model)[1])
    expected = {"0.5", "0.6", "0.7", "0.8"}
    assert found == expected, (
        "here single layers stand between the stages, which are layers 1, 3, 5 and 7 of the body; late begins with the third "
        f"and goes on to the end, {layers(expected)}; here it is {layers(found)}")


@torch.no_grad()
def test_the_groups_in_a_row_are_the_model(layer_groups):
    for stages in (2, 4, 5):
        model = small_model(stages).eval()
        before, images = copied(model), torch.rand(3, 3, 20, 20)
        expected = model(images)
        output = images
        for name, group in zip(NAMES, grouped(layer_groups, model)):
            try:
                output = group(output)
            except (RuntimeError, ValueError, NotImplementedError, TypeError) as error:
                raise AssertionError(f"images do not fit through the groups in a row, at {name}: "
                                     f"{str(error).splitlines()[0]}") from None
        same = output.shape == expected.shape and torch.allclose(output, expected, atol=1e-5)
        assert same, "sent through early, late and head, images must come out as from the model: are all layers there, in order?"
        assert all(value.equal(before[name]) for name, value in model.state_dict().items()), "grouping changes no weight"


def test_refuses_what_cannot_be_grouped(layer_groups):
    body, head = small_model(1)
    assert refuses(layer_groups, nn.Sequential(body, head)), "a body with one stage has no early and late half: raise ValueError"
    flat = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    assert refuses(layer_groups, nn.Sequential(flat, head)), "a body without stages cannot be halved: raise ValueError"
    body, head = small_model(4)
    assert refuses(layer_groups, nn.Sequential(body)), "one part is no body and head: raise ValueError"
    assert refuses(layer_groups, nn.Sequential(body, head, nn.ReLU())), "three parts are not body and head: raise ValueError"
