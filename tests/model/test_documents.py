"""What a document says becomes a value, and a mistake in it is named with its key, its value and what fits."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from clusterload.model.documents import Seconds, Text, plain, read_table, read_toml
from clusterload.model.errors import ConfigurationError


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Table(msgspec.Struct, kw_only=True, rename={"lasts": "for"}):
    name: str
    lasts: Seconds | None = None
    as_of: Text = ""
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    share: float | None = None
    color: Color = Color.RED
    on: bool = False
    rows: list[dict[str, Any]] = []
    words: list[str] = []
    more: dict[str, Any] = {}


def test_durations_numbers_in_quotes_and_dates_as_text_are_read() -> None:
    read = read_table({"name": "a", "for": "1m30s", "as_of": 2026, "count": "3", "share": 1}, Table, "a thing")
    assert (read.lasts, read.as_of, read.count, read.share) == (90.0, "2026", 3, 1.0)


def test_what_is_written_is_read_back_and_what_is_not_set_is_left_out() -> None:
    read = read_table({"name": "a", "for": 5}, Table, "a thing")
    assert plain(read)["for"] == 5.0
    assert "count" not in plain(read)
    assert read_table(plain(read), Table, "a thing") == read


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"nam": "x"}, "a thing has no key 'nam'; did you mean 'name'?"),
        ({"lasts": 3}, "a thing has no key 'lasts'"),
        ({"name": 5}, "name of a thing is 5: it must be text"),
        ({"for": "soon"}, "for of a thing: 'soon' is not a duration"),
        ({"count": 0}, "count of a thing is 0: it must be a whole number, 1 or above"),
        ({"count": "two"}, "count of a thing is 'two': it must be a whole number, 1 or above"),
        ({"share": "much"}, "share of a thing is 'much': it must be a number"),
        ({"color": "green"}, "color of a thing is 'green': it must be red or blue"),
        ({"on": "perhaps"}, "on of a thing is 'perhaps': it must be true or false"),
        ({"rows": 3}, "rows of a thing is 3: it must be [[rows]] tables"),
        ({"rows": [3]}, "rows of a thing is [3]: it must be [[rows]] tables"),
        ({"words": "a"}, "words of a thing is 'a': it must be a list of texts"),
        ({"more": 3}, "more of a thing is 3: it must be a table of keys and values"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_fits(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_table({"name": "a", **changed}, Table, "a thing")
    assert str(caught.value).startswith(words)


def test_what_is_missing_or_is_not_a_table_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^a thing lacks name: add it$"):
        read_table({}, Table, "a thing")
    with pytest.raises(ConfigurationError, match=r"^a thing is 5: it must be a table of keys and values$"):
        read_table(5, Table, "a thing")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), (b"\xff", "is not text: save it as UTF-8"), (b"[", "is not TOML: ")],
)
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path, "plan")
    assert str(caught.value).startswith(f"plan {path} {words}")
