"""The figures of the full run: beside their references, in a table on the screen and in a JSON file."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from petkata.pets.made import write_atomically

# An error of 7% on the 1,478 pictures that validate has a standard deviation of 0.7 points by chance alone; the seed of
# the training adds to it. So an error may be this far above its reference: three standard deviations.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Figure:
    """One run of a lesson. `error` and `reference` are fractions; `limit` is what `error` must not exceed."""

    lesson: str
    run: str
    pictures: str
    error: float
    reference: float | None
    limit: float | None
    seconds: float
    pictures_per_second: float
    peak_gpu_megabytes: float | None

    @property
    def reached(self) -> bool:
        return self.limit is None or self.error <= self.limit

    def __str__(self) -> str:
        reference = f", and {self.reference:.2%} is the reference" if self.reference else ""
        return f"{self.run}, on {self.pictures}: the error is {self.error:.2%}; at most {self.limit:.2%} is asked for{reference}."


class Figures:
    """All figures of one session, in the order of their runs."""

    def __init__(self, folder: Path):
        self.folder, self.noted = folder, []

    def write(self, machine: dict) -> Path:
        """Write them as JSON into a file of their own, named after the time; no earlier one is touched."""
        path = self.folder / f"{datetime.now():%Y-%m-%d-%H%M%S}.json"
        text = json.dumps({**machine, "figures": [{**asdict(f), "reached": f.reached} for f in self.noted]}, indent=2)
        write_atomically(path, lambda beside: beside.write_text(text + "\n", encoding="utf-8"))
        return path

    def table(self):
        """A Rich table of all figures."""
        from rich import box
        from rich.table import Table

        table = Table(title=f"The full run on {', '.join(dict.fromkeys(f.pictures for f in self.noted))}", box=box.SIMPLE)
        for title, justify in (("", "left"), ("run", "left"), ("error", "right"), ("reference", "right"), ("limit", "right"),
                               ("s", "right"), ("pictures/s", "right"), ("GPU MB", "right")):
            table.add_column(title, justify=justify, no_wrap=title != "run", overflow="fold")
        for f in self.noted:
            table.add_row(f.lesson, f.run, f"{f.error:.2%}", _share(f.reference), _share(f.limit), f"{f.seconds:.1f}",
                          f"{f.pictures_per_second:.0f}", f"{f.peak_gpu_megabytes:.0f}" if f.peak_gpu_megabytes else "-",
                          style="" if f.reached else "red")
        return table


def _share(value: float | None) -> str:
    return f"{value:.2%}" if value is not None else "-"


def machine(device) -> dict:
    """The device by its name, and the versions that matter."""
    import fastai
    import torch
    import torchvision

    cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor() or platform.machine(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__,
                     "fastai": fastai.__version__, "cuda": torch.version.cuda if cuda else None},
    }
