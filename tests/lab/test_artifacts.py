"""Jars are what the lock says, or they are refused; once here, the network is not asked again."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clusterload.lab import artifacts, lock
from clusterload.lab.lab import Lab
from clusterload.model.errors import ConfigurationError, LabError

if TYPE_CHECKING:
    from clusterload.lab.lock import Jar

_CONTENT = b"what the repository gives"
_GOOD = hashlib.sha256(_CONTENT).hexdigest()


class FakeMaven:
    """A repository that has every jar, always with the same content."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def create_dependency(self, coordinates: str) -> FakeMaven:
        self._file = self._scratch / coordinates.replace(":", "-")
        return self

    @property
    def artifact(self) -> FakeMaven:
        return self

    def resolve(self) -> Path:
        self._file.write_bytes(_CONTENT)
        return self._file


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and a fake repository."""
    monkeypatch.setenv("CLUSTERLOAD_CACHE", str(tmp_path))
    monkeypatch.setattr(artifacts, "_maven", FakeMaven)
    return tmp_path


def locked(sha256: str) -> lock.Lock:
    """A lock of one jar."""
    return lock.parse(f"# comment\norg.example:thing:1.0 {len(_CONTENT)} {sha256}\n", "9.9")


def test_a_jar_that_fits_its_checksum_is_kept_with_progress(cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    paths = artifacts.fetch(locked(_GOOD), lambda *step: seen.append(step))
    assert paths == [cache / "maven/org/example/thing/1.0/thing-1.0.jar"]
    assert paths[0].read_bytes() == _CONTENT
    assert seen == [("downloading Kafka 9.9", 0, 25), ("downloading Kafka 9.9", 25, 25)]
    assert [path.name for path in cache.iterdir()] == ["maven"]


def test_a_jar_that_does_not_fit_its_checksum_is_refused(cache: Path) -> None:
    with pytest.raises(LabError, match=r"refused org\.example:thing:1.0: its SHA-256 is"):
        artifacts.fetch(locked("0" * 64))
    assert list(cache.rglob("*.jar")) == []


def test_a_jar_cut_short_in_the_cache_is_fetched_again(cache: Path) -> None:
    path = artifacts.fetch(locked(_GOOD))[0]
    path.write_bytes(b"short")
    artifacts.fetch(locked(_GOOD))
    assert path.read_bytes() == _CONTENT


def test_a_failed_download_names_the_jar_and_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLUSTERLOAD_CACHE", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(LabError, match=r"could not download org.example:thing:1.0: .*check the network"):
        artifacts.fetch(locked(_GOOD))


def test_a_lab_starts_without_network_once_its_jars_are_here(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for module in [name for name in sys.modules if name.split(".")[0] in {"jgo", "requests"}]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "jgo", None)
    with Lab(1) as offline:
        assert offline.bootstrap_servers


def test_without_jgo_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLUSTERLOAD_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jgo.config", None)
    with pytest.raises(LabError, match=r"pip install 'clusterload\[lab\]'"):
        artifacts.fetch(locked(_GOOD))


@pytest.mark.parametrize("kafka", lock.available())
def test_a_lock_survives_being_written_and_read(kafka: str) -> None:
    own = lock.read(kafka)
    assert lock.parse(lock.render(own.kafka, list(own.jars)), own.kafka) == own


@pytest.mark.parametrize("kafka", lock.available())
def test_a_lock_has_checksums_and_no_address(kafka: str) -> None:
    own = lock.read(kafka)
    assert len(own.jars) > 40
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in own.jars)
    assert "http" not in "".join(map(_words, own.jars))


def _words(jar: Jar) -> str:
    return f"{jar.coordinates} {jar.path}"


def test_an_unknown_kafka_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"the lab has no Kafka '4.3.2'; did you mean '4.3.1'"):
        lock.read("4.3.2")
    with pytest.raises(ConfigurationError, match=r"the lab knows 3\.9\.1, 4\.0\.2, 4\.3\.1"):
        lock.read("none")


def test_a_jar_with_a_classifier_has_it_in_its_name() -> None:
    jar = lock.parse(f"org.example:thing:1.0:agent 1 {_GOOD}\n", "9.9").jars[0]
    assert jar.coordinates == "org.example:thing:1.0:agent"
    assert jar.path.name == "thing-1.0-agent.jar"


@pytest.mark.parametrize("line", ["org.example:thing:1.0", "a:b 1 x", "a:b:c:d:e 1 x", "a:b:c many x"])
def test_a_malformed_lock_says_how_to_make_it_anew(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"regenerate it with 'python -m clusterload.lab.lock 9.9'"):
        lock.parse(f"{line}\n", "9.9")
