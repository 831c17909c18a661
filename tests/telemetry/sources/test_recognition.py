"""Which maps fit a scrape is recognised from its metrics' names, and what fits nothing says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.telemetry.sources.line import metric_names
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import Recognition, asked_for, recognised

SCRAPES = Path(__file__).parent / "scrapes"
CPU = "process_cpu_seconds_total"


def names_in(scrape: str) -> set[str]:
    return metric_names((SCRAPES / f"{scrape}.txt").read_text(encoding="utf-8"))


def kinds(found: Recognition) -> list[str]:
    return [kind for kind, _ in found.said()]


def made(name: str, *series: dict[str, object]) -> Names:
    return Names.parsed(name, {"series": list(series)})


@pytest.mark.parametrize(
    ("scrape", "expected"),
    [
        ("jmx-exporter-kraft", "jmx-exporter"),
        ("redpanda-metrics", "redpanda"),
        ("redpanda-public-metrics", "redpanda"),
    ],
)
def test_a_scrape_is_recognised_by_its_names(scrape: str, expected: str) -> None:
    found = recognised(names_in(scrape))
    assert found.fits[0].names.name == expected
    assert found.is_of_brokers
    assert found.series <= found.fits[0].series


def test_the_process_of_another_exporter_is_not_the_broker_s() -> None:
    """kafka_exporter shows lags and the CPU of its own process, and nothing of a broker."""
    found = recognised(names_in("kafka-exporter"))
    assert not found.is_of_brokers
    assert CPU not in found.names.metrics
    assert "cpu_broker" not in found.series
    ((kind, said),) = found.said()
    assert kind in {"names-unknown", "names-without-broker"}
    assert "kafka_broker_info" in said
    assert "Give the URL of the broker's own exporter" in said


@pytest.mark.parametrize("more", [{"go_goroutines"}, {"python_info"}, set[str]()])
def test_the_process_counts_as_the_broker_s_only_where_it_is_the_broker_that_shows_it(more: set[str]) -> None:
    """Beside it stand sidecars in Java (which say so in a label) and exporters in other languages."""
    shown = names_in("jmx-exporter-kraft") | {CPU, "process_start_time_seconds"} | more
    assert (CPU in recognised(shown).names.metrics) == (not more)
    assert CPU not in recognised(shown, sidecar=True).names.metrics
    assert recognised(shown, sidecar=True).is_of_brokers


def test_maps_of_other_metrics_add_to_each_other_and_no_series_is_read_twice() -> None:
    broker = made(
        "broker",
        {"name": "ingress", "metric": "in_total"},
        {"name": "leaders", "metric": "leaders"},
        {"name": "cpu_host", "metric": "cpu_of_jvm"},
    )
    older = made("older", {"name": "ingress", "metric": "in_total", "scale": 60.0})
    host = made("host", {"name": "cpu_host", "metric": "node_cpu"}, {"name": "disk_writes", "metric": "node_disk"})
    found = recognised({"in_total", "leaders", "cpu_of_jvm", "node_cpu", "node_disk"}, [host, older, broker])
    assert [fit.names.name for fit in found.fits] == ["broker", "host"]
    assert found.series == {"ingress", "leaders", "cpu_host", "disk_writes"}
    assert [rule.metrics for rule in found.names.rules if rule.series == "cpu_host"] == [("cpu_of_jvm",)]
    assert [rule.scale for rule in found.names.rules if rule.series == "ingress"] == [1.0]
    assert ("names-doubled", "cpu_host is read as 'broker' has it, not as 'host' has it") in found.said()


def test_a_map_that_was_asked_for_and_fits_badly_is_said_with_the_nearest_one() -> None:
    shown = names_in("jmx-exporter-kraft")
    found = recognised(shown, asked=asked_for("redpanda"))
    assert found.names.rules == Names.named("redpanda").rules
    assert found.said() == (
        (
            "names-unfit",
            f"of {len(shown):,} metrics 0 are known by the names 'redpanda'; the nearest map is 'jmx-exporter' "
            f"({found.others[0].known:,}): leave out --names (prometheus.names), and it is recognised",
        ),
    )
    assert recognised(shown, asked=asked_for("jmx-exporter")).said() == ()


def test_several_maps_can_be_asked_for() -> None:
    found = recognised(
        names_in("jmx-exporter-kraft") | names_in("redpanda-metrics"), asked=asked_for("jmx-exporter, redpanda")
    )
    assert [fit.names.name for fit in found.fits] == ["jmx-exporter", "redpanda"]
    assert "disk_writes" in found.series


def test_metrics_that_nobody_knows_are_named() -> None:
    found = recognised({"queue_depth", "jvm_threads_current", CPU})
    assert found.fits_nothing
    assert not found.names.metrics
    ((kind, said),) = found.said()
    assert kind == "names-unknown"
    assert said.startswith(f"3 metrics (queue_depth, jvm_threads_current, {CPU}): none is known.")
