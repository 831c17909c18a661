"""The pictures of terminal, live page and report in the docs: all of one demo, on a quiet machine, in real Chromium.

Usage: python -m docs.screenshots
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from docs.chromium import chromium
from docs.terminal import PICTURE, picture

PICTURES: Final = PICTURE.parent
PROGRAM: Final = Path(sys.executable).parent / "clusterload"
ADDRESS: Final = re.compile(r"live page: (http://\S+)")
SECONDS_SHOWN: Final = 20.0
"""Of a load of 25 s, when the live page is taken."""

START_SECONDS: Final = 120.0


def address(process: subprocess.Popen[str]) -> str:
    """Where the demo is seen live.

    Raises:
        RuntimeError: it ended without saying so.
    """
    assert process.stderr is not None
    for line in process.stderr:
        if found := ADDRESS.search(line):
            # Nobody reads on, and a full pipe would stop the demo.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    raise RuntimeError("the demo said nowhere where it is seen live")


def main() -> int:
    """Take all three."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = [PROGRAM, "case", "cluster-load", "--out", folder / "demo", "--web"]
        with (
            subprocess.Popen(command, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as demo,
            chromium(folder / "browser") as browser,
        ):
            browser.get(address(demo))
            WebDriverWait(browser, START_SECONDS).until(lambda seen: seen.find_elements(By.CSS_SELECTOR, "canvas"))
            time.sleep(SECONDS_SHOWN)
            browser.save_screenshot(str(PICTURES / "live.png"))
            if demo.wait():
                return demo.returncode
            browser.get((folder / "demo" / "report.html").as_uri())
            browser.save_screenshot(str(PICTURES / "report.png"))
        PICTURE.write_text(picture(folder / "demo" / "1-baseline.run"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
