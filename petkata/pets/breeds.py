"""The 37 breeds of Oxford-IIIT Pet, under their names there: cats with a capital, dogs without."""

from __future__ import annotations

from .looks import Color, Look, Mark

BLACK, WHITE, CREAM, PINK = (40, 37, 41), (240, 236, 230), (226, 208, 176), (206, 140, 136)
SEAL, LIVER = (66, 48, 44), (84, 50, 36)
BLUE_EYES, GOLD_EYES, GREEN_EYES, COPPER_EYES = (92, 164, 236), (232, 182, 48), (134, 190, 92), (222, 128, 40)


def cat(coat: Color, *marks: Mark, **rest) -> Look:
    usual = dict(head_height=0.88, jaw=0.12, muzzle=0.12, muzzle_width=0.36, nose=PINK, nose_size=0.1,
                 eyes=GOLD_EYES, eye_size=0.21, eye_gap=0.43, slit_pupils=True, whiskers=True, body=0.92)
    return Look(coat=coat, marks=marks, **(usual | rest))


def dog(coat: Color, *marks: Mark, **rest) -> Look:
    return Look(coat=coat, marks=marks, **(dict(tongue=0.4) | rest))


BREEDS: dict[str, Look] = {
    "Abyssinian": cat(
        (186, 116, 62), Mark("ticked", (112, 66, 38), 0.7), Mark("muzzle", CREAM, 0.7), ear_size=1.2,
        eyes=GREEN_EYES, jaw=0.25, nose=(170, 84, 64)),
    "Bengal": cat(
        (212, 152, 82), Mark("rosettes", (70, 40, 22)), Mark("muzzle", CREAM, 0.8), ear_size=0.75,
        eyes=GREEN_EYES, body=1.05),
    "Birman": cat(
        (232, 222, 204), Mark("points", (96, 76, 70), 0.9), ear_coat=(90, 72, 66), eyes=BLUE_EYES,
        fur="long", ruff=0.7, ear_size=0.75, nose=(90, 70, 70)),
    "Bombay": cat((30, 27, 30), eyes=COPPER_EYES, nose=BLACK, ear_size=0.85, head_height=0.92, jaw=0.0),
    "British_Shorthair": cat(
        (118, 124, 136), eyes=COPPER_EYES, head_width=1.12, head_height=0.95, jaw=-0.12, ear_size=0.6,
        body=1.15, fur="medium", nose=(84, 84, 96)),
    "Egyptian_Mau": cat(
        (190, 182, 166), Mark("spots", (60, 54, 52)), ear_size=0.95, eyes=(172, 206, 96),
        nose=(176, 100, 90)),
    "Maine_Coon": cat(
        (140, 104, 70), Mark("tabby", (56, 40, 30)), Mark("muzzle", WHITE, 0.9), ears="tufted",
        ear_size=1.15, fur="long", ruff=1.0, muzzle=0.25, muzzle_width=0.44, eyes=(206, 180, 70)),
    "Persian": cat(
        (236, 226, 208), fur="long", ruff=1.0, muzzle=-0.1, head_width=1.15, jaw=-0.2, ear_size=0.55,
        eyes=COPPER_EYES, eye_size=0.25, muzzle_width=0.42),
    "Ragdoll": cat(
        (236, 230, 220), Mark("half_mask", (116, 96, 90)), ear_coat=(100, 82, 76), eyes=BLUE_EYES,
        fur="long", ruff=0.7, ear_size=0.75),
    "Russian_Blue": cat(
        (112, 122, 142), eyes=GREEN_EYES, jaw=0.28, ear_size=1.1, body=0.8, nose=(88, 88, 104)),
    "Siamese": cat(
        (226, 208, 182), Mark("points", SEAL), ear_coat=SEAL, eyes=BLUE_EYES, jaw=0.35, ear_size=1.3,
        head_width=0.92, body=0.75, nose=(48, 36, 38)),
    "Sphynx": cat(
        (222, 174, 156), fur="hairless", wrinkles=1.0, ears="bat", ear_size=1.35, jaw=0.35,
        eyes=(150, 196, 190), whiskers=False, body=0.8),
    "american_bulldog": dog(
        WHITE, Mark("patch", (150, 96, 58)), ears="button", blocky=0.5, head_width=1.1, muzzle=0.35,
        muzzle_width=0.6, jowls=0.7, body=1.2, jaw=-0.05),
    "american_pit_bull_terrier": dog(
        (150, 92, 58), Mark("bib", WHITE), Mark("blaze", WHITE, 0.4), ears="rose", blocky=0.35,
        muzzle=0.45, muzzle_width=0.5, nose=(140, 84, 76), body=1.1),
    "basset_hound": dog(
        (176, 104, 56), Mark("blaze", WHITE), Mark("bib", WHITE), Mark("saddle", BLACK), ears="long",
        muzzle=0.9, muzzle_width=0.5, jowls=1.0, wrinkles=0.4, head_width=0.88, head_height=1.05),
    "beagle": dog(
        (182, 110, 58), Mark("blaze", WHITE), Mark("bib", WHITE), Mark("saddle", BLACK), ears="dropped",
        muzzle=0.5, muzzle_width=0.4),
    "boxer": dog(
        (188, 122, 66), Mark("mask", (42, 34, 34)), Mark("bib", WHITE), ears="button", blocky=0.4,
        muzzle=0.25, muzzle_width=0.58, jowls=0.9, wrinkles=0.5, body=1.1),
    "chihuahua": dog(
        (222, 178, 124), Mark("muzzle", CREAM, 0.7), ears="bat", ear_size=1.3, eye_size=0.24,
        eye_gap=0.5, muzzle=0.25, muzzle_width=0.32, nose_size=0.11, body=0.65, jaw=0.3),
    "english_cocker_spaniel": dog(
        (186, 118, 62), ears="long", ear_size=0.95, fur="medium", muzzle=0.6, muzzle_width=0.42),
    "english_setter": dog(
        WHITE, Mark("belton", (48, 44, 50)), ears="dropped", ear_size=1.2, ear_coat=(70, 64, 70),
        fur="medium", muzzle=0.85, muzzle_width=0.42, head_width=0.9, head_height=1.05),
    "german_shorthaired": dog(
        LIVER, Mark("roan", WHITE, 0.75), ears="dropped", ear_coat=(72, 42, 30), muzzle=0.8,
        muzzle_width=0.42, head_width=0.92, nose=(70, 44, 38), body_coat=(110, 76, 62)),
    "great_pyrenees": dog(
        (242, 238, 230), ears="dropped", ear_coat=(226, 204, 170), ear_size=0.75, fur="long", ruff=0.8,
        muzzle=0.55, muzzle_width=0.42, body=1.3),
    "havanese": dog(
        (206, 180, 148), ears="dropped", ear_size=1.05, fur="long", beard=0.5, muzzle=0.35,
        ear_coat=(160, 126, 92), body=0.9),
    "japanese_chin": dog(
        WHITE, Mark("cap", BLACK), ears="dropped", ear_coat=BLACK, fur="long", muzzle=-0.05,
        eye_size=0.24, eye_gap=0.5, muzzle_width=0.4, ear_size=0.95, body=0.8),
    "keeshond": dog(
        (150, 146, 142), Mark("mask", (58, 54, 56), 0.8), Mark("spectacles", (210, 200, 184)),
        Mark("tips", BLACK, 0.6), ears="pricked", ear_size=0.75, ear_coat=(52, 48, 50), fur="long",
        ruff=1.0, muzzle=0.45, muzzle_width=0.36),
    "leonberger": dog(
        (186, 122, 62), Mark("mask", (44, 34, 32)), ears="dropped", fur="long", ruff=0.9, muzzle=0.6,
        muzzle_width=0.46, body=1.3, ear_coat=(104, 66, 40)),
    "miniature_pinscher": dog(
        (40, 34, 34), Mark("brows", (176, 98, 48)), ears="pricked", ear_size=1.25, muzzle=0.55,
        muzzle_width=0.32, head_width=0.88, body=0.75, jaw=0.3),
    "newfoundland": dog(
        (50, 44, 44), ears="dropped", ear_size=0.8, fur="long", ruff=0.5, muzzle=0.55, muzzle_width=0.52,
        head_width=1.1, body=1.35, jowls=0.4),
    "pomeranian": dog(
        (226, 148, 74), ears="pricked", ear_size=0.6, fur="long", ruff=1.1, muzzle=0.3, muzzle_width=0.3,
        nose_size=0.12, body=0.9, jaw=0.2),
    "pug": dog(
        (214, 180, 136), Mark("mask", (36, 32, 34)), ears="button", ear_size=0.9, ear_coat=(44, 38, 40),
        muzzle=0.0, muzzle_width=0.5, wrinkles=1.0, eye_size=0.23, eye_gap=0.5, jaw=-0.1, tongue=0.5),
    "saint_bernard": dog(
        (172, 92, 44), Mark("blaze", WHITE), Mark("bib", WHITE), ears="dropped", ear_size=0.75,
        ear_coat=(96, 54, 36), fur="medium", muzzle=0.5, muzzle_width=0.62, jowls=1.0, head_width=1.15,
        body=1.35, wrinkles=0.4, ruff=0.3),
    "samoyed": dog(
        (246, 244, 240), ears="pricked", ear_size=0.8, fur="long", ruff=1.0, muzzle=0.45,
        muzzle_width=0.38, tongue=0.7),
    "scottish_terrier": dog(
        (60, 57, 62), ears="pricked", ear_size=1.0, fur="wire", blocky=0.4, muzzle_coat=(78, 74, 78),
        beard=1.0, muzzle=0.75, muzzle_width=0.42, head_width=0.85, tongue=0.2),
    "shiba_inu": dog(
        (206, 124, 58), Mark("cheeks", (244, 230, 208)), ears="pricked", ear_size=0.75, muzzle=0.45,
        muzzle_width=0.36, fur="medium", jaw=0.1),
    "staffordshire_bull_terrier": dog(
        (138, 88, 58), Mark("brindle", (40, 30, 28), 0.85), Mark("bib", WHITE), ears="rose", blocky=0.4,
        head_width=1.1, muzzle=0.35, muzzle_width=0.56, body=1.15),
    "wheaten_terrier": dog(
        (214, 178, 126), ears="folded", fur="curly", beard=0.8, muzzle=0.55, muzzle_width=0.44),
    "yorkshire_terrier": dog(
        (196, 128, 66), Mark("topknot", (222, 162, 96)), body_coat=(84, 92, 110), ears="pricked",
        ear_size=1.0, fur="long", ear_coat=(150, 92, 50), beard=0.6, muzzle=0.3, muzzle_width=0.36,
        body=0.8, ruff=0.3),
}


def is_cat(breed: str) -> bool:
    """The data set writes cats with a capital letter, dogs without."""
    return breed[0].isupper()
