from petkata.checking import mistake


def fit(lr, n_groups):
    first, last = (lr.start, lr.stop) if isinstance(lr, slice) else (lr, lr)
    if n_groups < 1 or last is None or last <= 0 or (first is not None and first <= 0):
        raise ValueError(lr)
    return first, last


def ratios(first, last, n_groups):
    if n_groups == 1:
        return [last]
    return [first * (last / first) ** (i / (n_groups - 1)) for i in range(n_groups)]


@mistake("The rates stand at equal distances. Equal ratios are asked for: each is the one before times the same number.",
         caught_by="test_spreads_in_equal_ratios")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    return [last] if n_groups == 1 else [first + (last - first) * i / (n_groups - 1) for i in range(n_groups)]


@mistake("slice(1e-3) is taken for a number: all groups get the same. All but the last get a tenth.",
         caught_by="test_a_slice_of_one_rate_is_for_the_last_group")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    return [last] * n_groups if first is None else ratios(first, last, n_groups)


@mistake("slice(1e-3) goes down by ten from group to group. All groups but the last have the same tenth.",
         caught_by="test_a_slice_of_one_rate_is_for_the_last_group")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10 ** (n_groups - 1 - i) for i in range(n_groups)]
    return ratios(first, last, n_groups)


@mistake("slice(1e-3) is spread from a tenth up to it. All groups but the last have the same tenth.",
         caught_by="test_a_slice_of_one_rate_is_for_the_last_group")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    return ratios(last / 10 if first is None else first, last, n_groups)


@mistake("The rates of slice(1e-3) are turned round: the last group, the head, has the high one.",
         caught_by="test_a_slice_of_one_rate_is_for_the_last_group")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    return [last] + [last / 10] * (n_groups - 1) if first is None else ratios(first, last, n_groups)


@mistake("Each rate is ten times the one before, whatever the slice says. The last must be the slice's last.",
         caught_by="test_begins_and_ends_where_the_slice_does")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    if isinstance(lr, slice):
        return [first * 10**i for i in range(n_groups)] if n_groups > 1 else [last]
    return [lr] * n_groups


@mistake("There are as many steps between the rates as groups. Between three groups there are two steps.",
         caught_by="test_spreads_in_equal_ratios")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    return [first * (last / first) ** (i / n_groups) for i in range(n_groups)]


@mistake("The lowest rate always goes first. A slice may also go down, and then the first group has the highest.",
         caught_by="test_begins_and_ends_where_the_slice_does")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    return [last] if n_groups == 1 else sorted(ratios(first, last, n_groups))


@mistake("The groups between the first and the last have the middle of the two rates, all the same.",
         caught_by="test_each_rate_is_the_middle_of_its_neighbors")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    return [last] if n_groups == 1 else [first] + [(first * last) ** 0.5] * (n_groups - 2) + [last]


@mistake("A single group has the slice's first rate. It is the last group, so it has the last rate.",
         caught_by="test_a_single_group_has_the_last_rate")
def spread(lr, n_groups):
    first, last = fit(lr, n_groups)
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    return [first * (last / first) ** (i / max(n_groups - 1, 1)) for i in range(n_groups)]


@mistake("A rate of 0, or below, is taken. It must get a ValueError.", caught_by="test_refuses_what_is_no_learning_rate")
def spread(lr, n_groups):
    if n_groups < 1:
        raise ValueError(n_groups)
    if not isinstance(lr, slice):
        return [lr] * n_groups
    if lr.stop is None:
        raise ValueError(lr)
    if not lr.start:
        return [lr.stop / 10] * (n_groups - 1) + [lr.stop]
    return ratios(lr.start, lr.stop, n_groups)


@mistake("slice(0, 1e-3) is taken for slice(1e-3): `if lr.start` is False for 0, as it is for None.",
         caught_by="test_refuses_what_is_no_learning_rate")
def spread(lr, n_groups):
    first, last = (lr.start, lr.stop) if isinstance(lr, slice) else (lr, lr)
    if n_groups < 1 or last is None or last <= 0 or (first or 1) < 0:
        raise ValueError(lr)
    if first:
        return ratios(first, last, n_groups)
    return [last / 10] * (n_groups - 1) + [last]


@mistake("A slice without its last rate gets some rates all the same. It must get a ValueError.",
         caught_by="test_refuses_a_slice_without_its_last_rate")
def spread(lr, n_groups):
    if isinstance(lr, slice) and lr.stop is None:
        lr = slice(lr.start or 1e-3)
    first, last = fit(lr, n_groups)
    return [last / 10] * (n_groups - 1) + [last] if first is None else ratios(first, last, n_groups)


@mistake("No group at all gets an empty list. It must get a ValueError.", caught_by="test_refuses_fewer_than_one_group")
def spread(lr, n_groups):
    first, last = fit(lr, 1)
    if n_groups < 1:
        return []
    return [last / 10] * (n_groups - 1) + [last] if first is None else ratios(first, last, n_groups)
