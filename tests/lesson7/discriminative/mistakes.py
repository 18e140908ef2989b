from petkata.checking import mistake

RECIPE = slice(1e-6, 1e-4)


def frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max, **options):
    learn.fit_one_cycle(frozen_epochs, lr)
    learn.unfreeze()
    learn.fit_one_cycle(epochs, lr_max, **options)


@mistake("The second cycle has one rate for all: only the slice's last is passed on.",
         caught_by="test_the_second_cycle_has_a_rate_for_each_group")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    top = lr_max.stop if isinstance(lr_max, slice) else lr_max
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, top)
    return learn.recorder.plot_loss()


@mistake("A number for lr_max becomes a slice, so that only the last group has it. A number is for all.",
         caught_by="test_the_second_cycle_has_a_rate_for_each_group")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max if isinstance(lr_max, slice) else slice(lr_max))
    return learn.recorder.plot_loss()


@mistake("The second cycle uses lr, too: lr_max is not passed on.", caught_by="test_the_second_cycle_has_a_rate_for_each_group")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr)
    return learn.recorder.plot_loss()


@mistake("The first cycle's lr becomes a slice: all groups but the last get a tenth. A number is for all.",
         caught_by="test_the_first_cycle_has_one_rate_for_all")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, slice(lr), epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("lr is not passed on to the first cycle, so the learner's own rate is used.",
         caught_by="test_the_first_cycle_has_one_rate_for_all")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, None, epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("This is fine_tune, with its own pct_start and div. Here everything else is as fit_one_cycle has it.",
         caught_by="test_the_first_cycle_has_one_rate_for_all")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.fine_tune(epochs, lr, freeze_epochs=frozen_epochs)
    return learn.recorder.plot_loss()


@mistake("The second cycle has fine_tune's pct_start and div. Here they are as fit_one_cycle has them.",
         caught_by="test_the_second_cycle_has_a_rate_for_each_group")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max, pct_start=0.3, div=5.0)
    return learn.recorder.plot_loss()


@mistake("The learning rate stays the same (fit). Both parts are one cycle each.",
         caught_by="test_the_first_cycle_has_one_rate_for_all")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.fit(frozen_epochs, lr)
    learn.unfreeze()
    learn.fit(epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("The numbers of epochs have changed places: the first cycle is the frozen one.",
         caught_by="test_the_first_cycle_has_one_rate_for_all")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, epochs, lr, frozen_epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("The frozen part is left out: everything learns from the first batch on.", caught_by="test_trains_for_so_many_epochs")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.unfreeze()
    learn.fit_one_cycle(epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("The usual values are not the recipe's: 3 epochs at 3e-3, then 12 at slice(1e-6, 1e-4).",
         caught_by="test_the_usual_values_are_those_of_the_recipe")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=slice(1e-5, 1e-3)):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("Everything is unfrozen before the first cycle. The head learns first, alone.",
         caught_by="test_the_body_is_frozen_at_first")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.unfreeze()
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("Nothing is unfrozen: the body stands still all the time, whatever its rate.",
         caught_by="test_all_layers_learn_afterward")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.fit_one_cycle(frozen_epochs, lr)
    learn.fit_one_cycle(epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("Only the late group is unfrozen (freeze_to(1)). All groups learn in the second cycle.",
         caught_by="test_all_layers_learn_afterward")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.fit_one_cycle(frozen_epochs, lr)
    learn.freeze_to(1)
    learn.fit_one_cycle(epochs, lr_max)
    return learn.recorder.plot_loss()


@mistake("The plot is drawn but not returned.", caught_by="test_returns_the_axes_of_the_losses")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    learn.recorder.plot_loss()


@mistake("The figure is returned. The axes in it are asked for.", caught_by="test_returns_the_axes_of_the_losses")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    return learn.recorder.plot_loss().figure


@mistake("The learning rates are plotted, not the losses.", caught_by="test_the_plot_shows_the_second_cycle")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    import matplotlib.pyplot as plt

    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    axes = plt.gca()
    axes.plot(learn.recorder.lrs)
    return axes


@mistake("The losses are plotted after the first cycle. Those of the second are asked for.",
         caught_by="test_the_plot_shows_the_second_cycle")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    learn.fit_one_cycle(frozen_epochs, lr)
    axes = learn.recorder.plot_loss()
    learn.unfreeze()
    learn.fit_one_cycle(epochs, lr_max)
    return axes


@mistake("The validation losses are left out of the plot (with_valid=False).", caught_by="test_the_plot_shows_the_second_cycle")
def train_discriminatively(learn, frozen_epochs=3, lr=3e-3, epochs=12, lr_max=RECIPE):
    frozen_and_unfrozen(learn, frozen_epochs, lr, epochs, lr_max)
    return learn.recorder.plot_loss(with_valid=False)
