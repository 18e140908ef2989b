from petkata.checking import mistake


def rows_of(values, names=("train_loss", "valid_loss", "accuracy", "error_rate")):
    return [{"epoch": epoch, **dict(zip(names, row))} for epoch, row in enumerate(values)]


@mistake("The learning rate stays the same (fit). One cycle changes it with every batch.",
         caught_by="test_the_rate_goes_up_and_down_once")
def train(learn, n_epochs, lr_max):
    learn.fit(n_epochs, lr_max)
    return rows_of(learn.recorder.values)


@mistake("A cycle is run for each epoch. Call fit_one_cycle once, with all the epochs.",
         caught_by="test_the_rate_goes_up_and_down_once")
def train(learn, n_epochs, lr_max):
    rows = []
    for _ in range(n_epochs):
        learn.fit_one_cycle(1, lr_max)
        rows += learn.recorder.values
    return rows_of(rows)


@mistake("lr_max is not passed on, so the learner's own learning rate is used.", caught_by="test_the_rate_peaks_at_lr_max")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs)
    return rows_of(learn.recorder.values)


@mistake("n_epochs is not passed on: one epoch is trained whatever was asked for.", caught_by="test_trains_for_so_many_epochs")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(1, lr_max)
    return rows_of(learn.recorder.values)


@mistake("The body is unfrozen first. What was frozen stays frozen here.", caught_by="test_what_was_frozen_stays_frozen")
def train(learn, n_epochs, lr_max):
    learn.unfreeze()
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values)


@mistake("Only the last epoch is returned. There is a row for each.", caught_by="test_returns_a_row_for_each_epoch")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values[-1:])


@mistake("The losses have names of their own. Use train_loss and valid_loss, so that nobody takes one for the other.",
         caught_by="test_names_the_numbers")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values, names=("train", "valid", "accuracy", "error_rate"))


@mistake("The names of the metrics are fixed. Another learner has others: ask learn.metrics.", caught_by="test_names_the_numbers")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values, names=("train_loss", "valid_loss", "error_rate"))


@mistake("The metrics themselves are the keys. Each has a .name, and that is the key.", caught_by="test_names_the_numbers")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values, names=("train_loss", "valid_loss", *learn.metrics))


@mistake("The recorder's lists are returned as they are. Give each number its name.",
         caught_by="test_returns_a_row_for_each_epoch")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return learn.recorder.values


@mistake("The two losses have changed names. The recorder notes the training loss first.",
         caught_by="test_the_rows_are_what_the_recorder_noted")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return rows_of(learn.recorder.values, names=("valid_loss", "train_loss", "accuracy", "error_rate"))


@mistake("The error is given as a percentage. It is a fraction from 0 to 1.",
         caught_by="test_the_rows_are_what_the_recorder_noted")
def train(learn, n_epochs, lr_max):
    learn.fit_one_cycle(n_epochs, lr_max)
    return [{**row, "error_rate": 100 * row["error_rate"]} for row in rows_of(learn.recorder.values)]
