"""`kata`: what the course does besides pytest."""

from __future__ import annotations

import os
import shlex
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
def report(
    lesson: Annotated[Optional[str], typer.Argument(help="such as lesson3; without it, all that anybody has handed in")] = None,
    course: Annotated[Path, typer.Option(help="The course folder, which has nbgrader_config.py.")] = Path("."),
    out: Annotated[Optional[Path], typer.Option(help="Where the report goes; without it, the course's folder report.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Numbers drawn by chance instead of names.")] = False,
):
    """Report on a class: a page that says who has what and who needs help, with a CSV and a JSON file beside it."""
    from rich.console import Console

    from petkata.classroom.report import report as write_report
    from petkata.classroom.results import NoResults

    console = Console(highlight=False)
    try:
        page = write_report(course, lesson, out, anonymous)
    except (NoResults, OSError) as reason:
        told = reason if isinstance(reason, NoResults) else f"The report cannot be written: {reason}. Name a folder with --out."
        console.print(str(told), markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    console.print(f"{page}, {page.with_suffix('.csv').name}, {page.with_suffix('.json').name}", markup=False, soft_wrap=True)


@classroom.command()
def new(folder: Path = typer.Argument(help="A new folder, or one that this command has made before."),
        lessons: list[str] = typer.Argument(None, help="Such as lesson3. Without any: all.")):
    """Make an nbgrader course folder for a class of yours, or add lessons to it. What is there already is never touched."""
    from petkata.classroom import folder as class_folder
    from petkata.course import catalog

    names = lessons or catalog.lesson_names()
    try:
        made = class_folder.new(folder, names)
    except (class_folder.FolderError, OSError) as error:
        told = error if isinstance(error, class_folder.FolderError) else f"{folder} could not be made: {error}. Name another one."
        typer.echo(told, err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{folder}: {len(made.added)} files added." if made.added else f"{folder}: all is there already.")
    for name in made.different:
        typer.echo(f"  {name} is not as the course has it. It stays as it is; to have the course's, move it away and call again.")
    if class_folder.others_can_read(folder):
        typer.echo(f"  Others on this machine can read this folder. To keep it to yourself: chmod 700 {shlex.quote(str(folder))}")
    typer.echo(f"Next:\n  cd {shlex.quote(str(folder))}\n  nbgrader generate_assignment {names[0]}\n"
               f"Then give release/{names[0]}/{names[0]}.ipynb to your students, or with JupyterHub:\n"
               f"  nbgrader release_assignment {names[0]}\n"
               f"The whole way: {catalog.ROOT / 'lessons' / 'INSTRUCTORS.md'}")


@classroom.command()
def grade(
    lesson: Annotated[str, typer.Argument(help="such as lesson3")],
    course: Annotated[Path, typer.Option(help="The course folder, which has nbgrader_config.py.")] = Path("."),
    jobs: Annotated[Optional[int], typer.Option(min=1, help="Processes at once. Without it, as many as there are cores.")] = None,
    cluster: Annotated[Optional[str], typer.Option(metavar="ADDRESS", help="Grade on a dask.distributed cluster, such as "
                                                   "tcp://10.0.0.1:8786; needs a gradebook in PostgreSQL.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what is graded already.")] = False,
):
    """Grade a lesson: nbgrader's autograde, many submissions at once. What is graded and unchanged stays as it is."""
    from rich.console import Console

    console = Console(highlight=False)
    if cluster and jobs:
        console.print("Either --jobs, on this machine, or --cluster, whose workers decide how many there are at once.")
        raise typer.Exit(2)
    from petkata.classroom import beginning

    if not cluster:
        beginning.begin()
    from petkata.classroom.grading import CannotGrade, grade_class

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        all_graded = grade_class(course, lesson, jobs or cores, cluster, console, force)
    except CannotGrade as reason:
        console.print(str(reason), markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print("Stopped. What is graded stays; the next call goes on with the rest.")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if all_graded else 1)


if __name__ == "__main__":
    app(prog_name="kata")
