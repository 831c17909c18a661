"""Serving: an application on this machine's own address, in a thread, for as long as a command goes on."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from clusterload.model.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 128
_PATIENCE_SECONDS: Final = 3


def listening(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens, on any free port if that is 0.

    Raises:
        ConfigurationError: the address is taken or not ours; the message names the option that chooses another one.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {reason}; choose another port with {option}"
        ) from None


class Serving:
    """Listens on loopback from the beginning, and answers from `start` to `stop`."""

    def __init__(self, port: int, option: str) -> None:
        """Take a port, any free one if it is 0; ConfigurationError if it is taken, naming the option."""
        self._listener = listening(LOOPBACK, port, option)
        self.port: int = self._listener.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp, name: str) -> None:
        """Answer by an application, in a thread of this name."""
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        # Not in the main thread, so that uvicorn leaves the signals to the command that runs us.
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name=name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way be answered, and end."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(2 * _PATIENCE_SECONDS)
        self._listener.close()
