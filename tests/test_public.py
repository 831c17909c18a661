"""The public names are those that the package declares, each loads, and importing the package costs nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import clusterload


def test_the_declared_names_are_the_public_ones_in_order() -> None:
    assert sorted(clusterload._HOMES) == clusterload.__all__


@pytest.mark.parametrize("name", clusterload.__all__)
def test_every_public_name_loads_from_its_home(name: str) -> None:
    home = import_module(f"clusterload.{clusterload._HOMES[name]}")
    assert getattr(clusterload, name) is getattr(home, name)
    assert getattr(clusterload, name).__doc__


def test_a_name_that_is_not_public_is_refused_as_python_does() -> None:
    assert not hasattr(clusterload, "Prophet")
    with pytest.raises(AttributeError, match="module 'clusterload' has no attribute 'Prophet'"):
        clusterload.__getattr__("Prophet")


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, clusterload; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "clusterload" in loaded
    assert loaded.isdisjoint({"numpy", "matplotlib", "confluent_kafka", "httpx", "rich", "click"})


@pytest.mark.parametrize("name", ["Run", "assess", "diagnose", "compare", "Limits", "Plan"])
def test_judging_needs_no_kafka_library(name: str) -> None:
    code = f"import sys, clusterload; clusterload.{name}; print('confluent_kafka' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
