"""Whether anything has changed in some folders, without listing them: Linux notices (inotify(7))."""

from __future__ import annotations

import ctypes
import os

# From Linux's headers, inotify.h: written to; name gone or there; made, removed; the folder itself removed or moved.
MODIFY, MOVED, CREATE, DELETE, DELETE_SELF, MOVE_SELF = 0x2, 0xC0, 0x100, 0x200, 0x400, 0x800
CHANGES = MODIFY | MOVED | CREATE | DELETE | DELETE_SELF | MOVE_SELF


class Notices:
    """What Linux notices in the folders that it was told to look at. Where it cannot, anything may have changed at any time."""

    def __init__(self):
        self.libc = ctypes.CDLL(None)
        begin = getattr(self.libc, "inotify_init1", lambda flags: -1)  # -1 where a user may have no more of them, too
        self.queue = begin(os.O_NONBLOCK | os.O_CLOEXEC)
        self.blind = self.queue < 0

    def look_at(self, folder: str) -> None:
        """Notice from now on what happens to the files of a folder, but not of those below it."""
        if not self.blind and self.libc.inotify_add_watch(self.queue, os.fsencode(folder), CHANGES) < 0 and os.path.isdir(folder):
            self.blind = True

    def any(self) -> bool:
        """Whether anything may have changed since this was asked last."""
        found = self.blind
        try:
            while not self.blind and os.read(self.queue, 2**16):
                found = True
        except BlockingIOError:
            return found
        except OSError:  # an answer has closed it
            self.blind = True
        return True
