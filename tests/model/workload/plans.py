"""Plans drawn at random: every kind of Load, and every dial that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from clusterload.model.workload import ARRIVALS, MAX, USES, Dials, Fault, Load, Plan, declaration_of, dial_names
from clusterload.model.workload.dials import Use
from clusterload.model.workload.distributions import (
    FixedSize,
    HotKeys,
    LognormalSizes,
    NoKeys,
    UniformKeys,
    UniformSizes,
    UniqueKeys,
    WeightedKeys,
    WeightedSizes,
    ZipfKeys,
)
from clusterload.model.workload.forms import Choice, KeySpread, Spread, YesNo
from clusterload.model.workload.schedule import Constant
from clusterload.model.workload.values import Amount, Duration, Values
from tests.model.thresholds.drawn import thresholds
from tests.model.workload.schedule.shapes import shapes

names = st.text(min_size=1, max_size=12)
topics = st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True).filter(lambda name: name not in {".", ".."})
levels = st.floats(min_value=1e-3, max_value=1e9)
moments = st.floats(min_value=1e-3, max_value=1e4)
sizes = st.one_of(
    st.builds(FixedSize, st.integers(1, 10_000)),
    st.builds(UniformSizes, st.integers(1, 100), st.integers(101, 9999)),
    st.builds(LognormalSizes, st.floats(1, 10_000), st.floats(0.01, 2)),
    st.builds(
        lambda pairs: WeightedSizes(tuple(pairs), tuple(pairs.values())),
        st.dictionaries(st.integers(1, 10_000), st.floats(0.1, 100), min_size=1, max_size=4),
    ),
)
keys = st.one_of(
    st.just(UniqueKeys()),
    st.just(NoKeys()),
    st.builds(UniformKeys, st.integers(1, 1000)),
    st.builds(ZipfKeys, st.integers(1, 1000), st.floats(0, 5)),
    st.builds(WeightedKeys, st.lists(st.floats(0.01, 100), min_size=1, max_size=5).map(tuple)),
    st.builds(HotKeys, st.integers(2, 1000), st.floats(0.01, 0.99)),
)
whole = st.integers(1, 100_000)
moving = shapes.filter(lambda shape: not isinstance(shape, Constant))


def values(of: Values) -> st.SearchStrategy[Any]:
    """Values of a kind, as Python gives them."""
    match of:
        case Amount():
            found: st.SearchStrategy[Any] = whole if of.whole else levels
            found = found | st.just(0) if of.zero else found
            found = found | moving if of.shape else found
            return found | st.just(MAX) if of.unbounded else found
        case Duration():
            return moments | st.just(0.0) if of.zero else moments
        case Choice():
            return st.sampled_from(of.options)
        case YesNo():
            return st.booleans()
        case Spread():
            return sizes
        case KeySpread():
            return keys
        case _:
            raise AssertionError(of)


@st.composite
def loads(draw: st.DrawFn, uses: Sequence[Use] = USES) -> Load:
    """Loads of these engines and kinds whose dials fit together."""
    engine, kind = use = draw(st.sampled_from(uses))
    taken = {name: values(declaration_of(name).values) for name in dial_names(use)}
    rates = ("request_rate", "record_rate", "byte_rate")
    chosen = draw(st.fixed_dictionaries({}, optional=taken))
    if use == ("wire", "produce"):
        chosen = {name: value for name, value in chosen.items() if name not in (*rates, "idempotence")}
        rate = draw(st.sampled_from(rates))
        chosen[rate] = draw(taken[rate])
    if use == ("wire", "connect"):
        chosen.pop("connection_lifetime", None)
        chosen.setdefault("connections", 1)
    if use == ("wire", "admin"):
        chosen.setdefault("commit_rate", 1.0)
    if engine == "client":
        chosen |= {name: draw(value) for name, value in taken.items() if name != "member_lifetime"}
        chosen = {name: 5.0 if value == MAX else value for name, value in chosen.items()}
    return Load(
        name=draw(names),
        topic=draw(topics),
        dials=Dials(**chosen),
        kind=kind,
        engine=engine,
        client_id=draw(st.just("") | names),
        arrivals=draw(st.sampled_from(ARRIVALS)),
    )


brokers = st.integers(0, 9)
faults = st.one_of(
    st.builds(Fault, do=st.sampled_from(["kill", "stop", "pause"]), lasts=st.none() | moments, broker=brokers),
    st.builds(Fault, do=st.just("restart"), broker=brokers),
    st.builds(
        Fault,
        do=st.just("move-leader"),
        lasts=st.none() | moments,
        topic=topics,
        partition=st.integers(0, 99),
        to=st.none() | brokers,
    ),
    st.builds(
        Fault,
        do=st.just("delay"),
        lasts=st.none() | moments,
        broker=brokers,
        by=moments,
        between=st.none() | st.sampled_from(["clients", "brokers"]),
    ),
    st.builds(Fault, do=st.just("cut"), lasts=st.none() | moments, broker=brokers),
    st.builds(Fault, do=st.just("neighbour"), lasts=st.none() | moments, processes=st.integers(1, 99)),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans with Loads of every sort, faults and thresholds."""
    duration = draw(st.floats(min_value=1e-3, max_value=1e7))
    part = st.floats(0, 0.99)
    hits = draw(st.lists(st.tuples(faults, part), max_size=3))
    made = tuple(draw(st.lists(loads(), min_size=1, max_size=3, unique_by=lambda load: load.name)))
    gates = st.lists(thresholds([load.name for load in made]), max_size=2).map(tuple)
    return Plan(
        name=draw(names),
        loads=made,
        thresholds=draw(gates),
        abort_if=draw(gates),
        duration=duration,
        warm_up=duration * draw(part),
        faults=tuple(replace(fault, at=duration * when) for fault, when in hits),
    )
