import gc
import math
import weakref
from contextlib import contextmanager

import torch
from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses
from tests.lesson8.device import Device, room_for


@contextmanager
def nobody_tidies_up():
    """What an attempt leaves is to be let go at once, not when Python happens to collect its garbage. (An answer may ask
    for that itself; frozen, the many objects of the libraries do not slow it down.)"""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


class OutOfRange(BaseException):
    """A size was tried that was not asked for. It stops a search that would go on and on."""


def searched(largest_batch, attempt, low, high):
    """What came back, and in words what went wrong."""

    def attempt_in_range(n):
        if not low <= n <= high:
            raise OutOfRange(n)
        return attempt(n)

    with nobody_tidies_up():
        try:
            return largest_batch(attempt_in_range, low, high), ""
        except NotImplementedError:
            raise
        except OutOfRange as error:
            return None, f"sizes from {low} to {high} were asked for, and it tried {error}"
        except Exception as error:
            return None, (f"some size from {low} to {high} fits, and yet the search ended with "
                          f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def found(largest_batch, attempt, low, high):
    """The size that came back, as a number. An error that went up is told in a sentence."""
    size, went_wrong = largest_batch.where_it_runs(searched, attempt, low, high)
    assert not went_wrong, went_wrong
    return as_number(size)


def as_number(size):
    assert isinstance(size, int) or getattr(size, "ndim", None) == 0, f"a batch size is a number, not a {type(size).__name__}"
    return int(size)


def largest_by_trying(device, low, high):
    """Oracle: try every size, from the smallest up."""
    for n in range(low, high + 1):
        try:
            device.attempt(n)
        except RuntimeError:
            return n - 1
    return high


def searched_with_results(largest_batch):
    """What came back, and in words what went wrong; of each attempt its size, and how many results of earlier ones were held."""
    made, held = [], []

    def attempt(n):
        held.append((n, sum(tensor() is not None for tensor in made)))
        result = torch.zeros(n)
        made.append(weakref.ref(result))
        return result

    return *searched(largest_batch, attempt, 1, 64), held


def test_a_success_is_let_go_before_the_next_attempt(largest_batch):
    size, went_wrong, held = largest_batch.where_it_runs(searched_with_results)
    assert not went_wrong, went_wrong
    size, kept = as_number(size), [(n, still) for n, still in held if still]
    assert not kept, (
        f"when the attempt with {kept[0][0]} began, what {kept[0][1]} of the earlier ones had returned was still held: on a "
        "device that is nearly full, that is the room that this attempt needs" if kept else ""
    )
    assert held, f"{size} came back, and no size was tried: how should it know?"


def bytes_held(largest_batch):
    """Of each attempt its size and the bytes that were still held when it began; then the bytes that are held at the end."""
    device = room_for(333)
    with nobody_tidies_up():
        try:
            largest_batch(device.attempt, 1, 1000)
        except NotImplementedError:
            raise
        except (RuntimeError, ValueError, MemoryError):
            pass  # where something leaks, even a small batch may fail; the other checks judge the answer
        return list(zip(device.asked, device.left_over)), device.held


def test_nothing_is_held_when_an_attempt_begins(largest_batch):
    attempts, at_the_end = largest_batch.where_it_runs(bytes_held)
    held = [(n, left) for n, left in attempts if left]
    assert not held, (
        f"when the attempt with {held[0][0]} began, {held[0][1]} bytes of earlier attempts were still held. What they returned, "
        "and an error that is kept or still being handled, both hold the tensors" if held else ""
    )
    assert attempts, "of the sizes from 1 to 1000 none was tried: how should it know?"
    assert at_the_end == 0, f"after the search {at_the_end} bytes of its attempts are still held"


@given(st.data())
def test_finds_the_largest_that_fits(largest_batch, data):
    low = data.draw(st.integers(1, 20))
    high = low + data.draw(st.integers(0, 60))
    room = data.draw(st.integers(low * 32, high * 32 + 200))
    expected = largest_by_trying(Device(room), low, high)
    size = found(largest_batch, Device(room).attempt, low, high)
    assert size == expected, (
        f"on a device of {room} bytes, where a batch of n needs {Device.layers * Device.bytes_an_item} n of them, the largest of "
        f"the sizes from {low} to {high} that fits is {expected}, not {size}"
    )


def test_finds_the_ends_of_the_range(largest_batch):
    for fits, low, high in ((1, 1, 64), (64, 1, 64), (1000, 1, 64), (63, 1, 64), (7, 7, 7), (8, 8, 9), (9, 8, 9)):
        expected, device = min(fits, high), room_for(fits)
        size = found(largest_batch, device.attempt, low, high)
        assert size == expected, (
            f"with room for {fits}, the largest that fits of the sizes from {low} to {high} is {expected}, not {size}"
        )


@given(st.integers(1, 40), st.integers(0, 90), st.integers(0, 100))
def test_asks_only_for_sizes_in_the_range(largest_batch, low, more, fits):
    found(largest_batch, room_for(low + fits).attempt, low, low + more)  # which fails where another size is tried


def test_does_not_try_them_all(largest_batch):
    for fits, high in ((700, 1024), (1, 1024), (100_000, 100_000), (77_777, 100_000)):
        device = room_for(fits)
        found(largest_batch, device.attempt, 1, high)
        limit = math.floor(2 * math.log2(high) + 4)
        assert len(device.asked) <= limit, (
            f"each attempt costs a step of training: among {high} sizes {limit} attempts are enough, and "
            f"{len(device.asked)} were made"
        )


def test_what_an_attempt_returns_says_nothing(largest_batch):
    for result in (None, False, 0, torch.zeros(2)):
        device = room_for(20)

        def attempt(n):
            device.attempt(n)
            return result

        size = found(largest_batch, attempt, 1, 50)
        assert size == 20, (
            f"an attempt says by its error that there was no room; what it returns, here {result!r}, says nothing. "
            f"The largest that fits is 20, not {size}"
        )


def test_a_gpu_says_it_with_an_error_of_its_own(largest_batch):
    for words in ("CUDA out of memory. Tried to allocate 2.00 GiB.", "no room"):
        def attempt(n):
            if n > 37:
                raise torch.OutOfMemoryError(words)

        size = found(largest_batch, attempt, 1, 100)
        assert size == 37, f"a torch.OutOfMemoryError({words!r}) from 38 on means that 37 is the largest, not {size}"


def test_the_cpu_says_it_in_words(largest_batch):
    for words in ("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
                  "allocate 1152921504606846976 bytes. Error code 12 (Cannot allocate memory)",
                  "[enforce fail at alloc_cpu.cpp:116] data. DefaultCPUAllocator: not enough memory: you tried to "
                  "allocate 1152921504606846976 bytes."):
        def attempt(n):
            if n > 37:
                raise RuntimeError(words)

        size = found(largest_batch, attempt, 1, 100)
        assert size == 37, f"RuntimeError: {words[:80]}... from 38 on means that 37 is the largest, not {size}"


def test_any_other_error_goes_up(largest_batch):
    for error in (
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (4x512 and 256x37)"),
        RuntimeError("unsupported memory format option Contiguous"),
        ValueError("Expected more than 1 value per channel when training"),
        KeyError("breed"),
        ZeroDivisionError("division by zero"),
    ):
        for number, name in ((1, "first"), (2, "second")):  # no search makes fewer attempts: 40 fits and 41 does not
            asked = []

            def attempt(n):
                asked.append(n)
                if len(asked) >= number:
                    raise error
                if n > 40:
                    raise torch.OutOfMemoryError("no room")

            up = largest_batch.where_it_runs(what_went_up, attempt)
            assert asked, "of the sizes from 1 to 100 none was tried: how should it know?"
            assert len(asked) >= number, (
                f"the attempt with {asked[-1]} raised torch.OutOfMemoryError, which says that there is no room: try a smaller "
                f"size. Here the search ended with {type(up).__name__}")
            assert up is error, (
                f"the {name} attempt, with {asked[number - 1]}, stopped with {type(error).__name__}: {error}. That is a bug, and "
                "no answer about memory: it must go on up to the caller; "
                f"{'nothing did' if up is None else f'what went up is {type(up).__name__}: {up}'}"
            )
            more = len(asked) - number
            assert not more, f"after an error that is a bug no other size is tried; here {more} more were"


def what_went_up(largest_batch, attempt):
    try:
        largest_batch(attempt, 1, 100)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def searched_on_this_machine(largest_batch):
    """What came back, and in words what went wrong; whether so many bytes, as a power of 2, are granted, and twice as many."""

    def attempt(power):
        torch.empty(2**power, dtype=torch.uint8)  # asked for and given back untouched, so nothing is used

    def fits(power):
        try:
            attempt(power)
        except RuntimeError:
            return False
        return True

    power, went_wrong = searched(largest_batch, attempt, 10, 62)
    try:
        number = min(max(int(power), 0), 61)  # torch can ask for no more than twice as much, and no machine has it
    except (TypeError, ValueError):
        number = 0  # no number came back, which is told in other words
    return power, went_wrong, fits(number), fits(number + 1)


def test_on_the_memory_of_this_machine(largest_batch):
    power, went_wrong, fits, more_fits = largest_batch.where_it_runs(searched_on_this_machine)
    assert not went_wrong, went_wrong
    power = as_number(power)
    assert fits and not more_fits, (
        f"this machine was asked for 2**n bytes, n from 10 to 62, and {power} came back; but 2**{power} bytes it "
        f"{'grants' if fits else 'refuses'}, and 2**{power + 1} bytes it {'grants' if more_fits else 'refuses'}"
    )


def test_refuses_a_range_without_sizes(largest_batch):
    for low, high in ((0, 10), (-4, 4), (9, 8)):
        device = room_for(5)
        assert refuses(largest_batch, device.attempt, low, high), f"from {low} to {high} there is no batch size: raise ValueError"
        assert not device.asked, f"with a range from {low} to {high} nothing is to be tried; it tried {device.asked}"


def test_refuses_where_nothing_fits(largest_batch):
    for low, high in ((6, 100), (6, 6), (50, 60)):
        assert refuses(largest_batch, room_for(5).attempt, low, high), (
            f"with room for 5, no size from {low} to {high} fits: raise ValueError, for nobody can train with such a batch"
        )
