"""What takes seconds to load, begun at once and side by side: fastai, from which kernels are forked, and nbgrader, from which
workers are, while the program itself loads nbgrader. So nothing is imported here that takes time."""

from __future__ import annotations

import multiprocessing

from petkata.classroom import kernels


def begin() -> None:
    """Begin to load what grading a class on this machine needs."""
    if kernels.can_fork_kernels():
        kernels.begin_to_load()
    if workers().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


def workers():
    """How workers are made: forked from a process that has nbgrader loaded and nothing else, where the system can fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["petkata.classroom.grading"])
    return context
