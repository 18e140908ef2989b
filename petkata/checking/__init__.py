"""Judging an answer: what checks, mistakes and alternatives are written with."""

from petkata.checking.answers import alternative, mistake
from petkata.checking.words import number, refuses

__all__ = ["alternative", "mistake", "number", "refuses"]
