"""The long functions to await, so that the event loop goes on meanwhile.

    from clusterload.workflow import aio

    run = await aio.measure(plan, cluster)
    task = asyncio.create_task(aio.watch(cluster))     # in a notebook: other cells can be run meanwhile

Each is the function of its name, with its arguments, and runs in a thread; functions that were given to be called are
called there. Cancelled, the work breaks off as by Ctrl-C: the load ends in an orderly way, the run file has what was
measured until then, and only then does the cancelled task end. Cancelled once more, it ends at once, and the work is
left to come to its end by itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, Final, ParamSpec, TypeVar

from clusterload.model.errors import AbortedError
from clusterload.telemetry.cancellation import cancellable
from clusterload.workflow import cases as _cases
from clusterload.workflow import experiment as _experiment
from clusterload.workflow import measure as _measure
from clusterload.workflow import noop as _noop
from clusterload.workflow import watch as _watch
from clusterload.workflow.step_search import calibrate as _calibrate
from clusterload.workflow.step_search import capacity as _capacity

_P = ParamSpec("_P")
_T = TypeVar("_T")

_HEARD_SECONDS: Final = 0.25


def _awaited(call: Callable[_P, _T]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """The same call, in a thread that ends it when the task that awaits it is cancelled."""

    @wraps(call)
    async def begun(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        asked = threading.Event()

        def work() -> _T:
            try:
                with cancellable(asked):
                    return call(*args, **kwargs)
            except KeyboardInterrupt:
                # As it is it would end the event loop.
                raise AbortedError("interrupted before there was anything to keep") from None

        # Not asyncio.to_thread: the loop's end would cancel it, and then nobody would wait for the thread.
        working = asyncio.get_running_loop().run_in_executor(None, partial(copy_context().run, work))
        try:
            while not working.done():
                # In short waits: a loop that only waits does not hear the stop button of a notebook, which is a signal.
                await asyncio.wait([working], timeout=_HEARD_SECONDS)
            return working.result()
        except asyncio.CancelledError:
            asked.set()
            working.add_done_callback(_heard)
            await asyncio.wait([working])
            raise

    return begun


def _heard(working: asyncio.Future[Any]) -> None:
    """What became of work that was cancelled is in its run file: asyncio need not warn that nobody asked."""
    if not working.cancelled():
        working.exception()


measure = _awaited(_measure.measure)
measure_noop = _awaited(_noop.measure_noop)
watch = _awaited(_watch.watch)
run_case = _awaited(_cases.run_case)
run_experiment = _awaited(_experiment.run_experiment)
find_capacity = _awaited(_capacity.find_capacity)
calibrate = _awaited(_calibrate.calibrate)
