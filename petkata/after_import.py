"""Doing something once a module is there, without importing it for that."""

import sys
from importlib.abc import MetaPathFinder


def after_import(name: str, then) -> None:
    """Call `then(module)` for the module of that name: now when it is loaded already, else right after it has been."""
    if name in sys.modules:
        then(sys.modules[name])
    else:
        sys.meta_path.insert(0, AfterImport(name, then))


class AfterImport(MetaPathFinder):
    """Finds one module as Python would, and calls `then(module)` once it has been loaded."""

    def __init__(self, name, then):
        self.name, self.then = name, then

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        # As if this finder were not there: another one may wait for the same module.
        later = sys.meta_path[sys.meta_path.index(self) + 1:]
        finders = (getattr(finder, "find_spec", None) for finder in later)
        spec = next((spec for find in finders if find and (spec := find(name, path, target))), None)
        if spec is not None:
            load = spec.loader.exec_module

            def load_and_tell(module):
                load(module)
                self.then(module)

            spec.loader.exec_module = load_and_tell
        return spec
