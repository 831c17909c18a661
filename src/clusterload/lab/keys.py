"""The certificates and the password of one lab, made for it and gone with it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from clusterload.lab.listeners import USER, Keys
from clusterload.lab.properties import HOST
from clusterload.model.errors import LabError
from clusterload.model.paths import write_private

if TYPE_CHECKING:
    from pathlib import Path

    import trustme


def make(folder: Path) -> Keys:
    """Keys for a lab, their files in `folder`, readable by their owner only.

    Raises:
        LabError: the package trustme is not installed.
    """
    try:
        from trustme import CA  # noqa: PLC0415 - of the extra `lab`, and slow
    except ImportError:
        raise LabError(
            "the lab's listeners need certificates, and the package trustme that makes them is not installed; "
            "install it with: pip install 'clusterload[lab]'"
        ) from None
    authority = CA(organization_name="clusterload lab")
    keys = Keys(
        ca=folder / "ca.pem",
        server=folder / "server.pem",
        client=folder / "client.pem",
        password=secrets.token_urlsafe(24),
    )
    write_private(keys.ca, authority.cert_pem.bytes().decode())
    write_private(keys.server, _pem(authority.issue_cert(HOST, "localhost")))
    write_private(keys.client, _pem(authority.issue_cert(USER, common_name=USER)))
    return keys


def _pem(issued: trustme.LeafCert) -> str:
    """Key and certificates in one; Kafka reads a key in PKCS #8 only."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - comes with trustme

    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return b"".join([key, *(each.bytes() for each in issued.cert_chain_pems)]).decode()
