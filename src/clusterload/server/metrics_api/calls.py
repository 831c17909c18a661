"""The calls: from a request's body or parameters to the answer's plain values. Knows no HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from clusterload.model.series import Floats
from clusterload.server.metrics_api import catalogue
from clusterload.server.metrics_api.answers import Group, Question, groups, label_values
from clusterload.server.metrics_api.filters import Filter, check
from clusterload.server.metrics_api.history import KEPT_MINUTES, History, Minutes
from clusterload.server.metrics_api.intervals import ALL, GRANULARITIES, cut, stretches, timestamp
from clusterload.server.metrics_api.pages import Page, Pages, Place
from clusterload.server.metrics_api.refusal import RequestRefusedError
from clusterload.server.metrics_api.requests import Attributes, Query, check_groups, check_query, parsed

Plain = dict[str, Any]
_LAST_HOUR: Final = ["now-1h/now"]
_stamp = lru_cache(maxsize=20_000)(timestamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Answers for one cluster.

    Attributes:
        cluster_id: that it is known by.
        history: of the cluster.
        clock: tells Unix seconds.
        lateness: minutes; data younger than that is not answered.
        pages: issues page tokens.
    """

    cluster_id: str
    history: History
    clock: Callable[[], float]
    lateness: int = 0
    pages: Pages = field(default_factory=Pages)

    def query(self, body: bytes, token: str | None) -> Plain:
        """Values of one metric over time.

        Raises:
            RequestRefusedError: the body or the token is malformed.
        """
        query = parsed(body, Query)
        metric = catalogue.metric(query.aggregations[0].metric)
        check_query(query, metric)
        group_by = query.group_by or []
        if token is not None and not group_by:
            raise RequestRefusedError("there are pages only with a group_by: leave the page_token out")
        identity = msgspec.json.encode(query)
        page = self._page(identity, token)
        question = self._question(metric, query.filter, group_by, query.intervals, query.granularity, page.now)
        shown, after = self._shown(query, question, page)
        answer: Plain = {"data": _data(query, group_by, shown)}
        if group_by:
            answer["meta"] = self._meta(query.limit, identity, page, after)
        return answer

    def _shown(self, query: Query, question: Question, page: Page) -> tuple[list[Group], list[Place] | None]:
        """The groups of a page, and where it ends; None if no other follows."""
        if query.granularity == ALL:
            # Sorted by values, of which none comes "after" another for sure: pages go by number.
            skipped = int(page.after[0]) if page.after else 0
            found = self._ranked(query, question)[skipped:]
            return found[: query.limit], [skipped + query.limit] if len(found) > query.limit else None
        after = tuple(str(part) for part in page.after) if page.after else None
        chosen = list(itertools.islice(groups(question, self.history, after), query.limit + 1))
        shown = chosen[: query.limit]
        return shown, list(shown[-1].key) if len(chosen) > query.limit else None

    def _ranked(self, query: Query, question: Question) -> list[Group]:
        rising = query.order_by is not None and query.order_by[0].order == "ASCENDING"
        sign = 1 if rising else -1
        return sorted(groups(question, self.history), key=lambda group: (sign * group.values[0], group.key))

    def attributes(self, body: bytes, token: str | None) -> Plain:
        """The values that a label has.

        Raises:
            RequestRefusedError: the body or the token is malformed.
        """
        asked = parsed(body, Attributes)
        identity = msgspec.json.encode(asked)
        page = self._page(identity, token)
        values = {value for metric in self._asked_about(asked) for value in self._values(asked, metric, page)}
        following = sorted(value for value in values if not page.after or value > str(page.after[0]))
        shown = following[: asked.limit]
        return {
            "data": [{asked.group_by[0]: value} for value in shown],
            "meta": self._meta(asked.limit, identity, page, shown[-1:] if len(following) > len(shown) else None),
        }

    def _asked_about(self, asked: Attributes) -> list[catalogue.Metric]:
        if asked.metric is not None:
            check_groups(asked.group_by, catalogue.metric(asked.metric))
            return [catalogue.metric(asked.metric)]
        fitting = [metric for metric in catalogue.METRICS.values() if asked.group_by[0] in metric.known_labels]
        if not fitting:
            raise RequestRefusedError(
                f"no metric has a label {asked.group_by[0]!r}; descriptors/metrics lists those that there are"
            )
        return fitting

    def _values(self, asked: Attributes, metric: catalogue.Metric, page: Page) -> list[str]:
        question = self._question(metric, asked.filter, asked.group_by, asked.intervals or _LAST_HOUR, ALL, page.now)
        return label_values(question, self.history)

    def _question(
        self,
        metric: catalogue.Metric,
        given: Filter | None,
        group_by: Sequence[str],
        intervals: Sequence[str],
        granularity: str,
        now: float,
    ) -> Question:
        asked = stretches(intervals, datetime.fromtimestamp(now, tz=UTC), GRANULARITIES[granularity])
        return Question(
            metric=metric,
            cluster_id=self.cluster_id,
            filter=check(given, self.cluster_id, metric.known_labels),
            group_by=group_by,
            stretches=cut(asked, *self._known(now)),
            origin=asked[0][0],
            granularity=GRANULARITIES[granularity],
        )

    def metric_descriptors(self, size: int, token: str | None, resource_type: str | None) -> Plain:
        """The metrics that this cluster's brokers tell."""
        wanted = catalogue.offered(self.history.names()) if resource_type in {None, "kafka"} else []
        return self._listed([metric.descriptor() for metric in wanted], size, token, f"metrics {resource_type}")

    def resource_descriptors(self, size: int, token: str | None) -> Plain:
        """The kinds of resources: Kafka clusters."""
        return self._listed(catalogue.RESOURCE_DESCRIPTORS, size, token, "resources")

    def _listed(self, items: Sequence[Plain], size: int, token: str | None, what: str) -> Plain:
        identity = f"{what} {size}".encode()
        page = self._page(identity, token)
        start = int(page.after[0]) if page.after else 0
        end = start + size
        meta = self._meta(size, identity, page, [end] if end < len(items) else None)
        meta["pagination"]["total_size"] = len(items)
        return {"data": list(items[start:end]), "meta": meta}

    def _page(self, identity: bytes, token: str | None) -> Page:
        now = self.clock()
        return Page(after=[], now=now, issued=now) if token is None else self.pages.page(identity, token, now)

    def _meta(self, size: int, identity: bytes, page: Page, after: Sequence[Any] | None) -> Plain:
        pagination: Plain = {"page_size": size}
        if after is not None:
            following = Page(after=list(after), now=page.now, issued=self.clock())
            pagination["next_page_token"] = self.pages.token(identity, following)
        return {"pagination": pagination}

    def _known(self, now: float) -> Minutes:
        """The minutes that may be answered. Without lateness the running one is told as far as it has come."""
        minute = int(now // 60)
        return minute - KEPT_MINUTES, minute - self.lateness if self.lateness else minute + 1


def _data(query: Query, group_by: Sequence[str], shown: Sequence[Group]) -> list[Plain]:
    if query.format == "GROUPED":
        return [{**dict(zip(group_by, group.key, strict=True)), "points": _points(group, {})} for group in shown]
    return [point for group in shown for point in _points(group, dict(zip(group_by, group.key, strict=True)))]


def _points(group: Group, labels: Plain) -> list[Plain]:
    times = map(_stamp, group.minutes.tolist())
    return [
        {"timestamp": time, **labels, "value": value} for time, value in zip(times, _numbers(group.values), strict=True)
    ]


def _numbers(values: Floats) -> list[int | float]:
    return [int(value) if value.is_integer() else value for value in values.tolist()]
