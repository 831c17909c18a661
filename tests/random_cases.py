"""How random cases are drawn: no time limit on a busy machine, and a failing case prints what repeats it."""

from __future__ import annotations

from hypothesis import settings

cases = settings(deadline=None, print_blob=True, max_examples=100)
few_cases = settings(deadline=None, print_blob=True, max_examples=25)
"""For claims that cost a file or a plot each time."""
