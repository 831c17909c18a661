"""Processes of this machine as an executor: each call in a fresh interpreter that imports only what it runs.

The standard library's pool would import the caller's main module into each worker (so a script would need its
`if __name__ == "__main__"`), and keep one more process of its own.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final

from clusterload.model.errors import ClusterError

_RUN: Final = "import pickle, sys; call, arguments = pickle.load(sys.stdin.buffer); call(*arguments)"
_ENDING: Final = 5.0


class Processes(Executor):
    """Runs each call in a process of its own, at once. What a call returns is not handed back."""

    def __init__(self) -> None:
        self._running: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Run a function of a module with arguments that can be pickled."""
        future: Future[Any] = Future()
        process = subprocess.Popen([sys.executable, "-P", "-c", _RUN], stdin=subprocess.PIPE, start_new_session=True)
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(pickle.dumps((call, arguments)))
        future.set_running_or_notify_cancel()
        watching = threading.Thread(target=_watch, args=(process, future), name="worker", daemon=True)
        watching.start()
        self._running.append((process, watching))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait until all processes have ended, within a bound; then kill what is left."""
        for process, watching in self._running:
            watching.join(_ENDING if wait and not cancel_futures else 0)
            if process.poll() is None:
                process.kill()
            watching.join(_ENDING)


def _watch(process: subprocess.Popen[bytes], future: Future[Any]) -> None:
    code = process.wait()
    if code == 0:
        future.set_result(None)
    else:
        future.set_exception(ClusterError(f"a worker of the load ended with code {code}: see what it said above"))
