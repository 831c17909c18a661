"""SCRAM as the RFCs' own examples have it; a server that cheats is not believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.kafka.protocol.scram import Scram, ScramError, escaped

RFC_5802: Final = {
    "digest": "sha1",
    "nonce": "fyko+d2lbbFgONRv9qkxdawL",
    "first": b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "challenge": b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "final": b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "proof": b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
}
CHALLENGE: Final = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF: Final = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
RFC_7677: Final = {
    "digest": "sha256",
    "nonce": "rOprNGfwEbeRWgbNEkqO",
    "first": b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "challenge": CHALLENGE,
    "final": (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    ),
    "proof": PROOF,
}


def login() -> Scram:
    return Scram("sha256", "user", "pencil", str(RFC_7677["nonce"]))


@pytest.mark.parametrize("rfc", [RFC_5802, RFC_7677], ids=["RFC 5802", "RFC 7677"])
def test_a_login_is_the_rfc_s_example_to_the_letter(rfc: dict[str, bytes]) -> None:
    scram = Scram(str(rfc["digest"]), "user", "pencil", str(rfc["nonce"]))
    assert scram.first() == rfc["first"]
    assert scram.final(rfc["challenge"]) == rfc["final"]
    scram.verify(rfc["proof"])


@given(st.binary(max_size=40))
def test_a_server_that_does_not_know_the_password_is_not_believed(signature: bytes) -> None:
    scram = login()
    scram.final(CHALLENGE)
    with pytest.raises(ScramError):
        scram.verify(b"v=" + base64.b64encode(signature))


def test_a_proof_before_its_challenge_is_not_believed() -> None:
    with pytest.raises(ScramError, match="SCRAM server signature mismatch"):
        login().verify(PROOF)


@given(st.binary(max_size=80))
def test_a_server_that_sends_anything_else_is_refused(message: bytes) -> None:
    with pytest.raises(ScramError):
        login().final(message)
    with pytest.raises(ScramError):
        login().verify(message)


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        (b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "nonce does not continue ours"),
        (b"r=another%hvYDpWUa2RaTCAfuxFIlj,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "nonce does not continue ours"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", "4,095 iterations"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001", "1,000,001 iterations"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096", "malformed"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==", "malformed"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=W22,i=4096", "malformed"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "malformed"),
        (b"m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "malformed"),
        (b"e=unknown-user", "unknown-user"),
        (b"", "malformed"),
    ],
)
def test_a_challenge_that_is_stale_weak_or_malformed_is_refused(challenge: bytes, said: str) -> None:
    with pytest.raises(ScramError, match=said):
        login().final(challenge)


def test_a_server_that_says_why_it_refuses_is_quoted() -> None:
    scram = login()
    scram.final(CHALLENGE)
    with pytest.raises(ScramError, match=r"^invalid-proof$"):
        scram.verify(b"e=invalid-proof")


@given(st.text(st.characters(codec="utf-8")))
def test_any_user_s_name_survives_its_escapes_and_ends_at_the_comma(user: str) -> None:
    written = escaped(user)
    assert "," not in written
    assert written.replace("=2C", ",").replace("=3D", "=") == user


passwords = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(passwords, st.binary(min_size=1, max_size=32), st.sampled_from(["sha256", "sha512"]))
def test_the_proof_holds_against_what_a_server_stores(password: str, salt: bytes, digest: str) -> None:
    stored = hashlib.pbkdf2_hmac(digest, password.encode(), salt, 4096)
    stored_key = hashlib.new(digest, hmac.digest(stored, b"Client Key", digest)).digest()
    scram = Scram(digest, "user", password, "abc")
    challenge = b"r=abcdef,s=" + base64.b64encode(salt) + b",i=4096"
    final = scram.final(challenge)
    without_proof, _, proof = final.rpartition(b",p=")
    message = b"n=user,r=abc," + challenge + b"," + without_proof
    signature = hmac.digest(stored_key, message, digest)
    key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
    assert hashlib.new(digest, key).digest() == stored_key
    server = hmac.digest(stored, b"Server Key", digest)
    scram.verify(b"v=" + base64.b64encode(hmac.digest(server, message, digest)))
