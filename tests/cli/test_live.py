"""Commands show how they stand, on a page and for Prometheus, while they go on; and say so when they end."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from clusterload import Lab
from tests.conftest import PROGRAM, Tool
from tests.processes import wait_for
from tests.server.live.stream import looking

PAGE = re.compile(r"live page: (http://127\.0\.0\.1:\d+/\?token=\S+)")
EXPOSITION = re.compile(r"live figures for Prometheus: (http://127\.0\.0\.1:\d+/metrics)")


@dataclass(slots=True)
class Going:
    """A command that goes on, and what it has said until now."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def address(self, pattern: re.Pattern[str]) -> str:
        """What it said where something is served."""
        wait_for(lambda: pattern.search("".join(self.said)) or self.process.poll() is not None)
        found = pattern.search("".join(self.said))
        assert found is not None, "".join(self.said)
        return found[1]

    def ended(self) -> int:
        return self.process.wait(120)


@contextmanager
def going(folder: Path, *arguments: str) -> Iterator[Going]:
    process = subprocess.Popen(
        [PROGRAM, *arguments], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    command = Going(process)
    with process:
        readers = [
            threading.Thread(target=lambda: command.said.extend(process.stderr or ())),
            threading.Thread(target=lambda: process.stdout and process.stdout.read()),
        ]
        for one in readers:
            one.start()
        try:
            yield command
        finally:
            process.kill()
            for one in readers:
                one.join()


def figures(address: str) -> dict[str, list[Any]]:
    return {one.name: one.samples for one in text_string_to_metric_families(httpx.get(address).text)}


def test_a_run_is_seen_on_a_page_and_by_prometheus_until_it_ends(tmp_path: Path) -> None:
    load = ("--noop", "--dial", "request_rate=200/s", "--dial", "connections=4", "--for", "6s")
    with going(tmp_path, "run", *load, "--out", "a.run", "--web", "--expose") as command:
        exposed = command.address(EXPOSITION)
        with looking(command.address(PAGE)) as stream:
            events = [next(stream)]
            wait_for(lambda: "clusterload_dial_achieved_requests_per_second" in figures(exposed))
            (asked,) = figures(exposed)["clusterload_dial_asked_requests_per_second"]
            assert asked.value == pytest.approx(200)
            events += stream
        assert command.ended() == 0
    assert events[0].kind == "whole"
    assert [one.number for one in events] == sorted({one.number for one in events})
    last = events[-1].data["now"]
    assert last["ended"] == "it went on to its end"
    assert last["loads"][0]["ledger"][:2] == ["1,200", "1,200"]
    elapsed = [one.data["now"]["done"] for one in events]
    assert elapsed == sorted(elapsed)
    text = "".join(command.said)
    assert re.search(r"^5 s of 6 s: produce: connections 4 of 4, request_rate [\d.]+/s of 200/s, ", text, re.MULTILINE)
    assert "Traceback" not in text


def test_a_run_that_is_interrupted_says_so_on_its_page(tmp_path: Path) -> None:
    load = ("--noop", "--dial", "request_rate=100/s", "--for", "60s")
    with going(tmp_path, "run", *load, "--out", "a.run", "--web") as command:
        with looking(command.address(PAGE)) as stream:
            while not next(stream).data["now"]["loads"]:
                pass
            command.process.send_signal(signal.SIGINT)
            *_, last = stream
        assert command.ended() == 105
    assert last.data["now"]["ended"] == "interrupted: what was measured until then is in a.run"


def test_mistakes_are_told_in_a_line(tool: Tool) -> None:
    past = tool("watch", "--bootstrap-server", "127.0.0.1:9", "--from", "now-2h", "--web")
    assert past.returncode == 2
    assert "--web and --expose show what goes on now" in past.stderr
    assert tool("run", "--web", "70000", "--noop").returncode == 2


def test_a_load_on_real_brokers_is_seen_with_its_cluster_and_what_binds(lab: Lab, tmp_path: Path) -> None:
    arguments = (
        "run", "--bootstrap-server", lab.bootstrap_servers, "--dial", "producers=12", "--dial", "record_rate=60/s",
        "--dial", "payload_size=1KiB", "--for", "25s", "--topic", "clusterload-seen", "--limits", "course-basic",
        "--web", "--expose",
    )  # fmt: skip
    with going(tmp_path, *arguments) as command:
        exposed = command.address(EXPOSITION)
        with looking(command.address(PAGE)) as stream:
            events = []
            scraped: dict[str, list[Any]] = {}
            for one in stream:
                events.append(one)
                now = one.data["now"]
                if dict(now["keys"]).get("Binding") == "Connections" and not now["ended"]:
                    scraped = figures(exposed)
        assert command.ended() == 0
    every = [one.data["now"] for one in events]
    assert every[-1]["ended"] == "it went on to its end"
    assert every[-1]["loads"][0]["ledger"][1] == "1,500"
    known = [dict(one["keys"]) for one in every if dict(one["keys"]).get("Binding")]
    assert known
    assert known[-1]["Binding"] == "Connections"
    assert any(one["state"] for one in every)
    whole = [chart for one in events if one.kind == "whole" for chart in one.data["charts"]]
    assert {"limit-load", "busy", "shares", "load-0", "amount-connections"} <= {one["id"] for one in whole}
    (limit_load,) = scraped["clusterload_limit_load_ratio"]
    assert 0 < limit_load.value < 1
    assert limit_load.labels == {"limits": "course-basic"}
    assert {sample.labels["broker"] for sample in scraped["clusterload_busy_ratio"]} == {"1", "2", "3"}
    (counted,) = scraped["clusterload_cluster_connections"]
    assert counted.value >= 1
