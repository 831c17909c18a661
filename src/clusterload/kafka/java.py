"""Java's client properties in librdkafka's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from clusterload.model.errors import ConfigurationError

_SAME_THING: Final = {
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "max.request.size": "message.max.bytes",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
}
IGNORED: Final = frozenset(
    {
        "auto.include.jmx.reporter",
        "default.api.timeout.ms",
        "exclude.internal.topics",
        "interceptor.classes",
        "key.deserializer",
        "key.serializer",
        "max.block.ms",
        "max.poll.records",
        "metric.reporters",
        "metrics.num.samples",
        "metrics.recording.level",
        "metrics.sample.window.ms",
        "partitioner.ignore.keys",
        "ssl.enabled.protocols",
        "ssl.keymanager.algorithm",
        "ssl.protocol",
        "ssl.trustmanager.algorithm",
        "use.all.dns.ips",
        "value.deserializer",
        "value.serializer",
    }
)
"""Java's properties that mean nothing to librdkafka and change no load that we make."""

_LOGIN: Final = re.compile(r'(?<!\S)(username|password)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([^\s;]+))')


def translated(given: Mapping[str, str], origin: str) -> dict[str, str]:
    """Java's names in librdkafka's; all others unchanged.

    Raises:
        ConfigurationError: a store is of a type that librdkafka cannot read, a login has no user, or a size is not
            a number.
    """
    own = {_SAME_THING.get(name, name): value for name, value in given.items() if name not in IGNORED}
    if "buffer.memory" in own:
        own["queue.buffering.max.kbytes"] = _kilobytes(own.pop("buffer.memory"), origin)
    if "sasl.jaas.config" in own:
        own.update(_login(own.pop("sasl.jaas.config"), origin))
    if own.get("ssl.endpoint.identification.algorithm") == "":
        own["ssl.endpoint.identification.algorithm"] = "none"
    _trust(own, origin)
    _key(own, origin)
    return own


def _kilobytes(size: str, origin: str) -> str:
    if not size.isdecimal():
        raise ConfigurationError(f"{origin}: buffer.memory must be a number of bytes")
    return str(max(1, int(size) // 1024))


def _login(jaas: str, origin: str) -> dict[str, str]:
    found = {match[1]: next(part for part in match.groups()[1:] if part is not None) for match in _LOGIN.finditer(jaas)}
    if found.keys() != {"username", "password"}:
        raise ConfigurationError(
            f"{origin}: sasl.jaas.config names no username and password: use sasl.username and sasl.password"
        )
    return {f"sasl.{name}": re.sub(r"\\(.)", r"\1", value) for name, value in found.items()}


def _trust(own: dict[str, str], origin: str) -> None:
    kind = own.pop("ssl.truststore.type", "").upper()
    place = own.pop("ssl.truststore.location", "")
    own.pop("ssl.truststore.password", None)
    certificates = own.pop("ssl.truststore.certificates", "")
    if place and kind != "PEM":
        raise ConfigurationError(
            f"{origin}: the truststore {place} is not PEM: export its certificates as PEM and set ssl.ca.location"
        )
    if place:
        own["ssl.ca.location"] = place
    if certificates:
        own["ssl.ca.pem"] = certificates


def _key(own: dict[str, str], origin: str) -> None:
    kind = own.pop("ssl.keystore.type", "").upper()
    place = own.get("ssl.keystore.location", "")
    if place and kind == "PEM":
        del own["ssl.keystore.location"]
        own.pop("ssl.keystore.password", None)
        own["ssl.certificate.location"] = own["ssl.key.location"] = place
    elif place and (kind == "JKS" or (not kind and place.endswith(".jks"))):
        raise ConfigurationError(f"{origin}: the keystore {place} is JKS: convert it to PKCS12 or PEM")
