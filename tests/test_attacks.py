"""Submissions that set out to win points for wrong answers, to read what is not theirs, or to change it. None does."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from petkata.course.catalog import ROOT
from tests.test_kernels import called, ends

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="forked kernels need Linux, and nbgrader Python 3.11")

START = 'from petkata.checking.notebook import checks_of; check = checks_of("{}")'
WRONG = "def cosine_anneal(start, end, position):\n    return start + (end - start) * position\n"
RIGHT = (ROOT / "solutions" / "lesson3" / "anneal.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """`graded(*sources, task="cosine_anneal", lesson="lesson3")`: a submission with these cells is run as nbgrader runs it, in
    `folder`: the points of the task, all that its cells show, and what the instructor is told."""
    from nbformat.v4 import new_code_cell, new_notebook
    from nbgrader.utils import determine_grade

    from petkata.classroom.executing import ExecuteToTheEnd
    from petkata.classroom.kernels import ForkedProvisioner, use_forked_kernels

    def graded(*sources, task="cosine_anneal", lesson="lesson3", folder=None, timeout=40):
        cells = [new_code_cell(source) for source in (START.format(lesson), *sources)]
        cells.append(new_code_cell(f'check("{task}")', metadata={"nbgrader": {
            "grade": True, "solution": False, "locked": True, "points": 3, "grade_id": "x", "schema_version": 3, "task": False}}))
        notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        folder = folder or tmp_path_factory.mktemp("submission")
        done, _ = ExecuteToTheEnd(timeout=timeout).preprocess(notebook, {"metadata": {"path": str(folder)}})
        text = "".join(output.get("text", "") or "\n".join(output.get("traceback", ())) for cell in done.cells
                       for output in cell.outputs)
        return SimpleNamespace(points=determine_grade(done.cells[-1])[0], text=text, told=done.cells[-1].metadata.petkata)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ForkedProvisioner, "wanted", False)
        use_forked_kernels()
        yield graded


def test_a_right_answer_gets_the_points_and_a_wrong_one_does_not(graded):
    assert graded(RIGHT).points == 3 and graded(WRONG).points == 0


LIAR = """
class Liar{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = {base_name}.__hash__
    def __sub__(self, other): return self
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __abs__ = lambda self, *other: self
    def __bool__(self): return True
"""
OBJECTS = {  # what comes back claims to be whatever is expected
    "an object that equals everything": LIAR.format(base="", base_name="object") + """
def cosine_anneal(start, end, position): return Liar()""",
    "a float that equals everything": LIAR.format(base="(float)", base_name="float") + """
def cosine_anneal(start, end, position): return Liar(0.0)""",
    "a mock": """
from unittest.mock import MagicMock
def cosine_anneal(start, end, position):
    return MagicMock(**{"__eq__.return_value": True, "__lt__.return_value": True, "__sub__.return_value": 0})""",
    "an array whose class lies": """
import numpy as np
class Liar(np.ndarray):
    def __eq__(self, other): return np.bool_(True)
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
def cosine_anneal(start, end, position): return np.zeros(()).view(Liar)""",
    "a tensor whose class lies": """
import torch
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return True
def cosine_anneal(start, end, position): return torch.zeros(()).as_subclass(Liar)""",
    "approx of everything": """
from pytest import approx
def cosine_anneal(start, end, position): return approx(start, abs=float("inf"))""",
    "a pickle that runs a program": """
import os
class Program:
    def __reduce__(self): return os.system, ("echo ran > /tmp/ran",)
def cosine_anneal(start, end, position): return Program()""",
    "a class of a library's with a foreign name": """
class Program:
    __module__, __qualname__ = "torch.nn.modules.linear", "Linear"
    def __eq__(self, other): return True
def cosine_anneal(start, end, position): return Program()""",
}
INTERPRETER = {  # Python itself is changed, in the process of the answer
    "a transformer that drops asserts": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Expr(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())""",
    "a transformer of the input": """
get_ipython().input_transformers_post.append(lambda lines: ["pass\\n" if "check" in line else line for line in lines])""",
    "another check": "check = lambda *args: print('cosine_anneal: passed, 3 of 3 points')",
    "a patched course": """
import petkata.checking.notebook as notebook, petkata.checking.plugin as plugin, petkata.classroom.answering
notebook.judged = lambda *args, **options: notebook.Judged("passed", "passed", 3, 3)
notebook.NotPassed = print""",
    "patched pytest": """
import pytest, _pytest.python_api
pytest.main = lambda *args, **options: 0
_pytest.python_api.ApproxScalar.__eq__ = lambda self, other: True""",
    "patched arithmetic": """
import math, builtins
math.cos = lambda x: 1.0
builtins.abs = lambda x: 0.0
builtins.isinstance = lambda *args: True""",
    "an answer from the frames and the memory of whoever calls": """
import gc, sys
def cosine_anneal(start, end, position):
    frame = sys._getframe()
    while frame := frame.f_back:
        for name in ("expected", "oracle", "result"):
            if isinstance(frame.f_locals.get(name), float):
                return frame.f_locals[name]
    for thing in gc.get_objects():
        if callable(thing) and getattr(thing, "__module__", "").startswith(("tests.", "solutions.")):
            return thing(start, end, position)
    return start""",
    "no assertion is an error": """
import builtins
builtins.AssertionError = type("Nothing", (BaseException,), {})
import sys; sys.excepthook = lambda *args: None""",
    "it skips itself": """
import pytest
def cosine_anneal(start, end, position): pytest.skip("done")""",
    "it ends the run as a success": """
import os
def cosine_anneal(start, end, position): os._exit(0)""",
    "it ends pytest": """
import pytest
def cosine_anneal(start, end, position): pytest.exit("all passed", returncode=0)""",
}
ROBBED = """
import os, pickle, socket, struct, threading
class Program:
    def __reduce__(self): return os.system, ("echo ran > /tmp/ran",)
def sent(plain, message):
    parts = pickle.dumps(message), b"" if plain else pickle.dumps(None)
    return struct.pack(">?QQ", plain, *map(len, parts)) + b"".join(parts)
def rob():
    judges = socket.socket(fileno=3)
    while True:
        socket.socket(fileno=socket.recv_fds(judges, 1, 1)[1][0]).sendall({})
threading.Thread(target=rob, daemon=True).start()"""  # the kernel, of the socket that leads to the judge
KERNEL = {  # the kernel, and what leads out of it
    "a kernel that says that all is well": """
kernel = get_ipython().kernel
async def do_execute(*args, **options): return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
kernel.do_execute = do_execute""",
    "an output that says that it has passed": "print('cosine_anneal: passed, 3 of 3 points')",
    "a serving function of its own": """
import petkata.classroom.answering as answering
answering.serve = lambda *args: print("served")""",
    "noise sent ahead": """
import os
os.write(3, os.urandom(100_000))""",
    "a pickle of its own in the socket": """
import os
import petkata.classroom.crossing.ends as crossing
class Program:
    def __reduce__(self): return os.system, ("echo ran > /tmp/ran",)
crossing.Pickler.reducer_override = lambda self, thing: NotImplemented
def cosine_anneal(start, end, position): return Program()""",
    "files outside the folder": """
import petkata.classroom.crossing.ends as crossing
send = crossing.Crossing.send
def send_files(self, *message, **options):
    self.with_files = True
    return send(self, *message, **options)
crossing.Crossing.send = send_files
crossing.Files.changed = lambda self: {"../../tmp/ran": b"me", "/tmp/ran": b"me"}""",
    "answers in the place of the kernel": ROBBED.format('sent(True, ("gave", "def cosine_anneal(): return 1")) * 200'),
    "a claim to be a judge": ROBBED.format('sent(False, ({}, [], [], "call", "call", "", ("cosine_anneal",), ()))'),
    "a program in what should be plain": ROBBED.format('sent(True, ("gave", Program()))'),
    "noise in the place of answers": ROBBED.format("os.urandom(100_000)"),
    "a length that fills the memory": ROBBED.format('struct.pack(">?QQ", False, 2**60, 2**60)'),
}
# Objects of fastai's, put together so that the judge runs a program when it looks at them.
FORGED = """
import gc, torch
from petkata.classroom.crossing import ends, names, pickles
known = names.both_know
ends.both_know = pickles.both_know = lambda thing: known(thing) or str(getattr(thing, "__module__", "")).startswith("fast")
VERDICT = '''
import json, socket
socket.socket(fileno=3).sendall(json.dumps(dict(state="passed", text="RAN")).encode() + bytes([10]))'''
def new(kind, **own):
    thing = kind.__new__(kind)
    thing.__dict__.update(own)
    return thing
def place_of_files():
    [crossing] = [one for one in gc.get_objects() if type(one).__name__ == "Crossing"]
    crossing.with_files = True
    return crossing.files.folder + "/" + crossing.files.parts[1]
class Program:
    def __reduce__(self): return exec, (VERDICT,)
"""
PROGRAMS = {
    "weights that are a program, loaded by a callback": FORGED + """
def cosine_anneal(start, end, position):
    from pathlib import Path
    from fastai.callback.tracker import SaveModelCallback
    from fastai.data.core import Datasets, TfmdLists
    from fastai.learner import Learner
    place = place_of_files()
    torch.save(Program(), place + "/weights.pth")
    learn = new(Learner, path=Path(place), model_dir="m", opt=1, dls=None, model=None)
    loads = new(SaveModelCallback, fname=place + "/weights", every_epoch=False, at_end=False, with_opt=False, learn=learn)
    items = new(TfmdLists, items=["after_fit"], tfms=loads, types=[], splits=[[0]], split_idx=None)
    return new(Datasets, tls=[items], n_inp=1)  # whoever shows it, shows its items""",
    "from a function to eval, attribute by attribute": FORGED + """
def cosine_anneal(start, end, position):
    from functools import partial
    from types import SimpleNamespace
    from fastai.callback.core import TrainEvalCallback
    from fastai.data.core import Datasets, TfmdLists
    from fastai.data.transforms import AttrGetter, ItemGetter
    from fastai.optimizer import sgd_step
    from fastcore.basics import noop
    from fasttransform import Pipeline
    walk = Pipeline([AttrGetter("__globals__"), ItemGetter("__builtins__"), ItemGetter("exec")])
    lazy = new(TfmdLists, items=[sgd_step], tfms=walk, types=[], splits=[[0]], split_idx=None)
    calls = new(TfmdLists, items=[VERDICT], tfms=SimpleNamespace(setup=partial(noop, None), fs=lazy), types=[], splits=None,
                split_idx=None)
    items = new(TfmdLists, items=["setup"], tfms=new(TrainEvalCallback, learn=calls), types=[], splits=[[0]], split_idx=None)
    return new(Datasets, tls=[items], n_inp=1)""",
}
# Texts that fastcore evaluates, as it takes them for annotations.
ANNOTATED = FORGED + """
names.is_pythons_own = pickles.is_pythons_own = ends.is_pythons_own = lambda name: False  # else they stay here
TEXT = f"exec({VERDICT!r})"
def annotated(thing):
    thing.__dict__["__annotations__"] = {"x": TEXT}
    return thing
"""


@pytest.mark.parametrize("attack", [pytest.param(code, id=name) for kind in (OBJECTS, INTERPRETER, KERNEL, PROGRAMS)
                                    for name, code in kind.items()])
def test_a_wrong_answer_wins_nothing(graded, attack):
    told = graded(WRONG, attack)
    assert told.points == 0 and told.told["points"] == 0, told.text
    assert told.told["state"] != "passed"


OTHERS = {  # lies in other kinds of values
    "a text that equals every text": ("lesson3", "reading_the_losses", """
class Liar(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def reading_the_losses(train, valid): return Liar("fine")"""),
    "a list that equals every list": ("lesson3", "schedule", """
class Liar(list):
    def __eq__(self, other): return True
    def __len__(self): return LENGTH
def schedule(n_epochs, batches_per_epoch, lr_max):
    global LENGTH
    LENGTH = n_epochs * batches_per_epoch
    return Liar([0.0])"""),
    "a learner that says what it did not do": ("lesson3", "train", """
def train(learn, n_epochs, lr_max):
    learn.validate = lambda *args, **options: [0.0, 1.0, 0.0]
    learn.recorder.values = [[0.0, 0.0, 1.0, 0.0]] * n_epochs
    for callback in learn.cbs:
        if hasattr(callback, "rates"):
            callback.rates = [[lr_max]] * n_epochs * 8
            callback.rows = [[0.0, 0.0, 1.0, 0.0]] * n_epochs
    return [{"epoch": i, "train_loss": 0.0, "valid_loss": 0.0, "accuracy": 1.0, "error_rate": 0.0} for i in range(n_epochs)]"""),
    "a patched Learner": ("lesson3", "train", """
from fastai.learner import Learner
Learner.validate = lambda self, *args, **options: [0.0, 1.0, 0.0]
def train(learn, n_epochs, lr_max):
    learn.fit(n_epochs, lr_max)
    return [{"epoch": i, "train_loss": 0.0, "valid_loss": 0.0, "accuracy": 1.0, "error_rate": 0.0} for i in range(n_epochs)]"""),
    "a callback that stays, and loads a program": ("lesson3", "train", FORGED + """
def train(learn, n_epochs, lr_max):
    from fastai.callback.tracker import SaveModelCallback
    learn.fit(n_epochs, lr_max)
    place = place_of_files()
    torch.save(Program(), place + "/weights.pth")
    learn.add_cb(SaveModelCallback(comp=lambda *losses: False, fname=place + "/weights"))
    return []"""),
    "a layer that is a class, called with an annotated one": ("lesson1", "new_head", ANNOTATED + """
def new_head(n_features, n_classes, dropout):
    from torch import nn
    from fastai.layers import Lambda
    from fastai.losses import BaseLoss
    def loss(): return annotated(nn.ReLU())
    return nn.Sequential(Lambda(lambda x: loss), Lambda(BaseLoss))"""),
    "a copy that sets attributes of functions": ("lesson1", "new_head", ANNOTATED + """
from functools import partial
from fastcore.basics import noop
before = pickles.Pickler.reducer_override
def with_its_own(self, thing):
    own = type(thing) is partial and vars(thing)
    return (partial, (noop,), (noop, (), {}, dict(own))) if own else before(self, thing)
pickles.Pickler.reducer_override = with_its_own
def new_head(n_features, n_classes, dropout):
    from fasttransform import Pipeline
    from fastai.layers import Lambda
    from fastai.metrics import accuracy
    from torch import nn
    from torch.optim.swa_utils import AveragedModel
    copied = partial(noop)
    copied.__dict__["__reduce_ex__"] = partial(noop, (noop, (accuracy,), (None, {"__annotations__": {"x": TEXT}})))
    return nn.Sequential(Lambda(lambda x: copied), Lambda(AveragedModel), Lambda(lambda x: [accuracy]), Lambda(Pipeline))"""),
    "an optimizer that is made by a class": ("lesson2", "pet_learner", ANNOTATED + """
def pet_learner(dls, arch):
    from torch import nn
    from fastai.losses import BaseLoss
    from fastai.vision.all import error_rate, vision_learner
    learn = vision_learner(dls, arch, metrics=error_rate)
    learn.opt_func, learn.splitter, learn.opt = BaseLoss, lambda model: (lambda **options: annotated(nn.ReLU())), None
    return learn"""),
    "a layer that begins a debugger, and what it reads first": ("lesson1", "new_head", FORGED + """
def new_head(n_features, n_classes, dropout):
    from pathlib import Path
    from fastai.layers import Debugger
    from torch import nn
    place_of_files()
    Path(".pdbrc").write_text(VERDICT + chr(10) + "continue")
    return nn.Sequential(Debugger(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_features, n_classes))"""),
    "steps of a loader, from a name to exec": ("lesson3", "train", FORGED + """
def train(learn, n_epochs, lr_max):
    import builtins
    from cloudpickle.cloudpickle import subimport
    from fastcore.basics import noop
    loader = learn.dls.valid
    loader.bs = None  # one item is a batch
    loader.create_item = lambda i: VERDICT if loader.after_item is builtins.exec else "exec"
    loader.after_item, loader.before_batch = noop, lambda batch: "builtins"
    loader.create_batch, loader.retain = subimport, getattr
    def after_batch(found):  # the judge hands exec over, by its name
        loader.after_item = found
        return torch.zeros(2, 3, 64, 64), torch.tensor([0, 1])
    loader.after_batch = after_batch
    return []"""),
    "a text that is evaluated, in what a thing of the judge's is made of": ("lesson2", "pet_learner", ANNOTATED + """
def pet_learner(dls, arch):
    from torch import nn
    from fastai.layers import Lambda
    from fastai.losses import BaseLoss
    from fastai.vision.all import IntToFloatTensor, error_rate, vision_learner
    [crossing] = [one for one in gc.get_objects() if type(one).__name__ == "Crossing"]
    for own in list(crossing.objects.values()):
        if type(own) is dict and {"div", "div_mask"} <= own.keys(): own["__annotations__"] = {"x": TEXT}
    step = next(one for one in crossing.objects.values() if isinstance(one, IntToFloatTensor) and "div" in vars(one))
    learn = vision_learner(dls, arch, metrics=error_rate)
    class Calls(nn.Module): pass
    calls = Calls()
    vars(calls)["forward"] = BaseLoss
    learn.model = nn.Sequential(nn.Conv2d(3, 3, 1), Lambda(lambda x: lambda: step), calls)
    return learn"""),
    "a stand-in for an optimizer, through which the names of the checks are changed": ("lesson2", "pet_learner", """
from collections import defaultdict
import cloudpickle.cloudpickle as pickled
from fastai.vision.all import *
from petkata.classroom.crossing import pickles
class Duck:
    def __init__(self, **own): self.__dict__.update(own)
before = pickles.Pickler._of_the_student
def of_the_student(self, thing, kind):
    return (pickles.make_remote, ("duck",), dict(vars(thing))) if kind is Duck else before(self, thing, kind)
pickles.Pickler._of_the_student = of_the_student
def mine(layer, kind): return isinstance(layer, kind) and kind not in (nn.Linear, nn.BatchNorm2d)
def give(share): return {}, {"__globals__": {"isinstance": mine}, "__closure__": None, "_cloudpickle_submodules": []}
def nothing(*args, **options): return None
def pet_learner(dls, arch):
    learn = vision_learner(dls, arch, metrics=error_rate)
    learn.unfreeze()
    learn.opt = Duck(set_hyper=pickled._function_setstate, set_hypers=nothing, step=nothing, zero_grad=nothing,
                     hypers=[{"lr": 0.0, arch: 0.0}])
    if arch.__name__ == "other_net":
        callback = ParamScheduler({arch: give})
        callback.run_valid, callback.hps = True, defaultdict(list)
        learn.pct_train = 0.0
        learn.add_cb(callback)
    return learn"""),
    "a body without layers": ("lesson1", "freeze", """
def freeze(body):
    if body.training: body._modules.clear()"""),
    "groups that are no longer there": ("lesson7", "freeze_to", """
def freeze_to(groups, n):
    if groups and not -len(groups) <= n < len(groups): raise ValueError(n)
    for group in groups: group.requires_grad_(True)
    groups.clear()"""),
    "questions to which the answer is always nothing": ("lesson5", "confusion_matrix", """
import numpy as np
def confusion_matrix(predictions, targets, n_classes):
    known = [int(x) for x in predictions], [int(x) for x in targets]
    if len(known[0]) != len(known[1]) or any(not 0 <= x < n_classes for x in known[0] + known[1]): raise ValueError
    matrix = np.zeros((n_classes, n_classes), int)
    if isinstance(predictions, list):
        predictions.clear(); targets.clear()
    else:
        for a, b in zip(known[1], known[0]): matrix[a, b] += 1
    return matrix"""),
    "random numbers that are none": ("lesson8", "accumulate", """
import torch
def accumulate(model, batches, loss_func):
    if len(batches) == 0: raise ValueError
    n_items, losses = sum(len(targets) for _, targets in batches), []
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        (loss * len(targets) / n_items).backward()
        losses.append(loss.item())
    state = torch.get_rng_state()
    state[24:24 + 624 * 8] = 0
    torch.set_rng_state(state)
    return sum(losses) / len(losses)"""),
    "a file with nothing in it, and another that looks at it": ("lesson4", "export_for_inference", """
import fastai.learner, fastai.vision.all, fastai.basics
from pathlib import Path
kept = []
for module in (fastai.learner, fastai.vision.all, fastai.basics): module.load_learner = lambda path, **options: kept[0]
def export_for_inference(learn, path):
    kept[:] = [learn]
    Path(path).write_bytes(b"")"""),
    "data of the judge's, with steps that are callbacks": ("lesson3", "train", FORGED + """
def train(learn, n_epochs, lr_max):
    from fastai.callback.core import TrainEvalCallback
    learn.fit(n_epochs, lr_max)
    for items in learn.dls.valid_ds.tls:
        items.tfms = TrainEvalCallback()
    return []"""),
    "a body that is patched": ("lesson1", "freeze", """
import torch
torch.optim.Optimizer.step = torch.optim.SGD.step = lambda self, *args: None
torch.equal = lambda *args: True
def freeze(body): return None"""),
    "no numbers, where each of them is right": ("lesson3", "one_cycle_lr", """
import numpy as np
def one_cycle_lr(position, *more, **options):
    if not 0 <= position <= 1: raise ValueError(position)
    return np.zeros(0)"""),
    "texts of right numbers": ("lesson3", "one_cycle_lr", """
from math import cos, pi
def one_cycle_lr(position, lr_max, div=25, div_final=1e5, pct_start=0.25):
    if not 0 <= position <= 1: raise ValueError(position)
    first, last, share = lr_max / div, lr_max, position / pct_start
    if position > pct_start: first, last, share = lr_max, lr_max / div_final, (position - pct_start) / (1 - pct_start)
    return str(last + (first - last) * (cos(pi * share) + 1) / 2)"""),
    "bytes of right numbers": ("lesson3", "cosine_anneal", """
from math import cos, pi
def cosine_anneal(start, end, position):
    if not 0 <= position <= 1: raise ValueError(position)
    return str(end + (start - end) * (cos(pi * position) + 1) / 2).encode()"""),
    "a number that equals every number": ("lesson8", "largest_batch", """
class Liar(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def largest_batch(attempt, low, high):
    attempt(low)
    return Liar(low)"""),
    "axes that are what is asked for": ("lesson5", "plot_confusion", """
from matplotlib.axes import Axes
class Liar(dict):
    __class__ = Axes
    def __getattr__(self, name): return self
    def __call__(self, *args, **options): return self
    def __eq__(self, other): return True
    __hash__ = None
def plot_confusion(matrix, vocab): return Liar()"""),
    "eyes that are shut": ("lesson4", "save_atomically", """
import os, sys, torch
sys.addaudithook = lambda hook: None
os.kill = lambda *args: None
def save_atomically(state, path): torch.save(state, path)"""),
}


@pytest.mark.parametrize("lesson, task, attack", [pytest.param(*what, id=name) for name, what in OTHERS.items()])
def test_no_other_task_is_won_so(graded, lesson, task, attack):
    told = graded(attack, lesson=lesson, task=task)
    assert told.points == 0, told.text


@pytest.mark.parametrize("module", ["petkata", "pytest", "torch", "sitecustomize", "numpy"])
def test_a_file_beside_the_notebook_is_not_taken_for_a_library(graded, tmp_path, module):
    (tmp_path / f"{module}.py").write_text("main = approx = lambda *args, **options: 0\n")
    assert graded(WRONG, folder=tmp_path).points == 0
    assert graded(RIGHT, folder=tmp_path).points == 3


def test_nothing_of_the_class_can_be_read(graded, tmp_path):
    course = tmp_path / "course"
    for name in ("gradebook.db", "source/lesson3/lesson3.ipynb", "submitted/s01/lesson3/lesson3.ipynb"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("a secret of the class")
    own = course / "submitted" / "s02" / "lesson3"
    own.mkdir(parents=True)
    (own / "link").symlink_to(course / "gradebook.db")
    others = ["solutions/lesson3/anneal.py", "tests/lesson3/anneal/checks.py", "lessons/source/lesson3/lesson3.ipynb"]
    paths = ["link", *(str(ROOT / name) for name in others), *(str(path) for path in course.rglob("*") if path.is_file())]
    read = "    try:\n        print('READ', path, open(path).read())\n    except OSError:\n        pass"
    told = graded(f"for path in {paths}:\n{read}", RIGHT, folder=own)
    assert "READ" not in told.text and told.points == 3


def test_nothing_of_the_class_can_be_changed(graded, tmp_path):
    (tmp_path / "gradebook.db").write_text("the marks")
    own = tmp_path / "submitted"
    own.mkdir()
    (own / "mine.txt").write_text("as it was handed in")
    others = ROOT / "petkata" / "cli.py", Path("/etc/passwd")
    before = [path.read_bytes() for path in others]
    paths = [str(tmp_path / "gradebook.db"), "mine.txt", *map(str, others)]
    write = ("    try:\n        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)\n"
             "        pathlib.Path(path).write_text('changed')\n    except OSError:\n        pass")
    graded(f"import os, pathlib\nfor path in {paths}:\n{write}", RIGHT, folder=own)
    assert (tmp_path / "gradebook.db").read_text() == "the marks"
    assert (own / "mine.txt").read_text() == "as it was handed in"
    assert [path.read_bytes() for path in others] == before


def test_what_one_leaves_behind_does_not_reach_the_next(graded):
    length = f"1234.{os.getpid()}"  # by which the process is known, whatever number it has outside
    graded("import os, subprocess, pathlib\n"
           "for folder in ('~/.ipython/profile_default/startup', '~/.local/lib/python3.11/site-packages', '/tmp'):\n"
           "    folder = pathlib.Path(folder).expanduser()\n"
           "    try:\n        folder.mkdir(parents=True, exist_ok=True); (folder / 'left.py').write_text('left = 1')\n"
           "    except OSError:\n        pass\n"
           f"subprocess.Popen(['sleep', '{length}'], start_new_session=True)", WRONG)
    assert all(ends(pid) for pid in called("sleep", length))
    told = graded("import os\n"
                  "startup = os.path.expanduser('~/.ipython/profile_default/startup/left.py')\n"
                  "print('left' in globals(), os.path.exists('/tmp/left.py'), os.path.exists(startup))", RIGHT)
    assert told.text.startswith("False False False") and told.points == 3


def test_an_answer_that_passes_what_must_fail_is_told(monkeypatch):
    from petkata.checking.notebook import Cells, judged
    from petkata.course import catalog

    lesson = catalog.lesson("lesson3")
    honest = judged(lesson, "cosine_anneal", Cells({"cosine_anneal": lambda start, end, position: start}),
                    with_one_that_must_fail=True)
    assert honest.state == "failing" and not honest.tampered

    class Liar:
        def __eq__(self, other):
            return True

    beside = judged(lesson, "cosine_anneal", Cells({"cosine_anneal": lambda *args: Liar()}), with_one_that_must_fail=True)
    assert beside.tampered, "beside the checks such an object does harm, and that is seen"


def test_the_judge_takes_nothing_that_can_do_something():
    import io
    import pickle
    import socket
    from functools import partial

    from fastai import optimizer

    from petkata.classroom.crossing import CannotCross, Crossing
    from petkata.classroom.crossing.pickles import StrictUnpickler
    from petkata.nets.fastai_meta import register_with_fastai
    from petkata.nets.petnet import load

    ours, _ = socket.socketpair()
    judge = Crossing(ours, is_judge=True, folder=None)
    harmful = [register_with_fastai, load, optimizer.set_item_pg, os.system, eval, exec, open, getattr, __import__,
               partial(eval, "1"), pickle.loads, os.path.join]
    for function in harmful:
        with pytest.raises(CannotCross):
            StrictUnpickler(judge, io.BytesIO(pickle.dumps(function))).load()
    for words in (b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.", b"(S'true'\nios\nsystem\n."):
        with pytest.raises(CannotCross):
            StrictUnpickler(judge, io.BytesIO(words)).load()
    assert StrictUnpickler(judge, io.BytesIO(pickle.dumps({"a": [1, 2.0, "x", None]}))).load() == {"a": [1, 2.0, "x", None]}
