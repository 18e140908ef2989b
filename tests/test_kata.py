"""kata.py in a folder of its own, with a Python in .venv that only says what a real pip would say."""

import ast
import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PINS = "fastai==1\ntorch==7.1\ntorchvision==8.2 ; sys_platform == 'linux'\n"
NO_TORCH = "ERROR: No matching distribution found for torch==7.1+cpu"
NO_NETWORK = ("WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(Failed to"
              " establish a new connection)': /simple/torch/\n" + NO_TORCH)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for .venv's Python is a shell script")


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "kata.py", tmp_path)
    (tmp_path / "requirements.txt").write_text(PINS)
    for lesson in ("lesson1", "lesson2"):
        (tmp_path / "exercises" / lesson).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def kata(folder, monkeypatch):
    """The module. `kata.answers` maps words to what .venv's Python says to them and its exit code;
    `kata.calls()` are all it was called with, `kata.started` is the command that took over in the end."""
    spec = importlib.util.spec_from_file_location("kata", folder / "kata.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.answers, module.started = {}, []
    calls = folder / "calls"

    def make_empty_venv():
        os.makedirs(module.SITE_PACKAGES)
        python = Path(module.PYTHON)
        python.parent.mkdir()
        cases = "".join(f"*'{words}'*)\ncat <<'SAID'\n{said}\nSAID\nexit {code};;\n"
                        for words, (said, code) in module.answers.items())
        python.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\ncase "$*" in\n{cases}esac\n')
        python.chmod(0o755)

    module.really_make_empty_venv = module.make_empty_venv
    monkeypatch.setattr(module, "make_empty_venv", make_empty_venv)
    monkeypatch.setattr(module, "has_nvidia", lambda: False)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=1e12))
    monkeypatch.setattr(module, "BEAT", 0.05)
    monkeypatch.setattr(module.os, "chdir", lambda path: None)
    monkeypatch.setattr(module.os, "execv", lambda path, command: module.started.extend(command[1:]))
    module.calls = lambda: calls.read_text().splitlines() if calls.exists() else []
    return module


# The Python that runs it


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 18), (3, 14, 0), (4, 0, 0)])
def test_a_python_too_old_or_too_new_is_told_so(kata, version, monkeypatch):
    monkeypatch.setattr(kata, "runs", lambda name: False)
    with pytest.raises(kata.Trouble, match=rf"needs Python 3.10 to 3.13, and this is Python {version[0]}\."):
        kata.check_python(version)


def test_a_suitable_python_beside_it_is_named(kata, monkeypatch):
    monkeypatch.setattr(kata, "runs", lambda name: name == "python3.12")
    with pytest.raises(kata.Trouble, match="type `python3.12 kata.py`"):
        kata.check_python((3, 9))


@pytest.mark.parametrize("version", [(3, 10), (3, 11, 7), (3, 12, 1), (3, 13, 0)])
def test_the_pythons_between_are_accepted(kata, version):
    kata.check_python(version)


def test_old_pythons_can_read_the_file():
    tree = ast.parse((ROOT / "kata.py").read_text(encoding="ascii"))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef, ast.YieldFrom)
    for node in ast.walk(tree):
        assert not isinstance(node, newer), f"line {node.lineno} is too new for Python 2.7"
        if isinstance(node, ast.FunctionDef):
            annotated = node.returns or any(arg.annotation for arg in node.args.args)
            assert not annotated and not node.args.kwonlyargs, f"line {node.lineno}: annotation or star"
        if isinstance(node, (ast.List, ast.Tuple)):
            assert not any(isinstance(item, ast.Starred) for item in node.elts), f"line {node.lineno}: a star"
        if isinstance(node, ast.Raise):
            assert node.cause is None, f"line {node.lineno}: `raise ... from`"


# The words


@pytest.mark.parametrize("words, command", [
    ([], "-m pytest exercises/lesson1"),
    (["lesson2"], "-m pytest exercises/lesson2"),
    (["lesson2", "-k", "anneal"], "-m pytest exercises/lesson2 -k anneal"),
    (["test"], "-m pytest -n 2 --dist loadfile"),
    (["test", "-x", "tests"], "-m pytest -n 2 --dist loadfile -x tests"),
])
def test_words_become_a_pytest_command(kata, words, command):
    assert kata.call(words) is None
    assert " ".join(kata.started) == command


def test_an_unknown_word_is_a_sentence_and_nothing_is_installed(kata, capsys):
    assert kata.call(["lesson9"]) == 2
    assert capsys.readouterr().err == "kata.py does not know `lesson9`; it knows lesson1, lesson2 and test.\n"
    assert not Path(kata.VENV).exists()


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_names_all_that_can_be_typed(kata, word, capsys):
    assert kata.call([word]) == 0
    told = capsys.readouterr().out
    assert all(f"python3 kata.py {word}" in told for word in (" ", "lesson3", "test"))


# What is there already


def test_the_second_call_installs_nothing(kata):
    kata.call([])
    first = kata.calls()
    assert len(first) == 3, "torch, the rest, and a try"
    kata.call([])
    assert kata.calls() == first


def test_the_course_is_put_on_the_path_with_the_guard(kata):
    kata.call([])
    place, guard = (Path(kata.SITE_PACKAGES) / "petkata.pth").read_text().splitlines()
    assert (Path(kata.SITE_PACKAGES) / place).resolve() == Path(kata.ROOT)
    assert guard == "import petkata.torchvision_guard"


@pytest.mark.parametrize("name", ["plain", "with spaces and 'quotes'", "long" * 50])
def test_the_command_kata_is_there(kata, name, folder, monkeypatch):
    """It is run by .venv's Python, whatever the folder's name, and not by what lies in the folder where it is called."""
    place = folder / name
    for variable in ("PYTHON", "COMMAND"):
        monkeypatch.setattr(kata, variable, str(place / os.path.basename(getattr(kata, variable))))
    elsewhere = folder / "elsewhere"
    (elsewhere / "petkata").mkdir(parents=True)
    place.mkdir()
    Path(kata.PYTHON).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    os.chmod(kata.PYTHON, 0o755)
    kata.make_command()
    course = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([kata.COMMAND, "--help"], cwd=elsewhere, env=course, capture_output=True, text=True)
    assert done.returncode == 0 and "Usage: kata " in done.stdout, done.stderr
    assert subprocess.run([kata.COMMAND, "nonsense"], cwd=elsewhere, env=course, capture_output=True).returncode == 2


def test_the_command_is_made_with_the_rest_and_by_pip(kata):
    kata.call([])
    assert os.access(kata.COMMAND, os.X_OK) and kata.PYTHON in Path(kata.COMMAND).read_text()
    assert 'kata = "petkata.cli:app"' in (ROOT / "pyproject.toml").read_text()


def test_windows_gets_a_command_of_its_own(kata, folder, monkeypatch):
    monkeypatch.setattr(kata, "WINDOWS", True)
    monkeypatch.setattr(kata, "COMMAND", str(folder / "kata.cmd"))
    kata.make_command()
    assert Path(kata.COMMAND).read_text() == '@"%~dp0python.exe" -m petkata.cli %*\n'


def test_new_requirements_are_added_to_what_is_there(kata, folder):
    kata.call([])
    (Path(kata.SITE_PACKAGES) / "own.py").write_text("what a user has installed")
    (folder / "requirements.txt").write_text(PINS + "more==1\n")
    kata.call([])
    assert len(kata.calls()) == 6
    assert (Path(kata.SITE_PACKAGES) / "own.py").exists()
    assert kata.ready()


@pytest.mark.parametrize("name, other", [("THIS_PYTHON", "3.99"), ("ROOT", str(ROOT))])
def test_another_python_or_folder_gets_a_new_one(kata, name, other, monkeypatch):
    kata.call([])
    left = Path(kata.VENV, "left")
    left.touch()
    with monkeypatch.context() as patch:
        patch.setattr(kata, name, other)
        assert not kata.ready()
        patch.setattr(kata, "install", lambda: None)
        kata.set_up()
    assert not left.exists()


@pytest.mark.parametrize("moment", ["torch", "-r ", "import"])
def test_what_was_interrupted_is_made_anew(kata, moment):
    kata.answers[moment] = ("", 1)
    assert kata.call([]) == 2
    assert not kata.ready()
    left = Path(kata.SITE_PACKAGES, "half.py")
    left.touch()
    kata.answers.clear()
    kata.call([])
    assert kata.ready() and not left.exists()


def test_a_python_that_is_gone_is_noticed(kata):
    kata.call([])
    Path(kata.PYTHON).unlink()
    assert not kata.ready()


@pytest.mark.parametrize("theirs", ["a folder", "a file", "a link to nowhere"])
def test_a_venv_of_someone_else_stays_untouched(kata, theirs, capsys):
    venv = Path(kata.VENV)
    if theirs == "a folder":
        venv.mkdir()
        (venv / "pyvenv.cfg").write_text("mine")
    elif theirs == "a file":
        venv.write_text("mine")
    else:
        venv.symlink_to("nowhere")
    assert kata.call([]) == 2
    assert "was not made by kata.py and stays untouched" in capsys.readouterr().err
    assert venv.is_symlink() or (venv / "pyvenv.cfg" if venv.is_dir() else venv).read_text() == "mine"


def test_an_empty_folder_is_taken(kata):
    Path(kata.VENV).mkdir()
    assert kata.call([]) is None and kata.ready()


# Two at once


def test_the_second_of_two_waits_and_then_finds_it_made(kata, capsys):
    with kata.alone():
        waiting = Thread(target=kata.call, args=([],))
        waiting.start()
        time.sleep(0.3)
        assert waiting.is_alive() and kata.calls() == []
        assert "another kata.py is at work here" in capsys.readouterr().out
        kata.set_up()
    waiting.join(10)
    assert len(kata.calls()) == 3 and kata.started == ["-m", "pytest", "exercises/lesson1"]


def test_a_lock_without_a_holder_does_not_block(kata):
    Path(kata.VENV).mkdir()
    Path(kata.OURS).write_text("left by a call that was killed")
    assert kata.call([]) is None


def test_the_pip_of_a_killed_call_keeps_the_lock_until_it_ends(kata, folder):
    code = "import kata\nwith kata.alone():\n    print(flush=True)\n    kata.run('x', ['sleep', '3'])"
    victim = subprocess.Popen([sys.executable, "-S", "-c", code], cwd=folder, stdout=subprocess.PIPE)
    victim.stdout.readline()
    victim.stdout.readline()  # the first sign of life: `sleep` runs
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    with open(kata.OURS, "a") as lock:
        assert not kata.locked(lock), "its pip may still be writing"
        began = time.time()
        while not kata.locked(lock):
            assert time.time() - began < 30
            time.sleep(0.1)
    victim.stdout.close()


# Which torch


def torches(kata):
    return [call for call in kata.calls() if "torch==" in call]


def test_the_cpu_build_is_asked_for_first_and_without_dependencies(kata):
    kata.call([])
    (call,) = torches(kata)
    assert call.endswith("--no-deps torch==7.1+cpu torchvision==8.2")
    assert kata.CPU_WHEELS not in call


def test_pytorchs_own_index_comes_second_and_may_not_hang(kata):
    kata.answers[kata.CPU_WHEELS] = ("", 0)
    kata.answers["+cpu"] = (NO_TORCH, 1)
    assert kata.call([]) is None
    _, second = torches(kata)
    assert f"--extra-index-url {kata.CPU_WHEELS} --retries 1 --timeout 10" in second
    assert "torch==7.1+cpu" in second


@pytest.mark.parametrize("said", [NO_TORCH, NO_NETWORK], ids=["not there", "not reached"])
def test_only_then_the_usual_build_with_a_word_about_its_size(kata, said, capsys):
    kata.answers[kata.CPU_WHEELS] = (said, 1)
    kata.answers["+cpu"] = (NO_TORCH, 1)
    assert kata.call([]) is None
    assert torches(kata)[2].endswith(f"-c {kata.REQUIREMENTS} torch==7.1 torchvision==8.2")
    assert f"the usual one brings {kata.GB_OF_CUDA} GB of CUDA" in capsys.readouterr().out


@pytest.mark.parametrize("platform, nvidia", [("linux", True), ("darwin", False), ("win32", False)])
def test_elsewhere_the_usual_build_at_once(kata, platform, nvidia, monkeypatch):
    monkeypatch.setattr(kata, "has_nvidia", lambda: nvidia)
    monkeypatch.setattr(kata.sys, "platform", platform)
    kata.make_empty_venv()
    kata.install_torch("torch==7.1", "torchvision==8.2")
    (call,) = torches(kata)
    assert call.endswith("torch==7.1 torchvision==8.2")


# When it goes wrong


def sentence(kata, capsys):
    assert kata.call([]) == 2
    assert not Path(kata.STAMP).exists()
    return capsys.readouterr().err


def test_a_network_that_is_gone_is_one_sentence_and_one_attempt(kata, capsys):
    kata.answers["torch"] = (NO_NETWORK, 1)
    told = sentence(kata, capsys)
    assert told.startswith("The network is gone or does not answer.") and kata.LOG in told
    assert len(kata.calls()) == 1
    assert "Retrying" in Path(kata.LOG).read_text()


def test_a_disk_that_fills_up_is_one_sentence(kata, capsys):
    kata.answers["-r "] = ("ERROR: Could not install packages: [Errno 28] No space left on device", 1)
    assert sentence(kata, capsys).startswith("The disk is full. Make room (2.5 GB in all)")


def test_a_full_disk_is_recognized_where_the_command_does_not_name_it(kata, capsys, monkeypatch):
    kata.answers["-r "] = ("ensurepip returned non-zero exit status 1.", 1)
    rooms = iter([1e12, 1e6])
    monkeypatch.setattr(kata.shutil, "disk_usage", lambda path: SimpleNamespace(free=next(rooms)))
    assert sentence(kata, capsys).startswith("The disk is full.")


def test_a_disk_that_fills_up_under_kata_itself_too(kata, capsys, monkeypatch):
    def clear():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kata, "clear", clear)
    assert sentence(kata, capsys).startswith("The disk is full.")


def test_too_little_room_is_said_before_anything_is_fetched(kata, capsys, monkeypatch):
    monkeypatch.setattr(kata.shutil, "disk_usage", lambda path: SimpleNamespace(free=1.2e9))
    told = sentence(kata, capsys)
    assert "2.5 GB" in told and "has 1.2 free" in told
    assert kata.calls() == []


def test_a_folder_that_cannot_be_written_is_one_sentence(kata, capsys, monkeypatch):
    def makedirs(path, exist_ok):
        raise OSError(errno.EROFS, "Read-only file system", path)

    monkeypatch.setattr(kata.os, "makedirs", makedirs)
    assert "cannot go on: [Errno 30] Read-only file system" in sentence(kata, capsys)


def test_a_package_that_is_not_made_for_this_computer_is_named(kata, capsys):
    kata.answers["-r "] = ("ERROR: No matching distribution found for spacy==3.8", 1)
    assert sentence(kata, capsys).startswith("There is no spacy==3.8 for this computer and Python")


def test_anything_else_is_told_in_pips_own_words(kata, capsys):
    kata.answers["-r "] = ("Collecting x\nERROR: Hashes do not match.\nsee the log", 1)
    assert sentence(kata, capsys).startswith("The set-up did not succeed: ERROR: Hashes do not match. ")


def test_a_python_without_venv_is_told_what_to_install(kata, capsys, monkeypatch):
    monkeypatch.setattr(kata, "make_empty_venv", kata.really_make_empty_venv)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert f"`sudo apt install python{kata.THIS_PYTHON}-venv`" in sentence(kata, capsys)


def test_ctrl_c_ends_the_command_and_says_so(kata, capsys, monkeypatch):
    def interrupted(what, last=False):
        raise KeyboardInterrupt

    monkeypatch.setattr(kata, "say", interrupted)
    with pytest.raises(KeyboardInterrupt), kata.alone():
        kata.run("a long command", ["sleep", "60"])
    with open(kata.OURS, "a") as lock:
        assert kata.locked(lock), "the command lives on: it still holds the lock"
    assert kata.call([]) == 130
    assert capsys.readouterr().err == "Stopped. The next call carries on.\n"


def test_what_would_lead_pip_out_of_the_venv_is_kept_from_it(kata, monkeypatch):
    for name in ("PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "their own")
    with kata.alone():
        _, said = kata.run("x", ["env"])
    assert "elsewhere" not in said
    assert "PIP_INDEX_URL=their own" in said and f"TMPDIR={kata.SCRATCH}" in said


# Progress


@pytest.mark.parametrize("said, done, told", [
    ([], 0, None),
    (["Looking in indexes: x\n"], 0, None),
    (["Collecting scipy==1.17.1 (from -r list.txt (line 9))\n", "  Downloading\n"], 0, "fetching scipy"),
    (["Collecting pillow!=8.3.*,>=5.3.0 (from torchvision==0.28.0)\n"], 0, "fetching pillow"),
    (["Collecting torch\n"], 0, "fetching torch"),
    (["Collecting a==1\n", "Installing collected packages: a, b, c\n"], 0, "installing a (1 of 3)"),
    (["Collecting a==1\n", "Installing collected packages: a, b, c\n"], 2, "installing c (3 of 3)"),
    (["Installing collected packages: a, b, c\n", "  Attempting uninstall: c\n"], 9, "installing c (3 of 3)"),
])
def test_it_tells_what_pip_is_at(kata, said, done, told):
    assert kata.doing(said, done) == told


def test_there_is_a_sign_of_life_at_every_beat(kata, capsys):
    with kata.alone():
        kata.run("waiting", ["sleep", "0.5"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 4 and all(line.startswith("waiting   0 MB   ") for line in lines)


# The list of what is installed


def test_every_direct_dependency_is_pinned_once_for_every_python_and_system():
    tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    for version in ("3.10", "3.11", "3.12", "3.13"):
        for system, name in (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows")):
            here = {"python_version": version, "python_full_version": version + ".5", "sys_platform": system,
                    "platform_system": name, "platform_python_implementation": "CPython"}
            chosen = [pin for pin in pins if not pin.marker or pin.marker.evaluate(here)]
            pinned = {pin.name: str(pin.specifier).removeprefix("==") for pin in chosen}
            assert len(chosen) == len(pinned), f"two versions of one package on {system}, Python {version}"
            for wanted in map(Requirement, project["dependencies"]):
                if not wanted.marker or wanted.marker.evaluate(here):
                    pin = pinned[wanted.name]
                    assert wanted.specifier.contains(pin), f"{wanted}, {pin} on {system}, Python {version}"


def test_the_list_names_no_host_and_no_cuda():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text and "--" not in "".join(line for line in text.splitlines() if line[0] != "#")
    assert not any(line.startswith(("nvidia", "cuda", "triton")) for line in text.splitlines())
