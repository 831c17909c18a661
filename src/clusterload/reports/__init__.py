"""Reports: ways of showing a run, its usage and its verdict. One file for each way."""

from clusterload.reports.plots import GRAPHS, plot
from clusterload.reports.report import Report, answer, render, riddle

__all__ = ["GRAPHS", "Report", "answer", "plot", "render", "riddle"]
