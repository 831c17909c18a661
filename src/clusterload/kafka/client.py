"""Clients of the Kafka library, made with our habits: its log goes to `logging`, its errors become ours."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from clusterload.kafka.properties import Properties, hint
from clusterload.model.errors import ClusterError, ConfigurationError, UnreachableError
from clusterload.model.workload import PREFIX

LOG: Final = logging.getLogger("clusterload.kafka")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False

_UNKNOWN_PROPERTY: Final = re.compile(r'No such configuration property: "([^"]+)"')
_BAD_VALUE: Final = re.compile(r'Invalid value (?:.*?)for configuration property "([^"]+)"')
# The client's words for a refused login; the broker sends the last one, the others are found locally.
_REFUSED: Final = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}


def new_producer(properties: Properties, overrides: Mapping[str, Any]) -> Producer:
    """A producer with these properties; `overrides` (callbacks, client id) win.

    Raises:
        ConfigurationError: a property is unknown or has a bad value; the nearest name is suggested.
    """
    try:
        return Producer({**properties.client("P"), **overrides}, logger=LOG)
    except (KafkaException, TypeError, ValueError) as error:
        raise _bad_configuration(error, properties.origin) from None


def new_consumer(properties: Properties, overrides: Mapping[str, Any]) -> Consumer:
    """A consumer with these properties; `overrides` (group, callbacks, client id) win, errors as for `new_producer`."""
    try:
        return Consumer({**properties.client("C"), **overrides}, logger=LOG)
    except (KafkaException, TypeError, ValueError) as error:
        raise _bad_configuration(error, properties.origin) from None


def new_admin(properties: Properties, on_error: Callable[[KafkaError], None]) -> AdminClient:
    """An admin client with these properties; ConfigurationError as for `new_producer`."""
    config: dict[str, Any] = {"client.id": f"{PREFIX}-admin", **properties.client("*"), "error_cb": on_error}
    try:
        return AdminClient(config, logger=LOG)
    except (KafkaException, TypeError, ValueError) as error:
        raise _bad_configuration(error, properties.origin) from None


def _bad_configuration(error: Exception, origin: str) -> ConfigurationError:
    text = kafka_error(error).str() if isinstance(error, KafkaException) else str(error)
    if unknown := _UNKNOWN_PROPERTY.search(text):
        return ConfigurationError(f"{origin}: unknown property {unknown[1]!r}{hint(unknown[1])}")
    if bad := _BAD_VALUE.search(text):
        return ConfigurationError(f"{origin}: the value of {bad[1]} is not allowed")
    return ConfigurationError(f"{origin}: the Kafka client refuses the configuration: {text}")


def kafka_error(error: KafkaException) -> KafkaError:
    """The Kafka error inside an exception of the library."""
    inner = error.args[0]
    return inner if isinstance(inner, KafkaError) else KafkaError(KafkaError._FAIL, str(inner))


def explained(error: KafkaError, servers: str, origin: str) -> ClusterError:
    """One clear line for what the library says when it cannot talk to a cluster."""
    reason = _reason(error)
    if error.code() in _REFUSED:
        return ClusterError(f"the cluster at {servers} refused the login ({reason}): check the credentials in {origin}")
    if error.code() == KafkaError._SSL:
        return ClusterError(
            f"TLS with {servers} failed ({reason}): check security.protocol and ssl.ca.location in {origin}"
        )
    return UnreachableError(
        f"no broker answered at {servers} ({reason}): check the address, and that the brokers are up"
    )


def _reason(error: KafkaError) -> str:
    # The library prefixes the broker's name and ends with how long the state lasted; neither helps here.
    text = re.sub(r"\s*\(after \d+ms in state [A-Z_0-9]+.*\)$", "", error.str())
    return text.split("]: ")[-1]
