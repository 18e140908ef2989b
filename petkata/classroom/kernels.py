"""Kernels that start at once, for an nbgrader that knows nothing of them.

    from petkata.classroom.kernels import use_forked_kernels      in nbgrader_config.py
    use_forked_kernels()

jupyter_client asks a *provisioner* for a kernel. This one has it forked from the loaded process (`petkata.classroom.loaded`),
which it starts with the first kernel. The messages go through sockets in a folder of the kernel's own, not through TCP ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from importlib.metadata import EntryPoint
from queue import Empty
from typing import NamedTuple

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "petkata-forked"


def use_forked_kernels(sandbox: bool = True) -> None:
    """Let submissions run in kernels of the provisioner here (`petkata.classroom.executing` asks for them). Other kernels of this
    program, such as those of an instructor's own notebooks, start as they always do.

    `sandbox=False` lets students' code run with your rights, and reach your files and your network: only for systems that can
    make no sandbox, with submissions that you have read.
    """
    ForkedProvisioner.asked = True
    if not sandbox and not can_fork_kernels():
        return  # nor can such a system fork kernels: the usual ones do the work
    ForkedProvisioner.wanted, ForkedProvisioner.in_sandbox = True, sandbox
    entry = EntryPoint(NAME, f"{__name__}:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[NAME] = entry


class Loaded(NamedTuple):
    """The loaded process, which ends with the last program that has these ends of the sockets to ask it for something."""

    kernels: socket.socket
    judges: socket.socket


shared: Loaded | None = None  # that of the program which has started this one, if it has handed over its own


@lru_cache(maxsize=1)
def begin_to_load() -> Loaded:
    """Start the loaded process of this program, which begins to load. It takes requests from then on, and answers them when
    `loaded_process` has told it where kernels run. Only for systems that can fork kernels."""
    (kernels, its_kernels), (judges, its_judges) = (socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
    with its_kernels, its_judges:
        its = its_kernels.fileno(), its_judges.fileno()
        # Whatever is forked from a process can read the environment that this was started with, and no `clear` removes it.
        environment = {name: value for name, value in os.environ.items() if TOLD.fullmatch(name) or name in PLACES}
        subprocess.Popen([sys.executable, "-P", "-m", "petkata.classroom.loaded", *map(str, its)], env=environment,
                         pass_fds=its, stdin=subprocess.DEVNULL, start_new_session=True)
    return Loaded(kernels, judges)


@lru_cache(maxsize=1)
def loaded_process(in_sandbox: bool) -> Loaded:
    """The loaded process of this program, started with the first call unless it has been before.

    Raises RuntimeError, in a sentence, where the system cannot have one.
    """
    if shared is not None:
        return shared
    if not can_fork_kernels():
        raise RuntimeError(NO_SANDBOX.format("only Linux can make one"))
    loaded = begin_to_load()
    with contextlib.suppress(OSError):  # it has ended: who asks it for a kernel is told
        loaded.kernels.send(b"sandbox" if in_sandbox else b"open")
    return loaded


def forget_the_loaded_process() -> None:
    """It has ended, or it was killed, as may be where memory is short. The next call of `loaded_process` starts another."""
    global shared
    shared = None
    begin_to_load.cache_clear()
    loaded_process.cache_clear()


def can_fork_kernels() -> bool:
    return hasattr(os, "pidfd_open")  # Linux


NO_SANDBOX = ("The submissions were not run: this system allows no sandbox to run them in ({}). lessons/INSTRUCTORS.md "
              "says what a sandbox needs. To run them with your own rights all the same, write use_forked_kernels(sandbox=False) "
              "in nbgrader_config.py.")
ENDED = "The process that has fastai loaded has ended. What it said last stands above; call again."
OTHER_KERNEL = ("The submissions were not run: only IPython's kernel can be forked into a sandbox, and the notebook asks for {}. "
                "Choose the kernel Python 3 in the notebook in source/, and call nbgrader generate_assignment again.")
IN_FORCE = {True: "Submissions run in a sandbox: no network, no files but their own and the course's, limits on memory and disk.",
            False: "Submissions run WITHOUT a sandbox, with your own rights."}
# Of the environment a student's code is told this much, and no passwords.
TOLD = re.compile("PATH|LANG|LC_.*|TZ|PYTHON.*|PETKATA_.*|OMP_.*")
PLACES = {"HOME", "XDG_CACHE_HOME", "TMPDIR", "LD_LIBRARY_PATH"}  # what the loaded process needs besides


def ask_for(request: dict, source: socket.socket, *handed_over: socket.socket) -> socket.socket:
    """Ask the loaded process for a kernel or a judge that has these sockets. Over the socket that comes back it tells of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            socket.send_fds(source, [json.dumps(request).encode()], [theirs.fileno(), *(one.fileno() for one in handed_over)])
        except OSError as error:
            forget_the_loaded_process()
            raise RuntimeError(ENDED) from error
    return ours


LARGEST_VERDICT = 2**24  # bytes


class Judge:
    """The process that judges one task (`petkata.classroom.judge`), with a function of a kernel, which answers over `answers`."""

    def __init__(self, in_sandbox: bool, lesson: str, task: str, seed: int | None, answers: socket.socket):
        self.own = tempfile.mkdtemp(prefix="judge-", dir="/tmp")
        folder = f"{self.own}/folder"
        os.mkdir(folder)
        self.told, tells = socket.socketpair()
        try:
            with tells:
                self.socket = ask_for({"folder": folder, "own": self.own}, loaded_process(in_sandbox).judges, tells, answers)
        except RuntimeError:  # else the loaded process removes it
            shutil.rmtree(self.own)
            self.told.close()
            raise
        self.told.sendall(f"{json.dumps({'lesson': lesson, 'task': task, 'seed': seed})}\n".encode())

    def verdict(self, seconds: float | None) -> dict:
        """What the judge says. Where it says nothing in so many seconds, or is gone: {"trouble": why}. The judge ends.

        Raises RuntimeError when it is gone because the process is that all judges are forked from."""
        until = time.monotonic() + (seconds or math.inf)
        said = b""
        try:
            while not said.endswith(b"\n") and len(said) < LARGEST_VERDICT and (part := received(self.told, until)):
                said += part
            if said:
                return checked(json.loads(said))
            while b"exit" not in (part := received(self.socket, until)):
                if not part:
                    forget_the_loaded_process()
                    raise RuntimeError(ENDED)
            return {"trouble": "crashed"}
        except TimeoutError:
            return {"trouble": "timed out"}
        except (OSError, ValueError, TypeError, RecursionError):  # it is no verdict
            return {"trouble": "crashed"}
        finally:
            self.close()

    def close(self) -> None:
        self.told.close()
        self.socket.close()  # with which the loaded process ends it, should it live


def checked(told) -> dict:
    """A verdict (`petkata.classroom.judge.answered`) of the right form. Raises ValueError for anything else."""
    checks = told.get("verdicts", []) if isinstance(told, dict) else None
    if not isinstance(checks, list) or not all(isinstance(told.get(name, ""), str) for name in ("state", "text", "trouble")) \
            or not all(isinstance(check, dict) and {"check", "state", "why"} <= check.keys() for check in checks):
        raise ValueError(f"This is no verdict: {told!r:.200}")
    return told


def received(source: socket.socket, until: float) -> bytes:
    """What comes next; nothing when nobody is at the other end any more. Raises TimeoutError when it is later than `until`."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    source.settimeout(None if math.isinf(left) else left)
    return source.recv(2**16)


# What a kernel runs so that its functions answer the judge whose socket it is sent.
ANSWER = "from petkata.classroom import answering as _; _.serve(get_ipython().user_ns)"


class ForkedKernel:
    """One kernel, with as much of subprocess.Popen's face as LocalProvisioner looks at.

    `arguments` are ipykernel's, `folder` is where it runs. `sockets`, the folder of its sockets, is removed when it ends.
    """

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], folder: str, environment: dict[str, str], sockets: str, in_sandbox: bool = True):
        self.in_sandbox = in_sandbox
        self.judges, its_judges = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"arguments": arguments, "folder": folder, "environment": environment, "own": sockets}
        self.returncode: int | None = None
        with its_judges:
            told = self._begin(request, its_judges) or self._begin(request, its_judges)  # once more, with another loaded process
        if "pid" not in told:
            shutil.rmtree(sockets, ignore_errors=True)  # else the loaded process removes it
            raise RuntimeError(NO_SANDBOX.format(told["trouble"]) if told else ENDED)
        self.pid = told["pid"]

    def _begin(self, request: dict, judges: socket.socket) -> dict:
        """What the loaded process says of a new kernel; nothing when it has ended."""
        loaded = loaded_process(self.in_sandbox)
        try:
            self.socket = ask_for(request, loaded.kernels, judges)
        except RuntimeError:
            return {}
        told = self._told()
        if not told:
            forget_the_loaded_process()
        return told

    def judge(self, lesson: str, task: str, seed: int | None) -> Judge:
        """A judge of what the kernel has defined. The kernel must run `ANSWER`, once for each."""
        answers, its_answers = socket.socketpair()
        with answers, its_answers:
            judge = Judge(self.in_sandbox, lesson, task, seed, answers)
            with contextlib.suppress(OSError):  # it has ended: the judge will hear nobody answer
                socket.send_fds(self.judges, [os.path.basename(judge.own).encode()], [its_answers.fileno()])
            return judge

    def _told(self) -> dict:
        """What the loaded process says next; nothing when it is gone."""
        return json.loads(self.socket.recv(10_000) or "{}")

    def poll(self) -> int | None:
        if self.returncode is None:
            self.socket.setblocking(False)
            try:
                self.returncode = self._told().get("exit", -signal.SIGKILL)
            except BlockingIOError:
                pass
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.socket.setblocking(True)
            self.returncode = self._told().get("exit", -signal.SIGKILL)
        return self.returncode

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


LARGEST_MESSAGE = 2**27  # bytes, of a kernel's: more than anybody shows, and nbgrader has each several times in its memory
MOST_WAITING = 8  # messages that nbgrader has while it waits for something else; the others stay with the kernel


class QuickClient(AsyncKernelClient):
    """jupyter_client's, but when the kernel is ready it does not listen for another fifth of a second: what still comes then
    answers no cell, and who waits for the messages of a cell leaves it out. It takes neither a message without an end nor
    messages without an end, and listens to no heartbeat: who waits for one that breaks off in the middle waits for ever."""

    def _context_default(self):
        context = super()._context_default()
        context.maxmsgsize = LARGEST_MESSAGE  # ZeroMQ gives up the connection over which a larger one comes
        context.rcvhwm = MOST_WAITING
        return context

    def start_channels(self, *args, **kwargs) -> None:
        super().start_channels(*args, **{**kwargs, "hb": False})

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel has answered, and what it shows can be heard. Raises RuntimeError where it does not come to that
        in so many seconds."""
        until = time.monotonic() + (timeout or math.inf)
        while time.monotonic() < until and await self.is_alive():
            self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)
                return self._handle_kernel_info_reply(reply)
        raise RuntimeError("The kernel ended, or did not answer in time, before its first cell.")


class ForkedProvisioner(LocalProvisioner):
    """Kernels of IPython's are forked from the loaded process. Another kernel is not started, unless without a sandbox."""

    asked = False  # whether the course's configuration has said where submissions run
    wanted = False  # whether here
    in_sandbox = True
    told = False  # once, for all kernels: what protects from them
    sockets: str | None = None  # the folder of a forked kernel's sockets

    async def pre_launch(self, **kwargs):
        if arguments_of(self.kernel_spec.argv) is not None:
            # Such a path may have 107 characters at most, so it begins in a short folder.
            self.sockets = tempfile.mkdtemp(prefix="kernel-", dir="/tmp")
            self.parent.transport, self.parent.ip, self.parent.cache_ports = "ipc", f"{self.sockets}/s", False
            self.parent.connection_file = f"{self.sockets}/kernel.json"
        return await super().pre_launch(**kwargs)

    async def wait(self) -> int | None:
        await self._ended()
        return await super().wait()

    async def _ended(self, within: float = math.inf) -> None:
        """Return when the process has ended, or so many seconds are over. It looks more often than ten times a second."""
        until = time.monotonic() + within
        while self.process is not None and self.process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.002)

    async def kill(self, restart: bool = False) -> None:
        """End it at once, and wait until it has ended: who asks for it would look a tenth of a second later."""
        await super().kill(restart)
        await self._ended(within=1)

    async def launch_kernel(self, cmd: list[str], **kwargs):
        if self.sockets is None:
            if self.in_sandbox:
                raise RuntimeError(OTHER_KERNEL.format(self.kernel_spec.display_name))
            return await super().launch_kernel(cmd, **kwargs)
        given = kwargs.get("env") or os.environ
        environment = {name: value for name, value in given.items() if TOLD.fullmatch(name) or not self.in_sandbox}
        if self.in_sandbox:
            environment.update(HOME="/tmp", USER="student", PETKATA_JUDGED_ELSEWHERE="1")
        self.cwd = os.path.abspath(kwargs.get("cwd") or os.getcwd())
        self.process = ForkedKernel(arguments_of(cmd), self.cwd, environment, self.sockets, self.in_sandbox)
        if not ForkedProvisioner.told:
            self.log.warning(IN_FORCE[self.in_sandbox])
            ForkedProvisioner.told = True
        self.pid = self.pgid = self.process.pid
        return self.connection_info


def arguments_of(argv: list[str]) -> list[str] | None:
    """What a kernel's command, `python -m ipykernel_launcher ...`, hands over to IPython's kernel; None where it is another's."""
    places = [place for place, pair in enumerate(zip(argv, argv[1:])) if pair == ("-m", "ipykernel_launcher")]
    return argv[places[0] + 2:] if places else None
