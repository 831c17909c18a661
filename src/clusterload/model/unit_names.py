"""How people write units: the spellings that mean one amount only, and what the others could mean.

Only text is handled here; `units` knows what an amount is. A spelling that could mean two amounts (`KB`, `Mb`, `/m`) is
none of these: it is refused, with the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SECONDS_IN: Final[Mapping[str, float]] = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Seconds of each stretch that a rate can be given by."""

_STRETCHES: Final = {
    **dict.fromkeys(("sec", "second", "seconds"), "s"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
}

_THINGS: Final = {
    **dict.fromkeys(("byte", "bytes", "Bytes"), "B"),
    **dict.fromkeys(("kilobyte", "kilobytes"), "kB"),
    **dict.fromkeys(("megabyte", "megabytes"), "MB"),
    **dict.fromkeys(("gigabyte", "gigabytes"), "GB"),
    # As Kubernetes writes quantities of bytes.
    **dict.fromkeys(("Ki", "kibibyte", "kibibytes"), "KiB"),
    **dict.fromkeys(("Mi", "mebibyte", "mebibytes"), "MiB"),
    **dict.fromkeys(("Gi", "gibibyte", "gibibytes"), "GiB"),
    "bits": "bit",
    **dict.fromkeys(("kBit", "kbits", "Kbit", "Kbits", "kilobit", "kilobits"), "kbit"),
    **dict.fromkeys(("MBit", "Mbits", "megabit", "megabits"), "Mbit"),
    **dict.fromkeys(("GBit", "Gbits", "gigabit", "gigabits"), "Gbit"),
    **dict.fromkeys(("req", "reqs", "request"), "requests"),
    **dict.fromkeys(("rec", "recs", "record", "msg", "msgs", "message", "messages"), "records"),
    **dict.fromkeys(("conn", "conns", "connection"), "connections"),
    **dict.fromkeys(("partition", "replica", "replicas"), "partitions"),
    **dict.fromkeys(("txn", "txns", "transaction"), "transactions"),
    "event": "events",
    "percent": "%",
    "core": "cores",
}

_BY_EXPECTED: Final = {
    # Azure Event Hubs calls a record an event.
    "records": {"event": "records", "events": "records"},
    "connections": {"attempt": "connections", "attempts": "connections"},
}

_PER_SECOND: Final = re.compile(r"(?P<of>[kMG]?b|[kMG]?B|[KMG]iB)ps")
_BITS: Final = {"b": "bit", "kb": "kbit", "Mb": "Mbit", "Gb": "Gbit"}

_PREFIXED: Final = re.compile(r"(?P<prefix>[kKmMgG])(?P<of>[bB])(?P<rest>ps|PS|/\w+)?")


def spelled(symbol: str, thing: str = "") -> str:
    """A unit's symbol as `units` has it: `req/min` is `requests/min`, `Mbps` is `Mbit/s`; else what was written.

    Args:
        symbol: as somebody wrote it.
        thing: what is measured, for words that depend on it: an event can be a record.
    """
    written = re.sub(r"\s+per\s+", "/", symbol.strip())
    if short := _PER_SECOND.fullmatch(written):
        return f"{_BITS.get(short['of'], short['of'])}/s"
    if written == "rps":
        return "requests/s"
    of, slash, stretch = (part.strip() for part in written.partition("/"))
    of = _BY_EXPECTED.get(thing, {}).get(of) or _THINGS.get(of, of)
    return f"{of}{slash}{_STRETCHES.get(stretch, stretch)}"


def meanings(symbol: str) -> str:
    """What a spelling could mean that is refused because it could mean two amounts: words for a message, or nothing."""
    if symbol.rpartition("/")[2] == "m" and "/" in symbol:
        return " (a minute is '/min')"
    found = _PREFIXED.fullmatch(symbol)
    if not found or (found["prefix"] + found["of"] in {"kB", "MB", "GB"} and found["rest"] != "PS"):
        return ""
    prefix, per = found["prefix"], "/s" if found["rest"] in {"ps", "PS"} else found["rest"] or ""
    if prefix + found["of"] == "KB":
        return f" ('kB{per}' are 1,000 bytes and 'KiB{per}' 1,024)"
    big = {"k": "k", "K": "k", "m": "M", "M": "M", "g": "G", "G": "G"}[prefix]
    return f" ('{big}bit{per}' are bits and '{big}B{per}' bytes)"
