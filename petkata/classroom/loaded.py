"""The loaded process: it has fastai in its memory, and forks a kernel from itself on request; and a second one, forked from it,
that has collected the checks as well, and forks judges. No kernel has ever had the checks in its memory.

To import fastai takes seconds; a forked kernel has it at once, and shares its memory. Started by `petkata.classroom.kernels`,
which hands over the ends of two sockets. Each request comes with a socket of its own: over it the pid is told, and the exit code
when the kernel has ended. When nbgrader is gone, killed or not, its end of the sockets closes: then all kernels are killed.
"""

from __future__ import annotations

import ctypes
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
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

from petkata.checking.notebook import with_checks
from petkata.classroom import sandbox
from petkata.classroom.answering import FOLDER, SHARED
from petkata.course.catalog import HIDDEN_SEED

# Also what torch and matplotlib import only when they are first used, which each fork would import anew.
LIBRARIES = ("torch", "fastai.vision.all", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "sqlite3",
             "tornado.platform.asyncio", "IPython.extensions.storemagic", "PIL.JpegImagePlugin", "matplotlib.pyplot",
             "matplotlib.style.core", "torch.profiler._cupti_monitor", "torch.utils.serialization.config",
             "petkata.checking.watching", "petkata.nets",
             "petkata.classroom.judge", "petkata.classroom.answering", "petkata.classroom.streams")
STREAM = "petkata.classroom.streams.PatientStream"

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h; in bytes
COLLAPSE, LARGE_PAGE = 25, 2 * 2**20  # from Linux's mman.h; bytes, and where pages are of other sizes nothing happens


def load() -> None:
    """Import everything that takes time, and draw the tiny pets."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork has one thread: no pool of threads may be there before
    keep_freed_memory()
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the debugger, which nobody uses, warns
    importlib.import_module("petkata.torchvision_guard")
    for library in LIBRARIES:
        importlib.import_module(library)
    from petkata.pets.tiny import tiny_pets

    os.environ["PETKATA_PETS"] = str(tiny_pets())  # in a sandbox nobody finds the user's cache
    easy_to_fork()


def keep_freed_memory() -> None:
    """Let malloc keep what is freed (mallopt(3), of glibc). Training frees large tensors and asks for as much again, all the
    time; given back to the system, each page comes back only after it was cleared."""
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, number in ((M_TRIM_THRESHOLD, 2**30), (M_TOP_PAD, 2**26), (M_MMAP_THRESHOLD, 2**25)):
            mallopt(parameter, number)


def easy_to_fork() -> None:
    """Keep the garbage collector from ever touching, and so copying, what is in memory now, and put it into large pages: to fork
    is to copy a table with an entry for each page, and 400 MB have 100,000 small ones or 200 large ones (madvise(2); before
    Linux 6.1 they stay small)."""
    gc.collect()
    gc.freeze()
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, _, _, number, *name = line.split()
        begin, end = (int(address, 16) // LARGE_PAGE * LARGE_PAGE for address in place.split("-"))
        if rights.startswith("rw") and number == "0" and end > begin + LARGE_PAGE:
            advise(begin + LARGE_PAGE, end - begin - LARGE_PAGE, COLLAPSE)


def readable(*also: str) -> tuple[str, ...]:
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


def serve(requests: socket.socket, become: Callable[..., None]) -> None:
    """Fork kernels or judges until the other end of `requests` closes. A new process calls `become`, which does not return."""
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
                    kernel = forked(become, json.loads(request), asker, fds[1:])
                    for fd in fds[1:]:
                        os.close(fd)
                    handle = os.pidfd_open(kernel.pid)
                    kernels[handle] = kernel
                    selector.register(handle, selectors.EVENT_READ)
                    selector.register(asker, selectors.EVENT_READ, handle)
                    kernel.tell({"pid": kernel.pid})
                elif key.data is not None:  # who asked for this kernel is gone
                    kernel = kernels.get(key.data)
                    if kernel and kernel.asker is key.fileobj:  # not so when it has just ended, too: the handle may be another's
                        selector.unregister(key.fileobj)
                        kernel.kill()
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


def refuse(requests: socket.socket, why: str) -> None:
    """Tell everybody who asks for a kernel why there is none."""
    while fds := socket.recv_fds(requests, 2**20, 3)[1]:
        with socket.socket(fileno=fds[0]) as asker:
            asker.send(json.dumps({"trouble": why}).encode())
        for fd in fds[1:]:
            os.close(fd)


def forked(become: Callable[..., None], request: dict, asker: socket.socket, fds: list[int]) -> Kernel:
    """A new process, which becomes the kernel or the judge of this request. It keeps `fds`, as 3 and onward."""
    pid = os.fork()
    if pid:
        return Kernel(pid, asker, request["own"])
    try:
        os.setsid()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in fds]
        for place, fd in enumerate(high, start=3):
            os.dup2(fd, place, inheritable=False)  # not for programs that it starts
        # Among the others is what leads to nbgrader and other kernels.
        os.closerange(3 + len(fds), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        become(**request)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(1)


def let_go_of_the_terminal() -> None:
    """Hear and say nothing any more where nbgrader was started: who may write to a terminal may read what is typed there."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.close(nothing)


def become_judge(checks, files: str | None, folder: str, own: str) -> None:
    """Judge the task that is asked for over socket 3, and tell the verdict there; both are a line of JSON. The functions are at
    the other end of socket 4."""
    from petkata.classroom import judge

    if files is not None:
        sandbox.enter(sandbox.View(readable("conftest.py", "tests", "solutions"), (folder, files), own))
    let_go_of_the_terminal()
    os.chdir(folder)
    control = socket.socket(fileno=3)
    asked = json.loads(control.makefile(encoding="utf-8").readline())
    told = judge.answered(checks, **asked, connection=socket.socket(fileno=4), files=files, own=os.path.basename(own))
    control.sendall(f"{json.dumps(told)}\n".encode())
    os._exit(0)


def become_kernel(files: str | None, arguments: list[str], folder: str, environment: dict[str, str], own: str) -> None:
    """Be an ipykernel with these command-line arguments; does not return."""
    from ipykernel.kernelapp import IPKernelApp

    if files is not None:
        close_own_folder = sandbox.enter(sandbox.View(readable(), (folder, files), own))
        environment[FOLDER] = files
    let_go_of_the_terminal()
    environment["PETKATA_PETS"] = os.environ["PETKATA_PETS"]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    app = IPKernelApp.instance()
    # Should the parent die, the kernel ends. In a sandbox it sees no parent, and Linux ends it.
    app.initialize([*arguments, f"--IPKernelApp.parent_handle={os.getppid() or 1}", f"--IPKernelApp.outstream_class={STREAM}"])
    if files is not None:
        close_own_folder()  # its sockets are there; what else is written is limited, and gone when it ends
    app.start()
    os._exit(0)


def serve_judges(requests: socket.socket, ready: socket.socket, files: str | None) -> None:
    """Collect the checks of all lessons, close `ready`, and fork judges that have them. `files`, in a sandbox, is a folder for
    what checks share: made here once, it is there in all sandboxes, and what one changes there no other sees."""
    from petkata.course import catalog

    def serve_with(checks):
        if files is not None:
            checks.share()
            allow_all(files)
        easy_to_fork()
        ready.close()
        serve(requests, partial(become_judge, checks, files))

    lessons = [catalog.lesson(name) for name in catalog.lesson_names()]
    with_checks(lessons, serve_with, seed=HIDDEN_SEED, folder=f"{files}/{SHARED}" if files else None)


def allow_all(folder: str) -> None:
    """Let every user of a sandbox write here; each writes into a layer of its own."""
    for below, _, names in os.walk(folder):
        os.chmod(below, 0o777)
        for path in (f"{below}/{name}" for name in names):
            if not os.path.islink(path):
                os.chmod(path, 0o666)


def main(kernels: socket.socket, judges: socket.socket) -> None:
    load()
    in_sandbox = {b"sandbox": True, b"open": False}.get(kernels.recv(10))
    if in_sandbox is None:
        return  # nobody wants a kernel after all
    with tempfile.TemporaryDirectory(prefix="petkata-judging-", ignore_cleanup_errors=True) as files:
        why = None
        if in_sandbox:
            with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as folder:
                why = sandbox.trouble(sandbox.View(readable(), (folder, files), scratch))
        if why is None:
            waiting, ready = socket.socketpair()
            if os.fork() == 0:
                kernels.close()
                waiting.close()
                try:
                    serve_judges(judges, ready, files if in_sandbox else None)
                except BaseException:
                    traceback.print_exc(file=sys.__stderr__)
                os._exit(0)
            judges.close()
            ready.close()
            waiting.recv(1)  # until then the files that a kernel finds in its sandbox are being made
            serve(kernels, partial(become_kernel, files if in_sandbox else None))
        else:
            refuse(kernels, why)


if __name__ == "__main__":
    main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
