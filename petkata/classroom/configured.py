"""No nbgrader works in a course folder without the course's configuration.

Where Python cannot read `nbgrader_config.py`, or a line of it stops with an error, nbgrader logs that and goes on without the
file: it would run submissions with the instructor's own rights, and show what is in them as it is. Beside it lies
`nbgrader_config.json`, which nbgrader reads all the same. It names `Configured`, a step for whatever turns a notebook into
something else; grading, feedback and formgrader make one before they touch anything.
"""

from __future__ import annotations

from nbconvert.preprocessors import Preprocessor
from nbgrader.converters import NbGraderException
from nbgrader.preprocessors import Execute
from traitlets.config import Config

NOT_CONFIGURED = ("Nothing was run. nbgrader_config.py is not there, or stopped with an error, which stands above, or it lacks "
                  "c.Autograde.autograde_preprocessors = PREPROCESSORS: then submissions would run with your own rights.")


def is_configured(config: Config) -> bool:
    """Whether submissions are run in another way than nbgrader's own, which is what the whole file is for: where it stops, not
    one line of it counts."""
    steps = config.Autograde.get("autograde_preprocessors")
    return isinstance(steps, list) and Execute not in steps


class Configured(Preprocessor):
    """Changes nothing. Raises NbGraderException where it is made without the course's configuration."""

    def __init__(self, **options):
        super().__init__(**options)
        if not is_configured(self.config):
            self.log.error(NOT_CONFIGURED)
            raise NbGraderException(NOT_CONFIGURED)

    def preprocess(self, nb, resources):
        return nb, resources
