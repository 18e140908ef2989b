"""Lets torchvision be imported beside a CPU build of torch. Importing this module switches the guard on.

On Linux the plain torchvision wheel is linked against CUDA. Beside a CPU torch its compiled operators do not
load, and its module `_meta_registrations` ends the import with "operator torchvision::nms does not exist",
because it describes two operators that nobody has declared. To declare them is enough; the course calls none.

The guard steps in just before that module runs, when torchvision itself has found out whether its operators
load, and does nothing where they do. Until then it compares names. It never imports torch of its own accord.
"""

import sys
from importlib.machinery import PathFinder


class TorchvisionGuard:
    """Finds that one module where everyone finds it, and has the operators declared before it runs."""

    def __init__(self):
        self.library = None  # kept, because torch forgets the operators together with their Library

    def find_spec(self, name, path=None, target=None):
        if name != "torchvision._meta_registrations":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def declare_then_run(module):
                self.declare()
                run(module)

            spec.loader.exec_module = declare_then_run
        return spec

    def declare(self):
        """Declare `nms` and `qnms`, unless torchvision's operators have loaded or these two are known."""
        import torch
        from torchvision import extension

        if extension._has_ops():
            return
        self.library = self.library or torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, name):
                self.library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


# Asked by name: after a reload of this module its class is another one, and the first guard still stands.
if not any(type(finder).__name__ == "TorchvisionGuard" for finder in sys.meta_path):
    sys.meta_path.insert(0, TorchvisionGuard())
