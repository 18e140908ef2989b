"""The guard, beside small stand-ins for torch and torchvision in fresh Pythons, and once beside the real ones."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TORCH = """
from types import SimpleNamespace
schemas = []

class Library:
    def __init__(self, namespace, kind): pass
    def define(self, schema):
        schemas.append(schema)
        setattr(ops.torchvision, schema.split("(")[0], schema)

ops = SimpleNamespace(torchvision=SimpleNamespace())
library = SimpleNamespace(Library=Library)
"""
TORCHVISION = {
    "__init__": "import torch\nfrom . import extension\nfrom torchvision import _meta_registrations\n",
    "extension": "import torch\n_has_ops = lambda: {has_ops}\nif {has_ops}: torch.ops.torchvision.nms = 'real'\n",
    "_meta_registrations": "import torch\nassert torch.ops.torchvision.nms, 'nms does not exist'\nready = True\n",
}


@pytest.fixture
def python(tmp_path):
    """Runs code in a fresh Python that knows petkata and, of torch and torchvision, the stand-ins alone."""

    def run(code, has_ops=False):
        (tmp_path / "torchvision").mkdir(exist_ok=True)
        (tmp_path / "torch.py").write_text(TORCH)
        for name, text in TORCHVISION.items():
            (tmp_path / "torchvision" / f"{name}.py").write_text(text.format(has_ops=has_ops))
        code = f"import sys\nsys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n{code}"
        return subprocess.run([sys.executable, "-S", "-B", "-c", code], capture_output=True, text=True, timeout=60)

    return run


def passes(outcome):
    assert outcome.returncode == 0, outcome.stderr
    return True


def test_without_the_guard_the_import_ends_in_the_error_this_is_about(python):
    assert "no attribute 'nms'" in python("import torchvision").stderr


def test_with_the_guard_it_works(python):
    assert passes(python("""
import petkata.torchvision_guard
import torchvision, torch
assert torchvision._meta_registrations.ready
assert [schema.split("(")[0] for schema in torch.schemas] == ["nms", "qnms"]
"""))


def test_nothing_is_declared_where_the_operators_load(python):
    assert passes(python("""
import petkata.torchvision_guard
import torchvision, torch
assert torch.schemas == [] and torch.ops.torchvision.nms == "real"
""", has_ops=True))


def test_importing_the_guard_or_looking_for_torchvision_imports_neither(python):
    assert passes(python("""
import petkata.torchvision_guard, importlib.util
spec = importlib.util.find_spec("torchvision")
assert spec.origin.endswith("__init__.py"), spec
assert importlib.util.find_spec("no_such_module") is None
assert "torch" not in sys.modules and "torchvision" not in sys.modules
"""))


def test_what_is_declared_already_is_not_declared_again(python):
    assert passes(python("""
import petkata.torchvision_guard, torch
torch.library.Library("torchvision", "DEF").define("nms(by hand)")
import torchvision
assert [schema.split("(")[0] for schema in torch.schemas] == ["nms", "qnms"]
"""))


def test_switching_on_twice_and_reloading_change_nothing(python):
    assert passes(python("""
import importlib, petkata.torchvision_guard as guard
importlib.reload(guard)
assert [type(finder).__name__ for finder in sys.meta_path].count("TorchvisionGuard") == 1
import torchvision, torch
importlib.reload(guard)
importlib.reload(torchvision)
importlib.reload(torchvision._meta_registrations)
assert len(torch.schemas) == 2, torch.schemas
"""))


def test_threads_that_import_at_once_all_succeed(python):
    assert passes(python("""
import petkata.torchvision_guard
from concurrent.futures import ThreadPoolExecutor
def load(_):
    import torchvision._meta_registrations as module
    return module.ready
with ThreadPoolExecutor(8) as pool:
    assert all(pool.map(load, range(64)))
import torch
assert len(torch.schemas) == 2, torch.schemas
"""))


def test_the_real_torchvision_can_be_imported_and_used():
    code = """
import petkata.torchvision_guard
import torch, torchvision
assert torch.ops.torchvision.nms and torch.ops.torchvision.qnms
assert torchvision.models.resnet18(num_classes=3)(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
"""
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert passes(outcome)
