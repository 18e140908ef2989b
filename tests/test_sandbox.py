"""The sandbox of a student's kernel: what it lets through, and what it does not."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from petkata.classroom import sandbox
from petkata.course.catalog import ROOT
from tests.test_kernels import called

WHY = sandbox.SYS_PIVOT_ROOT is None and "a sandbox needs Linux on x86_64 or aarch64"
pytestmark = pytest.mark.skipif(bool(WHY), reason=str(WHY))

SCRIPT = """
import json, os, sys
from petkata.classroom import sandbox
from petkata.classroom.sandbox import View, enter
given = json.load(sys.stdin)
sandbox.HIDDEN = given["hidden"]
close = enter(View(tuple(given["readable"]), (given["folder"],), given["scratch"]))
try:
    said = repr(eval(given["what"], {"os": os, "sys": sys, "close": close, **given}))
except BaseException as error:
    said = f"{type(error).__name__}: {error}"
print(said, flush=True)
os._exit(given["exit"])
"""


@pytest.fixture(scope="module", params=["whoever tests", "a user without rights"])
def who(request):
    """Who makes the sandbox, with what Python. root and other users make it in different ways."""
    if request.param == "whoever tests":
        return SimpleNamespace(user=None, python=sys.executable, readable=(sys.prefix, sys.base_prefix))
    if os.getuid() != 0:
        pytest.skip("whoever tests has no rights anyway")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("there is no Python that all users may run")
    return SimpleNamespace(user=65534, python=python, readable=("/usr",))


@pytest.fixture(scope="module")
def course(who):
    """A course folder with all that a student must not see, and a server that listens on this machine."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above, "course")
        for name in ("gradebook.db", "submitted/bob/lesson3/lesson3.ipynb", "source/lesson3/lesson3.ipynb",
                     "autograded/ann/lesson3/lesson3.ipynb", "home/key", "shown/hint"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("secret")
        (folder / "scratch").mkdir()
        owned_by(who.user, above)
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as named:
            named.bind(str(folder / "socket"))
            named.listen()
            yield SimpleNamespace(folder=folder, port=server.getsockname()[1])


def owned_by(user, folder):
    for path in (folder, *Path(folder).rglob("*")) if user else ():
        os.chown(path, user, user)


@pytest.fixture
def inside(course, who):
    """`inside("expression")`: what comes of an expression in the sandbox of Ann's submission, as text."""

    def inside(what, code=0, folder=course.folder / "autograded" / "ann" / "lesson3", hidden=sandbox.HIDDEN):
        scratch = course.folder / "scratch" / str(len(os.listdir(course.folder / "scratch")))
        scratch.mkdir()
        owned_by(who.user, scratch)
        given = {"readable": [*who.readable, str(ROOT / "petkata"), str(course.folder / "shown")], "scratch": str(scratch),
                 "hidden": str(hidden), "what": what, "folder": str(folder), "course": str(course.folder),
                 "root": str(ROOT), "port": course.port, "outside": os.getpid(), "exit": code}
        done = subprocess.run([who.python, "-c", SCRIPT], input=json.dumps(given), capture_output=True, text=True, cwd=ROOT,
                              timeout=120, user=who.user, group=who.user, extra_groups=None if who.user is None else ())
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout.strip()

    return inside


def test_this_system_allows_one(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "scratch").mkdir()
    readable = sys.prefix, sys.base_prefix, str(ROOT / "petkata")
    view = sandbox.View(readable, (str(tmp_path / "folder"),), str(tmp_path / "scratch"))
    assert sandbox.trouble(view) is None


def test_a_system_that_allows_none_says_why(tmp_path, monkeypatch):
    def refused(*arguments):
        raise sandbox.SandboxError("namespaces: Operation not permitted")

    monkeypatch.setattr(sandbox, "enter", refused)
    assert sandbox.trouble(sandbox.View((), (str(tmp_path),), str(tmp_path))) == "namespaces: Operation not permitted"


def test_its_own_submission_is_there(inside):
    assert inside("open('lesson3.ipynb').read()") == "'secret'"
    assert inside("os.getcwd() == folder and os.listdir()") == "['lesson3.ipynb']"


def test_what_is_shown_can_be_read_and_not_written(inside):
    assert inside("open(course + '/shown/hint').read()") == "'secret'"
    assert "Read-only file system" in inside("open(course + '/shown/hint', 'w')")


def test_nbgraders_own_exchange_is_not_shown_though_all_around_it_is(course, inside):
    shown = course.folder / "shown"
    assert inside("os.listdir(course + '/shown')", hidden=shown / "nothing") == "['hint']"
    assert inside("os.listdir(course + '/shown')", hidden=shown) == "[]"
    assert "Read-only file system" in inside("open(course + '/shown/mine', 'w')", hidden=shown)


def test_what_lies_among_the_systems_folders_is_known():
    assert sandbox.shown_below("/usr/local/class") in ("/usr", "/usr/local") and sandbox.shown_below(sys.prefix + "/class")
    assert sandbox.shown_below(str(ROOT)) is None
    assert sandbox.shown_below("/usrs/class") is None


def test_a_folder_may_have_any_name(course, inside):
    other = course.folder / "autograded" / "an,n: \\b"
    shutil.copytree(course.folder / "autograded" / "ann", other)
    owned_by(os.stat(course.folder).st_uid, other)
    assert inside("os.getcwd(), open('new.txt', 'w').write('x'), os.listdir()", folder=other / "lesson3").endswith(
        "1, ['lesson3.ipynb', 'new.txt'])")


def test_python_and_the_course_are_there(inside, who):
    library = "numpy" if who.user is None else "sqlite3"
    assert inside(f"__import__('{library}').__name__, __import__('petkata.pets.breeds').__name__") == f"('{library}', 'petkata')"


def test_it_has_terminals_of_its_own_and_no_others(inside):
    assert inside("[os.ttyname(os.openpty()[1]), os.listdir('/dev/pts')]") == "['/dev/pts/0', ['0', 'ptmx']]"


READING = [
    "open(course + '/gradebook.db').read()",
    "open(course + '/submitted/bob/lesson3/lesson3.ipynb').read()",
    "open(course + '/source/lesson3/lesson3.ipynb').read()",
    "open(course + '/home/key').read()",
    "open(os.path.expanduser('~root/.bashrc')).read()",
    "open('/etc/shadow').read()",
    "open(f'/proc/{outside}/environ').read()",
    "open('/proc/1/root' + course + '/gradebook.db').read()",
    "open('/.sandbox/old' + course + '/gradebook.db').read()",
    "os.open('/dev/vda', os.O_RDONLY)",
    "os.open('/dev/mem', os.O_RDONLY)",
    "os.listdir(root + '/lessons')",
    "os.chroot('/proc/1/cwd')",
]


@pytest.mark.parametrize("what", READING)
def test_nothing_else_can_be_read(inside, what):
    said = inside(what)
    assert said.startswith(("FileNotFoundError", "PermissionError", "NotADirectoryError")), said


WRITING = [
    "open(root + '/petkata/__init__.py', 'a')",
    "open(root + '/petkata/new.py', 'w')",
    "open(sys.prefix + '/lib/sitecustomize.py', 'w')",
    "open('/usr/bin/new', 'w')",
    "open('/etc/passwd', 'a')",
    "open('/proc/sys/kernel/core_pattern', 'w')",
    "open('/proc/sysrq-trigger', 'w')",
    "open('/bin/sh', 'a')",
    "os.remove(root + '/petkata/__init__.py')",
    "os.chmod(sys.executable, 0o777)",
]


@pytest.mark.parametrize("what", WRITING)
def test_nothing_else_can_be_written(inside, what):
    said = inside(what)
    assert "Read-only file system" in said or said.startswith(("PermissionError", "FileNotFoundError")), said


def test_no_key_of_who_grades_is_there(inside):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    name = f"petkata-{os.getpid()}".encode()
    add, ask = {"x86_64": (248, 249), "aarch64": (217, 218)}[os.uname().machine]
    key = libc.syscall(add, b"user", name, b"secret", 6, -3)  # into the keyring of this session (add_key(2))
    if key < 0:
        pytest.skip("this system has no keys")
    look = f"__import__('ctypes').CDLL(None).syscall({ask}, b'user', {name!r}, None, 0)"
    assert libc.syscall(ask, b"user", name, None, 0) == key and inside(look) == "-1"
    libc.syscall(sandbox.SYS_KEYCTL, 21, key)  # it is invalid from now on


def test_what_it_writes_is_gone_afterward(inside, course):
    assert inside("[open('new.txt', 'w').write('x'), open('lesson3.ipynb', 'w').write('mine'), os.listdir()]").endswith(
        "['lesson3.ipynb', 'new.txt']]")
    own = course.folder / "autograded" / "ann" / "lesson3"
    assert os.listdir(own) == ["lesson3.ipynb"] and (own / "lesson3.ipynb").read_text() == "secret"
    mark = f"petkata-{os.getpid()}"
    assert inside(f"open('/tmp/{mark}', 'w').write('x')") == "1" and not os.path.exists(f"/tmp/{mark}")


NETWORK = [
    "__import__('socket').create_connection(('127.0.0.1', port), 2)",
    "__import__('socket').create_connection(('192.0.2.1', 80), 2)",
    "__import__('socket').socket(__import__('socket').AF_UNIX).connect(course + '/socket')",
    "__import__('socket').socket(2, 2).sendto(b'x', ('192.0.2.1', 53))",
]


@pytest.mark.parametrize("what", NETWORK)
def test_there_is_no_network(inside, what):
    assert inside(what).startswith(("ConnectionRefusedError", "OSError: [Errno 101]", "FileNotFoundError")), "it got through"


def test_no_process_outside_can_be_seen_or_ended(inside):
    assert inside("sorted(name for name in os.listdir('/proc') if name.isdigit())") == "['1']"
    assert inside("os.kill(outside, 9)").startswith("ProcessLookupError")
    with subprocess.Popen(["sleep", "600"]) as bystander:
        inside("os.kill(-1, 9)")
        assert bystander.poll() is None
        bystander.kill()


def test_it_has_no_rights_and_gets_none(inside):
    assert inside("[line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm', 'NoNewPrivs'))]"
                  ) == f"['{'0' * 16}', '{'0' * 16}', '1']"
    assert inside("os.getuid()") != "0"
    assert inside("os.setuid(0)").startswith(("PermissionError", "OSError: [Errno 22]"))  # no such user in there
    more = "__import__('ctypes').CDLL(None).unshare(0x10020000)"  # one more sandbox inside is no way out
    assert inside(f"[{more}, os.path.exists(course + '/gradebook.db')]").endswith("False]")
    assert inside("os.sethostname(b'x') if hasattr(os, 'sethostname') else __import__('socket').sethostname('x')"
                  ).startswith("PermissionError")


CALLS = [
    "os.memfd_create('large')",  # no limit of the disk's holds for it
    "libc.shmget(0, 2**30, 0o1600)",
    "libc.unshare(0x10000000)",
    "libc.syscall({'x86_64': 56, 'aarch64': 220}[machine], 0x10000011, None, None, None, None)",  # clone, into a space of its own
    "libc.syscall(435, ctypes.byref((ctypes.c_uint64 * 11)(0x10000000, *[0] * 3, 17)), 88)",  # clone3
    "libc.ptrace(0, 0, 0, 0)",
    "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "libc.syscall({'x86_64': 321, 'aarch64': 280}[machine], 0, None, 0)",  # bpf
    "libc.syscall(425, 8, None)",  # io_uring
    *(f"libc.socket({family}, 1, 0)" for family in (40, 38, 17)),  # vsock, to the machine around this one; and two others
]


@pytest.mark.parametrize("call", CALLS)
def test_what_no_answer_needs_linux_does_not_do(inside, call):
    names = "{'ctypes': c, 'libc': c.CDLL(None, use_errno=True), 'machine': os.uname().machine, 'os': os}"
    said = inside(f"[(g := (lambda c: {names})(__import__('ctypes'))), eval({call!r}, g), g['ctypes'].get_errno()][1:]")
    assert said in ("[-1, 1]", "[-1, 38]", "[-1, 97]") or said.startswith("PermissionError"), said


def test_what_answers_need_linux_does(inside):
    assert inside("[t := __import__('threading').Thread(target=print, args=('here',)), t.start(), t.join()] and 1") == "here\n1"
    assert inside("__import__('subprocess').check_output(['echo', 'here'])") == "b'here\\n'"
    assert inside("__import__('multiprocessing').get_context('fork').Pool(2).map(abs, [-1, -2])") == "[1, 2]"
    sockets = "[__import__('socket').socket(family, 1 if family < 16 else 3).close() for family in (1, 2, 10, 16)]"
    assert inside(f"{sockets} and 1") == "1"


def test_each_step_of_the_filter_leads_to_an_end():
    from petkata.classroom import seccomp

    for machine in seccomp.ARCHITECTURES:
        steps = seccomp.program(machine)
        for place, (code, if_so, if_not, _) in enumerate(steps):
            assert code == seccomp.RETURN or place + 1 + max(if_so, if_not) < len(steps)
        assert steps[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)


def test_memory_disk_and_processes_have_limits(inside):
    assert inside("open('/proc/self/oom_score_adj').read()") == r"'1000\n'", "of all programs of the machine it ends first"
    assert inside("len(bytearray(7 * 2**30))").startswith("MemoryError")
    assert "File too large" in inside("open('/tmp/large', 'wb').write(bytes(2**28))")
    filled = "[open(f'/tmp/{n}', 'wb').write(bytes(2**26)) for n in range(8)]"
    assert "No space left" in inside(filled)
    bomb = "[os.fork() or __import__('time').sleep(30) for _ in range(1000)]"
    assert inside(f"[{bomb}] if os.getpid() == 1 else os._exit(0)").startswith("BlockingIOError")


@pytest.mark.parametrize("what", ["open(scratch + '/new', 'w')", "os.mkdir(scratch + '/new')", "os.chmod(scratch, 0o777)",
                                  "os.rmdir(scratch + '/root')"])
def test_what_others_see_too_is_closed(inside, what):
    assert inside("open(scratch + '/before', 'w').write('x')") == "1"
    said = inside(f"(close(), {what})")
    assert "Read-only file system" in said or "Device or resource busy" in said, said
    assert inside("(close(), open(folder + '/new', 'w').write('x'), open('/tmp/new', 'w').write('x'))") == "(None, 1, 1)"


def test_it_ends_as_the_kernel_ends(inside):
    assert inside("'done'", code=7) == "'done'"


def test_what_it_started_ends_with_it(inside):
    length = f"600.{os.getpid()}"
    assert inside(f"__import__('subprocess').Popen(['sleep', '{length}'], start_new_session=True).pid").isdigit()
    assert not called("sleep", length)
