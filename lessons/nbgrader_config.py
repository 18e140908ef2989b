"""This folder as a course of nbgrader's. Call nbgrader from here: `nbgrader autograde lesson3`.

What must hold whatever you change here is in nbgrader_config.json.
"""

import os
import sys
from pathlib import Path

try:
    from petkata.classroom.executing import PREPROCESSORS
    from petkata.classroom.kernels import use_forked_kernels
    from petkata.classroom.resuming import lose_nothing
except ImportError as error:  # of an error nbgrader would go on without all that follows
    sys.exit(f"The nbgrader in {sys.prefix} cannot grade this course: {error}. Activate the environment of the course.")

c = get_config()  # noqa: F821  nbgrader defines it

# Whatever is handed in gets its marks and its feedback; grading that was stopped goes on where it was. Should anything below stop
# with an error, nothing is graded.
lose_nothing()

# nbgrader calls alembic, which lies beside it, by its name: so that it finds it in an environment that was not activated.
beside, *others = [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]
os.environ["PATH"] = os.pathsep.join([beside, *(folder for folder in others if folder != beside)])

here = Path(__file__).resolve().parent
c.CourseDirectory.root = str(here)
c.CourseDirectory.course_id = "petkata"

# release/ is there already. It is made again, because nbgrader notes the points of an assignment when it makes it.
c.GenerateAssignment.force = True

# Students and the instructor meet in this folder. JupyterHub's usual one is taken where it is there. Is yours another one, then
# name it here, whatever is said elsewhere on this machine.
shared = Path("/srv/nbgrader/exchange")
c.Exchange.root = str(shared if shared.is_dir() else here / "exchange")

# All notebooks of one call are run by kernels forked from one process that has fastai loaded, each in a sandbox: no network,
# no files but the submission's own and the course's. Where a system allows no sandbox, nothing is run, unless you
# write use_forked_kernels(sandbox=False): then submissions run with your own rights.
use_forked_kernels()

# A cell that ends its kernel, or does not stop, costs that cell and not the submission.
c.Autograde.autograde_preprocessors = PREPROCESSORS

# The table of all points tells what crashed, timed out or could not be read.
c.ExportApp.plugin_class = "petkata.classroom.exporting.WhatHappened"

# Some checks train: nbgrader's 30 seconds are too few.
c.Execute.timeout = 600

# Of a submission's folder this is left behind: what Hypothesis writes beside a notebook, and what nbgrader leaves out anyway.
c.CourseDirectory.ignore = [".hypothesis", ".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
