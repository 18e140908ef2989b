"""Messages over the socket, and what can go wrong with them."""

from __future__ import annotations

import socket
import struct

HEAD = struct.Struct(">?QQ")  # of a message: whether it is plain; bytes of it, and of the files that cross with it
LARGEST = 2**30  # bytes of one message; a quarter of it for the files that cross with it


class CannotCross(Exception):
    """Something that this end cannot send, or does not take; the message is a sentence."""


class Ended(Exception):
    """The process at the other end is gone."""


class Wire:
    """An end of the socket. Raises Ended where the other end is gone."""

    def __init__(self, connection: socket.socket):
        self.socket = connection

    def write(self, payload: bytes, files: bytes, plain: bool = False) -> None:
        try:
            self.socket.sendall(HEAD.pack(plain, len(payload), len(files)) + payload + files)
        except OSError as error:
            raise Ended from error

    def read(self) -> tuple[bool, bytes, bytes]:
        plain, size, of_files = HEAD.unpack(self._exactly(HEAD.size))
        if size + of_files > LARGEST:
            raise CannotCross(f"What came back is too large: {size + of_files:,} bytes.")
        both = self._exactly(size + of_files)
        return plain, both[:size], both[size:]

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self.socket.recv(min(size, 2**20))
            except OSError as error:
                raise Ended from error
            if not part:
                raise Ended
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
