"""The sandbox that a forked process puts around itself before it becomes a student's kernel.

It sees Python, the course and its own submission, and nothing else of the disk: not the gradebook, not the other
submissions, not the home directory. It writes into its submission's folder and into /tmp, and all of that is gone when it
ends. It has no network, sees no process but its own, and may take so much memory, disk and processes and no more.

Linux alone can do this, with namespaces that need no special rights (user_namespaces(7), mount_namespaces(7), overlayfs).
Started by root, it is somebody without rights inside.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable

from petkata.classroom import seccomp

MEMORY = 6 * 2**30  # bytes of addresses on top of what is there already, most of which is never touched
DISK = 256 * 2**20  # bytes in /tmp, and as many in the rest
LARGEST_FILE = 128 * 2**20  # bytes
PROCESSES, OPEN_FILES = 256, 512
STRANGERS = 2**20  # from here on, numbers of users that no system gives to anybody

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/passwd",
          "/etc/group", "/etc/nsswitch.conf", "/etc/alternatives", "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
          "/dev/urandom")
HIDDEN = "/usr/local/share/nbgrader"  # where nbgrader has its exchange unless told otherwise: it is full of submissions

# From Linux's headers: sched.h, sys/mount.h, linux/mount.h, sys/prctl.h.
NEW_USER, NEW_MOUNT, NEW_NET, NEW_IPC, NEW_UTS, NEW_PID = 0x10000000, 0x20000, 0x40000000, 0x08000000, 0x04000000, 0x20000000
NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
DETACH, AT_FDCWD, AT_RECURSIVE, READ_ONLY = 2, -100, 0x8000, 1
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
KEYCTL_JOIN_SESSION_KEYRING = 1
SYS_PIVOT_ROOT, SYS_MOUNT_SETATTR, SYS_KEYCTL = {"x86_64": (155, 442, 250), "aarch64": (41, 442, 219)}.get(
    os.uname().machine if hasattr(os, "uname") else "", (None, None, None))


class SandboxError(Exception):
    """A sandbox that this system does not allow; the message says which part of it."""


@dataclass(frozen=True)
class View:
    """What a kernel sees of the disk besides the system: `readable` files and folders; `folders` in which what it writes is not
    kept, in the first of which it begins; `scratch`, an empty folder of its own that others see as well, into which it writes
    until it is closed."""

    readable: tuple[str, ...]
    folders: tuple[str, ...]
    scratch: str


def enter(view: View) -> Callable[[], None]:
    """Put this process, which has one thread, into a sandbox. It returns in a child: this process waits for it, and ends
    as it ends. What it returns closes `scratch`: from that call on nothing is written there, or removed. Raises SandboxError
    where the system does not allow it."""
    user, group, stranger = os.getuid(), os.getgid(), STRANGERS + os.getpid()
    spaces = NEW_MOUNT | NEW_NET | NEW_IPC | NEW_UTS | NEW_PID
    _call("namespaces", _libc().unshare, spaces | (0 if user == 0 else NEW_USER))
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # in here: it makes none of its own, where it would be root
    _leave_the_keys()
    asks, hears = socket.socketpair()
    if child := os.fork():
        asks.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the kernel
        if hears.recv(1):  # this process has the rights still; nothing when the child has ended
            _read_only(view.scratch)
            hears.send(b"done")
        _end_as(child)
    hears.close()
    Path("/proc/self/oom_score_adj").write_text("1000")  # should the memory of the machine not suffice, this ends first
    _change_root(view)
    _set_limits()
    if user == 0:
        _become(stranger, view)
    _give_up_rights()
    _call("ending with the parent", _libc().prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    def close_scratch():
        with asks:
            asks.send(b"close")
            if not asks.recv(10):
                raise SandboxError("the folder of its own stays open")

    return close_scratch


def _leave_the_keys() -> None:
    """Have no keys of whoever started this, such as tickets for other machines (session-keyring(7))."""
    joined = _libc().syscall(SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, None)
    if joined < 0 and ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):  # where nobody may ask for keys, this neither
        raise SandboxError(f"leaving the keys: {os.strerror(ctypes.get_errno())}")


def _end_as(child: int) -> None:
    """Wait for the child, which is the kernel, and end the same way."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


# --- the disk ---


def _change_root(view: View) -> None:
    """Build another root folder out of what may be seen, and make it the only one."""
    root = f"{view.scratch}/root"
    os.mkdir(root)
    _mount(None, "/", None, REC | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, f"size={DISK},mode=755")
    for path in ("/tmp", "/dev/shm"):
        os.makedirs(root + path)
        _mount("tmpfs", root + path, "tmpfs", NOSUID | NODEV, f"size={DISK},mode=1777")
    for path in SYSTEM + view.readable:
        _show(path, root)
    if os.path.isdir(root + HIDDEN):
        _mount("tmpfs", root + HIDDEN, "tmpfs", NOSUID | NODEV | READ_ONLY)
    os.mkdir(root + "/dev/pts")  # terminals of its own, which IPython's ! asks for
    _mount("devpts", root + "/dev/pts", "devpts", NOSUID | NOEXEC, "newinstance,ptmxmode=0666,mode=620,max=16")
    os.symlink("pts/ptmx", root + "/dev/ptmx")
    os.makedirs(root + "/proc")
    _mount("proc", root + "/proc", "proc", NOSUID | NODEV | NOEXEC)
    _read_only(root + "/proc")  # to root, its settings are files like any other
    os.makedirs(root + view.scratch)
    _mount(view.scratch, root + view.scratch, None, BIND)  # and not what is mounted in it: the new root
    os.makedirs(f"{root}/.sandbox/old")
    for number, folder in enumerate(view.folders):
        layer = f"{root}/.sandbox/{number}"
        os.makedirs(f"{layer}/upper")
        os.makedirs(f"{layer}/work")
        shutil.copymode(folder, f"{layer}/upper")
        os.makedirs(root + folder, exist_ok=True)
        _mount("overlay", root + folder, "overlay", NOSUID | NODEV,
               f"lowerdir={_escaped(folder)},upperdir={_escaped(layer)}/upper,workdir={_escaped(layer)}/work,userxattr")
    _call("pivot_root", _libc().syscall, SYS_PIVOT_ROOT, root.encode(), f"{root}/.sandbox/old".encode())
    os.chdir("/")
    _call("umount", _libc().umount2, b"/.sandbox/old", DETACH)
    os.rmdir("/.sandbox/old")
    os.chdir(view.folders[0])


def shown_below(path: str) -> str | None:
    """The folder of the system's, or of Python's, below which a path lies: whatever is there, each kernel can read. Else None."""
    place, folders = os.path.realpath(path), [os.path.realpath(folder) for folder in (*SYSTEM, sys.base_prefix, sys.prefix)]
    return next((folder for folder in folders if place.startswith(f"{folder}/")), None)


def _escaped(path: str) -> str:
    """A path as overlayfs reads it among its options."""
    return re.sub(r"([\\:,])", r"\\\1", path)


def _show(path: str, root: str) -> None:
    """Let a file or folder of the disk be read in the new root, at the same place; a link stays a link."""
    target = root + path
    if not os.path.lexists(path) or os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        _show(os.path.realpath(path), root)
        return
    if os.path.isdir(path):
        os.makedirs(target)
    else:
        open(target, "w").close()
    _mount(path, target, None, BIND | REC)
    _read_only(target)


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def _read_only(target: str) -> None:
    """Make what is mounted at a folder or file read-only, and all that is mounted below it."""
    attributes = _MountAttributes(set=READ_ONLY)
    _call(f"making {target} read-only", _libc().syscall, SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE,
          ctypes.byref(attributes), ctypes.sizeof(attributes))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [word.encode() if word is not None else None for word in (source, target, kind, options)]
    _call(f"mounting {source or kind} at {target}", _libc().mount, *words[:3], flags, words[3])


# --- limits and rights ---


def _set_limits() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, limit in ((resource.RLIMIT_AS, used + MEMORY), (resource.RLIMIT_FSIZE, LARGEST_FILE), (resource.RLIMIT_CORE, 0),
                        (resource.RLIMIT_NPROC, PROCESSES), (resource.RLIMIT_NOFILE, OPEN_FILES)):
        resource.setrlimit(what, (limit, limit))


def _become(stranger: int, view: View) -> None:
    """Be a user who owns nothing but what was made for this kernel: to root too much is allowed, even without capabilities. And
    be another one in each kernel: the limit of processes is one for all of a user's."""
    for path in (view.scratch, *(f"{view.scratch}/{name}" for name in os.listdir(view.scratch) if name != "root")):
        os.chown(path, stranger, stranger)
    for path in (view.folders[0], *_some_files(view.folders[0])):  # of the layer above it; what lies below stays as it is
        os.chown(path, stranger, stranger, follow_symlinks=False)
    os.setgroups([])
    os.setresgid(stranger, stranger, stranger)
    os.setresuid(stranger, stranger, stranger)


def _some_files(folder: str) -> list[str]:
    """What is in a folder, as long as it fits into a quarter of the disk space: to change its owner is to copy it."""
    found, left = [], DISK // 4
    for below, folders, files in os.walk(folder):
        for path in (f"{below}/{name}" for name in (*folders, *files)):
            left -= 4096 + os.lstat(path).st_size
            if left < 0:
                return found
            found.append(path)
    return found


def _give_up_rights() -> None:
    """Have no capability, and never get one, by whatever program; and ask Linux for nothing that no answer needs."""
    _call("no new privileges", _libc().prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, of this process
    _call("dropping capabilities", _libc().capset, header, (ctypes.c_uint32 * 6)())
    _call("refusing system calls", seccomp.refuse_calls, _libc())


# --- calling Linux ---


@lru_cache(maxsize=1)
def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _call(what: str, function, *arguments) -> None:
    if function(*arguments) != 0:
        raise SandboxError(f"{what}: {os.strerror(ctypes.get_errno())}")


def trouble(view: View) -> str | None:
    """Why this system allows no sandbox; None where it does. Tried in a child."""
    if not sys.platform.startswith("linux") or SYS_PIVOT_ROOT is None:
        return "only Linux, on x86_64 or aarch64, can make one"
    hears, tells = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hears)
        said = b""
        try:
            enter(view)
        except BaseException as error:
            said = f"{error}".encode() or b"?"
        finally:
            os.write(tells, said)
            os._exit(0)
    os.close(tells)
    with open(hears, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said or None
