"""A run with hostile names whose thresholds are passed, crossed and not to be told."""

from __future__ import annotations

from pathlib import Path

from clusterload import Gate, Run, Usage, Verdict, assess, check_thresholds, diagnose
from clusterload.model.ledger import Ledger
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Dials, Load, Plan
from tests.analysis.gates.seen import TABLE, recorded

HOSTILE = "<script>alert(1)</script>|`x`\x1b[31m [a](http://b) @me =1+1 \"'&\ufffe *b* www.c.org $x$ :d:"
"""Of HTML, Markdown, a terminal, XML, a spreadsheet, a mention, a link, an emoji and a formula."""


def judged_run(folder: Path) -> tuple[Run, Usage, Verdict, Gate]:
    """The run with its judgement."""
    load = Load(name=HOSTILE, topic="t", dials=Dials(request_rate=10.0))
    texts = ("lost{load=*} > 1 %", "ingress > 5 MB/s", 'consumer_lag{group="<b>|`&"} > 5')
    plan = Plan(name=HOSTILE, loads=(load,), duration=20, thresholds=tuple(map(Threshold.parsed, texts)))
    figures = {("ingress",): [1e6] * 20, ("connections",): [5.0] * 20, ("cpu_host", "broker=1"): [0.5] * 20}
    ledger = Ledger(load=HOSTILE, scheduled=200, acknowledged=190, failed=10, errors={HOSTILE: 10})
    latencies = {(HOSTILE, "due"): [2000] * 20}
    run = recorded(folder / "a.run", figures, plan=plan, ledgers=[ledger], latencies=latencies)
    usage = assess(run, TABLE)
    return run, usage, diagnose(run, usage), check_thresholds(run, usage)
