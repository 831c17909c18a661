"""Every listener that a lab was asked for is reached by the file that the lab writes for it, and by nobody else."""

from __future__ import annotations

import stat
import urllib.request
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from clusterload import Cluster, Lab, Properties
from clusterload.lab import client_file, listeners
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ClusterError, ConfigurationError, UsageError
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
SASL = [(name, mechanism) for name in ("SASL_SSL", "SASL_PLAINTEXT") for mechanism in MECHANISMS]


def file_of(lab: Lab, name: str) -> Path:
    return Path(str(lab.info.directory)) / listeners.file_name(name)


def ports_seen(lab: Lab, name: str, *, patience: float = 60, **changed: str) -> set[int]:
    """The brokers' ports that librdkafka learns with a listener's file, some properties (`_` for a dot) changed."""
    properties = Properties.read(file_of(lab, name)).client("*")
    more = {key.replace("_", "."): value for key, value in changed.items()}
    client = AdminClient({**properties, **more, "log_level": 0})
    return {broker.port for broker in client.list_topics(timeout=patience).brokers.values()}


@pytest.mark.parametrize("name", listeners.PROTOCOLS)
def test_a_client_reaches_every_listener_by_its_file_and_stays_on_it(secure_lab: Lab, name: str) -> None:
    assert ports_seen(secure_lab, name) == {secure_lab.info.brokers[0].ports[name]}


@pytest.mark.parametrize(("name", "mechanism"), SASL)
def test_a_login_works_by_every_mechanism_with_the_same_file(secure_lab: Lab, name: str, mechanism: str) -> None:
    assert ports_seen(secure_lab, name, sasl_mechanism=mechanism) == {secure_lab.info.brokers[0].ports[name]}


@pytest.mark.parametrize("mechanism", MECHANISMS[:3])
def test_a_wrong_password_is_refused(secure_lab: Lab, mechanism: str) -> None:
    with pytest.raises(ClusterError, match="refused the login"):
        Cluster.connect(
            Properties(
                values=secure_lab.listeners["SASL_SSL"] | {"sasl.mechanism": mechanism, "sasl.password": "wrong"}
            )
        )


def test_without_a_certificate_of_the_lab_s_own_nobody_comes_in_by_mtls(secure_lab: Lab) -> None:
    servers = secure_lab.listeners["MTLS"]["bootstrap.servers"]
    with pytest.raises(KafkaException):
        ports_seen(secure_lab, "SSL", patience=5, bootstrap_servers=servers)  # librdkafka goes on trying until then


def test_a_client_s_files_are_its_owner_s_only_and_so_are_the_keys(secure_lab: Lab) -> None:
    config = secure_lab.folder / "config"
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    paths = [*config.iterdir(), *(file_of(secure_lab, name) for name in listeners.PROTOCOLS)]
    assert len(paths) > 9
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}


def test_what_is_known_of_a_running_lab_holds_no_password(secure_lab: Lab) -> None:
    password = secure_lab.listeners["SASL_SSL"]["sasl.password"]
    assert find_lab(secure_lab.cluster_id) == secure_lab.info
    for path in (secure_lab.folder / "lab.json", secure_lab.folder / "supervisor.json"):
        assert password not in path.read_text()
    assert password not in repr(secure_lab.info)
    assert password not in secure_lab.info.brokers[0].log.read_text()


def test_client_connections_are_counted_on_every_listener(secure_lab: Lab) -> None:
    expected = frozenset({"CLIENT", "CLIENT_SSL", "CLIENT_MTLS", "CLIENT_SASL_SSL", "CLIENT_SASL_PLAINTEXT"})
    assert secure_lab.info.client_listeners == expected

    names = Names.named("jmx-exporter")

    def made() -> float:
        with urllib.request.urlopen(secure_lab.exporters[1], timeout=120) as answer:
            shown = ScrapeParser(SharedLines(names, secure_lab.info.client_listeners)).read(answer.read().decode())
        return shown.counters["connection_attempts", ()]

    before = made()
    for name in listeners.PROTOCOLS:
        ports_seen(secure_lab, name)
    assert made() - before >= 4


def test_a_password_stays_out_of_what_is_printed() -> None:
    keys = listeners.Keys(ca=Path("ca"), server=Path("server"), client=Path("client"), password="hunter2")
    assert "hunter2" not in repr(keys)


def test_files_are_removed_with_the_lab_but_not_one_that_was_changed(tmp_path: Path) -> None:
    with Lab(1, listeners=("SASL_SSL", "SSL"), directory=tmp_path) as lab:
        assert lab.info.listeners == ("SSL", "SASL_SSL")
        folder = lab.folder
        changed = file_of(lab, "SSL")
        changed.write_text(changed.read_text() + "acks=all\n")
        assert {path.name for path in tmp_path.iterdir()} == {
            "client.properties",
            "client-ssl.properties",
            "client-sasl-ssl.properties",
        }
    assert [path.name for path in tmp_path.iterdir()] == ["client-ssl.properties"]
    assert not (folder / "config").exists()


def test_a_file_of_somebody_else_s_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "client-ssl.properties").write_text("mine\n")
    client_file.check(tmp_path)
    with pytest.raises(ConfigurationError, match=r"client-ssl\.properties exists and was not written by clusterload"):
        Lab(1, listeners=("SSL",), directory=tmp_path).start()


def test_a_listener_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no listener 'SALS_SSL'; did you mean 'SASL_SSL'\?; known: SSL, MTLS"):
        Lab(1, listeners=("SALS_SSL",))
    assert listeners.chosen(("sasl-ssl", "SSL", "ssl")) == ("SSL", "SASL_SSL")
