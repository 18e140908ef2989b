import numpy as np

from petkata.checking import alternative


@alternative
def suggest_minimum(rates, losses):
    if len(losses) < 2 or len(rates) != len(losses):
        raise ValueError("no curve")
    return rates[int(np.argmin(losses))] / 10


@alternative
def suggest_minimum(rates, losses):
    if len(set(map(len, (rates, losses)))) > 1 or len(rates) < 2:
        raise ValueError("a loss for each rate, please")
    loss, rate = min(zip(losses, rates))  # of equal losses the one with the smaller rate
    return 10 ** (np.log10(rate) - 1)


@alternative
def suggest_minimum(rates, losses):
    import torch

    if len(rates) != len(losses) or len(rates) <= 1:
        raise ValueError(f"{len(rates)} rates, {len(losses)} losses")
    order = torch.sort(torch.tensor(losses, dtype=torch.float64), stable=True).indices
    return torch.tensor(rates, dtype=torch.float64)[order[0]] * 0.1


@alternative
def suggest_steepest(rates, losses):
    if len(rates) != len(losses) or len(losses) < 2:
        raise ValueError("no curve")
    slopes = np.diff(losses) / np.diff(np.log10(rates))
    if slopes.min() >= 0:
        raise ValueError("it never falls")
    return rates[slopes.argmin()]


@alternative
def suggest_steepest(rates, losses):
    if len(rates) != len(losses) or len(losses) < 2:
        raise ValueError("no curve")
    best_rate, best_fall = None, 0.0
    for rate, loss, following in zip(rates, losses, losses[1:]):  # the steps are equally wide, so the fall will do
        if loss - following > best_fall:
            best_rate, best_fall = rate, loss - following
    if best_rate is None:
        raise ValueError("it never falls")
    return best_rate


@alternative
def suggest_steepest(rates, losses):
    import torch

    if len(rates) != len(losses) or len(losses) < 2:
        raise ValueError("no curve")
    rates, losses = torch.tensor(rates, dtype=torch.float64), torch.tensor(losses, dtype=torch.float64)
    slopes = (losses[1:] - losses[:-1]) / (rates[1:].log() - rates[:-1].log())
    if not (slopes < 0).any():
        raise ValueError("it never falls")
    return rates[slopes.argmin()].item()


@alternative
def suggest_valley(rates, losses):
    if len(rates) != len(losses):
        raise ValueError("rates and losses differ in number")
    longest, end = [1] * len(losses), 0
    for i in range(1, len(losses)):
        for j in range(i):
            if losses[i] < losses[j] and longest[i] < longest[j] + 1:
                longest[i] = longest[j] + 1
        if longest[i] > longest[end]:
            end = i
    if not losses or longest[end] < 3:
        raise ValueError("no valley")
    n = longest[end]
    return rates[end - n + n // 3 + n // 6]


@alternative
def suggest_valley(rates, losses):
    from bisect import bisect_left

    if len(rates) != len(losses):
        raise ValueError("no curve")
    bottoms, end = [], None  # of the runs of each length, the highest last loss, turned upside down
    for i, loss in enumerate(losses):
        place = bisect_left(bottoms, -loss)
        if place == len(bottoms):
            bottoms.append(-loss)
            end = i
        else:
            bottoms[place] = -loss
    n = len(bottoms)
    if n < 3:
        raise ValueError("no valley")
    return rates[end - n + int(n / 3) + int(n / 6)]


@alternative
def suggest_valley(rates, losses):
    from functools import cache

    @cache
    def run_to(i):
        return 1 + max([run_to(j) for j in range(i) if losses[j] > losses[i]], default=0)

    if len(rates) != len(losses):
        raise ValueError("no curve")
    lengths = np.array([run_to(i) for i in range(len(losses))])
    if len(lengths) == 0 or lengths.max() <= 2:
        raise ValueError("no valley")
    end, n = int(lengths.argmax()), int(lengths.max())
    return np.asarray(rates)[end - n + n // 3 + n // 6]
