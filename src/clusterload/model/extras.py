"""Extras: libraries that a bare install leaves out, asked for before they are needed."""

from __future__ import annotations

from importlib.util import find_spec

from clusterload.model.errors import ConfigurationError


def require_extra(extra: str, *modules: str, purpose: str) -> None:
    """See that an extra of the package is installed; quick, for nothing is imported.

    Args:
        extra: by which pip installs it.
        modules: that it brings.
        purpose: what needs them, at the start of the message.

    Raises:
        ConfigurationError: one of the modules is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"{purpose} needs {' and '.join(missing)}, not installed here: run pip install 'clusterload[{extra}]'"
        )
