from petkata.checking import mistake


def first(learn, freeze_epochs, base_lr):
    learn.freeze()
    learn.fit_one_cycle(freeze_epochs, slice(base_lr), pct_start=0.99)


def second(learn, epochs, base_lr, lr_mult, pct_start=0.3, div=5.0):
    learn.unfreeze()
    learn.fit_one_cycle(epochs, slice(base_lr / 2 / lr_mult, base_lr / 2), pct_start=pct_start, div=div)


@mistake("learn.fine_tune is called. Here its two steps are to be done one by one.", caught_by="test_does_it_by_hand")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.fine_tune(epochs, base_lr, freeze_epochs, lr_mult)


@mistake("The first step is left out: everything learns from the first batch on.", caught_by="test_trains_for_so_many_epochs")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    second(learn, epochs, base_lr, lr_mult)


@mistake("The number of epochs counts both steps. It is that of the second; freeze_epochs come before it.",
         caught_by="test_trains_for_so_many_epochs")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    if epochs > freeze_epochs:
        second(learn, epochs - freeze_epochs, base_lr, lr_mult)


@mistake("freeze_epochs is not passed on: one frozen epoch is trained whatever was asked for.",
         caught_by="test_trains_for_so_many_epochs")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, 1, base_lr)
    second(learn, epochs, base_lr, lr_mult)


@mistake("Nothing is frozen in the first step. The learner may come with everything learning, so freeze it.",
         caught_by="test_the_frozen_layers_stand_still_at_first")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.fit_one_cycle(freeze_epochs, slice(base_lr), pct_start=0.99)
    second(learn, epochs, base_lr, lr_mult)


@mistake("Only the first group is frozen (freeze_to(1)). In the first step the last group learns alone.",
         caught_by="test_the_frozen_layers_stand_still_at_first")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.freeze_to(1)
    learn.fit_one_cycle(freeze_epochs, slice(base_lr), pct_start=0.99)
    second(learn, epochs, base_lr, lr_mult)


@mistake("BatchNorm is frozen with the body. It goes on learning.", caught_by="test_head_and_batch_norm_learn_at_first")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.create_opt()
    learn.freeze()
    for group in learn.splitter(learn.model)[:-1]:
        for parameter in group:
            parameter.requires_grad_(False)
    learn.fit_one_cycle(freeze_epochs, slice(base_lr), pct_start=0.99)
    second(learn, epochs, base_lr, lr_mult)


@mistake("Nothing is unfrozen for the second step: the body stands still all the time.",
         caught_by="test_all_layers_learn_afterward")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    base_lr /= 2
    learn.fit_one_cycle(epochs, slice(base_lr / lr_mult, base_lr), pct_start=0.3, div=5.0)


@mistake("In the first step all groups have base_lr. slice(base_lr) gives all but the last a tenth.",
         caught_by="test_the_first_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.freeze()
    learn.fit_one_cycle(freeze_epochs, base_lr, pct_start=0.99)
    second(learn, epochs, base_lr, lr_mult)


@mistake("The first step has the usual pct_start, 0.25. Here it is 0.99: the rate rises nearly to the end.",
         caught_by="test_the_first_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    learn.freeze()
    learn.fit_one_cycle(freeze_epochs, slice(base_lr))
    second(learn, epochs, base_lr, lr_mult)


@mistake("base_lr is halved before the first step. It is halved after it.", caught_by="test_the_first_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr / 2)
    second(learn, epochs, base_lr, lr_mult)


@mistake("base_lr is not halved for the second step.", caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, 2 * base_lr, lr_mult)


@mistake("The second step has one rate for all groups. The first group's is lr_mult times smaller.",
         caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, base_lr, 1)


@mistake("The second step's slice begins at the base_lr that was given, not at the halved one, divided by lr_mult.",
         caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    learn.unfreeze()
    learn.fit_one_cycle(epochs, slice(base_lr / lr_mult, base_lr / 2), pct_start=0.3, div=5.0)


@mistake("The slice is the wrong way round: the early layers have the highest rate.",
         caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    learn.unfreeze()
    learn.fit_one_cycle(epochs, slice(base_lr / 2, base_lr / 2 / lr_mult), pct_start=0.3, div=5.0)


@mistake("The second step starts at the usual 25th part of its top. Here div is 5.",
         caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, base_lr, lr_mult, div=25.0)


@mistake("The second step has the first one's pct_start. It is 0.3 there.", caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, base_lr, lr_mult, pct_start=0.99)


@mistake("lr_mult is not used: the first group's rate is always a hundredth.", caught_by="test_the_second_cycle_has_its_rates")
def fine_tune(learn, epochs, base_lr=2e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, base_lr, 100)


@mistake("base_lr has another usual value than fastai's, 2e-3.", caught_by="test_the_usual_values_are_fastais")
def fine_tune(learn, epochs, base_lr=1e-3, freeze_epochs=1, lr_mult=100):
    first(learn, freeze_epochs, base_lr)
    second(learn, epochs, base_lr, lr_mult)
