"""Suspects: whom a temporary quota holds back."""

from __future__ import annotations

import pytest

from clusterload.model.errors import UsageError
from clusterload.workflow.experiment import Removal, Suspect
from clusterload.workflow.experiment.suspects import HOLDING_BACK


def test_a_suspect_is_a_client_id_or_a_principal() -> None:
    assert Suspect.parsed("client=etl=7").entity == {"client-id": "etl=7"}
    assert Suspect.parsed("principal=User:alice").entity == {"user": "alice"}
    for text in ("etl-7", "client=", "group=a"):
        with pytest.raises(UsageError, match="write client=ID"):
            Suspect.parsed(text)


def test_it_is_there_before_between_and_after() -> None:
    removal = Removal(suspect=Suspect.parsed("client=a"), seconds=10, repeats=2)
    assert removal.order == ((0,), (1,), (0,), (1,), (0,))
    assert removal.lasts >= 50


def test_only_the_quota_whose_delay_is_bounded_is_lent() -> None:
    """A tiny byte rate would let the client stand still for hours after it is removed."""
    assert set(HOLDING_BACK) == {"request_percentage"}
