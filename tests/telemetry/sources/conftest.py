"""A played Metrics API for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .played import PlayedApi, playing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[PlayedApi]:
    with playing() as played:
        yield played
