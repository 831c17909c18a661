"""Prices are found again in data that were made with them; what moves together is not priced one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.bill import Price, Prices, fit_prices
from clusterload.analysis.bill.prices import IDLE
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.run import Run
from clusterload.model.series import Floats
from tests.analysis.bill.made import flat, run, series

SECONDS = 300
PRODUCE, FOLLOWER, MEGABYTE, IDLES = 0.2e-3, 0.9e-3, 8e-3, 0.1


def steps(random: np.random.Generator, most: float, seconds: int = SECONDS) -> Floats:
    """A rate that is another one every ten seconds."""
    return np.repeat(random.uniform(0, most, seconds // 10), 10)


def loaded(seed: int, *, noise: float = 0.02, host: float = 0.4) -> Run:
    """Two brokers whose CPU is what three drivers cost, and noise."""
    random, shown = np.random.default_rng(seed), []
    for broker in ("1", "2"):
        produce, follower, ingress = steps(random, 500), steps(random, 400), steps(random, 10e6)
        cpu = IDLES + PRODUCE * produce + FOLLOWER * follower + MEGABYTE * ingress / 1e6
        cpu = np.maximum(0, cpu + random.normal(0, noise, SECONDS))
        shown += [
            series("requests_by_type", produce, broker=broker, request="Produce"),
            series("requests_by_type", follower, broker=broker, request="FetchFollower"),
            series("ingress", ingress, broker=broker),
            series("cpu_broker", cpu, broker=broker),
            flat("cpu_host", host, SECONDS, broker=broker),
        ]
    return run(*shown, seconds=SECONDS)


@pytest.mark.parametrize("seed", range(4))
def test_prices_that_data_were_made_with_are_found_within_their_intervals(seed: int) -> None:
    found = fit_prices([loaded(seed)])
    assert found.inseparable == ()
    for driver, true in (("Produce", PRODUCE), ("FetchFollower", FOLLOWER), ("ingress", MEGABYTE), (IDLE, IDLES)):
        price = found.of(driver)
        assert price is not None
        assert price.seconds == pytest.approx(true, rel=0.15)
        width = max(price.high - price.low, 0.02 * price.value)
        assert price.low - width / 2 <= price.value <= price.high + width / 2
    assert found.error < 0.1


def test_nine_in_ten_intervals_or_more_hold_the_true_price() -> None:
    inside = []
    for seed in range(15):
        found = fit_prices([loaded(seed)])
        for driver, true in (
            ("Produce", PRODUCE * 1e3),
            ("FetchFollower", FOLLOWER * 1e3),
            ("ingress", MEGABYTE * 1e3),
        ):
            price = found.of(driver)
            assert price is not None
            inside.append(price.low <= true <= price.high)
    assert np.mean(inside) >= 0.85


def test_what_it_explains_adds_up_to_the_cpu() -> None:
    given_run = loaded(1)
    explained = fit_prices([given_run]).explains(WindowStats(given_run))
    assert sum(explained.values()) == pytest.approx(WindowStats(given_run).total("cpu_broker").now, rel=0.02)


def test_drivers_that_move_together_cannot_be_separated_and_have_no_price_of_their_own() -> None:
    random, shown = np.random.default_rng(5), []
    produce, metadata = steps(random, 500), steps(random, 300)
    cpu = 0.1 + 1e-3 * produce + 0.6e-3 * metadata + random.normal(0, 0.01, SECONDS)
    shown = [
        series("requests_by_type", produce, broker="1", request="Produce"),
        series("requests_by_type", 2.1 * produce + random.normal(0, 2, SECONDS), broker="1", request="FetchFollower"),
        series("requests_by_type", metadata, broker="1", request="Metadata"),
        series("cpu_broker", cpu, broker="1"),
    ]
    found = fit_prices([run(*shown, seconds=SECONDS)])
    assert found.inseparable == (("Produce", "FetchFollower"),)
    assert (found.of("Produce"), found.of("FetchFollower")) == (None, None)
    metadata_price = found.of("Metadata")
    assert metadata_price is not None
    assert metadata_price.value == pytest.approx(0.6, rel=0.1)
    assert any("cannot be separated" in line for line in found.words)
    explained = found.explains(WindowStats(run(*shown, seconds=SECONDS)))
    assert explained["Produce + FetchFollower"] == pytest.approx(float(np.mean(1e-3 * produce)), rel=0.1)


def test_what_never_moved_is_not_told_from_a_broker_with_nothing_to_do() -> None:
    whole = loaded(2)
    found = fit_prices([run(*whole.series, flat("partitions", 700, SECONDS, broker="1"),
                        flat("partitions", 700, SECONDS, broker="2"), seconds=SECONDS)])  # fmt: skip
    assert found.inseparable == ((IDLE, "partitions"),)
    assert found.of("partitions") is None


def test_windows_with_a_full_host_are_left_out() -> None:
    calm, full = loaded(3), loaded(4, host=0.95)
    found = fit_prices([calm, full])
    assert (found.windows, found.left_out) == (300, 300)
    assert found.prices == fit_prices([calm]).prices


def test_with_too_little_data_the_prices_are_those_of_a_lab_and_say_so() -> None:
    found = fit_prices([run(flat("cpu_broker", 0.5, broker="1"))])
    assert not found.fitted
    assert "not on this cluster" in found.basis
    assert "10 windows" in found.basis
    assert fit_prices([]).words == Prices.default().words


def test_prices_are_said_as_people_think_of_them() -> None:
    words = Prices.default().words
    assert "0.86 ms a follower's fetch" in words
    assert "8.5 ms a MB in" in words
    assert "0.18 ms a Produce request" in words
    assert "16.5 ms a TLS handshake" in words
    assert Price.of("OffsetCommit", 0.015, 0.0, 0.052).words == "up to 52 ms an offset commit"


@given(st.integers(0, 10_000), st.floats(0, 0.5))
def test_a_price_is_never_negative_and_lies_in_its_interval_of_draws_or_beside_it(seed: int, noise: float) -> None:
    random = np.random.default_rng(seed)
    shown = [
        series("requests_by_type", steps(random, 500, 120), broker="1", request="Produce"),
        series("ingress", steps(random, 1e7, 120), broker="1"),
        series("cpu_broker", np.abs(random.normal(0.5, noise, 120)), broker="1"),
    ]
    found = fit_prices([run(*shown, seconds=120)])
    assert all(price.value >= 0 and price.low >= 0 and price.low <= price.high for price in found.prices)


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert fit_prices([loaded(7)], seed=3).prices == fit_prices([loaded(7)], seed=3).prices
