"""What a scenario is set up on: it says what is needed beforehand, what begins at the onset, and who is to blame."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.culprits.words import Words
from clusterload.model.workload import Dials, Load

PLAIN: Final = ""
"""The lab's plain listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic that is made before the baseline."""

    name: str
    partitions: int = 6
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A foreign program: one of Kafka's own tools, or one of ours that nothing is recorded of."""

    main: str
    arguments: tuple[str, ...]
    java: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done to the lab itself.

    Attributes:
        do: one of `benchmarks.culprits.deeds.DEEDS`.
        given: its orders.
        when: `before` the baseline, or at the `onset`; it is undone after the load.
    """

    do: str
    given: Mapping[str, Any]
    when: str = "onset"


@dataclass(slots=True)
class Stage:
    """One run as a scenario sets it up; nothing has happened yet.

    Attributes:
        words: where names come from.
        chance: where all else comes from that may vary.
        background: the topic that the background writes and reads.
    """

    words: Words
    chance: random.Random
    background: str
    topics: list[Topic] = field(default_factory=list)
    loads: list[tuple[Load, str, dict[str, str]]] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    culprits: list[tuple[str, str]] = field(default_factory=list)
    named: bool = True

    @classmethod
    def of(cls, seed: str, background: str) -> Stage:
        """A stage for this seed."""
        return cls(words=Words(f"{seed} words"), chance=random.Random(f"{seed} chance"), background=background)

    def topic(self, partitions: int = 6, **config: str) -> str:
        """A new topic; its name. Keys of its configuration have `_` for `.`."""
        made = Topic(
            name=self.words.word(),
            partitions=partitions,
            config={key.replace("_", "."): value for key, value in config.items()},
        )
        self.topics.append(made)
        return made.name

    def load(
        self, topic: str, *, kind: str = "produce", engine: str = "", listener: str = PLAIN, client_id: str = "",
        properties: Mapping[str, str] | None = None, **dials: object,
    ) -> str:  # fmt: skip
        """A Load by the tool's own engines; the client id, or what client ids begin with."""
        name = client_id or self.words.word()
        load = Load(name=name, topic=topic, kind=kind, engine=engine, client_id=name, dials=Dials.parsed(dials))
        self.loads.append((load, listener, dict(properties or {})))
        return name

    def run(self, main: str, *arguments: str, java: bool = True) -> None:
        """A foreign program that begins at the onset; `{servers}` in an argument is the lab's address."""
        self.programs.append(Program(main=main, arguments=arguments, java=java))

    def do(self, deed: str, when: str = "onset", **given: Any) -> None:
        """Have something done to the lab itself."""
        self.deeds.append(Deed(do=deed, given=given, when=when))

    def blame(self, kind: str, *names: str) -> None:
        """Who is to blame: client, group, topic or broker."""
        self.culprits += [(kind, name) for name in names]

    def nobody(self) -> None:
        """Brokers cannot know who is to blame."""
        self.named = False


def clients(prefix: str, count: int) -> Sequence[str]:
    """The client ids of a Load of several librdkafka clients."""
    return [f"{prefix}-{number}" for number in range(1, count + 1)]


Setup = Callable[[Stage, int], None]
"""A scenario: sets a stage up for an intensity, 1 or 2."""
