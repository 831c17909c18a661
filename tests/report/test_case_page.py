"""The page of a case: its answer first, its loads side by side, and the first of them in full."""

from __future__ import annotations

import json
from pathlib import Path

from clusterload.model.run import Event
from clusterload.report.html import case_page
from clusterload.workflow.cases import Case, judge
from tests.report.hostile import ALL
from tests.report.test_html import Page
from tests.stored_runs import START, stored
from tests.workflow.cases.test_judge import AS_MEASURED, runs


def test_the_page_of_a_case_says_its_answer_and_shows_each_load(tmp_path: Path) -> None:
    case = Case.named("cluster-load")
    html = case_page(judge(case, runs(tmp_path, case, AS_MEASURED)))
    page = Page(html)
    text = " ".join(page.text.split())
    assert text.index("half the payload changes nothing; half the producers halves it.") < text.index("Findings")
    assert case.question in text
    assert "half the producers, 10 producers" in text
    assert "x 0.50" in text
    assert ", <" not in html
    charts = next(json.loads(script) for kind, script in page.scripts if kind == "application/json")["charts"]
    titles = [one["title"] for one in charts]
    assert {"Limit load", "Limit load, half the payload", "Limit load, half the producers"} <= set(titles)
    ids = [one["id"] for one in charts]
    assert len(set(ids)) == len(ids)
    tall = [str(one["id"]).removeprefix("chart-") for _, one in page.elements if one.get("class") == "chart tall"]
    assert tall == [one["id"] for one in charts if one["who"]], "the script draws those as high"


def test_a_load_that_nobody_can_judge_is_named_and_makes_the_page_inconclusive(tmp_path: Path) -> None:
    case = Case.named("cluster-load")
    made = runs(tmp_path, case)
    made[1] = stored(
        tmp_path / "cut.run", made=case.plans[1], complete=False, events=[Event(time=START, kind="aborted", text=ALL)]
    )
    page = case_page(judge(case, made))
    text = " ".join(Page(page).text.split())
    assert "inconclusive" in text
    assert "Half the payload: " in text
    assert "Load 2-half-the-payload: " in text
    assert ALL not in page
