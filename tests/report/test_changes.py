"""What moved is shown with its size in units, who makes it up, and what cannot be told; for people and programs."""

from __future__ import annotations

import json
import math

from clusterload.analysis.changes import ChangeSet, changes
from clusterload.model.run import Run
from clusterload.report.changes import changes_document, changes_report
from tests.analysis.changes.history_of import history, line, part

HOSTILE = "[bold]x[/] <script>"


def stretches() -> tuple[Run, Run]:
    """A topic with a hostile name that grows, one that appears, and a figure with a gap."""
    whole = history(
        line("ingress", [2e6] * 12 + [6.1e6] * 12, broker="1"),
        line("ingress_by_topic", [2e6] * 12 + [5e6] * 12, topic=HOSTILE, broker="1"),
        line("ingress_by_topic", [1.1e6] * 12, at=12, topic="new", broker="1"),
        line("cpu_host", [0.2] * 12 + [0.8] * 12, broker="1"),
        line("egress", [1e6] * 12 + [math.nan] * 12, broker="1"),
        seconds=24,
    )
    return part(whole, 0, 12), part(whole, 12, 24)


def found() -> ChangeSet:
    return changes(*stretches())


def test_a_report_says_what_moved_with_its_parts_and_what_cannot_be_told() -> None:
    shown = str(changes_report(found()))
    lines = [[word.strip() for word in line.split("  ") if word.strip()] for line in shown.splitlines()]
    assert ["Ingress", "2 MB/s", "6.1 MB/s", "+4.1 MB/s", "x3", "20"] in [
        [*one[:5], one[5][:2]] for one in lines if len(one) == 6
    ]
    assert any(one[0] == "topic new" and one[4] == "new" for one in lines if len(one) == 6)
    assert "+60 points" in shown
    assert "1 cannot be told: no figures after, or more gaps than figures." in shown


def test_a_hostile_name_is_text() -> None:
    assert f"topic {HOSTILE}" in str(changes_report(found()))


def test_only_as_many_rows_are_shown_as_are_asked_for() -> None:
    shown = str(changes_report(found(), top=1))
    assert "1 more moved: add --top 2" in shown


def test_the_document_has_every_figure_in_its_unit_and_null_for_what_is_not_known() -> None:
    before, after = stretches()
    document = json.loads(json.dumps(changes_document(changes(before, after), before, after), allow_nan=False))
    moved = {(one["name"], *one["labels"].values()): one for one in document["moved"]}
    ingress = moved["ingress",]
    assert (ingress["unit"], ingress["before"], ingress["after"]) == ("B/s", 2e6, 6.1e6)
    assert ingress["parts"] == [{"topic": HOSTILE}, {"topic": "new"}]
    assert (moved["ingress_by_topic", "new"]["state"], moved["ingress_by_topic", "new"]["ratio"]) == ("appeared", None)
    assert document["unknown"] == [
        {"name": "egress", "labels": {}, "why": "no figures after, or more gaps than figures"}
    ]
