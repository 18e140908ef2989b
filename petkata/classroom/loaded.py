"""The loaded process: it has fastai and all that checks need in its memory, and forks a kernel from itself on request.

To import fastai takes seconds; a forked kernel has it at once, and shares its memory. Started by `petkata.classroom.kernels`,
which hands over one end of a socket. Each request comes with a socket of its own: over it the pid is told, and the exit code
when the kernel has ended. When nbgrader is gone, killed or not, its end of the sockets closes: then all kernels are killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import traceback
from dataclasses import dataclass

LIBRARIES = ("torch", "fastai.vision.all", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "sqlite3",
             "tornado.platform.asyncio", "IPython.extensions.storemagic", "PIL.JpegImagePlugin", "matplotlib.pyplot",
             "petkata.checking.watching", "petkata.nets")


def load() -> None:
    """Import everything that takes time, and keep the garbage collector from ever touching, and so copying, that memory."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork has one thread: no pool of threads may be there before
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the debugger, which nobody uses, warns
    importlib.import_module("petkata.torchvision_guard")
    for library in LIBRARIES:
        importlib.import_module(library)
    from petkata.checking.notebook import judged
    from petkata.course import catalog
    from petkata.pets.tiny import tiny_pets

    tiny_pets()
    judged(catalog.lesson("lesson3"), "cosine_anneal", {"cosine_anneal": lambda start, end, position: start})  # pytest itself
    gc.collect()
    gc.freeze()


@dataclass
class Kernel:
    """A forked kernel: its process, the socket of who asked for it, and the folder of its own sockets."""

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


def serve(requests: socket.socket) -> None:
    """Fork kernels until the other end of `requests` closes."""
    kernels: dict[int, Kernel] = {}  # by the handle of its process
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is requests:
                    request, fds, *_ = socket.recv_fds(requests, 2**20, 1)
                    if not request:
                        for kernel in kernels.values():
                            kernel.kill()
                        return
                    asker = socket.socket(fileno=fds[0])
                    kernel = forked(json.loads(request), requests, asker)
                    handle = os.pidfd_open(kernel.pid)
                    kernels[handle] = kernel
                    selector.register(handle, selectors.EVENT_READ)
                    selector.register(asker, selectors.EVENT_READ, handle)
                    kernel.tell({"pid": kernel.pid})
                elif key.data is not None:  # who asked for this kernel is gone
                    selector.unregister(key.fileobj)
                    if key.data in kernels:
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


def forked(request: dict, requests: socket.socket, asker: socket.socket) -> Kernel:
    """A new process, which becomes the kernel of this request."""
    sockets = request.pop("sockets")
    pid = os.fork()
    if pid:
        return Kernel(pid, asker, sockets)
    try:
        os.setsid()
        requests.close()
        asker.close()
        become_kernel(**request)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def become_kernel(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be an ipykernel with these command-line arguments; does not return."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    app = IPKernelApp.instance()
    app.initialize([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])  # should that process die, the kernel ends
    app.start()
    os._exit(0)


if __name__ == "__main__":
    own_end = socket.socket(fileno=int(sys.argv[1]))
    load()
    serve(own_end)
