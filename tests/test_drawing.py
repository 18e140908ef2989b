"""The drawn pets: the same on every machine, each breed itself, imaginary animals none of them."""

import hashlib
from dataclasses import replace
from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petkata.pets import coats
from petkata.pets.breeds import BREEDS, is_cat
from petkata.pets.coats import IMAGINARY_MARKS, MARKS
from petkata.pets.contact_sheet import contact_sheet
from petkata.pets.drawing import draw
from petkata.pets.imaginary import FAR_ENOUGH, UNSEEN_MARKS, imaginary_look
from petkata.pets.looks import CROWNS, EARS, FURS, difference

CATS = """
    Abyssinian Bengal Birman Bombay British_Shorthair Egyptian_Mau Maine_Coon Persian Ragdoll
    Russian_Blue Siamese Sphynx
""".split()
DOGS = """
    american_bulldog american_pit_bull_terrier basset_hound beagle boxer chihuahua
    english_cocker_spaniel english_setter german_shorthaired great_pyrenees havanese japanese_chin
    keeshond leonberger miniature_pinscher newfoundland pomeranian pug saint_bernard samoyed
    scottish_terrier shiba_inu staffordshire_bull_terrier wheaten_terrier yorkshire_terrier
""".split()

# A change here means other pictures: the pretrained weights and every measured figure then need making again.
DIGESTS = {
    ("pug", 1, 64): "8132d50030d0cf00dd0ce4afce01f74f6382d74bf5fec4a3224351505f147e7e",
    ("Siamese", 2, 64): "7a9aeadbef1833629ffee62e8980027ce3ef4675fe9964ec81bb3c2c00940aab",
    ("english_setter", 3, 48): "8c9184c16fcfcb16c079f48f1df9abfddcb1fd6981cb1515616d9d888f30530c",
    ("wheaten_terrier", 4, 128): "16bf5baa9d565657be76140b9acce9899c723a2370ad464ace13613045950ddc",
    ("Bengal", 5, 224): "6480ed2849466c41deda28d5335a0d63bfd37ecdc54085debe1b5417d0ec04db",
}
ALL_DIGEST = "bf572ccdc8bdf971fe923c6e58c248008406d77d25ec7580e76e5cb94f0815ba"
IMAGINARY_DIGEST = "d98618b0dc586f1134c3876dccbd70402adc97a0be056657c490b9860fc0a679"

breeds = st.sampled_from(list(BREEDS))
seeds = st.integers(0, 10**6)


def digest(*drawings):
    return hashlib.sha256(b"".join(drawing.pixels.tobytes() for drawing in drawings)).hexdigest()


# --- the breeds ---


def test_breeds_are_those_of_the_real_set_in_its_order():
    assert list(BREEDS) == sorted(CATS + DOGS)
    assert [breed for breed in BREEDS if is_cat(breed)] == CATS


def test_looks_use_known_words():
    assert set(FURS) == coats.FURS.keys()
    for look in BREEDS.values():
        assert look.fur in FURS and look.ears in EARS and look.crown in CROWNS
        assert all(mark.kind in MARKS for mark in look.marks)


def test_look_alikes_are_the_most_alike():
    apart = {pair: difference(BREEDS[pair[0]], BREEDS[pair[1]]) for pair in combinations(BREEDS, 2)}
    closest = sorted(apart, key=apart.get)[:10]
    for pair in [("american_pit_bull_terrier", "staffordshire_bull_terrier"), ("Birman", "Ragdoll"),
                 ("British_Shorthair", "Russian_Blue"), ("basset_hound", "beagle"),
                 ("havanese", "wheaten_terrier")]:
        assert pair in closest, f"{pair} should be easy to confuse"
    assert median(apart.values()) > 3 * apart[closest[0]], "most breeds should be easy to tell apart"


@pytest.mark.parametrize("breed", BREEDS)
def test_every_mark_of_a_breed_is_seen(breed):
    look = BREEDS[breed]  # the faintest, cream on a fawn chihuahua's muzzle, changes a pixel by 31 of 255
    for mark in look.marks:
        without = replace(look, marks=tuple(m for m in look.marks if m != mark))
        changed = [np.abs(draw(look, s).pixels.astype(int) - draw(without, s).pixels).max() for s in range(3)]
        assert max(changed) > 20, f"nobody sees the {mark.kind} of a {breed}"


# --- one picture ---


@pytest.mark.parametrize("breed, seed, size", DIGESTS)
def test_pixels_have_not_drifted(breed, seed, size):
    assert digest(draw(BREEDS[breed], seed, size)) == DIGESTS[breed, seed, size]


def test_no_breed_has_drifted():
    assert digest(*(draw(look, seed) for seed, look in enumerate(BREEDS.values()))) == ALL_DIGEST


def test_no_imaginary_animal_has_drifted():
    assert digest(*(draw(imaginary_look(i), i) for i in range(20))) == IMAGINARY_DIGEST


@settings(max_examples=20, deadline=None)
@given(breeds, seeds)
def test_same_seed_same_picture_another_seed_another(breed, seed):
    once, again, other = draw(BREEDS[breed], seed), draw(BREEDS[breed], seed), draw(BREEDS[breed], seed + 1)
    assert (once.pixels == again.pixels).all() and once.head_box == again.head_box
    assert (once.pixels != other.pixels).mean() > 0.5


def test_other_random_numbers_are_left_alone():
    np.random.seed(1)
    before = np.random.random()
    np.random.seed(1)
    draw(BREEDS["pug"], 1)
    assert np.random.random() == before


@settings(max_examples=20, deadline=None)
@given(breeds, seeds, st.integers(48, 160))
def test_picture_has_the_size_asked_for_and_the_head_in_it(breed, seed, size):
    drawing = draw(BREEDS[breed], seed, size)
    assert drawing.pixels.shape == (size, size, 3) and drawing.pixels.dtype == np.uint8
    left, top, right, bottom = drawing.head_box
    assert 0 <= left < right <= size and 0 <= top < bottom <= size
    assert right - left > size / 4 and bottom - top > size / 4


@pytest.mark.parametrize("size", [0, 47, 513])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="48 to 512"):
        draw(BREEDS["pug"], 1, size)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_same_seed_is_the_same_scene_at_any_size(size):
    # measured over all breeds and three seeds: at most 2.0 for the same seed, at least 35 for another
    for seed, breed in enumerate(("pug", "Siamese", "samoyed", "english_setter")):
        look = replace(BREEDS[breed], camera=0.0)
        small = draw(look, seed).pixels.astype(float)
        large = draw(look, seed, size).pixels.reshape(64, size // 64, 64, size // 64, 3).mean((1, 3))
        assert np.abs(small - large).mean() < 6


@settings(max_examples=40, deadline=None)
@given(breeds, seeds)
def test_eyes_lie_in_the_head_box(breed, seed):
    look = replace(BREEDS[breed], camera=0.0)
    drawing, other = draw(look, seed), draw(replace(look, eyes=(255, 0, 255)), seed)
    rows, columns = np.nonzero((drawing.pixels != other.pixels).any(2))
    left, top, right, bottom = drawing.head_box
    assert len(rows) > 0
    assert left <= columns.min() and columns.max() < right and top <= rows.min() and rows.max() < bottom


def test_camera_changes_the_picture_and_not_the_scene():
    for breed in ("pug", "Siamese", "samoyed"):
        plain, photograph = draw(replace(BREEDS[breed], camera=0.0), 3), draw(BREEDS[breed], 3)
        change = np.abs(plain.pixels.astype(float) - photograph.pixels).mean()
        assert 2 < change < 30 and plain.head_box == photograph.head_box


# --- imaginary animals ---


def test_imaginary_animals_are_many_and_always_the_same():
    looks = [imaginary_look(index) for index in range(300)]
    assert len(set(looks)) == 300
    assert imaginary_look(123) == looks[123]


def test_no_imaginary_animal_is_close_to_a_breed():
    for index in range(300):
        look = imaginary_look(index)
        for breed, real in BREEDS.items():
            assert difference(look, real) >= FAR_ENOUGH, f"imaginary animal {index} is nearly a {breed}"


def test_difference_sees_what_matters():
    pug = BREEDS["pug"]
    assert difference(pug, pug) == difference(pug, replace(pug, camera=0.0)) == 0
    changes = [dict(ears="bat"), dict(marks=()), dict(fur="curly"), dict(coat=(20, 20, 20)), dict(muzzle=1.0)]
    for change in changes:
        other = replace(pug, **change)
        assert difference(pug, other) == difference(other, pug) > 0.9


def test_imaginary_animals_lack_real_textures_and_the_camera():
    for index in range(300):
        look = imaginary_look(index)
        assert look.camera == 0 and look.fur not in ("curly", "wire")
        assert not {mark.kind for mark in look.marks} & set(UNSEEN_MARKS)


def test_pets_lack_what_only_imaginary_animals_have():
    for look in BREEDS.values():
        assert look.crown == "none" and look.camera > 0
        assert not {mark.kind for mark in look.marks} & IMAGINARY_MARKS.keys()
    worn = {mark.kind for look in BREEDS.values() for mark in look.marks}
    assert set(UNSEEN_MARKS) <= worn, "a mark kept from imaginary animals must be worn by some pet"


def test_contact_sheet_shows_every_look():
    looks = {breed: BREEDS[breed] for breed in ("pug", "Siamese", "boxer")}
    sheet = np.asarray(contact_sheet(looks, size=48, each=2, columns=2))
    assert sheet.shape[1] == 2 * (2 * 48 + 6) - 6
    half = sheet.shape[0] // 2
    assert (sheet[half - 48 : half, 48:96] == draw(looks["pug"], 2, 48).pixels).all()
    assert (sheet[-48:, :48] == draw(looks["boxer"], 2001, 48).pixels).all()
