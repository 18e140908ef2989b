"""The full run: the lessons' functions on a whole data set, on a GPU, and its rehearsal in miniature on a CPU."""
