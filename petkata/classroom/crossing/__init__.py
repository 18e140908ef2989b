"""Calling a function of a process that is not trusted, as if it were here.

Two processes hold the ends of a socket: the judge, which runs the checks, and the student's, which runs the answer. Values
cross as pickles. What the judge takes names nothing but what stands in a list, only a few harmless callables are called for it,
and things hold what belongs there: no code of a student's runs there. What cannot cross so is *remote*: a stand-in, whose calls
go back.

    a student's function, class, network of an own class   ->   remote in the judge
    a check's function, callback                           ->   remote in the student's process

An object that has crossed is known at both ends. With each message crosses the state of those that have changed: a list, network,
optimizer or Learner that the answer has changed is changed here, too, and is still the same object. So are the random
numbers, but for those that a student would choose, and the files of a check's folder. Gradients cross as well: `backward()` of a
tensor that came over asks the other end.

    ends.py           a Crossing: calls, messages, what both ends know
    pickles.py        how things are written into a message, and read out of it; names.py: what may be named there;
                      shapes.py: what things may hold
    things.py         what of a thing can change, and whether it has; stand_ins.py: what stands for something at the other end
    surroundings.py   random numbers, torch's modes, the current folder, files; notices.py: whether files have changed
    wire.py           the socket
"""

from petkata.classroom.crossing.ends import Crossing
from petkata.classroom.crossing.wire import CannotCross, Ended

__all__ = ["CannotCross", "Crossing", "Ended"]
