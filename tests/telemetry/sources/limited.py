"""Quotas that bind nobody, which make brokers tell of all clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kio.schema.alter_client_quotas.v1.request import AlterClientQuotasRequest, EntityData, EntryData, OpData
from kio.schema.alter_client_quotas.v1.response import AlterClientQuotasResponse
from kio.static.primitive import f64

from clusterload.lab import inter_broker

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab

NOBODY: Final = "clusterload-nobody"
_LIMITS: Final = ("producer_byte_rate", "consumer_byte_rate", "request_percentage")


@contextmanager
def limited(lab: Lab, *by: str) -> Iterator[None]:
    """Limits without effect for one that there is not: a client id, or by each of `client-id` and `user`."""
    _limit(lab, by or ("client-id",), remove=False)
    try:
        yield
    finally:
        _limit(lab, by or ("client-id",), remove=True)


def _limit(lab: Lab, by: tuple[str, ...], *, remove: bool) -> None:
    ops = tuple(OpData(key=key, value=f64(1e12), remove=remove) for key in _LIMITS)
    entry = EntryData(entity=tuple(EntityData(entity_type=kind, entity_name=NOBODY) for kind in by), ops=ops)
    inter_broker.ask_any(
        lab.info, AlterClientQuotasRequest(entries=(entry,), validate_only=False), AlterClientQuotasResponse
    )
