"""The pairs that comparisons are held against."""

from __future__ import annotations

from random import Random

from benchmarks.compare_truth import MORE, MOVES, Noise, alarms, more_of, seen, settings


def test_runs_are_drawn_as_far_apart_as_they_were_measured() -> None:
    noise = Noise.read()
    names = {figure.name for figure in noise.figures}
    assert {name for moved in MOVES.values() for name in moved} <= names
    taken = list(noise.taken(Random(1)))
    assert len(taken) == len(noise.rows) >= 20
    assert sorted(tuple(row.values()) for row in taken) == sorted(noise.rows)


def test_only_what_follows_a_dial_moves_with_it() -> None:
    before = next(Noise.read().taken(Random(1)))
    after = more_of("record_size", before)
    moved = {figure.name for figure, value in after.items() if value != before[figure]}
    assert moved == set(MOVES["record_size"])
    assert all(after[figure] in {value, MORE * value} for figure, value in before.items())


def test_a_few_equal_pairs_alarm_on_nothing_and_a_tenth_more_is_seen() -> None:
    noise = Noise.read()
    assert alarms(noise.taken, 5) == 0
    assert seen(noise.taken, "record_size", 5) == 5


def test_a_tenth_more_of_a_dial_is_that_on_the_lab_too_and_every_dial_has_its_turn() -> None:
    made = list(settings(6))
    assert made == list(settings(6))
    assert {setting.dial for setting in made} == set(MOVES)
    for setting in made:
        before, after = (dict(setting.plan(4.0, more=more).loads[0].dials.chosen()) for more in (False, True))
        assert [dial for dial in before if before[dial] != after[dial]] == [setting.dial]
        number, more = setting.dials[setting.dial], after[setting.dial]
        size = getattr(more, "fixed", more)
        assert size == round(MORE * number)
