"""Labels: what people write on a run file, to find it again. They stand in the file itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clusterload.model.errors import StoreError, UsageError
from clusterload.telemetry.runfile.reader import opened

LONGEST: Final = 200
"""Characters that a label's name or its value may have."""


def parsed_label(text: str) -> tuple[str, str]:
    """A label's name and value, of `name=value`; the value may be empty, and may have more equals signs in it.

    Raises:
        UsageError: it is no label.
    """
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        raise UsageError(f"{text!r} is no label: write it as in build=42")
    if max(len(name), len(value)) > LONGEST:
        raise UsageError(f"label {name[:20]!r} is longer than {LONGEST} characters: write less")
    return name, value


def write_labels(path: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """Write labels on a run file; one with an empty value is taken off. Also while the run goes on.

    Returns:
        All labels that it has now.

    Raises:
        StoreError: it is no run file, or cannot be written to.
    """
    with opened(path) as database:
        try:
            # Of two who label at once none loses the other's.
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT json FROM document WHERE name = 'labels'").fetchone()
            known = {**(json.loads(row[0]) if row else {}), **changes}
            kept = {name: value for name, value in known.items() if value}
            database.execute("INSERT OR REPLACE INTO document VALUES ('labels', ?)", (json.dumps(kept),))
            database.commit()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{path} cannot be labelled: {error}") from None
    return kept
