"""A report in a real browser: charts are there and can be read by hand and by key, names are text, nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model import units
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind
from clusterload.report.chart import said
from clusterload.report.html.values import unit_values
from clusterload.report.plain import visible
from clusterload.report.report import render
from docs.chromium import chromium
from tests.report.busy import busy, told
from tests.report.hostile import ALL, HOSTILE

OPENS_WITHIN = 2000.0  # milliseconds
DAY = 86_400


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One for all tests."""
    with chromium(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def calm(folder: Path) -> Path:
    return written(folder / "calm.html", told(busy(folder / "calm.run")).html)


@pytest.fixture(scope="module")
def hostile(folder: Path) -> Path:
    run = busy(folder / "hostile.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL)
    return written(folder / "hostile.html", told(run).html)


@pytest.fixture
def page(browser: webdriver.Chrome, calm: Path) -> webdriver.Chrome:
    browser.get(calm.as_uri())
    return browser


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def plot(browser: webdriver.Chrome, chart: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"[data-chart='{chart}']")


def pointed(browser: webdriver.Chrome, chart: str, across: float) -> str:
    """What is shown where the pointer stands, from 0 at the left of a chart to 1 at its right."""
    over = plot(browser, chart).find_element(By.CSS_SELECTOR, ".u-over")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", over)
    ActionChains(browser).move_to_element_with_offset(over, round((across - 0.5) * over.size["width"]), 0).perform()
    return plot(browser, chart).find_element(By.CSS_SELECTOR, ".tip").text


def spoken(browser: webdriver.Chrome, chart: str) -> str:
    return str(plot(browser, chart).get_attribute("aria-valuetext"))


def state(browser: webdriver.Chrome, script: str, *given: Any) -> Any:
    return browser.execute_script(f"return {script}", *given)


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the browser has complained about since it was last asked."""
    log: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [str(one["message"]) for one in log if one["level"] == "SEVERE"]


def choose(browser: webdriver.Chrome, theme: str) -> None:
    Select(browser.find_element(By.ID, "theme")).select_by_visible_text(theme)


def painted(browser: webdriver.Chrome, chart: str) -> set[str]:
    """The colours of a chart that cover more than a few pixels."""
    script = """
        const canvas = document.querySelector(`[data-chart="${arguments[0]}"] canvas`), found = {};
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 255) {
            const colour = `${pixels[i]},${pixels[i + 1]},${pixels[i + 2]}`;
            found[colour] = (found[colour] || 0) + 1;
        }
        return Object.keys(found).filter(one => found[one] > 30);
    """
    return set(browser.execute_script(script, chart))


def test_every_chart_is_drawn(page: webdriver.Chrome) -> None:
    plots = page.find_elements(By.CSS_SELECTOR, "[data-chart]")
    assert state(page, "document.documentElement.dataset.drawn") == str(len(plots))
    for one in plots:
        assert painted(page, str(one.get_attribute("data-chart")))
    assert complaints(page) == []


def test_what_binds_has_a_colour_and_a_name(page: webdriver.Chrome) -> None:
    assert {"168,69,127", "0,122,90"} <= painted(page, "limit-load")
    assert [one.text for one in plot(page, "limit-load").find_elements(By.XPATH, "../ul//label")] == [
        "Connections",
        "Requests",
    ]


def test_pointing_tells_figures_with_their_units(page: webdriver.Chrome) -> None:
    assert pointed(page, "limit-load", 0.3).splitlines()[1:] == ["Limit load 81 %", "binding: Connections"]
    assert pointed(page, "limit-load", 0.01).splitlines()[2] == "binding: Requests"
    assert "MB/s" in pointed(page, "amount-ingress", 0.3)
    assert pointed(page, "amount-connections", 0.3).splitlines()[1] == "Connections: 81 connections"
    assert "CPU of the host, broker 1: 6" in pointed(page, "busy", 0.5)
    words = pointed(page, "spectrum", 0.5).splitlines()
    assert words[0].startswith("p99")
    assert words[1].startswith("orders, due to answered: ")
    assert words[1].endswith(" ms")


def test_a_gap_is_told_as_one(page: webdriver.Chrome) -> None:
    assert "no figure" in pointed(page, "limit-load", 74 / 120)


def test_arrow_keys_read_a_chart_and_others_zoom_it(page: webdriver.Chrome) -> None:
    chart = plot(page, "amount-connections")
    chart.send_keys(Keys.HOME)
    assert spoken(page, "amount-connections").startswith("0 s, 2026-01-01T00:01:00Z; Connections: 3")
    chart.send_keys(Keys.END)
    assert spoken(page, "amount-connections").endswith("2 min, 2026-01-01T00:03:00Z; Connections: 81 connections")
    chart.send_keys(Keys.ARROW_LEFT)
    assert spoken(page, "amount-connections").startswith("1 min 58 s")
    scale = "(s => s.max - s.min)(clusterload.drawn.get('amount-connections').plot.scales.x)"
    chart.send_keys("+")
    assert state(page, scale) < 70
    chart.send_keys("0")
    assert state(page, scale) == pytest.approx(120)
    chart.send_keys(Keys.ESCAPE)
    assert not chart.find_element(By.CSS_SELECTOR, ".tip").is_displayed()


def test_the_keyboard_gets_everywhere_and_first_to_the_verdict(page: webdriver.Chrome) -> None:
    ActionChains(page).send_keys(Keys.TAB).perform()
    assert page.switch_to.active_element.text == "Skip to the verdict"
    reached = set()
    for _ in range(60):
        ActionChains(page).send_keys(Keys.TAB).perform()
        one = page.switch_to.active_element
        reached.add(one.get_attribute("id") or one.get_attribute("data-chart") or one.tag_name)
    assert {"theme", "limit-load", "shares", "busy", "a", "summary", "input"} <= reached


def test_a_line_can_be_put_away(page: webdriver.Chrome) -> None:
    before = painted(page, "shares")
    page.find_element(By.CSS_SELECTOR, "input[data-of='shares'][data-trace='1']").click()
    assert painted(page, "shares") < before
    assert "Connections" not in pointed(page, "shares", 0.3)


def test_the_theme_is_the_system_s_or_as_chosen(page: webdriver.Chrome) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"

    def system(theme: str) -> None:
        given = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", given)

    system("light")
    light, lines = state(page, ground), painted(page, "limit-load")
    system("dark")
    dark = state(page, ground)
    assert dark != light
    # The page is told of the system's theme with the next frame.
    WebDriverWait(page, 5).until(lambda _: painted(page, "limit-load") != lines)
    choose(page, "light")
    assert state(page, ground) == light
    assert painted(page, "limit-load") == lines
    choose(page, "as the system")
    assert state(page, ground) == dark
    system("light")


def test_in_print_charts_are_light_and_as_wide_as_paper(page: webdriver.Chrome) -> None:
    choose(page, "dark")
    dark = painted(page, "limit-load")
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert painted(page, "limit-load") != dark
    assert "168,69,127" in painted(page, "limit-load")
    assert state(page, "clusterload.drawn.get('limit-load').plot.width") == 640
    page.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert painted(page, "limit-load") == dark
    assert state(page, "clusterload.drawn.get('limit-load').plot.width") > 640
    choose(page, "as the system")


def test_any_series_can_be_looked_at(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "#explorer > summary").click()
    names = [one.text for one in page.find_elements(By.CSS_SELECTOR, "#series option")]
    assert len(names) == 105
    page.find_element(By.ID, "filter").send_keys("mailer")
    found = page.find_elements(By.CSS_SELECTOR, "#series option")
    assert found
    assert all("mailer" in one.text for one in found)
    found[0].click()
    assert "172 points" not in page.find_element(By.ID, "chosen").text
    assert "112 points, 112 of them drawn" in page.find_element(By.ID, "chosen").text


def test_numbers_read_as_they_do_everywhere_else(page: webdriver.Chrome) -> None:
    amounts = (0.0, 0.00012, 0.0123, 0.4, 0.996, 0.9996, 1, 12.34, 999.4, 999.6, 1234.6, 47_000, 2.08e6, 3.7e9, 1e12)
    for unit in (units.BYTES_PER_SECOND, units.SECONDS, units.MILLISECONDS, units.CONNECTIONS, units.RATIO):
        for amount in amounts:
            assert state(page, "clusterload.text(...arguments)", amount, unit_values(unit)) == said(amount, unit)
    for seconds in (0, 0.5, 7.25, 59.4, 60, 61, 118.5, 119.5, 185, 3600, 7440, 86_400):
        assert state(page, "clusterload.duration(arguments[0])", seconds) == units.duration(seconds)


def test_names_that_others_chose_do_nothing_and_are_read_as_they_are(browser: webdriver.Chrome, hostile: Path) -> None:
    browser.get(hostile.as_uri())
    body = " ".join(str(state(browser, "document.body.textContent")).split())
    for one in HOSTILE:
        assert visible(" ".join(one.split())) in body
    assert state(browser, "document.images.length") == 0
    assert state(browser, "document.scripts.length") == 4
    pointed(browser, "spectrum", 0.5)
    browser.find_element(By.CSS_SELECTOR, "#explorer > summary").click()
    browser.find_element(By.ID, "filter").send_keys("hostile")
    browser.find_element(By.CSS_SELECTOR, "#series option").click()
    assert "<script>hostile()</script>" in browser.find_element(By.ID, "chosen").text
    assert complaints(browser) == []


def test_nobody_is_asked_for_anything_and_nobody_could_be(page: webdriver.Chrome) -> None:
    assert state(page, "performance.getEntriesByType('resource')") == []
    tries = """
        const done = arguments[0], seen = [];
        document.addEventListener("securitypolicyviolation", one => seen.push(one.effectiveDirective));
        const image = new Image(), code = document.createElement("script");
        image.src = "http://127.0.0.1:9/picture";
        code.textContent = "window.hostile = true";
        document.body.append(code);
        fetch("http://127.0.0.1:9/data").catch(() => setTimeout(() => done([seen, window.hostile === true]), 50));
    """
    seen, ran = page.execute_async_script(tries)
    assert set(seen) == {"connect-src", "img-src", "script-src-elem"}
    assert not ran
    assert complaints(page)


def test_a_day_of_a_thousand_series_opens_at_once(browser: webdriver.Chrome, folder: Path) -> None:
    run = a_day(busy(folder / "day.run"), 1_000)
    usage = assess(run, Limits.named("course-basic"))
    page = written(folder / "day.html", render(run, usage, diagnose(run, usage)).html)
    browser.get(page.as_uri())
    (mark,) = state(browser, "performance.getEntriesByName('drawn').map(one => one.startTime)")
    assert mark < OPENS_WITHIN
    assert "86,400 points, " in browser.find_element(By.ID, "chart-limit-load").text
    names = json.loads(str(state(browser, "document.getElementById('data-every').textContent")))
    assert len(names) == len(run.series) == 1_000


def a_day(run: Run, wanted: int) -> Run:
    """The Series of a run for a day, second by second, as many as are wanted: those of more clients are added."""
    times = run.start + np.arange(1, DAY + 1) * SECOND
    spans, chance = np.ones(DAY), np.random.default_rng(3)
    noise = 1 + 0.2 * chance.standard_normal(DAY)
    days = [
        replace(
            one, times=times, values=np.abs(noise) * float(np.median(one.values)),
            spans=spans if one.kind is Kind.DELTA else one.spans,
        )
        for one in run.series
        # Without the brokers' CPU there are no prices to be fitted, which takes longer than all else.
        if not one.name.startswith("load_") and one.name != "cpu_broker"
    ]  # fmt: skip
    own = next(one for one in days if "client" in one.labels)
    more = [replace(own, labels={**own.labels, "client": f"service-{number}"}) for number in range(wanted)]
    return replace(
        run, plan=None, ledgers=(), latencies=(), series=(*days, *more)[:wanted], end=run.start + DAY * SECOND
    )


def resources_table(browser: webdriver.Chrome) -> WebElement:
    return browser.find_element(By.XPATH, "//section[@aria-labelledby='resources']//table[.//th='share']")


def widened(browser: webdriver.Chrome, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_tables_use_the_width_of_a_wide_screen(page: webdriver.Chrome) -> None:
    widened(page, 1280)
    tables = page.find_elements(By.XPATH, "//section[@aria-labelledby='resources']//div[@class='tables']//table")
    assert sum(table.size["width"] for table in tables) > 0.9 * 1200


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_narrow_screen_shows_every_column_of_the_resources(page: webdriver.Chrome, theme: str) -> None:
    Select(page.find_element(By.ID, "theme")).select_by_value(theme)
    widened(page, 420)
    try:
        table = resources_table(page)
        cells = table.find_elements(By.CSS_SELECTOR, "tbody tr:first-child > *")
        assert cells[-1].text.endswith("%")
        assert cells[-1].rect["x"] + cells[-1].rect["width"] <= 420
        assert page.execute_script("return document.documentElement.scrollWidth") <= 420
        lines = {cell.rect["height"] for cell in cells[1:]}
        assert len(lines) == 1  # no figure is broken from its unit
    finally:
        widened(page, 1280)
        Select(page.find_element(By.ID, "theme")).select_by_value("")
