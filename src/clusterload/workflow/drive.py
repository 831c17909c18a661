"""Drive: a plan's Loads made by both engines on one clock, with all that they report kept in the run file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clusterload.generator.librdkafka import CountsRecorder, generate_load
from clusterload.generator.progress import GeneratedLoad, LoadProgress, OnProgress, Progress
from clusterload.model.ledger import RECORDS, Ledger
from clusterload.model.series import SECOND
from clusterload.telemetry.cancellation import check_cancelled

if TYPE_CHECKING:
    from clusterload.generator.wire.engine import PreparedLoads
    from clusterload.kafka.properties import Properties
    from clusterload.model.workload import Plan
    from clusterload.telemetry.runfile import Recorder

KEEP_SECONDS: Final = 1.0
"""How often the accounts are kept while the load runs, so that a kill loses no more."""

LATENCY_SECONDS: Final = 5.0
"""How often latencies are kept."""


def drive(
    plan: Plan,
    properties: Properties,
    recorder: Recorder,
    *,
    seed: int,
    workers: int | None = None,
    on_start: Callable[[int], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_statistics: Callable[[str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> GeneratedLoad:
    """Make a plan's load; what became of it is in the run file also when it is interrupted.

    Args:
        plan: what load.
        properties: of the cluster's clients.
        recorder: gets ledgers, Series and latencies.
        seed: of all chance.
        workers: processes of the wire engine; by default as many as the dials call for.
        on_start: gets the Unix nanoseconds at which the load begins, a moment before it does.
        on_progress: called five times a second.
        on_statistics: gets librdkafka's JSON of each client every second.
        stop: asked five times a second whether the load is to end now; it is then not complete.

    Raises:
        ConfigurationError: a property or a dial that an engine cannot use.
        ClusterError: brokers refused before the load began, or an engine could not go on.
    """
    wire = [load for load in plan.loads if load.engine == "wire"]
    with ExitStack() as stack:
        ready = None
        if wire:
            from clusterload.generator.wire.engine import prepared_loads  # noqa: PLC0415 (heavy, and not for every load)

            ready = stack.enter_context(
                prepared_loads(
                    wire, plan.duration, properties, recorder, seed=seed, warm_up=plan.warm_up, workers=workers
                )
            )
        making = _Drive(plan, recorder, ready, on_progress, stop)
        return making.make(properties, seed, on_start, on_statistics)


class _StoppedError(Exception):
    """The load is to end before its time."""


class _Drive:
    """Both engines while they run."""

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        ready: PreparedLoads | None,
        on_progress: OnProgress,
        stop: Callable[[], bool],
    ) -> None:
        self.plan, self.recorder, self.ready = plan, recorder, ready
        self.on_progress, self.stop = on_progress, stop
        self.stopped = 0
        self.client: tuple[LoadProgress, ...] = ()
        self.start = self.end = 0
        self.extra_offsets: Mapping[str, int] = {}
        self.paces = {load.name: deque[tuple[float, int]]() for load in plan.loads if load.engine == "client"}
        self.keep_at = self.latency_at = 0.0

    def make(
        self,
        properties: Properties,
        seed: int,
        on_start: Callable[[int], None],
        on_statistics: Callable[[str], None] | None,
    ) -> GeneratedLoad:
        client = [load for load in self.plan.loads if load.engine == "client"]
        try:
            if client:
                generate_load(
                    client,
                    self.plan.duration,
                    properties,
                    seed=seed,
                    on_progress=self._client_goes_on,
                    on_statistics=on_statistics,
                    begin=lambda: self._begin(on_start),
                    on_counts=CountsRecorder(self.recorder),
                    on_written=self._join,
                    on_end=self._client_ends,
                )
            else:
                self._begin(on_start)
                self._join()
        except _StoppedError:
            self._end_now()
        except BaseException:
            # Also Ctrl-C: what was made until then is accounted for.
            self._end_now()
            raise
        finally:
            self._keep(whole=True)
        self._tell((self.stopped - self.start) / SECOND if self.stopped else self.plan.duration)
        return self.made

    def _end_now(self) -> None:
        if self.ready is not None and self.start:
            self.ready.stop()

    def _begin(self, on_start: Callable[[int], None]) -> int:
        """Begin, by the wire engine's clock if it has a part in it; the Unix nanoseconds at which the load does."""
        self.start = time.time_ns() if self.ready is None else self.ready.begin()
        on_start(self.start)
        return self.start

    def _join(self) -> None:
        """Wait for the wire engine's end, if it has a part in it."""
        if self.ready is not None:
            self.ready.join(self._step)

    def _client_goes_on(self, progress: Progress) -> None:
        self.client = progress.loads
        self._step()

    def _client_ends(self, made: GeneratedLoad) -> None:
        self.client = tuple(LoadProgress(ledger=ledger) for ledger in made.ledgers)
        self.end = made.end
        self.extra_offsets = made.extra_offsets

    def _step(self) -> None:
        check_cancelled()
        elapsed = max(0.0, (time.time_ns() - self.start) / SECOND)
        self._tell(min(elapsed, self.plan.duration))
        if elapsed >= self.keep_at:
            self.keep_at = elapsed + KEEP_SECONDS
            self._keep(whole=elapsed >= self.latency_at)
            if elapsed >= self.latency_at:
                self.latency_at = elapsed + LATENCY_SECONDS
        # Only while it runs: once all is made, what is under way is waited for.
        if elapsed < self.plan.duration and self.stop():
            self.stopped = time.time_ns()
            raise _StoppedError

    def _keep(self, *, whole: bool) -> None:
        """Keep the accounts in the run file, and the rest of what the wire engine tells if it is time for that."""
        if not self.start:
            return
        made = self.made
        self.recorder.document("window", {"start": made.start, "end": made.end, "complete": False})
        self.recorder.ledgers(made.ledgers)
        if whole and self.ready is not None:
            for name, document in self.ready.account.documents().items():
                self.recorder.document(name, document)

    def _tell(self, elapsed: float) -> None:
        load_progress = tuple(self._paced(standing, elapsed) for standing in self._standings)
        total = Ledger.total(standing.ledger for standing in load_progress)
        self.on_progress(
            Progress(elapsed=elapsed, duration=self.plan.duration, ledger=total, loads=load_progress),
        )

    @property
    def _standings(self) -> list[LoadProgress]:
        """How each Load does, in the plan's order."""
        wire = self.ready.account.load_progress if self.ready is not None else ()
        known = {standing.ledger.load: standing for standing in (*self.client, *wire)}
        return [known[load.name] for load in self.plan.loads if load.name in known]

    def _paced(self, standing: LoadProgress, elapsed: float) -> LoadProgress:
        """With the records of the last second, where the engine does not tell by itself."""
        pace = self.paces.get(standing.ledger.load)
        if pace is None or standing.ledger.unit != RECORDS:
            return standing
        if not pace or elapsed > pace[-1][0]:
            pace.append((elapsed, standing.ledger.acknowledged))
        while len(pace) > 1 and pace[1][0] <= elapsed - 1.0:
            pace.popleft()
        (then, before), (now, after) = pace[0], pace[-1]
        return replace(standing, figures={"record_rate": (after - before) / (now - then)} if now > then else {})

    @property
    def made(self) -> GeneratedLoad:
        """The load as it stands."""
        end = self.stopped or self.end
        if self.ready is not None and not self.stopped:
            end = self.ready.made.end
        elif not end:
            end = min(time.time_ns(), self.start + round(self.plan.duration * SECOND))
        return GeneratedLoad(
            start=self.start,
            end=end,
            ledgers=tuple(standing.ledger for standing in self._standings),
            complete=not self.stopped,
            extra_offsets=self.extra_offsets,
        )
