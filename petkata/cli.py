"""`kata`: what the course does besides pytest."""

from __future__ import annotations

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
    out: Annotated[Optional[Path], typer.Option(help="Where the report goes; the course's folder report, unless told.")] = None,
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
        console.print(str(reason), markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    console.print(f"{page}, {page.with_suffix('.csv').name}, {page.with_suffix('.json').name}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app()
