from petkata.checking import mistake


def rising(lr_start, lr_end, n_steps):
    if not 0 < lr_start < lr_end or n_steps < 2:
        raise ValueError("no sweep")


@mistake("The differences are equal, so nearly all rates are large. The ratios must be equal.",
         caught_by="test_spends_as_many_steps_on_small_rates_as_on_large_ones")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_start + (lr_end - lr_start) * step / (n_steps - 1) for step in range(n_steps)]


@mistake("The last rate stands one step before lr_end. Between n rates lie n - 1 steps.",
         caught_by="test_starts_and_ends_where_told")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_start * (lr_end / lr_start) ** (step / n_steps) for step in range(n_steps)]


@mistake("The first rate is one step past lr_start.", caught_by="test_starts_and_ends_where_told")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_start * (lr_end / lr_start) ** (step / n_steps) for step in range(1, n_steps + 1)]


@mistake("There is one rate too many: n_steps counts the rates, not the steps between them.",
         caught_by="test_has_so_many_rates")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_start * (lr_end / lr_start) ** (step / n_steps) for step in range(n_steps + 1)]


@mistake("Each rate is ten times the last, whatever was asked for, so the sweep ends somewhere else.",
         caught_by="test_starts_and_ends_where_told")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_start * 10**step for step in range(n_steps)]


@mistake("These are the logarithms of the rates. Raise 10 to them.", caught_by="test_starts_and_ends_where_told")
def sweep(lr_start, lr_end, n_steps):
    import math

    rising(lr_start, lr_end, n_steps)
    low, high = math.log10(lr_start), math.log10(lr_end)
    return [low + (high - low) * step / (n_steps - 1) for step in range(n_steps)]


@mistake("Ends and middle are right, but the rates follow a square. Each must be the same number of times the last.",
         caught_by="test_has_equal_ratios")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    shares = [step / (n_steps - 1) for step in range(n_steps)]
    shares = [2 * s * s if s < 0.5 else 1 - 2 * (1 - s) ** 2 for s in shares]
    return [lr_start * (lr_end / lr_start) ** share for share in shares]


@mistake("The rates go down. The test raises the rate until it breaks.", caught_by="test_starts_and_ends_where_told")
def sweep(lr_start, lr_end, n_steps):
    rising(lr_start, lr_end, n_steps)
    return [lr_end * (lr_start / lr_end) ** (step / (n_steps - 1)) for step in range(n_steps)]


@mistake("Rates that do not rise, or too few steps, get an answer. They must get a ValueError.",
         caught_by="test_refuses_what_is_no_sweep")
def sweep(lr_start, lr_end, n_steps):
    ratio = abs(lr_end / (lr_start or 1e-9))
    return [lr_start * ratio ** (step / max(n_steps - 1, 1)) for step in range(n_steps)]
