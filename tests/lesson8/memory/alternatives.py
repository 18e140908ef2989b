import bisect
import gc

import torch

from petkata.checking import alternative


def no_room(error):
    return isinstance(error, torch.OutOfMemoryError) or (
        type(error) is RuntimeError and str(error).find("DefaultCPUAllocator") >= 0
    )


@alternative
def largest_batch(attempt, low, high):
    """Doubles until it breaks, then halves the gap: never far beyond what fits."""
    if low < 1 or high < low:
        raise ValueError("no range")

    def works(n):
        failed = False
        try:
            attempt(n)
        except Exception as error:
            if not no_room(error):
                raise
            failed = True
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return not failed

    good, bad = 0, high + 1
    n = low
    while good < high and bad == high + 1:
        if works(n):
            good, n = n, min(2 * n, high)
        else:
            bad = n
    if good == 0:
        raise ValueError("nothing fits")
    while bad - good > 1:
        n = (good + bad) // 2
        if works(n):
            good = n
        else:
            bad = n
    return good


@alternative
def largest_batch(attempt, low, high):
    class Fails:
        def __getitem__(self, n):
            try:
                attempt(n)
            except torch.OutOfMemoryError:
                return True
            except RuntimeError as error:
                if "DefaultCPUAllocator" not in str(error):
                    raise
                return True
            return False

    if not (low >= 1 and high >= low):
        raise ValueError(f"{low}..{high}")
    first_that_fails = bisect.bisect_left(Fails(), True, low, high + 1)
    if first_that_fails == low:
        raise ValueError("too little memory")
    return first_that_fails - 1


@alternative
def largest_batch(attempt, low, high):
    def search(low, high):
        """The largest that fits in low..high, or low - 1."""
        if low > high:
            return high
        middle = low + (high - low) // 2
        try:
            attempt(middle)
            fits = True
        except RuntimeError as error:
            if not no_room(error):
                raise
            fits = False
        return search(middle + 1, high) if fits else search(low, middle - 1)

    if low <= 0 or low > high:
        raise ValueError("sizes")
    best = search(low, high)
    if best < low:
        raise ValueError("not even the smallest")
    return torch.tensor(best)


def fits(attempt, n):
    try:
        attempt(n)
    except RuntimeError as error:
        if no_room(error):
            return False
        raise
    return True


def halve(attempt, good, bad):
    """Between a size that fits and one that does not."""
    while bad - good > 1:
        middle = (good + bad) // 2
        if fits(attempt, middle):
            good = middle
        else:
            bad = middle
    return good


@alternative
def largest_batch(attempt, low, high):
    """Both ends first: the lower one, then the upper one."""
    if not 1 <= low <= high:
        raise ValueError("sizes")
    if not fits(attempt, low):
        raise ValueError("nothing fits")
    return high if fits(attempt, high) else halve(attempt, low, high)


@alternative
def largest_batch(attempt, low, high):
    """Both ends first: the upper one, then the lower one."""
    if not 1 <= low <= high:
        raise ValueError("sizes")
    if fits(attempt, high):
        return high
    if low == high or not fits(attempt, low):
        raise ValueError("nothing fits")
    return halve(attempt, low, high)
