"""The picture of a terminal: what `clusterload report` prints of a run file, as an SVG of text.

Usage: python -m docs.terminal RUN [PICTURE.svg]

The picture in the docs is of the first load of the demo, by python -m docs.screenshots.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from clusterload import Limits, assess, diagnose, read_run, render

PICTURE = Path(__file__).parent / "pictures" / "terminal.svg"
COLUMNS = 80

# rich's own asks a server for a font. Each text has its length in it, so that any font of equal widths fits.
FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture(file: Path, limits: str = "course-basic") -> str:
    """What is printed of a run file, as SVG."""
    run = read_run(file)
    usage = assess(run, Limits.named(limits))
    console = Console(record=True, width=COLUMNS, highlight=False, force_terminal=True, file=StringIO())
    console.print(render(run, usage, diagnose(run, usage)))
    # Named, so that the same run gives the same picture.
    title = f"clusterload report {file.name} --limits {limits}"
    return console.export_svg(title=title, theme=MONOKAI, code_format=FORMAT, unique_id="terminal")


def main() -> int:
    """Draw the picture."""
    if not sys.argv[1:]:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    file, target, *_ = [*map(Path, sys.argv[1:]), PICTURE]
    target.write_text(picture(file), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
