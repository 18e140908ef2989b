"""nbgrader's exchange, where each student's folder stays the student's own: what is in it costs nobody else anything.

nbgrader's `collect` copies what is there, and follows links: to the gradebook, or to another's answers, which the student would
then read in the feedback. And what it cannot understand ends it. Here only files cross that are the student's own, and what is
wrong with one submission is told, and the others go on. `nbgrader_config.json` names these classes.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from datetime import datetime
from glob import escape, glob
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.exchange.default import collect as nbgraders

from petkata.classroom.intake import CONFIGURATION, in_plain_words
from petkata.classroom.resuming import disk_is_full
from petkata.classroom.showing import STRANGE

MOST_FILES = 10_000  # and folders, of one submission
NO_NAME = re.compile(r"^\.|^$|[*?\[\],/]")  # of a student's: nbgrader takes it for many, or for none
UNLINKED = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Collect(ExchangeCollect):
    """nbgrader's collect of what is a student's own: the folder, and each file in it."""

    def _path_to_record(self, path: str) -> dict:
        """nbgrader's record of a folder in the exchange; its `username` is None where it is left out."""
        try:
            record = super()._path_to_record(path)
            student, owner = record["username"], owner_of(path)
        except (Exception, SystemExit) as error:  # of nbgrader, to which the name of the folder makes no sense
            self.log.error("%s is left out, for its name: %s.", *in_plain_words([path, str(error)]))
            return {"username": None, "filename": os.path.basename(path), "timestamp": datetime.min}
        if NO_NAME.search(student) or STRANGE.search(student):
            self.log.error("%s is left out: %s is no student's name.", *in_plain_words([path, repr(student)]))
        elif self.check_owner and owner != student:
            self.log.error("%s is left out: it says that it is of %s, and it is %s's. Where the accounts have other names than "
                           "the students, write c.ExchangeCollect.check_owner = False.", *in_plain_words([path, student, owner]))
        else:
            return record
        return {**record, "username": None}

    def copy_files(self) -> None:
        self.src_records = [record for record in self.src_records if record["username"] is not None]
        # nbgrader removes what it is about to replace; here that stays until the new one is whole.
        with patch.object(nbgraders, "shutil", SimpleNamespace(rmtree=lambda folder: None)):
            super().copy_files()

    def do_copy(self, src: str, dest: str, log=None) -> None:
        """Copy it beside its place, and move it there when it is whole."""
        try:
            with tempfile.TemporaryDirectory(prefix=".being-collected-", dir=Path(dest).parent) as folder:
                own, whole = Path(folder, "own"), Path(folder, "whole")
                for left_out in copy_own(src, own, 1000 * self.coursedir.max_dir_size):
                    self.log.warning("%s: left out, because it is %s.", *in_plain_words(left_out))
                super().do_copy(str(own), str(whole), log)
                before = Path(folder, "before")
                with contextlib.suppress(FileNotFoundError):
                    os.rename(dest, before)
                try:
                    whole.rename(dest)
                except OSError:
                    with contextlib.suppress(FileNotFoundError):
                        before.rename(dest)
                    raise
        except (OSError, RuntimeError) as error:  # a link, too large, too deep: that costs this submission, and not the others
            if disk_is_full(error):
                self.fail(f"The disk is full ({error}). Make room, and give the same command again: it goes on with {src}.")
            stays = "What was collected before stays. " if os.path.lexists(dest) else ""
            self.log.error("%s was not collected: %s. %sLook at it, and ask the student to submit again.",
                           *in_plain_words([src, str(error)]), stays)


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's release of feedback, which tells whose it cannot release, and releases that of the others."""

    def copy_files(self) -> None:
        for folder in glob(self.src_path):
            self.src_path = escape(folder)
            try:
                super().copy_files()
            except (FileNotFoundError, ValueError, AssertionError) as error:  # no time or no secret, or one that is none
                self.log.error("%s was not released (%s). It was not submitted through the exchange, or was changed there. Send "
                               "the page in it yourself.", *in_plain_words([folder, f"{type(error).__name__}: {error}"]))


def owner_of(path: str) -> str:
    import pwd

    number = os.lstat(path).st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the user {number}"


def copy_own(source: str, target: Path, most: int) -> list[tuple[str, str]]:
    """Copy what in a folder is its owner's own. Gives back what was left out, and why. The owner may exchange a file for a link
    at any moment, so a file is opened once, and looked at when it is open.

    Raises OSError where the folder itself is a link, RuntimeError where it has more than `most` bytes or too many files.
    """
    left_out: list[tuple[str, str]] = []
    folder = os.open(source, UNLINKED | os.O_DIRECTORY)
    owner, copied, files = os.fstat(folder).st_uid, 0, 0

    def copy(folder: int, place: str, target: Path) -> None:
        nonlocal copied, files
        target.mkdir()
        for name in sorted(os.listdir(folder)):
            path, files = os.path.join(place, name), files + 1
            if files > MOST_FILES:
                raise RuntimeError(f"it has more than {MOST_FILES} files")
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
                elif (copied := copied + kind.st_size) > most:
                    raise RuntimeError(f"it has more than {most / 1e6:g} MB")
                else:
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
