"""The parts of a report, each of what it is of: a run, its usage, its verdict."""
