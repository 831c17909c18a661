"""Where an extra is missing, one line says so and how to get it, before any load starts; nothing imports it before."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = """
import sys
sys.modules.update(dict.fromkeys({modules!r}))
from clusterload.cli import main
sys.argv = ["clusterload", *{words!r}]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("modules", "words", "line"),
    [
        (
            ["matplotlib"],
            ["case", "cluster-load"],
            "a picture needs matplotlib, not installed here: run pip install 'clusterload[plot]'",
        ),
        (
            ["starlette", "uvicorn"],
            ["serve", "--bootstrap-server", "localhost:1"],
            "serving over HTTP needs starlette and uvicorn, not installed here: run pip install 'clusterload[serve]'",
        ),
    ],
)
def test_a_command_says_what_is_missing_and_how_to_get_it(modules: list[str], words: list[str], line: str) -> None:
    code = BLOCKED.format(modules=modules, words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 104, done.stderr
    assert " ".join(done.stderr.split()) == f"clusterload: {line}"


def test_nothing_imports_an_extra_before_it_is_needed() -> None:
    code = (
        "import sys\n"
        "import clusterload.cli\n"
        "from clusterload.report import capacity, experiment, report\n"
        "from clusterload import render, plot, export, measure\n"
        "assert not {'matplotlib', 'starlette', 'uvicorn', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
