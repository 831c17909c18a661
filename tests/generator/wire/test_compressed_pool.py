"""Compressed requests hold the records that were asked for, and say truly how many of them are different."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.generator.wire.compressed_pool import CODECS, ROOM, CompressedPool
from clusterload.generator.wire.keys import key_bytes, murmur2_partition
from clusterload.generator.wire.request_pool import BUFFER_COST, RequestPool
from tests.generator.wire.reading import Request, decompressed, pool_of, read, taken

NOW = 1_790_000_000_000


def sent(pool: RequestPool, partition: int, turn: int) -> Request:
    """What a turn of a partition sends."""
    buffer = taken(pool, partition)
    buffer.seal(turn, partition, NOW + turn, 1_000_000 + turn, 5, 6, turn)
    pool.give_back(buffer)
    return read(bytes(buffer.view))


@pytest.mark.parametrize("compression", CODECS)
@given(data=st.binary(max_size=200), times=st.integers(0, 3000))
def test_what_is_compressed_can_be_read(compression: str, data: bytes, times: int) -> None:
    number, compress = CODECS[compression]
    plain = data * times + Random(times).randbytes(times)
    assert decompressed(compress(plain), number) == plain


@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("records", [1, 7, 700])
def test_compressed_records_are_what_was_asked_for(compression: str, records: int) -> None:
    pool = pool_of(records=records, compression=compression, distinct=5 * records, first_stamp=100)
    for turn in range(5):
        request = sent(pool, 0, turn)
        assert request.attributes == CODECS[compression][0]
        assert (request.base_timestamp, request.max_timestamp) == (NOW + turn, NOW + turn)
        assert request.producer == (5, 6, turn)
        numbers = [100 + turn * records + index for index in range(records)]
        assert [record.key for record in request.records] == [key_bytes(number) for number in numbers]
        assert [record.value[:8] for record in request.records] == [key_bytes(number) for number in numbers]
        assert {len(record.value) for record in request.records} == {100}


@given(
    records=st.sampled_from([1, 3, 20]),
    distinct=st.integers(1, 200),
    first=st.integers(1, 400),
    keys=st.sampled_from(["unique", "none"]),
    sizes=st.sampled_from(["100", "8", "uniform:1:30"]),
)
@settings(max_examples=30)
def test_a_compressed_pool_says_how_many_records_are_different(
    records: int, distinct: int, first: int, keys: str, sizes: str
) -> None:
    pool = pool_of(records=records, compression="lz4", distinct=distinct, keys=keys, sizes=sizes)
    mixed = sizes == "uniform:1:30" and keys == "none"
    rounds = -(-(max(first, distinct) if mixed else first) // records)
    found = [(record.key, record.value) for turn in range(rounds) for record in sent(pool, 0, turn).records]
    if mixed:
        # Values too small for a number count as alike, and how many they are is known of the whole only.
        numbered = {content for content in found if len(content[1]) >= 8}
        assert pool.distinct_share(len(found)) == pytest.approx(len(numbered) / len(found))
    else:
        assert pool.distinct_share(first) == pytest.approx(len(set(found[:first])) / first)


@given(st.sampled_from(["uniform:20", "hot:9:70%"]), st.integers(1, 5))
@settings(max_examples=20)
def test_with_drawn_keys_it_is_true_of_partitions_that_take_turns_by_their_weights(keys: str, partitions: int) -> None:
    pool = pool_of(records=4, compression="snappy", distinct=400, keys=keys, partitions=partitions)
    found = []
    for partition, weight in enumerate(pool.partition_weights()):
        for turn in range(round(1000 * weight / 4)):
            request = sent(pool, partition, turn)
            assert all(
                record.key and murmur2_partition(record.key, partitions) == partition for record in request.records
            )
            found += [(record.key, record.value) for record in request.records]
    assert pool.distinct_share(len(found)) == pytest.approx(len(set(found)) / len(found), abs=0.02)


def test_more_slots_than_were_prepared_repeat_their_records() -> None:
    pool = pool_of(records=2, compression="zstd", distinct=4)
    slots = [taken(pool) for _ in range(5)]
    for turn, buffer in enumerate(slots):
        buffer.seal(turn, 0, NOW, 0)
    found = [read(bytes(buffer.view)) for buffer in slots]
    assert [request.correlation for request in found] == [0, 1, 2, 3, 4]
    assert len({request.records for request in found}) == 2


def test_prepared_requests_take_no_more_than_their_room() -> None:
    pool = pool_of(records=5000, sizes="1000", compression="lz4", distinct=10**9)
    assert isinstance(pool, CompressedPool)
    slots = round(pool.distinct_share(10**9) * 10**9 / 5000)
    each = len(taken(pool).view) + BUFFER_COST
    assert ROOM - each <= slots * each <= ROOM + each
