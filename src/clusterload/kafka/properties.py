"""Client configuration as people have it: `client.properties`, with librdkafka's or Java's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from clusterload.kafka.java import IGNORED, translated
from clusterload.model.errors import ConfigurationError, UsageError, nearest

# Not for the Kafka client: a schema registry's, and those of sources of metrics.
_OTHERS: Final = {"schema.registry.url", "basic.auth.credentials.source", "basic.auth.user.info"}
_OF_OTHERS: Final = ("confluent", "prometheus.", "jolokia.", "exporter.")
# These make the client load or run code that a file names; clusterload never does.
_CODE: Final = {
    "plugin.library.paths",
    "ssl.engine.location",
    "ssl.engine.id",
    "ssl.providers",
    "sasl.kerberos.kinit.cmd",
    "sasl.login.callback.handler.class",
    "sasl.client.callback.handler.class",
}
# What may stand in run files and reports. All else stays out: a list of what is secret is never complete.
_OPEN: Final = (
    "acks",
    "batch.size",
    "bootstrap.servers",
    "client.dns.lookup",
    "compression.type",
    "enable.idempotence",
    "enable.ssl.certificate.verification",
    "linger.ms",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "partitioner",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
    "ssl.endpoint.identification.algorithm",
)
_SECRET: Final = (
    "password",
    "secret",
    "token",
    "jaas",
    "user.info",
    "key.pem",
    "keystore.key",
    "passphrase",
    "private",
    "credential",
    "assertion",
)


@cache
def known_properties() -> dict[str, str]:
    """Librdkafka's properties and who takes each: `P`, `C`, or `*` for both."""
    text = files("clusterload.kafka").joinpath("librdkafka.txt").read_text(encoding="utf-8")
    return dict(line.split() for line in text.splitlines() if not line.startswith("#"))


def is_secret(name: str) -> bool:
    """Whether a property's value must never be shown or be given on a command line."""
    return any(part in name.lower() for part in _SECRET)


def for_kafka(name: str) -> bool:
    """Whether a property is meant for the Kafka client."""
    return name not in _OTHERS and not name.startswith(_OF_OTHERS)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Properties:
    """A client's configuration; its representation shows no value.

    Attributes:
        values: every property as it was given, also those that are not for the Kafka client.
        warnings: what a user should hear of, such as a key given twice; one line each.
        origin: where it came from, for messages.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    origin: str = "the command line"

    def __repr__(self) -> str:
        return f"Properties({', '.join(sorted(self.values))})"

    @classmethod
    def read(cls, path: Path | str) -> Properties:
        """Properties from a file.

        Raises:
            ConfigurationError: the file is missing or a line of it is malformed; the message names both.
        """
        try:
            return cls.parsed(Path(path).read_text(encoding="utf-8-sig"), str(path))
        except OSError as error:
            raise ConfigurationError(f"client configuration {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"client configuration {path} is not text: save it as UTF-8") from None

    @classmethod
    def parsed(cls, text: str, origin: str) -> Properties:
        """Properties from text: one `key=value` a line, `#` or `!` begins a comment, a value may contain `=`.

        A line that ends in a blank and a backslash goes on in the next one, as in Java's files.
        """
        values: dict[str, str] = {}
        warnings: list[str] = []
        for number, line in _lines(text):
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or key.split() != [key]:
                raise ConfigurationError(f"{origin}, line {number}: expected key=value")
            if key in values:
                warnings.append(f"{origin}, line {number}: {key} is given twice; the later one holds")
            values[key] = value
        return cls(values=values, warnings=tuple(warnings), origin=origin)

    def with_given(self, pairs: tuple[str, ...]) -> Properties:
        """These properties with `key=value` pairs of a command line on top; later ones win.

        Raises:
            UsageError: a pair has no `=`, or sets a secret, which others could read in the list of processes.
        """
        values, warnings = dict(self.values), list(self.warnings)
        for pair in pairs:
            key, equals, value = (part.strip() for part in pair.partition("="))
            if not equals or not key:
                raise UsageError("--command-property takes key=value")
            if is_secret(key):
                raise UsageError(f"{key} is a secret: put it into the file given by --cluster, not on the command line")
            if key in values:
                warnings.append(f"{key} is given twice; the later one holds")
            values[key] = value
        return Properties(values=values, warnings=tuple(warnings), origin=self.origin)

    def client(self, kind: str) -> dict[str, str]:
        """What librdkafka takes, for a producer (`P`), a consumer (`C`) or an admin client (`*`).

        Raises:
            ConfigurationError: a property would load code, is unknown to any client, or cannot be translated.
        """
        wanted = {name: value for name, value in self.values.items() if for_kafka(name)}
        for name in sorted(_CODE & wanted.keys()):
            raise ConfigurationError(f"{self.origin}: {name} would load code and is refused: remove it")
        own = translated(wanted, self.origin)
        roles = known_properties()
        taken = {"*", kind} if kind != "*" else {"*"}
        return {name: value for name, value in own.items() if roles.get(name, kind) in taken}

    @property
    def open_values(self) -> dict[str, str]:
        """The properties that may be written down, by allow-list."""
        return {name: self.values[name] for name in _OPEN if name in self.values}

    @property
    def unverified_tls(self) -> bool:
        """Whether the client is set to accept any certificate or any host name."""
        certificate = self.values.get("enable.ssl.certificate.verification", "true").lower()
        host = self.values.get("ssl.endpoint.identification.algorithm", "https").lower()
        encrypted = "SSL" in self.values.get("security.protocol", "").upper()
        return encrypted and (certificate == "false" or host in {"", "none"})


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, continued ones put together, each with the number of its first."""
    begun, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not begun and (not stripped or stripped[0] in "#!"):
            continue
        first = first if begun else number
        begun += stripped
        # Without the blank it could be the end of a password, which librdkafka's users write as it is.
        if begun.endswith((" \\", "\t\\")):
            begun = begun[:-1]
            continue
        yield first, begun
        begun = ""
    if begun:
        yield first, begun


def hint(name: str) -> str:
    """A hint for a property that no client knows."""
    return nearest(name, [*known_properties(), *IGNORED])
