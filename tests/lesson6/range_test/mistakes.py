import copy
import math
from contextlib import contextmanager
from itertools import chain, count, repeat

from petkata.checking import mistake
from solutions.lesson6.smooth import smooth
from solutions.lesson6.sweep import sweep

KEPT = ("weights", "buffers", "opt", "gradients", "modes", "random", "shuffling")


@contextmanager
def as_it_was(learn, *forgotten, always=True):
    """Puts the learner back, but for what is forgotten; if not `always`, only where no error came."""
    from fastai.torch_core import get_random_states, set_random_states

    kept = set(KEPT) - set(forgotten)
    parameters = {name for name, _ in learn.model.named_parameters()}
    values = {name: value.clone() for name, value in learn.model.state_dict().items()
              if ("weights" if name in parameters else "buffers") in kept}
    opt, state = learn.opt, None if learn.opt is None else copy.deepcopy(learn.opt.state_dict())
    modes = [(layer, layer.training) for layer in learn.model.modules()]
    states, shuffling = get_random_states(), learn.dls.train.rng.getstate()

    def put_back():
        learn.model.load_state_dict(values, strict=False)
        if "opt" in kept:
            learn.opt = opt
            if opt is not None:
                opt.load_state_dict(state)
        if "gradients" in kept:
            learn.model.zero_grad()
        if "modes" in kept:
            for layer, training in modes:
                layer.training = training
        if "random" in kept:
            set_random_states(**states)
        if "shuffling" in kept:
            learn.dls.train.rng.setstate(shuffling)

    try:
        yield
    except BaseException:
        if always:
            put_back()
        raise
    put_back()


def steps(learn, rates, batches, stops=lambda losses: smooth(losses)[-1] > 4 * min(smooth(losses)), training=True,
          steps_taken=True):
    """The loop of a range test: a rate, a batch, a step."""
    if learn.opt is None:
        learn.create_opt()
    if training:
        learn.model.train()
    losses = []
    for rate, (pictures, targets) in zip(rates, batches):
        learn.opt.set_hypers(lr=rate)
        loss = learn.loss_func(learn.model(pictures), targets)
        if not math.isfinite(loss.item()):
            break
        learn.opt.zero_grad()
        loss.backward()
        if steps_taken:
            learn.opt.step()
        losses.append(loss.item())
        if stops(losses):
            break
    return list(rates)[:len(losses)], losses


def again_and_again(learn):
    return chain.from_iterable(repeat(learn.dls.train))


@mistake("The test is over when the loader is: one pass, however many rates there are. Begin again with the batches.",
         caught_by="test_returns_a_rate_and_a_loss_for_each_step")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), learn.dls.train)


@mistake("The pairs of rate and loss are returned in one list. Two lists are asked for.",
         caught_by="test_returns_a_rate_and_a_loss_for_each_step")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return list(zip(*steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))))


@mistake("A whole epoch is trained at each rate. One batch a rate is enough.", caught_by="test_trains_one_batch_a_rate")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates, losses = sweep(lr_start, lr_end, n_steps), []
    with as_it_was(learn):
        for rate in rates:
            losses.append(steps(learn, [rate] * 1000, learn.dls.train)[1][-1])
    return rates, losses


@mistake("fastai's own lr_find is called. It stops one step short of the end, and gives smoothed losses.",
         caught_by="test_the_rates_are_those_of_the_sweep")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    from tempfile import TemporaryDirectory

    model_dir = learn.model_dir
    with TemporaryDirectory() as folder, as_it_was(learn):
        try:
            learn.model_dir = folder
            learn.lr_find(lr_start, lr_end, n_steps, show_plot=False, suggest_funcs=None)
        finally:
            learn.model_dir = model_dir
    return list(learn.recorder.lrs), [float(loss) for loss in learn.recorder.losses]


@mistake("The rates rise by equal differences. Use your sweep.", caught_by="test_the_rates_are_those_of_the_sweep")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    sweep(lr_start, lr_end, n_steps)
    rates = [lr_start + (lr_end - lr_start) * i / (n_steps - 1) for i in range(n_steps)]
    with as_it_was(learn):
        return steps(learn, rates, again_and_again(learn))


@mistake("The rate is never handed to the optimizer, so every step has the learner's usual one.",
         caught_by="test_the_optimizer_gets_these_rates")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates = sweep(lr_start, lr_end, n_steps)
    with as_it_was(learn):
        _, losses = steps(learn, [learn.lr] * n_steps, again_and_again(learn))
    return rates[:len(losses)], losses


@mistake("The rate is set after the step, so each batch is trained at the rate of the one before.",
         caught_by="test_the_optimizer_gets_these_rates")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates = sweep(lr_start, lr_end, n_steps)
    with as_it_was(learn):
        _, losses = steps(learn, [rates[0], *rates[:-1]], again_and_again(learn))
    return rates[:len(losses)], losses


@mistake("One batch is taken out of the loader and used for all steps.", caught_by="test_takes_one_batch_after_the_other")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), repeat(learn.dls.train.one_batch()))


@mistake("Each rate gets the first batch of a new pass. Take the next batch of the same pass, until they run out.",
         caught_by="test_takes_one_batch_after_the_other")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), (learn.dls.train.one_batch() for _ in count()))


@mistake("The batches are those of the validation set. It must stay unseen, or nobody knows what the network can do.",
         caught_by="test_takes_one_batch_after_the_other")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), chain.from_iterable(repeat(learn.dls.valid)))


@mistake("The losses are kept as they came from the loss function, each with the graph of its whole batch.",
         caught_by="test_gives_plain_numbers")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    noted, usual = [], learn.loss_func

    def noting(*args):
        noted.append(usual(*args))
        return noted[-1]

    rates = sweep(lr_start, lr_end, n_steps)
    with as_it_was(learn):
        learn.loss_func = noting
        try:
            rates, losses = steps(learn, rates, again_and_again(learn))
        finally:
            learn.loss_func = usual
    return rates, noted[:len(losses)]


@mistake("The model stays in eval mode, so BatchNorm and dropout do not work as in training.",
         caught_by="test_is_in_training_mode")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn), training=False)


@mistake("The losses come back smoothed. They are asked for as they are.", caught_by="test_the_losses_are_those_of_the_batches")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        rates, losses = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    return rates, smooth(losses)


@mistake("The weights are put back after every step, so nothing is ever trained.", caught_by="test_each_step_moves_the_weights")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    values = copy.deepcopy(learn.model.state_dict())

    def back(losses):
        learn.model.load_state_dict(values)
        return smooth(losses)[-1] > 4 * min(smooth(losses))

    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn), stops=back)


@mistake("The gradients are never set to zero, so each step goes along the sum of all so far.",
         caught_by="test_each_step_moves_the_weights")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates, losses = sweep(lr_start, lr_end, n_steps), []
    with as_it_was(learn):
        if learn.opt is None:
            learn.create_opt()
        learn.model.train()
        for rate, (pictures, targets) in zip(rates, again_and_again(learn)):
            learn.opt.set_hypers(lr=rate)
            loss = learn.loss_func(learn.model(pictures), targets)
            if not math.isfinite(loss.item()):
                break
            loss.backward()
            learn.opt.step()
            losses.append(loss.item())
    return rates[:len(losses)], losses


@mistake("It never stops early: after the explosion it goes on to the end of the sweep.",
         caught_by="test_four_times_the_lowest_is_the_limit")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn), stops=lambda losses: False)


@mistake("The loss is compared with the first one. Compare it with the lowest so far: it has fallen far before it explodes.",
         caught_by="test_four_times_the_lowest_is_the_limit")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn),
                     stops=lambda losses: smooth(losses)[-1] > 4 * losses[0])


@mistake("Three times the lowest is called an explosion. Four times is the limit.",
         caught_by="test_four_times_the_lowest_is_the_limit")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn),
                     stops=lambda losses: smooth(losses)[-1] > 3 * min(smooth(losses)))


@mistake("The limit is four and a half times the lowest, so a small explosion is not seen. It is four times.",
         caught_by="test_four_times_the_lowest_is_the_limit")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn),
                     stops=lambda losses: smooth(losses)[-1] > 4.5 * min(smooth(losses)))


@mistake("It stops as soon as the loss rises. A loss goes up and down; only one far above its lowest has exploded.",
         caught_by="test_returns_a_rate_and_a_loss_for_each_step")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn),
                     stops=lambda losses: losses[-1] > min(losses))


@mistake("The batch that exploded is left out. It is the last one of the lists.",
         caught_by="test_keeps_the_batch_that_exploded")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        rates, losses = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    if len(losses) < n_steps:
        rates, losses = rates[:-1], losses[:-1]
    return rates, losses


@mistake("The raw loss decides when to stop, so one bad batch is enough. Let the smoothed loss decide.",
         caught_by="test_one_bad_batch_is_no_explosion")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn),
                     stops=lambda losses: losses[-1] > 4 * min(losses))


@mistake("Early in the sweep one bad batch ends the test. Let the smoothed loss decide, from the first batch on.",
         caught_by="test_one_bad_batch_is_no_explosion")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    def stops(losses):
        exploded = smooth(losses)[-1] > 4 * min(smooth(losses))
        return exploded or len(losses) < 15 and losses[-1] > 4 * min(losses)

    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn), stops=stops)


@mistake("nan slips through: nan > x is always False, so the test goes on with a model that is lost.",
         caught_by="test_stops_when_the_loss_is_no_number")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates, losses, best = sweep(lr_start, lr_end, n_steps), [], math.inf
    with as_it_was(learn):
        if learn.opt is None:
            learn.create_opt()
        learn.model.train()
        for rate, (pictures, targets) in zip(rates, again_and_again(learn)):
            learn.opt.set_hypers(lr=rate)
            loss = learn.loss_func(learn.model(pictures), targets)
            loss.backward()
            learn.opt.step()
            learn.opt.zero_grad()
            losses.append(loss.item())
            best = min(best, smooth(losses)[-1])
            if smooth(losses)[-1] > 4 * best:
                break
    return rates[:len(losses)], losses


@mistake("The batch with a loss of nan stands in the lists. It tells nothing; leave it out.",
         caught_by="test_stops_when_the_loss_is_no_number")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    noted = []

    def noting(usual, *args):
        loss = usual(*args)
        noted.append(loss.item())
        return loss

    usual = learn.loss_func
    rates = sweep(lr_start, lr_end, n_steps)
    with as_it_was(learn):
        learn.loss_func = lambda *args: noting(usual, *args)
        try:
            steps(learn, rates, again_and_again(learn))
        finally:
            learn.loss_func = usual
    return rates[:len(noted)], noted


@mistake("Nothing is put back: the learner is left as the explosion made it.", caught_by="test_puts_the_weights_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("state_dict() is kept without a copy. It shares the tensors that the training changes.",
         caught_by="test_puts_the_weights_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    values = learn.model.state_dict()
    with as_it_was(learn, "weights", "buffers"):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.model.load_state_dict(values)
    return found


@mistake("Only the parameters are put back. BatchNorm's running means and variances are no parameters.",
         caught_by="test_puts_the_statistics_of_batchnorm_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "buffers"):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("A copy takes the model's place. The optimizer still holds the weights of the old one.",
         caught_by="test_keeps_the_model_itself")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    kept = copy.deepcopy(learn.model)
    with as_it_was(learn):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.model = kept
    return found


@mistake("An optimizer is left where there was none.", caught_by="test_leaves_no_optimizer_where_there_was_none")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    if learn.opt is None:
        learn.create_opt()
    with as_it_was(learn):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("The optimizer is thrown away after the test, with all it had gathered before.",
         caught_by="test_puts_the_optimizer_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.opt = None
    return found


@mistake("The optimizer keeps the last rate of the sweep, and its averages.", caught_by="test_puts_the_optimizer_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    opt = learn.opt
    with as_it_was(learn, "opt"):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.opt = opt
    return found


@mistake("The optimizer's rate is put back, its averages are not.", caught_by="test_puts_the_optimizer_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    opt = learn.opt
    hypers = None if opt is None else copy.deepcopy(opt.hypers)
    with as_it_was(learn, "opt"):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.opt = opt
    if opt is not None:
        opt.hypers = hypers
    return found


@mistake("A copy of the optimizer takes its place. The copy holds copied weights, so the model would never learn again.",
         caught_by="test_puts_the_optimizer_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    kept = copy.deepcopy(learn.opt)
    with as_it_was(learn):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    learn.opt = kept
    return found


@mistake("The gradients of the last batch are left in the parameters.", caught_by="test_leaves_no_gradients")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "gradients"):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("The model is left in training mode, whatever it was in before.", caught_by="test_puts_the_modes_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "modes"):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("Everything is unfrozen for the test, and stays so.", caught_by="test_puts_the_modes_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        learn.model.requires_grad_(True)
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("The callback that runs the test is left on the learner.", caught_by="test_puts_the_callbacks_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    from fastai.callback.core import Callback

    with as_it_was(learn):
        learn.add_cb(Callback())
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("The random numbers that the test used up are gone: whatever comes after it is another training.",
         caught_by="test_puts_the_random_numbers_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "random"):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("A seed is set instead of putting the random numbers back.", caught_by="test_puts_the_random_numbers_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    from fastai.torch_core import set_seed

    with as_it_was(learn, "random"):
        found = steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))
    set_seed(42)
    return found


@mistake("The loader's own random numbers, learn.dls.train.rng, are forgotten: the next epoch comes in another order.",
         caught_by="test_puts_the_order_of_the_batches_back")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "shuffling"):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("It puts everything back at the end, but an error on the way skips that. Use try and finally.",
         caught_by="test_puts_everything_back_when_training_fails")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, always=False):
        return steps(learn, sweep(lr_start, lr_end, n_steps), again_and_again(learn))


@mistake("An error on the way is swallowed. The one who called must hear of it.",
         caught_by="test_puts_everything_back_when_training_fails")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    rates = sweep(lr_start, lr_end, n_steps)
    try:
        with as_it_was(learn):
            return steps(learn, rates, again_and_again(learn))
    except Exception:
        return [], []


@mistake("Only the last group, the head, gets the rate; the groups before it keep theirs.", caught_by="test_on_the_pets")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    class HeadOnly:
        def __init__(self, learn):
            self.__dict__.update(learn=learn)

        def __getattr__(self, name):
            return getattr(self.learn.opt, name)

        def set_hypers(self, lr):
            self.learn.opt.hypers[-1]["lr"] = lr

    class Trial:
        def __init__(self, learn):
            self.model, self.loss_func, self.opt = learn.model, learn.loss_func, HeadOnly(learn)

    rates = sweep(lr_start, lr_end, n_steps)
    with as_it_was(learn):
        if learn.opt is None:
            learn.create_opt()
        return steps(Trial(learn), rates, again_and_again(learn))


@mistake("What is no sweep gets two empty lists. It must get a ValueError.", caught_by="test_refuses_what_is_no_sweep")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    try:
        rates = sweep(lr_start, lr_end, n_steps)
    except ValueError:
        return [], []
    with as_it_was(learn):
        return steps(learn, rates, again_and_again(learn))


@mistake("What is no sweep gets its ValueError too late: the optimizer that was made before is left on the learner.",
         caught_by="test_refuses_what_is_no_sweep")
def range_test(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    opt = learn.opt
    if opt is None:
        learn.create_opt()
    rates = sweep(lr_start, lr_end, n_steps)
    learn.opt = opt
    with as_it_was(learn):
        return steps(learn, rates, again_and_again(learn))
