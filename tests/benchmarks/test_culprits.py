"""The culprit benchmark: what it makes can be made, and its tables count as they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.culprits import record
from benchmarks.culprits.answers import Answer, blames_rightly, first_of, has_all, is_among, is_right
from benchmarks.culprits.judge import Judged, judge_all, read, write
from benchmarks.culprits.keeping import keep
from benchmarks.culprits.orders import missing, orders
from benchmarks.culprits.rest import Look, unrest
from benchmarks.culprits.scenarios import SCENARIOS
from benchmarks.culprits.stage import Stage
from benchmarks.culprits.stored import RUN, TRUTH, Truth, load, recorded
from benchmarks.culprits.table import calibration, chances, scores, tables
from benchmarks.culprits.words import Words
from clusterload.model.run import Event
from clusterload.model.series import SECOND, Series
from clusterload.model.workload import Plan
from tests.stored_runs import START, stored


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
    assert len({order.id for order in wanted}) == len(wanted)
    done = tmp_path / wanted[0].id
    done.mkdir()
    truth("connections").write(done / TRUTH)
    assert missing(wanted, tmp_path) == wanted[1:]


def test_runs_of_a_seed_come_in_an_order_that_chance_gave_and_the_seed_repeats() -> None:
    names = [name for name, scenario in SCENARIOS.items() if not scenario.proxied]
    ids = [order.id for order in orders(names, [1])]
    assert ids == [order.id for order in orders(names, [1])]
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


def judged(truth: Truth, *answers: Answer, simple: tuple[Answer, ...] = (), after: float | None = 6.0) -> Judged:
    return Judged(
        truth=truth,
        state="limited",
        answers=answers,
        simple=simple,
        right_after=after,
        simple_right_after=None,
        names=20,
    )


SAID = [
    judged(truth("tls"), answer("tls", 0.95, ("client", "a")), answer("fan-out", 0.3)),
    judged(truth("fan-out"), answer("connections", 0.7, ("client", "b")), answer("fan-out", 0.6, ("client", "b"))),
    judged(truth("tls", "fan-out", kind="double"), answer("tls", 0.8), answer("fan-out", 0.7)),
    judged(truth(kind="clean"), answer("tls", 0.4)),
    judged(truth(kind="innocent"), answer("tls", 0.65)),
]


def test_each_figure_counts_what_it_is_about() -> None:
    found = scores(SAID, lambda judgement: judgement.answers)
    assert {name: (score.right, score.of) for name, score in found.items()} == {
        "top-1": (1, 2),
        "top-3": (2, 2),
        "culprit": (1, 2),
        "specificity": (1, 2),
        "both of a double": (1, 1),
    }


def test_confidence_is_held_against_how_often_it_was_right() -> None:
    rows = {
        bin_: (round(said, 3), right.right, right.of)
        for bin_, said, right in calibration(SAID, lambda judged: judged.answers)
    }
    assert rows["0.9-1.0"] == (0.95, 1, 1)
    assert rows["0.6-0.7"] == (0.625, 1, 2)
    assert rows["0.8-0.9"] == (0.8, 1, 1)
    assert rows["0.2-0.4"] == (0.3, 0, 1)


def test_confidence_is_shown_for_harder_cases_too() -> None:
    text = tables([replace(SAID[0], early=(answer("tls", 0.55),), unbased=(answer("fan-out", 0.45),))])
    row = {
        line.split()[1]: [cell.strip() for cell in line.split("|")[2:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    }
    assert row["0.5-0.6"] == ["-", "0.55: 1.00 (1 of 1)", "-"]
    assert row["0.4-0.5"] == ["-", "-", "0.45: 0.00 (0 of 1)"]


def test_chance_is_an_answer_from_the_catalogue_and_any_name_there_is() -> None:
    found = chances(SAID)
    assert found["top-1"] == pytest.approx(1 / 24)
    assert found["culprit"] == pytest.approx(1 / 20)


def test_there_are_tables_of_nothing_and_of_all(tmp_path: Path) -> None:
    assert "top-1" in tables([])
    text = tables(SAID)
    assert "0.50 (1 of 2)" in text
    assert "connections" in text
    write(SAID, tmp_path / "said.json")
    assert tables(read(tmp_path / "said.json")) == text


def test_a_lab_is_at_rest_when_it_is_as_with_the_background_alone() -> None:
    usual = Look(rates={"produce": 60.0, "metadata": 0.0}, levels={"connections": 12, "astray": 0})
    assert unrest(usual, usual) == ()
    busy = Look(rates={"produce": 160.0, "metadata": 2.0}, levels={"connections": 90, "astray": 3})
    assert unrest(busy, usual) == ("produce 160/s of 60/s", "90 connections of 12", "3 partitions not in sync")


def test_what_is_kept_is_the_same_run(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "it"
    stored(folder / RUN, events=[Event(time=START + SECOND, kind="scrape-failed", text="late")])
    replace(truth("tls"), onset=START + 10 * SECOND).write(folder / TRUTH)
    assert keep(tmp_path / "made", tmp_path / "kept") == ["it"]
    assert keep(tmp_path / "made", tmp_path / "kept") == []
    whole, packed = load(folder), load(tmp_path / "kept" / "it")
    assert packed[2] == whole[2]
    for run, again in zip(whole[:2], packed[:2], strict=True):
        assert (again.start, again.end, again.environment) == (run.start, run.end, run.environment)
        assert again.events == run.events
        assert list(map(points, again.series)) == list(map(points, run.series))


def points(series: Series) -> tuple[object, ...]:
    return (
        series.name,
        series.labels,
        series.unit,
        series.granularity,
        series.times.tolist(),
        series.values.tolist(),
        series.spans.tolist(),
    )


def test_two_live_runs_give_nothing_away_and_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "BASELINE_SECONDS", 6.0)
    monkeypatch.setattr(record, "LOAD_SECONDS", 12.0)
    monkeypatch.setattr(record, "_WARM_SECONDS", 4.0)
    wanted = orders(["connection-churn", "clean"], [1], intensities=[1], clean=1)
    assert record.record(wanted, tmp_path) == []
    assert missing(wanted, tmp_path) == []
    for folder in recorded(tmp_path):
        now, before, true = load(folder)
        assert (now.plan, now.ledgers, now.traffic) == (None, (), ())
        assert now.start == true.onset == before.end
        assert before.seconds >= 6.0
        assert not any(name in str(now.events) for name in ("churn", *(each["name"] for each in true.culprits)))
    assert {judgement.truth.kind for judgement in judge_all(tmp_path, [1])} == {"cause", "clean"}
