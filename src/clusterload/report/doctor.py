"""A checkup as a page for people and as a document for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clusterload.analysis.causes.catalogue import CAUSES
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.wording import in_sentence
from clusterload.report.tables import plain
from clusterload.workflow.doctor.check import Area, Check, Checkup, Judgeable, Paste, State, Unjudged, Unnamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STYLES: Final = {State.OK: "green", State.WARNING: "yellow", State.MISSING: "magenta", State.FAILED: "bold red"}
_NAMES: Final = 15


def checkup_document(found: Checkup) -> dict[str, Any]:
    """A checkup as plain values: checks, what can be judged, and what can be pasted."""
    known = found.judgeable
    return {
        "of": found.of,
        "usable": found.is_usable,
        "counts": {str(state): count for state, count in found.counts.items()},
        "seconds": round(found.seconds, 2),
        "checks": [{**asdict(check), "area": str(check.area), "state": str(check.state)} for check in found.checks],
        "series": list(known.given) if known else [],
        "missing": list(known.missing) if known else [],
        "causes": {
            "judged": list(known.judged),
            "unjudged": [asdict(each) for each in known.unjudged],
            "unnamed": [asdict(each) for each in known.unnamed],
        }
        if known
        else None,
        "pastes": [asdict(paste) for paste in known.pastes] if known else [],
    }


def checkup_view(found: Checkup) -> RenderableType:
    """The page: checks by area, then the causes, then what can be pasted."""
    parts: list[RenderableType] = [plain(f"Checkup of {found.of}", "bold")]
    for area in Area:
        checks = [check for check in found.checks if check.area is area]
        if checks:
            parts += [Text(f"\n{area}", style="bold"), _lines(checks)]
    if found.judgeable is not None:
        parts += list(_causes(found.judgeable))
    parts += ["", _sum(found)]
    return Group(*parts)


def pastes_view(pastes: Sequence[Paste]) -> str:
    """What can be pasted, numbered as the page has it: no colour, no width."""
    return "\n".join(
        f"\n--- {number}. {paste.title}\n--- gives {', '.join(paste.gives) or 'what the right allows'}\n\n{paste.text}"
        for number, paste in enumerate(pastes, 1)
    )


def _lines(checks: Iterable[Check]) -> Table:
    shown = _grid()
    for check in checks:
        said = plain(check.finding)
        if check.remedy:
            said.append_text(_remedy(check.remedy))
        shown.add_row(_mark(check.state), plain(check.name), said)
    return _indented(shown)


def _indented(shown: Table) -> Table:
    outer = Table.grid()
    outer.add_row(Padding(shown, (0, 0, 0, 2)))
    return outer


def _causes(known: Judgeable) -> Iterable[RenderableType]:
    every = len(known.judged) + len(known.unjudged)
    yield Text(f"\nCauses that can be judged: {len(known.judged)} of {every}", style="bold")
    shown = _grid()
    if known.judged:
        titles = ", ".join(in_sentence(CAUSES[cause].title) for cause in known.judged)
        shown.add_row(_mark(State.OK), Text("judged"), plain(titles))
    for each in known.unjudged:
        shown.add_row(_mark(State.MISSING), plain(in_sentence(each.title)), _why(each, known))
    for unnamed in known.unnamed:
        shown.add_row(_mark(State.MISSING), Text(f"{unnamed.kind} names"), _who(unnamed, known))
    if lacking := known.missing:
        titles = ", ".join(in_sentence(RESOURCES[name].title) for name in lacking)
        said = plain(f"held against no limit, since unknown: {titles}")
        giving = [paste.id for paste in known.pastes if set(paste.gives) & set(lacking)]
        shown.add_row(_mark(State.MISSING), Text("figures"), said.append_text(_pointed(giving, known)))
    yield _indented(shown)


def _why(each: Unjudged, known: Judgeable) -> Text:
    lacking = " and ".join(need.replace("|", " or ") for need in each.lacking)
    said = plain(f"needs {lacking}" + (f": {each.note}" if each.note else ""))
    return said.append_text(_pointed(each.remedies, known))


def _who(each: Unnamed, known: Judgeable) -> Text:
    causes = "1 cause is" if len(each.causes) == 1 else f"{len(each.causes)} causes are"
    return plain(f"{causes} judged without knowing which {each.kind}").append_text(_pointed(each.remedies, known))


def _pointed(remedies: Iterable[str], known: Judgeable) -> Text:
    """Where below the page the remedies stand."""
    numbers = [str(number) for number, paste in enumerate(known.pastes, 1) if paste.id in set(remedies)]
    return _remedy(f"paste {' and '.join(numbers)}") if numbers else Text()


def _remedy(words: str) -> Text:
    return Text.assemble(" -> ", plain(words), style="cyan")


def _mark(state: State) -> Text:
    return Text(state, style=_STYLES[state])


def _grid() -> Table:
    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True, min_width=7)
    # Ids, addresses and options go on in the next line: cut off they would be of no use.
    shown.add_column(min_width=_NAMES, overflow="fold")
    shown.add_column(overflow="fold")
    return shown


def _sum(found: Checkup) -> Text:
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items() if count)
    words = "usable" if found.is_usable else "not usable as it is: see what failed"
    return Text(f"{words} ({counts}; {units.duration(found.seconds)})", style="bold" if found.is_usable else "bold red")
