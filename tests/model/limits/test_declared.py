"""What brokers' own configuration declares is a limit; what it leaves at Kafka's defaults is unknown."""

from __future__ import annotations

import json

import pytest

from clusterload.model.limits import Force, Limits, Scope

STOCK = {
    "listeners": "CLIENTS://:9092,BROKERS://:9093,CONTROLLER://:9094",
    "inter.broker.listener.name": "BROKERS",
    "controller.listener.names": "CONTROLLER",
    "max.connections": "2147483647",
    "max.connections.per.ip": "2147483647",
    "max.connection.creation.rate": "2147483647",
}


def declared(*changed: dict[str, str], quotas: dict[str, dict[str, float]] | None = None) -> Limits:
    """What brokers 1, 2 … declare, each with these settings of its own."""
    brokers = {str(number): {**STOCK, **own} for number, own in enumerate(changed, 1)}
    return Limits.declared("Ours", brokers, quotas, as_of="2026-11-22")


def shown(table: Limits) -> list[tuple[str, str, float, str]]:
    return [(limit.resource, limit.of, limit.value.value, limit.source) for limit in table.limits]


def test_apache_kafka_s_defaults_declare_nothing() -> None:
    table = declared({}, {}, {})
    assert (table.limits, table.disputed, table.note) == ((), (), "")
    assert table.of("connections") is None


def test_what_all_brokers_declare_alike_is_one_limit_of_each_of_them() -> None:
    table = declared(*[{"max.connections": "500", "max.connection.creation.rate": "20"}] * 3)
    assert shown(table) == [
        ("connections", "each broker", 500, "max.connections of brokers 1, 2, 3"),
        ("connection_attempts", "each broker", 20, "max.connection.creation.rate of brokers 1, 2, 3"),
    ]
    for limit in table.limits:
        assert (limit.force, limit.scope, limit.as_of) == (Force.DECLARED, Scope.BROKER, "2026-11-22")
    assert (table.units, table.unit_name) == (3, "broker")


def test_brokers_that_differ_have_a_limit_each_and_those_that_declare_none_have_none() -> None:
    table = declared({"max.connections": "500"}, {"max.connections": "800"}, {})
    assert shown(table) == [
        ("connections", "broker 1", 500, "max.connections of broker 1"),
        ("connections", "broker 2", 800, "max.connections of broker 2"),
    ]


@pytest.mark.parametrize(
    "table",
    [
        declared({}),
        declared({"max.connections": "500"}, {"max.connections": "800"}),
        declared({"max.connections": "9"}, quotas={"user a": {"producer_byte_rate": 1.0}}),
        Limits.named("msk-express-m7g.large", 3),
        Limits.named("course-basic"),
    ],
    ids=lambda table: table.name,
)
def test_a_table_kept_as_plain_values_is_the_same_again(table: Limits) -> None:
    assert Limits.from_document(json.loads(json.dumps(table.as_document()))) == table


def test_of_very_many_quotas_a_few_are_told_and_the_others_counted() -> None:
    quotas = {f"client id {number}": {"producer_byte_rate": 1e6} for number in range(2000)}
    note = declared({}, quotas=quotas).note
    assert note.count("A quota of client id") == 5
    assert note.endswith("So do 1,995 more quotas.")


def test_where_nothing_is_declared_it_is_said_how_to_name_limits() -> None:
    assert declared({}).against == (
        "the brokers declare no limits: name a table with --limits NAME ('clusterload limits list' shows them)"
    )
    assert declared({"max.connections": "500"}).against == "against Ours"


def test_a_limit_of_the_only_listener_for_clients_is_the_broker_s_if_it_is_lower() -> None:
    table = declared({"max.connections": "500", "listener.name.clients.max.connections": "300"})
    assert shown(table) == [("connections", "each broker", 300, "listener.name.clients.max.connections of broker 1")]
    assert [(limit.value.value, limit.source) for limit in table.disputed] == [(500, "max.connections of broker 1")]


def test_limits_of_the_brokers_own_listeners_are_none_of_the_clients() -> None:
    settings = {f"listener.name.{name}.max.connections": "9" for name in ("brokers", "controller")}
    assert declared(settings).limits == ()


def test_a_limit_of_one_of_several_listeners_is_held_against_that_one_and_their_sum_against_the_broker() -> None:
    two = {"listeners": f"{STOCK['listeners']},WEB://:9095", "listener.name.clients.max.connections": "300"}
    both = declared({**two, "listener.name.web.max.connections": "50"})
    assert [(limit.of, limit.value.value) for limit in both.limits] == [
        ("each broker", 350),
        ("listener CLIENTS on each broker", 300),
        ("listener WEB on each broker", 50),
    ]
    (own,) = declared(two, {}).limits
    assert (own.of, own.value.value) == ("listener CLIENTS on broker 1", 300)
    assert own.source == "listener.name.clients.max.connections of broker 1"
    rate = {key.replace("max.connections", "max.connection.creation.rate"): value for key, value in two.items()}
    unheld = declared(rate)
    assert unheld.limits == ()
    assert "listener.name.clients.max.connection.creation.rate of broker 1 cannot be held" in unheld.note


def test_a_cluster_with_one_listener_for_all_has_that_for_its_clients() -> None:
    plain = {"listeners": "PLAINTEXT://:9092", "inter.broker.listener.name": "", "controller.listener.names": ""}
    (limit,) = declared({**plain, "listener.name.plaintext.max.connection.creation.rate": "7"}).limits
    assert (limit.resource, limit.value.value) == ("connection_attempts", 7)


def test_limits_by_address_and_quotas_by_client_are_named_and_not_held_against_a_broker() -> None:
    table = declared({"max.connections.per.ip": "10"}, {}, quotas={"user alice": {"producer_byte_rate": 1048576.0}})
    assert table.limits == ()
    assert "max.connections.per.ip of broker 1 binds single addresses" in table.note
    assert "A quota of user alice (producer_byte_rate 1,048,576) binds single clients" in table.note


def test_quotas_of_a_plugin_are_said_to_be_unknown() -> None:
    table = declared({"client.quota.callback.class": "io.example.Quotas"}, {"client.quota.callback.class": ""})
    assert table.note.startswith("Clients' quotas come from a plugin (io.example.Quotas), which the Admin API does not")


def test_what_is_no_number_declares_nothing() -> None:
    assert declared({"max.connections": ""}, {"max.connections": "many"}, {"max.connections": "0"}).limits == ()
