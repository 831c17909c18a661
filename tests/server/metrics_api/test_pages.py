"""Page tokens are good for one question, a short time and one process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.server.metrics_api.pages import LIFETIME_SECONDS, Page, Pages
from clusterload.server.metrics_api.refusal import RequestRefusedError

PAGES = Pages()
PAGE = Page(after=["topic", 3], now=1000.5, issued=1000.5)


def test_a_token_brings_back_its_page() -> None:
    assert PAGES.page(b"question", PAGES.token(b"question", PAGE), 1001) == PAGE


def test_a_token_is_good_for_its_own_question_only() -> None:
    with pytest.raises(RequestRefusedError, match="not for this request") as refused:
        PAGES.page(b"another", PAGES.token(b"question", PAGE), 1001)
    assert refused.value.status == 400


def test_a_token_of_another_process_is_foreign() -> None:
    with pytest.raises(RequestRefusedError, match="not for this request"):
        PAGES.page(b"question", Pages().token(b"question", PAGE), 1001)


def test_a_token_expires() -> None:
    token = PAGES.token(b"question", PAGE)
    assert PAGES.page(b"question", token, PAGE.issued + LIFETIME_SECONDS) == PAGE
    with pytest.raises(RequestRefusedError, match="expired"):
        PAGES.page(b"question", token, PAGE.issued + LIFETIME_SECONDS + 1)


@given(st.text())
def test_what_is_no_token_is_refused_and_breaks_nothing(token: str) -> None:
    with pytest.raises(RequestRefusedError):
        PAGES.page(b"question", token, 1001)
