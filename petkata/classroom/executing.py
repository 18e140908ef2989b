"""Running a submission to its end, whatever its cells do.

nbgrader's own `Execute` gives up with the kernel: a cell that ends it, or that does not stop, costs the whole submission.
Here the cell is told what happened, and the cells after it go on in a new kernel, in which the earlier ones have run again.
"""

from __future__ import annotations

import copy
import re

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

from petkata.classroom.kernels import NAME, ForkedKernel, ForkedProvisioner, Judge
from petkata.classroom.results import STATES
from petkata.course import catalog

WHAT_HAPPENED = {
    "KernelEnded": "The kernel ended while this cell ran. Something here ends the program (exit), crashes it, or takes more "
                   "memory than there is.",
    "Flood": "This cell showed more than anybody can read and was stopped.",
    "CellTimeoutError": "This cell was still running after {timeout} seconds and was stopped.",
}
NEEDS_A_LOOK = {"KernelEnded": "A cell ended its kernel.", "Flood": "A cell showed too much and was stopped.",
                "CellTimeoutError": "A cell ran too long and was stopped."}
AFTERWARD = "The cells after this one went on in a new kernel."
NOT_JUDGED = {
    "crashed": "{task} ended the process in which it was judged: it ends the program (exit), crashes it, or takes more memory "
               "than there is.\n{task}: crashed, 0 of {of} points",
    "timed out": "{task} did not come to an end in the time that there is.\n{task}: timed out, 0 of {of} points",
    "not judged": "{task} could not be judged ({why}).\n{task}: not judged, 0 of {of} points",
}

# Checks that watch what the answer does to files, figures or this process itself. They are judged beside the student's code, in a
# process that judges nothing else.
BESIDE = {"pet_loaders", "pet_learner", "save_atomically", "keep_best", "export_for_inference", "plot_confusion", "range_test",
          "pick_lr", "train_discriminatively", "mixed_precision_step", "accumulate", "largest_batch"}

LESSON = re.compile(r'checks_of\("(lesson\d+)"\)')
CHECK = re.compile(r'(?:check\.seed = (?P<seed>\d+)\n)?check\("(?P<task>\w+)"\)')
MARK = re.compile(r"^###.*\n?", re.MULTILINE)  # of nbgrader's, around what the learner does not see


class ExecuteToTheEnd(Execute):
    """nbgrader's Execute, but the cells that check are judged outside the kernel, and a cell that ends the kernel, outlasts its
    time or floods costs only itself."""

    shutdown_kernel = "immediate"  # nothing of it is wanted any more
    skip_cells_with_tag = Unicode("", help="No tag lets a cell be left out: not that of a check.")
    most_output = Integer(20_000_000, help="Characters that a cell may show; one that shows more is stopped.").tag(config=True)

    def preprocess(self, nb, resources=None, *args, **kwargs):
        self.left_out: set[int] = set()  # places of cells that ended a kernel
        self.judge: Judge | None = None
        # The cell that begins is locked, so nbgrader has put it back; what a student wrote counts where there is none.
        cells = sorted(nb.cells, key=lambda cell: not is_locked(cell))
        self.lesson = next((found[1] for cell in cells if (found := LESSON.search(cell.source))), None)
        try:
            return super().preprocess(nb, resources, *args, **kwargs)
        finally:
            self.dismiss()

    def preprocess_cell(self, cell, resources, index):
        asked = CHECK.fullmatch(MARK.sub("", cell.source).strip()) if is_grade(cell) and self.lesson else None
        kernel = getattr(self.km.provisioner, "process", None)
        if asked and isinstance(kernel, ForkedKernel):
            return self.judged(cell, asked["task"], asked["seed"], kernel, index), self.resources
        if what := self.what_ended(cell, index):
            self.tell(cell, what)
            self.needs_a_look(NEEDS_A_LOOK[what])
            self.left_out.add(index)
            self.begin_again(index)
        return cell, self.resources

    def tell(self, cell, what: str) -> None:
        """Show what made a new kernel necessary."""
        text = f"{WHAT_HAPPENED[what].format(timeout=self.timeout)} {AFTERWARD}"
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
        cell.outputs.append(new_output("error", ename=what, evalue=text, traceback=[text]))

    # --- the cells that check ---

    def judged(self, cell, task: str, seed: str | None, kernel: ForkedKernel, index: int):
        """Let the judge say what a task is worth, and show it in its cell."""
        told = self.verdict(task, int(seed) if seed else None, kernel, index)
        state = told.get("state", told.get("trouble"))
        state = state if state in STATES else "not judged"
        passed = state == "passed" and not told.get("tampered")
        of = catalog.lesson(self.lesson).task(task).points
        nothing = NOT_JUDGED.get(state, NOT_JUDGED["not judged"])
        text = told.get("text") or nothing.format(task=task, why=told.get("trouble"), of=of)
        checks = [{name: str(verdict[name]) for name in ("check", "state", "why")} for verdict in told.get("verdicts", ())]
        cell.metadata["petkata"] = {"task": task, "state": state, "points": of if passed else 0, "of": of, "checks": checks}
        cell.outputs = [new_output("stream", name="stdout", text=text + "\n") if passed else
                        new_output("error", ename="NotPassed", evalue=f"{task}: {state}", traceback=text.splitlines())]
        if told.get("tampered"):
            self.needs_a_look(f"{task}: a check passed that must fail. Somebody has tampered with the checks.")
        if state in NOT_JUDGED and task not in BESIDE:
            self.begin_again(index)
        return cell

    def verdict(self, task: str, seed: int | None, kernel: ForkedKernel, index: int) -> dict:
        """What the judge says of a task with the cells above the one at `index`."""
        if task in BESIDE:
            sources = [cell.source for place, cell in enumerate(self.nb.cells[:index])
                       if cell.cell_type == "code" and place not in self.left_out and not is_grade(cell)]
            judge = Judge(kernel, beside=True)
            told = judge.verdict(self.lesson, task, seed, sources, self.timeout)
            judge.close()
            return told
        self.judge = self.judge or Judge(kernel)
        self.kc.execute(self.judge.cell, silent=True, store_history=False)
        return self.judge.verdict(self.lesson, task, seed, None, self.timeout)

    def needs_a_look(self, sentence: str) -> None:
        looks = self.nb.metadata.setdefault("petkata", {}).setdefault("needs_a_look", [])
        if sentence not in looks:
            looks.append(sentence)

    def dismiss(self) -> None:
        if self.judge:
            self.judge.close()
            self.judge = None

    # --- running cells ---

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        if ForkedProvisioner.wanted:
            manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
        return manager

    def process_message(self, msg, cell, cell_index):
        self.shown += len(str(msg["content"]))
        if self.shown > self.most_output:
            if self.ended_by != "Flood":
                self.ended_by = "Flood"
                self.km.provisioner.process.kill()
            return None
        return super().process_message(msg, cell, cell_index)

    def what_ended(self, cell, index: int) -> str | None:
        """Run a cell. Which of WHAT_HAPPENED makes a new kernel necessary; None where the kernel can go on."""
        self.ended_by: str | None = None
        self.shown = 0
        try:
            self.execute_cell(cell, index, store_history=True)
        except DeadKernelError:
            self.ended_by = self.ended_by or "KernelEnded"
        except CellTimeoutError:
            self.ended_by = "CellTimeoutError"
        return self.ended_by

    def on_cell_executed(self, **kwargs):
        super().on_cell_executed(**kwargs)
        reply = kwargs["execute_reply"]["content"]
        if reply.get("ename") == "CellTimeoutError":  # it may be running still: an interrupt can be ignored
            self.ended_by = "CellTimeoutError"
        elif any(payload.get("source") == "ask_exit" for payload in reply.get("payload", ())):
            self.ended_by = "KernelEnded"

    def begin_again(self, place: int) -> None:
        """A new kernel, in which the cells before `place` have run, but for the checks and for those that ended a kernel."""
        self.dismiss()
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        for index, cell in enumerate(self.nb.cells[:place]):
            if cell.cell_type == "code" and index not in self.left_out and not is_grade(cell):
                what = self.what_ended(copy.deepcopy(cell), index)
                self.nb.cells[index] = cell  # with what it has shown the first time
                if what:
                    self.left_out.add(index)
                    return self.begin_again(place)


# What nbgrader does to a submission when it grades it, with the first step exchanged.
PREPROCESSORS = [ExecuteToTheEnd, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades, AssignLatePenalties,
                 CheckCellMetadata]
