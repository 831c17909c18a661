"""A plain client: the standard library and a `client.properties`, as any program for the cloud has it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def plain(self) -> Any:
        return json.loads(self.text)

    @property
    def detail(self) -> str:
        """The one error's text; the contract's envelope must be whole."""
        (error,) = self.plain["errors"]
        assert error["status"] == str(self.status)
        assert error["id"]
        assert self.headers["content-type"] == "application/json"
        return str(error["detail"])


@dataclass
class Client:
    """Asks as its properties say."""

    properties: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Client:
        """A client of the lines of a properties file."""
        lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
        return cls({key: value for key, _, value in lines})

    @property
    def base(self) -> str:
        """What all paths begin with."""
        return self.properties["confluent.metrics.endpoint"].removesuffix("/query")

    def post(self, body: object, path: str = "/query", **headers: str) -> Answer:
        """POST a body; text and bytes as they are, all else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._send(urllib.request.Request(self.base + path, raw), headers)

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path."""
        return self._send(urllib.request.Request(self.base + path), headers)

    def _send(self, request: urllib.request.Request, headers: dict[str, str]) -> Answer:
        token = self.properties["confluent.cloud_api_token"]
        for name, value in {"Authorization": f"Basic {token}", **self.headers, **headers}.items():
            request.add_header(name, value)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read().decode())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
