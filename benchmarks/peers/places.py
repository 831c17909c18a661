"""Where peers are built and kept: a folder of the repository that git does not see."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def cached(name: str) -> Path:
    """A folder for what can be made again."""
    path = ROOT / ".cache" / "peers" / name
    path.mkdir(parents=True, exist_ok=True)
    return path
