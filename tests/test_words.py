"""How values and errors are told. What a whole run reads like is in test_judging.py."""

import pandas
import pytest
import torch
from torch import nn

from petkata.checking.answers import Task
from petkata.checking.words import describe, refuses, tail


def test_values_are_told_in_few_words():
    assert describe(0.5) == "0.5"
    assert describe([1, 2, 3]) == "[1, 2, 3]"
    assert describe(list(range(100))).startswith("<list of 100: [0, 1,")
    assert describe(torch.tensor([1.0, 2.0])) == "tensor([1.0, 2.0])"
    assert describe(torch.zeros(2, 3, 4)) == "<Tensor of shape (2, 3, 4)>"
    assert describe(torch.tensor(3)) == "3"
    assert describe(nn.Linear(2, 3)) == "<Linear>"
    assert len(describe("x" * 1000)) < 100
    assert describe(torch.float16) == "torch.float16" and describe(torch.zeros(2, 3).shape) == "(2, 3)"
    assert describe(torch.relu) == "relu" and describe(iter([1])) == "<list_iterator>"


def test_not_all_that_has_a_shape_is_a_tensor():
    class Block(nn.Module):
        shape = 3

    assert describe(pandas.Series([1.0, 2.0])) == "<Series of shape (2,)>"
    assert describe(Block()) == "<Block>"


def test_what_lists_hold_is_told_in_few_words_too():
    class Block(nn.Module):
        pass

    batch = torch.zeros(5, 3, 8, 8), torch.zeros(5)
    assert describe(Block()) == "<Block>"
    assert describe([batch, batch]) == "[(<Tensor of shape (5, 3, 8, 8)>, tensor([0.0, 0.0, 0.0, 0.0, 0.0]))" + \
        ", (<Tensor of shape (5, 3, 8, 8)>, tensor([0.0, 0.0, 0.0, 0.0, 0.0]))]"
    assert describe([batch] * 9) == "<list of 9>" and describe({"weight": torch.zeros(9)}) == "<dict of 1>"


def test_a_value_that_cannot_be_shown_is_named():
    class Odd:
        def __repr__(self):
            raise RuntimeError

    assert "Odd" in describe(Odd())


def test_only_the_end_of_a_flood_is_shown():
    shown = tail("\n".join(map(str, range(1000))))
    assert shown.splitlines()[0] == "... 990 lines before these (pytest -s shows all)"
    assert shown.splitlines()[-1] == "999"
    assert tail("one\ntwo\n") == "one\ntwo"


def test_refusing_is_raising_value_error_and_nothing_else():
    def picky(number):
        if number < 0:
            raise ValueError("negative")
        return 1 / number

    task = Task("picky", picky)
    assert refuses(task, -1)
    assert not refuses(task, 1)
    with pytest.raises(AssertionError, match=r"a ValueError is asked for here, and ZeroDivisionError came \(division by zero\)"):
        refuses(task, 0)
    assert task.last_call.args == (0,) and not task.last_call.answered
