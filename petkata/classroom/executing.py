"""Running a submission to its end, whatever its cells do.

nbgrader's own `Execute` gives up with the kernel: a cell that ends it, or that does not stop, costs the whole submission.
Here the cell is told what happened, and the cells after it go on in a new kernel, in which the earlier ones have run again.
"""

from __future__ import annotations

import copy

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
from nbgrader.utils import is_grade
from traitlets import Unicode

WHAT_HAPPENED = {
    "KernelEnded": "The kernel ended while this cell ran. Something here ends the program (exit), crashes it, or takes more "
                   "memory than there is.",
    "CellTimeoutError": "This cell was still running after {timeout} seconds and was stopped.",
}
AFTERWARD = "The cells after this one went on in a new kernel."


class ExecuteToTheEnd(Execute):
    """nbgrader's Execute, but a cell that ends the kernel, or outlasts its time, costs only itself."""

    skip_cells_with_tag = Unicode("", help="No tag lets a cell be left out: not that of a check.")

    def preprocess(self, nb, resources=None, *args, **kwargs):
        self.left_out: set[int] = set()  # places of cells that ended a kernel
        return super().preprocess(nb, resources, *args, **kwargs)

    def preprocess_cell(self, cell, resources, index):
        what = self.what_ended(cell, index)
        if what:
            text = f"{WHAT_HAPPENED[what].format(timeout=self.timeout)} {AFTERWARD}"
            cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
            cell.outputs.append(new_output("error", ename=what, evalue=text, traceback=[text]))
            self.left_out.add(index)
            self.begin_again(index)
        return cell, self.resources

    def what_ended(self, cell, index: int) -> str | None:
        """Run a cell. Which of WHAT_HAPPENED makes a new kernel necessary; None where the kernel can go on."""
        self.ended_by: str | None = None
        try:
            self.execute_cell(cell, index, store_history=True)
        except DeadKernelError:
            self.ended_by = "KernelEnded"
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
