"""A login, frame by frame: what is sent is what Kafka reads, and what is no good is refused in one line."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import io
import json
import pickle
import struct
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.schema.errors import ErrorCode
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.response_header.v0.header import ResponseHeader
from kio.schema.sasl_authenticate.v1.request import SaslAuthenticateRequest
from kio.schema.sasl_authenticate.v1.response import SaslAuthenticateResponse
from kio.schema.sasl_handshake.v1.request import SaslHandshakeRequest
from kio.schema.sasl_handshake.v1.response import SaslHandshakeResponse
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import i32, i64Timedelta

from clusterload.kafka.protocol.login import CORRELATIONS, Frames, Login
from clusterload.kafka.protocol.security import Security, Unsecured
from clusterload.kafka.protocol.tokens import Token
from clusterload.model.errors import AuthenticationError

PLAIN = Security(protocol="SASL_SSL", mechanism="PLAIN", user="alice", password="hunter2", origin="client.properties")
SCRAM = Security(protocol="SASL_SSL", mechanism="SCRAM-SHA-256", user="alice", password="hunter2", origin="the file")
TOKEN = Security(
    protocol="SASL_SSL",
    mechanism="OAUTHBEARER",
    token=Unsecured(principal="alice", scope=("a", "b"), life_seconds=60, extensions={"cluster": "lkc 1"}),
    origin="the file",
)


def parsed(frame: bytes, request: Any) -> Any:
    """The request in a whole frame, read by the independent kio."""
    size, rest = struct.unpack(">i", frame[:4])[0], memoryview(frame)[4:]
    assert size == len(rest)
    header, used = entity_reader(RequestHeader)(rest, 0)
    assert header.request_api_key == request.__api_key__
    assert header.request_api_version == request.__version__
    assert header.client_id == "tester"
    assert header.correlation_id in CORRELATIONS
    body, more = entity_reader(request)(rest, used)
    assert used + more == len(rest)
    return header, body


def answered(frame: bytes, response: Any, correlation: int | None = None) -> bytes:
    """A broker's answer to a frame, without its size."""
    buffer = io.BytesIO()
    number = struct.unpack(">i", frame[8:12])[0] if correlation is None else correlation
    entity_writer(ResponseHeader)(buffer, ResponseHeader(correlation_id=i32(number)))
    entity_writer(type(response))(buffer, response)
    return buffer.getvalue()


def handshake(code: ErrorCode = ErrorCode.none, offered: tuple[str, ...] = ("PLAIN",)) -> SaslHandshakeResponse:
    return SaslHandshakeResponse(error_code=code, mechanisms=offered)


def said(
    message: bytes = b"", code: ErrorCode = ErrorCode.none, words: str | None = None, lifetime_ms: int = 0
) -> SaslAuthenticateResponse:
    lifetime = i64Timedelta.parse(dt.timedelta(milliseconds=lifetime_ms))
    return SaslAuthenticateResponse(error_code=code, error_message=words, auth_bytes=message, session_lifetime=lifetime)


def shaken(security: Security) -> tuple[Frames, bytes]:
    """A login after its handshake, and the frame that it sends then."""
    frames = Login(security, clock=lambda: 1000.5).frames("tester")
    first = frames.start()
    assert parsed(first, SaslHandshakeRequest)[1].mechanism == security.mechanism
    second = frames.answer(answered(first, handshake()))
    assert second is not None
    return frames, second


def test_plain_sends_user_and_password_once_and_learns_how_long_the_login_lasts() -> None:
    frames, frame = shaken(PLAIN)
    assert parsed(frame, SaslAuthenticateRequest)[1].auth_bytes == b"\0alice\0hunter2"
    assert frames.answer(memoryview(answered(frame, said(lifetime_ms=3_600_000)))) is None
    assert frames.lifetime_ms == 3_600_000


def test_the_correlation_ids_of_a_login_differ_and_are_set_apart() -> None:
    frames = Login(PLAIN).frames("tester")
    first = frames.start()
    second = frames.answer(answered(first, handshake()))
    assert second is not None
    ids = [parsed(first, SaslHandshakeRequest)[0], parsed(second, SaslAuthenticateRequest)[0]]
    assert len({each.correlation_id for each in ids}) == 2


def test_a_token_of_our_own_says_who_when_and_what_for() -> None:
    frames, frame = shaken(TOKEN)
    message = parsed(frame, SaslAuthenticateRequest)[1].auth_bytes.decode()
    begin, bearer, extension, *end = message.split("\1")
    assert (begin, extension, end) == ("n,,", "cluster=lkc 1", ["", ""])
    header, claims, signature = bearer.removeprefix("auth=Bearer ").split(".")

    def plain(part: str) -> Any:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    assert (plain(header), signature) == ({"alg": "none"}, "")
    assert plain(claims) == {"sub": "alice", "scope": ["a", "b"], "iat": 1000.5, "exp": 1060.5}
    assert frames.answer(answered(frame, said())) is None


def test_a_refused_token_is_told_in_the_broker_s_last_words() -> None:
    frames, frame = shaken(TOKEN)
    last = frames.answer(answered(frame, said(b'{"status":"invalid_token"}')))
    assert last is not None
    assert parsed(last, SaslAuthenticateRequest)[1].auth_bytes == b"\1"
    refusal = said(code=ErrorCode.sasl_authentication_failed, words="token expired")
    with pytest.raises(AuthenticationError, match=r"refused the login \(token expired\)"):
        frames.answer(answered(last, refusal))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Authentication failed: Invalid username or password", "Authentication failed: Invalid username or password"),
        ("two\nlines\x1b[31m red", "two lines [31m red"),
        (None, "error code 58"),
        ("x" * 5000, "x" * 300 + "..."),
    ],
)
def test_a_refused_password_is_told_in_the_broker_s_words_in_one_line(words: str | None, shown: str) -> None:
    frames, frame = shaken(PLAIN)
    with pytest.raises(AuthenticationError) as caught:
        frames.answer(answered(frame, said(code=ErrorCode.sasl_authentication_failed, words=words)))
    assert str(caught.value) == (f"the broker refused the login ({shown}): check the credentials in client.properties")


def test_a_mechanism_that_the_broker_does_not_take_is_told_with_those_that_it_takes() -> None:
    frames = Login(PLAIN).frames("tester")
    refusal = handshake(ErrorCode.unsupported_sasl_mechanism, ("SCRAM-SHA-512", "OAUTHBEARER"))
    with pytest.raises(
        AuthenticationError, match=r"not take a login by PLAIN, only by SCRAM-SHA-512, OAUTHBEARER: set sasl"
    ):
        frames.answer(answered(frames.start(), refusal))


def test_a_listener_without_login_is_told() -> None:
    frames = Login(PLAIN).frames("tester")
    with pytest.raises(AuthenticationError, match=r"takes no login at this address: check security\.protocol"):
        frames.answer(answered(frames.start(), handshake(ErrorCode.illegal_sasl_state)))


def test_a_server_that_cannot_prove_to_know_the_password_is_refused() -> None:
    frames, frame = shaken(SCRAM)
    nonce = parsed(frame, SaslAuthenticateRequest)[1].auth_bytes.partition(b",r=")[2]
    proof = frames.answer(answered(frame, said(b"r=" + nonce + b"xyz,s=QSXCR+Q6sek8bf92,i=4096")))
    assert proof is not None
    with pytest.raises(
        AuthenticationError, match=r"cannot be trusted \(SCRAM server signature mismatch.*: check the address and the"
    ):
        frames.answer(answered(proof, said(b"v=" + base64.b64encode(bytes(32)))))


def test_two_logins_never_use_a_nonce_twice() -> None:
    login = Login(SCRAM)
    assert len({next(login.conversation()) for _ in range(100)}) == 100


@given(st.binary(max_size=200), st.sampled_from([PLAIN, SCRAM, TOKEN]), st.booleans())
def test_whatever_a_server_sends_it_is_refused_or_answered_and_never_a_surprise(
    content: bytes, security: Security, begun: bool
) -> None:
    if begun:
        frames, frame = shaken(security)
    else:
        frames = Login(security).frames("tester")
        frame = frames.start()
    with pytest.raises(AuthenticationError, match="malformed SASL response"):
        frames.answer(content)
    # The same with the right correlation id in front, so that the rest is read.
    with contextlib.suppress(AuthenticationError):
        frames.answer(frame[8:12] + content)


def test_an_answer_to_something_else_is_refused() -> None:
    frames = Login(PLAIN).frames("tester")
    with pytest.raises(AuthenticationError, match="malformed SASL response"):
        frames.answer(answered(frames.start(), handshake(), correlation=7))


def test_a_worker_can_be_sent_the_security_and_no_representation_shows_a_secret() -> None:
    for security in (PLAIN, SCRAM, TOKEN):
        assert pickle.loads(pickle.dumps(security)) == security
        assert "hunter2" not in repr(security)
        assert "alice" not in repr(security)
    assert "abc" not in repr(Token(text="abc", got=0.0, ends=1.0))


def test_a_token_is_renewed_before_it_ends() -> None:
    token = Token(text="abc", got=100.0, ends=200.0)
    assert not token.due(179.0)
    assert token.due(180.0)


def test_logging_in_needs_no_heavy_library() -> None:
    code = (
        "import sys, clusterload.kafka.protocol.login, clusterload.kafka.protocol.tls;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint({"kio", "numpy", "confluent_kafka", "httpx", "asyncio", "ssl"})
