"""TLS for a connection, made of `Security`; pure of sockets and of asyncio."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ClusterError, ConfigurationError, UnreachableError

if TYPE_CHECKING:
    import ssl

    from clusterload.kafka.protocol.security import Security, Tls

_BLOCK: Final = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----)(.*?)(-----END [A-Z0-9 ]+-----)", re.DOTALL)


def context(security: Security) -> ssl.SSLContext | None:
    """What TLS connections are made with; None when the properties ask for none.

    One context serves any number of connections. Give a connection the broker's name as `server_hostname`, also
    where it is an address: it is sent to the broker (SNI) and held against its certificate.

    Raises:
        ConfigurationError: a certificate, key or list of ciphers cannot be used.
    """
    if security.tls is None:
        return None
    import ssl  # noqa: PLC0415 - not for those who need none

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    tls, origin = security.tls, security.origin
    made.check_hostname = tls.verify and tls.check_host
    made.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    with _refusal("ssl.ca.location or ssl.ca.pem", origin):
        _trust(made, tls)
    with _refusal("the client's certificate or key", origin):
        _present(made, tls, origin)
    with _refusal("ssl.crl.location", origin):
        _revoke(made, tls)
    if tls.cipher_suites:
        with _refusal("ssl.cipher.suites", origin):
            made.set_ciphers(tls.cipher_suites)
    return made


def failed(error: OSError, server: str, security: Security) -> ClusterError:
    """One clear line for a connection to `server` that failed in or before its TLS handshake."""
    import ssl  # noqa: PLC0415 - see above

    if isinstance(error, ssl.SSLCertVerificationError):
        return ClusterError(
            f"TLS with {server} failed (its certificate is not to be trusted: {error.verify_message.rstrip('.')}): "
            f"check ssl.ca.location in {security.origin}"
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        return ClusterError(
            f"TLS with {server} failed ({reason}): check security.protocol and the client's certificate in "
            f"{security.origin}"
        )
    reason = error.strerror or str(error) or type(error).__name__
    return UnreachableError(
        f"no broker answered at {server} ({reason}): check the address, and that the brokers are up"
    )


@contextmanager
def _refusal(what: str, origin: str) -> Iterator[None]:
    """Turn whatever is wrong with a file or a value into a line that names neither content nor password."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "not understood"
        raise ConfigurationError(
            f"{origin}: {what} cannot be used ({str(reason).lower().replace('_', ' ')}): give PEM that can be read"
        ) from None


def _trust(made: ssl.SSLContext, tls: Tls) -> None:
    if tls.ca_pem:
        made.load_verify_locations(cadata=_lines(tls.ca_pem))
    if tls.ca_location:
        place = Path(tls.ca_location)
        made.load_verify_locations(capath=place) if place.is_dir() else made.load_verify_locations(cafile=place)
    if not tls.ca_pem and not tls.ca_location:
        made.load_default_certs()


def _revoke(made: ssl.SSLContext, tls: Tls) -> None:
    import ssl  # noqa: PLC0415 - see above

    if tls.crl_location:
        made.load_verify_locations(cafile=tls.crl_location)
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _present(made: ssl.SSLContext, tls: Tls, origin: str) -> None:
    """Load the client's own certificate and key, if it has any."""
    if tls.keystore_location:
        _load(made, _unpacked(tls, origin), None, "")
    elif tls.certificate_location and (tls.key_location or not tls.key_pem):
        _load(made, tls.certificate_location, tls.key_location or None, tls.key_password)
    elif tls.certificate_location or tls.certificate_pem:
        certificate = tls.certificate_pem or Path(tls.certificate_location).read_text(encoding="utf-8")
        key = tls.key_pem or (Path(tls.key_location).read_text(encoding="utf-8") if tls.key_location else "")
        _load_text(made, f"{_lines(key)}{_lines(certificate)}", tls.key_password)


def _load(made: ssl.SSLContext, certificate: str | bytes, key: str | None, password: str) -> None:
    if isinstance(certificate, bytes):
        _load_text(made, certificate.decode(), password)
    else:
        # With a password, even an empty one, OpenSSL never asks for it on the terminal.
        made.load_cert_chain(certificate, key, password=password)


def _load_text(made: ssl.SSLContext, pem: str, password: str) -> None:
    # Python loads keys from files only; this one is readable by its owner only, and gone at once.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(pem)
        file.flush()
        made.load_cert_chain(file.name, password=password)


def _unpacked(tls: Tls, origin: str) -> bytes:
    """Certificate and key of a PKCS12 file, as PEM."""
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - the extra `tls`
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{origin}: the keystore {tls.keystore_location} is PKCS12: pip install 'clusterload[tls]', or convert it "
            "with 'openssl pkcs12 -in STORE -out client.pem' and set ssl.certificate.location and ssl.key.location"
        ) from None
    content = Path(tls.keystore_location).read_bytes()
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, tls.keystore_password.encode() or None)
    except ValueError:
        key, certificate, others = None, None, []
    if key is None or certificate is None:
        raise ConfigurationError(
            f"{origin}: the keystore {tls.keystore_location} gives no key and certificate: check "
            "ssl.keystore.password, and that it is PKCS12"
        )
    plain = serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    chain = b"".join(each.public_bytes(encoding) for each in (certificate, *others))
    return key.private_bytes(encoding, form, plain) + chain


def _lines(pem: str) -> str:
    """PEM with its lines, which a value in a properties file has lost: Java's take it with blanks instead."""
    return "".join(
        "\n".join((begin, *body.replace("\\n", " ").split(), end, "")) if "Proc-Type" not in body else f"{block}\n"
        for block, begin, body, end in ((found[0], *found.groups()) for found in _BLOCK.finditer(pem))
    )
