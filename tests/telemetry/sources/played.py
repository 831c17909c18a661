"""A played Metrics API of Confluent: it answers what a test tells it, and keeps what it was asked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clusterload.telemetry.sources.confluent import Access
from clusterload.telemetry.sources.transport import RetryPolicy
from tests.http_server import HttpServer, Response, serving

SECRET = "s3cr3t-of-nobody"
TOKEN = b64encode(f"KEY:{SECRET}".encode()).decode()
CLUSTER = "lkc-played"
HURRIED = RetryPolicy(attempts=3, backoff=0.001, longest=90.0)
"""Retries at once. The timeout is long: a machine that stands still for a while is not an API that does not answer."""

EMPTY: Final = Response(body=b'{"data": []}')

QUERY = "/v2/metrics/cloud/query"


def endpoint(api: HttpServer) -> str:
    """The URL of the query call."""
    return api.url + QUERY


def access(api: HttpServer) -> Access:
    """What is needed to read it."""
    return Access(endpoint=endpoint(api), token=TOKEN, cluster_id=CLUSTER)


def properties(api: HttpServer) -> str:
    """The lines of a client configuration that name it."""
    named = {"metrics.endpoint": endpoint(api), "cloud_api_token": TOKEN, "clusterid": CLUSTER}
    return "".join(f"confluent.{name}={value}\n" for name, value in named.items())


@contextmanager
def playing() -> Iterator[HttpServer]:
    """A played API for as long as the block lasts; it has no data unless a test says otherwise."""
    with serving(lambda _: EMPTY) as api:
        yield api
