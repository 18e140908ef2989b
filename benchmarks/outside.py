"""Whether the judge, which calls an answer in another process, says of each known answer what its checks say of it here.

    python -m benchmarks.outside                      all lessons
    python -m benchmarks.outside lesson3 --kinds solution alternative

Each solution, stub, alternative and mistake is judged as in a class, but for the sandbox and the kernel: two forked processes,
one with the answer, one with the checks. Prints each answer that did not get what it should, and how many did; and each mistake
that another check catches there, as may be with the other inputs of the hidden checks.
"""

from __future__ import annotations

import argparse
import json
import linecache
import os
import signal
import socket
import sys
import tempfile
import textwrap
import traceback

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a class, and before torch is imported

from benchmarks.parity import Answer, file_with, submissions
from petkata.checking.notebook import CollectedChecks, imports_find_cells, with_checks
from petkata.classroom import answering, judge, sandbox
from petkata.course import catalog

KINDS = ("solution", "stub", "alternative", "mistake")


def forked(do) -> int:
    """A process that does this and ends."""
    pid = os.fork()
    if pid:
        return pid
    try:
        do()
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(0)


def defined_by(lesson: catalog.Lesson, cells: list[str]) -> dict:
    """What the cells of a notebook define, in this process."""
    functions = {"__name__": "__main__"}
    imports_find_cells(lesson, functions)
    for number, source in enumerate(cells):
        file = f"/tmp/ipykernel_1/{number}.py"
        linecache.cache[file] = len(source), None, source.splitlines(True), file
        exec(compile(source, file, "exec", dont_inherit=True), functions)
    return functions


def verdict(checks: CollectedChecks, lesson: catalog.Lesson, task: str, answers: list[Answer]) -> dict:
    """What the judge says of a task, with these answers in the cells."""
    told, tells = socket.socketpair()
    connection, its_connection = socket.socketpair()
    cells = [file_with(lesson, file, answers) for file in lesson.files]
    with tempfile.TemporaryDirectory() as files:

        def answer():
            for one in (told, tells, connection):
                one.close()
            if os.getuid() == 0:  # with a folder of its own at the same place
                sandbox._call("unshare", sandbox._libc().unshare, sandbox.NEW_MOUNT)
                sandbox._mount(None, "/", None, sandbox.REC | sandbox.PRIVATE)
                sandbox._mount("tmpfs", files, "tmpfs", 0)
                os.environ[answering.FOLDER] = files
            answering.answer(defined_by(lesson, cells), its_connection, "own")

        def judging():
            told.close()
            its_connection.close()
            says = judge.answered(checks, lesson.name, task, checks.seed, connection, files if os.getuid() == 0 else None, "own")
            tells.sendall(json.dumps(says).encode())

        pids = [forked(answer), forked(judging)]
        for one in (tells, connection, its_connection):
            one.close()
        with told, told.makefile(encoding="utf-8") as lines:
            line = lines.readline()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return json.loads(line or '{"trouble": "the judge ended"}')


def say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)  # what is printed inside a run of pytest is not shown


def compared(checks: CollectedChecks, name: str, kinds: list[str], tasks: list[str]) -> tuple[int, int]:
    """How many answers of a lesson were judged, and how many as they should."""
    lesson, seen, n, right = catalog.lesson(name), set(), 0, 0
    handed_in = submissions(lesson)
    for answers in handed_in:
        for place, answer in enumerate(answers):
            name = answer.task.name
            wanted = answer.kind in kinds and (not tasks or name in tasks)
            if not wanted or (name, answer.source) in seen:
                continue
            seen.add((name, answer.source))
            says = verdict(checks, lesson, name, [*handed_in[0][:place], answer, *handed_in[0][place + 1:]])
            n, right = n + 1, right + (says.get("points", 0) == answer.points)
            caught_by = next((one["check"].partition("[")[0] for one in says.get("verdicts", ()) if one["state"] != "passed"),
                             says.get("trouble"))
            if says.get("state") == "not started" and answer.kind != "stub":
                raise SystemExit(f"{lesson.name}, {name}: this {answer.kind} does not run in a cell:\n{answer.source}")
            if answer.caught_by and caught_by != answer.caught_by:
                say(f"{lesson.name}, {name}: caught by {caught_by}, and here by {answer.caught_by}")
            if says.get("points", 0) != answer.points:
                text = textwrap.indent(says.get("text") or says["trouble"], "    ")
                source = textwrap.indent(answer.source, "        ")
                say(f"{lesson.name}, {name}, {answer.kind}: {answer.points} points expected\n{text}\n{source}")
    say(f"{lesson.name}: {right} of {n}")
    return n, right


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="all, where none is named")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--tasks", nargs="+", default=[], help="all, where none is named")
    options = parser.parse_args()
    from petkata.classroom.loaded import load

    load()
    names, counts = options.lessons or catalog.lesson_names(), []
    with_checks([catalog.lesson(name) for name in names], seed=catalog.HIDDEN_SEED, do=lambda checks: counts.extend(
        compared(checks, name, options.kinds, options.tasks) for name in names))
    n, right = map(sum, zip(*counts))
    print(f"\n{right} of {n} are judged outside as here")
    raise SystemExit(n != right)


if __name__ == "__main__":
    main()
