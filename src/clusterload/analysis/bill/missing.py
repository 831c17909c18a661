"""What a bill cannot know, and what would tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.model.run import Run


def missing(run: Run, kinds: Collection[str], *, compared: bool) -> Iterator[str]:
    """Lines for people, each with what would tell.

    Args:
        run: whose Series.
        kinds: of which anything is told.
        compared: whether there was a baseline.
    """
    names = {series.name for series in run.series if len(series)}
    by_broker = any("broker" in series.labels for series in run.series)
    if "client" not in kinds:
        yield _clients(by_broker=by_broker)
    if "principal" not in kinds:
        yield "by principal: brokers tell it where users log in and a quota of a user and a client id exists"
    if {"topic", "principal"} <= set(kinds) or "client" in kinds:
        yield "who used which topic: no metric joins a topic with a client or principal; an audit log would"
    if "cpu_broker" not in names:
        yield "the brokers' CPU: thread time has no whole; a JMX exporter, Jolokia or Prometheus would tell"
    if "topic" not in kinds:
        yield "by topic: the source gives no bytes by topic; a JMX exporter's BrokerTopicMetrics would"
    if "request" not in kinds:
        yield "by type of request: the source gives no RequestMetrics; a JMX exporter would"
    if by_broker:
        yield "connections, attempts and requests by client: brokers count them for all clients together"
    if not compared:
        yield "what rose: without --baseline the largest comes first, which often is not the one who changed"


def _clients(*, by_broker: bool) -> str:
    if by_broker:
        return (
            "by client: brokers tell thread time and bytes by client only while a client quota exists; "
            "--unlock-client-metrics has them do it for a while"
        )
    return "by client: a cloud's API knows no client ids; statistics of the clients themselves would tell"
