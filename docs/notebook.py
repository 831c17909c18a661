"""Execute the notebook of the case: in the check shortened, with --write at full length into the docs.

Usage: python -m docs.notebook [--write]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOK = Path(__file__).parent / "cluster-load.ipynb"
CELL_SECONDS = 240
SHORT_SECONDS = 4


def executed(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """The notebook with all its cells run anew, in a folder."""
    client = NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return notebook


def shortened(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with loads of a few seconds."""
    for cell in notebook.cells:
        cell.source = re.sub(r"^SECONDS = \d+", f"SECONDS = {SHORT_SECONDS}", cell.source, flags=re.MULTILINE)
    return notebook


def complaints(folder: Path) -> list[str]:
    """What is wrong with the notebook, if anything: a cell that fails, or one whose output is not in the docs."""
    stored = nbformat.read(NOTEBOOK, as_version=4)
    if any(
        cell.cell_type == "code" and not cell.outputs for cell in stored.cells if not cell.source.startswith("from")
    ):
        return [f"{NOTEBOOK.name} stands in the docs without its outputs: run python -m docs.notebook --write"]
    try:
        executed(shortened(stored), folder)
    except CellExecutionError as error:
        return [f"{NOTEBOOK.name} fails:\n{error}"]
    return []


def main() -> int:
    """Execute the notebook and write it with its outputs."""
    notebook = executed(nbformat.read(NOTEBOOK, as_version=4), NOTEBOOK.parent)
    for cell in notebook.cells:
        # Times and process numbers differ on every run and tell a reader nothing.
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, NOTEBOOK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
