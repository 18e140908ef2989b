"""The loaded process: it has fastai and all that checks need in its memory, and forks a kernel from itself on request.

To import fastai takes seconds; a forked kernel has it at once, and shares its memory. Started by `petkata.classroom.kernels`,
which hands over one end of a socket. Each request comes with a socket of its own: over it the pid is told, and the exit code
when the kernel has ended. When nbgrader is gone, killed or not, its end of the sockets closes: then all kernels are killed.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from dataclasses import dataclass

from petkata.classroom import sandbox

LIBRARIES = ("torch", "fastai.vision.all", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "sqlite3",
             "tornado.platform.asyncio", "IPython.extensions.storemagic", "PIL.JpegImagePlugin", "matplotlib.pyplot",
             "petkata.checking.watching", "petkata.nets",
             "petkata.classroom.judge", "petkata.classroom.answering")


def load() -> None:
    """Import everything that takes time, draw the tiny pets, and keep the garbage collector from ever touching, and so
    copying, all that memory."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork has one thread: no pool of threads may be there before
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the debugger, which nobody uses, warns
    importlib.import_module("petkata.torchvision_guard")
    for library in LIBRARIES:
        importlib.import_module(library)
    from petkata.checking.notebook import Cells, judged
    from petkata.course import catalog
    from petkata.pets.tiny import tiny_pets

    os.environ["PETKATA_PETS"] = str(tiny_pets())  # in a sandbox nobody finds the user's cache
    straight = Cells({"cosine_anneal": lambda start, end, position: start})
    judged(catalog.lesson("lesson3"), "cosine_anneal", straight)  # so that pytest itself is loaded
    gc.collect()
    gc.freeze()


def readable(also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What a process in a sandbox may read: Python, the pets, and the course, of its checks and solutions only what is told."""
    from petkata.course.catalog import ROOT, lesson_names

    course = ["petkata", "pyproject.toml", *(f"lessons/{name}" for name in lesson_names()), *also]
    return (sys.base_prefix, sys.prefix, *(str(ROOT / name) for name in course), os.environ["PETKATA_PETS"])


@dataclass
class Kernel:
    """A forked kernel, or a judge: its process, the socket of who asked for it, and the folder of its own sockets."""

    pid: int
    asker: socket.socket
    sockets: str

    def kill(self) -> None:
        """End it and all that it has started in its process group, and leave nothing of it."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shutil.rmtree(self.sockets, ignore_errors=True)

    def tell(self, what: dict) -> None:
        try:
            self.asker.send(json.dumps(what).encode())
        except OSError:
            pass  # nobody listens any more


def serve(requests: socket.socket, in_sandbox: bool) -> None:
    """Fork kernels and judges until the other end of `requests` closes, each in a sandbox of its own, or in none."""
    kernels: dict[int, Kernel] = {}  # by the handle of its process
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is requests:
                    request, fds, *_ = socket.recv_fds(requests, 2**20, 3)
                    if not request:
                        for kernel in kernels.values():
                            kernel.kill()
                        return
                    asker = socket.socket(fileno=fds[0])
                    kernel = forked(json.loads(request), asker, fds[1:], in_sandbox)
                    for fd in fds[1:]:
                        os.close(fd)
                    handle = os.pidfd_open(kernel.pid)
                    kernels[handle] = kernel
                    selector.register(handle, selectors.EVENT_READ)
                    selector.register(asker, selectors.EVENT_READ, handle)
                    kernel.tell({"pid": kernel.pid})
                elif key.data is not None:  # who asked for this kernel is gone
                    if key.fileobj in selector.get_map():  # not so when the kernel has just ended, too
                        selector.unregister(key.fileobj)
                        kernels[key.data].kill()
                else:
                    kernel = kernels.pop(key.fd)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    kernel.kill()  # what it has started and left running; its number is not free before the next line
                    _, status = os.waitpid(kernel.pid, 0)
                    if kernel.asker in selector.get_map():
                        selector.unregister(kernel.asker)
                    kernel.tell({"exit": os.waitstatus_to_exitcode(status)})
                    kernel.asker.close()


def forked(request: dict, asker: socket.socket, fds: list[int], in_sandbox: bool) -> Kernel:
    """A new process, which becomes the kernel or the judge of this request. It keeps `fds`, as 3 and onward."""
    own = request.pop("own")
    pid = os.fork()
    if pid:
        return Kernel(pid, asker, own)
    try:
        os.setsid()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in fds]
        for place, fd in enumerate(high, start=3):
            os.dup2(fd, place)
        # Among the others is what leads to nbgrader and other kernels.
        os.closerange(3 + len(fds), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        is_kernel = "arguments" in request
        if in_sandbox:
            course = () if is_kernel else ("conftest.py", "tests", "solutions")
            sandbox.enter(sandbox.View(readable(course), request["folder"], own))
        become_kernel(**request) if is_kernel else become_judge(**request, answers=len(fds) == 2)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def become_judge(folder: str, files: str | None, answers: bool) -> None:
    """Judge what is asked for over socket 3, with the functions of the kernel at the other end of socket 4, if there is one."""
    from petkata.classroom import judge

    os.chdir(folder)
    judge.serve(socket.socket(fileno=3), socket.socket(fileno=4) if answers else None, files)
    os._exit(0)


def become_kernel(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be an ipykernel with these command-line arguments; does not return."""
    from ipykernel.kernelapp import IPKernelApp

    pets = os.environ["PETKATA_PETS"]
    os.environ.clear()
    os.environ.update(environment, PETKATA_PETS=pets)
    os.chdir(folder)
    app = IPKernelApp.instance()
    # Should the parent die, the kernel ends. In a sandbox it sees no parent, and Linux ends it.
    app.initialize([*arguments, f"--IPKernelApp.parent_handle={os.getppid() or 1}"])
    app.start()
    os._exit(0)


def main(own_end: socket.socket, in_sandbox: bool) -> None:
    load()
    why = None
    if in_sandbox:
        with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as folder:
            why = sandbox.trouble(sandbox.View(readable(), folder, scratch))
    own_end.send(json.dumps({"trouble": why}).encode())
    if why is None:
        serve(own_end, in_sandbox)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2] == "sandbox")
