"""What an error says, short enough for a message."""

import re


def in_one_line(error):
    """The text of an error in one line, without colors, cut between two words when it is long."""
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
    if len(text) > 200:
        text = text[:200].rpartition(" ")[0] + " ..."
    return text or "without a word"
