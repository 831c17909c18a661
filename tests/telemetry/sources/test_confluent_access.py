"""Where the API is, whose key opens it, and that the key stays where it belongs."""

from __future__ import annotations

import pytest

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.confluent import Access

from .played import SECRET, TOKEN

GOOD = {
    "confluent.metrics.endpoint": "https://api.example/v2/metrics/cloud/query",
    "confluent.cloud_api_token": TOKEN,
    "confluent.clusterid": "lkc-1",
}


def refusal(**changed: str) -> str:
    values = GOOD | {f"confluent.{name}": value for name, value in changed.items()}
    with pytest.raises(ConfigurationError) as caught:
        Access.of(Properties(values=values, origin="client.properties"))
    return str(caught.value)


def test_three_properties_are_all_that_is_needed() -> None:
    access = Access.of(Properties(values=GOOD))
    assert access.sibling("descriptors/metrics") == "https://api.example/v2/metrics/cloud/descriptors/metrics"
    assert (access.host, access.cluster_id) == ("api.example", "lkc-1")


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_property_is_named_with_its_file(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^client.properties lacks {name}: add"):
        Access.of(Properties(values=GOOD | {name: ""}, origin="client.properties"))


@pytest.mark.parametrize("host", ["api.example", "10.0.0.7", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_a_token_never_goes_over_plain_http_to_another_machine(host: str) -> None:
    line = refusal(**{"metrics.endpoint": f"http://{host}/v2/metrics/cloud/query"})
    assert "in plain text; use https" in line


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_plain_http_is_fine_on_this_machine(host: str) -> None:
    url = f"http://{host}/v2/metrics/cloud/query"
    assert Access.of(Properties(values=GOOD | {"confluent.metrics.endpoint": url})).is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "api.example/v2/metrics/cloud/query",
        "ftp://api.example/query",
        "https://",
        "https://[::1/query",
        "https://api.example:port/query",
        "https://api.example/v2/metrics/cloud",
        f"https://KEY:{SECRET}@api.example/v2/metrics/cloud/query",
        f"https://api.example/v2/metrics/cloud/query?key={SECRET}",
    ],
)
def test_an_endpoint_that_cannot_be_the_query_call_is_refused_without_showing_it(url: str) -> None:
    line = refusal(**{"metrics.endpoint": url})
    assert line.startswith("client.properties: confluent.metrics.endpoint")
    assert SECRET not in line


@pytest.mark.parametrize("token", [f"KEY:{SECRET}", "bm8tY29sb24=", "====", "ä"])
def test_a_token_that_is_not_base64_of_key_and_secret_is_refused_without_showing_it(token: str) -> None:
    line = refusal(cloud_api_token=token)
    assert "is not the base64 of key:secret" in line
    assert token not in line


def test_neither_token_nor_secret_shows_in_a_representation() -> None:
    access = Access.of(Properties(values=GOOD))
    assert TOKEN not in repr(access)
    assert TOKEN not in str(access)
