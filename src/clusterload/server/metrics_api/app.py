"""The Metrics API as a web application: paths, parameters, and errors in the contract's form."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clusterload.server.metrics_api import catalogue
from clusterload.server.metrics_api.calls import Calls
from clusterload.server.metrics_api.credentials import Credential
from clusterload.server.metrics_api.export import exported, last_minute
from clusterload.server.metrics_api.gate import Gate, Rate
from clusterload.server.metrics_api.refusal import RequestRefusedError, envelope
from clusterload.server.metrics_api.requests import PAGE_SIZE

LOG: Final = logging.getLogger("clusterload.server")
DATASET: Final = "cloud"
PATH: Final = f"/v2/metrics/{DATASET}"
_LARGEST_BODY: Final = 1024 * 1024
_LARGEST_PAGE: Final = 1000


def application(
    calls: Calls,
    credential: Credential,
    hosts: Collection[str],
    *,
    per_minute: int,
    exports_per_hour: int,
) -> Starlette:
    """The application that answers for one cluster.

    Args:
        calls: answers them.
        credential: what a request must carry.
        hosts: names by which it may be called.
        per_minute: requests of one address in a minute.
        exports_per_hour: exports in an hour.
    """
    paths = _Paths(calls, Rate(exports_per_hour, 3600.0, time.monotonic))
    return Starlette(
        routes=[
            Route("/v2/metrics/{dataset}/query", paths.query, methods=["POST"]),
            Route("/v2/metrics/{dataset}/attributes", paths.attributes, methods=["POST"]),
            Route("/v2/metrics/{dataset}/descriptors/metrics", paths.metric_descriptors),
            Route("/v2/metrics/{dataset}/descriptors/resources", paths.resource_descriptors),
            Route("/v2/metrics/{dataset}/export", paths.export),
        ],
        middleware=[Middleware(Gate, credential=credential, hosts=hosts, per_minute=per_minute)],
        exception_handlers={RequestRefusedError: _refused, HTTPException: _http_error, Exception: _broken},
    )


class _Paths:
    """What each path does."""

    def __init__(self, calls: Calls, exports: Rate) -> None:
        self._calls, self._exports = calls, exports

    async def query(self, request: Request) -> Response:
        return await self._answered(request, self._calls.query)

    async def attributes(self, request: Request) -> Response:
        return await self._answered(request, self._calls.attributes)

    async def _answered(self, request: Request, call: Callable[[bytes, str | None], Any]) -> Response:
        _check_dataset(request)
        body, token = await _body(request), request.query_params.get("page_token")
        return await run_in_threadpool(lambda: _json(call(body, token)))

    async def metric_descriptors(self, request: Request) -> Response:
        _check_dataset(request)
        kind, token = request.query_params.get("resource_type"), request.query_params.get("page_token")
        return _json(self._calls.metric_descriptors(_page_size(request), token, kind))

    async def resource_descriptors(self, request: Request) -> Response:
        _check_dataset(request)
        return _json(self._calls.resource_descriptors(_page_size(request), request.query_params.get("page_token")))

    async def export(self, request: Request) -> Response:
        _check_dataset(request)
        calls, names = self._calls, request.query_params.getlist("metric")
        _check_resources(request, calls.cluster_id)
        allowance = self._exports.take(calls.cluster_id)
        if allowance.exceeded:
            raise RequestRefusedError(
                f"too many requests have been made for the following resources: kafka.id:{calls.cluster_id}; "
                f"at most {allowance.limit} exports an hour are allowed",
                429,
                allowance.headers,
            )
        chosen = [catalogue.metric(name) for name in dict.fromkeys(names)] or catalogue.offered(calls.history.names())
        minute, accept = last_minute(calls.clock(), calls.lateness), request.headers.get("accept", "")
        text, kind = await run_in_threadpool(exported, chosen, calls.history, calls.cluster_id, minute, accept)
        # Not as `media_type`, to which Starlette would add a charset that the contract does not name.
        return Response(text, headers={"content-type": kind})


def _check_dataset(request: Request) -> None:
    dataset = request.path_params["dataset"]
    if dataset != DATASET:
        raise RequestRefusedError(f"no dataset {dataset!r}: there is {DATASET!r} only", HTTPStatus.NOT_FOUND)


def _check_resources(request: Request, cluster_id: str) -> None:
    for name in ("resource.connector.id", "resource.ksql.id", "resource.schema_registry.id"):
        if name in request.query_params:
            raise RequestRefusedError(
                f"no resource is known by {name}: only resource.kafka.id is", HTTPStatus.FORBIDDEN
            )
    for wanted in request.query_params.getlist("resource.kafka.id"):
        if wanted != cluster_id:
            raise RequestRefusedError(
                f"not authorized for the cluster {wanted!r}: its id here is another one", HTTPStatus.FORBIDDEN
            )


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(PAGE_SIZE))
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 (any that is too big)
    if not 1 <= size <= _LARGEST_PAGE:
        raise RequestRefusedError(f"page_size must be a number from 1 to {_LARGEST_PAGE:,}, not {text[:20]!r}")
    return size


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise RequestRefusedError(
                f"the body is larger than {_LARGEST_BODY:,} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
    return bytes(body)


def _json(plain: Any) -> Response:
    return Response(msgspec.json.encode(plain), media_type="application/json")


def _error(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(envelope(status, detail)), status, headers, "application/json")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefusedError)
    return _error(error.status, str(error), error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, f"{request.method} {request.url.path}: {error.detail}", dict(error.headers or {}))


async def _broken(_: Request, error: Exception) -> Response:
    LOG.error("a request failed: %r", error)
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "the request failed here, not at the caller's; see the log")
