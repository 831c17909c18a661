"""Addresses of exporters and agents as people give them: checked, and shown without what may be secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from clusterload.model.errors import ConfigurationError

Endpoints: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Where each broker (by id) is scraped: a URL, or several that add to each other."""

_EXAMPLE: Final = "http://broker1:7071/metrics"


def check_address(url: str, name: str) -> None:
    """See that an address is one, and holds no login.

    Raises:
        ConfigurationError: it is malformed, or holds a login; the URL itself stays out of the message.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(f"{name}: that is not a URL: write it as in {_EXAMPLE}")
    if parts.username is not None:
        raise ConfigurationError(
            f"{name}: its URL holds a login, which would be shown and stored: put exporter.username and "
            "exporter.password into the file given by --cluster"
        )


def shown(url: str) -> str:
    """An address for messages: without what may be secret in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def host_of(url: str) -> str:
    """The host of an address; empty if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def single(broker: str, urls: str | tuple[str, ...], what: str) -> str:
    """The only address of a broker; ConfigurationError if it has several, where those cannot add to each other."""
    if isinstance(urls, str):
        return urls
    if len(urls) > 1:
        raise ConfigurationError(f"broker {broker} has {len(urls)} addresses of its {what}: give the one that is right")
    return urls[0]


def joined(pairs: Iterable[tuple[str, str]], kind: str = "exporter") -> dict[str, tuple[str, ...]]:
    """Addresses by broker, of which each broker may have several.

    Args:
        pairs: broker ids and URLs.
        kind: what they are of, for messages.

    Raises:
        ConfigurationError: two brokers have the same address, or one has it twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    for broker, url in pairs:
        if url in owners:
            whose = f"brokers {owners[url]} and {broker}" if owners[url] != broker else f"broker {broker}, twice"
            raise ConfigurationError(f"the {kind} at {shown(url)} is given for {whose}: each has an address of its own")
        owners[url] = broker
        found[broker] = (*found.get(broker, ()), url)
    return found
