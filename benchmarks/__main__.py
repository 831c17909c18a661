"""Run every benchmark, each in a process of its own, and print its table.

python -m benchmarks [NAME]... [OPTION]...

Options go to each benchmark as they are; all know --quick. `soak` and `petshop` (it needs its data) run only
when they are named.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

_HERE = Path(__file__).parent
_ONLY_BY_NAME = {"petshop", "soak"}


def main() -> int:
    """Run them; 1 when one of them failed."""
    words = sys.argv[1:]
    named = list(takewhile(lambda word: not word.startswith("-"), words))
    options = words[len(named) :]
    known = {path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_")}
    if unknown := set(named) - known:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    failed = []
    for name in named or sorted(known - _ONLY_BY_NAME):
        print(f"\n== {name}", flush=True)
        if not _passes(name, options):
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _passes(name: str, options: list[str]) -> bool:
    """Run one, and print what it prints; it ends where nobody reads on."""
    command = [sys.executable, "-u", "-m", f"benchmarks.{name}", *options]
    with subprocess.Popen(command, cwd=_HERE.parent, stdout=subprocess.PIPE, text=True) as benchmark:
        try:
            for line in benchmark.stdout or ():
                print(line, end="", flush=True)
        except BaseException:
            benchmark.terminate()
            raise
    return benchmark.returncode == 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # As in `python -m benchmarks | head`: what is still buffered would fail again as Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
