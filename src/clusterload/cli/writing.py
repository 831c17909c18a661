"""Writing the files that a command was asked for beside what it prints."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from clusterload.model.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write a file; what stood there is replaced whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    half = file.with_name(f"{file.name}.half")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(file)
    except OSError as error:
        with suppress(OSError):  # there may be no folder to remove it from
            half.unlink()
        raise StoreError(f"{file} cannot be written: {error.strerror}; give another file") from None
