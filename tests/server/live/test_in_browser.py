"""The live page in a real browser: it opens, its charts follow, names are text, and nobody else is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from clusterload.report.plain import visible
from clusterload.server.live import Page
from clusterload.workflow.live.snapshot import Snapshot
from docs.chromium import chromium
from tests.report.busy import busy
from tests.report.hostile import ALL, HOSTILE
from tests.server.live.stream import base_of
from tests.server.live.test_charts import long
from tests.workflow.live.replayed import replayed

HOUR = 3600
LONGEST_TASK = 250.0
"""Milliseconds in which the page does not answer a hand, with an hour of figures; shared machines are slower."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One for all tests."""
    with chromium(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    return list(replayed(busy(tmp_path_factory.mktemp("calm") / "a.run"), 40, 129, ended="it went on to its end"))


@pytest.fixture
def page(browser: webdriver.Chrome) -> Iterator[Page]:
    shown = Page()
    with shown:
        yield shown
        # A page that is still open asks on after its server is gone, and the next test would hear of it.
        browser.get("about:blank")


def show(browser: webdriver.Chrome, page: Page, *snapshots: Snapshot) -> None:
    """Publish snapshots, and wait until the browser shows the last of them."""
    for one in snapshots:
        page.hub.publish(one)
    if not browser.current_url.startswith(base_of(page.url)):
        browser.get(page.url)
    wanted = str(page.hub.published)
    WebDriverWait(browser, 30).until(lambda _: state(browser, "document.documentElement.dataset.frame") == wanted)


def state(browser: webdriver.Chrome, script: str, *given: Any) -> Any:
    return browser.execute_script(f"return {script}", *given)


def words(browser: webdriver.Chrome, name: str) -> str:
    return browser.find_element(By.ID, name).text


def troubles(browser: webdriver.Chrome) -> list[str]:
    return [one["message"] for one in browser.get_log("browser") if one["level"] == "SEVERE"]  # type: ignore[no-untyped-call]


def drawn(browser: webdriver.Chrome, chart: str) -> int:
    """Points of a chart's first line that have a figure, as the library that draws has them."""
    script = "clusterload.drawn.get(arguments[0]).plot.data[1].filter(one => one != null).length"
    return int(state(browser, script, chart))


def test_the_page_opens_and_its_charts_follow_until_it_says_how_the_run_ended(
    browser: webdriver.Chrome, page: Page, calm: list[Snapshot]
) -> None:
    show(browser, page, *calm[:60])
    assert "token" not in browser.current_url
    assert words(browser, "title") == "peak hour"
    assert words(browser, "progress") == "1 min 39 s of 3 min, 1 min 21 s left"
    assert drawn(browser, "load-0") == 60
    canvas = browser.find_element(By.CSS_SELECTOR, "[data-chart='load-0'] canvas")
    show(browser, page, *calm[60:70])
    assert drawn(browser, "load-0") == 70
    assert browser.find_element(By.CSS_SELECTOR, "[data-chart='load-0'] canvas") == canvas
    assert "81 %" in words(browser, "keys")
    assert "connections" in words(browser, "findings")
    assert "1,99" in words(browser, "loads")
    assert words(browser, "status") == ""
    show(browser, page, *calm[70:])
    assert words(browser, "status") == "The run has ended: it went on to its end."
    assert troubles(browser) == []


def test_a_page_that_is_loaded_again_shows_the_whole_without_the_token(
    browser: webdriver.Chrome, page: Page, calm: list[Snapshot]
) -> None:
    show(browser, page, *calm[:50])
    browser.refresh()
    show(browser, page, *calm[50:55])
    assert drawn(browser, "load-0") == 55


def test_pointing_and_keys_read_a_chart_that_grows_and_a_closer_look_stays(
    browser: webdriver.Chrome, page: Page, calm: list[Snapshot]
) -> None:
    show(browser, page, *calm[:70])
    plot = browser.find_element(By.CSS_SELECTOR, "[data-chart='limit-load']")
    over = plot.find_element(By.CSS_SELECTOR, ".u-over")
    ActionChains(browser).move_to_element_with_offset(over, round(0.05 * over.size["width"]), 0).perform()
    told = plot.find_element(By.CSS_SELECTOR, ".tip").text.splitlines()
    assert told[1].startswith("Limit load ")
    assert told[2] == "binding: Connections"
    plot.send_keys(Keys.END)
    assert "Limit load 81 %; binding: Connections" in str(plot.get_attribute("aria-valuetext"))
    plot.send_keys("+")
    scale = "(s => [s.min, s.max])(clusterload.drawn.get('limit-load').plot.scales.x)"
    before = state(browser, scale)
    show(browser, page, *calm[70:75])
    assert state(browser, scale) == before
    plot.send_keys("0")
    assert state(browser, scale) == [0, 180]
    browser.find_element(By.CSS_SELECTOR, "[data-chart='latency'] ~ ul input").click()
    assert not state(browser, "clusterload.drawn.get('latency').plot.series[1].show")
    assert troubles(browser) == []


def test_names_that_others_chose_do_nothing_and_are_read_as_they_are(
    browser: webdriver.Chrome, page: Page, tmp_path: Path
) -> None:
    run = busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL)
    snapshots = list(replayed(run, 110, 120))
    client = replace(snapshots[-1].judgement.findings[0], sentence=f"client {ALL}")
    hostile = replace(snapshots[-1].judgement, sentence=ALL, findings=(client,))
    show(browser, page, *snapshots, replace(snapshots[-1], number=200, at=121, judgement=hostile, note=ALL))
    for place in ("title", "sentence", "findings", "loads", "events", "status"):
        text = " ".join(str(state(browser, "document.getElementById(arguments[0]).textContent", place)).split())
        for one in HOSTILE:
            assert visible(" ".join(one.split())) in text, (place, one)
    assert state(browser, "document.images.length") == 0
    assert state(browser, "document.scripts.length") == 4
    assert state(browser, "typeof hostile") == "undefined"
    assert troubles(browser) == []


def test_nobody_else_is_asked_and_nobody_could_be(browser: webdriver.Chrome, page: Page, calm: list[Snapshot]) -> None:
    show(browser, page, *calm[:45])
    asked = state(browser, "performance.getEntriesByType('resource').map(one => one.name)")
    assert asked
    assert all(one.startswith(f"{base_of(page.url)}/") for one in asked)
    tries = """
        const done = arguments[0], seen = [];
        document.addEventListener("securitypolicyviolation", one => seen.push(one.effectiveDirective));
        const image = new Image(), code = document.createElement("script");
        image.src = "http://127.0.0.1:9/picture";
        code.textContent = "window.hostile = true";
        document.body.append(code);
        fetch("http://127.0.0.1:9/data").catch(() => setTimeout(() => done([seen, window.hostile === true]), 50));
    """
    seen, ran = browser.execute_async_script(tries)
    assert set(seen) == {"connect-src", "img-src", "script-src-elem"}
    assert not ran
    troubles(browser)  # what was tried here stands in it


def test_after_an_hour_at_a_second_it_still_answers_at_once(
    browser: webdriver.Chrome, page: Page, calm: list[Snapshot]
) -> None:
    *hour, last = long(calm[80], HOUR)
    for one in hour[:-10]:
        page.hub.publish(one)
    show(browser, page, *hour[-10:-5])
    assert drawn(browser, "load-0") == HOUR - 6
    watch = """
        window.tasks = [];
        new PerformanceObserver(list => list.getEntries().forEach(one => tasks.push(one.duration)))
            .observe({type: "longtask", buffered: false});
    """
    browser.execute_script(watch)
    for one in (*hour[-5:], last):
        show(browser, page, one)
        time.sleep(0.3)
    assert max(state(browser, "tasks"), default=0.0) < LONGEST_TASK
    assert drawn(browser, "load-0") == HOUR
