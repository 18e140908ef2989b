"""The student's side of being judged: the kernel that has run the cells of a submission answers the judge's calls."""

from __future__ import annotations

import inspect
import io
import os
import socket
import textwrap
from contextlib import redirect_stderr, redirect_stdout

ANSWERS = 3  # the number of the socket that leads to the judge
FOLDER = "PETKATA_JUDGING"  # in the environment: the folder of the checks' files; unset where judge and kernel see the same
MOST = 20_000  # characters of what an answer prints, for each call


def serve(functions: dict, connection: socket.socket | None = None) -> None:
    """Do what the judge asks for with these functions, until it has judged one task."""
    from petkata.classroom.crossing import Crossing, Ended

    connection = connection or socket.socket(fileno=ANSWERS)
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

    def call(name, *args, **kwargs):
        return functions[name](*args, **kwargs)

    crossing = Crossing(connection, is_judge=False, folder=os.environ.get(FOLDER), printed=printed,
                        services={"known": known, "call": call})
    try:
        with redirect_stdout(said), redirect_stderr(said):
            while True:
                verb, *what = crossing.receive()
                if verb == "end":
                    return
                crossing.serve(verb, what)
    except Ended:
        pass
    except BaseException:
        connection.shutdown(socket.SHUT_RDWR)  # so that the judge does not wait for an answer
        raise
    finally:
        if connection.fileno() == ANSWERS:
            connection.detach()
