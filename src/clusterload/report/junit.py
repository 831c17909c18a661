"""JUnit XML: each threshold a test case, for what shows tests beside a build.

A threshold that was crossed is a failure, one that cannot be told an error: servers count both, and neither is passed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.gates import Answer, Gate, Judged
from clusterload.analysis.usage import Usage
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.report.plain import for_xml


def junit(run: Run, usage: Usage, verdict: Verdict, gate: Gate) -> str:
    """A run's thresholds as a JUnit document.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        gate: its thresholds.
    """
    answers = [one.answer for one in gate.judged]
    counts = {
        "tests": str(len(answers)),
        "failures": str(answers.count(Answer.CROSSED)),
        "errors": str(answers.count(Answer.UNKNOWN)),
        "time": f"{run.seconds:.3f}",
    }
    name = f"clusterload: {run.plan.name if run.plan else 'no load of ours'}"
    root = _element("testsuites", {"name": "clusterload", **counts})
    suite = _element("testsuite", {"name": name, **counts, "skipped": "0", "timestamp": _timestamp(run)}, root)
    properties = _element("properties", {}, suite)
    for key, value in _properties(run, usage).items():
        _element("property", {"name": key, "value": value}, properties)
    for one in gate.judged:
        _case(suite, one)
    _element("system-out", {}, suite).text = for_xml(f"Verdict: {verdict.sentence}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, one: Judged) -> None:
    case = _element("testcase", {"classname": "thresholds", "name": one.threshold.text, "time": "0"}, suite)
    if not one.passed:
        kind = "failure" if one.answer is Answer.CROSSED else "error"
        _element(kind, {"type": str(one.answer), "message": one.words}, case).text = for_xml(one.sentence)


def _properties(run: Run, usage: Usage) -> dict[str, str]:
    return {
        "run": run.id,
        "file": str(run.path) if run.path else "",
        "limits": usage.limits.title,
        "complete": str(run.complete).lower(),
    }


def _timestamp(run: Run) -> str:
    """The start as the schema wants it: without a zone, in UTC."""
    return datetime.fromtimestamp(run.start / SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _element(tag: str, attributes: dict[str, str], parent: ET.Element | None = None) -> ET.Element:
    made = ET.Element(tag, {key: for_xml(value) for key, value in attributes.items()})
    if parent is not None:
        parent.append(made)
    return made
