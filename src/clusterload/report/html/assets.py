"""Assets: scripts and styles that pages are made of, ours and uPlot's."""

from __future__ import annotations

from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path


def own(name: str) -> str:
    """A file of this folder."""
    return files("clusterload.report.html").joinpath(name).read_text(encoding="utf-8")


def of_uplot(name: str) -> str:
    """A file that uPlot ships."""
    # Not by importing the package: it imports IPython, which takes a second.
    return Path(str(distribution("uplot-python").locate_file(f"uplot/static/{name}"))).read_text(encoding="utf-8")
