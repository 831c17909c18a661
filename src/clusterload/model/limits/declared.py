"""Declared limits: what brokers' own configuration allows their clients.

Apache Kafka has no natural limit. Its settings for connections default to the largest number there is, which
declares nothing: such a limit stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.model.limits.limit import Force, Limit, Scope
from clusterload.model.resources import series_of_parts
from clusterload.model.units import CONNECTIONS, Quantity, Unit, number

NONE_DECLARED: Final = 2_147_483_647
"""What Kafka's settings default to: as many as can be counted."""

Config = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    name: str
    resource: str
    note: str


_SETTINGS: Final = (
    _Setting(
        name="max.connections",
        resource="connections",
        note="Brokers' own connections count too, so that clients have some fewer.",
    ),
    _Setting(
        name="max.connection.creation.rate",
        resource="connection_attempts",
        note="More than that wait to be accepted; only accepted ones are counted.",
    ),
)

# Of single addresses, which no metric distinguishes.
_BY_ADDRESS: Final = "max.connections.per.ip"

_QUOTA_PLUGIN: Final = "client.quota.callback.class"

_QUOTAS: Final = 5  # that are told one by one: a cluster of many tenants has thousands


def limits_of(brokers: Mapping[str, Config], as_of: str) -> tuple[Limit, ...]:
    """The lowest that each broker declares of each resource, and what it declares of each of several listeners.

    One limit where all brokers declare the same.
    """
    of_brokers = (limit for setting in _SETTINGS for limit in _limits(setting, brokers, as_of, at=0))
    return (*of_brokers, *(limit for setting in _told_apart() for limit in _of_listeners(setting, brokers, as_of)))


def _told_apart() -> list[_Setting]:
    """The settings whose resource is counted by listener."""
    return [setting for setting in _SETTINGS if "listener" in series_of_parts(setting.resource)]


def _of_listeners(setting: _Setting, brokers: Mapping[str, Config], as_of: str) -> Iterator[Limit]:
    """What brokers declare of a listener for clients, where there are several: of a single one it is the broker's."""
    for name in dict.fromkeys(name for config in brokers.values() for name in client_listeners(config)):
        key = _key(setting.name, name)
        several = {broker: config for broker, config in brokers.items() if len(client_listeners(config)) > 1}
        known = {broker: amount for broker in several if (amount := _number(brokers[broker].get(key, ""))) is not None}
        alike = len(known) == len(brokers) and len(set(known.values())) == 1
        for broker, amount in ({"": next(iter(known.values()))} if alike else known).items():
            yield Limit(
                resource=setting.resource,
                value=Quantity(amount, _unit(setting)),
                force=Force.DECLARED,
                scope=Scope.BROKER,
                broker=broker,
                part="listener",
                name=name,
                source=f"{key} of {_brokers([broker] if broker else list(brokers))}",
                as_of=as_of,
            )


def _unit(setting: _Setting) -> Unit:
    return CONNECTIONS if setting.resource == "connections" else CONNECTIONS.rate()


def disputed_by(brokers: Mapping[str, Config], as_of: str) -> tuple[Limit, ...]:
    """What brokers declare besides, above what binds first."""
    return tuple(limit for setting in _SETTINGS for limit in _limits(setting, brokers, as_of, at=1))


def _limits(setting: _Setting, brokers: Mapping[str, Config], as_of: str, at: int) -> Iterator[Limit]:
    """The limits of a setting that come at this place in each broker's, from the lowest on."""
    said = {broker: sorted(_said(setting.name, config)) for broker, config in brokers.items()}
    known = {broker: amounts[at] for broker, amounts in said.items() if len(amounts) > at}
    alike = len(known) == len(brokers) and len(set(known.values())) == 1
    for broker, (amount, key) in (known if not alike else {"": next(iter(known.values()))}).items():
        yield Limit(
            resource=setting.resource,
            value=Quantity(amount, _unit(setting)),
            force=Force.DECLARED,
            scope=Scope.BROKER,
            broker=broker,
            source=f"{key} of {_brokers([broker] if broker else list(brokers))}",
            as_of=as_of,
            note=setting.note,
        )


def _said(setting: str, config: Config) -> Iterator[tuple[float, str]]:
    """What a broker allows of a resource in all, and by which key."""
    whole = _number(config.get(setting, ""))
    if whole is not None:
        yield whole, setting
    listeners = {name: _number(config.get(_key(setting, name), "")) for name in client_listeners(config)}
    amounts = [amount for amount in listeners.values() if amount is not None]
    if amounts and len(amounts) == len(listeners):
        yield sum(amounts), " + ".join(_key(setting, name) for name in listeners)


def client_listeners(config: Config) -> tuple[str, ...]:
    """The listeners that are neither the controllers' nor, where there are others, the brokers' own."""
    named = [each.partition("://")[0].strip() for each in config.get("listeners", "").split(",") if "://" in each]
    controllers = {each.strip() for each in config.get("controller.listener.names", "").split(",")}
    # Before Kafka 4.0, with ZooKeeper, the controller could have a listener of its own at each broker.
    controllers.add(config.get("control.plane.listener.name", ""))
    open_ones = [name for name in named if name not in controllers]
    between = config.get("inter.broker.listener.name") or config.get("security.inter.broker.protocol", "PLAINTEXT")
    return tuple(name for name in open_ones if name != between) or tuple(open_ones)


def _key(setting: str, listener: str) -> str:
    return f"listener.name.{listener.lower()}.{setting}"


def _number(text: str) -> float | None:
    """A number that declares a limit; None if it declares none."""
    try:
        amount = float(text)
    except ValueError:
        return None
    return amount if 0 < amount < NONE_DECLARED else None


def _by_number(broker: str) -> tuple[int, str]:
    return (int(broker), broker) if broker.isdigit() else (NONE_DECLARED, broker)


def note_of(brokers: Mapping[str, Config], quotas: Mapping[str, Mapping[str, float]]) -> str:
    """What is declared and cannot be held against a figure of the whole broker: said, so that nobody thinks it is."""
    return " ".join([*_of_parts(brokers), *_of_addresses(brokers), *_of_plugins(brokers), *_of_clients(quotas)])


def _of_parts(brokers: Mapping[str, Config]) -> Iterator[str]:
    """Listeners that have a limit which cannot be held against their own figures: nobody counts these by listener."""
    told_apart = _told_apart()
    for setting in (setting for setting in _SETTINGS if setting not in told_apart):
        for broker, config in brokers.items():
            listeners = client_listeners(config)
            said = [name for name in listeners if _number(config.get(_key(setting.name, name), "")) is not None]
            if said and len(said) < len(listeners):
                yield (
                    f"{' and '.join(_key(setting.name, name) for name in said)} of broker {broker} cannot be held "
                    "against figures of all listeners."
                )
            elif len(said) > 1:
                yield (
                    f"Listeners of broker {broker} have a {setting.name} each; "
                    "one of them may be full before their sum is."
                )


def _of_addresses(brokers: Mapping[str, Config]) -> Iterator[str]:
    limited = [broker for broker, config in brokers.items() if _number(config.get(_BY_ADDRESS, "")) is not None]
    if limited:
        yield f"{_BY_ADDRESS} of {_brokers(limited)} binds single addresses, which metrics do not distinguish."


def _of_plugins(brokers: Mapping[str, Config]) -> Iterator[str]:
    for plugin in dict.fromkeys(config.get(_QUOTA_PLUGIN, "") for config in brokers.values()):
        if plugin:
            yield (
                f"Clients' quotas come from a plugin ({plugin}), which the Admin API does not show: "
                "write them as rows of a table."
            )


def _of_clients(quotas: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for whose, values in list(quotas.items())[:_QUOTAS]:
        said = ", ".join(f"{key} {number(value)}" for key, value in sorted(values.items()))
        yield f"A quota of {whose} ({said}) binds single clients on each broker, not the cluster."
    if len(quotas) > _QUOTAS:
        yield f"So do {len(quotas) - _QUOTAS:,} more quotas."


def _brokers(ids: list[str]) -> str:
    ids = sorted(ids, key=_by_number)
    return f"broker {ids[0]}" if len(ids) == 1 else f"brokers {', '.join(ids)}"
