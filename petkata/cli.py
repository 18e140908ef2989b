"""`kata`: what the course does besides pytest."""

from __future__ import annotations

import typer

app = typer.Typer(help="petkata: a course in transfer learning, as a kata.", no_args_is_help=True, add_completion=False)
classroom = typer.Typer(help="For instructors: a class with nbgrader.", no_args_is_help=True)
app.add_typer(classroom, name="class")


@app.callback()
def kata():
    """petkata: a course in transfer learning, as a kata."""


if __name__ == "__main__":
    app()
