"""No nbgrader works in a course folder without the course's configuration.

Where Python cannot read `nbgrader_config.py`, or a line of it stops with an error, nbgrader logs that and goes on without the
file: it would run submissions with the instructor's own rights, and show what is in them as it is. Beside it lies
`nbgrader_config.json`, which nbgrader reads all the same. It names `Configured`, a step for whatever turns a notebook into
something else; grading, feedback and formgrader make one before they touch anything. It has what must hold whatever an
instructor writes, too: how what is handed in is collected (`exchange`), and how it is shown (`showing`).
"""

from __future__ import annotations

from nbconvert.preprocessors import ExecutePreprocessor, Preprocessor
from nbgrader.converters import NbGraderException
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue
from traitlets.utils.importstring import import_item

from petkata.classroom.executing import ExecuteToTheEnd
from petkata.classroom.kernels import ForkedProvisioner

NOT_CONFIGURED = ("Nothing was run. nbgrader_config.py is not there, or stopped with an error, which stands above, or it "
                  "lacks one of the lines use_forked_kernels() and c.Autograde.autograde_preprocessors = PREPROCESSORS, or names "
                  "another step that runs notebooks: then submissions would run with your own rights.")


def is_configured(config: Config) -> bool:
    """Whether submissions are run in no other way than the course's, and it has been said where. Where nbgrader_config.py stops,
    not one line of it counts."""
    lists = [listed(steps) for part in config.values() if isinstance(part, Config) for name, steps in part.items()
             if name.endswith("preprocessors")]
    if not all(isinstance(steps, list) for steps in (config.Autograde.get("autograde_preprocessors"), *lists)):
        return False
    kinds = [import_item(step) if isinstance(step, str) else step if isinstance(step, type) else type(step)
             for steps in lists for step in steps]
    run = [kind for kind in kinds if issubclass(kind, ExecutePreprocessor)]
    return all(issubclass(kind, ExecuteToTheEnd) for kind in run) and (ForkedProvisioner.asked or not run)


def listed(steps: object) -> object:
    """The steps of which traitlets knows only that they are to be added to a list."""
    if not isinstance(steps, LazyConfigValue):
        return steps
    return [*steps._prepend, *steps._extend, *(step for _, step in steps._inserts)]


class Configured(Preprocessor):
    """Changes nothing. Raises NbGraderException where it is made without the course's configuration."""

    def __init__(self, **options):
        super().__init__(**options)
        if not is_configured(self.config):
            self.log.error(NOT_CONFIGURED)
            raise NbGraderException(NOT_CONFIGURED)

    def preprocess(self, nb, resources):
        return nb, resources
