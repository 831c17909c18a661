"""The command line: one file per command, each parses, calls, prints and picks an exit code."""

from clusterload.cli.root import main

__all__ = ["main"]
