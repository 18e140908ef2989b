"""What a process in the sandbox may ask of Linux: all but what no answer needs, and what leads out of its limits (seccomp(2)).

Memory that is a file without a place has no limit in a sandbox; nor have spaces in which a process is root again. The others are
parts of Linux in which errors were found that gave rights to whoever called them.
"""

from __future__ import annotations

import ctypes
import errno
import os

# Numbers of calls on x86_64 and aarch64, from Linux's unistd.h.
REFUSED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
}
CLONE, CLONE3, NEW_SPACES = (56, 220), 435, 0x7E020000  # all flags of clone(2) that make a namespace
# The sockets that there are: Unix, IPv4, IPv6 (the network has nobody else in it), and to ask Linux for the addresses. There are
# others, such as vsock(7), which lead out of the sandbox.
SOCKET, FAMILIES = (41, 198), (1, 2, 10, 16)
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # from linux/audit.h
OTHER_NUMBERS = 0x40000000  # from here on, the x32 ones of x86_64

# From linux/bpf_common.h and linux/seccomp.h.
LOAD, IS, IS_AT_LEAST, HAS_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they stand in what is looked at, in bytes
ALLOW, REFUSE, END = 0x7FFF0000, 0x00050000, 0x80000000
PR_SET_SECCOMP, FILTER = 22, 2


class _Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("if_so", ctypes.c_uint8), ("if_not", ctypes.c_uint8), ("value", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step))]


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """The steps by which Linux decides about each call: code, steps to leave out if it holds, and if not, and a value."""
    column = list(ARCHITECTURES).index(machine)
    refuse, unknown = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    steps = [(LOAD, 0, 0, ARCHITECTURE), (IS, 1, 0, ARCHITECTURES[machine]), (RETURN, 0, 0, END),
             (LOAD, 0, 0, NUMBER), (IS_AT_LEAST, 0, 1, OTHER_NUMBERS), (RETURN, 0, 0, unknown),
             (IS, 0, 1, CLONE3), (RETURN, 0, 0, unknown)]  # its flags cannot be seen; who hears this calls clone
    for numbers in REFUSED.values():
        steps += [(IS, 0, 1, numbers[column]), (RETURN, 0, 0, refuse)]
    steps += [(IS, 0, 3, CLONE[column]), (LOAD, 0, 0, FIRST_ARGUMENT), (HAS_ANY, 0, 1, NEW_SPACES), (RETURN, 0, 0, refuse),
              (LOAD, 0, 0, NUMBER), (IS, 0, len(FAMILIES) + 2, SOCKET[column]), (LOAD, 0, 0, FIRST_ARGUMENT)]
    steps += [(IS, left, 0, family) for left, family in zip(range(len(FAMILIES), 0, -1), FAMILIES)]
    return steps + [(RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]


def refuse_calls(libc) -> int:
    """From now on this process, and all that it starts, cannot do what is REFUSED. Not 0, and errno set, where Linux cannot
    filter calls. Only for a process that gets no new privileges."""
    steps = program(os.uname().machine)
    filled = (_Step * len(steps))(*steps)
    return libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(_Program(len(steps), filled)), 0, 0)
