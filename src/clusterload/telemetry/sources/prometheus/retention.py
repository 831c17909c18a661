"""Retention: since when a server has metrics of a cluster's brokers."""

from __future__ import annotations

from typing import Final

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.api import PrometheusClient
from clusterload.telemetry.sources.prometheus.naming import ONCE_A_BROKER
from clusterload.telemetry.sources.prometheus.promql import milliseconds, named, selector

# Points between then and now at which it is looked: of a month one each hour and a half.
_LOOKS: Final = 500
_FINEST: Final = 60 * SECOND


def kept_since(client: PrometheusClient, names: Names, select: str, since: int, now: int) -> int | None:
    """The first time after `since` of which a server has a metric of brokers, to 1/500 of what lies between.

    Args:
        client: asks the server.
        names: the map of metric names.
        select: label matchers of the cluster.
        since: Unix nanoseconds.
        now: likewise, by the server's clock.

    Returns:
        Unix nanoseconds; None if it has none until now.

    Raises:
        SourceError: it could not be asked.
    """
    metrics = {metric for series in ONCE_A_BROKER for metric in names.of(series)}
    if not metrics:
        return None
    step = max(_FINEST, (now - since) // _LOOKS)
    wanted = selector(named(metrics), select)
    found = client.stepped(f"count(last_over_time({wanted}[{milliseconds(step)}]))", since, now, step)
    return min((series.times[0] for series in found if series.times), default=None)
