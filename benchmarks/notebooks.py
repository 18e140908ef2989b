"""Run notebooks as a learner does, from top to bottom, and keep what they show.

    python -m benchmarks.notebooks mine/lesson3.ipynb others/lesson3.ipynb

A cell that ends in an error is no reason to stop. The checks run in the kernel itself, as everywhere but in a class. A kernel is
forked from a process that has fastai loaded, so that it is there at once.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nbformat
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbclient import NotebookClient

from petkata.classroom.kernels import NAME, use_forked_kernels


def run(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=600, allow_errors=True, kernel_name="python3",
                   resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(notebook, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    options = parser.parse_args()
    os.environ[KernelProvisionerFactory.default_provisioner_name_env] = NAME
    use_forked_kernels(sandbox=False)
    for path in options.notebooks:
        run(path.resolve())


if __name__ == "__main__":
    main()
