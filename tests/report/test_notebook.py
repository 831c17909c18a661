"""In a notebook our types show themselves and long work shows how far it is, with nothing to set up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from clusterload import bill, changes, read_run
from clusterload.report.displays import html
from clusterload.report.progress import load_progress, wait_progress, watch_progress
from clusterload.telemetry.sources.source import Waiting
from tests.report.busy import busy, told
from tests.report.hostile import ALL
from tests.report.test_comparison import HOSTILE, found
from tests.report.test_experiment import outcome
from tests.stored_runs import plan, stored

SESSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('''
from clusterload import read_run, assess, diagnose, Limits
run = read_run(%r)
usage = assess(run, Limits.named("course-basic"))
verdict = diagnose(run, usage)
''')
shown = {name: shell.display_formatter.format(shell.user_ns[name])[0] for name in ("run", "usage", "verdict")}
print(json.dumps(shown))
"""


def test_a_notebook_that_imports_us_shows_our_types(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    busy(path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SESSION % str(path)], capture_output=True, text=True, check=True
    )
    shown = json.loads(done.stdout.splitlines()[-1])
    assert "<table>" in shown["run"]["text/html"]
    assert shown["run"]["text/plain"] == "Run 20260101T000000Z-busy: peak hour, 3 min, 105 Series"
    assert "Connections" in shown["usage"]["text/html"]
    assert shown["usage"]["text/plain"].startswith("Usage: limit load ")
    assert "verdict" in shown["verdict"]["text/plain"].lower()
    assert "Disproved if" in shown["verdict"]["text/html"]


def test_importing_the_package_registers_nothing() -> None:
    code = (
        "import sys, IPython.core.interactiveshell as shell\n"
        "shown = shell.InteractiveShell.instance().display_formatter.formatters\n"
        "def known(): return [(dict(each.deferred_printers), dict(each.type_printers)) for each in shown.values()]\n"
        "before = known()\n"
        "import clusterload\n"
        "clusterload.Run, clusterload.Verdict\n"
        "assert known() == before\n"
        "assert 'clusterload.report' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_what_has_no_display_of_its_own_is_shown_as_text(tmp_path: Path) -> None:
    charges = bill(busy(tmp_path / "a.run"))
    assert html(charges) is None
    assert charges._repr_mimebundle_() == {"text/plain": f"Bill: {charges.sentence}"}


def test_html_is_not_made_where_only_text_is_wanted(tmp_path: Path) -> None:
    run = busy(tmp_path / "a.run")
    assert run._repr_mimebundle_(include={"text/plain"}) == {"text/plain": str(run)}


def test_all_that_is_printed_is_a_sentence(tmp_path: Path) -> None:
    report = told(busy(tmp_path / "a.run"))
    moved = changes(report.run, report.run)
    for value, start in (
        (report.run, "Run 20260101T000000Z-busy: "),
        (report.usage, "Usage: limit load "),
        (report.verdict, "Verdict: "),
        (bill(report.run), "Bill: "),
        (found(), "Compared: B against A: "),
        (moved, "Changes: "),
        (outcome(), "Experiment: "),
    ):
        assert str(value).startswith(start)
        assert "(" not in str(value).partition(":")[0]
        assert "=" not in str(value)


def test_hostile_names_are_text_in_a_notebook_too(tmp_path: Path) -> None:
    report = told(busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL))
    for value in (report.run, report.usage, report.verdict):
        drawn = value._repr_mimebundle_()["text/html"]
        assert "<script" not in drawn
        assert "<img" not in drawn
        assert "style=" not in drawn


def test_an_experiment_shows_its_sentences_and_effects() -> None:
    drawn = html(outcome())
    assert drawn
    assert "<table>" in drawn
    assert "Limit load" in drawn


def test_runs_compared_show_their_sentence_settings_and_each_figure_under_its_word() -> None:
    shown = found()._repr_mimebundle_()
    assert shown["text/plain"].startswith("Compared: B against A: worse: p99 of web +20 %")
    drawn = shown["text/html"]
    assert "<caption>Each figure</caption>" in drawn
    assert ">Worse<" in drawn
    assert "Cannot tell: p99.9 of web. B, 3 of 3 runs: fewer than 10 requests were slower." in drawn
    assert "equal groups get any at all in 1 of 100 comparisons" in drawn


# In a real kernel.

PLAN = """
import asyncio
from clusterload import Dials, Limits, Load, Plan, assess, compare, diagnose
from clusterload.workflow import aio
from clusterload.workflow.noop import measure_noop

def plan(seconds):
    dials = Dials(connections=2, request_rate=100)
    return Plan(name="<b>small", loads=(Load(name="small", topic="t", engine="wire", dials=dials),), duration=seconds)
"""


class Kernel:
    """A real IPython kernel, and what the cells of a notebook are told by it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    def run(self, code: str) -> list[tuple[str, dict[str, Any]]]:
        """Run a cell; its messages, each with its type."""
        heard: list[tuple[str, dict[str, Any]]] = []
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda one: heard.append((one["header"]["msg_type"], one["content"]))
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return heard


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path_factory.mktemp("notebook")))
    try:
        started = Kernel(manager, client)
        started.run(PLAN)
        yield started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def drawn(heard: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """What a cell's one display was drawn as, one after the other."""
    shown = [(kind, content) for kind, content in heard if "display_data" in kind]
    assert [kind for kind, _ in shown] == ["display_data", *["update_display_data"] * (len(shown) - 1)]
    assert len({content["transient"]["display_id"] for _, content in shown}) == 1
    return [content["data"] for _, content in shown]


def value(heard: list[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """What the cell's last value shows."""
    data: dict[str, str] = next(content["data"] for kind, content in heard if kind == "execute_result")
    return data


def test_a_load_shows_how_far_it_is_and_what_it_gives_shows_itself(kernel: Kernel) -> None:
    heard = kernel.run("run = measure_noop(plan(1.2), path='a.run')\nrun")
    bars = drawn(heard)
    assert len(bars) > 3
    assert bars[0]["text/plain"] == "<b>small: 1.2 s of load is about to begin"
    assert bars[-1]["text/plain"].startswith("<b>small: 1.2 s of 1.2 s, ")
    assert "acknowledged, 0 lost" in bars[-1]["text/plain"]
    assert '<progress max="1.2" value="1.2" aria-label="&lt;b&gt;small">' in bars[-1]["text/html"]
    assert "<table>" in value(heard)["text/html"]
    judged = kernel.run("diagnose(run, assess(run, Limits.named('course-basic')))")
    assert value(judged)["text/plain"].startswith("Verdict: ")
    assert "<h3>Verdict: " in value(judged)["text/html"]


def test_runs_compared_show_themselves_in_a_notebook(kernel: Kernel) -> None:
    heard = kernel.run(
        "more = [measure_noop(plan(1), path=f'{n}.run', on_progress=lambda _: None) for n in range(2)]\n"
        "compare({'before': more[:1], 'after': more[1:]}, Limits.named('course-basic'))"
    )
    assert [kind for kind, _ in heard if "display_data" in kind] == []
    assert "<h3>Runs compared</h3>" in value(heard)["text/html"]
    assert value(heard)["text/plain"].startswith("Compared: ")


def test_what_is_awaited_lets_others_run_and_shows_how_far_it_is(kernel: Kernel) -> None:
    heard = kernel.run(
        "ticks = []\n"
        "async def tick():\n"
        "    while True:\n"
        "        ticks.append(1)\n"
        "        await asyncio.sleep(0.02)\n"
        "ticking = asyncio.create_task(tick())\n"
        "run = await aio.measure_noop(plan(1), path='awaited.run')\n"
        "ticking.cancel()\n"
        "len(ticks) > 20, run.complete"
    )
    assert value(heard)["text/plain"] == "(True, True)"
    assert len(drawn(heard)) > 3


def test_other_cells_can_be_run_while_a_task_goes_on_and_a_cancelled_one_leaves_a_whole_file(kernel: Kernel) -> None:
    kernel.run("task = asyncio.create_task(aio.measure_noop(plan(600), path='task.run'))\nawait asyncio.sleep(2)")
    assert value(kernel.run("task.done()"))["text/plain"] == "False"
    heard = kernel.run("task.cancel()\nawait asyncio.wait([task])\ntask.cancelled()")
    assert value(heard)["text/plain"] == "True"
    told = kernel.run("from clusterload import read_run\n[one.kind for one in read_run('task.run').events]")
    assert value(told)["text/plain"] == "['aborted']"


@pytest.mark.parametrize("call", ["measure_noop", "await aio.measure_noop"])
def test_the_stop_button_ends_a_load_in_good_order(kernel: Kernel, call: str, tmp_path: Path) -> None:
    path = tmp_path / "stopped.run"
    asked = kernel.client.execute(f"{call}(plan(600), path={str(path)!r})")
    while kernel.client.get_iopub_msg(timeout=60)["header"]["msg_type"] != "update_display_data":
        pass
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=60)
    assert reply["parent_header"]["msg_id"] == asked
    assert reply["content"]["ename"] in {"AbortedError", "CancelledError", "KeyboardInterrupt"}
    assert [event.kind for event in read_run(path).events] == ["aborted"]


# Displays by themselves.


class Shown:
    """What IPython's publisher was given."""

    def __init__(self) -> None:
        self.drawn: list[dict[str, str]] = []

    def __call__(self, data: dict[str, str], *, transient: dict[str, str], update: bool) -> None:
        assert transient["display_id"]
        assert update == bool(self.drawn)
        self.drawn.append(data)


def test_a_watched_cluster_shows_what_each_dimension_comes_to(tmp_path: Path) -> None:
    shown, now = Shown(), [5.0]
    look = watch_progress(shown, 60, clock=lambda: now[0])
    now[0] = 17.0
    look(stored(tmp_path / "a.run"))
    assert [one["text/plain"] for one in shown.drawn] == [
        "watching: nothing was seen yet",
        "watching: 12 s of 1 min, ingress 2.1 MB/s, egress 0 B/s, requests 89.9/s, connections 47",
    ]
    assert '<progress max="60.0" value="12.0"' in shown.drawn[-1]["text/html"]


def test_metrics_that_are_waited_for_are_shown_only_once_they_are() -> None:
    shown = Shown()
    tell = wait_progress(shown)
    assert not shown.drawn
    tell(Waiting(missing="the last scrapes", left=30))
    assert shown.drawn[0]["text/plain"] == "metrics: waiting for the last scrapes, 30 s more at most"
    assert "<progress" not in shown.drawn[0]["text/html"]


def test_hostile_names_are_text_in_a_progress_display_too() -> None:
    shown = Shown()
    load_progress(shown, plan(HOSTILE), "1 of 2")
    assert "<script" not in shown.drawn[0]["text/html"]
    assert "\x1b" not in "".join(shown.drawn[0].values())
    assert shown.drawn[0]["text/plain"].startswith("1 of 2, [bold]x[/] <script>")
