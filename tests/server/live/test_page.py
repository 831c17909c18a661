"""The live page is for whoever has its token, can only be read, and is slowed down by nobody who looks on."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.run import Event as Happened
from clusterload.server.live import Page
from clusterload.server.live.hub import FRAMES, MOST_VIEWERS
from clusterload.workflow.live.snapshot import Snapshot
from tests.processes import wait_for
from tests.report.busy import busy
from tests.server.live.stream import Event, base_of, events, looking, token_of
from tests.workflow.live.replayed import replayed

FILES = ("/", "/live.js", "/charts.js", "/uplot.js", "/style.css")


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    return list(replayed(busy(tmp_path_factory.mktemp("page") / "a.run"), 95, 125, ended="it went on to its end"))


@pytest.fixture
def page() -> Iterator[Page]:
    shown = Page()
    with shown:
        yield shown


def publish(page: Page, *snapshots: Snapshot) -> None:
    for one in snapshots:
        page.hub.publish(one)


def answered(page: Page, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    return httpx.request(method, f"{base_of(page.url)}{path}", headers=headers)


def test_who_has_the_token_gets_the_page_and_from_then_on_a_cookie_will_do(page: Page) -> None:
    first = httpx.get(page.url)
    assert first.status_code == 200
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=Strict" in first.headers["set-cookie"]
    cookie = first.headers["set-cookie"].partition(";")[0]
    for path in FILES:
        assert answered(page, path, cookie=cookie).status_code == 200
        assert answered(page, path).status_code == 403
        assert answered(page, path, cookie=cookie + "x").status_code == 403
    assert answered(page, "/events").status_code == 403
    assert answered(page, "/events?token=").status_code == 403
    assert answered(page, "/?token=%C3%A9").status_code == 403
    assert len(token_of(page.url)) >= 32


def test_each_page_has_a_token_of_its_own() -> None:
    with Page() as _, Page() as _:
        pass
    one, other = Page(), Page()
    assert token_of(one.url) != token_of(other.url)
    for unused in (one, other):
        unused.__exit__()


@pytest.mark.parametrize("name", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_host_of_another_name_is_refused_whatever_it_brings(page: Page, name: str) -> None:
    port = urlsplit(page.url).port
    assert answered(page, f"/?token={token_of(page.url)}", host=name.format(port=port)).status_code == 403
    assert answered(page, f"/?token={token_of(page.url)}", host=f"localhost:{port}").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}"])
def test_a_page_of_another_origin_is_refused_whatever_it_brings(page: Page, origin: str) -> None:
    port, path = urlsplit(page.url).port, f"/events?token={token_of(page.url)}"
    assert answered(page, path, origin=origin.format(port=port)).status_code == 403
    own = answered(page, f"/?token={token_of(page.url)}", origin=f"http://127.0.0.1:{port}")
    assert own.status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(page: Page, method: str) -> None:
    refused = answered(page, f"/?token={token_of(page.url)}", method)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET"


def test_a_browser_is_told_to_trust_only_what_we_serve(page: Page) -> None:
    headers = httpx.get(page.url).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert answered(page, "/").headers["content-security-policy"] == policy


def test_a_port_that_is_taken_is_told_before_anything_begins(page: Page) -> None:
    port = urlsplit(page.url).port
    assert port is not None
    with pytest.raises(ConfigurationError, match=rf"port {port}: .*; choose another port with --web"):
        Page(port=port)


def test_a_viewer_gets_the_whole_then_each_frame_and_then_the_end(page: Page, snapshots: list[Snapshot]) -> None:
    publish(page, *snapshots[:10])
    with looking(page.url) as stream:
        whole = next(stream)
        assert (whole.kind, whole.number) == ("whole", 10)
        charts = {one["id"]: one for one in whole.data["charts"]}
        assert next(iter(charts)) == "limit-load"
        assert {"load-0", "latency", "shares", "busy", "amount-connections"} <= set(charts)
        assert charts["limit-load"]["traces"][0]["x"] == list(range(95, 105))
        publish(page, *snapshots[10:])
        rest = list(stream)
    assert [one.number for one in rest] == list(range(11, len(snapshots) + 1))
    assert {one.kind for one in rest} == {"frame"}
    assert rest[-1].data["now"]["ended"] == "it went on to its end"
    assert [point["x"] for point in rest[0].data["points"]] == [105] * len(charts)


def test_all_see_the_same_and_who_comes_late_sees_it_from_the_beginning(page: Page, snapshots: list[Snapshot]) -> None:
    publish(page, snapshots[0])

    def seen() -> list[Event]:
        with looking(page.url) as stream:
            return list(stream)

    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(seen) for _ in range(8)]
        wait_for(lambda: page.hub.viewers == 8)
        publish(page, *snapshots[1:])
        streams = [one.result() for one in looks]
    assert all(one[-1].number == len(snapshots) for one in streams)
    assert len({str(one[1:]) for one in streams}) == 1
    late = seen()
    assert [one.kind for one in late] == ["whole"]
    assert late[0].data["now"] == streams[0][-1].data["now"]
    assert len(late[0].data["charts"][0]["traces"][0]["x"]) == len(snapshots)


def test_who_comes_back_gets_what_it_missed_or_the_whole_if_that_was_too_much(
    page: Page, snapshots: list[Snapshot]
) -> None:
    publish(page, *snapshots[:5])
    with looking(page.url) as stream:
        known = next(stream).number
    wait_for(lambda: page.hub.viewers == 0)
    publish(page, *snapshots[5:8])
    with looking(page.url, last=known) as stream:
        assert [next(stream).number for _ in range(3)] == [6, 7, 8]
    still = replace(snapshots[8], metrics=None)
    publish(page, *(replace(still, at=100 + number, number=100 + number) for number in range(FRAMES + 1)))
    for last in (known, 10**9):
        with looking(page.url, last=last) as stream:
            assert next(stream).kind == "whole"


def test_who_does_not_read_holds_up_neither_the_run_nor_the_others(page: Page, snapshots: list[Snapshot]) -> None:
    long = tuple(Happened(time=snapshots[0].start, kind="said", text="x" * 2000) for _ in range(50))
    first = replace(snapshots[0], events=long)
    publish(page, first)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(30)
    slow.connect(("127.0.0.1", urlsplit(page.url).port))
    host = urlsplit(page.url).netloc
    slow.sendall(f"GET /events?token={token_of(page.url)} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    wait_for(lambda: page.hub.viewers == 1)
    took, count = [], 300
    with looking(page.url) as stream:
        next(stream)
        for number in range(count):
            began = time.monotonic()
            publish(page, replace(first, metrics=None, at=200 + number))
            took.append(time.monotonic() - began)
            assert next(stream).number == number + 2
        publish(page, replace(first, metrics=None, at=900, ended="it is over"))
        assert next(stream).data["now"]["ended"] == "it is over"
    assert sorted(took)[count // 2] < 0.05
    text = b""
    while part := slow.recv(1 << 20):
        text += part
    slow.close()
    kept = list(events(iter(text.decode().partition("\r\n\r\n")[2].split("\n"))))
    # It was given less than a third of 30 MB, then the whole once more, and the end.
    assert len(kept) < count
    assert [one.kind for one in kept].count("whole") >= 2
    assert kept[-1].data["now"]["ended"] == "it is over"


def test_more_viewers_than_may_are_turned_away(page: Page, snapshots: list[Snapshot]) -> None:
    publish(page, snapshots[0])
    host, port = urlsplit(page.url).netloc, urlsplit(page.url).port
    asked = f"GET /events?token={token_of(page.url)} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_VIEWERS)]
    for one in opened:
        one.sendall(asked)
    wait_for(lambda: page.hub.viewers == MOST_VIEWERS)
    assert answered(page, f"/events?token={token_of(page.url)}").status_code == 503
    for one in opened:
        one.close()
    wait_for(lambda: page.hub.viewers < MOST_VIEWERS)


def test_it_ends_at_once_also_while_somebody_looks_on(snapshots: list[Snapshot]) -> None:
    shown = Page()
    with shown:
        publish(shown, snapshots[0])
        with looking(shown.url) as stream:
            next(stream)
            began = time.monotonic()
            shown.__exit__()
            assert list(stream) == []
    assert time.monotonic() - began < 3
    with pytest.raises(httpx.ConnectError):
        httpx.get(shown.url)


def test_what_the_page_is_made_of_names_no_other_place(tmp_path: Path, page: Page) -> None:
    cookie = httpx.get(page.url).headers["set-cookie"].partition(";")[0]
    for path in FILES:
        text = answered(page, path, cookie=cookie).text
        places = {word for word in text.split('"') if word.startswith(("http:", "https:", "//"))}
        assert places <= {"http://www.w3.org/2000/svg"}
