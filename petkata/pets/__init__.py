"""The pictures: what the 37 breeds look like, how they are drawn, and where the files lie."""


class PetsError(Exception):
    """Pictures are missing or damaged, or cannot be written; the message says which, and what to do."""
