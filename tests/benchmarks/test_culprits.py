"""The culprit benchmark: what it makes can be made, and its tables count as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.culprits.answers import Answer, blames_rightly, first_of, has_all, is_among, is_right
from benchmarks.culprits.record import missing, orders
from benchmarks.culprits.scenarios import SCENARIOS
from benchmarks.culprits.stage import Stage
from benchmarks.culprits.stored import TRUTH, Truth, recorded
from benchmarks.culprits.words import Words
from clusterload.plan import Plan


def truth(*causes: str, named: bool = True, kind: str = "cause", culprit: tuple[str, str] = ("client", "a")) -> Truth:
    who = ({"kind": culprit[0], "name": culprit[1]},) if named else ()
    return Truth(
        id="it",
        scenario="it",
        kind=kind,
        causes=causes,
        culprits=who,
        named=named,
        onset=5,
        began=6,
        intensity=1,
        seed=1,
    )


def answer(cause: str, confidence: float = 0.9, *culprits: tuple[str, str]) -> Answer:
    return Answer(cause=cause, confidence=confidence, culprits=culprits)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_a_load_that_can_be_made_and_says_who_is_to_blame(name: str) -> None:
    scenario = SCENARIOS[name]
    for level in scenario.intensities:
        stage = Stage.of(f"{name}-{level}", "background")
        scenario.setup(stage, level)
        if stage.loads:
            Plan(name="all", loads=tuple(load for load, _, _ in stage.loads), duration=30.0)
        assert bool(stage.culprits and stage.named) or not stage.named or not scenario.causes
        assert scenario.kind not in {"clean", "innocent"} or not scenario.causes
        assert all(name not in word for load, _, _ in stage.loads for word in (load.client_id, load.topic))


def test_names_are_random_words_that_a_seed_repeats() -> None:
    first, again, other = Words("1"), Words("1"), Words("2")
    words = [first.word() for _ in range(200)]
    assert words == [again.word() for _ in range(200)]
    assert len(set(words)) == 200
    assert other.word() != words[0]


def test_what_is_recorded_is_not_recorded_again(tmp_path: Path) -> None:
    wanted = orders(["connections", "clean"], [1, 2], clean=4)
    assert len(wanted) == 2 * (2 + 4)
    assert len({one.id for one in wanted}) == len(wanted)
    done = tmp_path / wanted[0].id
    done.mkdir()
    truth("connections").write(done / TRUTH)
    assert missing(wanted, tmp_path) == wanted[1:]


def test_runs_of_a_seed_come_in_an_order_that_chance_gave_and_the_seed_repeats() -> None:
    names = [name for name, one in SCENARIOS.items() if not one.proxied]
    ids = [one.id for one in orders(names, [1])]
    assert ids == [one.id for one in orders(names, [1])]
    assert ids != sorted(ids)


def test_the_truth_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = truth("connections", "tls")
    written.write(tmp_path / TRUTH)
    assert Truth.read(tmp_path / TRUTH) == written


def test_a_folder_without_its_run_file_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    truth("tls").write(tmp_path / "half" / TRUTH)
    assert list(recorded(tmp_path)) == []


def test_only_what_is_said_with_confidence_is_an_answer() -> None:
    assert first_of([answer("tls", 0.4)]) == "none"
    assert first_of([answer("tls", 0.6), answer("fan-out", 0.5)]) == "tls"
    assert is_right([], truth())
    assert not is_right([answer("tls")], truth())
    assert is_right([answer("tls", 0.4)], truth())


def test_a_cause_among_the_first_three_counts_however_sure_it_is() -> None:
    said = [answer("tls"), answer("fan-out"), answer("connections", 0.1), answer("partitions")]
    assert is_among(said, truth("connections"))
    assert not is_among(said, truth("partitions"))


def test_of_a_double_both_have_to_be_said() -> None:
    double = truth("tls", "fan-out", kind="double")
    assert has_all([answer("tls"), answer("fan-out", 0.5)], double)
    assert not has_all([answer("tls"), answer("fan-out", 0.4)], double)


def test_the_one_that_is_blamed_first_has_to_be_the_culprit() -> None:
    assert blames_rightly([answer("tls", 0.9, ("client", "a"))], truth("tls"))
    assert not blames_rightly([answer("tls", 0.9, ("client", "b"), ("client", "a"))], truth("tls"))
    assert not blames_rightly([answer("tls")], truth("tls"))
    assert blames_rightly([answer("tls", 0.9, ("partition", "t-x-3"))], truth("tls", culprit=("topic", "t-x")))


def test_who_cannot_be_known_must_not_be_named() -> None:
    nameless = truth("cpu-starvation", named=False)
    assert blames_rightly([answer("cpu-starvation", 0.9, ("broker", "1"))], nameless)
    assert not blames_rightly([answer("cpu-starvation", 0.9, ("client", "a"))], nameless)
