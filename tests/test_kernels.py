"""Kernels that are forked from the loaded process: at once there, apart from each other, and never left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from petkata.course import catalog
from petkata.course.catalog import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open") or sys.version_info < (3, 11),
                                reason="forked kernels need Linux, and nbgrader Python 3.11")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """`kernels()` starts one in an empty folder; all that were started are shut down at the end."""
    from jupyter_client.manager import start_new_kernel
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    from petkata.classroom.kernels import NAME, use_forked_kernels

    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KernelProvisionerFactory.default_provisioner_name_env, NAME)
        KernelProvisionerFactory.clear_instance()
        patch.chdir(tmp_path_factory.mktemp("submission"))
        use_forked_kernels()

        def start():
            started.append(start_new_kernel())
            return started[-1]

        yield start
        for manager, client in started:
            client.stop_channels()
            if manager.has_kernel:
                manager.shutdown_kernel(now=True)
    KernelProvisionerFactory.clear_instance()


def run(client, source, timeout=60):
    """What a cell prints, or the name of its error."""
    said = []

    def note(message):
        content = message["content"]
        said.append({"stream": content.get("text", ""), "error": content.get("ename", "")}.get(message["msg_type"], ""))

    client.execute_interactive(source, output_hook=note, timeout=timeout)
    return "".join(said)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid, seconds=10):
    """Whether a process ends within so many seconds."""
    until = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_alive(pid)


def called(*words):
    """The processes with this command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == "".join(f"{word}\0" for word in words).encode():
                found.append(int(path.parent.name))
        except OSError:
            pass  # it has ended meanwhile
    return found


def test_a_forked_kernel_has_fastai_and_is_itself(kernels):
    (_, one), (_, two) = kernels(), kernels()
    assert run(one, "import sys; 'fastai.vision.all' in sys.modules and print('loaded')") == "loaded\n"
    run(one, "mine = 1")
    assert run(two, "print('mine' in globals())") == "False\n"
    assert run(one, "import os; print(__name__, os.getcwd())") == f"__main__ {os.getcwd()}\n"


def test_it_holds_nothing_that_leads_to_others(kernels):
    kernels()
    _, client = kernels()
    held = run(client, "import os, stat; print([os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')"
                       " if os.path.lexists(f'/proc/self/fd/{fd}')])")
    assert "socket:" in held and "pidfd" not in held
    packets = "import socket; print([fd for fd in range(3, 200) if kind(fd) == socket.SOCK_SEQPACKET])"
    run(client, "def kind(fd):\n    try: return socket.socket(fileno=os.dup(fd)).type\n    except OSError: pass")
    assert run(client, packets) == "[3]\n", "the one over which it is sent sockets that lead to judges"


def judged(kernel, source, task):
    """What the judge says of a task, with the function that this source defines in a kernel."""
    from petkata.classroom.kernels import ANSWER

    manager, client = kernel
    run(client, source)
    judge = manager.provisioner.process.judge("lesson3", task, None)
    client.execute(ANSWER, silent=True)
    return judge.verdict(120)


@pytest.mark.parametrize("task, file", [("cosine_anneal", "anneal"), ("train", "train")])
def test_what_it_defines_is_judged_outside(kernels, task, file):
    solution = (ROOT / "solutions" / "lesson3" / f"{file}.py").read_text(encoding="utf-8")
    kernel = kernels()
    told = judged(kernel, solution, task)
    assert told["state"] == "passed" and told["points"] == told["of"] and not told["tampered"], told["text"]
    assert run(kernel[1], "1 / 0") == "ZeroDivisionError", "afterward the kernel goes on"


def test_it_is_interrupted_like_any_other(kernels):
    manager, client = kernels()
    asked = client.execute("import time; print('begun'); time.sleep(60)")
    while client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
        pass
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == asked and reply["content"]["ename"] == "KeyboardInterrupt"


def test_what_it_has_started_ends_with_it(kernels):
    manager, client = kernels()
    length = f"600.{os.getpid()}"  # by which it is known, whatever number it has outside
    run(client, f"import subprocess; subprocess.Popen(['sleep', '{length}'], start_new_session=True)")
    until = time.monotonic() + 10
    while not called("sleep", length) and time.monotonic() < until:  # it may not have its name at once
        time.sleep(0.05)
    [pid] = called("sleep", length)
    manager.shutdown_kernel()
    assert ends(pid)


def test_its_exit_code_is_known_and_remembered_and_its_sockets_are_removed(kernels, tmp_path):
    from petkata.classroom.kernels import ForkedKernel

    (tmp_path / "sockets").mkdir()
    kernel = ForkedKernel(["-f", "/nowhere/connection.json"], os.getcwd(), dict(os.environ), str(tmp_path / "sockets"))
    os.kill(kernel.pid, signal.SIGKILL)
    assert kernel.wait() == kernel.poll() == kernel.returncode == -signal.SIGKILL
    assert not (tmp_path / "sockets").exists()
    kernel.kill()  # nothing happens: it may be another process's number by now


def test_when_nbgrader_is_killed_no_kernel_is_left(tmp_path):
    script = """
        import os, time
        from jupyter_client.manager import start_new_kernel
        from petkata.classroom.kernels import NAME, use_forked_kernels
        use_forked_kernels()
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = NAME
        manager, client = start_new_kernel()
        print(manager.provisioner.pid, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as grader:
        kernel = int(grader.stdout.readline())
        with open(f"/proc/{kernel}/stat") as file:
            loaded = int(file.read().rpartition(")")[2].split()[1])
        assert is_alive(kernel) and is_alive(loaded)
        grader.kill()
    assert ends(kernel) and ends(loaded)


def test_neither_the_environment_nor_the_terminal_of_who_grades_is_in_reach(tmp_path):
    import pty

    student = """
        import ctypes, os
        address = ctypes.CDLL(None).getauxval
        address.restype = ctypes.c_ulong
        seen = ctypes.string_at(address(31) - 10_000, 10_000)  # from getauxval(3): the program's name, which comes after all that
        print(b"PETKATA" in seen, b"pass" + b"word" in seen)  # what is told, and what is not
        for fd in os.listdir("/proc/self/fd"):
            try:
                os.write(int(fd), b"graded: full marks") if os.isatty(int(fd)) else None
                print("tty" in os.readlink(f"/proc/self/fd/{fd}") or "pts" in os.readlink(f"/proc/self/fd/{fd}"))
            except OSError:
                pass
        os.system("echo graded: full marks; echo graded: full marks >&2; echo graded: full marks > /dev/tty")
    """
    script = f"""
        import os, sys
        from jupyter_client.manager import start_new_kernel
        from petkata.classroom.kernels import NAME, use_forked_kernels
        from tests.test_kernels import run
        use_forked_kernels()
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = NAME
        manager, client = start_new_kernel()
        with open("said", "w") as file:
            file.write(run(client, {textwrap.dedent(student)!r}))
        manager.shutdown_kernel(now=True)
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PETKATA_SEEN": "yes", "DATABASE": "the password", "PYTHONPATH": str(ROOT)}
    done = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, env=environment,
                            stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 10_000):
            shown += part
    except OSError:  # nobody has the other end any more
        pass
    os.close(ours)
    assert done.wait() == 0, shown
    said = (tmp_path / "said").read_text().splitlines()
    assert said[0] == "True False" and "True" not in said[1:]
    assert b"full marks" not in shown


def test_where_no_sandbox_can_be_made_nothing_is_run_unless_the_instructor_says_so(monkeypatch):
    from petkata.classroom.kernels import ForkedProvisioner, loaded_process, use_forked_kernels

    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.setattr(ForkedProvisioner, "wanted", False)
    with pytest.raises(RuntimeError, match=r"submissions were not run: .* \(only Linux can make one\).*sandbox=False"):
        loaded_process.__wrapped__(True)
    use_forked_kernels(sandbox=False)
    assert not ForkedProvisioner.wanted, "the usual kernels do the work"


def test_however_an_ipython_kernel_is_registered_it_is_forked():
    from petkata.classroom.kernels import arguments_of

    for options in ([], ["-Xfrozen_modules=off"], ["-X", "dev", "-I"]):
        assert arguments_of(["python", *options, "-m", "ipykernel_launcher", "-f", "x"]) == ["-f", "x"]
    assert arguments_of(["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]) is None


@pytest.mark.parametrize("name, argv", [
    ("sandboxed", [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]),
    ("another", [sys.executable, "-c", "import ipykernel_launcher", "-f", "{connection_file}"])])
def test_no_kernel_runs_outside_the_sandbox(kernels, tmp_path, monkeypatch, name, argv):
    from jupyter_client.manager import start_new_kernel

    place = tmp_path / "kernels" / name
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    if name == "another":
        with pytest.raises(RuntimeError, match="were not run: .* asks for another"):
            start_new_kernel(kernel_name=name)
        return
    manager, client = start_new_kernel(kernel_name=name)
    try:
        assert run(client, f"import os; print(os.path.exists({str(tmp_path)!r}), os.environ['USER'])") == "False student\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_judge_that_cannot_begin_leaves_no_folder(monkeypatch, tmp_path):
    from petkata.classroom import kernels

    (gone, other), (answers, _) = socket.socketpair(), socket.socketpair()
    other.close()
    (own := tmp_path / "judge").mkdir()
    monkeypatch.setattr(kernels.tempfile, "mkdtemp", lambda **_: str(own))
    monkeypatch.setattr(kernels, "forget_the_loaded_process", lambda: None)
    monkeypatch.setattr(kernels, "loaded_process", lambda in_sandbox: kernels.Loaded(gone, gone))
    with pytest.raises(RuntimeError, match="has ended"):
        kernels.Judge(True, "lesson3", "schedule", None, answers)
    assert not own.exists()


def test_a_judge_that_never_comes_to_an_end_is_not_waited_for():
    from petkata.classroom.kernels import Judge

    judge = Judge.__new__(Judge)
    (judge.told, tells), (judge.socket, _) = socket.socketpair(), socket.socketpair()
    ends = threading.Event()

    def dribble():
        while not ends.wait(0.2):
            tells.send(b" ")

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        assert judge.verdict(1) == {"trouble": "timed out"}
    finally:
        ends.set()
        thread.join()


@pytest.mark.parametrize("said", [[], 1, {"state": 1}, {"text": ["x"]}, {"verdicts": {}}, {"verdicts": [1]},
                                  {"verdicts": [{"check": "x", "state": "passed"}]}])
def test_what_is_no_verdict_counts_as_none(said):
    from petkata.classroom.kernels import Judge

    judge = Judge.__new__(Judge)
    (judge.told, tells), (judge.socket, _) = socket.socketpair(), socket.socketpair()
    tells.sendall(json.dumps(said).encode() + b"\n")
    assert judge.verdict(5) == {"trouble": "crashed"}


def test_should_the_loaded_process_be_killed_another_begins(kernels):
    manager, _ = kernels()
    loaded = int(Path(f"/proc/{manager.provisioner.process.pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert b"petkata.classroom.loaded" in Path(f"/proc/{loaded}/cmdline").read_bytes()
    os.kill(loaded, signal.SIGKILL)
    assert ends(loaded)
    _, client = kernels()
    assert run(client, "print('here')") == "here\n"


IMPORTED_LATE = """
import os, sys
from benchmarks import outside, parity
from petkata.checking.notebook import with_checks
from petkata.classroom import judge
from petkata.classroom.loaded import load
from petkata.course import catalog

load()
answered, lessons = judge.answered, [catalog.lesson(name) for name in sys.argv[1:]]

def watched(*args):
    before = set(sys.modules)
    return {**answered(*args), "late": sorted(set(sys.modules) - before)}

def judged(checks):
    checks.share()
    for lesson in lessons:
        for task in lesson.tasks:
            says = outside.verdict(checks, lesson, task.name, parity.submissions(lesson)[0])
            outside.say(f"{task.name} {says['state']} {says['late']}")

judge.answered = watched
with_checks(lessons, judged, seed=catalog.HIDDEN_SEED)
"""


def test_a_judge_finds_all_that_it_imports_loaded():
    """What it imports itself, it compiles or reads anew for each task of each submission."""
    lessons = [catalog.lesson(name) for name in ("lesson1", "lesson3", "lesson6")]  # of all kinds, and not slow
    done = subprocess.run([sys.executable, "-c", IMPORTED_LATE, *(lesson.name for lesson in lessons)], cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{task.name} passed []" for lesson in lessons for task in lesson.tasks]
