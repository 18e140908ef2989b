"""The student's side of being judged: the kernel that has run the cells of a submission answers the judge's calls."""

from __future__ import annotations

import copy
import inspect
import io
import os
import select
import shutil
import socket
import sys
import textwrap
import threading
import warnings
from contextlib import redirect_stderr, redirect_stdout

JUDGES = 3  # the number of the socket over which this kernel is sent those that lead to judges
FOLDER = "PETKATA_JUDGING"  # in the environment: the folder of the checks' files; unset where judge and kernel see the same
SHARED = "shared"  # in that folder: what all checks find there. Beside it, each judge has a folder of its own
MOST = 20_000  # characters of what an answer prints, for each call


def serve(functions: dict) -> None:
    """Let the judge who is next ask these functions, in a process of its own: whatever they do there, the kernel goes on."""
    judges = socket.socket(fileno=JUDGES)
    try:
        name, [number], *_ = socket.recv_fds(judges, 100, 1, socket.MSG_DONTWAIT)  # it was sent before this was asked for
    finally:
        judges.detach()
    try:
        child = os.fork() == 0
    except OSError:  # there are too many processes already: who waits at the other end is not left waiting
        os.close(number)
        raise
    if child:
        try:
            import torch  # not above: the loaded process first says how many threads there are

            torch.set_num_threads(1)  # a fork has none of the others
            connection = socket.socket(fileno=number)
            threading.Thread(target=end_with, args=(connection,), daemon=True).start()
            answer(functions, connection, name.decode())
        finally:
            if FOLDER in os.environ:
                shutil.rmtree(os.path.join(os.environ[FOLDER], name.decode()), ignore_errors=True)
            os._exit(0)
    os.close(number)


def end_with(connection: socket.socket) -> None:
    """End this process when nobody is at the other end any more, whatever it does at that time."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    poll.poll()
    os._exit(0)


def answer(functions: dict, connection: socket.socket, name: str = "") -> None:
    """Do what a judge asks for with these functions, until it has judged one task. `name` is that of its own folder."""
    from matplotlib import pyplot

    from petkata.classroom.crossing import Crossing, Ended

    said = io.StringIO()

    def known(name):
        function = functions.get(name)
        if not callable(function):
            return None
        try:
            return textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):  # no function with a source
            return ""

    def printed():
        text = said.getvalue()[:MOST]
        said.seek(0)
        said.truncate()
        return text

    def call(name, /, *args, **kwargs):
        return look_at(lambda answer: answer(*args, **kwargs), name)

    def look_at(look, name, /, *args):
        try:
            return look(functions[name], *args)
        finally:
            pyplot.close("all")  # as the checks do where they draw in this process: the next call begins a figure of its own

    crossing = Crossing(connection, is_judge=False, folder=os.environ.get(FOLDER), own=name, printed=printed,
                        services={"known": known, "copied": copy.deepcopy, "call": call, "look": look_at})
    for stream in (sys.stdout, sys.stderr):  # a logger has kept them: in a fork, ipykernel's wait for ever for who sends it on
        if hasattr(stream, "pub_thread"):
            stream.write, stream.flush = said.write, said.flush
    try:
        # Of warnings a report says nothing, here as in the terminal.
        with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings(record=True):
            while True:
                verb, *what = crossing.receive()
                if verb == "end":
                    return
                crossing.serve(verb, what)
    except Ended:
        pass
