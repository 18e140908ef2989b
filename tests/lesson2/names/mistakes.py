import re
from pathlib import Path

from petkata.checking import mistake
from petkata.pets.breeds import BREEDS
from solutions.lesson2.names import breed_of as right_breed


def fits(file_name):
    """Refuse as the right answer does; the mistakes below are about something else."""
    right_breed(file_name)


@mistake("The name is split at the first underscore. A breed may hold underscores: count from the end.",
         caught_by="test_keeps_all_words_of_a_breed")
def breed_of(file_name):
    fits(file_name)
    return Path(file_name).name.split("_")[0]


@mistake("The last word of the breed is dropped along with the number.",
         caught_by="test_keeps_all_words_of_a_breed")
def breed_of(file_name):
    fits(file_name)
    words = Path(file_name).stem.split("_")
    return "_".join(words[:-2]) or words[0]


@mistake("The underscore before the number is left on the breed.", caught_by="test_reads_a_breed_of_one_word")
def breed_of(file_name):
    fits(file_name)
    return Path(file_name).stem.rstrip("0123456789")


@mistake("A fixed number of characters is cut off. Numbers have one digit or three.",
         caught_by="test_reads_a_breed_of_one_word")
def breed_of(file_name):
    fits(file_name)
    return Path(file_name).name[: -len("_28.jpg")]


@mistake("Everything becomes small letters, so cats can no longer be told from dogs.", caught_by="test_keeps_the_case")
def breed_of(file_name):
    fits(file_name)
    return right_breed(file_name).lower()


@mistake("The folder is left on the breed.", caught_by="test_leaves_the_folder_out")
def breed_of(file_name):
    match = re.fullmatch(r"(.+)_\d+\.jpg", str(file_name))
    if match is None:
        raise ValueError(file_name)
    return match[1]


@mistake("Only a text is understood. fastai hands over a Path.", caught_by="test_takes_a_path_too")
def breed_of(file_name):
    match = re.fullmatch(r"(.+)_\d+\.jpg", file_name.split("/")[-1] if isinstance(file_name, str) else repr(file_name))
    if match is None:
        raise ValueError(file_name)
    return match[1]


@mistake("Any name gets a label, whatever stands before the last underscore. Refuse what does not fit.",
         caught_by="test_refuses_a_name_without_a_number")
def breed_of(file_name):
    name = Path(file_name).name
    return name[: name.rfind("_")]


@mistake("The breed may be empty: _173.jpg gets the label ''.", caught_by="test_refuses_a_name_without_a_breed")
def breed_of(file_name):
    match = re.fullmatch(r"(.*?)_?\d+\.jpg", Path(file_name).name)
    if match is None or (match[1] and not re.search(r"_\d+\.jpg$", str(file_name))):
        raise ValueError(file_name)
    return match[1]


@mistake("The ending is not looked at, so a .mat file gets a label.", caught_by="test_refuses_what_is_no_jpg")
def breed_of(file_name):
    breed, _, number = Path(file_name).stem.rpartition("_")
    if not breed or not number.isdigit():
        raise ValueError(file_name)
    return breed


@mistake("The dot in the pattern stands for any character. Write \\. where a dot is meant.",
         caught_by="test_refuses_what_is_no_jpg")
def breed_of(file_name):
    match = re.fullmatch(r"(.+)_\d+.jpg", Path(file_name).name)
    if match is None:
        raise ValueError(file_name)
    return match[1]


@mistake("The pattern is not tied to the end of the name, so pug_7.jpg.txt is taken for a picture.",
         caught_by="test_refuses_what_goes_on_after_the_name")
def breed_of(file_name):
    match = re.match(r"(.+)_\d+\.jpg", Path(file_name).name)
    if match is None:
        raise ValueError(file_name)
    return match[1]


@mistake("The answer is the other way round: a capital means a cat.", caught_by="test_tells_a_cat_from_a_dog")
def is_cat(file_name):
    return right_breed(file_name)[0].islower()


@mistake('The answer is the word "cat" or "dog". True or False is asked for.', caught_by="test_tells_a_cat_from_a_dog")
def is_cat(file_name):
    return "cat" if right_breed(file_name)[0].isupper() else "dog"


@mistake("isupper is asked of the whole breed, which has small letters, too.", caught_by="test_tells_a_cat_from_a_dog")
def is_cat(file_name):
    return right_breed(file_name).isupper()


@mistake("A capital anywhere will do, in a folder's name, too.", caught_by="test_the_folder_says_nothing")
def is_cat(file_name):
    fits(file_name)
    return any(letter.isupper() for letter in str(file_name))


@mistake("The first letter of the whole path is looked at, not that of the breed.",
         caught_by="test_the_folder_says_nothing")
def is_cat(file_name):
    fits(file_name)
    return str(file_name)[0].isupper()


@mistake("The cats are told from a list. A breed that is not on it is taken for a dog.",
         caught_by="test_only_the_first_letter_counts")
def is_cat(file_name):
    return right_breed(file_name) in [breed for breed in BREEDS if breed[0].isupper()]


@mistake("Each word must have its capital. Only the first letter counts.",
         caught_by="test_only_the_first_letter_counts")
def is_cat(file_name):
    return right_breed(file_name).istitle()


@mistake("A capital anywhere in the breed will do. Only the first letter counts.",
         caught_by="test_only_the_first_letter_counts")
def is_cat(file_name):
    breed = right_breed(file_name)
    return breed != breed.lower()


@mistake("A name that is no picture's gets an answer. It must get a ValueError.",
         caught_by="test_refuses_a_name_that_does_not_fit")
def is_cat(file_name):
    return Path(file_name).name[:1].isupper()
