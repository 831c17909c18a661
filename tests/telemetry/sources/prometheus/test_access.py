"""Where a Prometheus answers and who asks, from a properties file."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.prometheus import Access, is_named

SECRET = "s3cr3t-of-nobody"


def access(**values: str) -> Access:
    text = "".join(f"prometheus.{name.replace('_', '.')}={value}\n" for name, value in values.items())
    return Access.of(Properties.parsed(text, "client.properties"))


def refusal(**values: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        access(**values)
    line = str(caught.value)
    assert line.startswith("client.properties")
    assert SECRET not in line
    assert "\n" not in line
    return line


def test_all_that_the_properties_say_is_taken() -> None:
    found = access(
        url="https://metrics.example.com/prometheus/api/v1/",
        username="me",
        password=SECRET,
        ssl_ca_location="/ca.pem",
        select='{job="kafka"}',
        names="strimzi",
        tenant="team-a",
    )
    assert found.url == "https://metrics.example.com/prometheus"
    assert (found.username, found.password, found.ca) == ("me", SECRET, "/ca.pem")
    assert (found.select, found.names, found.tenant) == ('job="kafka"', "strimzi", "team-a")
    assert found.host == "metrics.example.com"


def test_no_secret_is_ever_shown() -> None:
    assert SECRET not in repr(access(url="https://h", username="me", password=SECRET))
    assert SECRET not in repr(access(url="https://h", bearer_token=SECRET))


def test_a_login_goes_in_plain_text_to_this_machine_only() -> None:
    assert "plain text; use https" in refusal(url="http://metrics.example.com", username="me", password=SECRET)
    assert "plain text; use https" in refusal(url="http://metrics.example.com", bearer_token=SECRET)
    assert access(url="http://127.0.0.1:9090", bearer_token=SECRET).is_loopback
    assert not access(url="http://metrics.example.com").is_loopback


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://h", "https://", "https://h:x", "https://[", "nothing"])
def test_what_is_no_address_is_refused(url: str) -> None:
    assert "prometheus.url is not a URL" in refusal(url=url)


@pytest.mark.parametrize("url", [f"https://me:{SECRET}@h", f"https://h?token={SECRET}", f"https://h#{SECRET}"])
def test_a_secret_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    assert "holds more than an address" in refusal(url=url)


def test_half_a_login_two_logins_and_broken_ones_are_refused() -> None:
    assert "belong together" in refusal(url="https://h", username="me")
    assert "two logins" in refusal(url="https://h", username="me", password=SECRET, bearer_token=SECRET)
    assert "characters that no such value has" in refusal(url="https://h", bearer_token=f"{SECRET}\x01")
    assert "not a list of label matchers" in refusal(url="https://h", select="kafka")


def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for ca in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match=r"ca.location: .* cannot be read as certificates"):
            access(url="https://h", ssl_ca_location=str(ca)).verification()


def test_properties_that_name_no_server_are_told_so() -> None:
    assert not is_named(Properties())
    assert is_named(Properties(values={"prometheus.url": "http://localhost:9090"}))
    assert refusal() == "client.properties lacks prometheus.url: add where Prometheus answers"


def test_a_bare_address_is_enough() -> None:
    assert Access(url="http://localhost:9090/").url == "http://localhost:9090"
