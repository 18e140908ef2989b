"""Lesson 2, part 1: the label stands in the file's name."""

from pathlib import Path


def breed_of(file_name: str | Path) -> str:
    """Breed that the name of a picture tells: `great_pyrenees_173.jpg` shows a great_pyrenees.

    A name is a breed, an underscore, a number and ".jpg". The breed itself may hold underscores; it is returned
    exactly as written. Folders before the name are allowed and do not count:
    `breed_of("images/Maine_Coon_9.jpg")` is "Maine_Coon". A text or a Path will do.
    Raises ValueError for any other name, such as "notes.txt" or "pug.jpg".
    """
    ### BEGIN SOLUTION
    import re

    match = re.fullmatch(r"(.+)_\d+\.jpg", Path(file_name).name)
    if match is None:
        raise ValueError(f"{file_name} does not name a breed and a number, as great_pyrenees_173.jpg does")
    return match[1]
    ### END SOLUTION


def is_cat(file_name: str | Path) -> bool:
    """Whether the name of a picture tells of a cat.

    The breeds of cats begin with a capital letter, those of dogs with a small one: `is_cat("Maine_Coon_9.jpg")` is
    True, `is_cat("great_pyrenees_173.jpg")` is False. Folders before the name do not count.
    Raises ValueError for a name that `breed_of` refuses.
    """
    ### BEGIN SOLUTION
    return breed_of(file_name)[0].isupper()
    ### END SOLUTION
