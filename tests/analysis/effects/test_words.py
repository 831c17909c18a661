"""What was found, as sentences."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.effects import (
    LIMIT_LOAD,
    Effect,
    Effects,
    Estimate,
    Factor,
    FactorLevel,
    Figure,
    amount,
    sentence,
)
from clusterload.analysis.effects.words import change_words, estimate_words
from clusterload.model import units

CONNECTIONS = Factor(
    name="connections",
    noun="connections",
    levels=(FactorLevel(text="20 connections", number=20), FactorLevel(text="10 connections", number=10)),
)
PAYLOAD = Factor(
    name="payload_size",
    noun="payload",
    levels=(FactorLevel(text="payload 4,096 B", number=4096), FactorLevel(text="payload 2,048 B", number=2048)),
)
ACKS = Factor(name="acks", noun="acks", levels=(FactorLevel(text="acks all"), FactorLevel(text="acks 1")))


def about(value: float, half: float) -> Estimate:
    """A value and its interval."""
    return Estimate(value=value, low=value - half, high=value + half)


def found(*effects: tuple[Factor, Estimate], figure: Figure = LIMIT_LOAD) -> Effects:
    """What these effects come to."""
    return Effects(
        figure=figure,
        here=about(0.94, 0.01),
        effects=tuple(Effect(factor=factor, level=1, here=one, average=one) for factor, one in effects),
        interactions=(),
        drift=about(0, 1),
        noise=0.01,
        degrees=5,
        runs=9,
    )


def test_the_case_ends_in_its_sentence() -> None:
    said = sentence(found((PAYLOAD, about(0.0001, 0.01)), (CONNECTIONS, about(-0.391, 0.021))))
    assert said == "halving the connections takes 39 ± 2 points off the limit load; halving the payload 0 ± 1"


def test_what_adds_and_what_takes_off_are_not_confused() -> None:
    said = sentence(found((CONNECTIONS, about(-0.3, 0.02)), (ACKS, about(0.05, 0.01))))
    assert said == ("halving the connections takes 30 ± 2 points off the limit load; acks 1 instead of all adds 5 ± 1")
    grown = Figure(name="latency.p99", title="latency p99", unit=units.MILLISECONDS)
    assert sentence(found((ACKS, about(3.24, 0.3)), figure=grown)) == (
        "acks 1 instead of all adds 3.2 ± 0.3 ms to the latency p99"
    )


def test_where_nothing_matters_it_says_nothing_more() -> None:
    assert sentence(found((PAYLOAD, about(0.002, 0.01)))) == (
        "halving the payload makes no significant difference to the limit load (+0 ± 1 points)"
    )
    assert sentence(found((ACKS, about(-0.03, 0.12)), (PAYLOAD, about(0.002, 0.01)))) == (
        "acks 1 instead of all makes no significant difference to the limit load (-3 ± 12 points); "
        "halving the payload +0 ± 1"
    )


def test_what_cannot_be_told_is_said_so() -> None:
    assert "cannot be told" in sentence(found((PAYLOAD, Estimate(value=math.nan))))
    assert estimate_words(Estimate(value=-0.4), units.RATIO) == "-40 (no interval)"


def test_other_steps_than_halving_are_said_by_their_values() -> None:
    odd = Factor(
        name="connections",
        noun="connections",
        levels=(FactorLevel(text="20 connections", number=20), FactorLevel(text="7 connections", number=7)),
    )
    assert change_words(odd, 1) == "7 connections instead of 20"
    assert change_words(PAYLOAD, 1) == "halving the payload"


@given(value=st.floats(-100, 100), half=st.floats(0, 50))
def test_every_amount_can_be_said_and_its_digits_suit_its_interval(value: float, half: float) -> None:
    said = estimate_words(about(value, half), units.MILLISECONDS)
    first, _, second = said.replace(",", "").partition(" ± ")
    assert abs(float(first) - value) <= max(half, 0.06)
    assert abs(float(second) - half) <= max(half / 2, 0.06)
    assert not first.startswith("-0") or float(first) != 0
    assert amount(about(0.39, 0.02), units.RATIO) == "39 ± 2 points"
