"""One command: makes .venv, installs the course in it, and starts.

    python3 kata.py               lesson 1: judges exercises/lesson1 and shows what is next
    python3 kata.py lesson3       another lesson
    python3 kata.py test          the tests of the course itself

What follows a lesson or `test` goes to pytest: python3 kata.py lesson3 -k anneal
The set-up happens once, and again after an update. Should .venv ever break, delete it and call again.
"""
# Standard library only. The file must also parse on Pythons too old for the course, back to 2.7, so that they
# can say so: no f-strings, no annotations, and nothing newer imported at the top.
from __future__ import print_function

import contextlib
import errno
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

OLDEST, NEWEST = (3, 10), (3, 13)
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # PyTorch's own index, with builds that have no CUDA
GB_NEEDED, GB_NEEDED_CUDA, GB_OF_CUDA = 2.5, 9.0, 3

THIS_PYTHON = "%d.%d" % sys.version_info[:2]
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)  # not .venv's own, should that be running this
WINDOWS = os.name == "nt"
ROOT = os.path.dirname(os.path.realpath(__file__))
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, *(["Scripts", "python.exe"] if WINDOWS else ["bin", "python"]))
COMMAND = os.path.join(os.path.dirname(PYTHON), "kata.cmd" if WINDOWS else "kata")
LIBRARY = os.path.join(VENV, *(["Lib"] if WINDOWS else ["lib", "python" + THIS_PYTHON]))
SITE_PACKAGES = os.path.join(LIBRARY, "site-packages")
OURS = os.path.join(VENV, "made-by-kata")  # there: the .venv is ours; locked: a kata.py is at work
STAMP = os.path.join(VENV, "finished")  # written last: what was installed, and for which Python
LOG = os.path.join(VENV, "install.log")
SCRATCH = os.path.join(VENV, "tmp")  # pip's temporary files, so that an interruption leaves none elsewhere

BEGAN = time.time()
BEAT = 1.0 if sys.stdout.isatty() else 5.0  # seconds between two signs of life
NOT_PASSED_ON = (  # to the set-up: what would lead pip out of .venv, or make every start compile fastai again
    "PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__", "PYTHONDONTWRITEBYTECODE")
held_locks = []  # the file descriptor of the lock, while this call holds it


class Trouble(Exception):
    """What is wrong and what to do, in a sentence."""


def main(words):
    check_python(sys.version_info)
    if words and words[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    command = pytest_command(words)
    if not ready():
        with alone():
            if not ready():  # another call may have made it meanwhile
                set_up()
    os.chdir(ROOT)
    # What runs in .venv finds the programs there, as if it had been activated: nbgrader calls alembic by its name.
    os.environ["PATH"] = os.path.dirname(PYTHON) + os.pathsep + os.environ.get("PATH", os.defpath)
    if WINDOWS:  # where execv hands the shell back at once
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


def check_python(version):
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    others = [name for name in ("python3.13", "python3.12", "python3.11", "python3.10") if runs(name)]
    advice = "You also have {0}: type `{0} kata.py`." if others else "Please install one of those."
    raise Trouble("The course needs Python %d.%d to %d.%d, and this is Python %d.%d. " % (
        OLDEST + NEWEST + tuple(version[:2])) + advice.format(*others))


def runs(program):
    try:
        subprocess.check_output([program, "--version"], stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def pytest_command(words):
    first, rest = (words[0], words[1:]) if words else ("lesson1", [])
    if first == "test":
        # Two processes; each file in one of them, since its checks share what they train.
        return [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile"] + rest
    names = os.listdir(os.path.join(ROOT, "exercises"))
    lessons = sorted(name for name in names if name.startswith("lesson"))
    if first not in lessons:
        raise Trouble("kata.py does not know `%s`; it knows %s and test." % (first, ", ".join(lessons)))
    return [PYTHON, "-m", "pytest", "exercises/" + first] + rest


# What is there already


def stamp():
    """Python, folder, requirements. Only to new requirements can a .venv be updated; else it is made anew."""
    with open(REQUIREMENTS, "rb") as file:
        return [THIS_PYTHON, ROOT, hashlib.sha256(file.read()).hexdigest()]


def found_stamp():
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read().splitlines() if os.path.exists(PYTHON) else []
    except (OSError, ValueError):
        return []


def ready():
    return found_stamp() == stamp()


@contextlib.contextmanager
def alone():
    """Own .venv and hold its lock. The system drops the lock when the holder ends, however it ends."""
    taken = os.path.lexists(VENV) and not os.path.exists(OURS)
    if taken and not (os.path.isdir(VENV) and os.listdir(VENV) == []):
        raise Trouble(VENV + " was not made by kata.py and stays untouched. Move it away and call again.")
    os.makedirs(VENV, exist_ok=True)
    with open(OURS, "a") as file:
        while not locked(file):
            say("another kata.py is at work here; waiting")
            time.sleep(BEAT)
        held_locks.append(file.fileno())
        try:
            yield
        finally:
            held_locks.clear()


def locked(file):
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)  # else the file system has no locks: go on
    return True


# Making it


def set_up():
    only_requirements_differ = found_stamp()[:2] == stamp()[:2]
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if only_requirements_differ:
        print("The requirements have changed; updating .venv.", flush=True)
    else:  # absent, half-made, moved, for another Python: with pip's cache, anew is as fast, and surer
        print("Making .venv with Python %s. This happens once." % THIS_PYTHON, flush=True)
        clear()
        check_room(GB_NEEDED_CUDA if has_nvidia() else GB_NEEDED)
        make_empty_venv()
    install()
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write("\n".join(stamp()) + "\n")
    say("ready", last=True)


def clear():
    paths = [os.path.join(VENV, name) for name in os.listdir(VENV)]
    left = [path for path in paths if path not in (OURS, LOG)]
    if left:  # tens of thousands of files can take a minute
        remove = "(shutil.rmtree if os.path.isdir(path) and not os.path.islink(path) else os.remove)(path)"
        remove_all = "import os, shutil, sys\nfor path in sys.argv[1:]:\n    " + remove
        need(run("removing the old .venv", [BASE_PYTHON, "-c", remove_all] + left))


def check_room(needed):
    free = shutil.disk_usage(VENV).free / 1e9
    if free + size(VENV) / 1e9 < needed:
        raise Trouble("The set-up needs %.1f GB, and the disk of %s has %.1f free. Make room and call again."
                      % (needed, ROOT, free))


def make_empty_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Trouble("This Python lacks the modules that make a virtual environment. On Debian and Ubuntu:"
                      " `sudo apt install python%s-venv`; then call again." % THIS_PYTHON)
    need(run("making an empty .venv", [BASE_PYTHON, "-m", "venv", VENV]))


def install():
    with open(REQUIREMENTS) as file:
        pins = dict(re.findall(r"^(torch|torchvision)==([^ \n]+)", file.read(), re.MULTILINE))
    install_torch("torch==" + pins["torch"], "torchvision==" + pins["torchvision"])
    # The list is complete; by looking for dependencies pip would find torchvision's, the torch with CUDA.
    need(pip("--no-deps", "-r", REQUIREMENTS))
    # The course itself is not installed but found where it lies. The second line of this file runs whenever a
    # Python of this .venv starts: notebooks and workers too. petkata/torchvision_guard.py says what for.
    with open(os.path.join(SITE_PACKAGES, "petkata.pth"), "w", encoding="utf-8") as file:
        file.write(os.path.relpath(ROOT, SITE_PACKAGES) + "\nimport petkata.torchvision_guard\n")
    make_command()
    # The first import compiles what the course uses. It proves the whole, too.
    everything = "import fastai.vision.all, hypothesis, pytest, safetensors.torch, xdist"
    need(run("trying it out", [PYTHON, "-c", everything]))
    shutil.rmtree(SCRATCH, ignore_errors=True)


def make_command():
    """The command `kata`, as pip would make it."""
    with open(COMMAND, "w", encoding="utf-8") as file:
        if WINDOWS:
            file.write('@"%~dp0python.exe" -m petkata.cli %*\n')
        else:  # two languages in one: a line that names a program may neither be long nor have spaces in it
            file.write("#!/bin/sh\n'''exec' " + shlex.quote(PYTHON) + " \"$0\" \"$@\"\n' '''\n")
            file.write("from petkata.cli import app\n\nif __name__ == \"__main__\":\n    app()\n")
    os.chmod(COMMAND, 0o755)


def install_torch(torch, torchvision):
    """On Linux without an NVIDIA GPU, the CPU build: from where pip always looks, or PyTorch's index."""
    wanted = ["--no-deps", torch + "+cpu", torchvision]
    usual = ["-c", REQUIREMENTS, torch, torchvision]
    if not sys.platform.startswith("linux") or has_nvidia():
        return need(pip(*usual))
    code, said = pip(*wanted)
    if code and is_missing(said) and not is_offline(said):
        code, said = pip("--extra-index-url", CPU_WHEELS, "--retries", "1", "--timeout", "10", *wanted)
        if code and is_missing(said):
            say("no CPU build of torch is to be had; the usual one brings %s GB of CUDA" % GB_OF_CUDA, True)
            check_room(GB_NEEDED_CUDA)
            code, said = pip(*usual)
    need((code, said))


def has_nvidia():
    traces = "/proc/driver/nvidia", "/dev/nvidia0", "/usr/lib/wsl/lib/libcuda.so"
    return any(map(os.path.exists, traces)) or shutil.which("nvidia-smi") is not None


# Running a command, and telling how it goes


def pip(*words):
    """`pip install` in .venv. All of it compiled would take twice as long; see `install`."""
    options = ["--no-compile", "--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    return run("asking for packages", [PYTHON, "-m", "pip", "install"] + options + list(words))


def run(what, command):
    """Run a command under a line that tells how it goes. Returns its exit code and all that it said."""
    os.makedirs(SCRATCH, exist_ok=True)
    surroundings = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    surroundings.update(TMPDIR=SCRATCH, TEMP=SCRATCH, TMP=SCRATCH, PIP_USER="0")
    surroundings.setdefault("PIP_RETRIES", "2")
    already = count_packages()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings,
        cwd=ROOT, pass_fds=() if WINDOWS else held_locks)  # a later call waits for the pip of a killed one
    said = []
    listener = threading.Thread(target=listen, args=(process.stdout, said), daemon=True)
    listener.start()
    try:
        while listener.is_alive():
            say(doing(said, count_packages() - already) or what)
            listener.join(BEAT)
        return process.wait(), "".join(said)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def listen(stream, said):
    with open(LOG, "ab", buffering=0) as log:
        for line in stream:
            said.append(line.decode("utf-8", "replace"))
            with contextlib.suppress(OSError):  # where the disk is full, the command says so itself
                log.write(line)


def count_packages():
    try:
        return sum(name.endswith(".dist-info") for name in os.listdir(SITE_PACKAGES))
    except OSError:
        return 0


def doing(said, done):
    """What pip is at, going by what it said; None while that does not tell."""
    for line in reversed(said):
        if line.startswith("Installing collected packages: "):
            names = line.split(": ")[1].strip().split(", ")
            at = min(done + 1, len(names))
            return "installing %s (%d of %d)" % (names[at - 1], at, len(names))
        match = re.match(r"Collecting ([\w.-]+)", line)
        if match:
            return "fetching " + match.group(1)
    return None


def say(what, last=False):
    line = "%s   %d MB   %d s" % (what, size(VENV) / 1e6, time.time() - BEGAN)
    if sys.stdout.isatty():  # one line, written over and over
        width = shutil.get_terminal_size().columns - 1
        print("\r" + line[:width].ljust(width), end="\n" if last else "", flush=True)
    else:
        print(line, flush=True)


def size(folder):
    """Bytes in a folder that is being written to."""
    total = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                total += size(entry.path) if is_folder else entry.stat(follow_symlinks=False).st_size
    return total


# When it goes wrong


FULL = "The disk is full. Make room (%.1f GB in all) and call again." % GB_NEEDED


def need(outcome):
    code, said = outcome
    if code:
        raise Trouble("%s Everything that was said is in %s" % (why(said), LOG))


def why(said):
    """The sentence for what a failed command said."""
    missing = is_missing(said)
    full = re.search("No space left on device|Disk quota exceeded|not enough space on the disk", said)
    if full or shutil.disk_usage(VENV).free < 5e7:
        return FULL
    if is_offline(said):
        return "The network is gone or does not answer. What has arrived is kept: call again when it is back."
    if missing:
        return "There is no %s for this computer and Python %s." % (missing.group(1), THIS_PYTHON)
    lines = said.strip().splitlines() or ["no reason was given"]
    errors = [line.strip() for line in lines if "error" in line.lower()]
    return "The set-up did not succeed: %s." % (errors or lines)[-1].rstrip(".")


def is_missing(said):
    return re.search(r"No matching distribution found for (\S+)", said)


def is_offline(said):
    return re.search("connection broken by|ConnectionPool|ReadTimeout|ConnectTimeout|name resolution", said)


def call(words):
    """`main`, with a sentence in place of a traceback for all that can be foreseen."""
    try:
        return main(words)
    except KeyboardInterrupt:
        sentence, code = "Stopped. The next call carries on.", 130
    except Trouble as trouble:
        sentence, code = str(trouble), 2
    except OSError as error:
        full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
        sentence, code = FULL if full else "The set-up cannot go on: %s." % error, 2
    sys.stderr.write(("\n" if sys.stdout.isatty() else "") + sentence + "\n")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly end, so that pip is ended as well
    sys.exit(call(sys.argv[1:]))
