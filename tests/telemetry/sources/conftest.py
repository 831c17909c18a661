"""A played Metrics API for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http_server import HttpServer

from .played import playing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[HttpServer]:
    with playing() as played:
        yield played
