from petkata.checking import mistake


def usable(beta):
    if not 0 <= beta < 1:
        raise ValueError(beta)


@mistake("The bias is not corrected: the average starts at 0 and needs many batches to come up to the losses.",
         caught_by="test_starts_with_the_first_loss")
def smooth(losses, beta=0.98):
    usable(beta)
    average, smoothed = 0.0, []
    for loss in losses:
        average = beta * average + (1 - beta) * loss
        smoothed.append(average)
    return smoothed


@mistake("The average starts at the first loss, so that this one keeps a weight far too large.",
         caught_by="test_older_losses_weigh_less")
def smooth(losses, beta=0.98):
    usable(beta)
    smoothed = list(losses[:1])
    for loss in losses[1:]:
        smoothed.append(beta * smoothed[-1] + (1 - beta) * loss)
    return smoothed


@mistake("The corrected average is carried on to the next batch. Carry the plain one on, and correct only what you give back.",
         caught_by="test_stays_level_where_the_losses_do")
def smooth(losses, beta=0.98):
    usable(beta)
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        average = (beta * average + (1 - beta) * loss) / (1 - beta**n)
        smoothed.append(average)
    return smoothed


@mistake("beta and 1 - beta have changed places: the newest loss counts most, and hardly anything is smoothed.",
         caught_by="test_without_beta_nothing_is_smoothed")
def smooth(losses, beta=0.98):
    usable(beta)
    if beta == 0:
        return [losses[0]] * len(losses) if losses else []
    total = weight = 0.0
    smoothed = []
    for loss in losses:
        total, weight = (1 - beta) * total + beta * loss, (1 - beta) * weight + beta
        smoothed.append(total / weight)
    return smoothed


@mistake("Every loss counts the same: this is the plain mean of all losses so far. The newer ones must weigh more.",
         caught_by="test_without_beta_nothing_is_smoothed")
def smooth(losses, beta=0.98):
    usable(beta)
    return [sum(losses[:n]) / n for n in range(1, len(losses) + 1)]


@mistake("The correction counts the losses from 0, so it divides by 0 or is one batch behind.",
         caught_by="test_starts_with_the_first_loss")
def smooth(losses, beta=0.98):
    usable(beta)
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / ((1 - beta**n) or 1))
    return smoothed


@mistake("beta is fixed, whatever was asked for.", caught_by="test_without_beta_nothing_is_smoothed")
def smooth(losses, beta=0.98):
    usable(beta)
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        average = 0.98 * average + 0.02 * loss
        smoothed.append(average / (1 - 0.98**n))
    return smoothed


@mistake("The average looks ahead: it is taken over the losses on both sides. In a running test those to come are unknown.",
         caught_by="test_a_jump_fades_slowly")
def smooth(losses, beta=0.98):
    usable(beta)
    smoothed = [losses[0]] if losses else []
    for now in range(1, len(losses)):
        weights = [beta ** abs(now - then) for then in range(len(losses))]
        smoothed.append(sum(w * loss for w, loss in zip(weights, losses)) / sum(weights))
    return smoothed


@mistake("Only the last average is returned. There is one for each loss.", caught_by="test_gives_one_for_each_loss")
def smooth(losses, beta=0.98):
    usable(beta)
    average = 0.0
    for loss in losses:
        average = beta * average + (1 - beta) * loss
    return [average / (1 - beta ** len(losses))] if losses else []


@mistake("The usual beta is 0.9, not 0.98.", caught_by="test_beta_is_098_unless_told")
def smooth(losses, beta=0.9):
    usable(beta)
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / (1 - beta**n))
    return smoothed


@mistake("The losses are smoothed in place, so the raw ones are gone.", caught_by="test_gives_one_for_each_loss")
def smooth(losses, beta=0.98):
    usable(beta)
    average = 0.0
    for n, loss in enumerate(list(losses)):
        average = beta * average + (1 - beta) * loss
        losses[n] = average / (1 - beta ** (n + 1))
    return losses


@mistake("A beta of 1 or more, or below 0, gets an answer. It must get a ValueError.",
         caught_by="test_refuses_a_beta_that_makes_no_average")
def smooth(losses, beta=0.98):
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / ((1 - beta**n) or 1))
    return smoothed
