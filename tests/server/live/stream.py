"""What a viewer does: reads server-sent events, as a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event."""

    number: int
    kind: str
    data: Any


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def base_of(url: str) -> str:
    return f"http://{urlsplit(url).netloc}"


@contextmanager
def looking(url: str, *, last: int | None = None) -> Iterator[Iterator[Event]]:
    """The events of a page at this address, from the beginning or after the last one that is known."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    asked = f"{base_of(url)}/events?token={token_of(url)}"
    with httpx.stream("GET", asked, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields.get("data"):
            yield Event(number=int(fields["id"]), kind=fields["event"], data=json.loads(fields["data"]))
            fields = {}
