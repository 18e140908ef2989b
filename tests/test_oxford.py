"""Reading the real photographs: whatever lies in the archive, an image or a sentence."""

import os
from pathlib import Path

import pytest
from PIL import Image

from petkata.pets import PetsError
from petkata.pets.breeds import BREEDS
from petkata.pets.oxford import breed_of, check, head_box, junk, open_photo, photographs, species_of

BOX = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>15</ymax></bndbox>"
XML = f"<annotation><object><name>dog</name>{BOX}</object></annotation>"


@pytest.fixture
def archive(tmp_path):
    """A small archive with one of everything that the real one has."""
    images, xmls = tmp_path / "images", tmp_path / "annotations" / "xmls"
    images.mkdir()
    xmls.mkdir(parents=True)
    noise = Image.effect_noise((40, 30), 80)
    noise.convert("RGB").save(images / "pug_2.jpg")
    noise.convert("RGB").save(images / "pug_10.jpg")
    noise.convert("L").save(images / "great_pyrenees_17.jpg")
    noise.convert("CMYK").save(images / "Persian_3.jpg")
    noise.convert("P").save(images / "Abyssinian_34.jpg", "GIF")
    see_through = noise.convert("RGBA")
    see_through.putpixel((0, 0), (10, 200, 30, 0))
    see_through.putpixel((5, 5), (10, 200, 30, 255))
    see_through.save(images / "Abyssinian_5.jpg", "PNG")
    for name in ("Abyssinian_100.mat", "._pug_2.jpg", "Thumbs.db", "unicorn_1.jpg", "pug.jpg"):
        (images / name).write_bytes(b"MATLAB 5.0")
    (xmls / "pug_2.xml").write_text(XML)
    (xmls / "pug_10.xml").write_text("<annotation></annotation>")
    (xmls / "Persian_3.xml").write_text("<annot")
    return tmp_path


def test_photographs_are_found_in_order_and_the_rest_is_counted(archive):
    names = [path.name for path in photographs(archive)]
    assert names == ["Abyssinian_5.jpg", "Abyssinian_34.jpg", "Persian_3.jpg", "great_pyrenees_17.jpg",
                     "pug_2.jpg", "pug_10.jpg"]
    assert len(junk(archive)) == 5


def test_every_photograph_opens_as_rgb(archive):
    for path in photographs(archive):
        image = open_photo(path)
        assert (image.mode, image.size) == ("RGB", (40, 30))


def test_what_is_transparent_becomes_white(archive):
    image = open_photo(archive / "images" / "Abyssinian_5.jpg")
    assert image.getpixel((0, 0)) == (255, 255, 255) and image.getpixel((5, 5)) == (10, 200, 30)


@pytest.mark.parametrize("name", ["pug_2.jpg", "Abyssinian_5.jpg", "Abyssinian_34.jpg"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_photograph_cut_short_is_a_sentence(archive, name, share):
    path = archive / "images" / name
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(PetsError, match=f"{name} is (damaged or cut short|not an image).*archive again"):
        open_photo(path)


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0", b"\xff\xd8\xff"])
def test_what_is_no_image_is_a_sentence(archive, content):
    (archive / "images" / "pug_3.jpg").write_bytes(content)
    with pytest.raises(PetsError, match="pug_3.jpg is"):
        open_photo(archive / "images" / "pug_3.jpg")


def test_a_missing_photograph_or_folder_is_a_sentence(tmp_path):
    with pytest.raises(PetsError, match="no photograph"):
        open_photo(tmp_path / "pug_1.jpg")
    with pytest.raises(PetsError, match="no folder"):
        photographs(tmp_path)


def test_names_carry_breed_and_species():
    assert breed_of("images/great_pyrenees_173.jpg") == "great_pyrenees"
    assert species_of("great_pyrenees_173.jpg") == "dog" and species_of("Maine_Coon_9.jpg") == "cat"


@pytest.mark.parametrize(
    "name", ["pug.jpg", "pug_1.mat", "unicorn_1.jpg", "._pug_1.jpg", "Pug_1.jpg", "pug_1.jpg.part"])
def test_a_name_that_does_not_fit_is_an_error(name):
    with pytest.raises(PetsError, match="named like a photograph|names no breed"):
        breed_of(name)


def test_head_boxes_are_read_where_there_are_any(archive):
    assert head_box(archive / "images" / "pug_2.jpg") == (3, 4, 20, 15)
    assert head_box(archive / "images" / "Abyssinian_5.jpg") is None
    for name in ("pug_10.jpg", "Persian_3.jpg"):
        with pytest.raises(PetsError, match="does not hold a head box"):
            head_box(archive / "images" / name)


def test_check_counts_by_breed_without_a_list(archive):
    result = check(archive)
    assert (result.found, result.expected, result.junk, result.complete) == (6, 7390, 5, False)
    assert list(result.by_breed) == list(BREEDS)
    assert (result.by_breed["pug"], result.by_breed["boxer"]) == (2, 0)
    assert "6 of 7390 photographs, 5 other files." in str(result) and "pug: 2 of about 200" in str(result)
    assert check(archive, expected=6).complete


def test_check_names_what_the_list_knows(archive):
    listed = "#Image CLASS-ID SPECIES\npug_2 27 2 17\npug_11 27 2 17\n"
    (archive / "annotations" / "list.txt").write_text(listed)
    result = check(archive, expected=6)
    assert result.missing == {"pug": ["pug_11"]} and not result.complete
    assert "pug: 1 missing, such as pug_11.jpg" in str(result)


# --- a sample of the real archive, where there is one ---


@pytest.fixture(scope="module")
def sample():
    folder = os.environ.get("PETKATA_PETS_SAMPLE")
    if not folder:
        pytest.skip("PETKATA_PETS_SAMPLE does not point at a folder of real photographs")
    return Path(folder)


def test_every_real_photograph_opens(sample):
    for path in photographs(sample):
        image = open_photo(path)
        assert image.mode == "RGB" and min(image.size) > 50


def test_real_photographs_are_of_all_breeds(sample):
    assert {breed_of(path) for path in photographs(sample)} == set(BREEDS)


def test_real_head_boxes_lie_in_their_photographs(sample):
    boxes = {path: head_box(path) for path in photographs(sample)}
    boxes = {path: box for path, box in boxes.items() if box}
    assert boxes
    for path, (left, top, right, bottom) in boxes.items():
        width, height = open_photo(path).size
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
