"""From Jolokia's answers to the values that the JMX exporter would have shown; what is not known is never a zero."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.window_stats import PERCENTILE
from clusterload.telemetry.sources.jolokia.mbeans import MBEANS, MBean, giving
from clusterload.telemetry.sources.jolokia.protocol import Missing, Response, ResponseParser, request_body
from clusterload.telemetry.sources.names import Names

from .agent import RECORDED

SOCKETS = "kafka.server:type=socket-server-metrics,listener=*,networkProcessor=*"
BYTES_IN = "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec,*"
HANDLERS = "kafka.server:type=KafkaRequestHandlerPool,name=RequestHandlerAvgIdlePercent"
THROTTLE = "kafka.server:type=Produce,*"


def mbean(name: str) -> MBean:
    (found,) = (mbean for mbean in MBEANS if mbean.name == name)
    return found


def shown(name: str, answer: Any) -> Response:
    """What one answer to one question shows."""
    return ResponseParser((mbean(name),)).parse(json.dumps([answer]).encode())


def values(found: Response, metric: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(sample.labels.items())): sample.value for sample in found.samples if sample.name == metric}


@pytest.fixture(scope="module")
def recorded() -> Response:
    return ResponseParser(MBEANS).parse(json.dumps([RECORDED[mbean.name] for mbean in MBEANS]).encode())


def test_one_question_asks_for_all_mbeans_and_each_attribute_once() -> None:
    asked = json.loads(request_body(MBEANS))
    assert [item["mbean"] for item in asked] == [mbean.name for mbean in MBEANS]
    assert all(item["type"] == "read" for item in asked)
    assert all(len(set(item["attribute"])) == len(item["attribute"]) for item in asked)


def test_only_what_makes_a_wanted_metric_is_asked_for() -> None:
    (mbean,) = giving({"java_lang_operatingsystem_cpuload"})
    assert [value.attribute for value in mbean.values] == ["CpuLoad"]
    assert giving(set()) == ()


def test_every_series_of_the_map_of_names_can_be_made_of_the_mbeans() -> None:
    metrics, names = {value.metric for mbean in MBEANS for value in mbean.values}, Names.named("jmx-exporter")
    # Percentiles stand for means where an exporter gives none; of partitions the Admin API tells, with fewer answers.
    others = {"records_by_partition", "log_bytes"}
    for series in {rule.series for rule in names.rules if not rule.series.endswith(PERCENTILE)} - others:
        assert metrics.intersection(names.of(series)), series
    assert {rule.times for rule in names.rules if rule.times} <= metrics
    assert metrics.intersection(idle.metric for idle in names.threads.handler_idle)
    assert metrics.intersection(names.threads.network_time)
    assert metrics.intersection(names.threads.started)


def test_an_answer_gives_the_names_labels_and_units_of_the_exporter(recorded: Response) -> None:
    topics = values(recorded, "kafka_server_brokertopicmetrics_bytesin_total")
    assert set(topics) == {(), (("topic", "seen"),)}
    requests = values(recorded, "kafka_network_requestmetrics_requests_total")
    assert all(set(dict(labels)) == {"request", "version"} for labels in requests)
    connections = values(recorded, "kafka_server_socket_server_metrics_connection_count")
    assert {dict(labels)["listener"] for labels in connections} == {"CLIENT", "BROKER", "CONTROLLER"}
    assert values(recorded, "process_cpu_seconds_total")[()] == pytest.approx(3.52)
    assert values(recorded, "process_start_time_seconds")[()] == pytest.approx(1795389903.188)
    assert values(recorded, "jvm_gc_collection_seconds_sum")[("gc", "Copy"),] == pytest.approx(0.196)


def test_a_client_has_its_own_name_where_jmx_puts_it_in_quotes() -> None:
    name = r'kafka.server:client-id="my \"app\"\*",type=Produce'
    found = shown(THROTTLE, {"status": 200, "value": {name: {"throttle-time": 3.5}}})
    assert values(found, "kafka_server_produce_throttle_time") == {(("client_id", 'my "app"*'),): 3.5}


@pytest.mark.parametrize("nothing", [None, "NaN", "Infinity", "-Infinity", "n/a", [], {}, {"error": "no"}])
def test_a_value_that_is_no_number_is_unknown(nothing: object) -> None:
    found = shown(HANDLERS, {"status": 200, "value": {"Count": 7, "OneMinuteRate": nothing}})
    assert math.isnan(values(found, "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent")[()])
    assert values(found, "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_total") == {(): 7}


def test_a_count_as_text_is_a_number() -> None:
    found = shown(HANDLERS, {"status": 200, "value": {"Count": "9007199254740993"}})
    assert values(found, "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_total") == {(): 2.0**53}


def test_an_attribute_that_cannot_be_read_makes_its_value_unknown_and_is_told() -> None:
    name = "kafka.server:type=socket-server-metrics,listener=CLIENT,networkProcessor={}"
    found = shown(
        SOCKETS,
        {
            "status": 200,
            "value": {
                name.format(0): {"connection-count": 5.0},
                name.format(1): {"connection-count": {"error_type": "java.lang.Error", "error": "no luck"}},
            },
        },
    )
    counts = values(found, "kafka_server_socket_server_metrics_connection_count")
    assert len(counts) == 2, "without it the sum over the threads would be too small"
    assert sum(math.isnan(count) for count in counts.values()) == 1
    assert found.missing == (Missing(name=SOCKETS, status=500, reason="no luck"),)


@pytest.mark.parametrize(
    "absent",
    [
        {"error_type": "javax.management.AttributeNotFoundException", "error": "no such attribute"},
        "ERROR: kafka.server:type=x (class javax.management.InstanceNotFoundException)",
    ],
)
def test_an_attribute_that_is_not_there_is_no_value(absent: object) -> None:
    found = shown(HANDLERS, {"status": 200, "value": {"Count": 7, "OneMinuteRate": absent}})
    assert [sample.name for sample in found.samples] == [
        "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_total"
    ]
    assert found.missing == ()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_mbean_that_cannot_be_read_has_no_values_and_is_told(status: int) -> None:
    found = shown(BYTES_IN, {"status": status, "error": "java.lang.SecurityException : no"})
    assert found.samples == ()
    assert found.missing == (Missing(name=BYTES_IN, status=status, reason="java.lang.SecurityException : no"),)


@pytest.mark.parametrize("status", [400, 404])
def test_an_mbean_that_not_every_broker_has_may_be_absent_in_silence(status: int) -> None:
    assert shown(THROTTLE, {"status": status, "error": "No matching attributes"}).missing == ()
    assert shown(THROTTLE, {"status": 403, "error": "no"}).missing != ()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "malformed Jolokia response"),
        (b"<html>", "malformed Jolokia response"),
        (b'[{"status": 200, "value": {', "malformed Jolokia response"),
        (b"\xff\xfe", "malformed Jolokia response"),
        (b"[]", "0 of 1 items"),
        (b'[{"status": 200}]', "an object was expected"),
        (b'[{"status": 200, "value": [1]}]', "an object was expected"),
        (b'[{"status": 200, "value": {"a": {}}}]', "is not an ObjectName"),
        (b'{"status": 403, "error": "no access"}', r"rejects the request \(403: no access\)"),
        (b"[" * 100_000, "malformed Jolokia response"),
    ],
)
def test_what_is_no_whole_answer_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ResponseParser((mbean(BYTES_IN),)).parse(content)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_no_answer_makes_it_fail_otherwise(value: object) -> None:
    for whole in (value, [value], [{"status": 200, "value": value}]):
        try:
            ResponseParser((mbean(HANDLERS),)).parse(json.dumps(whole).encode())
        except ValueError:
            continue


def test_a_broker_with_half_its_topics_deleted_shows_the_others() -> None:
    parser = ResponseParser((mbean(BYTES_IN),))
    name = "kafka.server:name=BytesInPerSec,topic={},type=BrokerTopicMetrics"

    def topics(*names: str) -> int:
        answer = [{"status": 200, "value": {name.format(one): {"Count": 1} for one in names}}]
        return len(parser.parse(json.dumps(answer).encode()).samples)

    assert topics("a", "b") == 2
    assert topics("b") == 1
