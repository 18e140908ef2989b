from petkata.checking import alternative


@alternative
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=slice(1e-6, 1e-4)):
    """Axes of its own, all batches in it, and the rates worked out by hand."""
    import matplotlib.pyplot as plt

    from solutions.lesson7.rates import spread

    learn.freeze()
    learn.fit_one_cycle(n_epoch=frozen_epochs, lr_max=lr)
    learn.freeze_to(0)
    n_groups = len(learn.opt.param_lists)
    learn.fit_one_cycle(n_epoch=epochs, lr_max=spread(lr_max, n_groups))
    _, axes = plt.subplots(figsize=(6, 3))
    return learn.recorder.plot_loss(skip_start=0, show_epochs=True, ax=axes)


@alternative
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=slice(1e-6, 1e-4)):
    """The plot drawn by hand, and shown."""
    import matplotlib.pyplot as plt

    for n_epochs, rate in ((frozen_epochs, lr), (epochs, lr_max)):
        learn.fit_one_cycle(n_epochs, rate)
        learn.unfreeze()
    figure = plt.figure()
    axes = figure.add_subplot(111, title="losses", xlabel="batch")
    axes.plot([float(loss) for loss in learn.recorder.losses], label="training")
    axes.plot(learn.recorder.iters, [row[1] for row in learn.recorder.values], label="validation")
    plt.show()
    return axes


@alternative
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=slice(1e-6, 1e-4)):
    """A new optimizer for the second part."""
    learn.fit_one_cycle(frozen_epochs, lr_max=lr)
    learn.create_opt()
    learn.unfreeze()
    learn.fit_one_cycle(epochs, lr_max=lr_max)
    return learn.recorder.plot_loss(log=True)
