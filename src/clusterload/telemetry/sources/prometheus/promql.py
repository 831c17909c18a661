"""PromQL: matchers, selectors, names as regular expressions, and what instances are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from clusterload.model.errors import ConfigurationError

_MATCHER: Final = re.compile(
    r"""\s* (?P<label>[a-zA-Z_][a-zA-Z0-9_]*) \s* (?P<operator>=~|!~|!=|=) \s*
        (?P<value>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*`) \s* (?P<next>,|$)""",
    re.VERBOSE,
)


def matchers(text: str) -> str:
    """A list of label matchers, checked and in one form, as in `job="kafka",env=~"prod|stage"`.

    Braces around the list, blanks and a comma at its end are taken away.

    Raises:
        ConfigurationError: it is malformed.
    """
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    found, at = [], 0
    while at < len(inner):
        match = _MATCHER.match(inner, at)
        if match is None or match["label"] == "__name__":
            raise ConfigurationError(f'{text!r} is not a list of label matchers: write it as in job="kafka",env="prod"')
        found.append(f"{match['label']}{match['operator']}{match['value']}")
        at = match.end()
    return ",".join(found)


def any_of(values: Iterable[str], *, or_none: bool = False) -> str:
    """A quoted regular expression that matches these values alone; also a missing label if `or_none`."""
    texts = [_escaped(value) for value in sorted(values)]
    return quoted("|".join(["", *texts] if or_none else texts))


def at_any_port(hosts: Iterable[str]) -> str:
    """A quoted regular expression of all instances on these hosts."""
    return quoted(f"\\[?({'|'.join(_escaped(host) for host in sorted(hosts))})\\]?(:[0-9]+)?")


def quoted(text: str) -> str:
    """A string as PromQL writes it."""
    # JSON's escapes are a part of PromQL's; what is beyond ASCII may stand as it is.
    return json.dumps(text, ensure_ascii=False)


def selector(*parts: str) -> str:
    """An instant vector selector of matchers; empty ones are left out."""
    return "{" + joined(*parts) + "}"


def joined(*parts: str) -> str:
    """Lists of matchers as one; empty ones are left out."""
    return ",".join(part for part in parts if part)


def named(names: Iterable[str]) -> str:
    """The matcher of metrics by their names."""
    ordered = sorted(names)
    return f"__name__={quoted(ordered[0])}" if len(ordered) == 1 else f"__name__=~{any_of(ordered)}"


def host_of(instance: str) -> str:
    """The host of an instance, `host:port` or host alone."""
    host, colon, port = instance.rpartition(":")
    return host.strip("[]") if colon and port.isdecimal() else instance


def milliseconds(nanoseconds: int) -> str:
    """A length of time as a range selector wants it; at least a millisecond."""
    return f"{max(1, round(nanoseconds / 1_000_000))}ms"


def _escaped(value: str) -> str:
    # RE2, not Python's dialect: there only these mean something, and an escaped letter may not be.
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)
