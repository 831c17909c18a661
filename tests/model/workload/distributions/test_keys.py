"""Keys come as often as they were asked to, and a mistake is named."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.distributions import (
    KEYS,
    HotKeys,
    Keys,
    NoKeys,
    UniformKeys,
    UniqueKeys,
    WeightedKeys,
    ZipfKeys,
    parse_keys,
)

counts = st.integers(1, 2000)
recurring: st.SearchStrategy[Keys] = st.one_of(
    st.builds(UniformKeys, counts),
    st.builds(ZipfKeys, counts, st.floats(0, 10)),
    st.lists(st.floats(1e-9, 1e15), min_size=1, max_size=20).map(lambda given: WeightedKeys(tuple(given))),
    st.builds(HotKeys, st.integers(2, 2000), st.floats(1e-6, 1 - 1e-6)),
)
all_keys: st.SearchStrategy[Keys] = st.one_of(recurring, st.just(UniqueKeys()), st.just(NoKeys()))


@given(recurring)
def test_the_shares_of_all_keys_are_the_whole(keys: Keys) -> None:
    shares = keys.weights()
    assert len(shares) == keys.count > 0
    assert math.isclose(math.fsum(shares), 1, rel_tol=1e-9)
    assert all(0 <= share <= 1 for share in shares)


@given(all_keys)
def test_keys_read_back_as_they_were_written(keys: Keys) -> None:
    assert parse_keys(keys.as_text()) == keys
    assert pickle.loads(pickle.dumps(keys)) == keys


@given(counts, st.floats(0, 3))
def test_the_nth_key_of_zipf_comes_as_often_as_the_law_says(count: int, exponent: float) -> None:
    shares = ZipfKeys(count, exponent).weights()
    for rank, share in enumerate(shares, 1):
        assert math.isclose(share, shares[0] / rank**exponent, rel_tol=1e-9)


def test_shares_are_those_of_the_words() -> None:
    assert UniformKeys(4).weights() == [0.25] * 4
    assert WeightedKeys((3, 1, 1)).weights() == [0.6, 0.2, 0.2]
    assert HotKeys(3, 0.5).weights() == [0.5, 0.25, 0.25]
    assert [round(share, 3) for share in ZipfKeys(3, 1).weights()] == [0.545, 0.273, 0.182]


def test_unique_keys_and_none_do_not_come_again() -> None:
    for keys in (UniqueKeys(), NoKeys()):
        assert (keys.count, keys.weights()) == (0, [])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("unique", UniqueKeys()),
        (" none ", NoKeys()),
        ("uniform:1,000", UniformKeys(1000)),
        ("zipf:1000:1.1", ZipfKeys(1000, 1.1)),
        ("weights:3,1,1", WeightedKeys((3, 1, 1))),
        ("hot:100:80%", HotKeys(100, 0.8)),
        ("hot:100:0.8", HotKeys(100, 0.8)),
    ],
)
def test_keys_are_written_in_a_word(text: str, keys: Keys) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unknown keys ''; known: unique, none"),
        ("uniqe", "unknown keys 'uniqe'; did you mean 'unique'?"),
        ("none:5", "'none:5' is not a key distribution of kind none: write none"),
        ("uniform", "'uniform' is not a key distribution of kind uniform: write uniform:COUNT"),
        ("uniform:0", "the number of keys is 0: it must be whole, 1 to 10,000,000"),
        ("uniform:1.5", "the number of keys is 1.5"),
        ("uniform:1e9", "the number of keys is 1,000,000,000"),
        ("uniform:many", "'many' is not a quantity"),
        ("zipf:10", "is not a key distribution of kind zipf: write zipf:COUNT:EXPONENT"),
        ("zipf:10:-1", "the exponent of zipf keys is -1"),
        ("zipf:10:nan", "the exponent of zipf keys is nan"),
        ("zipf:10:steep", "'steep' is not a number"),
        ("weights:", "is not a key distribution of kind weights: write weights:WEIGHT,WEIGHT,..."),
        ("weights:1,,2", "'' is not a number"),
        ("weights:1,0", "the weight of a key is 0"),
        ("weights:1,inf", "the weight of a key is inf"),
        ("hot:1:0.5", "the number of keys is 1: it must be whole, 2 to"),
        ("hot:10:1", "the share of the hot key is 1"),
        ("hot:10:80", "the share of the hot key is 80"),
    ],
)
def test_a_mistake_in_keys_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_keys(text)
    assert said in str(caught.value)


@given(st.text(alphabet="0123456789:,.-e% ", max_size=20), st.sampled_from(list(KEYS)))
def test_any_text_is_keys_or_a_clear_refusal(text: str, name: str) -> None:
    try:
        keys = parse_keys(f"{name}:{text}" if text else name)
    except ConfigurationError:
        return
    assert keys.count >= 0
    assert keys.as_text().startswith(name)


def test_weighted_keys_need_a_weight() -> None:
    with pytest.raises(ConfigurationError, match="weighted keys have no weight"):
        WeightedKeys(())
