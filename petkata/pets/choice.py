"""Which pets a run works on. Imports nothing that takes time: every run asks."""

from __future__ import annotations

from pathlib import Path


def wants_photographs(pets: str | None) -> bool:
    """Whether `--pets` asks for photographs: "real", or the folder of a local copy of the real set."""
    if pets in (None, "drawn"):
        return False
    return pets == "real" or (Path(pets, "images").is_dir() and not Path(pets, "manifest.json").exists())
