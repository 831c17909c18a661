"""Late figures: when they count as settled, and what is said when they do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clusterload.analysis.usage import assess
from clusterload.cli.root import root
from clusterload.model.errors import AbortedError, SourceError
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.telemetry.record import collect, read_history, recording
from clusterload.telemetry.runfile import read_run
from clusterload.telemetry.sources.confluent import ConfluentSource, Granularity, WaitPolicy
from clusterload.telemetry.sources.source import Waiting
from tests.http_server import HttpServer, Request, Response

from .model import MINUTE, NAMES, Model, steady
from .played import HURRIED, SECRET, TOKEN, access, properties
from .test_confluent_series import FIRST


@dataclass(kw_only=True)
class Clock:
    """A wall clock that moves only when somebody sleeps."""

    now: int
    waits: list[Waiting] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    def policy(self, longest: float = 600.0) -> WaitPolicy:
        return WaitPolicy(longest=longest, now=lambda: self.now, sleep=self.sleep)


def read(api: HttpServer, clock: Clock, path: Path, minutes: int = 3, longest: float = 600.0) -> Run:
    source = ConfluentSource(access=access(api), retry=HURRIED, wait=clock.policy(longest))
    end = FIRST + minutes * MINUTE
    return read_history(source, "lkc-played", start=FIRST, end=end, path=path, on_wait=clock.waits.append)


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.events]


def total(run: Run, name: str) -> float:
    return sum(series.total() for series in run.named(name))


def test_figures_that_come_three_minutes_late_are_waited_for_and_all_there(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 3 * MINUTE)
    api.answer = Model(rows=steady(FIRST, 3), shown=lambda start: start + 4 * MINUTE <= clock.now)
    run = read(api, clock, tmp_path / "late.run")
    assert total(run, "ingress") == 3 * 6_000_000
    assert kinds(run) == []
    assert clock.now == FIRST + 3 * MINUTE + 210 * SECOND, "30 s after the last figure came, two readings agree"
    assert {wait.missing for wait in clock.waits} == {"figures of the last minutes", "the same figures again"}
    assert clock.waits[0].left == 600


def test_a_minute_is_not_read_before_it_is_over(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 2 * MINUTE + 26 * SECOND)
    api.answer = Model(rows=steady(FIRST, 3))
    read(api, clock, tmp_path / "under-way.run")
    assert (clock.waits[0].missing, clock.waits[0].left) == ("the end of the last bucket", 34)
    assert clock.now == FIRST + 3 * MINUTE + 30 * SECOND


def test_a_figure_that_still_grows_is_not_settled(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 3 * MINUTE)

    def grown(request: Request) -> Response:
        rows = steady(FIRST, 3)
        seconds = (clock.now - FIRST - 3 * MINUTE) // SECOND
        rows["received_bytes"]["sales", "0"][FIRST + 2 * MINUTE] = 1e6 * min(4, 1 + seconds // 30)
        return Model(rows=rows)(request)

    api.answer = grown
    run = read(api, clock, tmp_path / "growing.run")
    assert total(run, "ingress") == 2 * 6e6 + 4e6


def test_two_readings_that_agree_do_not_settle_while_one_counter_lags_behind(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 3 * MINUTE)

    def lagging(request: Request) -> Response:
        rows = steady(FIRST, 3)
        if clock.now < FIRST + 8 * MINUTE:
            del rows["received_bytes"]["sales", "0"][FIRST + 2 * MINUTE]
        return Model(rows=rows)(request)

    api.answer = lagging
    assert total(read(api, clock, tmp_path / "lag.run"), "ingress") == 3 * 6e6


def test_after_ten_minutes_what_is_there_is_taken_and_what_is_not_is_a_gap(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 3 * MINUTE)
    rows = steady(FIRST, 3)
    del rows["received_bytes"]["sales", "0"][FIRST + 2 * MINUTE]
    api.answer = Model(rows=rows)
    run = read(api, clock, tmp_path / "never.run")
    assert clock.now == FIRST + 13 * MINUTE
    assert kinds(run) == ["metrics-unsettled"]
    assert [len(series) for series in run.named("ingress")] == [2], "no zero stands where a figure may still come"
    assert [len(series) for series in run.named("requests")] == [3]
    assert run.named("egress") == []


def test_who_does_not_want_to_wait_is_told_that_figures_may_still_grow(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 3 * MINUTE)
    api.answer = Model(rows=steady(FIRST, 3))
    run = read(api, clock, tmp_path / "now.run", longest=0.0)
    assert kinds(run) == ["metrics-unsettled"]
    assert clock.waits == []


def test_what_is_long_past_is_read_once(api: HttpServer, tmp_path: Path) -> None:
    clock = Clock(now=FIRST + 60 * MINUTE)
    api.answer = Model(rows=steady(FIRST, 3))
    read(api, clock, tmp_path / "past.run")
    assert clock.waits == []
    assert len({request.body for request in api.requests}) == len(api.requests)


def test_a_metric_that_is_refused_does_not_take_the_others_along(api: HttpServer, tmp_path: Path) -> None:
    model = Model(rows=steady(FIRST, 3), names=NAMES | {"odd": ("GAUGE_INT64", "1", ()), "z": ("GAUGE_INT64", "1", ())})

    def refusing(request: Request) -> Response:
        return Response(status=400) if b"server/odd" in request.body else model(request)

    api.answer = refusing
    run = read(api, Clock(now=FIRST + 60 * MINUTE), tmp_path / "odd.run")
    assert kinds(run) == ["metric-unread"]
    assert run.events[0].text.startswith("odd was not read: ")
    assert total(run, "ingress") == 3 * 6e6
    assert any(b"server/z" in request.body for request in api.requests)


def test_averages_over_a_coarse_grain_are_said_to_hide_peaks(api: HttpServer, tmp_path: Path) -> None:
    api.answer = Model(rows=steady(FIRST, 1))
    source = ConfluentSource(access=access(api), granularity=Granularity.PT5M, retry=HURRIED)
    run = read_history(source, "lkc-played", start=FIRST, end=FIRST + 5 * MINUTE, path=tmp_path / "coarse.run")
    (event,) = run.events
    assert event.kind == "gauges-averaged"
    assert event.text.startswith("connections, connections_by_principal are averages over 5 min, which hide peaks")
    assert all(series.granularity == 300 for series in run.series)


def test_an_api_that_cannot_be_read_is_an_error_when_reading_is_all_that_was_asked(
    api: HttpServer, tmp_path: Path
) -> None:
    api.in_turn(Response(status=401))
    with pytest.raises(SourceError, match="does not know the key"):
        read(api, Clock(now=FIRST), tmp_path / "shut.run")


def test_an_api_that_cannot_be_read_costs_a_load_nothing_but_its_metrics(api: HttpServer, tmp_path: Path) -> None:
    api.in_turn(Response(status=500))
    source = ConfluentSource(access=access(api), retry=HURRIED)
    with recording(tmp_path / "kept.run") as recorder:
        recorder.document("window", {"start": FIRST, "end": FIRST + MINUTE, "complete": True})
        collect((source,), recorder, FIRST, FIRST + MINUTE, lambda _: None)
    run = read_run(tmp_path / "kept.run")
    assert run.complete
    assert kinds(run) == ["metrics-unread"]


def test_what_was_done_is_in_the_file_before_figures_are_waited_for(api: HttpServer, tmp_path: Path) -> None:
    def interrupted(_: Waiting) -> None:
        raise KeyboardInterrupt

    api.answer = Model(rows={})
    source = ConfluentSource(access=access(api), retry=HURRIED, wait=Clock(now=FIRST).policy())

    def load() -> None:
        with recording(tmp_path / "kept.run") as recorder:
            recorder.document("window", {"start": FIRST, "end": FIRST + MINUTE, "complete": True})
            collect((source,), recorder, FIRST, FIRST + MINUTE, interrupted)

    with pytest.raises(AbortedError):
        load()
    assert read_run(tmp_path / "kept.run").complete


def test_brokers_of_another_cluster_than_the_metrics_are_noted(api: HttpServer, tmp_path: Path) -> None:
    api.answer = Model(rows=steady(FIRST, 1))
    source = ConfluentSource(access=access(api), cluster_id="lkc-other", retry=HURRIED)
    run = read_history(source, "lkc-played", start=FIRST, end=FIRST + MINUTE, path=tmp_path / "other.run")
    assert kinds(run) == ["cluster-id-differs"]


def test_a_load_that_began_within_a_minute_is_judged_by_the_whole_minutes_within_it(
    api: HttpServer, tmp_path: Path
) -> None:
    api.answer = Model(rows=steady(FIRST, 4))
    run = read(api, Clock(now=FIRST + 60 * MINUTE), tmp_path / "a.run", minutes=4)
    usage = assess(run.between(FIRST + 23 * SECOND, FIRST + 203 * SECOND), Limits.named("course-basic"), granularity=1)
    assert (usage.grid.start, usage.grid.count, usage.grid.seconds) == (FIRST + MINUTE, 2, 60)
    line = usage.line("ingress")
    assert line is not None
    assert line.values.tolist() == [100_000, 100_000]


def test_the_providers_own_load_stands_beside_ours_as_a_ratio(api: HttpServer, tmp_path: Path) -> None:
    rows = steady(FIRST, 3)
    rows["cluster_load_percent"] = {(): dict.fromkeys((FIRST, FIRST + MINUTE, FIRST + 2 * MINUTE), 0.71)}
    api.answer = Model(rows=rows, names=NAMES | {"cluster_load_percent": ("GAUGE_DOUBLE", "1", ())})
    run = read(api, Clock(now=FIRST + 60 * MINUTE), tmp_path / "provider.run")
    usage = assess(run, Limits.named("course-basic"))
    assert [line.typical for line in usage.provider] == [0.71]
    assert max(usage.limit_load) < 0.71, "the provider's figure is no part of the limit load"


def test_the_key_is_nowhere_in_the_run_file(api: HttpServer, tmp_path: Path) -> None:
    api.answer = Model(rows=steady(FIRST, 3))
    run = read(api, Clock(now=FIRST + 60 * MINUTE), tmp_path / "open.run")
    assert run.path is not None
    for secret in (TOKEN, SECRET):
        assert secret.encode() not in run.path.read_bytes()


def test_the_command_reads_a_past_hour_and_prints_it_for_people_and_programs(
    api: HttpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    api.answer = Model(rows=steady(FIRST, 3))
    file = tmp_path / "client.properties"
    file.write_text(properties(api))
    window = ["--from", "2026-01-01T10:00:10Z", "--to", "2026-01-01T10:02:50Z"]
    options = ["watch", "--cluster", str(file), *window, "--out"]
    root.main([*options, str(tmp_path / "a.run")], standalone_mode=False)
    assert "Ingress" in capsys.readouterr().out
    root.main([*options, str(tmp_path / "b.run"), "--json"], standalone_mode=False)
    document = json.loads(capsys.readouterr().out)
    assert (document["start"], document["end"]) == ("2026-01-01T10:00:10Z", "2026-01-01T10:02:50Z")
    assert document["resources"]["ingress"]["typical"] == 100_000
    assert document["resources"]["connections"]["typical"] == 60
