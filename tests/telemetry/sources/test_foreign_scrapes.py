"""What people scrape, in every form: what can be read of it is read, what cannot is said, and no secret is shown."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from trustme import CA

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.exporter_access import ExporterAccess
from clusterload.telemetry.sources.names import Names
from tests.http_server import HttpServer, Request, Response, serving
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept

SCRAPES = Path(__file__).parent / "scrapes"
BYTES = "kafka_server_brokertopicmetrics_bytesin_total"
PARTITIONS = "kafka_server_replicamanager_partitioncount"
SECRET = "s3cr3t-of-nobody"


@contextmanager
def watched(*texts: str, names: str = "", cut: bool = False) -> Iterator[tuple[Kept, list[HttpServer]]]:
    """One broker with so many addresses, each of which shows one text, until two rounds were made."""
    kept = Kept()
    with ExitStack() as stack:
        answers = [Response(body=text.encode(errors="surrogateescape"), has_length=not cut) for text in texts]
        servers = [stack.enter_context(serving(lambda _, answer=answer: answer)) for answer in answers]  # type: ignore[misc]
        urls = tuple(f"{server.url}/metrics" for server in servers)
        source = ExporterSource({"1": urls}, interval=0.05, names=Names.named(names) if names else None)
        source.start(kept)
        try:
            wait_for(lambda: all(len(server.requests) > 2 for server in servers))
            yield kept, servers
        finally:
            source.stop()


def scrape(name: str) -> str:
    return (SCRAPES / f"{name}.txt").read_text(encoding="utf-8")


def series(kept: Kept) -> set[str]:
    return {point.name for point in kept.points}


def test_an_exporter_of_lags_alone_says_that_it_has_nothing_of_a_broker() -> None:
    with watched(scrape("kafka-exporter")) as (kept, _):
        wait_for(lambda: kept.events)
    assert "cpu_broker" not in series(kept)
    assert len(kept.events) == 1
    assert "Give the URL of the broker's own exporter" in kept.events[0][2]


def test_two_addresses_of_a_broker_are_read_together() -> None:
    """Redpanda shows a part at each of its two endpoints."""
    with watched(scrape("redpanda-public-metrics"), scrape("redpanda-metrics")) as (kept, _):
        wait_for(lambda: {"ingress", "requests", "connections", "disk_writes"} <= series(kept))
    assert {point.labels["broker"] for point in kept.points} == {"1"}
    assert set(kept.values("connections")) == {81.0}
    assert not {"names-unknown", "names-without-broker", "scrape-failed"} & set(kept.kinds)


def test_what_two_addresses_both_show_is_read_from_the_first_and_said() -> None:
    with watched(f"{PARTITIONS} 321\n{BYTES} 1\n", f"{PARTITIONS} 7\n") as (kept, servers):
        wait_for(lambda: "series-elsewhere" in kept.kinds)
    assert set(kept.values("partitions")) == {321.0}
    (said,) = [text for _, kind, text in kept.events if kind == "series-elsewhere"]
    assert said == f"broker 1: {servers[1].url}/metrics shows partitions as well: read from {servers[0].url}/metrics"


def test_a_sidecar_s_own_process_is_not_the_broker_s() -> None:
    """An exporter that asks the broker over JMX from beside it says so in its own metric."""
    shown = f"{BYTES} 1\nprocess_cpu_seconds_total 5\n"
    beside = 'jmx_exporter_build_info{version="0.20.0",name="jmx_prometheus_httpserver",} 1.0\n'
    within = 'jmx_exporter_build_info{version="0.20.0",name="jmx_prometheus_javaagent",} 1.0\n'
    for more, is_own in ((beside, False), (within, True)):
        with watched(more + shown) as (kept, _):
            wait_for(lambda kept=kept: kept.values("ingress"))  # type: ignore[misc]
        assert ("cpu_broker" in series(kept)) == is_own


def test_names_that_change_while_watching_are_recognised_again() -> None:
    with watched(scrape("redpanda-public-metrics")) as (kept, servers):
        wait_for(lambda: kept.values("connections"))
        servers[0].answer = lambda _: Response(body=f"{PARTITIONS} 321\n{BYTES} 1\n".encode())
        wait_for(lambda: kept.values("partitions"))
    assert kept.kinds.count("names-changed") == 1


def test_a_broker_that_shows_more_once_it_is_up_is_looked_at_again() -> None:
    with watched("jvm_threads_current 3\n") as (kept, servers):
        wait_for(lambda: "names-unknown" in kept.kinds)
        servers[0].answer = lambda _: Response(body=f"jvm_threads_current 3\n{PARTITIONS} 321\n{BYTES} 1\n".encode())
        wait_for(lambda: kept.values("partitions"))
    assert set(kept.values("partitions")) == {321.0}


def test_a_broker_that_starts_again_is_read_as_before() -> None:
    whole = f"jvm_threads_current 3\n{PARTITIONS} 321\n{BYTES} 1\n"
    with watched(whole) as (kept, servers):
        servers[0].in_turn(*[Response(body=b"jvm_threads_current 3\n")] * 3, Response(body=whole.encode()))
        before, made = len(kept.values("partitions")), len(servers[0].requests)
        wait_for(lambda: len(servers[0].requests) > made + 5)
    assert len(kept.values("partitions")) > before
    assert kept.events == []


# Forms of the text, each with the ingress of clients a, b or of none, and 321 partitions.
FORMS: Mapping[str, str] = {
    "times": f"# TYPE {PARTITIONS} gauge\n{PARTITIONS} 321 1700000000000\n",
    "a tab before the value, blanks and braces within labels": (
        'kafka_server_produce_byte_rate{user="CN=bob, OU=\\"A\\", O=C:\\\\Users",client_id="svc {blue} #1 x 5"} 2\n'
        'kafka_server_produce_byte_rate{ user = "eve" , client_id = "a b" , } 1.0\n'
        f'kafka_server_fetch_byte_rate{{user="",client_id="tab\tand }} brace"}}\t77\n{PARTITIONS}\t\t321\n'
    ),
    "no last newline": f"{BYTES} 1.05E9\n{PARTITIONS} 321",
    "the line ends of Windows": f"{BYTES} 1.05E9\r\n{PARTITIONS} 321\r\n",
    "OpenMetrics with exemplars": (
        f'# UNIT {BYTES} bytes\n{BYTES} 1.0 # {{trace_id="KOO"}} 1.0 1520879607.789\n{PARTITIONS} 321\n# EOF\n'
    ),
    "names in quotes": f'# TYPE "kafka.server" counter\n{{"kafka.server",topic="a"}} 1.0\n{{"{PARTITIONS}"}} 321\n',
    "NaN and infinity": f"{BYTES} NaN\nkafka_server_replicamanager_leadercount +Inf\n{PARTITIONS} 321\n",
    "a byte order mark": f"\ufeff{PARTITIONS} 321\n",
    "Unicode's separators": f'{BYTES}{{topic="a\u2028b\u0085c\u00a0d"}} 5\n{PARTITIONS} 321\n',
    "a line that is none": f"{BYTES}{{topic= 5\n{PARTITIONS} 321\n",
    "bytes that are no text": f'{BYTES}{{topic="\udcff"}} 5\n{PARTITIONS} 321\n',
    "a separator in a name": f"{BYTES}\u2028 5\n{PARTITIONS} 321\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_text_is_read(form: str) -> None:
    with watched(FORMS[form]) as (kept, _):
        wait_for(lambda: kept.values("partitions"))
    assert set(kept.values("partitions")) == {321.0}
    assert "scrape-failed" not in kept.kinds
    assert kept.kinds.count("lines-unread") == (form in {"a line that is none", "a separator in a name"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!doctype html>\n<html><body>Sign in to continue</body></html>\n", "a web page"),
        (
            'An error has occurred while serving metrics:\n\n2 error(s) occurred:\n* collected metric "a" { label:<',
            "it begins with 'An error has occurred while serving metrics:'",
        ),
        ('{"status":"ok"}', "it begins with"),
    ],
)
def test_a_page_that_is_no_scrape_fails_and_is_told(text: str, why: str) -> None:
    with watched(text) as (kept, _):
        wait_for(lambda: kept.events)
    ((_, kind, said),) = kept.events
    assert kind == "scrape-failed"
    assert f"is not Prometheus text: {why}" in said


@contextmanager
def secured(folder: Path, *, client: bool = False) -> Iterator[HttpServer]:
    """An exporter behind TLS and a login, which may want a certificate of its clients as well."""
    authority = CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    if client:
        authority.configure_trust(tls)
        tls.verify_mode = ssl.CERT_REQUIRED
    logins = {f"Basic {base64.b64encode(f'reader:{SECRET}'.encode()).decode()}", f"Bearer {SECRET}"}

    def answer(request: Request) -> Response:
        return Response(
            body=f"{PARTITIONS} 321\n".encode(), status=200 if request.headers.get("Authorization") in logins else 401
        )

    with serving(answer, tls=tls) as server:
        yield server


@pytest.mark.parametrize(
    "login",
    [
        {"exporter.username": "reader", "exporter.password": SECRET},
        {"exporter.bearer.token": SECRET},
        {"exporter.bearer.token": SECRET, "exporter.ssl.certificate.location": "client.pem"},
    ],
)
def test_an_exporter_behind_tls_and_a_login_is_read(login: dict[str, str], tmp_path: Path) -> None:
    wants_certificate = "exporter.ssl.certificate.location" in login
    with secured(tmp_path, client=wants_certificate) as server:
        given = {name: str(tmp_path / value) if "location" in name else value for name, value in login.items()}
        access = ExporterAccess.of(Properties(values={**given, "exporter.ssl.ca.location": str(tmp_path / "ca.pem")}))
        kept = Kept()
        source = ExporterSource({"1": f"{server.url}/metrics"}, interval=0.05, access=access).start(kept)
        source.stop()
    assert set(kept.values("partitions")) == {321.0}


def test_a_refused_login_and_an_unknown_authority_say_what_to_set_and_no_secret(tmp_path: Path) -> None:
    with secured(tmp_path) as server:
        said = []
        for access in (
            ExporterAccess(ca=str(tmp_path / "ca.pem"), username="reader", password=f"{SECRET}?"),
            ExporterAccess(username="reader", password=SECRET),
        ):
            kept = Kept()
            ExporterSource({"1": f"{server.url}/metrics?token=abc"}, access=access).start(kept).stop()
            said.append(kept.events[0][2])
    assert "wants another login (401): set exporter.username and exporter.password" in said[0]
    assert "CERTIFICATE_VERIFY_FAILED" in said[1]
    assert "exporter.ssl.ca.location" in said[1]
    for text in said:
        assert SECRET not in text
        assert "token" not in text.replace("exporter.bearer.token", "")


@pytest.mark.parametrize(
    ("url", "access", "words"),
    [
        (f"http://reader:{SECRET}@127.0.0.1:1/metrics", ExporterAccess(), "its URL holds a login"),
        ("http://broker1:7071/metrics", ExporterAccess(bearer=SECRET), "would go to broker1 in plain text"),
        ("broker1:7071", ExporterAccess(), "that is not a URL"),
    ],
)
def test_an_address_that_would_give_away_a_login_is_refused_without_being_shown(
    url: str, access: ExporterAccess, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        ExporterSource({"1": url}, access=access)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"exporter.pasword": SECRET}, "unknown property 'exporter.pasword'; did you mean 'exporter.password'"),
        ({"exporter.username": "reader"}, "belong together"),
        ({"exporter.username": "a", "exporter.password": SECRET, "exporter.bearer.token": "b"}, "two logins"),
        ({"exporter.ssl.key.location": "k.pem"}, "is of a certificate"),
    ],
)
def test_properties_of_exporters_that_do_not_go_together_are_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        ExporterAccess.of(Properties(values=values))
    assert SECRET not in str(caught.value)
