"""The Metrics API as calls: what it offers, and the answer to a query, pages and pieces joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.confluent.access import Access
from clusterload.telemetry.sources.confluent.descriptors import Descriptor, is_wanted
from clusterload.telemetry.sources.confluent.query import Query, Table
from clusterload.telemetry.sources.confluent.transport import QueryRefusedError, Transport

_DESCRIPTORS_PAGE: Final = 1000
# A token that expires between two pages makes us begin anew, as the contract wants; not for ever.
_BEGINNINGS: Final = 3


class MetricsApi:
    """One cluster's metrics, read by queries."""

    def __init__(self, access: Access, transport: Transport) -> None:
        """Ask through `transport`, which the caller closes."""
        self._access = access
        self._transport = transport

    def descriptors(self) -> tuple[Descriptor, ...]:
        """The Kafka metrics on offer.

        Raises:
            SourceError: they could not be read.
        """
        url = self._access.sibling("descriptors/metrics")
        params = {"resource_type": "kafka", "page_size": str(_DESCRIPTORS_PAGE)}
        pages = self._pages(lambda token: self._transport.ask(url, {**params, **token}))
        return tuple(Descriptor.parsed(one) for page in pages for one in page["data"] if is_wanted(one))

    def table(self, query: Query) -> Table:
        """The whole answer to a query, over all its pieces and pages.

        Raises:
            QueryRefusedError: the API does not take this query.
            SourceError: it could not be read.
        """
        table: Table = {}
        for body in query.bodies():
            for page in self._from_beginning(body):
                query.take(page, table)
        return table

    def _from_beginning(self, body: bytes) -> list[dict[str, Any]]:
        def ask(token: dict[str, str]) -> dict[str, Any]:
            return self._transport.ask(self._access.endpoint, token, body)

        for left in reversed(range(_BEGINNINGS)):
            pages: list[dict[str, Any]] = []
            try:
                for page in self._pages(ask):
                    pages.append(page)  # noqa: PERF402 (the pages before a refusal are looked at below)
            except QueryRefusedError:
                if not pages or not left:
                    raise
            else:
                return pages
        raise AssertionError("the last beginning returns or raises")

    def _pages(self, ask: Callable[[dict[str, str]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
        token, seen = "", set[str]()
        while True:
            page = ask({"page_token": token} if token else {})
            yield page
            token = _next_token(page)
            if not token:
                return
            if token in seen:
                raise SourceError(f"the pages of {self._access.host} lead in a circle: try again later")
            seen.add(token)


def _next_token(page: dict[str, Any]) -> str:
    try:
        return str(((page.get("meta") or {}).get("pagination") or {}).get("next_page_token") or "")
    except AttributeError:
        raise SourceError("the Metrics API does not number its pages as its contract says: try again later") from None
