"""Words that were given up for the field's own, and must not come back: in sources, help, errors and pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

INSTEAD: Final[Mapping[str, str]] = {
    r"anew": "again",
    r"answers at once": "a stub broker",
    r"asked all the time": "request storm",
    r"asks before it counts": "first request on a new connection",
    r"beside": "next to, in addition to, while",
    r"brakes?": "bottleneck",
    r"broker with nothing to do": "idle broker",
    r"errands?": "admin requests",
    r"garbage(?! ?collect)|nonsense|makes? no sense": "malformed",
    r"heights are judged": "absolute levels are judged",
    r"if ours to choose": "scrape interval",
    r"(?<!there )is no(?! longer)": "is not a",
    r"keepers?": "watchdog",
    r"lead in a circle": "pagination loop",
    r"left alone for": "retry after",
    r"lendings?|loans?": "temporary quota, lease",
    r"lets? go of": "delete",
    r"lie in time": "arrival process",
    r"next to nothing": "empty",
    r"no difference shown": "no significant difference",
    r"not so, if": "disproved if",
    r"rota|seats?": "round-robin, broker connections",
    r"slow way to": "high network latency to",
    r"tells only of now": "has no history",
    r"visits?": "short-lived connections",
    r"who it claims to be": "server signature mismatch",
    r"whoever": "a user who",
    r"whose word counts": "acks",
}
"""What is not said, as a pattern of whole words in any case, and what is said instead."""

ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {}
"""Where a word has to stay, by file: keys of files that earlier versions wrote."""

_WORDS: Final = re.compile(rf"(?<![a-z])(?:{'|'.join(INSTEAD)})(?![a-z])", re.IGNORECASE)
_NAMELESS: Final = "one"
_KINDS: Final = {".py", ".md", ".toml", ".html", ".js"}


def complaints(root: Path) -> Iterator[str]:
    """Each place in sources and pages where such a word stands, or a variable says no more than that it is one."""
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md")]
    for file in sorted([*root.glob("src/**/*.*"), *(page for page in pages if page.name != "CHANGELOG.md")]):
        if file.suffix not in _KINDS:
            continue
        name = str(file.relative_to(root))
        text = file.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            for found in _WORDS.findall(line):
                if found.lower() not in ALLOWED.get(name, ()):
                    yield f"{name}:{number} says {found!r}: say {_instead(found)}"
        if file.suffix == ".py":
            yield from (
                f"{name}:{number} has a variable {_NAMELESS!r}: name it for what it is" for number in _nameless(text)
            )


def _instead(found: str) -> str:
    return next(said for word, said in INSTEAD.items() if re.fullmatch(word, found, re.IGNORECASE))


def _nameless(source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        stored = node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""
        if _NAMELESS in {stored, node.arg if isinstance(node, ast.arg) else ""}:
            yield node.lineno  # type: ignore[attr-defined]
