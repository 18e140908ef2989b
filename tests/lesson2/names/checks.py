from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses

words = st.sampled_from(["long", "haired", "ridgeback", "spotted", "tal", "ox", "mountain", "zwerg", "jpg", "cat", "quick"])
breeds = st.lists(words, min_size=1, max_size=4).map("_".join)  # breeds that nobody can have on a list
capital = breeds.map(lambda breed: breed[0].upper() + breed[1:])
later_capitals = breeds.map(lambda breed: breed[0] + breed[1:].upper())
numbers = st.integers(0, 99999)


def told(task, file_name, expected, why):
    answer = task(file_name)
    assert answer == expected, f"{str(file_name)!r} tells {expected!r}, not {answer!r}: {why}"


def test_reads_a_breed_of_one_word(breed_of):
    told(breed_of, "beagle_28.jpg", "beagle", "the number and .jpg are no part of the breed")
    told(breed_of, "pug_101.jpg", "pug", "the number may have more than two digits")


def test_keeps_all_words_of_a_breed(breed_of):
    told(breed_of, "great_pyrenees_173.jpg", "great_pyrenees", "a breed may have two words")
    told(breed_of, "american_pit_bull_terrier_9.jpg", "american_pit_bull_terrier", "a breed may have four words")


def test_keeps_the_case(breed_of):
    told(breed_of, "Maine_Coon_9.jpg", "Maine_Coon", "capital letters tell cats from dogs, so they must stay")


def test_leaves_the_folder_out(breed_of):
    told(breed_of, "images/great_pyrenees_173.jpg", "great_pyrenees", "the folder is no part of the breed")
    told(breed_of, "/home/Ann/my_pets_2024/images/Maine_Coon_9.jpg", "Maine_Coon",
         "folders may hold underscores and numbers, too")


def test_takes_a_path_too(breed_of):
    told(breed_of, Path("images") / "great_pyrenees_173.jpg", "great_pyrenees", "fastai hands over a Path, not a text")


@given(breed=breeds | capital, number=numbers)
def test_gives_back_the_breed_a_name_was_made_from(breed_of, breed, number):
    told(breed_of, f"images/{breed}_{number}.jpg", breed, "this name was made from that breed and a number")


def test_refuses_a_name_without_a_number(breed_of):
    for name in ("great_pyrenees.jpg", "pug.jpg", "pug_.jpg", "great_pyrenees_x.jpg", "pug17.jpg"):
        assert refuses(breed_of, name), f"{name!r} has no underscore and number at its end: raise ValueError"


def test_refuses_a_name_without_a_breed(breed_of):
    for name in ("173.jpg", "_173.jpg", "images/173.jpg", "great_pyrenees/173.jpg", ""):
        assert refuses(breed_of, name), f"{name!r} names no breed: raise ValueError"


def test_refuses_what_is_no_jpg(breed_of):
    for name in ("Abyssinian_100.mat", "pug_7", "notes.txt", "pug_7_jpg"):
        assert refuses(breed_of, name), f"{name!r} does not end with .jpg: raise ValueError"


def test_refuses_what_goes_on_after_the_name(breed_of):
    for name in ("pug_7.jpg.txt", "pug_7.jpg~", "pug_7_copy.jpg", "pug_7.jpg/notes.txt", "pug_7 (1).jpg"):
        assert refuses(breed_of, name), f"{name!r} has more than a breed, a number and .jpg: raise ValueError"


def test_tells_a_cat_from_a_dog(is_cat):
    told(is_cat, "Maine_Coon_9.jpg", True, "the breed begins with a capital letter")
    told(is_cat, "Bombay_10.jpg", True, "the breed begins with a capital letter")
    told(is_cat, "great_pyrenees_173.jpg", False, "the breed begins with a small letter")
    told(is_cat, "pug_2.jpg", False, "the breed begins with a small letter")


def test_the_folder_says_nothing(is_cat):
    told(is_cat, "/Users/Ann/Cats/pug_2.jpg", False, "the capitals belong to the folders, not to the breed")
    told(is_cat, "images/Bombay_10.jpg", True, "a small letter in the folder does not make it a dog")
    told(is_cat, Path("images") / "Bombay_10.jpg", True, "a Path says the same as a text")


@given(breed=breeds | capital | later_capitals, number=numbers)
def test_only_the_first_letter_counts(is_cat, breed, number):
    told(is_cat, f"{breed}_{number}.jpg", "A" <= breed[0] <= "Z",
         "only the first letter of the breed counts, not those after it, and a breed never seen before is one, too")


def test_refuses_a_name_that_does_not_fit(is_cat):
    for name in ("Notes.txt", "173.jpg", "Abyssinian_100.mat", "pug.jpg", ""):
        assert refuses(is_cat, name), f"{name!r} is no picture's name, so neither cat nor dog: raise ValueError"
