"""What listens at an address where a broker was expected: the usual mistakes, told apart by a few bytes.

Only ever asked after a broker did not answer as it should, and nothing is logged in.
"""

from __future__ import annotations

import socket
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address

_PATIENCE: Final = 1.5
_HTTP: Final = b"HTTP/"


class Listening(StrEnum):
    """What was found."""

    NO_NAME = "the name is not known to this machine's DNS"
    NOTHING = "nothing listens at this port"
    SILENT = "the port does not answer"
    HTTP = "a web server listens here, and no broker"
    HTTPS = "a web server with TLS listens here, and no broker"
    TLS = "TLS is spoken here"
    OTHER = "it takes connections, without TLS"


def what_listens(address: Address, patience: float = _PATIENCE) -> Listening:
    """What listens there: a name that is not known, nothing, a web server, TLS, or something else."""
    try:
        socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return Listening.NO_NAME
    try:
        with socket.create_connection(address, timeout=patience) as plain:
            if _is_http(plain):
                return Listening.HTTP
        with socket.create_connection(address, timeout=patience) as plain, _encrypted(plain, address.host) as tls:
            return Listening.HTTPS if _is_http(tls) else Listening.TLS
    except ConnectionRefusedError:
        return Listening.NOTHING
    except TimeoutError:
        return Listening.SILENT
    except (ssl.SSLError, OSError):
        return Listening.OTHER


def _encrypted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    # Whom it belongs to does not matter here: nothing is sent that anybody could use.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    return anybody.wrap_socket(plain, server_hostname=host)


def _is_http(stream: socket.socket) -> bool:
    """Whether it answers a question as a web server does; a broker hangs up at such a length of a frame."""
    try:
        stream.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
        return stream.recv(len(_HTTP)).startswith(_HTTP)
    except OSError:
        return False
