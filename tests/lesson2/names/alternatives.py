import os
import re
from pathlib import Path, PurePath

from petkata.checking import alternative

PATTERN = re.compile(r"([a-zA-Z]+(?:_[a-zA-Z]+)*)_([0-9]+)[.]jpg\Z")


@alternative
def breed_of(file_name):
    match = PATTERN.match(os.path.basename(file_name))
    if not match:
        raise ValueError("not a pet's name")
    breed, number = match.groups()
    return breed


@alternative
def breed_of(file_name):
    path = Path(file_name)
    breed, underscore, number = path.stem.rpartition("_")
    if path.suffix != ".jpg" or not breed or not number.isdigit():
        raise ValueError(f"{path.name}: <breed>_<number>.jpg is expected")
    return breed


@alternative
def breed_of(file_name):
    name = str(file_name).split("/")[-1]
    if not name.endswith(".jpg"):
        raise ValueError("ending")
    *words, number = name[: -len(".jpg")].split("_")
    int(number)  # a ValueError of its own
    if not words or not words[0]:
        raise ValueError("breed")
    return "_".join(words)


@alternative
def is_cat(file_name):
    from solutions.lesson2.names import breed_of

    return "A" <= breed_of(file_name)[:1] <= "Z"


@alternative
def is_cat(file_name):
    name = PurePath(file_name).name
    if re.search(r"^[A-Z]\w*_\d+\.jpg$", name):
        return True
    if re.search(r"^[a-z]\w*_\d+\.jpg$", name):
        return False
    raise ValueError(f"{name} is neither a cat's nor a dog's name")
