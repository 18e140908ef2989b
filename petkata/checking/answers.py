"""Where a task's function comes from: a learner's file, a solution, or a known right or wrong answer."""

from __future__ import annotations

import copy
import importlib
import inspect
import sys
import textwrap
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

from petkata.course import stubs

PLAIN = (bool, int, float, str, bytes)


class AnswerError(Exception):
    """A learner's file that cannot be judged; the message is a sentence for the learner."""


class Task:
    """A learner's function as a check sees it. It is called like the function and remembers its last call. A check compares with
    what it has handed over, so no call may change a list, an array or the like that is its argument.

    A check reaches the learner's code in this one way, so that a call can be shown, recorded, or made elsewhere.
    """

    def __init__(self, name: str, function: Callable):
        self.__name__ = self.name = name
        self.function = function
        self.last_call: Call | None = None
        self.called_lately = False  # since the check began that is judging now; before, its fixtures may have called

    def __call__(self, *args, **kwargs):
        call = self.last_call = Call(tuple(map(_as_given, args)), {name: _as_given(value) for name, value in kwargs.items()})
        self.called_lately = True
        given = {**{f"argument {place}": value for place, value in enumerate(args, start=1)}, **kwargs}
        before = {name: _contents(value) for name, value in given.items()}
        call.result = self.function(*args, **kwargs)
        call.answered = True
        for name, value in given.items():
            if not _same(_contents(value), before[name]):
                what, instead = ("which layers or weights there are in", "they all stay, each in its place") \
                    if hasattr(value, "named_modules") else ("what is in", "make a new one, or a copy, and change that")
                raise AssertionError(f"{self.name} has changed {what} the {type(value).__name__} that it was given ({name}). "
                                     f"That belongs to whoever called: {instead}.")
        return call.result

    def where_it_runs(self, look: Callable, *args):
        """What `look(answer, *args)` gives: a function of a check's that calls the answer and sees what it does there to files,
        figures or the memory. Where the answer runs in another process, `look` runs in there as well, with all that it uses, and
        what it gives comes back. It only looks: to judge is for the check, here. And by plain data: what `look` is given can be
        changed there, so it is nothing that the check compares with afterward.
        """
        elsewhere = getattr(self.function, "where_it_runs", None)
        if elsewhere is None:
            return look(self, *args)
        self.last_call, self.called_lately = None, True  # of the calls there nothing is told
        return elsewhere(look, *args)

    def __repr__(self):
        return self.name


def _contents(value):
    """What is in a list, a dict, a set, an array, or a tensor that is no parameter, however deep, and of a network the layers and
    the names of its weights: a copy, which nobody changes. Anything else is itself."""
    kind = type(value)
    if kind in (list, tuple, set):
        return kind, [_contents(one) for one in value]
    if kind is dict:
        return kind, [(name, _contents(one)) for name, one in value.items()]
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy and isinstance(value, numpy.ndarray):
        return kind, value.dtype, value.shape, value.tobytes()
    if torch and isinstance(value, torch.nn.Module):
        return kind, list(value.named_modules(remove_duplicate=False)), [name for name, _ in value.named_parameters()]
    if torch and isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter) \
            and value.layout is torch.strided and not value.is_meta:
        with torch._C.DisableTorchFunctionSubclass():
            flat = value.detach().cpu().contiguous().reshape(-1)
            return kind, value.dtype, value.shape, flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return value


def _same(now, before) -> bool:
    """Whether two `_contents` are of the same things."""
    if isinstance(now, (tuple, list)) and type(now) is type(before):
        return len(now) == len(before) and all(map(_same, now, before))
    return now is before or type(now) is type(before) and isinstance(now, PLAIN) and now == before


def _as_given(value):
    """An argument as it is now, should the answer change it."""
    return copy.copy(value) if type(value) in (list, dict, set) else value


@dataclass
class Call:
    """One call of a task: what went in, and what came back once `answered`."""

    args: tuple
    kwargs: dict
    result: Any = None
    answered: bool = False


def function(path: Path, root: Path, name: str) -> Callable:
    """A function of a learner's file. Raises AnswerError, in a sentence, where it cannot be had."""
    found = getattr(load(path, root), name, None)
    if found is None:
        where, begins = path.relative_to(root).as_posix(), first_line(path.parent.name, path.name, name, root)
        raise AnswerError(f"{where} has no function {name} any more. It begins with\n    {begins}")
    return found


def load(path: Path, root: Path) -> ModuleType:
    """The module of a learner's file. Raises AnswerError, in a sentence, where Python cannot load it."""
    where = path.relative_to(root).as_posix()
    if not path.exists():
        raise AnswerError(f"{where} is missing. To have its stubs back: python -m petkata.course.stubs")
    try:
        return importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
    except SyntaxError as error:
        place = f"{_shown(error.filename, root)}, line {error.lineno}"
        line = f"\n    {error.text.strip()}" if error.text else ""
        raise AnswerError(f"{place}: Python cannot read this ({error.msg}).{line}") from None
    except SystemExit:
        raise AnswerError(f"{where} ends the program while it is loaded (it calls exit). "
                          "Take that call out: the checks call your functions.") from None
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)
                  and not Path(frame.filename).is_relative_to(root / "petkata")]
        place = f"{_shown(frames[-1].filename, root)}, line {frames[-1].lineno}" if frames else where
        line = f"\n    {frames[-1].line}" if frames else ""
        raise AnswerError(f"{place}: this stopped while the file was loaded, with "
                          f"{type(error).__name__}: {error}{line}") from None


def untouched(path: Path) -> frozenset[str]:
    """Names of the tasks in a learner's file that are still stubs; none where the file cannot be read."""
    try:
        return frozenset(stubs.untouched(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return frozenset()


def is_untouched(function: Callable | None) -> bool:
    """Whether a function of a notebook is still a stub."""
    try:
        return bool(stubs.untouched(textwrap.dedent(inspect.getsource(function))))
    except (OSError, TypeError):  # nothing there, or no function with a source
        return False


def first_line(lesson: str, file: str, name: str, root: Path) -> str:
    """How a task's function begins: `def cosine_anneal(start: float, ...) -> float:`."""
    return stubs.signature((root / "solutions" / lesson / file).read_text(encoding="utf-8"), name) or ""


def _shown(file: str | None, root: Path) -> str:
    path = Path(file or "?")
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


@dataclass(frozen=True)
class KnownAnswer:
    """A known right (`caught_by` is None) or wrong answer to a task, and the words for who made that mistake."""

    task: str
    function: Callable
    words: str = ""
    caught_by: str | None = None


def mistake(words: str, *, caught_by: str) -> Callable[[Callable], Callable]:
    """Mark a complete, runnable wrong answer. `words` are what a learner who made it should read; `caught_by` names
    the first check that fails on it, the one whose message the learner meets."""
    return lambda function: _add(KnownAnswer(function.__name__, function, words, caught_by))


def alternative(function: Callable) -> Callable:
    """Mark another right answer to a task: all its checks must pass."""
    return _add(KnownAnswer(function.__name__, function))


def _add(answer: KnownAnswer) -> Callable:
    # The same name is defined again and again in these files, so the module keeps a list.
    answer.function.__globals__.setdefault("_known_answers", []).append(answer)
    return answer.function


def known_answers(module) -> list[KnownAnswer]:
    return module.__dict__.get("_known_answers", [])
