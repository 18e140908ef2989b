"""Grading a class: nbgrader's own autograde, many submissions at once, on this machine or on a cluster.

A worker is a process that grades one submission after the other, so that none is idle while there is something to do. The
course's nbgrader_config.py decides everything else, the database too.

While a submission is being graded, a file in `.grading/` of the course's folder says so. What was interrupted, by whatever, is
so known and graded anew; a lock beside it keeps two workers from grading the same.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import signal
import statistics
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from multiprocessing.connection import wait
from pathlib import Path

import nbgrader.api
from filelock import FileLock
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import AutogradeApp, autogradeapp
from nbgrader.converters import Autograde
from nbgrader.utils import capture_log, rmtree, temp_attrs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from petkata.classroom import beginning, intake, kernels, results, resuming, showing
from petkata.classroom.executing import ExecuteToTheEnd
from petkata.classroom.folder import INSIDE, class_around
from petkata.classroom.kernels import IN_FORCE, ForkedProvisioner, Loaded

TRIES = 3  # for a submission whose worker ends while grading it
HANGS = "It was still being graded after {:.0f} minutes, and was stopped. Grade the others, and look at this one alone."
ONCE_MORE = "A task timed out while the machine had too much to do, so this was graded once more, alone."
CROWD = 4  # processes that want to compute, for each core: grading alone makes 2.3 of them, and two hundred endless ones 94
BEAT = 5.0  # seconds between two lines on how far it is, where no bar can be drawn


class CannotGrade(Exception):
    """Why a class cannot be graded, and what to do, in a sentence."""


@dataclass(frozen=True)
class Assignment:
    """What is graded: the course's folder, the lesson's name, the id that the gradebook gave it, and whether what is graded
    already is graded again."""

    course: str
    name: str
    id: str
    again: bool = False

    def folder(self, step: str, student: str) -> Path:
        """nbgrader's folder of a submission; `step` is submitted or autograded."""
        coursedir = application(self.course).coursedir
        return Path(coursedir.format_path(getattr(coursedir, f"{step}_directory"), student, self.name))

    def note(self, student: str) -> Path:
        """The file that is there while a submission is being graded."""
        return Path(self.course, ".grading", self.name, f"{student}.begun")


@dataclass(frozen=True)
class Outcome:
    """What became of a submission: `graded`, `as before` (graded earlier, and unchanged since) or `failed`; sentences for
    who should have a look at it; why it failed; what nbgrader said about the sandbox; whether it timed out in a crowd."""

    student: str
    state: str
    look: list[str] = field(default_factory=list)
    why: str = ""
    protection: str = ""
    in_a_crowd: bool = False


# --- the course and its gradebook ---


@lru_cache(maxsize=1)
def application(course: str) -> AutogradeApp:
    """nbgrader's autograde with the course's own configuration, silent but for a log file that the course may ask for.

    Raises CannotGrade when the folder is no course or its configuration stops with an error.
    """
    config = Path(course, "nbgrader_config.py")
    if not config.is_file():
        raise CannotGrade(f"{course} is no course folder: it has no nbgrader_config.py. Call kata class grade in a course "
                          "folder, or name one: --course ~/class")
    if around := class_around(Path(course)):
        raise CannotGrade(INSIDE.format(course, around))
    AutogradeApp.clear_instance()
    app = AutogradeApp.instance()  # so that what a kernel's manager says, which knows no parent, is heard as well
    app.raise_config_file_errors = True  # else nbgrader goes on without the course's settings, the sandbox among them
    try:
        with contextlib.chdir(course):
            app.initialize([], root=course)
    except (Exception, SystemExit) as error:
        raise CannotGrade(f"{config} stopped with {type(error).__name__}: {error}") from error
    app.log.handlers = [handler for handler in app.log.handlers if hasattr(handler, "baseFilename")]
    app.log.propagate = False
    with contextlib.suppress(ArgumentError):  # it is no address of a database: who opens it is told
        url = make_url(app.coursedir.db_url)
        if url.get_backend_name() == "sqlite" and url.database:  # a path may begin in the course's folder
            app.coursedir.db_url = url.set(database=os.path.join(course, url.database)).render_as_string(hide_password=False)
    nbgrader.api.create_engine = resuming.engine
    return app


@contextlib.contextmanager
def gradebook(course: str) -> Iterator[Gradebook]:
    """The course's gradebook. Raises CannotGrade when its database cannot be reached."""
    coursedir, url = application(course).coursedir, "that c.CourseDirectory.db_url names"
    try:
        url = make_url(coursedir.db_url).render_as_string(hide_password=True)
        with Gradebook(coursedir.db_url, coursedir.course_id) as book:
            yield book
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise CannotGrade(f"The gradebook {url} cannot be opened: {error}. For PostgreSQL, nbgrader_config.py has "
                          "c.CourseDirectory.db_url = \"postgresql+psycopg://USER:PASSWORD@HOST/DATABASE\".") from error
    except SQLAlchemyError as error:
        raise CannotGrade(f"The gradebook {url} does not answer: {last_line(str(error.args[0]))}. Is the server running, "
                          "and may this user write there?") from error


def assignment_of(course: Path, name: str) -> Assignment:
    """The assignment, as the gradebook knows it. Raises CannotGrade when it does not."""
    folder = str(course.resolve())
    with gradebook(folder) as book:
        book.db.commit()  # the course; also that of nbgrader's own default name, which two workers would both want to make
        with Gradebook(application(folder).coursedir.db_url) as default:
            default.db.commit()
        try:
            return Assignment(folder, name, book.find_assignment(name).id)
        except MissingEntry:
            raise CannotGrade(f"The gradebook has no {name}. Take it in first: call nbgrader generate_assignment {name} in "
                              f"{folder}") from None


def students_of(assignment: Assignment) -> list[str]:
    """Who has submitted. Raises CannotGrade when nobody has."""
    coursedir = application(assignment.course).coursedir
    students = {student for student, _ in results.submissions(coursedir, coursedir.student_id, assignment.name)}
    students = sorted(students - set(coursedir.student_id_exclude.split(",")))
    if not students:
        raise CannotGrade(f"Nobody has submitted {assignment.name}: {assignment.folder('submitted', 'STUDENT')} is "
                          f"where a submission lies. nbgrader collect {assignment.name} fetches what was handed in.")
    return students


# --- one submission, in a worker ---


def autograde(app: AutogradeApp) -> Autograde:
    """The converter that `nbgrader autograde` would use, which remembers whether there was anything to do."""

    class Watched(autogradeapp.Autograde):  # not always nbgrader's own: a course may extend it
        was_needed = False

        def init_destination(self, assignment_id, student_id):
            self.was_needed = super().init_destination(assignment_id, student_id)
            return self.was_needed

    return Watched(coursedir=app.coursedir, parent=app)


one_at_a_time = threading.Lock()  # nbgrader changes its process's folder


def grade(assignment: Assignment, student: str) -> Outcome:
    """Grade one submission, unless it is graded and unchanged. Never raises for what a submission does."""
    if reason := showing.cannot_be_shown(student):
        return Outcome(intake.clean(student), "failed", why=reason)
    app = application(assignment.course)
    note = assignment.note(student)
    note.parent.mkdir(parents=True, exist_ok=True)
    log = note.with_name(f"{student}.log")
    with one_at_a_time, FileLock(f"{note}.lock"):
        with temp_attrs(app.coursedir, assignment_id=assignment.name, student_id=glob.escape(student)):
            converter = autograde(app)
            converter.force = assignment.again or note.exists()  # begun once, and never ended: what lies there is half of it
            note.touch()
            done = capture_log(converter)
        said = done.get("log", "")
        protection = next((sentence for sentence in IN_FORCE.values() if sentence in said), "")
        folder = assignment.folder("autograded", student)
        if done["success"] and folder.exists():
            log.unlink(missing_ok=True)
            state = "graded" if converter.was_needed else "as before"
            look = results.needs_a_look(folder)
            outcome = Outcome(student, state, look, protection=protection, in_a_crowd=state == "graded" and in_a_crowd(look))
        else:
            with contextlib.suppress(OSError):  # the disk is full: that is what it would say
                log.write_text(f"{said}\n{done.get('error', '')}", encoding="utf-8")
            reason = why(said, done.get("error", ""))
            outcome = Outcome(student, "failed", why=f"{reason} All that nbgrader said: {log}", protection=protection)
        note.unlink()
    return outcome


def in_a_crowd(look: list[str]) -> bool:
    """Whether a task timed out, and the machine had far more to do than it has cores: a neighbor may have taken them all."""
    busy = os.getloadavg()[0] > CROWD * (os.cpu_count() or 1) if hasattr(os, "getloadavg") else False
    return busy and any(sentence.startswith("timed out: ") for sentence in look)


def why(said: str, error: str) -> str:
    """The sentence for what nbgrader did not grade: the end of the first traceback that it logged, or its last complaint."""
    complaints = [text for level, text in re.findall(r"^\[([A-Z]+)\] (.*(?:\n(?!\[[A-Z]+\] ).*)*)", said, re.MULTILINE)
                  if level in ("ERROR", "WARNING")]
    for complaint in complaints:
        if complaint.startswith("Traceback "):
            frames = re.sub(r"^    ", "", complaint, flags=re.MULTILINE).rpartition("Traceback ")[2].splitlines()[1:]
            sentence = next(line for line in frames if not line.startswith(" "))
            break
    else:
        sentence = complaints[-1].splitlines()[0] if complaints else last_line(error)
    return re.sub(r"^[\w.]*\.(?=\w+:)", "", sentence).rstrip(".") + "."


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1].strip() if text.strip() else "no reason was given"


def forget(assignment: Assignment, student: str) -> None:
    """Remove what a worker that has ended left of a submission, as nbgrader does when it is interrupted."""
    note, folder = assignment.note(student), assignment.folder("autograded", student)
    if note.exists():
        if folder.exists() and autogradeapp.Autograde is Autograde:  # a course's own may put it there only when it is whole
            rmtree(str(folder))
        note.unlink()


# --- many, on this machine ---


def on_this_machine(assignment: Assignment, students: list[str], jobs: int) -> Iterator[Outcome]:
    """Grade with so many worker processes, for which fastai is loaded once. One that ends, by whatever, is replaced, and its
    submission graded by another."""
    context = beginning.workers()
    loaded = None
    graded = (assignment.folder("autograded", student).exists() for student in students)
    if ForkedProvisioner.wanted and (assignment.again or not all(graded)):
        loaded = kernels.loaded_process(ForkedProvisioner.in_sandbox)
    waiting, ends, at_work = deque(students), Counter(), {}
    longest = longest_time(application(assignment.course))

    def hand_out(pipe, process):
        student = waiting.popleft()
        at_work[pipe] = process, student, time.monotonic() + longest
        with contextlib.suppress(OSError):  # it has ended: the next look at the pipe tells
            pipe.send(student)

    def begin():
        pipe, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, assignment, loaded), daemon=True)
        process.start()
        theirs.close()
        hand_out(pipe, process)

    try:
        for _ in range(min(jobs, len(students))):
            begin()
        while at_work:
            told = wait(list(at_work), max(0, min(until for *_, until in at_work.values()) - time.monotonic()))
            for pipe in told or [pipe for pipe, (*_, until) in at_work.items() if until <= time.monotonic()]:
                process, student, _ = at_work[pipe]
                try:
                    if not told:
                        process.kill()
                    outcome = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    ends[student] += 1
                    if told and ends[student] < TRIES:
                        waiting.appendleft(student)
                    else:
                        forget(assignment, student)
                        yield Outcome(student, "failed", why=lost(process.exitcode) if told else HANGS.format(longest / 60))
                    del at_work[pipe]
                    if waiting:
                        begin()
                    continue
                del at_work[pipe]
                if waiting:
                    hand_out(pipe, process)
                else:
                    pipe.close()  # which ends it
                if isinstance(outcome, Exception):
                    raise outcome
                yield outcome
    finally:
        for process, *_ in at_work.values():
            process.kill()
        for process, student, _ in at_work.values():
            process.join()
            forget(assignment, student)


def longest_time(app: AutogradeApp) -> float:
    """Seconds after which a worker is taken to hang: twice what a submission may take, by which all in it should have ended."""
    return 2 * ExecuteToTheEnd(parent=app).most_seconds


def lost(code: int | None) -> str:
    how = f"killed by {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
    return f"The process that graded it ended each of {TRIES} times ({how}). Grade the others, and look at this one alone."


def work(pipe, assignment: Assignment, loaded: Loaded | None) -> None:
    """Be a worker: grade each student whose name comes through the pipe, until it closes."""
    kernels.shared = loaded
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that the user sees
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # kernels inherit them: no submission writes to the terminal
        os.dup2(nowhere, stream)
    with contextlib.suppress(EOFError, OSError):
        while True:
            student = pipe.recv()
            try:
                outcome = grade(assignment, student)
            except Exception as error:
                outcome = CannotGrade(f"{student}: {type(error).__name__}: {error}")
            pipe.send(outcome)


# --- many, on a cluster ---


def on_cluster(assignment: Assignment, students: list[str], address: str) -> Iterator[Outcome]:
    """Grade with the workers of a dask.distributed cluster that see the course's folder at the same place, and reach the same
    database. What a lost worker had is done by the others. Raises CannotGrade when a worker does not see what it must."""
    if application(assignment.course).coursedir.db_url.startswith("sqlite"):
        raise CannotGrade("A cluster needs a gradebook in PostgreSQL: SQLite's file is for one machine. In nbgrader_config.py, "
                          "write c.CourseDirectory.db_url = \"postgresql+psycopg://USER:PASSWORD@HOST/DATABASE\"; or grade on "
                          "this machine alone, with --jobs.")
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise CannotGrade(f"No scheduler answers at {address}: {error}. Start one with: dask scheduler") from error
    with client:
        check_workers(client, assignment, address)
        futures = {client.submit(grade, assignment, student, pure=False): student for student in students}
        try:
            for future in as_completed(list(futures), loop=client.loop):
                student, error = futures.pop(future), future.exception()
                if error is None:
                    yield future.result()
                else:
                    forget(assignment, student)
                    yield Outcome(student, "failed", why=f"On the cluster: {type(error).__name__}: {error}")
                future.release()
        finally:
            client.cancel(list(futures))


def check_workers(client, assignment: Assignment, address: str) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise CannotGrade(f"The scheduler at {address} has no workers. Start some, on each machine: dask worker {address} "
                          "--nworkers -1 --nthreads 1")
    many = [name for name, worker in workers.items() if worker["nthreads"] > 1]
    if many:
        raise CannotGrade(f"The worker {many[0]} has several threads, and nbgrader needs a process for each submission. Start "
                          f"the workers with: dask worker {address} --nworkers -1 --nthreads 1")
    secret = Path(assignment.course, ".grading", f"{os.getpid()}-{time.time_ns()}")
    secret.parent.mkdir(exist_ok=True)
    secret.touch()
    try:
        told = client.run(trouble, assignment, str(secret), on_error="return")
    finally:
        secret.unlink()
    for name, said in told.items():
        if isinstance(said, ModuleNotFoundError):
            said = f"it lacks {said.name}. Install the course there"
        if said:
            raise CannotGrade(f"The worker {name} cannot grade: {said}.")


def trouble(assignment: Assignment, secret: str) -> str | None:
    """What keeps this process from grading: not the same folder, or not the same gradebook. None when nothing does."""
    if not Path(secret).exists():
        return f"it does not see {assignment.course}. All machines must have the course's folder at that place, shared"
    try:
        with gradebook(assignment.course) as book:
            if book.find_assignment(assignment.name).id == assignment.id:
                return None
    except MissingEntry:
        pass
    except CannotGrade as error:
        return str(error).rstrip(".")
    return "its gradebook is another one. Name a HOST in c.CourseDirectory.db_url that is the same everywhere, not localhost"


# --- wherever ---


def outcomes_of(assignment: Assignment, students: list[str], jobs: int, cluster: str | None) -> Iterator[Outcome]:
    """What becomes of each submission. One that timed out in a crowd is graded once more, when all others are done, alone."""

    def graded(assignment: Assignment, students: list[str], jobs: int) -> Iterator[Outcome]:
        return on_cluster(assignment, students, cluster) if cluster else on_this_machine(assignment, students, jobs)

    timed_out = []
    with contextlib.closing(graded(assignment, students, jobs)) as outcomes:
        for outcome in outcomes:
            if outcome.in_a_crowd:
                timed_out.append(outcome.student)
            else:
                yield outcome
    for student in timed_out:
        with contextlib.closing(graded(replace(assignment, again=True), [student], 1)) as outcomes:
            yield from (replace(outcome, look=[ONCE_MORE, *outcome.look]) for outcome in outcomes)


# --- what a person sees ---


def grade_class(course: Path, name: str, jobs: int, cluster: str | None, console: Console, again: bool = False) -> bool:
    """Grade all submissions of a lesson, those that are graded `again` too, and tell how it goes. Whether all could be graded.

    Raises CannotGrade, and KeyboardInterrupt with nothing left half done.
    """
    assignment = replace(assignment_of(course, name), again=again)
    students = students_of(assignment)
    outcomes = outcomes_of(assignment, students, jobs, cluster)
    done: list[Outcome] = []
    with contextlib.closing(outcomes), Told(name, len(students), console, 1 if cluster else jobs) as told:
        for outcome in outcomes:
            done.append(outcome)
            told.tell(outcome)
    states = Counter(outcome.state for outcome in done)
    console.print(f"{len(students)} submissions of {name}: {states['graded']} graded, {states['as before']} graded before and "
                  f"unchanged, {states['failed']} not graded.", highlight=False)
    with gradebook(assignment.course) as book:
        penalties = results.grades_of(book, name)[1]
        points = {row["student"]: (max(0.0, row["score"] - penalties[row["student"]]), row["max_score"])
                  for row in book.submission_dicts(name)}
    counted = [points[outcome.student] for outcome in done if outcome.state != "failed" and outcome.student in points]
    if counted:
        scores = [score for score, _ in counted]
        console.print(f"Points: lowest {min(scores):g}, median {statistics.median(scores):g}, highest {max(scores):g}, "
                      f"of {counted[0][1]:g}.", highlight=False)
    return not states["failed"]


class Told:
    """The bar, or lines where there is no terminal, and a line for each submission that somebody should look at."""

    def __init__(self, name: str, total: int, console: Console, jobs: int = 1):
        self.total, self.console, self.jobs = total, console, jobs
        self.last_line = time.monotonic()
        self.under_way = 0.0  # since when: until each job has graded one, fastai is loaded
        self.done = self.graded = 0
        self.protection = ""
        self.progress = Progress(TextColumn(name), BarColumn(), TextColumn("{task.fields[so_far]}"), console=console,
                                 transient=True, disable=not console.is_terminal)
        self.bar = self.progress.add_task(name, total=total, so_far=self.so_far())

    def __enter__(self) -> Told:
        self.progress.start()
        return self

    def __exit__(self, *_) -> None:
        self.progress.stop()

    def so_far(self) -> str:
        """How many are done; and once some are graded, how fast, and for how long still."""
        text = f"{self.done} of {self.total}"
        if self.graded < 2 * self.jobs:
            return text
        each = (time.monotonic() - self.under_way) / (self.graded - self.jobs)
        left = f", {in_words(each * (self.total - self.done))} left" if self.done < self.total else ""
        return f"{text}, {each:.1f} s each{left}"

    def tell(self, outcome: Outcome) -> None:
        self.done += 1
        if outcome.state != "as before":  # those take no time, and tell nothing of the rest
            self.graded += 1
            if self.graded == self.jobs:
                self.under_way = time.monotonic()
        if outcome.protection and outcome.protection != self.protection:
            self.protection = outcome.protection
            self.line(self.protection)
        if outcome.state == "failed":
            self.line(f"{outcome.student} was not graded: {outcome.why}")
        elif outcome.look:
            self.line(f"{outcome.student}: {'; '.join(outcome.look)}")
        self.progress.update(self.bar, advance=1, so_far=self.so_far())
        now = time.monotonic()
        if not self.console.is_terminal and (now - self.last_line > BEAT or self.done == self.total):
            self.last_line = now
            self.line(self.so_far())

    def line(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
