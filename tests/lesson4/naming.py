"""How the pictures of the checks are labeled. A learner that is saved names this function, and finds it again here."""


def breed_in(file):
    return file.name.rpartition("_")[0]
