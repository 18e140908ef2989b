"""`kata`: what the course does besides pytest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(help="petkata: a course in transfer learning, as a kata.", no_args_is_help=True, add_completion=False)
classroom = typer.Typer(help="For instructors: a class with nbgrader.", no_args_is_help=True)
app.add_typer(classroom, name="class")


@app.callback()
def kata():
    """petkata: a course in transfer learning, as a kata."""


@classroom.command()
def grade(
    lesson: Annotated[str, typer.Argument(help="such as lesson3")],
    course: Annotated[Path, typer.Option(help="The course folder, which has nbgrader_config.py.")] = Path("."),
    jobs: Annotated[Optional[int], typer.Option(min=1, help="Processes at once; as many as there are cores unless told.")] = None,
    cluster: Annotated[Optional[str], typer.Option(metavar="ADDRESS", help="Grade on a dask.distributed cluster, such as "
                                                   "tcp://10.0.0.1:8786; needs a gradebook in PostgreSQL.")] = None,
):
    """Grade a lesson: nbgrader's autograde, many submissions at once. What is graded and unchanged stays as it is."""
    from rich.console import Console

    console = Console(highlight=False)
    if cluster and jobs:
        console.print("Either --jobs, on this machine, or --cluster, whose workers decide how many there are at once.")
        raise typer.Exit(2)
    from petkata.classroom.grading import CannotGrade, grade_class

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        all_graded = grade_class(course, lesson, jobs or cores, cluster, console)
    except CannotGrade as reason:
        console.print(str(reason), markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print("Stopped. What is graded stays; the next call goes on with the rest.")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if all_graded else 1)


if __name__ == "__main__":
    app(prog_name="kata")
