"""Everything that judges lives in petkata/checking; this file only tells pytest about it."""

pytest_plugins = ("petkata.checking.plugin", "petkata.checking.fixtures")
