"""A cluster of several units has as much more, up to what there is at most."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import UsageError
from clusterload.model.limits import Limits, Scope

SHARED = {"force": "enforced", "source": "the provider", "as_of": "2026"}


def table(units: int, *, most: float = 80.0, **changed: Any) -> Limits:
    row = {"resource": "ingress", "value": 5, "unit": "MB/s", "per_unit": True, **changed}
    maximum = {"resource": "ingress", "value": most, "unit": "MB/s", "note": "Said so."}
    given = {**SHARED, "per_unit": "CKU", "most_units": 100, "limits": [row], "maximum": [maximum]}
    return Limits.parsed("mine", given, units)


@given(st.integers(1, 100), st.floats(1, 1000))
def test_a_limit_per_unit_is_a_product_that_ends_at_the_maximum(units: int, most: float) -> None:
    (limit,) = table(units, most=most).limits
    assert limit.value.value == min(5 * units, most)


def test_a_product_says_what_it_is_of_and_a_maximum_what_it_cut_off() -> None:
    assert table(3).limits[0].note == "3 CKU x 5 MB/s."
    assert table(1).limits[0].note == ""
    assert table(20).limits[0].note == "The cluster's maximum; the units come to 100 MB/s. Said so."


def test_an_interval_grows_with_its_value() -> None:
    (limit,) = table(3, low=4, high=6).limits
    assert (limit.low, limit.value.value, limit.high) == (12, 15, 18)


def test_what_is_not_per_unit_stays() -> None:
    (limit,) = Limits.parsed(
        "mine", {**SHARED, "per_unit": "CKU", "limits": [{"resource": "ingress", "value": 5, "unit": "MB/s"}]}, 3
    ).limits
    assert limit.value.value == 5


def test_limits_of_brokers_stay_and_their_sum_is_the_cluster_s() -> None:
    three = Limits.named("msk-express-m7g.large", 3)
    shown = [(limit.resource, limit.scope, round(limit.value.value, 6)) for limit in three.limits]
    assert shown[:4] == [
        ("ingress", Scope.BROKER, 15.6),
        ("ingress", Scope.CLUSTER, 46.8),
        ("ingress", Scope.BROKER, 23.4),
        ("ingress", Scope.CLUSTER, 70.2),
    ]
    assert three.limits[1].note == "3 brokers x 15.6 MB/s. What is sustained."
    assert {limit.scope for limit in Limits.named("msk-express-m7g.large").limits} == {Scope.BROKER}


@pytest.mark.parametrize(("units", "said"), [(0, "give 1 or more"), (-1, "give 1 or more"), (101, "at most 100 CKU")])
def test_as_many_units_as_cannot_be_are_refused(units: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        table(units)


def test_a_table_of_totals_is_of_its_own_units_only() -> None:
    totals = {**SHARED, "per_unit": "CKU", "units": 4}
    rows = [{"resource": "ingress", "value": 20, "unit": "MB/s"}]
    for asked in (1, 4):
        found = Limits.parsed("mine", {**totals, "limits": rows}, asked)
        assert (found.units, found.limits[0].value.value) == (4, 20)
    with pytest.raises(UsageError, match="limits of mine are for 4 CKU, not for 2"):
        Limits.parsed("mine", {**totals, "limits": rows}, 2)
