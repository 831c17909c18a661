"""Tokens from an authorization server: asked for as the standard says, and nothing but a token is taken for one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from clusterload.kafka.protocol.login import Login
from clusterload.kafka.protocol.security import ClientCredentials, Security
from clusterload.kafka.protocol.tokens import fetched
from clusterload.model.errors import AuthenticationError
from tests.http_server import Request, Response, serving

SECRET = "hunter2-hunter2"
Serve = Callable[..., ClientCredentials]


def jwt(**claims: Any) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({}, claims, 1))
    return ".".join(part.rstrip("=") for part in parts)


@pytest.fixture
def asked() -> list[tuple[str, dict[str, list[str]]]]:
    """What the server was asked: the Authorization header and the form."""
    return []


@pytest.fixture
def serve(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server that always answers the same, and give back how to ask it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as servers:

        def start(body: str, status: int = 200, **headers: str) -> ClientCredentials:
            def answer(request: Request) -> Response:
                asked.append((request.headers.get("Authorization"), parse_qs(request.body.decode())))
                return Response(status=status, body=body.encode(), headers=headers)

            url = f"{servers.enter_context(serving(answer)).url}/token"
            return ClientCredentials(url=url, client_id="me", client_secret=SECRET, scope="kafka all")

        yield start


def test_a_token_is_asked_for_as_the_standard_says(serve: Serve, asked: list[Any]) -> None:
    token = fetched(serve(json.dumps({"access_token": jwt(exp=900), "expires_in": 5})), 100.0, "the file")
    ((authorization, form),) = asked
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == f"me:{SECRET}"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka all"]}
    assert (token.text, token.got, token.ends) == (jwt(exp=900), 100.0, 900.0)


def test_an_opaque_token_ends_when_the_server_says(serve: Serve) -> None:
    assert fetched(serve('{"access_token": "opaque", "expires_in": 5}'), 100.0, "the file").ends == 105.0
    assert not fetched(serve('{"access_token": "opaque"}'), 100.0, "the file").due(1e9)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('{"error": "invalid_client"}', 401, "HTTP 401 invalid_client"),
        ('{"error": "x", "error_description": "wrong\\nsecret"}', 400, "HTTP 400 wrong secret"),
        ("<html>", 500, "HTTP 500"),
        ("[]", 200, "its answer holds no access_token"),
        ("nonsense", 200, "its answer holds no access_token"),
        ('{"access_token": "a\\u0001auth=b"}', 200, "its answer holds no access_token"),
        ('{"access_token": 5}', 200, "its answer holds no access_token"),
    ],
)
def test_what_is_no_token_is_told_in_one_line_without_the_secret(
    serve: Serve, body: str, status: int, said: str
) -> None:
    wanted = serve(body, status)
    url = wanted.url.replace("//", f"//me:{SECRET}@") + f"?key={SECRET}"
    with pytest.raises(AuthenticationError) as caught:
        fetched(replace(wanted, url=url), 0.0, "the file")
    assert str(caught.value) == f"no token came from {wanted.url} ({said}): check sasl.oauthbearer.* in the file"


def test_the_secret_is_not_sent_on_to_where_a_server_points(serve: Serve, asked: list[Any]) -> None:
    elsewhere = serve('{"access_token": "opaque"}')
    with pytest.raises(AuthenticationError, match="HTTP 307"):
        fetched(serve("", 307, Location=elsewhere.url), 0.0, "the file")
    assert len(asked) == 1


def test_a_server_that_does_not_answer_is_told() -> None:
    wanted = ClientCredentials(url="http://127.0.0.1:1/token", client_id="me", client_secret=SECRET)
    with pytest.raises(AuthenticationError, match=r"no token came from http://127\.0\.0\.1:1/token \("):
        fetched(wanted, 0.0, "the file")


def test_a_login_fetches_a_token_when_it_has_none_that_lasts(serve: Serve, asked: list[Any]) -> None:
    now = [time.time()]
    wanted = serve(json.dumps({"access_token": "opaque", "expires_in": 100}))
    login = Login(Security(protocol="SASL_SSL", mechanism="OAUTHBEARER", token=wanted), clock=lambda: now[0])
    assert login.needs_token()
    login.fetch_token()
    assert not login.needs_token()
    assert next(login.conversation()) == b"n,,\1auth=Bearer opaque\1\1"
    now[0] += 81
    assert login.needs_token()
    assert len(asked) == 1
