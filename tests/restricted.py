"""Users of a cluster with ACLs, each with just the rights that a test gives it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from clusterload import Lab, Properties
from clusterload.kafka.privileges import Privilege
from tests.processes import wait_for

CONFIG: Final = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",  # who comes in by a listener without a login, brokers among them
}
_OPERATIONS: Final = {
    "AlterConfigs": AclOperation.ALTER_CONFIGS,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
_RESOURCES: Final = {"Cluster": ResourceType.BROKER, "TransactionalId": ResourceType.TRANSACTIONAL_ID}
_NUMBERS: Final = count(1)


def user_with(lab: Lab, rights: Iterable[Privilege]) -> Properties:
    """What a new user with these rights and no others reaches the lab with."""
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    name = f"restricted-{next(_NUMBERS)}"
    made = UserScramCredentialUpsertion(
        name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"secret", b"salt-of-some-length"
    )
    admin.alter_user_scram_credentials([made])[name].result(60)
    grant(lab, name, rights)
    values = lab.listeners["SASL_PLAINTEXT"] | {"sasl.username": name, "sasl.password": "secret"}
    return Properties(values=values, origin="restricted.properties")


def grant(lab: Lab, name: str, rights: Iterable[Privilege]) -> None:
    """Give a user these rights too, and wait until the brokers know."""
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    bindings = list({one.acl: _binding(name, one) for one in rights}.values())
    known = len(_known(admin, name))
    if bindings:
        for future in admin.create_acls(bindings).values():
            future.result(60)
    wait_for(lambda: len(_known(admin, name)) == known + len(bindings))


def _binding(name: str, right: Privilege) -> AclBinding:
    prefixed = right.names.endswith("-*")
    called = right.names.removesuffix("*") if prefixed else right.names
    return AclBinding(
        _RESOURCES.get(right.resource) or ResourceType[right.resource.upper()],
        "kafka-cluster" if right.resource == "Cluster" else called,
        ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
        f"User:{name}",
        "*",
        _OPERATIONS.get(right.operation) or AclOperation[right.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _known(admin: AdminClient, name: str) -> list[AclBinding]:
    every = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]
        ResourcePatternType.ANY,
        f"User:{name}",
        None,  # type: ignore[arg-type]
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found: list[AclBinding] = admin.describe_acls(every).result(60)
    return found
