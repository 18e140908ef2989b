"""Taking in a submission: what nbgrader is given in its place, so that nothing that a student hands in can stop the grading.

The student's files are only read, never changed. What is given to nbgrader is made of them: a notebook of the right name, with
each cell's text and the marks that the gradebook has for it. Cells that must be there are put back. Where no notebook can be
read, it is the assignment's own cells, to be graded as *not judged*. What was found is told in the notebook's first cell, and to
the instructor in `notebook.metadata.petkata.needs_a_look`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
MOST_SHOWN = 5_000_000  # characters of the pictures in one cell
MOST_TEXT = 200_000  # characters of code in one cell that are shown, and of all texts: feedback on more takes minutes
MOST_PROSE = 20_000  # characters of the text of one cell that are shown
MOST_CELLS = 2000
LONGEST_TIME = 100  # bytes; who reads thousands of digits as a time takes hours
MOST_TOLD, LONGEST_TOLD = 20, 400  # sentences about a submission, and characters of each
# Files beside a notebook that grading may need. formgrader hands on all that lie there, and a browser runs what others hold.
BESIDE = {"", ".txt", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".md", ".py", ".png", ".jpg", ".jpeg", ".gif", ".webp",
          ".bmp", ".npy", ".npz", ".pkl", ".pth", ".pt", ".safetensors", ".zip"}
# Where nbgrader or Jupyter is called in a folder with such a file, it runs what is written there.
CONFIGURATION = re.compile(r"(nbgrader|jupyter\w*|ipython\w*)_config\.(py|json)", re.IGNORECASE)
NOT_READ, NOT_GRADED = "Could not be read", "Could not be graded"  # how the sentence about such a submission begins
TITLE = "**About this submission**"


class CannotBeRead(Exception):
    """A file that is no notebook for us. The message is a sentence: what was found, and what to do."""


@dataclass
class Asked:
    """A notebook of an assignment, as the gradebook knows it: its cells in order, with nbgrader's marks."""

    name: str
    cells: list[nbformat.NotebookNode]
    kernel: dict = field(default_factory=lambda: dict(KERNEL))

    def __post_init__(self):
        self.by_id = {id_of(cell): cell for cell in self.cells}


@dataclass
class TakenIn:
    """A notebook for nbgrader; `told` are sentences about what was found. Where `readable` is False, it is the assignment's."""

    notebook: nbformat.NotebookNode
    told: list[str]
    readable: bool = True


def asked_of(notebook, order: list[str]) -> Asked:
    """What the gradebook (`nbgrader.api.Notebook`) asks for. It keeps no order of cells: `order` has their ids as they stand."""
    points = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
    graded, answers, tasks = ({cell.name for cell in cells} for cells in (
        notebook.grade_cells, notebook.solution_cells, notebook.task_cells))
    cells = []
    for cell in sorted(notebook.source_cells, key=lambda cell: order.index(cell.name) if cell.name in order else len(order)):
        marks = {"grade_id": cell.name, "schema_version": 3, "cell_type": cell.cell_type, "locked": cell.locked,
                 "grade": cell.name in graded, "solution": cell.name in answers, "task": cell.name in tasks}
        if cell.checksum:
            marks["checksum"] = cell.checksum
        if cell.name in points:
            marks["points"] = points[cell.name]
        cells.append(NEW[cell.cell_type](cell.source, metadata={"nbgrader": marks}))
    return Asked(notebook.name, cells, json.loads(notebook.kernelspec or "null") or dict(KERNEL))


# --- files ---


def take_in(submission: Path, asked: list[Asked], target: Path, largest: int) -> dict[str, TakenIn]:
    """Write into the new folder `target` what nbgrader is to grade in the place of the folder `submission`.

    Files of more than `largest` bytes are left out. Raises OSError only where `target` cannot be written.
    """
    stamp = digest(submission, asked, largest)
    taken = {one.name: taken_in(submission, one, [other.name for other in asked], largest) for one in asked}
    target.mkdir(parents=True)
    left_out = copy_other_files(submission, target, largest)
    for one in asked:
        found = taken[one.name]
        found.told = in_plain_words(found.told + left_out)
        write(found, target / f"{one.name}.ipynb", stamp)
    return taken


def taken_in(submission: Path, asked: Asked, names: list[str], largest: int) -> TakenIn:
    """The notebook of a submission that is meant by `asked`; `names` are those of all notebooks of the assignment."""
    try:
        return mended(*chosen(submission, asked, names, largest), asked)
    except CannotBeRead as why:
        return not_read(asked, str(why))
    except Exception as error:  # whatever it is that a student has found
        return not_read(asked, f"{asked.name}.ipynb makes no sense ({type(error).__name__}: {error}). "
                               "Open it in Jupyter, save it, and hand it in again.")


def not_read(asked: Asked, why: str) -> TakenIn:
    cells = [NEW[cell.cell_type](cell.source, metadata=cell.metadata) for cell in asked.cells]
    return TakenIn(notebook_with(cells, asked), [f"{NOT_READ}: {why}", "No task of it was judged."], readable=False)


def not_graded(taken: TakenIn, error: Exception, path: Path) -> None:
    """Write to `path` a notebook whose grading failed, as it was taken in, with the reason told in front."""
    why = f"{NOT_GRADED}: {type(error).__name__}: {error}"
    taken.told[:] = in_plain_words([why, "No task of it was judged.", *taken.told])
    write(taken, path, taken.notebook.metadata["petkata"]["submitted"])


def write(taken: TakenIn, path: Path, stamp: str) -> None:
    """Write a notebook for nbgrader, with what is told in front."""
    notebook = new_notebook(metadata=taken.notebook.metadata, cells=list(taken.notebook.cells))
    notebook.metadata["petkata"] = {"needs_a_look": taken.told, "submitted": stamp}
    if taken.told:
        notebook.cells.insert(0, new_markdown_cell("\n".join([TITLE, "", *(f"- {text}" for text in taken.told)])))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    path.write_text(clean(nbformat.writes(notebook)) + "\n", encoding="utf-8")


def chosen(submission: Path, asked: Asked, names: list[str], largest: int) -> tuple[dict, list[str]]:
    """What is in the file that holds a notebook, and what to tell. Raises CannotBeRead.

    Another file is taken where it is clear that it is meant: the only notebook, or the only one with cells of the assignment.
    """
    right = submission / f"{asked.name}.ipynb"
    spoken_for = {f"{name}.ipynb" for name in names}
    try:
        others = [path for path in files_in(submission) if path == submission or path != right and (
            path.name == right.name or looks_like_a_notebook(path) and path.name not in spoken_for)]
    except OSError as error:
        raise CannotBeRead(f"the folder {submission.name} cannot be opened ({error.strerror}). "
                           "Change its permissions, and grade it again.") from None
    wrong = []
    if os.path.lexists(right):
        try:
            return contents(right, submission, largest)
        except CannotBeRead as error:
            wrong.append(str(error))
    else:
        wrong.append(f"there is no {right.name}.")
    read = {}
    for path in others:
        try:
            read[path] = contents(path, submission, largest)
        except CannotBeRead as error:
            wrong.append(str(error))
    fitting = [path for path in read if ids_in(read[path][0]) & set(asked.by_id)]
    taken = fitting if fitting or os.path.lexists(right) else list(read)
    if len(taken) == 1:
        given, told = read[taken[0]]
        found = taken[0].name if taken[0] == submission else taken[0].relative_to(submission)
        return given, [f"Taken for {right.name}: {found} ({wrong[0].rstrip('.')}).", *told]
    if taken:
        wrong.append(f"It is not clear which is meant: {', '.join(str(path.relative_to(submission)) for path in taken)}.")
    raise CannotBeRead(" ".join([*wrong, f"Hand in {right.name}, as Jupyter saves it."]))


def files_in(submission: Path) -> Iterator[Path]:
    """All files of a submission, in order. Raises OSError where the folder cannot be opened."""
    if submission.is_file():
        yield submission
        return
    os.listdir(submission)  # os.walk says nothing
    for folder, folders, files in os.walk(submission):
        folders[:] = sorted(name for name in folders if name != ".ipynb_checkpoints")
        yield from (Path(folder, name) for name in sorted(files))


def looks_like_a_notebook(path: Path) -> bool:
    """Browsers and file managers add endings: lesson3.ipynb.txt, lesson3.json."""
    return ".ipynb" in path.name.lower() or path.suffix.lower() == ".json"


def contents(path: Path, submission: Path, largest: int) -> tuple[dict, list[str]]:
    """What is in the file of a notebook, and what to tell. Raises CannotBeRead."""
    data, told, name = bytes_of(path, submission, largest), [], path.name
    if not data.strip():
        raise CannotBeRead(f"{name} is empty.")
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        told = [f"{name} is not in UTF-8: letters that are not English may be wrong. Save it in Jupyter."]
    try:
        given = json.loads(text)
    except RecursionError:
        raise CannotBeRead(f"{name} is nested too deeply.") from None
    except ValueError as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise CannotBeRead(f"{name} is no valid JSON, so no notebook{where}.") from None
    if isinstance(given, dict) and given.get("nbformat") in (1, 2, 3):
        told.append(f"{name} is in the old notebook format {given['nbformat']}.")
        given = nbformat.reads(text, as_version=4)
    if not isinstance(given, dict) or not isinstance(given.get("cells"), list):
        raise CannotBeRead(f"{name} is JSON, but no notebook: it has no list of cells.")
    return given, told


def bytes_of(path: Path, submission: Path, largest: int) -> bytes:
    """What is in a file of a submission. A link out of it is not followed: it could lead to other students, or to solutions."""
    name, real, home = path.name, Path(os.path.realpath(path)), Path(os.path.realpath(submission.parent), submission.name)
    if not real.is_relative_to(home):
        raise CannotBeRead(f"{name} is a link that leads out of the submission, and was not followed. Put the file itself there.")
    try:
        if real.is_dir():
            raise CannotBeRead(f"{name} is a folder, not a file.")
        if not real.is_file():
            raise CannotBeRead(f"{name} is no file that can be read.")
        if (size := real.stat().st_size) > largest:
            raise CannotBeRead(f"{name} has {size / 1e6:.0f} MB, and at most {largest / 1e6:.0f} MB are read.")
        return real.read_bytes()
    except OSError as error:
        raise CannotBeRead(f"{name} cannot be opened ({error.strerror}). Change its permissions, and grade it again.") from None


def copy_other_files(submission: Path, target: Path, largest: int) -> list[str]:
    """Copy the files beside the notebooks. Returns a sentence for each that was left out."""
    told, total = [], 0
    try:
        paths = [path for path in files_in(submission) if path != submission]
    except OSError:
        return []  # told already: there is no notebook either
    for path in paths:
        inside = path.relative_to(submission)
        if ".ipynb" in path.name.lower():
            continue  # a notebook, the right one or not
        if not str(inside).isprintable():
            told.append(f"Left out: {inside}, for its name. Use letters, digits and hyphens.")
            continue
        kinds = {Path(part).suffix.lower() for part in inside.parts}
        if not kinds <= BESIDE or CONFIGURATION.fullmatch(path.name) or "timestamp.txt" in inside.parts[:-1]:
            told.append(f"Left out: {inside}, which is not of a kind that grading needs. What was handed in still has it.")
            continue
        try:
            data = bytes_of(path, submission, largest - total)
        except CannotBeRead as error:
            told.append(f"Left out: {error}")
            continue
        if path == submission / "timestamp.txt" and not is_a_time(data):
            told.append("Left out: timestamp.txt holds no time. The submission counts as in time.")
            continue
        total += len(data)
        place = target / inside
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            told.append(f"Left out: {path.name}, in folders that are too deep. Put it nearer to the notebook.")
    return told


def is_a_time(data: bytes) -> bool:
    from nbgrader.utils import parse_utc

    try:
        return len(data) < LONGEST_TIME and bool(parse_utc(data.decode().strip()))
    except Exception:  # of many kinds: a time may be read as a number, too
        return False


def digest(submission: Path, asked: list[Asked], largest: int) -> str:
    """Tells whether a submission is still what it was when it was graded, and so is what was asked for."""
    cells = {one.name: {name: [cell.source, cell.metadata] for name, cell in one.by_id.items()} for one in asked}
    told = hashlib.sha256(json.dumps(cells, sort_keys=True).encode())
    try:
        for path in files_in(submission):
            told.update(os.fsencode(path.relative_to(submission)) + b"\0")
            try:
                told.update(hashlib.sha256(bytes_of(path, submission, largest)).digest())
            except CannotBeRead as error:
                told.update(str(error).encode("utf-8", "replace"))
    except OSError as error:
        told.update(str(error.errno).encode())
    return told.hexdigest()


# --- cells ---


def mended(given: dict, told: list[str], asked: Asked) -> TakenIn:
    """A notebook of the texts in `given`, with the marks of `asked` on the right cells, and with all cells that must be there."""
    told, cells = list(told), []
    language, ours = language_of(given), asked.kernel.get("language", "python")
    if language and "python" not in language.lower():
        told.append(f"The notebook says that it is written in {language}. It was run as {ours}.")
    given = {**given, "cells": few(given["cells"], asked, told)}
    names = [id_of(cell) if isinstance(cell, dict) else None for cell in given["cells"]]
    last, times = {name: place for place, name in enumerate(names)}, Counter(names)
    for place, cell in enumerate(given["cells"]):
        if isinstance(cell, dict):
            known = asked.by_id.get(names[place]) if last[names[place]] == place else None
            cells.append(mended_cell(cell, place + 1, known, told))
        else:
            told.append(f"Cell {place + 1} is no cell, and was left out.")
    if more := [name for name in asked.by_id if times[name] > 1]:
        told.append(f"More than once in the notebook: {', '.join(more)}. The last one counts.")
    if strange := [name for name in times if name and name not in asked.by_id]:
        told.append(f"Not of this assignment, so not graded: {', '.join(strange)}.")
    put_back(cells, asked, told)
    return TakenIn(notebook_with(cells, asked), told)


def few(cells: list, asked: Asked, told: list[str]) -> list:
    """The first cells, and of the others those of the assignment, each once: the last one counts."""
    if len(cells) <= MOST_CELLS:
        return cells
    told.append(f"The notebook has {len(cells)} cells. The first {MOST_CELLS} were taken, and those of the assignment.")
    last = {id_of(cell): place for place, cell in enumerate(cells) if isinstance(cell, dict)}
    more = sorted(place for name, place in last.items() if place >= MOST_CELLS and name in asked.by_id)
    return [*cells[:MOST_CELLS], *(cells[place] for place in more)]


def mended_cell(cell: dict, number: int, known: nbformat.NotebookNode | None, told: list[str]) -> nbformat.NotebookNode:
    """A cell of its text. A `known` one has the gradebook's marks, and its text unless it is an answer.

    What a cell showed is left out, however much it is: grading runs the cell. Should nbgrader be told not to run it, a check
    that shows nothing would count as passed; so it says that it was not run.
    """
    kind = cell.get("cell_type") if cell.get("cell_type") in NEW else "raw"
    text = clean(joined(cell.get("source")))
    if len(text) > (MOST_TEXT if kind == "code" else MOST_PROSE):
        told.append(f"Cell {number} has {len(text) / 1e6:.1f} million letters. Only the first of them are shown.")
    if known is not None:
        if known.metadata.nbgrader.locked and changed(text, cell, known):
            told.append(f"The cell {id_of(known)} was changed. It was put back as it was.")
        if known.cell_type != kind:
            told.append(f"The cell {id_of(known)} was turned from {known.cell_type} to {kind}, and back.")
        kind = known.cell_type
        text = known.source if known.metadata.nbgrader.locked else text
    made = NEW[kind](text, metadata=known.metadata if known is not None else {})
    if kind == "code" and known is not None and known.metadata.nbgrader.grade:
        made.outputs = [new_output("error", ename="NotRun", evalue="", traceback=["This cell was not run."])]
    elif kind != "code" and (pictures := pictures_in(cell)):
        if (size := len(json.dumps(pictures))) <= MOST_SHOWN:
            made.attachments = nbformat.from_dict(pictures)
        else:
            told.append(f"Cell {number} has {size / 1e6:.0f} MB of pictures. They were left out.")
    return made


def pictures_in(cell: dict) -> dict[str, dict[str, str]]:
    """The pictures that are attached to a text, by name: what they are, and their data."""
    given = cell.get("attachments") if isinstance(cell.get("attachments"), dict) else {}
    pictures = {name: {kind: data for kind, data in picture.items() if isinstance(data, str)}
                for name, picture in given.items() if isinstance(picture, dict)}
    return {name: picture for name, picture in pictures.items() if picture}


def changed(text: str, cell: dict, known: nbformat.NotebookNode) -> bool:
    """Whether a locked cell is no longer as it was handed out. Its own checksum tells: hidden checks were taken from it."""
    from nbgrader.utils import compute_checksum

    marks = cell["metadata"]["nbgrader"]
    if text == known.source:
        return False
    try:
        own = NEW[cell.get("cell_type")](text, metadata={"nbgrader": nbformat.from_dict(marks)})
        return compute_checksum(own) != marks.get("checksum")
    except (KeyError, TypeError, ValueError):  # marks that are none
        return True


def put_back(cells: list[nbformat.NotebookNode], asked: Asked, told: list[str]) -> None:
    """Insert the cells that must be there. An answer is not put back: its stub would undo what stands elsewhere.

    A check goes before the next of the assignment's cells, since what it checks may stand in any cell above that. Other cells,
    such as one that imports, go after the one before.
    """
    present = {id_of(cell) for cell in cells}
    gone = [cell for cell in asked.cells if id_of(cell) not in present]
    for cell in gone:
        marks, names = cell.metadata.nbgrader, list(asked.by_id)
        here = names.index(id_of(cell))
        if not (marks.grade or marks.locked or marks.task):
            continue
        places = [place for place, other in enumerate(cells) if id_of(other) is not None]
        order = [(place, names.index(id_of(cells[place]))) for place in places]
        if marks.grade or marks.task:
            place = min((place for place, rank in order if rank > here), default=len(cells))
        else:
            place = max((place + 1 for place, rank in order if rank < here), default=0)
        cells.insert(place, NEW[cell.cell_type](cell.source, metadata=cell.metadata))
    again = [id_of(cell) for cell in gone if cell.metadata.nbgrader.grade or cell.metadata.nbgrader.locked]
    answers = [id_of(cell) for cell in gone if id_of(cell) not in again]
    if again:
        told.append(f"Missing, and put back: {', '.join(again)}.")
    if answers:
        told.append(f"Missing: the cell for answers {', '.join(answers)}. What stands in other cells counts.")


def notebook_with(cells: list[nbformat.NotebookNode], asked: Asked) -> nbformat.NotebookNode:
    language = asked.kernel.get("language", "python")
    return new_notebook(cells=cells, metadata={"kernelspec": asked.kernel, "language_info": {"name": language}})


def id_of(cell: dict) -> str | None:
    """nbgrader's id of a cell; None where it has none that could be one."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) and name else None


def ids_in(given: dict) -> set[str]:
    return {id_of(cell) for cell in given["cells"] if isinstance(cell, dict)} - {None}


def language_of(given: dict) -> str | None:
    metadata = given.get("metadata") if isinstance(given.get("metadata"), dict) else {}
    for place, key in (("kernelspec", "language"), ("language_info", "name")):
        language = metadata[place].get(key) if isinstance(metadata.get(place), dict) else None
        if isinstance(language, str) and language:
            return language
    return None


def joined(source: object) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def in_plain_words(told: list[str]) -> list[str]:
    """Sentences as people read them, in a terminal or a page. A student has named some of what they speak of: no name looks like
    more than a name, or is without an end."""
    if len(told) > MOST_TOLD:
        told = [*told[:MOST_TOLD - 1], f"And {len(told) - MOST_TOLD + 1} more sentences like these."]
    plain = [re.sub(r"[^\w .,:;/()+=@'\"%-]", "?", re.sub("//+", "/", clean(sentence))) for sentence in told]
    return [sentence if len(sentence) <= LONGEST_TOLD else f"{sentence[:LONGEST_TOLD]} ..." for sentence in plain]


def clean(text: str) -> str:
    """Without halves of letters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
