"""Sources that know the past: a Prometheus and a Metrics API."""

from __future__ import annotations

import time
from typing import Final

from clusterload.model import units
from clusterload.model.errors import ClusterloadError, SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import Access as CloudAccess
from clusterload.telemetry.sources.confluent import MetricsClient
from clusterload.telemetry.sources.confluent.mapping import questions
from clusterload.telemetry.sources.prometheus import Access, PrometheusSource
from clusterload.telemetry.sources.prometheus.api import PrometheusClient
from clusterload.telemetry.sources.transport import RetryPolicy
from clusterload.workflow.doctor.check import Area, Check, State
from clusterload.workflow.doctor.scraped import MOST_SKEW, said

_ONE_TRY: Final = RetryPolicy(timeout=5.0, deadline=10.0, attempts=1)
_SELDOM: Final = 30.0
_DAY: Final = 86_400
_BACK: Final = (28 * _DAY, 7 * _DAY, _DAY, 3_600)


def reached_prometheus(access: Access) -> Check | None:
    """What keeps a Prometheus from being read; None if it answers."""
    try:
        with PrometheusClient(access, retry=_ONE_TRY) as client:
            client.skew()
    except ClusterloadError as error:
        return _check("Prometheus", State.FAILED, str(error), "check --prometheus, and that it is up")
    return None


def checked_prometheus(access: Access, source: PrometheusSource) -> tuple[Check, ...]:
    """How often it scrapes, how far back it goes, and its clock.

    Raises:
        SourceError: it could not be asked.
    """
    with PrometheusClient(access, retry=_ONE_TRY) as client:
        ahead = client.skew()
        now = time.time_ns() + round(ahead * SECOND)
        back = next((seconds for seconds in _BACK if _has(client, access, now - seconds * SECOND)), 0)
    interval = source.interval
    words = f"{access.host} answers, and scrapes every {interval:g} s"
    seldom = interval > _SELDOM
    state = State.WARNING if seldom else State.OK
    checks = [_check("Prometheus", state, words + (": bursts between scrapes are not seen" if seldom else ""), _OFTEN)]
    if back >= _DAY:
        checks.append(
            _check("past", State.OK, f"it has figures of {units.duration(back)} ago: baselines of other days")
        )
    else:
        far = f"figures of {units.duration(back)} ago, and none of a day ago" if back else "none of an hour ago"
        checks.append(_check("past", State.MISSING, f"it has {far}: no baseline of another day", _LONGER))
    if abs(ahead) > MOST_SKEW:
        checks.append(_check("clock", State.WARNING, f"its {said(ahead)}; times are set right", "set both by NTP"))
    else:
        checks.append(_check("clock", State.OK, f"it agrees with this machine within {MOST_SKEW:g} s"))
    return tuple(checks)


_OFTEN: Final = "set scrape_interval: 15s for the brokers' job, or shorter"
_LONGER: Final = "keep it longer (--storage.tsdb.retention.time=15d), or wait"


def _has(client: PrometheusClient, access: Access, at: int) -> bool:
    wanted = f"{{{access.select}}}" if access.select else ""
    return bool(client.instant(f"count(up{wanted})", at))


def checked_cloud(access: CloudAccess) -> tuple[tuple[Check, ...], frozenset[str]]:
    """Whether a Metrics API answers, and the Series that it offers; it is not asked for figures."""
    try:
        with MetricsClient(access, retry=_ONE_TRY) as client:
            offered = questions(client.descriptors())
    except SourceError as error:
        remedy = "check confluent.metrics.endpoint and confluent.cloud_api_token"
        return (_check("Metrics API", State.FAILED, str(error), remedy),), frozenset()
    given = frozenset(name for question in offered for name in (question.total, question.each) if name)
    words = (
        f"{access.host} answers with {len(offered)} figures of {access.cluster_id}, a point a minute, 3 to 5 min late"
    )
    return (_check("Metrics API", State.OK, words),), given


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.METRICS, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)
