"""Which causes can be judged from given Series, and what the doctor proposes for the others."""

from __future__ import annotations

import pytest

from clusterload.analysis.causes.catalogue import CAUSES
from clusterload.model.resources import RESOURCES, dimensions, saturations
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import PASTED, all_maps, recognised
from clusterload.workflow.doctor.causes import Circumstances, judgeable
from clusterload.workflow.doctor.remedies import RULES, remedies, rules_paste

_EXPORTER = Circumstances(has_exporter=True, asks_kafka=True)
_EVERY = frozenset(RESOURCES)


def _names_of(need: str) -> list[str]:
    return need.split("|")


def test_with_every_series_every_cause_is_judged_and_nothing_is_proposed() -> None:
    found = judgeable(_EVERY, _EXPORTER)
    assert not found.unjudged
    assert not found.unnamed
    assert not found.pastes


@pytest.mark.parametrize("cause", [cause.id for cause in CAUSES.values() if cause.needs])
def test_a_cause_whose_series_is_missing_is_named_with_the_series_and_with_what_gives_it(cause: str) -> None:
    need = CAUSES[cause].needs[0]
    given = _EVERY - set(_names_of(need))
    found = judgeable(given, Circumstances(has_exporter=True))
    (unjudged,) = (each for each in found.unjudged if each.cause == cause)
    assert need in unjudged.lacking
    assert unjudged.remedies or unjudged.note
    given_by_pastes = {name for paste in found.pastes for name in paste.gives}
    assert unjudged.note or given_by_pastes & set(_names_of(need))


def test_each_series_that_a_cause_is_judged_or_named_by_has_a_remedy_or_a_reason_for_none() -> None:
    known = remedies()
    causes = [cause for cause in CAUSES.values() if cause.needs]
    needs = [_names_of(need) for cause in causes for need in cause.needs]
    names = [[series] for cause in causes for kind, series in cause.named_by.items() if kind != "broker"]
    for alternatives in (*needs, *names):
        ids = (RULES, *(other.id for other in known.others))
        given = any(known.gives(remedy, series) for remedy in ids for series in alternatives)
        assert given or any(series in known.nobody for series in alternatives), alternatives


def test_what_is_proposed_for_an_exporter_is_minimal() -> None:
    found = judgeable(_EVERY - {"connections", "connections_by_listener"}, _EXPORTER)
    (paste,) = found.pastes
    assert paste.id == RULES
    assert paste.text.count("\n- pattern:") == 1
    assert "connection-count" in paste.text


def test_every_dimension_and_saturation_has_a_rule() -> None:
    for resource in (*dimensions(), *saturations()):
        assert remedies().gives(RULES, resource.name), resource.name


def test_every_pasted_rule_gives_a_name_that_is_read_beside_any_map_and_that_nobody_else_has() -> None:
    names = Names.named(PASTED)
    for line in rules_paste(tuple(RESOURCES)).text.splitlines():
        if line.strip().startswith("name: "):
            metric = line.partition("name: ")[2]
            assert names.reads(metric), metric
            assert metric == metric.lower(), "a file's lowercaseOutputName would change it"
            assert not any(other.reads(metric) for other in all_maps())


def test_the_map_of_pasted_rules_reads_all_that_they_give() -> None:
    names = Names.named(PASTED)
    for rule in remedies().rules:
        for series in rule.series:
            assert names.of(series), series


def test_pasted_rules_are_read_before_what_the_same_names_only_seem_to_give() -> None:
    whole = {"kafka_server_brokertopicmetrics_bytesin_total", "kafka_server_replicamanager_leadercount"}
    found = recognised({*whole, "clusterload_ingress_by_topic_total"})
    (rule,) = (rule for rule in found.names.rules if rule.series == "ingress_by_topic")
    assert rule.metrics == ("clusterload_ingress_by_topic_total",)
    assert "ingress" in found.series


def test_without_a_quota_the_quota_is_proposed_and_not_the_rule_that_would_show_nothing() -> None:
    found = judgeable(_EVERY - {"thread_time_by_client"}, _EXPORTER)
    assert [paste.id for paste in found.pastes] == ["quota"]


def test_with_a_quota_what_is_missing_is_the_rule() -> None:
    around = Circumstances(has_exporter=True, asks_kafka=True, published=frozenset({"request_percentage"}))
    found = judgeable(_EVERY - {"thread_time_by_client"}, around)
    assert [paste.id for paste in found.pastes] == [RULES]


def test_where_no_listener_speaks_tls_nothing_is_proposed_to_judge_it() -> None:
    around = Circumstances(has_exporter=True, asks_kafka=True, has_tls=False)
    found = judgeable(_EVERY - {"tls_connections"}, around)
    assert [each.cause for each in found.unjudged] == ["tls"]
    assert "no listener" in found.unjudged[0].note
    assert not found.pastes


def test_what_shows_only_under_load_is_not_called_missing() -> None:
    found = judgeable(_EVERY - {"ingress_by_topic"}, _EXPORTER, at_rest={"ingress_by_topic"})
    assert not found.pastes
    assert "ingress_by_topic" not in found.given
