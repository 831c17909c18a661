"""Notebook: a running IPython is taught how our types look, and shows how far long work is.

They know nothing of it: what is pure imports no display, and what measures tells whoever registered as its onlooker.
Types are given by name, so that nothing is imported before one of them is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from clusterload.workflow import progress as onlooking

if TYPE_CHECKING:
    from clusterload.report.displays import Display

SHOWN: Final = {
    "Run": "clusterload.model.run",
    "Usage": "clusterload.analysis.usage",
    "Verdict": "clusterload.analysis.diagnosis.verdict",
    "Outcome": "clusterload.analysis.effects.outcome",
    "Comparison": "clusterload.analysis.compare.comparison",
}
"""All types that show themselves, each with its module."""


def register() -> None:
    """Teach the running IPython how our types look, and be told of long work; does nothing where none runs."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for name, module in SHOWN.items():
        formatters["text/html"].for_type_by_name(module, name, _html(name))
        formatters["text/plain"].for_type_by_name(module, name, _line(name))
    if getattr(shell, "kernel", None) is not None:  # a terminal could not draw anew what it has shown
        onlooking.register(_onlooker(shell.display_pub.publish))


def _onlooker(publish: Callable[..., Any]) -> onlooking.Onlooker:
    return onlooking.Onlooker(
        load=lambda plan, place: _progress().load_progress(publish, plan, place),
        watch=lambda seconds: _progress().watch_progress(publish, seconds),
        wait=lambda: _progress().wait_progress(publish),
    )


def _html(name: str) -> Callable[[Any], str]:
    return lambda value: _display(name).html(value)


def _line(name: str) -> Callable[[Any, Any, bool], None]:
    """A notebook keeps a text beside the HTML: a line, and not all that a Run is made of."""
    return lambda value, printer, _: printer.text(_display(name).line(value))


def _display(name: str) -> Display:
    from clusterload.report.displays import DISPLAYS  # noqa: PLC0415 (who shows nothing need not wait for it)

    return DISPLAYS[name]


def _progress() -> ModuleType:
    from clusterload.report import progress  # noqa: PLC0415 (likewise)

    return progress
