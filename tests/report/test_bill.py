"""A bill is readable at 80 columns whatever there is to tell, and is plain values for programs."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from clusterload.analysis.bill import Prices, bill, fit_prices
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.run import Run
from clusterload.model.series import Series
from clusterload.report.bill import Billed, bill_document, bill_report
from tests.analysis.bill.made import flat, run

NAME = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=40)
AMOUNT = st.floats(0, 1e12)


def billed(now: Run, before: Run | None = None) -> Billed:
    return Billed(bill=bill(now, before), prices=fit_prices([now]), facts=WindowStats(now, before))


def printed(shown: Billed, by: str = "") -> str:
    console = Console(width=80, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(bill_report(shown, by=by))
    return captured.get()


def clients(**threads: float) -> Run:
    lines: list[Series] = [flat("cpu_broker", 1.0, broker="1"), flat("cpu_host", 0.4, broker="1")]
    lines += [flat("thread_time_by_client", value, broker="1", client=name) for name, value in threads.items()]
    return run(*lines)


@settings(max_examples=30)
@given(st.dictionaries(NAME, st.tuples(AMOUNT, AMOUNT, AMOUNT), max_size=12))
def test_no_line_is_longer_than_80_columns(used: dict[str, tuple[float, float, float]]) -> None:
    lines = [flat("cpu_broker", 1.0, broker="1")]
    for name, (threads, into, out) in used.items():
        lines.append(flat("thread_time_by_client", threads, broker="1", client=name, principal=f"u-{name}"))
        lines.append(flat("ingress_by_client", into, broker="1", client=name, principal=f"u-{name}"))
        lines.append(flat("egress_by_topic", out, broker="1", topic=name))
    shown = billed(run(*lines), clients(old=0.5))
    assert max(map(cell_len, printed(shown).splitlines())) <= 80
    json.dumps(bill_document(shown), allow_nan=False)


def test_the_sentence_names_who_rose_and_by_how_much() -> None:
    now, before = clients(old=0.5, new=0.3), clients(old=0.5)
    assert bill(now, before).sentence == "client id new rose most: by 0.3 to 0.3 threads, 30 % of the whole"
    assert bill(before, before).sentence == "nobody used noticeably more than before"
    assert bill(now).sentence.startswith("client id old is the largest: 0.5 threads, 50 % of the whole; without")
    assert bill(run()).sentence == "no metric names who used the brokers"


def test_those_for_whom_there_is_no_row_are_summed_up_and_what_is_not_told_stays() -> None:
    shown = printed(billed(clients(**{f"c{number}": 0.05 for number in range(12)})), by="client")
    rows = [line.split() for line in shown.splitlines() if line.startswith(" c") or "more" in line or "(not" in line]
    assert len([row for row in rows if row[0].startswith("c")]) == 12
    shown = printed(billed(clients(**{f"c{number}": 0.05 for number in range(20)})), by="client")
    assert any(line.split()[:4] == ["5", "more", "0.25", "25"] for line in shown.splitlines())
    assert "(unattributed)" in shown


def test_what_the_cpu_goes_to_adds_up_to_it() -> None:
    now = run(flat("cpu_broker", 0.5, broker="1"), flat("requests_by_type", 100, broker="1", request="FetchFollower"))
    drivers = Billed(bill=bill(now), prices=Prices.default(), facts=WindowStats(now)).drivers
    assert math.isclose(sum(drivers.values()), 0.5)
    assert math.isclose(drivers["FetchFollower"], 0.086)


def test_a_kind_of_which_nothing_is_told_says_so() -> None:
    assert "No metric has figures by principal." in printed(billed(clients(old=0.5)), by="principal")
