"""Names as somebody may give them to a client, a topic or a load: each tries to be more than text somewhere."""

from __future__ import annotations

from typing import Final

HOSTILE: Final = (
    "<script>hostile()</script>",
    '"><img src=x onerror=hostile()>',
    "</script><script>hostile()</script>",
    "'); hostile(); //",
    "\x1b[31mred",
    "[bold red]markup[/]",
    '=HYPERLINK("http://hostile.example","x")',
    "\u202edrawkcab",
    "{{ 7 * 7 }}",
    "@everyone #1 | `code` **bold** [x](http://hostile.example) :smile:",
)
"""One each for HTML, attributes, data in a script, script, terminals, Rich, spreadsheets, eyes, templates, Markdown."""

ALL: Final = " ".join(HOSTILE)
