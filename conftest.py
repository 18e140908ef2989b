"""What judges lives in petkata/checking, the full run in petkata/full; this file only tells pytest about them."""

pytest_plugins = ("petkata.checking.plugin", "petkata.checking.fixtures", "petkata.full.plugin")
