"""What a checkup finds, as values: checks, what can be judged, and what can be pasted to judge more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    """As it should be."""
    WARNING = "warning"
    """It works, and something about it misleads or will fail later."""
    MISSING = "missing"
    """It was not given, or is not allowed; the tool works without, and says less."""
    FAILED = "failed"
    """It was named, and does not work."""


class Area(StrEnum):
    """What a check is about; the order is that of the page."""

    KAFKA = "Kafka"
    RIGHTS = "What this login may do"
    METRICS = "Metrics"
    MACHINE = "This machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the page.

    Attributes:
        area: what it is about.
        name: what was looked at, as in `broker 2`.
        state: how it came out.
        finding: what was found, and what that means.
        remedy: what to do; empty where nothing has to be done.
    """

    area: Area
    name: str
    state: State
    finding: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A cause that cannot be judged, since no source gives what shows it.

    Attributes:
        cause: its id.
        title: as people read it.
        lacking: the Series that are missing; of several names with `|` between them one is enough.
        remedies: ids of the remedies that give them.
        note: why nothing gives them, where nothing does.
    """

    cause: str
    title: str
    lacking: tuple[str, ...]
    remedies: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """Kinds of culprits that nobody can be named by, with the causes that this weakens.

    Attributes:
        kind: of culprit, as in `client`.
        causes: ids of the causes that can be judged, but not with this name.
        remedies: ids of the remedies that would give the names.
    """

    kind: str
    causes: tuple[str, ...]
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paste:
    """Something that is ready to be pasted.

    Attributes:
        id: as causes name it.
        title: what it is, and where it belongs.
        text: to be pasted as it is.
        gives: the Series that come of it.
    """

    id: str
    title: str
    text: str
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgeable:
    """Which causes can be judged from the sources that are there.

    Attributes:
        given: the Series that they give.
        judged: ids of the causes that can be judged.
        unjudged: those that cannot.
        unnamed: names of culprits that are missing.
        missing: dimensions and saturations that no source gives.
        pastes: what would change that.
    """

    given: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()
    missing: tuple[str, ...] = ()
    pastes: tuple[Paste, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """All that was found.

    Attributes:
        of: what was looked at, as in `cluster 7nRPq0dTQ6u3`.
        checks: by area.
        judgeable: which causes can be judged; None where no source of metrics was reached at all.
        seconds: that it took.
    """

    of: str
    checks: tuple[Check, ...]
    judgeable: Judgeable | None
    seconds: float

    @property
    def is_usable(self) -> bool:
        """Whether everything that was named works."""
        return all(check.state is not State.FAILED for check in self.checks)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many checks came out in each way."""
        return {state: sum(check.state is state for check in self.checks) for state in State}
