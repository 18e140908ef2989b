from petkata.checking import alternative


@alternative
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epoch=n_epochs, lr_max=lr_max)
    names = list(learn.recorder.metric_names)[1:-1]
    rows = []
    for values in learn.recorder.values:
        row = {"epoch": len(rows)}
        row.update({name: float(value) for name, value in zip(names, values)})
        rows.append(row)
    return rows


@alternative
def train(learn, n_epochs, lr_max):
    import numpy as np
    from fastai.callback.schedule import ParamScheduler, combined_cos

    lr_max = np.array([lr_max] * len(learn.splitter(learn.model)))
    cycle = {"lr": combined_cos(0.25, lr_max / 25, lr_max, lr_max / 1e5), "mom": combined_cos(0.25, 0.95, 0.85, 0.95)}
    learn.fit(n_epochs, cbs=ParamScheduler(cycle))
    keys = ["train_loss", "valid_loss"] + [metric.name for metric in learn.metrics]
    return [dict(zip(["epoch", *keys], [float(epoch), *row])) for epoch, row in enumerate(learn.recorder.values)]
