"""ObjectNames are taken apart as Java puts them together, quotes and wildcard characters included."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.telemetry.sources.jolokia.protocol import key_properties, unquoted


def quoted(text: str) -> str:
    """As javax.management.ObjectName.quote does it."""
    return '"' + re.sub(r'["\\*?]', lambda match: "\\" + match[0], text).replace("\n", r"\n") + '"'


def test_key_properties_come_in_any_order() -> None:
    name = "kafka.server:name=BytesInPerSec,topic=a.b-c_d,type=BrokerTopicMetrics"
    assert key_properties(name) == {"name": "BytesInPerSec", "topic": "a.b-c_d", "type": "BrokerTopicMetrics"}


@given(client=st.text(), user=st.text())
def test_a_client_id_is_what_the_client_called_itself_whatever_is_in_it(client: str, user: str) -> None:
    name = f"kafka.server:type=Produce,user={quoted(user)},client-id={quoted(client)}"
    assert key_properties(name) == {"type": "Produce", "user": user, "client-id": client}


def test_what_has_no_quotes_is_as_it_is() -> None:
    assert unquoted("a\\b") == "a\\b"
    assert unquoted("") == ""


@pytest.mark.parametrize(
    "name", ["", "kafka.server", "kafka.server:", "a:b", "a:b=c,", 'a:b="c', 'a:b="c"d', "a:b=c=d"]
)
def test_what_is_no_object_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not an ObjectName"):
        key_properties(name)


@given(st.text())
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        found = key_properties(text)
    except ValueError:
        return
    assert found
