import random

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from petkata.checking.watching import moved, weights
from tests.lesson4.errors import in_one_line
from tests.lesson4.planted import attempt, files_with_code


def network(seed, n_classes=5, width=12):
    """A small network with a body, BatchNorm and a head; its statistics have seen pictures."""
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Conv2d(3, width, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU())
    model = nn.Sequential(body, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, n_classes)))
    model(torch.rand(8, 3, 9, 9))
    return model


def saved(model, folder, name="theirs.pth"):
    torch.save(model.state_dict(), folder / name)
    return folder / name


def refused(load_weights, path, what, errors=ValueError):
    """Assert that a file gets a ValueError which names it, and that the network stays as it was."""
    model = network(1)
    before = weights(model)
    message = None
    try:
        load_weights(model, path)
    except errors as error:
        message = str(error)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"{what}: a ValueError in words of your own is asked for, and {type(error).__name__} came "
                             f"through ({in_one_line(error)})") from None
    assert message is not None, f"{what}: that is a ValueError, and no error was raised"
    assert path.name in message, f"{what}: the error is to name the file, {path.name}; it says {message!r}"
    besides = message.replace(str(path), "").replace(path.name, "")
    assert any(letter.isalpha() for letter in besides), f"{what}: the error names the file and does not say what is wrong"
    changed = moved(model, before)
    assert not changed, (
        f"{what}: the file was refused, and yet {len(changed)} of the network's {len(before)} tensors have changed, such as "
        f"{min(changed, default='')}"
    )


def test_loads_every_tensor(load_weights, tmp_path):
    theirs, model = network(2), network(1)
    load_weights(model, saved(theirs, tmp_path))
    different = moved(model, weights(theirs))
    assert not different, (
        f"{len(different)} of {len(weights(theirs))} tensors are not those of the file, such as {min(different, default='')}"
    )
    model = network(1)
    load_weights(model, str(tmp_path / "theirs.pth"))
    assert not moved(model, weights(theirs)), "given as a text, the same path must do the same"


def test_loads_a_whole_pet_network(load_weights, tmp_path):
    from petkata.nets import petnet10

    theirs, model = petnet10("DEFAULT"), petnet10()
    load_weights(model, saved(theirs, tmp_path))
    assert not moved(model, weights(theirs)), "of a petnet10, not all tensors are those of the file"


def test_changes_the_network_in_place(load_weights, tmp_path):
    theirs, model = network(2), network(1)
    model[0].requires_grad_(False)
    parameters, learns = list(model.parameters()), [p.requires_grad for p in model.parameters()]
    load_weights(model, saved(theirs, tmp_path))
    assert all(new is old for new, old in zip(model.parameters(), parameters)), (
        "the network has new parameters instead of new numbers in its own: an optimizer that was made before would go on with "
        "the old ones"
    )
    assert [p.requires_grad for p in model.parameters()] == learns, "which weights learn is not for load_weights to change"


def test_runs_no_code(load_weights, tmp_path):
    marker = tmp_path / "marker"
    for what, file in files_with_code(tmp_path, network(2).state_dict(), marker):
        attempt(load_weights, network(1), file)
        assert not marker.exists(), f"{what}: it ran while the file was loaded, and made a file; it could have done anything"


def test_refuses_a_file_with_code(load_weights, tmp_path):
    for what, file in files_with_code(tmp_path, network(2).state_dict(), tmp_path / "marker"):
        refused(load_weights, file, what)


def cut(size, whole):
    """What was done to a file, in words."""
    return f"of a file of {len(whole):,} bytes, {f'only the first {size:,} are left' if size else 'nothing is left'}"


def test_refuses_a_truncated_file(load_weights, tmp_path):
    whole = saved(network(2), tmp_path).read_bytes()
    file = tmp_path / "truncated.pth"
    for size in (0, 1, 3, 4, 30, 100, 1000, len(whole) // 2, len(whole) - 1500, len(whole) - 100, len(whole) - 1):
        file.write_bytes(whole[:size])
        refused(load_weights, file, cut(size, whole))


@given(share=st.floats(0, 1, exclude_max=True), old=st.booleans())
def test_refuses_it_wherever_it_was_cut(load_weights, tmp_path_factory, share, old):
    folder = tmp_path_factory.getbasetemp()
    torch.save(network(2).state_dict(), folder / "cut.pth", _use_new_zipfile_serialization=not old)
    whole = (folder / "cut.pth").read_bytes()
    size = int(share * len(whole))
    (folder / "cut.pth").write_bytes(whole[:size])
    refused(load_weights, folder / "cut.pth", cut(size, whole))


def test_refuses_weights_for_another_head(load_weights, tmp_path):
    refused(load_weights, saved(network(2, n_classes=37), tmp_path), "these weights are for 37 breeds, the network is for 5")


def test_refuses_what_is_no_file_of_weights(load_weights, tmp_path):
    file = tmp_path / "notes.pth"
    file.write_text("The good weights are on the other machine.\n" * 20)
    refused(load_weights, file, "this is a text")
    file.write_bytes(random.Random(3).randbytes(5000))
    refused(load_weights, file, "these are 5,000 random bytes")
    for what, content in (
        ("this is one tensor", torch.ones(3, 4)),
        ("this is a list of tensors", list(network(2).state_dict().values())),
        ("this is a stage: the weights, with an optimizer's state", {"model": network(2).state_dict(), "opt": {"lr": 0.1}}),
        ("one of the weights is a text", {**network(2).state_dict(), "0.0.weight": "kept elsewhere"}),
    ):
        torch.save(content, file)
        refused(load_weights, file, what)


def test_refuses_weights_of_another_network(load_weights, tmp_path):
    refused(load_weights, saved(network(2, width=8), tmp_path), "these weights are for a body with 8 channels, this one has 12")
    state = network(2).state_dict()
    for what, content in (
        ("the head's bias is missing", {name: value for name, value in state.items() if name != "1.2.bias"}),
        ("BatchNorm's running mean is missing", {name: value for name, value in state.items() if "running_mean" not in name}),
        ("there is a weight that the network has no place for", {**state, "2.weight": torch.ones(3)}),
        ("all names begin with module.", {f"module.{name}": value for name, value in state.items()}),
    ):
        torch.save(content, tmp_path / "other.pth")
        refused(load_weights, tmp_path / "other.pth", what)


def test_says_when_there_is_no_file(load_weights, tmp_path):
    refused(load_weights, tmp_path / "nowhere.pth", "there is no such file", errors=(ValueError, FileNotFoundError))
