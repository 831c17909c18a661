"""Run every benchmark, each in a process of its own, and print its table.

python -m benchmarks [NAME]... [OPTION]...

Options go to each benchmark as they are; all know --quick. `soak` runs only when it is named.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

_HERE = Path(__file__).parent
_ONLY_BY_NAME = {"soak"}


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
        if subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *options], cwd=_HERE.parent, check=False
        ).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
