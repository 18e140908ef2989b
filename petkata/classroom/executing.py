"""Running a submission to its end, whatever its cells do.

nbgrader's own `Execute` gives up with the kernel: a cell that ends it, or that does not stop, costs the whole submission.
Here the cell is told what happened, and the cells after it go on in a new kernel, in which the earlier ones have run again.
"""

from __future__ import annotations

import ast
import copy
import math
import os
import re
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat.v4 import new_output
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    Execute,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade, is_locked
from traitlets import Integer, Unicode

from petkata.classroom.intake import MOST_TEXT
from petkata.classroom.kernels import ANSWER, NAME, ForkedKernel, ForkedProvisioner, Judge, QuickClient
from petkata.classroom.results import STATES, Check, TaskResult, note
from petkata.course import catalog

WHAT_HAPPENED = {
    "KernelEnded": "The kernel ended while this cell ran. Something here ends the program (exit), crashes it, or takes more "
                   "memory than there is.",
    "Flood": "This cell showed more than anybody can read and was stopped.",
    "CellTimeoutError": "This cell was still running after {seconds:.0f} seconds and was stopped.",
    "Nonsense": "While this cell ran, its kernel told what no kernel tells, and no notebook can hold.",
    "OutOfTime": "This cell was not run: the cells before it took all the time that a submission has.",
}
NEEDS_A_LOOK = {"KernelEnded": "A cell ended its kernel.", "Flood": "A cell showed too much and was stopped.",
                "CellTimeoutError": "A cell ran too long and was stopped.",
                "Nonsense": "A cell's kernel told what no kernel tells. Somebody may have tampered with it.",
                "OutOfTime": "It took all the time that a submission has: the last cells were not run."}
NOT_KEPT = "It showed more than anybody can read: what its last cells showed was not kept."
OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")  # the messages that show something
NEWS = ("status", "execute_input", "clear_output")  # and those that tell of the kernel; of others nbclient shows the names
AFTERWARD = "The cells after this one went on in a new kernel."
# What becomes of the tasks that are written in such a cell.
AS_A_STATE = {"KernelEnded": "crashed", "Flood": "crashed", "Nonsense": "crashed", "CellTimeoutError": "timed out",
              "OutOfTime": "timed out"}
NOT_DEFINED = ("{task} is not there, because the cell in which it is written did not come to its end.\n"
               "{task}: {state}, 0 of {of:g} points")
TAMPERED = ("{task}: a check passed that must fail. Somebody has tampered with the checks, so none of them counts.\n"
            "{task}: failing, 0 of {of:g} points")
NOT_JUDGED = {
    "crashed": "{task} ended the process in which it was judged: it ends the program (exit), crashes it, or takes more memory "
               "than there is.\n{task}: crashed, 0 of {of:g} points",
    "timed out": "{task} did not come to an end in the time that there is.\n{task}: timed out, 0 of {of:g} points",
    "not judged": "{task} could not be judged ({why}).\n{task}: not judged, 0 of {of:g} points",
}

ASKED_OTHERWISE = "in the instructor's notebook, its cell does not ask for a check of the lesson as the course's does"
TO_ASK_RIGHT = ("{task} is not judged, for nobody: in source/, its cell must say check(\"{task}\") and nothing else, with a "
                "task of the lesson. Put that right, call nbgrader generate_assignment, and grade again.")

GRACE = 10  # seconds after its time in which a cell can be interrupted; then its kernel is ended
LOOK_AGAIN = 0.2  # seconds
MOST_MEMORY = 2 * 2**30  # bytes that a kernel's messages may take in this process; a message may have parts without an end
AT_ONCE = 2  # tasks of one submission that are judged at a time

LESSON = re.compile(r'checks_of\("(lesson\d+)"\)')
CHECK = re.compile(r'(?:check\.seed = (?P<seed>\d+)\n)?check\("(?P<task>\w+)"\)')
CHECK_NAME = re.compile(r"\bcheck\b")
SUM = re.compile(r"\d{1,4} of \d{1,4} points\Z")  # the end of what a judge says of a task
MARK = re.compile(r"^###.*\n?", re.MULTILINE)  # of nbgrader's, around what the learner does not see


@dataclass(frozen=True)
class AtWork:
    """A judge whose verdict is awaited: of which task, for the cell at which place."""

    index: int
    task: str
    judge: Judge


class ExecuteToTheEnd(Execute):
    """nbgrader's Execute, but the cells that check are judged outside the kernel, and a cell that ends the kernel, outlasts its
    time or floods costs only itself."""

    shutdown_kernel = "immediate"  # nothing of it is wanted any more
    store_widget_state = False  # nor of what its cells can draw only while it lives
    skip_cells_with_tag = Unicode("", help="No tag lets a cell be left out: not that of a check.")
    most_seconds = Integer(1800, help="Seconds that a submission may take; then what is left of it is not run.").tag(config=True)
    most_output = Integer(20_000_000, help="Bytes that a cell may show; one that shows more is stopped.").tag(config=True)
    most_kept = Integer(50_000_000, help="Bytes of what all cells show that are kept.").tag(config=True)

    def preprocess(self, nb, resources=None, *args, **kwargs):
        self.left_out: dict[int, str] = {}  # what ended a kernel, by the place of the cell
        self.at_work: list[AtWork] = []  # the judges whose verdicts are awaited
        self.until = time.monotonic() + self.most_seconds
        self.kept = 0  # bytes of what the cells have shown
        self.ended_by: str | None = None  # what ended the kernel of the cell that runs
        self.last_call = math.inf  # then its kernel is ended, on time.monotonic()
        # The cell that begins is locked, so nbgrader has put it back; what a student wrote counts where there is none.
        cells = sorted(nb.cells, key=lambda cell: not is_locked(cell))
        named = (found[1] for cell in cells if (found := LESSON.search(cell.source)))
        self.lesson = next((name for name in named if name in catalog.lesson_names()), None)
        self.tasks = {task.name: task for task in catalog.lesson(self.lesson).tasks} if self.lesson else {}
        over = threading.Event()
        watch = threading.Thread(target=self.watch, args=(over,), daemon=True)
        watch.start()
        try:
            done = super().preprocess(nb, resources, *args, **kwargs)
            for output in (output for cell in nb.cells if cell.cell_type == "code" for output in cell.outputs):
                if "metadata" in output:
                    output.metadata = sizes_in(output.metadata)
            return done
        finally:
            over.set()
            watch.join()
            for one in self.at_work:  # none, unless the notebook did not come to its end
                one.judge.close()

    def preprocess_cell(self, cell, resources, index):
        if not self.ask(cell, index) and (what := self.what_ended(cell, index)):
            self.tell(cell, what)
            self.needs_a_look(NEEDS_A_LOOK[what])
            self.left_out[index] = what
            if what != "OutOfTime":
                self.begin_again(index)
        if index == len(self.nb.cells) - 1:
            self.settle()
        return cell, self.resources

    def tell(self, cell, what: str) -> None:
        """Show what became of a cell."""
        text = WHAT_HAPPENED[what].format(seconds=self.seconds) + (f" {AFTERWARD}" if what != "OutOfTime" else "")
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
        cell.outputs.append(new_output("error", ename=what, evalue=text, traceback=[text]))

    # --- the cells that check ---

    def ask(self, cell, index: int) -> bool:
        """Let a judge begin with the task of a cell that checks, while the cells below go on. False where the cell is no check of
        the course's: then it is run, as nbgrader does."""
        source = MARK.sub("", cell.source).strip()
        kernel = getattr(self.km.provisioner, "process", None)
        if not is_grade(cell) or not isinstance(kernel, ForkedKernel):
            return False
        asked = CHECK.fullmatch(source) if self.lesson else None
        if not asked or asked["task"] not in self.tasks:
            if is_check := bool(self.lesson and asks(source)):
                self.leave(cell)
            return is_check
        task, seed = asked["task"], int(asked["seed"]) if asked["seed"] else None
        while len(self.at_work) >= AT_ONCE:
            self.show(self.first_done())
        if kernel.poll() is not None:  # by itself, since its last cell
            self.needs_a_look(NEEDS_A_LOOK["KernelEnded"])
            self.begin_again(index)
            kernel = self.km.provisioner.process
        judge = kernel.judge(self.lesson, task, seed)
        self.kc.execute(ANSWER, silent=True, store_history=False)
        self.at_work.append(AtWork(index, task, judge))
        return True

    def leave(self, cell) -> None:
        """Judge nothing: the cell asks for a check in a way that only the kernel understands, and there it can be forged."""
        marks = cell.metadata.nbgrader
        task = marks.grade_id.removeprefix("check_")
        text = NOT_JUDGED["not judged"].format(task=task, why=ASKED_OTHERWISE, of=marks.points)
        self.needs_a_look(TO_ASK_RIGHT.format(task=task))
        note(cell, TaskResult(task, "not judged", 0, marks.points), text)

    def first_done(self) -> AtWork:
        """Of the judges at work, the first that has something to say, which is at work no more; the oldest, where none has in the
        time of a cell."""
        told = {one.judge.told: one for one in self.at_work}
        done = wait(told, self._get_timeout(None)) or [self.at_work[0].judge.told]
        self.at_work.remove(one := told[done[0]])
        return one

    def settle(self) -> list[int]:
        """Wait for all verdicts, and show them. Gives back the places of cells whose judge was left without a word."""
        settled = [(one.index, self.show(one)) for one in self.at_work]
        self.at_work = []
        return [index for index, state in settled if state == "crashed"]

    def show(self, one: AtWork) -> str:
        """Show in a cell what its task is worth, and give back the state of the task."""
        told, task, cell = one.judge.verdict(self._get_timeout(None)), one.task, self.nb.cells[one.index]
        state = told.get("state", told.get("trouble"))
        state = state if state in STATES else "not judged"
        of = cell.metadata.nbgrader.points  # which the instructor may have changed
        nothing = NOT_JUDGED.get(state, NOT_JUDGED["not judged"])
        text = told.get("text") or nothing.format(task=task, why=told.get("trouble"), of=of)
        if state == "not started" and (what := self.ended_where_written(task)):
            state = AS_A_STATE[what]
            text = NOT_DEFINED.format(task=task, state=state, of=of)
        if told.get("tampered"):
            self.needs_a_look(f"{task}: a check passed that must fail. Somebody has tampered with the checks.")
            state, text = "failing", TAMPERED.format(task=task, of=of)
        checks = [Check(*(short(str(check[name])) for name in ("check", "state", "why"))) for check in told.get("verdicts", ())]
        points = of if state == "passed" else 0
        text = SUM.sub(f"{points:g} of {of:g} points", text)
        note(cell, TaskResult(task, state, points, of, checks), short(text, MOST_TEXT))
        return state

    def ended_where_written(self, task: str) -> str | None:
        """Which of WHAT_HAPPENED became of the cell in which a task is written; None where it came to its end."""
        written, stem = re.compile(rf"^def {task}\b", re.MULTILINE), Path(self.tasks[task].file).stem
        for index, what in self.left_out.items():
            cell = self.nb.cells[index]
            if cell.metadata.get("nbgrader", {}).get("grade_id") == stem or written.search(cell.source):
                return what
        return None

    def needs_a_look(self, sentence: str) -> None:
        looks = self.nb.metadata.setdefault("petkata", {}).setdefault("needs_a_look", [])
        if sentence not in looks:
            looks.append(sentence)

    # --- running cells ---

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        if ForkedProvisioner.wanted:
            manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
            manager.client_factory = QuickClient
        return manager

    def process_message(self, msg, cell, cell_index):
        size = sys.getsizeof(str(msg["content"])) + sum(map(len, msg.get("buffers", ())))
        self.shown += size
        if self.shown > self.most_output:
            if self.ended_by != "Flood":
                self.ended_by = "Flood"
                self.km.provisioner.process.kill()
            return None
        if msg["msg_type"] not in (*OUTPUTS, *NEWS):
            return None
        if msg["msg_type"] in OUTPUTS:
            # One with an id also takes the place of all that has the same id.
            shown_as = (msg["content"].get("transient") or {}).get("display_id")
            self.kept += size * (1 + sum(map(len, self._display_id_map.get(shown_as, {}).values())))
            if self.kept > self.most_kept:
                self.needs_a_look(NOT_KEPT)
                return None
        return super().process_message(msg, cell, cell_index)

    def _get_timeout(self, cell) -> float:
        return min(super()._get_timeout(cell) or math.inf, max(1, self.until - time.monotonic()))

    def what_ended(self, cell, index: int) -> str | None:
        """Run a cell. Which of WHAT_HAPPENED became of it; None where it came to its end, and the kernel can go on."""
        self.ended_by = None
        self.shown = 0
        self._display_id_map = {}  # nbclient's: no cell changes what an earlier one has shown, which was looked at
        self.seconds = self._get_timeout(cell)
        if time.monotonic() > self.until:
            return "OutOfTime"
        until = time.monotonic() + self.seconds
        self.last_call = until + GRACE
        try:
            self.execute_cell(cell, index, store_history=True)
        except DeadKernelError:
            self.ended_by = self.ended_by or "KernelEnded"
        except CellTimeoutError:  # before its time: it has ended, but showed too much for anybody to hear of it
            self.ended_by = "Flood" if time.monotonic() < until else "CellTimeoutError"
        except Exception:  # of nbclient, which trusts the kernel
            self.log.exception("A cell's kernel cannot be understood.")
            self.ended_by = "Nonsense"
        finally:
            self.last_call = math.inf
        if cell.cell_type == "code":
            if not nbformat.validator.isvalid(cell, ref="code_cell", version=4):
                cell.outputs, cell.execution_count = [], None
                self.ended_by = "Nonsense"
        return self.ended_by

    def watch(self, over: threading.Event) -> None:
        """Until it is over: end a kernel that keeps nbclient busy for ever, or whose messages fill the memory."""
        before = memory()
        while not over.wait(LOOK_AGAIN):
            late, large = time.monotonic() > self.last_call, memory() > before + MOST_MEMORY
            kernel = getattr(getattr(self.km, "provisioner", None), "process", None)  # none while another begins
            if kernel is not None and (late or large):
                self.ended_by = "CellTimeoutError" if late else "Flood"
                kernel.kill()
                before = max(before, memory()) if large else before  # not all of it comes back

    def on_cell_executed(self, **kwargs):
        super().on_cell_executed(**kwargs)
        reply = kwargs["execute_reply"]["content"]
        if reply.get("ename") == "CellTimeoutError":  # it may be running still: an interrupt can be ignored
            self.ended_by = "CellTimeoutError"
        elif any(payload.get("source") == "ask_exit" for payload in reply.get("payload", ())):
            self.ended_by = "KernelEnded"

    def begin_again(self, place: int) -> None:
        """A new kernel, in which the cells before `place` have run, but for those that ended a kernel. What was being judged when
        the kernel ended is judged again."""
        again = self.settle()
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        for index, cell in enumerate(self.nb.cells[:place]):
            if index in again:
                self.ask(cell, index)
            elif cell.cell_type == "code" and index not in self.left_out and not is_grade(cell):
                what = self.what_ended(copy.deepcopy(cell), index)
                self.nb.cells[index] = cell  # with what it has shown the first time
                if what == "OutOfTime":
                    return
                if what:
                    self.left_out[index] = what
                    return self.begin_again(place)


def asks(source: str) -> bool:
    """Whether a cell asks for a check in whatever way: it uses the name `check`. In a comment or a text, that is a word."""
    try:
        return any(isinstance(node, ast.Name) and node.id == "check" for node in ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):  # it has a line of IPython's, perhaps
        return bool(CHECK_NAME.search(source))


def memory() -> int:
    """Bytes that this process takes; 0 where no kernel is forked anyway."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


def short(text: str, most: int = 2000) -> str:
    """The beginning of a text: what an answer gave back can stand in it, at any length."""
    return text if len(text) <= most else f"{text[:most]} ..."


def sizes_in(metadata: dict) -> dict:
    """How large an output's pictures are, in pixels. What else is said of them, nbgrader's pages take for their own words."""
    return {mime: {side: said[side] for side in ("width", "height") if type(said.get(side)) in (int, float)}
            for mime, said in metadata.items() if mime.startswith("image/") and isinstance(said, dict)}


# What nbgrader does to a submission when it grades it, with the first step exchanged.
PREPROCESSORS = [ExecuteToTheEnd, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades, AssignLatePenalties,
                 CheckCellMetadata]
