"""Grading that loses nothing, and that can be stopped at any moment: called again, it goes on where it was.

    from petkata.classroom.resuming import lose_nothing      in nbgrader_config.py
    lose_nothing()

nbgrader works in a student's own folder in `autograded/` (or `feedback/`), and takes a folder that is there for done. Here it
works in `autograded/.unfinished/`, and the folder is moved to its place in one step, when all is on the disk and the gradebook
has the points. A file `.begun` beside it says that the grading of a submission has begun and has not come to its end.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

import sqlalchemy
from filelock import FileLock, Timeout
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from nbgrader.converters import Autograde, GenerateFeedback, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import Exchange
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade
from nbgrader.validator import Validator
from sqlalchemy.exc import OperationalError

from petkata.after_import import after_import
from petkata.classroom import intake, results, showing
from petkata.classroom.configured import Configured
from petkata.classroom.kernels import ForkedProvisioner, loaded_process
from petkata.classroom.sandbox import HIDDEN, shown_below
from petkata.course.catalog import ROOT

FULL = ("The disk is full (%s). Nothing is lost. Make room, and give the same command again: it goes on with this submission.")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NUMBER = re.compile(r"\[Errno (\d+)\] ")  # how an OSError begins as text


@functools.cache  # nbgrader reads the configuration again and again, formgrader with each request
def lose_nothing() -> None:
    """Let this program's nbgrader, its formgrader included, take submissions in and finish them as told here, and neither run nor
    show them in another way."""
    from nbgrader import api as gradebooks
    from nbgrader.apps import api, autogradeapp, generatefeedbackapp

    autogradeapp.Autograde = api.Autograde = AutogradeAll
    generatefeedbackapp.GenerateFeedback = api.GenerateFeedback = FeedbackInOnePiece
    gradebooks.create_engine = engine
    api.NbGraderAPI.get_submitted_timestamp = submitted_timestamp
    CourseDirectory.get_existing_timestamp = without_errors(CourseDirectory.get_existing_timestamp)
    Validator.validate = of_ones_own(Validator.validate)
    after_import("nbgrader.server_extensions.formgrader.base", showing.formgrader_shows_harmlessly)
    after_import("nbgrader.server_extensions.formgrader.base", showing.formgrader_is_asked_for_names_only)
    after_import("nbgrader.server_extensions.formgrader.handlers", showing.formgrader_keeps_to_its_folder)


@functools.lru_cache(maxsize=4)
def engine(url: str, **options) -> sqlalchemy.Engine:
    """One for each database, not for each of the many times that nbgrader opens it: SQLAlchemy compiles all that it asks
    an engine anew, and keeps it for long."""
    return sqlalchemy.create_engine(url, **options)


def without_errors(of_time):
    """A time that cannot be read is none: one would hide all submissions in formgrader, and end their collecting."""

    @functools.wraps(of_time)
    def tried(self, folder):
        try:
            size = os.stat(os.path.join(folder, "timestamp.txt")).st_size
            return of_time(self, folder) if size < intake.LONGEST_TIME else None
        except Exception:  # of many kinds, one of them where nbgrader tries to say what is wrong
            return None

    return tried


def submitted_timestamp(self, assignment_id: str, student_id: str):
    """In the place of NbGraderAPI.get_submitted_timestamp, which reads that file in a way of its own."""
    course = self.coursedir
    return course.get_existing_timestamp(course.format_path(course.submitted_directory, student_id, assignment_id))


def of_ones_own(validate):
    """A submission is not validated: that would run it with the rights of whoever calls for it."""

    @functools.wraps(validate)
    def validated(self, filename):
        if {"submitted", "autograded", "inbound", "downloaded"} & set(Path(filename).resolve().parts):
            raise RuntimeError(f"{filename} is a submission. To validate is to run it with your own rights: call autograde.")
        return validate(self, filename)

    return validated


def disk_is_full(error: Exception) -> bool:
    """Whether that is why something could not be written. shutil keeps of what ended its copying only the words."""
    if isinstance(error, shutil.Error):
        found = (NUMBER.match(str(why)) for *_, why in error.args[0])
        return any(number and int(number[1]) in NO_ROOM for number in found)
    return getattr(error, "errno", None) in NO_ROOM


def ends_when_the_disk_is_full(method):
    """Without room for one submission there is none for the next ones: end with a sentence, not with an error for each."""

    @functools.wraps(method)
    def tried(self, *arguments):
        try:
            return method(self, *arguments)
        except (OSError, OperationalError, InvalidEntry) as error:  # the gradebook says so in words only
            if disk_is_full(error) or isinstance(error, (OperationalError, InvalidEntry)) and "disk is full" in str(error):
                self.log.error(FULL, error)
                raise SystemExit(1) from error
            raise

    return tried


class InOnePiece:
    """For a converter of nbgrader's: a student's folder is made beside its place, and moved there when it is whole."""

    begun: FileLock | None = None  # of the submission at hand; held by this program, and gone with it

    @property
    def _output_directory(self) -> str:
        return os.path.join(super()._output_directory, results.UNFINISHED)

    def place(self, assignment_id: str, student_id: str) -> Path:
        """Where the folder goes in the end."""
        return Path(self.coursedir.format_path(super()._output_directory, student_id, assignment_id))

    def beside(self, assignment_id: str, student_id: str) -> Path:
        return Path(os.path.normpath(self._format_dest(assignment_id, student_id)))

    def convert_notebooks(self) -> None:
        try:
            super().convert_notebooks()
        finally:
            self.let_go()

    def let_go(self) -> None:
        if self.begun is not None:
            self.begun.release()
        self.begun = None

    @ends_when_the_disk_is_full
    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether to work on this submission: not if that is done, or another nbgrader is at it."""
        self.let_go()
        if student_id in self.coursedir.student_id_exclude.split(","):
            return False
        place, beside = self.place(assignment_id, student_id), self.beside(assignment_id, student_id)
        mark = beside.with_name(beside.name + results.BEGUN)
        half_done = mark.exists()
        mark.parent.mkdir(parents=True, exist_ok=True)
        self.begun = FileLock(mark)
        try:
            self.begun.acquire(timeout=0)
        except Timeout:
            self.log.warning("%s, %s: another nbgrader is at work on it; left to that one.", student_id, assignment_id)
            return False
        if half_done:
            self.log.warning("%s, %s: begun before, and not finished. It is done again.", student_id, assignment_id)
        elif not self.force and self.finished(place, assignment_id, student_id):
            self.log.info("Skipping existing assignment: %s", place)
            mark.unlink()
            return False
        shutil.rmtree(beside, ignore_errors=True)
        if self.coursedir.notebook_id != "*" and place.exists():  # some notebooks only: the others stay as they are
            shutil.copytree(place, beside)
            for name in self.made():
                (beside / name).unlink(missing_ok=True)
        beside.mkdir(parents=True, exist_ok=True)
        return True

    def made(self) -> list[str]:
        """Names of the files that are made of the notebooks at hand."""
        return [Path(notebook).stem + self.exporter.file_extension for notebook in self.notebooks]

    @ends_when_the_disk_is_full
    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        super().init_assignment(assignment_id, student_id)

    @ends_when_the_disk_is_full
    def convert_single_notebook(self, notebook_filename: str) -> None:
        super().convert_single_notebook(notebook_filename)

    @ends_when_the_disk_is_full
    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """The last that nbgrader does with a folder; then it can be moved."""
        super().set_permissions(assignment_id, student_id)
        place, beside = self.place(assignment_id, student_id), self.beside(assignment_id, student_id)
        for folder, _, files in os.walk(beside):
            for path in (*(os.path.join(folder, name) for name in files), folder):
                onto_the_disk(path)
        before = beside.with_name(f"{beside.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place):
            place.rename(before)
        beside.rename(place)
        onto_the_disk(place.parent)
        shutil.rmtree(before, ignore_errors=True)
        self.end(assignment_id, student_id)

    def end(self, assignment_id: str, student_id: str) -> None:
        Path(self.begun.lock_file).unlink()
        self.let_go()


def onto_the_disk(path: str | Path) -> None:
    """Not only into the memory of the system, which the next loss of power would take."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


class FeedbackInOnePiece(InOnePiece, GenerateFeedback):
    """nbgrader's feedback, made anew where grading was done anew."""

    def finished(self, place: Path, assignment_id: str, student_id: str) -> bool:
        pages = [(Path(notebook), place / name) for notebook, name in zip(self.notebooks, self.made())]
        return all(page.exists() and page.stat().st_mtime >= notebook.stat().st_mtime for notebook, page in pages)


class AutogradeAll(InOnePiece, Autograde):
    """nbgrader's autograding of what `intake` makes of the submissions."""

    @property
    def _input_directory(self) -> str:
        if self._sanitizing:
            return os.path.join(self.coursedir.autograded_directory, ".taken_in")
        return self._output_directory

    def submission(self, assignment_id: str, student_id: str) -> str:
        return self.coursedir.format_path(self.coursedir.submitted_directory, student_id, assignment_id)

    def init_notebooks(self) -> None:
        """Every folder of a submission counts, whatever is in it. Nothing is graded without the course's configuration, or where
        a submission could read another."""
        Configured(parent=self)
        course, self.asked, self.assignments = self.coursedir, {}, {}
        exchange = Exchange(parent=self).root
        places = course.root, ROOT, *([exchange] if not Path(exchange).is_relative_to(HIDDEN) else [])
        for folder in places if ForkedProvisioner.in_sandbox else ():
            if shown := shown_below(str(folder)):
                message = f"Nothing was run: {folder} lies in {shown}, which all submissions can read. Move it elsewhere."
                self.log.error(message)
                raise NbGraderException(message)
        for student, lesson in results.submissions(course, course.student_id, course.assignment_id):
            if why := showing.cannot_be_shown(student):
                self.log.error(why)
                continue
            asked = self.asked_for(lesson)
            taken_in = self._format_source(lesson, student)
            names = [f"{one.name}.ipynb" for one in asked if fnmatch(one.name, course.notebook_id)]
            self.assignments[taken_in] = [os.path.join(taken_in, name) for name in names]
        if not any(self.assignments.values()):
            wanted = self.submission(course.assignment_id, course.student_id)
            message = f"Nothing to grade: no submission in {wanted}, or no notebook {course.notebook_id}.ipynb in the assignment"
            self.log.error(message)
            raise NbGraderException(message)

    def asked_for(self, assignment_id: str) -> list[intake.Asked]:
        """The notebooks of an assignment, as the gradebook has them."""
        if assignment_id not in self.asked:
            source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", assignment_id))
            with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
                try:
                    notebooks = gradebook.find_assignment(assignment_id).notebooks
                except MissingEntry:
                    message = f"The gradebook has no {assignment_id}. First: nbgrader generate_assignment {assignment_id}"
                    self.log.error(message)
                    raise NbGraderException(message) from None
                self.asked[assignment_id] = [intake.asked_of(notebook, order_in(source / f"{notebook.name}.ipynb"))
                                             for notebook in notebooks]
        return self.asked[assignment_id]

    def finished(self, place: Path, assignment_id: str, student_id: str) -> bool:
        """Whether the gradebook and `autograded/` have what is submitted now, graded by the notebook that is there now."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                gradebook.find_submission(assignment_id, student_id)
            except MissingEntry:
                return False
        graded, submission = {stamp_in(place / name) for name in self.made()}, Path(self.submission(assignment_id, student_id))
        return graded == {intake.digest(submission, self.asked_for(assignment_id), self.largest)}

    @property
    def largest(self) -> int:
        return 1000 * self.coursedir.max_file_size

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        super().init_assignment(assignment_id, student_id)
        if self.coursedir.get_existing_timestamp(self._format_source(assignment_id, student_id)) is None:
            with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:  # nbgrader keeps that of an earlier one
                gradebook.update_or_create_submission(assignment_id, student_id, timestamp=None)

    @ends_when_the_disk_is_full
    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        if not super().init_destination(assignment_id, student_id):
            return False
        if ForkedProvisioner.wanted:
            loaded_process(ForkedProvisioner.in_sandbox)  # while it loads, the first submission is taken in
        taken_in = Path(self._format_source(assignment_id, student_id))
        shutil.rmtree(taken_in, ignore_errors=True)
        submission = Path(self.submission(assignment_id, student_id))
        self.taken = intake.take_in(submission, self.asked_for(assignment_id), taken_in, self.largest)
        self.failure: Exception | None = None
        return True

    def convert_single_notebook(self, notebook_filename: str) -> None:
        taken = self.taken[Path(notebook_filename).stem]
        self.judge = taken.readable
        try:
            super().convert_single_notebook(notebook_filename)
        except OperationalError:
            raise
        except Exception as error:
            ids = self.init_single_notebook_resources(notebook_filename)["nbgrader"]
            if self.place(ids["assignment"], ids["student"]).exists():
                raise  # what was graded before stays
            self.log.exception("%s, %s: the grading failed.", ids["student"], ids["assignment"])
            self.failure, self.judge = error, False
            intake.not_graded(taken, error, Path(notebook_filename))
            super().convert_single_notebook(notebook_filename)

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()
        if not self._sanitizing:
            if not self.judge:
                self.exporter._preprocessors = []
                for step in (NotJudged, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata):
                    self.exporter.register_preprocessor(step)
            self.exporter.register_preprocessor(Shortened)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        super().set_permissions(assignment_id, student_id)
        shutil.rmtree(self._format_source(assignment_id, student_id))
        if told := dict.fromkeys(results.needs_a_look(self.place(assignment_id, student_id))):
            self.log.warning("%s, %s: %s", student_id, assignment_id, " ".join(told))
        if self.failure:
            raise RuntimeError(f"{student_id}, {assignment_id}: it is tried again the next time.") from self.failure

    def end(self, assignment_id: str, student_id: str) -> None:
        if self.failure is None:
            super().end(assignment_id, student_id)


class NotJudged(NbGraderPreprocessor):
    """In the place of running and judging: each graded cell says that it was not judged."""

    def preprocess_cell(self, cell, resources, cell_index):
        if is_grade(cell):
            marks = cell.metadata.nbgrader
            result = results.TaskResult(marks.grade_id.removeprefix("check_"), "not judged", 0.0, marks.points)
            results.note(cell, result, "Not judged. The first cell of this page says why.")
        return cell, resources


class Shortened(NbGraderPreprocessor):
    """After judging: of a text without end, only the beginning is kept, since a page of feedback shows it in colors."""

    def preprocess(self, nb, resources):
        self.left = intake.MOST_TEXT  # characters, of all texts
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, cell_index):
        most = intake.MOST_TEXT if cell.cell_type == "code" else min(intake.MOST_PROSE, self.left)
        if cell.cell_type != "code":
            self.left -= min(most, len(cell.source))
        if len(cell.source) > most:
            cell.source = cell.source[:most] + "\n# And so on: the rest is in what was handed in."
        return cell, resources


def order_in(notebook: Path) -> list[str]:
    """Ids of nbgrader's cells as they stand in the instructor's notebook; none where it is not there."""
    try:
        return list(results.cells_of(results.read(notebook)))
    except (OSError, ValueError):
        return []


def stamp_in(notebook: Path) -> str | None:
    """Of what a graded notebook was made (`intake.digest`); None where it is not there, or not whole."""
    try:
        return json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["petkata"]["submitted"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
