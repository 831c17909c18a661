"""The Metrics API as calls: what it offers, and the answer to a query, with its pages and pieces joined."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Self

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.confluent.access import ENDPOINT, Access
from clusterload.telemetry.sources.confluent.mapping import Descriptor, is_wanted
from clusterload.telemetry.sources.confluent.query import Query, Table
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server

RETRY: Final = RetryPolicy()
"""How long the API is waited for by default."""

_DESCRIPTORS_PAGE: Final = 1000
# A page token that expires makes us begin again at the first page, as the contract wants; not for ever.
_BEGINNINGS: Final = 3


class QueryRefusedError(SourceError):
    """The API does not accept this one query; others may succeed."""


class MetricsClient:
    """Reads one cluster's metrics. The token is never part of a message."""

    def __init__(
        self,
        access: Access,
        *,
        retry: RetryPolicy = RETRY,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is sent before the first call. `clock` is in monotonic seconds, `sleep` waits for seconds."""
        self._access = access
        server = Server(
            name=f"the Metrics API at {access.host}",
            refusal=self._refusal,
            smaller="request less at a time",
            error_text=_error_text,
            secrets=(access.token,),
        )
        headers = {"Authorization": f"Basic {access.token}", "Content-Type": "application/json"}
        self._http = HttpClient(
            server, retry, headers=headers, clock=clock, sleep=sleep, trust_env=not access.is_loopback
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def descriptors(self) -> tuple[Descriptor, ...]:
        """The Kafka metrics on offer.

        Raises:
            SourceError: they could not be read.
        """
        url = self._access.sibling("descriptors/metrics")
        params = {"resource_type": "kafka", "page_size": str(_DESCRIPTORS_PAGE)}
        pages = self._pages(lambda token: self.call(url, {**params, **token}))
        return tuple(Descriptor.parsed(item) for page in pages for item in page["data"] if is_wanted(item))

    def table(self, query: Query) -> Table:
        """The whole answer to a query, over all its pieces and pages.

        Raises:
            QueryRefusedError: the API does not accept this query.
            SourceError: it could not be read.
        """
        table: Table = {}
        for body in query.bodies():
            for page in self._from_beginning(body):
                query.take(page, table)
        return table

    def call(self, url: str, params: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """The document that a POST of `body` gives, or a GET without one.

        Raises:
            QueryRefusedError: the API does not accept the query (400 and its like).
            SourceError: the API refused us, did not answer in time, or its response is malformed.
        """
        response = self._http.send("GET" if body is None else "POST", url, params=params, content=body)
        try:
            document = json.loads(response)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("data"), list):
            raise SourceError(f"malformed Metrics API response from {self._access.host}: check {ENDPOINT}")
        return document

    def _from_beginning(self, body: bytes) -> list[dict[str, Any]]:
        def ask(token: dict[str, str]) -> dict[str, Any]:
            return self.call(self._access.endpoint, token, body)

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
                raise SourceError(f"pagination loop at {self._access.host}: try again later")
            seen.add(token)

    def _refusal(self, status: int, said: str) -> SourceError:
        name = f"the Metrics API at {self._access.host}"
        if status == HTTPStatus.UNAUTHORIZED:
            return SourceError(
                f"{name} does not know the key ({said}): set confluent.cloud_api_token to the base64 of a Cloud "
                "API key and its secret; a cluster's own key does not work"
            )
        if status == HTTPStatus.FORBIDDEN:
            return SourceError(
                f"{name} does not let the key read cluster {self._access.cluster_id} ({said}): check "
                "confluent.clusterid, and give the key's owner the role MetricsViewer"
            )
        if status == HTTPStatus.NOT_FOUND:
            return SourceError(f"{name} has no such path ({said}): check {ENDPOINT}")
        return QueryRefusedError(f"{name} rejects the query ({said})")


def _error_text(body: bytes) -> str:
    try:
        return str(json.loads(body)["errors"][0]["detail"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _next_token(page: dict[str, Any]) -> str:
    try:
        return str(((page.get("meta") or {}).get("pagination") or {}).get("next_page_token") or "")
    except AttributeError:
        raise SourceError("malformed pagination in a Metrics API response: try again later") from None
