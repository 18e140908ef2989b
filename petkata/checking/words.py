"""What the learner reads: an answer's failure, told in sentences."""

from __future__ import annotations

import linecache
import re
import reprlib
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, TracebackType

from petkata.checking.answers import AnswerError, Call, Task
from petkata.checking.limits import TimeUp
from petkata.pets import PetsError

UNUSABLE = "The check could not use what came back"


def refuses(task, *args, **kwargs) -> bool:
    """Whether the task raises ValueError for these arguments. Any other error fails the check, in a sentence."""
    try:
        task(*args, **kwargs)
    except ValueError:
        return True
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(f"a ValueError is asked for here, and {type(error).__name__} came ({error})") from None
    return False


def number(value, what: str = "what comes back") -> float:
    """A number that came back: Python's, NumPy's, or a tensor of one. Fails in a sentence where it is something else."""
    try:
        assert not isinstance(value, (str, bytes, bytearray, bool)) and getattr(value, "ndim", 0) == 0
        return float(value)
    except (AssertionError, TypeError, ValueError):
        raise AssertionError(f"{what} is one number; this is {describe(value)}") from None


def not_written(error: BaseException) -> str | None:
    """Which function is not written yet, by the NotImplementedError of its stub; None for any other error."""
    if not isinstance(error, NotImplementedError):
        return None
    *_, (_, _, function, _) = _frames(error, error.__traceback__)
    return str(error) or function  # in a notebook that nbgrader made, the stub's error is empty


def failure(
    error: BaseException, trace: TracebackType, place: Path, root: Path, task: Task | None, first_line: str
) -> str:
    """Why a check failed, for the one who wrote the answer in `place`, a file or a folder.

    Of the traceback only the frames in there are shown: the rest is not the learner's to mend. `first_line` is how
    the task's function begins.
    """
    if inner := getattr(error, "exceptions", None):  # Hypothesis groups what it saw when the same input went two ways
        error, trace = inner[-1], inner[-1].__traceback__
    if isinstance(error, (AnswerError, PetsError)):
        return str(error)
    frames = [frame for frame in _frames(error, trace) if was_elsewhere(error) or Path(frame[0]).is_relative_to(place)]
    shown = [line for frame in frames[-3:] for line in _frame_lines(*frame, root)]
    call = task.last_call if task else None
    if isinstance(error, TimeUp):
        lines = [f"This was still running after {error.seconds:g} seconds of computing and was stopped. "
                 "Is there a loop that never ends?", *shown]
    elif frames and isinstance(error, RecursionError):
        lines = [f"{frames[-1][2]} calls itself again and again and never comes to an end.", *shown[-2:]]
    elif frames and isinstance(error, NotImplementedError) and str(error) in ("", frames[-1][2]):
        lines = [f"{frames[-1][2]} stops at the last line of its stub, which is still there. Delete that line.", *shown[-2:]]
    elif frames and isinstance(error, SystemExit):
        lines = ["Your code ended the program (exit). Return the answer instead.", *shown]
    elif frames and not isinstance(error, AssertionError):
        lines = [f"Your code stopped with {type(error).__name__}: {error}", *shown]
    elif isinstance(error, AssertionError):
        lines = [_message(error, shown), *shown]
    elif call and not call.answered and isinstance(error, TypeError):
        lines = [f"{task.name} could not be called ({error}). It begins with  {first_line}"]
    elif call and call.result is None and not first_line.endswith("-> None:"):
        lines = [f"{task.name} gave back None. Is there a `return`? Printing is not returning."]
    else:
        lines = [f"{UNUSABLE} ({type(error).__name__}: {error})."]
    gave_none = call is not None and call.answered and call.result is None
    if gave_none and isinstance(error, AssertionError) and not first_line.endswith("-> None:"):
        lines.append("    None came back: is there a `return`? Printing is not returning.")
    return "\n".join(lines + _call_lines(call, task))


def _message(error: AssertionError, own_lines: list[str]) -> str:
    """The sentence of a failed assert, without what pytest adds to it: that is about the check, not the answer."""
    message = str(error).partition("\nassert ")[0]
    if own_lines:
        return f"An assert in your code failed: {message}"
    return message


def was_elsewhere(error: BaseException) -> bool:
    """Whether an error comes out of an answer that runs in another process; it brings along the frames of the answer's code."""
    return bool(getattr(error, "frames_of_the_answer", None))


def _frames(error: BaseException, trace: TracebackType | None):
    """File, line, function and the text of the line for each frame, the innermost last."""
    if was_elsewhere(error):
        yield from error.frames_of_the_answer
        return
    while trace is not None:
        code = trace.tb_frame.f_code
        yield code.co_filename, trace.tb_lineno, code.co_name, linecache.getline(code.co_filename, trace.tb_lineno)
        trace = trace.tb_next


def _frame_lines(file: str, number: int, function: str, text: str, root: Path) -> list[str]:
    path = Path(file)
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else "your cell"
    return [f"    {shown}, line {number}, in {function}", f"        {text.strip()}"]


def _call_lines(call: Call | None, task: Task | None) -> list[str]:
    if call is None or task is None or not task.called_lately:
        return []
    given = [describe(value) for value in call.args] + [f"{name}={describe(v)}" for name, v in call.kwargs.items()]
    gave = f" gave {describe(call.result)}" if call.answered else ""
    return [f"    last call: {task.name}({', '.join(given)}){gave}"]


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def describe(value) -> str:
    """A value in a few words: numbers and short lists as they are; tensors, models, learners and functions by what they are."""
    kind = type(value)
    if kind in (list, tuple) and 0 < len(value) <= 6 and _holds_objects(value):
        described = ", ".join(map(describe, value))
        return f"[{described}]" if kind is list else f"({described})"
    if _is_from_a_library(value):
        return _described_object(value)
    if isinstance(value, (FunctionType, BuiltinFunctionType, type)):
        return value.__name__
    if isinstance(value, (list, tuple, dict)) and (len(value) > 6 or _holds_objects(value)):
        first = "" if _holds_objects(value) else f": {_short.repr(value)}"
        return f"<{kind.__name__} of {len(value)}{first}>"
    try:
        return re.sub(r" (object )?at 0x[0-9a-f]+", "", _short.repr(value))
    except Exception:  # a learner's own __repr__ may fail
        return f"<{kind.__name__}>"


def _described_object(value) -> str:
    kind, shape = type(value), getattr(value, "shape", None)
    if kind.__name__ == "dtype":
        return str(value)
    if kind.__name__ == "Size":
        return str(tuple(value))
    if not (hasattr(value, "ndim") and hasattr(value, "reshape")):  # a table of pandas has a shape all the same
        return f"<{kind.__name__} of shape {shape}>" if type(shape) is tuple else f"<{kind.__name__}>"
    if value.ndim == 0:
        return str(value.tolist())
    if len(value.reshape(-1)) <= 6:
        return f"{'tensor' if kind.__module__ == 'torch' else 'array'}({value.tolist()})"
    return f"<{kind.__name__} of shape {tuple(shape)}>"


LIBRARIES = ("torch", "fastai", "petkata", "numpy", "torchvision", "pandas")


def _is_from_a_library(value) -> bool:
    """Whether a value is one of a library's objects, or of a class that was made of one, such as a learner's nn.Module."""
    return any(base.__module__.partition(".")[0] in LIBRARIES for base in type(value).__mro__)


def _holds_objects(value) -> bool:
    """Whether something in these lists is a library's object."""
    inside = list(value.values() if isinstance(value, dict) else value)[:6]
    return any(_is_from_a_library(one) or (isinstance(one, (list, tuple, dict)) and _holds_objects(one)) for one in inside)


def tail(text: str, lines: int = 10) -> str:
    """The last lines of what was printed, the ones nearest to the failure, and how many stood before them."""
    all_lines = text.splitlines()
    shown = [line[:300] for line in all_lines[-lines:]]
    if len(all_lines) > lines:
        shown.insert(0, f"... {len(all_lines) - lines:,} lines before these (pytest -s shows all)")
    return "\n".join(shown)
