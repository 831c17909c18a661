"""A lab can be watched as common clusters are: by Jolokia in its brokers, and by a Prometheus server."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
import pytest

from clusterload.lab import control, own_processes
from clusterload.lab.lab import Lab
from clusterload.lab.prometheus import JOB
from clusterload.model.errors import LabError
from tests.lab.test_cli_lab import run
from tests.processes import wait_for

if TYPE_CHECKING:
    from clusterload.lab.description import LabInfo


def asked(url: str, what: dict[str, Any]) -> dict[str, Any]:
    """What Jolokia answers to a request."""
    with urlopen(Request(f"{url}/", json.dumps(what).encode()), timeout=120) as answer:
        plain: dict[str, Any] = json.loads(answer.read())
        return plain


def found(lab: LabInfo, query: str) -> list[dict[str, Any]]:
    """What the lab's Prometheus finds."""
    answer = json.loads(
        own_processes.get(f"{lab.prometheus_url}/api/v1/query?{urlencode({'query': query})}", timeout=120)
    )
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def servers(lab: LabInfo) -> list[int]:
    """The process ids of the Prometheus servers of a lab."""
    word = f"--web.listen-address={lab.prometheus_url.removeprefix('http://')}"
    return [each.pid for each in psutil.process_iter(["cmdline"]) if word in (each.info["cmdline"] or [])]


def test_each_broker_answers_jolokia_with_its_own_values(observed_lab: Lab) -> None:
    for broker in observed_lab.info.brokers:
        what = {"type": "read", "mbean": "kafka.server:type=app-info,id=*", "attribute": "Version"}
        answer = asked(broker.jolokia_url, what)
        assert answer["value"] == {f"kafka.server:id={broker.id},type=app-info": {"Version": "4.3.1"}}


@pytest.mark.parametrize(
    "what",
    [
        {"type": "exec", "mbean": "java.lang:type=Memory", "operation": "gc"},
        {"type": "write", "mbean": "java.lang:type=Memory", "attribute": "Verbose", "value": True},
    ],
)
def test_jolokia_changes_nothing(observed_lab: Lab, what: dict[str, Any]) -> None:
    assert asked(observed_lab.info.brokers[0].jolokia_url, what)["status"] == 403


def test_no_page_of_a_browser_may_read_what_jolokia_answers(observed_lab: Lab) -> None:
    address = f"{observed_lab.info.brokers[0].jolokia_url}/version"
    with urlopen(Request(address, headers={"Origin": "http://elsewhere"}), timeout=120) as answer:
        assert answer.headers.get("Access-Control-Allow-Origin") is None


def test_prometheus_has_every_broker_under_its_id(observed_lab: Lab) -> None:
    up = found(observed_lab.info, "up")
    labels = {(each["metric"]["job"], each["metric"]["broker"], each["metric"]["instance"]) for each in up}
    assert labels == {
        (JOB, str(each.id), each.exporter_url.removeprefix("http://").removesuffix("/metrics"))
        for each in observed_lab.info.brokers
    }


def test_prometheus_scrapes_every_second(observed_lab: Lab) -> None:
    """Or as often as a busy machine lets it."""
    wait_for(lambda: float(_first(observed_lab, "min(count_over_time(up[60s]))")) >= 12)
    settings = json.loads(own_processes.get(f"{observed_lab.info.prometheus_url}/api/v1/status/config", timeout=120))
    assert "scrape_interval: 1s" in settings["data"]["yaml"]


def _first(lab: Lab, query: str) -> str:
    value: str = found(lab.info, query)[0]["value"][1]
    return value


def test_an_observed_lab_listens_on_loopback_only(observed_lab: Lab) -> None:
    pids = [each.pid for each in observed_lab.info.brokers] + servers(observed_lab.info)
    open_ = [each for pid in pids for each in psutil.Process(pid).net_connections("inet") if each.status == "LISTEN"]
    assert len(pids) == 4
    assert {each.laddr.ip.removeprefix("::ffff:") for each in open_} == {"127.0.0.1"}


def test_clients_of_the_lab_are_told_where_its_prometheus_is(observed_lab: Lab) -> None:
    lines = (Path(str(observed_lab.info.directory)) / "client.properties").read_text().splitlines()
    assert f"prometheus.url={observed_lab.info.prometheus_url}" in lines


def test_status_shows_where_an_observed_lab_answers(observed_lab: Lab) -> None:
    text, shown = run("status"), json.loads(run("status", "--json"))
    info = observed_lab.info
    assert all(url in text for url in (info.prometheus_url, *(each.jolokia_url for each in info.brokers)))
    ours = next(each for each in shown if each["id"] == info.id)
    assert ours["prometheus_url"] == info.prometheus_url
    assert [each["jolokia_url"] for each in ours["brokers"]] == [each.jolokia_url for each in info.brokers]


def test_who_does_not_ask_gets_neither(lab: Lab) -> None:
    assert lab.info.prometheus_url == ""
    assert {each.jolokia_url for each in lab.info.brokers} == {""}
    assert "prometheus.url" not in (Path(str(lab.info.directory)) / "client.properties").read_text()


def test_a_prometheus_without_a_supervisor_is_ended_by_down(state: Path, tmp_path: Path) -> None:
    program = str(shutil.which("prometheus"))
    settings = tmp_path / "prometheus.yml"
    settings.write_text("{}")
    storage = state / "labs" / "gone" / "data" / "prometheus"
    words = [f"--config.file={settings}", f"--storage.tsdb.path={storage}", "--web.listen-address=127.0.0.1:0"]
    with psutil.Popen([program, *words]) as orphan:
        control.kill_orphans()
        assert orphan.wait(120) == -signal.SIGKILL


def test_without_prometheus_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"no prometheus on the PATH; install it \(Debian: apt-get install"):
        Lab(1, prometheus=True)


def test_a_prometheus_that_does_not_start_shows_what_its_log_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "prometheus"
    fake.write_text("#!/bin/sh\necho 'level=error err=\"no such thing\"'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LabError, match=r"does not scrape all brokers.*\n.*no such thing"):
        Lab(1, prometheus=True).start()
