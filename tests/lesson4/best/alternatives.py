import copy
import math

from petkata.checking import alternative


@alternative
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    import numpy as np
    from fastai.vision.all import SaveModelCallback

    if monitor != "valid_loss" and monitor not in [metric.name for metric in learn.metrics]:
        raise ValueError(monitor)
    less = "loss" in monitor or "error" in monitor
    keeper = SaveModelCallback(monitor=monitor, comp=np.less if less else np.greater, fname=name, with_opt=True)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=[keeper])
    place = ["valid_loss", *(metric.name for metric in learn.metrics)].index(monitor) + 1
    values = [row[place] for row in learn.recorder.values]
    if all(map(math.isnan, values)):
        raise RuntimeError("nan in all epochs")
    return np.nanmin(values) if less else np.nanmax(values)


@alternative
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    from fastai.callback.core import Callback

    names = ["train_loss", "valid_loss"] + [metric.name for metric in learn.metrics]
    if monitor not in names[1:]:
        raise ValueError(f"no {monitor} in {names}")
    sign = 1 if "loss" in monitor or "error" in monitor else -1

    class Keeper(Callback):
        order = 60  # after the recorder
        best, kept = math.inf, None

        def after_epoch(self):
            value = sign * self.learn.recorder.values[-1][names.index(monitor)]
            if value < self.best:
                self.best, self.kept = value, copy.deepcopy(self.learn.model.state_dict())
                self.learn.save(name, with_opt=False)

    keeper = Keeper()
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    learn.model.load_state_dict(keeper.kept)
    return sign * keeper.best


@alternative
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    import torch
    from fastai.vision.all import Callback

    reported = {metric.name: number for number, metric in enumerate(learn.metrics, start=2)} | {"valid_loss": 1}
    if monitor not in reported:
        raise ValueError("nobody reports this")
    file = learn.path / learn.model_dir / f"{name}.pth"
    file.parent.mkdir(parents=True, exist_ok=True)
    seen = []

    def after_epoch(self):
        values = [row[reported[monitor]] for row in self.recorder.values]
        good = [value for value in values if not math.isnan(value)]
        best = (min if any(word in monitor for word in ("loss", "error")) else max)(good, default=None)
        if values[-1] == best:
            seen.append(best)
            torch.save(self.model.state_dict(), file)

    learn.add_cb(type("Keeper", (Callback,), {"order": 70, "after_epoch": after_epoch}))
    try:
        learn.fit_one_cycle(n_epochs, lr_max=lr_max)
    finally:
        learn.remove_cb(learn.cbs[-1])
    learn.load(name, with_opt=False)
    return torch.tensor(seen[-1])
