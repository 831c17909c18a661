"""Sizes of values are drawn as they were asked for, and a mistake is named."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.distributions import (
    SIZES,
    FixedSize,
    LognormalSizes,
    Sizes,
    UniformSizes,
    WeightedSizes,
    parse_sizes,
)

seeds = st.integers(0, 2**32)
sizes_of_one_kind = st.integers(1, 100_000)
uniform = st.tuples(sizes_of_one_kind, sizes_of_one_kind).filter(lambda pair: pair[0] < pair[1])
weighted = st.dictionaries(sizes_of_one_kind, st.floats(1e-3, 1e6), min_size=1, max_size=8)
spreads: st.SearchStrategy[Sizes] = st.one_of(
    st.builds(FixedSize, sizes_of_one_kind),
    uniform.map(lambda pair: UniformSizes(*pair)),
    st.builds(LognormalSizes, st.floats(20, 10_000), st.floats(0.01, 1.5)),
    weighted.map(lambda table: WeightedSizes(tuple(table), tuple(table.values()))),
)


@given(spreads, seeds)
def test_drawn_sizes_have_the_mean_and_stay_in_range(spread: Sizes, seed: int) -> None:
    """The mean of 4,000 is within six standard errors, as estimated from the sample and from the largest size."""
    drawn = spread.sample(4000, Random(seed))
    assert len(drawn) == 4000
    assert all(isinstance(size, int) and 1 <= size <= spread.largest for size in drawn)
    mean = sum(drawn) / len(drawn)
    deviation = math.sqrt(sum((size - mean) ** 2 for size in drawn) / len(drawn))
    rare = spread.largest / 4000 * 6
    assert abs(mean - spread.mean) <= 6 * deviation / math.sqrt(len(drawn)) + rare + 0.05


@given(spreads, seeds)
def test_the_same_seed_draws_the_same_sizes(spread: Sizes, seed: int) -> None:
    assert spread.sample(20, Random(seed)) == spread.sample(20, Random(seed))


@given(spreads)
def test_sizes_read_back_as_they_were_written(spread: Sizes) -> None:
    assert parse_sizes(spread.as_text()) == spread
    assert pickle.loads(pickle.dumps(spread)) == spread


@given(spreads)
def test_only_sizes_that_are_all_alike_are_fixed(spread: Sizes) -> None:
    alike = {size for seed in range(3) for size in spread.sample(200, Random(seed))} == {spread.largest}
    assert spread.fixed is None or (alike and spread.fixed == spread.largest == spread.mean)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 1.5])
def test_lognormal_sizes_keep_their_mean_and_their_width(sigma: float) -> None:
    drawn = LognormalSizes(1000, sigma).sample(200_000, Random(11))
    spread = math.sqrt((math.exp(sigma**2) - 1) / len(drawn))
    assert abs(sum(drawn) / len(drawn) / 1000 - 1) < 5 * spread
    logs = [math.log(size) for size in drawn]
    mean = sum(logs) / len(logs)
    assert math.isclose(math.sqrt(sum((log - mean) ** 2 for log in logs) / len(logs)), sigma, rel_tol=0.02)


@given(weighted, seeds)
def test_weighted_sizes_come_as_often_as_they_weigh(table: dict[int, float], seed: int) -> None:
    drawn = WeightedSizes(tuple(table), tuple(table.values())).sample(4000, Random(seed))
    total = sum(table.values())
    for size, weight in table.items():
        share = weight / total
        assert abs(drawn.count(size) / 4000 - share) < 6 * math.sqrt(share * (1 - share) / 4000) + 0.002


def test_sizes_are_written_with_units() -> None:
    assert parse_sizes("100") == FixedSize(100)
    assert parse_sizes("4 KiB") == FixedSize(4096)
    assert parse_sizes("uniform:1KiB:4KiB") == UniformSizes(1024, 4096)
    assert parse_sizes("lognormal:1kB:1.5") == LognormalSizes(1000, 1.5)
    assert parse_sizes("weighted:100@3,1KiB@1") == WeightedSizes((100, 1024), (3, 1))


def test_a_histogram_file_is_read_and_then_not_needed_any_more(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text("\ufeffsize,weight\n100,3\n\n1KiB, 1\n200,0\n", encoding="utf-8")
    read = parse_sizes(f"histogram:{path}")
    assert read == WeightedSizes((100, 1024), (3, 1))
    assert (read.mean, read.largest, read.fixed) == (331, 1024, None)
    path.unlink()
    assert parse_sizes(read.as_text()) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a quantity"),
        ("0", "a size is 0: it must be a whole number of bytes"),
        ("2.5", "a size is 2.5"),
        ("-5", "a size is -5"),
        ("4 GiB", "a size is 4,294,967,296"),
        ("5/s", "unknown unit"),
        ("5 s", "s cannot be converted to B"),
        ("unifrom:1:2", "unknown sizes 'unifrom'; did you mean 'uniform'?"),
        ("uniform:5", "uniform sizes take 2 parts, not 1: write uniform:SMALLEST:LARGEST"),
        ("uniform:200:50", "uniform sizes from 200 to 50 are not a range"),
        ("uniform:0:50", "a size is 0"),
        ("lognormal:0:1", "the mean size is 0"),
        ("lognormal:100:wide", "sigma is 'wide': it must be a number"),
        ("lognormal:100:0", "sigma of sizes is 0"),
        ("lognormal:100:nan", "sigma of sizes is nan"),
        ("lognormal:1GiB:1", "draws sizes above 2,147,483,647 bytes"),
        ("histogram:", "a histogram of sizes needs a file"),
        ("histogram:nowhere.csv", "histogram nowhere.csv cannot be read: No such file"),
        ("weighted:100", "'100' is not a size with a weight"),
        ("weighted:100@0", "the weight of size 100 is 0"),
        ("weighted:100@x", "the weight of size 100 is 'x'"),
        ("weighted:100@1,100@2", "name a size twice"),
    ],
)
def test_a_mistake_in_sizes_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_sizes(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line must be size,weight"),
        ("100,3\n", "begins with '100,3'"),
        ("size,weight\n", "has no size of a weight above 0"),
        ("size,weight\n100,0\n", "has no size of a weight above 0"),
        ("size,weight\n100\n", "line 2 has 1 fields"),
        ("size,weight\n100,1\n\nbig,1\n", "line 4: 'big' is not a quantity"),
        ("size,weight\n100,often\n", "line 2: weight is 'often': it must be a number"),
        ("size,weight\n100,-1\n", "line 2: weight is -1: it must be 0 or above"),
        ("size,weight\n100,nan\n", "line 2: weight is nan: it must be 0 or above"),
        ("size,weight\n1.5,1\n", "line 2: size 1.5 is not a whole number of bytes"),
        ("size,weight\n0,1\n", "a size is 0"),
        ("size,weight\n5,1\n5,1\n", "name a size twice"),
    ],
)
def test_a_mistake_in_a_histogram_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        parse_sizes(f"histogram:{path}")
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_histogram_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="save it as UTF-8 text"):
        parse_sizes(f"histogram:{path}")


@given(
    st.text(alphabet="0123456789:,@.-=e KiB", max_size=20), st.sampled_from(["", "uniform", "lognormal", "weighted"])
)
def test_any_text_is_sizes_or_a_clear_refusal(text: str, name: str) -> None:
    try:
        spread = parse_sizes(f"{name}:{text}" if name else text)
    except ConfigurationError:
        return
    assert 0 < spread.mean <= spread.largest


def test_every_spread_says_how_it_is_written() -> None:
    assert all(written.startswith(f"{name}:") for name, written in SIZES.items())
