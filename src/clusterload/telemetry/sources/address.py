"""Addresses of sources that speak HTTP: what is one, and whether a secret may be sent there in plain text."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult | None:
    """The parts of an http or https address with a host; None if it is none."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if host and parts.scheme in {"http", "https"} else None


def is_more_than_an_address(parts: SplitResult) -> bool:
    """Whether something stands in it that may be a secret: a login, a query, a fragment."""
    return parts.username is not None or bool(parts.query or parts.fragment)


def is_plain(parts: SplitResult) -> bool:
    """Whether what is sent there could be read on the way: neither encrypted nor to this machine."""
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
