"""The docs' picture of a terminal is text that asks nobody for a font, and the same run gives the same picture."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from docs.terminal import PICTURE, picture
from tests.report.busy import busy
from tests.report.hostile import ALL


def test_the_picture_is_the_printed_report_as_text_and_asks_nobody(tmp_path: Path) -> None:
    busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL)
    drawn = picture(tmp_path / "a.run")
    root = ET.fromstring(drawn)
    assert "Verdict:" in "".join(root.itertext()).replace("\u00a0", " ")
    assert {element.tag.partition("}")[2] for element in root.iter()}.isdisjoint({"script", "image", "a", "use"})
    assert re.findall(r"https?://[^\"')\s]+|@font-face", re.sub("<text.*?</text>", "", drawn)) == [
        "http://www.w3.org/2000/svg"
    ]
    assert picture(tmp_path / "a.run") == drawn


def test_the_picture_in_the_docs_is_one_of_these() -> None:
    text = "".join(ET.parse(PICTURE).getroot().itertext()).replace("\u00a0", " ")
    assert "clusterload report 1-baseline.run" in text
    assert "Verdict: within limits" in text
