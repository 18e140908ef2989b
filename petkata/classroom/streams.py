"""What a kernel's cells print, on its way to nbgrader."""

from ipykernel.iostream import OutStream

MOST = 1_000_000  # characters that may wait to be sent


class PatientStream(OutStream):
    """ipykernel's stream, but who prints faster than it is sent waits. Else a loop that prints piles up gigabytes, in which
    nbgrader does not find for half a minute that the cell showed too much."""

    waiting = 0

    def write(self, string: str) -> int | None:
        written = super().write(string)
        self.waiting += len(string)
        if self.waiting > MOST:
            self.flush()
            self.waiting = 0
        return written
