"""What a lesson is: its tasks, their order, points and hints, and the stubs made from the solutions."""
