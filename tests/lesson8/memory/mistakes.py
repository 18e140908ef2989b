import torch

from petkata.checking import mistake


def no_room(error):
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def fits(attempt, n):
    try:
        attempt(n)
    except RuntimeError as error:
        if not no_room(error):
            raise
        return False
    return True


def sizes(low, high):
    if not 1 <= low <= high:
        raise ValueError("no sizes")


def search(works, low, high):
    """The largest that works; ValueError where none does."""
    if not works(low):
        raise ValueError("nothing fits")
    while low < high:
        middle = (low + high + 1) // 2
        if works(middle):
            low = middle
        else:
            high = middle - 1
    return low


@mistake("The smallest size that does not fit is returned.", caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    return search(lambda n: fits(attempt, n), low, high) + 1


@mistake("The upper end of the range is never tried.", caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    if not fits(attempt, low):
        raise ValueError("nothing fits")
    while high - low > 1:
        middle = (low + high) // 2
        if fits(attempt, middle):
            low = middle
        else:
            high = middle
    return low


@mistake("Only powers of two are tried. The largest that fits is asked for.", caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    best = None
    while low <= high and fits(attempt, low):
        best, low = low, 2 * low
    if best is None:
        raise ValueError("nothing fits")
    return best


@mistake("The search stops at the first size that fits, from the top down by halves.",
         caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    while high > low and not fits(attempt, high):
        high = max(high // 2, low)
    if not fits(attempt, high):
        raise ValueError("nothing fits")
    return high


@mistake("Only a GPU's error is known. On the CPU torch says it with a RuntimeError.",
         caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except torch.OutOfMemoryError:
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("Python's MemoryError is waited for. torch has errors of its own.", caught_by="test_finds_the_largest_that_fits")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except MemoryError:
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("Sizes beyond the range are tried: the doubling does not stop at the upper end.",
         caught_by="test_a_success_is_let_go_before_the_next_attempt")
def largest_batch(attempt, low, high):
    sizes(low, high)
    if not fits(attempt, low):
        raise ValueError("nothing fits")
    step = low
    while step <= high and fits(attempt, 2 * step):
        step *= 2
    if step >= high:
        return high
    return search(lambda n: fits(attempt, n), step, min(2 * step, high))


@mistake("Every size is tried, one after the other. Halving the range needs far fewer.", caught_by="test_does_not_try_them_all")
def largest_batch(attempt, low, high):
    sizes(low, high)
    best = None
    for n in range(low, high + 1):
        if not fits(attempt, n):
            break
        best = n
    if best is None:
        raise ValueError("nothing fits")
    return best


@mistake("What the attempt returns is taken for its answer. It says by an error that there was no room.",
         caught_by="test_what_an_attempt_returns_says_nothing")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            result = attempt(n)
        except RuntimeError as error:
            if not no_room(error):
                raise
            return False
        return result is not None and result is not False and not (isinstance(result, int) and result == 0)

    sizes(low, high)
    return search(works, low, high)


@mistake("Only the CPU's words are known. A GPU has an error of its own.",
         caught_by="test_a_gpu_says_it_with_an_error_of_its_own")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except RuntimeError as error:
            if "DefaultCPUAllocator" not in str(error):
                raise
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("A GPU's error is looked for in its words. Its type says it.", caught_by="test_a_gpu_says_it_with_an_error_of_its_own")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except RuntimeError as error:
            if "DefaultCPUAllocator" not in str(error) and "CUDA out of memory" not in str(error):
                raise
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("The CPU's words are those of one platform. Windows says \"not enough memory\"; both name the DefaultCPUAllocator.",
         caught_by="test_the_cpu_says_it_in_words")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
                raise
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("Every error is taken for a lack of memory, bugs in the attempt, too.", caught_by="test_any_other_error_goes_up")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except Exception:
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("Every RuntimeError is taken for a lack of memory. Shapes that do not fit are one, too.",
         caught_by="test_any_other_error_goes_up")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except RuntimeError:
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("Every message with the word memory in it is taken for a lack of it.", caught_by="test_any_other_error_goes_up")
def largest_batch(attempt, low, high):
    def works(n):
        try:
            attempt(n)
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and "memory" not in str(error):
                raise
            return False
        return True

    sizes(low, high)
    return search(works, low, high)


@mistake("The result of the last attempt is held while the next one runs.",
         caught_by="test_a_success_is_let_go_before_the_next_attempt")
def largest_batch(attempt, low, high):
    sizes(low, high)
    best = None
    while low <= high:
        middle = (low + high) // 2
        try:
            result = attempt(middle)  # noqa: F841
            best, low = middle, middle + 1
        except RuntimeError as error:
            if not no_room(error):
                raise
            high = middle - 1
    if best is None:
        raise ValueError("nothing fits")
    return best


@mistake("All results are kept in a list.", caught_by="test_a_success_is_let_go_before_the_next_attempt")
def largest_batch(attempt, low, high):
    results = {}

    def works(n):
        if n not in results:
            try:
                results[n] = attempt(n)
            except RuntimeError as error:
                if not no_room(error):
                    raise
                return False
        return True

    sizes(low, high)
    while low < high:
        middle = (low + high + 1) // 2
        if works(middle):
            low = middle
        else:
            results.clear()
            high = middle - 1
    results.pop(low, None)
    if not works(low):
        raise ValueError("nothing fits")
    return low


@mistake("The last error is kept, and with it the frame of the attempt and all its tensors.",
         caught_by="test_nothing_is_held_when_an_attempt_begins")
def largest_batch(attempt, low, high):
    sizes(low, high)
    best = last_error = None
    while low <= high:
        middle = (low + high) // 2
        try:
            attempt(middle)
            best, low = middle, middle + 1
        except RuntimeError as error:
            if not no_room(error):
                raise
            last_error, high = error, middle - 1
    if best is None:
        raise ValueError("nothing fits") from last_error
    return best


@mistake("The next attempt is made inside `except`, while the error is still being handled and holds the tensors.",
         caught_by="test_nothing_is_held_when_an_attempt_begins")
def largest_batch(attempt, low, high):
    sizes(low, high)

    def best_of(low, high):
        if low > high:
            return high
        middle = (low + high) // 2
        try:
            attempt(middle)
        except RuntimeError as error:
            if not no_room(error):
                raise
            return best_of(low, middle - 1)
        return best_of(middle + 1, high)

    best = best_of(low, high)
    if best < low:
        raise ValueError("nothing fits")
    return best


@mistake("Any range is searched. One without sizes must get a ValueError.", caught_by="test_refuses_a_range_without_sizes")
def largest_batch(attempt, low, high):
    return search(lambda n: fits(attempt, n), low, high)


@mistake("The lower end is taken to fit and never tried.", caught_by="test_refuses_where_nothing_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(attempt, middle):
            low = middle
        else:
            high = middle - 1
    return low


@mistake("0 comes back where nothing fits. Somebody would train with it: raise ValueError.",
         caught_by="test_refuses_where_nothing_fits")
def largest_batch(attempt, low, high):
    sizes(low, high)
    if not fits(attempt, low):
        return 0
    return search(lambda n: fits(attempt, n), low, high)
