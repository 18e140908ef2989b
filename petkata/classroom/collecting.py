"""Collecting what was handed in through the exchange, where each student's folder stays the student's own.

nbgrader copies what is there, and follows links: to the gradebook, or to another's answers, which the student would then read in
the feedback. Here only files cross that are the student's own. `nbgrader_config.json` names `Collect`.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

from petkata.classroom.intake import CONFIGURATION

UNLINKED = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Collect(ExchangeCollect):
    """nbgrader's collect of what is a student's own: the folder, and each file in it."""

    def _path_to_record(self, path: str) -> dict:
        record = super()._path_to_record(path)
        if self.check_owner and (owner := owner_of(path)) != record["username"]:
            self.log.error("%s is left out: it says that it is of %s, and it is %s's. Where the accounts have other names than "
                           "the students, write c.ExchangeCollect.check_owner = False.", path, record["username"], owner)
            record["username"] = None
        return record

    def copy_files(self) -> None:
        self.src_records = [record for record in self.src_records if record["username"] is not None]
        super().copy_files()

    def do_copy(self, src: str, dest: str, log=None) -> None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                own = Path(folder, "own")
                for left_out in copy_own(src, own, 1000 * self.coursedir.max_dir_size):
                    self.log.warning("%s: left out, because it is %s.", *left_out)
                super().do_copy(str(own), dest, log)
        except (OSError, RuntimeError) as error:  # a link, too large, too deep: that costs this submission, and not the others
            self.log.error("%s was not collected: %s. Look at it, and ask the student to submit again.", src, error)


def owner_of(path: str) -> str:
    import pwd

    number = os.lstat(path).st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the user {number}"


def copy_own(source: str, target: Path, most: int) -> list[tuple[str, str]]:
    """Copy what in a folder is its owner's own, and stop after so many bytes. Gives back what was left out, and why. The owner
    may exchange a file for a link at any moment, so a file is opened once, and looked at when it is open.

    Raises OSError where the folder itself is a link.
    """
    left_out: list[tuple[str, str]] = []
    folder = os.open(source, UNLINKED | os.O_DIRECTORY)
    owner, copied = os.fstat(folder).st_uid, 0

    def copy(folder: int, place: str, target: Path) -> None:
        nonlocal copied
        target.mkdir()
        for name in sorted(os.listdir(folder)):
            path = os.path.join(place, name)
            try:
                number = os.open(name, UNLINKED, dir_fd=folder)
            except OSError as error:
                left_out.append((path, f"a link, or cannot be read ({error.strerror})"))
                continue
            try:
                kind = os.fstat(number)
                if stat.S_ISDIR(kind.st_mode):
                    copy(number, path, target / name)
                elif not stat.S_ISREG(kind.st_mode) or kind.st_uid != owner:
                    left_out.append((path, "no file of the student's own"))
                elif CONFIGURATION.fullmatch(name):
                    left_out.append((path, "a configuration, which nbgrader or Jupyter would run"))
                elif copied <= most:
                    copied += kind.st_size
                    with open(target / name, "wb") as own:
                        while kind.st_size > own.tell() and (part := os.read(number, min(2**20, kind.st_size - own.tell()))):
                            own.write(part)  # and no more, though it may grow in the meantime
            finally:
                os.close(number)

    try:
        copy(folder, source, target)
    finally:
        os.close(folder)
    return left_out
