"""Prometheus can scrape a run that goes on; pages of others cannot."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from clusterload.model.errors import ConfigurationError
from clusterload.server.prometheus import Exposition
from tests.report.busy import busy
from tests.workflow.live.replayed import replayed


def test_the_newest_figures_are_scraped_and_the_last_ones_say_that_it_is_over(tmp_path: Path) -> None:
    exposition = Exposition()
    with exposition as take:
        assert httpx.get(exposition.url).text == ""
        for snapshot in replayed(busy(tmp_path / "a.run"), 90, 92, ended="it went on to its end"):
            take(snapshot)
            answer = httpx.get(exposition.url)
            assert answer.headers["content-type"].startswith("text/plain; version=")
            found = {one.name: one.samples for one in text_string_to_metric_families(answer.text)}
            (elapsed,) = found["clusterload_run_elapsed_seconds"]
            assert elapsed.value == snapshot.elapsed
            (over,) = found["clusterload_run_ended"]
            assert over.value == bool(snapshot.ended)
        newer = httpx.get(exposition.url, headers={"accept": "application/openmetrics-text; version=1.0.0"})
        assert newer.text.endswith("# EOF\n")
    with pytest.raises(httpx.ConnectError):
        httpx.get(exposition.url)


def test_a_page_of_another_site_reads_nothing(tmp_path: Path) -> None:
    exposition = Exposition()
    with exposition:
        port = urlsplit(exposition.url).port
        assert httpx.get(exposition.url, headers={"host": f"evil.example:{port}"}).status_code == 403
        assert httpx.get(exposition.url, headers={"origin": "http://evil.example"}).status_code == 403
        assert httpx.post(exposition.url).status_code == 405
        assert port is not None
        with pytest.raises(ConfigurationError, match="choose another port with --expose"):
            Exposition(port=port)
