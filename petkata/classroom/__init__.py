"""Grading many: kernels that start at once, for nbgrader."""
