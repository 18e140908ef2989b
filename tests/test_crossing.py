"""What crosses between the judge and the process of an answer, and what both ends then know of it."""

import copy
import gc
import os
import pickle
import shutil
import socket
import sys
import warnings
from collections import defaultdict
from contextlib import nullcontext, suppress
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="answers are judged in another process where a system can fork")


@pytest.fixture
def answered():
    """`answered(name=function)`: the judge's end of a socket, and `call(name, *args)`; at the other end, in a process of its own,
    are these functions."""
    import torch

    from petkata.classroom import answering
    from petkata.classroom.crossing import Crossing

    started = []

    def answered(**functions):
        ours, theirs = socket.socketpair()
        if (pid := os.fork()) == 0:
            for end in (ours, *(end for _, end in started)):
                end.close()
            torch.set_num_threads(1)  # a fork has none of the others
            try:
                answering.answer(functions, theirs)
            finally:
                os._exit(0)
        theirs.close()
        started.append((pid, ours))
        crossing = Crossing(ours, is_judge=True, folder=None)
        return crossing, lambda name, *args: crossing.call("call", "", (name, *args), {})

    yield answered
    for pid, ours in started:
        ours.close()
        os.waitpid(pid, 0)


def network():
    from torch import nn

    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))


def test_a_network_is_a_thing_for_each_layer_and_each_tensor(answered):
    crossing, call = answered(look=lambda net: None)
    net = network()
    call("look", net)
    known = [crossing.objects[key] for key in crossing.was]
    assert all(any(thing is one for one in known) for thing in (*net.modules(), *net.parameters(), *net.buffers()))
    assert not [thing for thing in known if isinstance(thing, dict)]


def test_all_that_an_answer_does_to_a_network_is_done_here(answered):
    import torch
    from torch import nn

    def changes(net):
        with torch.no_grad():
            net[0].weight.fill_(2.0)
            net[0].bias.data += 1  # which torch itself does not count as a change
            net[1].running_mean.fill_(3.0)
        net[2][1] = nn.Identity()
        net.add_module("head", nn.Linear(4, 1))
        net[0].bias.requires_grad_(False)

    _, call = answered(changes=changes)
    net = network()
    first, bias = net[0], net[0].bias.detach().clone()
    call("changes", net)
    assert net[0] is first and bool((net[0].weight == 2).all()) and bool((net[1].running_mean == 3).all())
    assert net[0].bias.equal(bias + 1) and not net[0].bias.requires_grad
    assert isinstance(net[2][1], nn.Identity) and [name for name, _ in net.named_children()][-1] == "head"
    assert net(torch.zeros(5, 3)).shape == (5, 1)


def test_a_network_of_an_own_class_may_hold_whatever_it_likes(answered):
    import torch
    from torch import nn

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers, self.also, self.made_by = [nn.Linear(3, 3)], {"opt": torch.optim.SGD([torch.zeros(1)])}, nn.Linear

        def forward(self, x):
            return self.layers[0](x)

    _, call = answered(make=Own)
    network, x = call("make"), torch.ones(2, 3)
    assert torch.equal(network(x), network(x)) and isinstance(network.layers[0], nn.Linear)


def test_what_holds_only_itself_is_forgotten_at_both_ends(answered, monkeypatch):
    monkeypatch.setattr("petkata.classroom.crossing.ends.MANY", 0)
    crossing, call = answered(look=lambda thing: None)
    ring, kept = SimpleNamespace(name="ring"), SimpleNamespace(name="kept")
    ring.parts, kept.parts = [ring], [kept]
    call("look", ring)
    call("look", kept)
    del ring
    call("look", 0)
    names = {thing.name for thing in crossing.objects.values() if isinstance(thing, SimpleNamespace)}
    assert names == {"kept"}
    call("look", kept)  # known at the other end, too


def test_however_much_crosses_few_things_stay_known(answered):
    from petkata.classroom.crossing.ends import MANY

    crossing, call = answered(look=lambda thing: None)
    for _ in range(3 * MANY):
        ring = SimpleNamespace()
        ring.parts = [ring]
        call("look", ring)
    assert len(crossing.objects) <= MANY + 10


def test_gradients_go_through_an_answer_however_often_it_is_called(answered):
    import torch

    _, call = answered(loss=lambda features: (features ** 2).sum())
    for _ in range(50):
        weight = torch.ones(3, requires_grad=True)
        call("loss", weight * 2).backward()
        assert weight.grad is not None and weight.grad.tolist() == [8, 8, 8]


def test_no_argument_changes_while_gradients_are_asked_for(answered):
    import torch

    from petkata.classroom.crossing import CannotCross, Crossing

    def loss(features):
        before = Crossing._gradients

        def late(self, *what):
            found = before(self, *what)
            with torch.no_grad():
                features.fill_(7.0)
            return found

        Crossing._gradients = late  # in its own process
        return (features ** 2).sum()

    _, call = answered(loss=loss)
    features = torch.ones(3, requires_grad=True) * 2
    answer = call("loss", features)
    with pytest.raises(CannotCross, match="what an earlier call was given"):
        answer.backward()
    assert features.tolist() == [2.0, 2.0, 2.0]


def test_what_fails_to_cross_is_as_if_nothing_had_been_said(answered):
    from petkata.classroom.crossing import CannotCross

    crossing, call = answered(look=lambda thing: None)
    call("look", [1, 2])  # known to both, and needed by nobody
    with pytest.raises(CannotCross):
        call("look", sys._getframe())
    call("look", [3, 4])
    assert not [thing for thing in crossing.objects.values() if thing == [1, 2]]


def test_what_a_check_sees_only_where_the_answer_runs(answered):
    from petkata.classroom.judge import AnswerElsewhere

    crossing, _ = answered(double=lambda number: 2 * number)
    asked = SimpleNamespace(asked=lambda service, args, **options: crossing.call(service, "", args, {}, **options))
    double = AnswerElsewhere(asked, "double")
    assert double.where_it_runs(pid_and_double, 4) == (8, False)
    assert pid_and_double(lambda number: 2 * number, 4) == (8, True)


HERE = os.getpid()


def pid_and_double(answer, number):
    return answer(number), os.getpid() == HERE


LIMITS = [1, 2]  # a constant of the checks


def with_limits(answer, given):
    return answer(LIMITS, given)


def test_constants_that_cross_with_a_function_stay_as_they_are(answered, monkeypatch):
    from petkata.classroom.judge import AnswerElsewhere

    def clears(limits, given):
        limits.clear()
        given.clear()
        return len(limits)

    crossing, _ = answered(clears=clears)
    asked = SimpleNamespace(asked=lambda service, args, **options: crossing.call(service, "", args, {}, **options))
    monkeypatch.setattr(with_limits, "__module__", "tests.that_nobody_can_import")  # as a student's process cannot
    assert AnswerElsewhere(asked, "clears").where_it_runs(with_limits, given := [3]) == 0
    assert LIMITS == [1, 2] and given == []


def test_what_a_function_of_a_check_notes_where_it_runs_is_noted_here(answered, monkeypatch):
    from petkata.checking.watching import goes_along

    noted = []

    def note(what):
        noted.append(what)

    monkeypatch.setattr(note, "__module__", "tests.that_nobody_can_import", raising=False)
    goes_along(note)
    _, call = answered(tells=lambda note: note("heard"))
    call("tells", note)
    assert noted == ["heard"]


def own_architecture():
    pass


def test_the_numbers_of_an_architecture_cross_as_a_copy(answered, monkeypatch):
    import fastai.vision.all  # noqa: F401
    from fastai.vision.learner import model_meta

    def changes(arch):
        model_meta[arch]["stats"][0][:] = [0.0]

    stats = [0.6], [0.3]
    monkeypatch.setitem(model_meta, own_architecture, {"cut": -3, "split": None, "stats": stats, "weights": "DEFAULT"})
    _, call = answered(changes=changes)
    call("changes", own_architecture)
    assert stats == ([0.6], [0.3])


def test_lines_that_an_answer_has_drawn_are_drawn_here(answered):
    def draws(height):
        from matplotlib import pyplot

        axes = pyplot.gca()
        axes.plot([0, 1, 2], [0, height, 0], label="a hill")
        axes.set_title("Hills")
        return axes

    _, call = answered(draws=draws)
    for height in (1, 2):
        axes = call("draws", height)
        [line] = axes.get_lines()
        assert (line.get_ydata().tolist(), line.get_label(), axes.get_title()) == ([0, height, 0], "a hill", "Hills")


def of_a_check(function):
    """A function that stays with the judge, as those of checks do."""
    function.__module__ = "tests.lesson0.checks"
    return function


def test_what_a_check_is_asked_amid_a_call_sees_what_the_call_has_done(answered):
    """Amid a call only what it can reach is looked at, also what it can reach since just now."""

    def work(task, ask):
        task["parts"][0].n = 1
        first = ask()
        task["more"] = task["parts"][0].below  # reached through what was handed over, and changed before
        task["more"].n = 2
        task["new"] = {"n": 3}
        second = ask()
        task["new"]["n"] = 4
        return first, second, ask()

    _, call = answered(work=work, look=lambda thing: None)
    below = SimpleNamespace(n=0)
    task = {"parts": [SimpleNamespace(n=0, below=below)]}
    call("look", [below])
    ask = of_a_check(lambda: (task["parts"][0].n, below.n, task.get("new", {}).get("n")))
    assert call("work", task, ask) == ((1, 0, None), (1, 2, 3), (1, 2, 4))


def test_what_an_answer_has_kept_is_seen_to_change_when_the_call_ends(answered):
    kept = []

    def work(ask):
        kept[0].n += 1
        return ask()

    _, call = answered(keep=kept.append, work=work)
    thing = SimpleNamespace(n=0)
    call("keep", thing)
    assert call("work", of_a_check(lambda: "asked")) == "asked" and thing.n == 1
    thing.n = 5
    assert call("work", of_a_check(lambda: "asked")) == "asked" and thing.n == 6


def test_what_an_earlier_call_was_given_stays_as_it_is(answered):
    import torch

    from petkata.classroom.crossing import CannotCross

    def turned():
        kept = []

        def turn(numbers, more):
            for earlier in kept:
                if isinstance(earlier, list):
                    earlier.reverse()
                elif isinstance(earlier, torch.Tensor):
                    earlier.fill_(0)
            kept[:] = [numbers, more]

        return turn

    for given in (([1, 2], 0), (0, torch.ones(2))):
        before = str(given)
        _, call = answered(turn=turned())
        call("turn", *given)
        with pytest.raises(CannotCross, match="what an earlier call was given"):
            call("turn", [3, 4], 0)
        assert str(given) == before


def test_nor_is_it_changed_by_who_speaks_of_it_first(answered):
    from petkata.classroom.crossing import CannotCross, Crossing

    def asks(crossing, kept, learn):
        with suppress(Exception):  # the judge refuses it, and has heard of what was kept
            crossing.call("no such service", "", (kept,), {})

    def holds(crossing, kept, learn):
        learn.kept = kept
        crossing.call(learn.ask, "", (), {})

    def turns(way):
        all_kept = []

        def turn(numbers, learn=None):
            for kept in all_kept:
                [crossing] = [one for one in gc.get_objects() if type(one) is Crossing and not one.is_judge]
                way(crossing, kept, learn)
                kept.reverse()
            all_kept.append(numbers)

        return turn

    for way in (asks, holds):
        _, call = answered(turn=turns(way))
        call("turn", numbers := [1, 2])
        with pytest.raises(CannotCross, match="what an earlier call was given"):
            call("turn", [3, 4], SimpleNamespace(ask=of_a_check(lambda: None)))
        assert numbers == [1, 2]


def test_what_an_answer_takes_out_for_a_moment_is_the_same_when_it_is_back(answered):
    def exchange(learn, ask):
        model, learn.model = learn.model, None
        ask()
        learn.model = model

    _, call = answered(exchange=exchange)
    learn = SimpleNamespace(model=network())
    before = id(learn.model)
    call("exchange", learn, of_a_check(lambda: [network() for _ in range(10)] and None))  # one of them would take its place
    assert id(learn.model) == before


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux notices, and only there files cross")
def test_each_change_of_a_file_is_noticed_and_only_then_all_are_listed(tmp_path, monkeypatch):
    from petkata.classroom.crossing.surroundings import Files

    old, own = tmp_path / "shared" / "pets" / "old.txt", tmp_path / "own"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    files, listed = Files(str(tmp_path), "own"), []
    monkeypatch.setattr(files, "_listed", lambda below, really=files._listed: listed.append(below) or really(below))
    assert files.changed() == {} and not listed
    old.write_text("other")
    assert files.changed() == {"shared/pets/old.txt": b"other"} and len(listed) == 3
    (own / "a" / "b").mkdir(parents=True)
    assert files.changed() == {"own/a": None, "own/a/b": None}
    (own / "a" / "b" / "new.txt").write_text("new")
    assert files.changed() == {"own/a/b/new.txt": b"new"}
    (own / "a" / "b" / "new.txt").rename(own / "a" / "moved.txt")
    assert files.changed() == {"own/a/b/new.txt": "", "own/a/moved.txt": b"new"}
    shutil.rmtree(own)
    assert set(files.changed().values()) == {""}
    own.mkdir()
    (own / "again.txt").write_text("again")
    assert files.changed() == {"own/again.txt": b"again"}
    files.take({"own/taken.txt": b"taken"})
    assert files.changed() == {}
    del listed[:]
    assert files.changed() == {} and not listed
    os.close(files.notices.queue)  # as an answer may do: from then on they are listed each time
    (own / "again.txt").write_text("once more")
    assert files.changed() == {"own/again.txt": b"once more"}


@pytest.mark.parametrize("careful", [True, False])
def test_a_program_in_what_comes_back_runs_only_where_nobody_is_careful(answered, tmp_path, monkeypatch, careful):
    from petkata.classroom.crossing import CannotCross, ends

    class Program:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    def look():
        ends.Pickler.reducer_override = lambda self, thing: NotImplemented  # in its own process: else it would not be sent
        return Program()

    if not careful:
        monkeypatch.setattr(ends, "StrictUnpickler", ends.TrustingUnpickler)
        monkeypatch.setattr(ends.TrustingUnpickler, "made", {}, raising=False)
    _, call = answered(look=look)
    with pytest.raises(CannotCross, match="system") if careful else nullcontext():
        call("look")
    assert (tmp_path / "ran").exists() is not careful


@pytest.mark.parametrize("inside", ["../ran", "/tmp/ran", "own/../../ran", "another/ran", "", "own//ran", "own/./ran"])
def test_files_that_come_back_stay_in_their_folder(tmp_path, inside):
    from petkata.classroom.crossing import CannotCross
    from petkata.classroom.crossing.surroundings import Files

    files = Files(str(tmp_path / "files"), "own")
    files.take({"own/a/b.txt": b"right"})
    with pytest.raises(CannotCross, match="outside its folder"):
        files.take({inside: b"wrong"})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "files" / "own" / "a" / "b.txt"]


def test_what_all_checks_share_stays_as_it_is(tmp_path):
    from petkata.classroom.answering import SHARED
    from petkata.classroom.crossing import CannotCross
    from petkata.classroom.crossing.surroundings import Files

    (shared := tmp_path / SHARED / "pets").mkdir(parents=True)
    (shared / "pug.jpg").write_bytes(b"a pug")
    files = Files(str(tmp_path), "own")
    for changed in ({f"{SHARED}/pets/pug.jpg": b"a cat"}, {f"{SHARED}/pets/pug.jpg": ""}, {f"{SHARED}/pets": ""}, {SHARED: ""}):
        with pytest.raises(CannotCross, match="all checks share"):
            files.take(changed)
    files.take({f"{SHARED}/pets/models": None, f"{SHARED}/pets/models/mine.pth": b"weights"})
    assert (shared / "pug.jpg").read_bytes() == b"a pug" and (shared / "models" / "mine.pth").exists()


@pytest.mark.parametrize("inside", [f"shared{between}pets/pug.jpg" for between in ("//", "/./")] + ["shared/pets/"])
def test_a_name_is_written_in_one_way(tmp_path, inside):
    from petkata.classroom.crossing import CannotCross
    from petkata.classroom.crossing.surroundings import Files

    (pets := tmp_path / "shared" / "pets").mkdir(parents=True)
    (pets / "pug.jpg").write_bytes(b"a pug")
    files = Files(str(tmp_path), "own")
    for content in (b"a cat", ""):
        with pytest.raises(CannotCross, match="outside its folder"):
            files.take({inside: content})
    assert (pets / "pug.jpg").read_bytes() == b"a pug"


def with_its_own_call(layer):
    vars(layer)["_compiled_call_impl"] = lambda x: "not computed by this layer"
    return layer


def a_list_with_another_place_to_look():
    from fastai.learner import Learner
    from fastcore.foundation import L

    one = L([1, 2])
    vars(one)["hidden"] = Learner
    return one


def forward_that_is_a_class():
    from torch import nn

    class Own(nn.Module):
        pass

    own = Own()
    vars(own)["forward"] = nn.ModuleList
    return own


def a_class_in_a_list():
    from torch import nn

    return [1, nn.Linear]


@pytest.mark.parametrize("made", [lambda: with_its_own_call(network()), a_list_with_another_place_to_look,
                                  forward_that_is_a_class, a_class_in_a_list])
def test_what_does_more_than_it_says_is_not_taken(answered, made):
    from petkata.classroom.crossing import CannotCross

    _, call = answered(make=made)
    with pytest.raises(CannotCross, match="The answer (has put something|hands over)"):
        call("make")


def test_nor_is_it_put_into_what_the_judge_has(answered):
    from petkata.classroom.crossing import CannotCross

    _, call = answered(change=with_its_own_call)
    with pytest.raises(CannotCross, match="in the place of"):
        call("change", network())


def test_a_function_that_was_only_named_does_not_come_back(answered):
    class Holds:
        """Pickled by a function that the pickle names."""

        def __reduce__(self):
            return eval, ("2",)

    def give_back(two):
        import gc

        assert any(type(one).__name__ == "Crossing" and not one.is_judge and id(eval) in one.keys for one in gc.get_objects())
        return eval

    _, call = answered(give_back=give_back)
    found = call("give_back", Holds())
    assert found is not eval
    with pytest.raises(TypeError, match="cannot be called"):
        found("2")


def test_what_the_judges_things_hold_stays_where_it_was_and_is_put_nowhere_else(answered):
    import torch
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Learner

    def train(learn):
        learn.lr = 0.5
        learn.splitter = learn.sorts
        learn.wd = learn.sorts

    _, call = answered(train=train)
    learn = Learner(DataLoaders(DataLoader([1]), DataLoader([1])), network(), loss_func=torch.nn.functional.mse_loss)
    learn.sorts, splitter, decay = sorted, learn.splitter, learn.wd
    call("train", learn)
    assert (learn.lr, learn.sorts, learn.splitter, learn.wd) == (0.5, sorted, splitter, decay)


def stand_in(**own):
    """As if what stands for something of the student's had attributes."""
    from petkata.classroom.crossing import pickles

    class Duck:
        pass

    before = pickles.Pickler._of_the_student
    pickles.Pickler._of_the_student = lambda self, thing, kind: (
        (pickles.make_remote, ("duck",), own) if kind is Duck else before(self, thing, kind))
    return Duck()


def stand_in_with_a_state(**own):
    from petkata.classroom.crossing import pickles

    class Duck:
        pass

    before, state = pickles.Pickler._of_the_student, (tuple(own), tuple(own.values()))
    pickles.Pickler._of_the_student = lambda self, thing, kind: (
        (pickles.make_remote, ("duck",), state, None, None, pickles.set_state) if kind is Duck else before(self, thing, kind))
    return Duck()


def axes_with_more():
    from matplotlib.figure import Figure

    from petkata.classroom.crossing import pickles

    axes, before = Figure().add_subplot(), pickles.Pickler._of_the_student
    pickles.Pickler._of_the_student = lambda self, thing, kind: (
        (*before(self, thing, kind), {"more": 1}) if thing is axes else before(self, thing, kind))
    return axes


@pytest.mark.parametrize("made", [lambda: stand_in(step=1), lambda: stand_in_with_a_state(step=1), axes_with_more])
def test_what_stands_for_something_has_no_attributes_of_the_students(answered, made):
    from petkata.classroom.crossing import CannotCross

    _, call = answered(make=made)
    with pytest.raises(CannotCross, match="What came back is (made of something that may not be made|no state of anything)"):
        call("make")


def test_what_a_network_of_an_own_class_holds_is_of_no_use_here(answered):
    import torch
    from torch import nn

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.names = nn.Linear(2, 2), ["a"]
            self.optimizer = torch.optim.SGD(self.layer.parameters(), 0.1)

        def forward(self, x):
            return self.optimizer.param_groups[0]["lr"] + len(self.names)

    kept = []

    def make():
        kept.append(Own())
        return kept[0]

    _, call = answered(make=make, look=lambda own: isinstance(own.optimizer, torch.optim.SGD) and not own.training)
    own = call("make")
    assert own(1) == 1.1 and own.names == ["a"] and not isinstance(own.optimizer, torch.optim.Optimizer)
    own.eval()
    assert call("look", own) and own(1) == 1.1


def test_a_loss_and_what_a_transform_does_stay_as_they_are(answered):
    import plum
    from fastai.losses import CrossEntropyLossFlat

    from petkata.classroom.crossing import CannotCross
    from petkata.classroom.crossing.names import may_be_changed

    def change(loss):
        loss.axis = 0

    _, call = answered(change=change)
    with pytest.raises(CannotCross, match="the judge's CrossEntropyLossFlat, which no answer needs to"):
        call("change", loss := CrossEntropyLossFlat())
    assert loss.axis == -1
    assert not may_be_changed(plum.Function(lambda picture: picture), set, bool)


def test_nobody_elses_dict_is_a_thing_of_its_own(answered):
    crossing, call = answered(look=lambda thing: None)
    thing = SimpleNamespace(name="a thing")
    call("look", thing)
    assert id(thing) in crossing.keys and id(vars(thing)) not in crossing.keys


def test_no_answer_changes_what_pictures_are_loaded_and_how(answered):
    from petkata.checking.fixtures import loaders
    from petkata.classroom.crossing import CannotCross
    from petkata.pets.tiny import tiny_pets

    def files(dls):
        for items in dls.valid_ds.tls:
            items.items[:] = items.items[:1] * len(items.items)

    def step(dls):
        dls.valid.after_batch = lambda batch: batch

    def size(dls):
        dls.train.bs = 1

    def one_batch(dls):
        return len(dls.valid.one_batch())

    dls = loaders(tiny_pets())
    for changes in (files, step, size):
        _, call = answered(change=changes)
        with pytest.raises(CannotCross, match="which no answer needs to"):
            call("change", dls)
    _, call = answered(load=one_batch)
    assert call("load", dls) == 2


def test_an_answer_may_say_where_it_computes(answered):
    from petkata.checking.fixtures import loaders
    from petkata.pets.tiny import tiny_pets

    _, call = answered(to=lambda dls: dls.to("cpu") and None)
    dls = loaders(tiny_pets())
    call("to", dls)
    assert str(dls.device) == "cpu"


def test_pictures_of_the_answers_own_stay_there(answered):
    from petkata.checking.fixtures import loaders
    from petkata.classroom.crossing.stand_ins import Opaque
    from petkata.pets.tiny import tiny_pets

    _, call = answered(other=lambda dls: (dls.test_dl(dls.valid.items, with_labels=True), dls.valid.new(bs=7)))
    dls = loaders(tiny_pets())
    other, as_before = call("other", dls)
    assert type(other) is Opaque and as_before.bs == 7 and as_before.dataset is dls.valid.dataset


def test_what_only_libraries_or_things_can_do_is_called_over_there(answered):
    from functools import partial

    import torch
    from fastai.callback.core import Callback
    from fastai.optimizer import Lookahead, OptimWrapper, ranger

    class Last(Callback):
        order = 70

    _, call = answered(
        optimizer=lambda: partial(OptimWrapper, opt=torch.optim.AdamW), method=lambda numbers: numbers.index,
        counts=lambda: defaultdict(lambda: float("nan"), {"pug": 2}), callback=Last,
        steps=lambda: ranger([torch.nn.Parameter(torch.ones(2))], lr=0.5))
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = call("optimizer")([weight], lr=0.5)
    assert type(optimizer) is OptimWrapper and type(optimizer.opt) is torch.optim.AdamW
    assert call("method", [5, 6])(6) == 1
    assert call("counts") == {"pug": 2}
    assert call("callback").order == 70
    assert type(call("steps")) is Lookahead


def test_what_an_own_class_adds_to_a_plain_one_stays_there(answered):
    import pandas

    class Word(str, Enum):
        GOOD = "learning"

    class Row(dict):
        __getattr__ = dict.__getitem__

    _, call = answered(word=lambda: Word.GOOD, row=lambda: [Row(epoch=0)], share=lambda: [Fraction(1, 4), Decimal(3)],
                       keys=lambda: {3: "a", 1: "b"}.keys(), table=lambda: pandas.DataFrame({"cat": [1, 0], "dog": [0, 2]}))
    assert call("word") == "learning" and type(call("word")) is str
    assert call("row") == [{"epoch": 0}] and call("share") == [0.25, 3.0] and call("keys") == [3, 1]
    assert call("table").tolist() == [[1, 0], [0, 2]]


def test_what_an_answer_keeps_beside_its_work_does_no_harm(answered):
    import numpy as np
    import pandas

    def note(thing):
        thing.names, thing.files = np.array(["pug", None], dtype=object), pandas.DataFrame({"name": ["pug_1.jpg", "pug_2.jpg"]})
        thing.done = True

    class Odd(list):
        def __iter__(self):
            raise ValueError("nobody looks at this")

    def fill(thing):
        thing.done = Odd([1])

    _, call = answered(note=note, fill=fill)
    call("note", thing := SimpleNamespace())
    assert thing.done is True
    with pytest.raises(TypeError, match="cannot leave the process that made it"):
        call("fill", thing)


def test_an_error_of_an_own_class_says_what_it_is_and_of_warnings_nothing_is_said(answered, capsys):
    class NotAPet(Exception):
        pass

    def look(name):
        warnings.warn("an old name")
        raise NotAPet(name)

    def load():
        raise pickle.UnpicklingError("no weights")

    _, call = answered(look=look, load=load)
    with pytest.raises(pickle.UnpicklingError, match="no weights"):
        call("load")
    with pytest.raises(Exception, match="^NotAPet: lion$"):
        call("look", "lion")
    assert capsys.readouterr().out == ""


def test_a_network_of_an_own_class_can_be_copied(answered):
    import torch
    from torch import nn

    from petkata.classroom.crossing import CannotCross

    class Twice(nn.Module):
        def __init__(self, lie=None):
            super().__init__()
            self.layer, self.lie = nn.Linear(2, 1), lie

        def forward(self, features):
            return 2 * self.layer(features)

        def __deepcopy__(self, memo):
            copied = Twice()
            if self.lie != "others":
                copied.load_state_dict(self.state_dict())
            if self.lie == "shared":
                copied.layer = self.layer
            return copied

    _, call = answered(make=Twice)
    net = nn.Sequential(call("make"), nn.Sigmoid())
    copied, weights = copy.deepcopy((net, list(net.parameters())))
    features = torch.rand(5, 2)
    assert copied[0] is not net[0] and copied(features).equal(net(features))
    with torch.no_grad():
        weights[0].fill_(0)  # of the copy, and of no other
    assert not copied[0].layer.weight.any() and net[0].layer.weight.any() and not copied(features).equal(net(features))
    for lie in ("others", "shared"):
        with pytest.raises(CannotCross, match="not like the network"):
            copy.deepcopy(call("make", lie))


def test_both_ends_compute_in_the_same_precision(answered):
    import torch
    from torch import nn

    def dtype(layer):
        return layer(torch.ones(1, 2)).dtype

    def within(ask):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return ask(), torch.is_autocast_enabled("cpu")

    _, call = answered(dtype=dtype, within=within)
    layer = nn.Linear(2, 1)
    assert call("dtype", layer) == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert call("dtype", layer) == torch.bfloat16
    assert call("dtype", layer) == torch.float32
    assert call("within", of_a_check(lambda: dtype(layer))) == (torch.bfloat16, True)
    assert dtype(layer) == torch.float32


@pytest.fixture
def judges_reading():
    """`judges_reading(opcodes)`: what a judge makes of a pickle."""
    import io

    from petkata.classroom.crossing import Crossing
    from petkata.classroom.crossing.pickles import StrictUnpickler

    ours, theirs = socket.socketpair()
    crossing = Crossing(ours, is_judge=True, folder=None)
    yield lambda opcodes: StrictUnpickler(crossing, io.BytesIO(opcodes + b".")).load()
    ours.close()
    theirs.close()


NAMESPACE, LINEAR, LEARNER = b"ctypes\nSimpleNamespace\n)\x81", b"ctorch.nn\nLinear\n)\x81", b"cfastai.learner\nLearner\n)\x81"
OURS = b"cpetkata.classroom.crossing.pickles\n"
REFUSED = {
    "loads what can run": b"cfastai.learner\nload_learner\n",
    "loads a file": b"cfastai.learner\nload_model\n",
    "code": b"ctypes\nCodeType\n",
    "a function": b"ctypes\nFunctionType\n)\x81",
    "a class": b"cbuiltins\ntype\n(Vnew\n)}t\x81",
    "changes a class": b"ctorch.nn\nLinear\n(N}Vforward\ncfastcore.basics\nnoop\nstb",
    "changes a class that is ours to set": OURS + b"set_state\n(ctorch.nn\nLinear\n((Vforward\nt(cfastcore.basics\nnoop\ntttR",
    "writes": OURS + b"bound\n(cpathlib\nPosixPath\n(Vx\ntRVwrite_text\ntR",
    "loads weights": OURS + b"bound\n(cfastai.learner\nLearner\nVload\ntR",
    "walks to a module": OURS + b"bound\n(cfastcore.foundation\nL\n)\x81}Vitems\n]sbVattrgot\ntR",
    "sets an attribute": OURS + b"bound\n(cfastcore.foundation\nL\n)\x81}Vitems\n]sbVsetattrs\ntR",
    "is asked for its keys": b"cbuiltins\ndict\n(" + NAMESPACE + b"}Vkeys\ncfastcore.basics\nnoop\nsbtR",
    "is counted": b"cbuiltins\nlist\n(" + NAMESPACE + b"tR",
    "sets itself as it likes": NAMESPACE + b"}V__setstate__\ncfastcore.basics\nnoop\nsb}b",
    "is appended to": NAMESPACE + b"}Vappend\ncfastcore.basics\nnoop\nsbK\x01a",
    "a method in a new thing": LEARNER + b"}Vfit\ncfastcore.basics\nnoop\nsb",
    "a method in a new network": LINEAR + b"}Vforward\ncfastcore.basics\nnoop\nsb",
    "fields of numbers": b"cnumpy\ndtype\n(VV8\nI00\nI01\ntR",
    "numbers that are objects": OURS + b"make_array\n(VO\n(K\x01t" + b"C\x08AAAAAAAAtR",
    "an enum that loads": b"ctorchvision.models.resnet\nResNet18_Weights\n",
    "changes a member of an enum": b"cfastai.callback.fp16\nAMPMode\n(Vfp16\ntR}Vown\nK\x01sb",
    "without an end": b"ccollections\ndeque\n(cbuiltins\nrange\n(K\x00J\xff\xff\xff\x7ftRK\x00tR",
    "walks by names": b"cfastai.data.transforms\nAttrGetter\n)\x81}Vitem\nsb",
    "walks by numbers": b"cfastai.data.transforms\nItemGetter\n)\x81",
    "calls for each item": b"cfastai.data.core\nTfmdLists\n)\x81",
    "shows what its items give": b"cfastai.data.core\nDatasets\n)\x81",
    "a callback that writes": b"cfastai.callback.core\nGatherPredsCallback\n)\x81",
    "a method by its name": b"cfastai.optimizer\nOptimizer.step\n",
    "an annotation": b"ctorch.nn\nReLU\n)\x81}V__annotations__\n}sb",
    "a part of a class": b"cfunctools\npartial\n(cfastai.losses\nBaseLoss\ntR",
    "a call with what is no tuple": b"cbuiltins\nlist\ncfastcore.foundation\nL\n)\x81R",
    "made with what is no tuple": b"cbuiltins\nlist\ncfastcore.foundation\nL\n)\x81\x81",
    "a text to evaluate in the axes": OURS + b"make_axes\n((V\nV\nV\nt" + LINEAR + b"tR",
    "a part of a callback": b"cfunctools\npartial\n(cfastai.callback.core\nTrainEvalCallback\n)\x81tR",
    "with words": b"ctorch.nn\nLinear\n)}Vin_features\nK\x01s\x92",
}


@pytest.mark.parametrize("opcodes", [pytest.param(opcodes, id=what) for what, opcodes in REFUSED.items()])
def test_nothing_that_runs_or_changes_programs_is_taken(judges_reading, opcodes):
    import fastai.vision.all
    import torchvision.models  # noqa: F401

    from petkata.classroom.crossing import CannotCross

    with pytest.raises(CannotCross):
        judges_reading(opcodes)
    assert isinstance(judges_reading(LEARNER + b"}Vlr\nK\x01sb"), fastai.vision.all.Learner), "what does nothing else is taken"


def test_of_a_check_only_the_events_of_its_callbacks_happen_whatever_was_sent_into_them(answered):
    from fastai.callback.core import Callback

    from petkata.classroom.crossing import CannotCross

    class Noting(Callback):
        __module__ = "tests.lesson0.checks"

        def after_epoch(self):
            return "happened"

        def secret(self):
            return "told"

    crossing, call = answered(look=lambda thing: None)
    noting = Noting()
    call("look", noting)
    assert crossing._called(noting, "after_epoch")(None) == "happened"
    noting.after_fit = lambda: "sent"
    for method in ("secret", "after_fit", "__init__", "_secret", "name"):
        with pytest.raises(CannotCross):
            crossing._called(noting, method)


def test_what_is_handed_over_amid_a_call_crosses_as_it_is_then(answered):
    kept = []

    def work(ask):
        kept[0].n = 1
        seen = ask(kept[0])
        return seen, kept[0].n

    _, call = answered(keep=kept.append, work=work, give=lambda get: get().n)
    thing = SimpleNamespace(n=0)
    call("keep", thing)

    def ask(thing):
        seen, thing.n = thing.n, 10
        return seen

    assert call("work", of_a_check(ask)) == (1, 10) and thing.n == 10

    def get():
        thing.n = 7
        return thing

    assert call("give", of_a_check(get)) == 7


def test_lists_that_hold_themselves_cross_amid_a_call(answered):
    def work(task, ask):
        task["ring"] = {}
        task["ring"]["self"] = task["ring"]
        return ask()

    _, call = answered(work=work)
    task = {}
    assert call("work", task, of_a_check(lambda: task["ring"]["self"] is task["ring"])) is True
