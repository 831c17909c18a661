"""Names that Kafka takes, and what ours begin with."""

from __future__ import annotations

import re
from typing import Final

from clusterload.model.errors import ConfigurationError

PREFIX: Final = "clusterload"
"""Our topics and clients begin with this by default."""

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


def checked_topic(name: str) -> str:
    """The name, if Kafka takes it as a topic's; ConfigurationError if not."""
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise ConfigurationError(
            f"topic name {name!r} is not allowed: use 1 to 249 of the characters a-z A-Z 0-9 . _ -"
        )
    return name
