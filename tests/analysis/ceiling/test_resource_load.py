"""Each resource has a load that drives it by itself, to any value that a search may ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling.resource_load import DRIVES, READS, Drive, drive_of
from clusterload.model.errors import ConfigurationError
from clusterload.model.resources import RESOURCES, Role
from clusterload.model.series import Kind
from clusterload.model.workload import Load, Plan, totals_of

drives = st.sampled_from(list(DRIVES.values()))


def value_of(drive: Drive, at: float) -> float:
    """A value that a search may ask for, from the least to the most."""
    value = drive.least * (drive.most / drive.least) ** at
    return float(round(value)) if drive.whole else value


def loads(drive: Drive, value: float, brokers: int = 3) -> tuple[Load, ...]:
    return drive.made(value, "clusterload-test", brokers, 2.0)


@given(drive=drives, at=st.floats(0, 1), brokers=st.integers(1, 9))
def test_every_value_of_a_search_makes_a_plan_of_the_wire_engine(drive: Drive, at: float, brokers: int) -> None:
    made = loads(drive, value_of(drive, at), brokers)
    plan = Plan(name="step", loads=made, duration=5.0, warm_up=2.0)
    assert {load.engine for load in plan.loads} == {"wire"}
    assert drive.watched[0] in {load.name for load in plan.loads}


@given(drive=drives, at=st.floats(0, 1))
def test_what_a_load_comes_to_is_what_it_is_driven_to(drive: Drive, at: float) -> None:
    value = value_of(drive, at)
    first = totals_of(loads(drive, value)[0], 5.0)
    driven = {
        "ingress": first.byte_rate,
        "egress": first.byte_rate * READS,
        "requests": first.request_rate,
        "connections": first.connections,
        "connection_attempts": first.connection_rate,
    }
    assert driven[drive.resource] == pytest.approx(value)


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_a_drive_is_of_a_dimension_and_in_the_unit_of_its_limit(drive: Drive) -> None:
    resource = RESOURCES[drive.resource]
    assert resource.role is Role.DIMENSION
    assert drive.unit == (resource.unit.rate() if resource.kind is Kind.DELTA else resource.unit)
    assert drive.least <= drive.first <= drive.most


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_many_connections_are_opened_before_the_step_is_judged(drive: Drive) -> None:
    assert drive.settling(drive.first, 2.0) == 2.0
    longer = drive.settling(10_000, 2.0)
    assert longer > 20.0 if drive.resource == "connections" else longer == 2.0


def test_partitions_are_not_calibrated_and_the_reason_is_said() -> None:
    with pytest.raises(ConfigurationError, match="partitions outlast the load"):
        drive_of("partitions")


def test_a_misspelt_resource_names_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'ingress'"):
        drive_of("ingres")
