"""Checks in parallel, each with a bound in time: what hangs costs its own line and never the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

Found = TypeVar("Found")
Name = TypeVar("Name")

_AT_ONCE: Final = 32


class _Task(Generic[Found]):
    """A question in a thread of its own, which ends with the process if it hangs."""

    def __init__(self, question: Callable[[], Found], turns: threading.Semaphore) -> None:
        self._question, self._turns = question, turns
        self._found: list[Found] = []
        self._error: BaseException | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="doctor", daemon=True)

    def _run(self) -> None:
        try:
            with self._turns:
                self._found.append(self._question())
        except BaseException as error:  # raised again where the answer is awaited
            self._error = error
        finally:
            self.over.set()

    def result(self) -> Found:
        if self._error is not None:
            raise self._error
        return self._found[0]


def together(
    questions: Mapping[Name, Callable[[], Found]], seconds: float, late: Callable[[Name], Found]
) -> dict[Name, Found]:
    """What each of these questions comes to; `late` says what stands for those that take longer.

    Args:
        questions: asked in threads of their own, 32 at once.
        seconds: until those that have not come back are given up.
        late: the answer in place of one that did not come.
    """
    turns = threading.Semaphore(_AT_ONCE)
    tasks = {name: _Task(question, turns) for name, question in questions.items()}
    for task in tasks.values():
        task.thread.start()
    give_up = time.monotonic() + seconds
    for task in tasks.values():
        task.over.wait(max(0.0, give_up - time.monotonic()))
    return {name: task.result() if task.over.is_set() else late(name) for name, task in tasks.items()}
