"""What this login may do, by asking without doing; and what brokers declare and publish because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.own_quotas import UNLOCK_PREFIX
from clusterload.kafka.brokers import Brokers, logs_of
from clusterload.kafka.configuration import Quota, broker_settings, client_quotas
from clusterload.kafka.groups import groups_of
from clusterload.kafka.groups.reading import listed
from clusterload.kafka.permitted import may_alter_quotas, may_create_topics, may_write
from clusterload.kafka.privileges import OURS, PRIVILEGES, Privilege
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation
from clusterload.model.errors import AuthorizationError, ClusterError, ClusterloadError, UnreachableError
from clusterload.workflow.declared_limits import read_limits
from clusterload.workflow.doctor.brokers import PATIENCE
from clusterload.workflow.doctor.check import Area, Check, Paste, State
from clusterload.workflow.doctor.together import together

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.kafka.protocol.security import Security

ACL: Final = "acl"
"""The id of the commands that grant what is missing."""

_LATE: Final = 12.0
_SOME: Final = 5
_MADE: Final = {
    "producer_byte_rate": "bytes in",
    "consumer_byte_rate": "bytes out",
    "request_percentage": "thread time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What was found.

    Attributes:
        checks: rights, quotas, limits.
        refused: Series that are missing for want of a right.
        published: keys of the client quotas that exist: of these brokers publish metrics per client; None if not known.
        has_tls: whether a listener of the brokers speaks TLS; None if not known.
        pastes: commands that grant what is missing.
    """

    checks: tuple[Check, ...]
    refused: frozenset[str] = frozenset()
    published: frozenset[str] | None = None
    has_tls: bool | None = None
    pastes: tuple[Paste, ...] = ()


class _NoAnswerError(ClusterloadError):
    """A question that got no answer."""


def allowed(cluster: Cluster, security: Security | None, login: str) -> Allowed:
    """Ask what this login may do.

    Args:
        cluster: that answered.
        security: of conversations with its brokers; None where only the client library can log in, so that it is not
            known what it may.
        login: the user's name, for commands to be pasted; empty if nobody logs in.
    """
    if security is None:
        return Allowed(checks=(_check("rights", State.MISSING, "not asked: only the client library has this login"),))
    questions = _questions(cluster, security)
    found = together(questions, _LATE, lambda _: _NoAnswerError(f"no answer within {_LATE:g} s"))
    answers = {right: answer for right, answer in found.items() if isinstance(right, str)}
    quotas, settings = answers.pop("quotas"), answers.pop("settings")
    refused = [_RIGHTS[right] for right, answer in answers.items() if answer is False]
    refused += [_CONFIGS] if isinstance(quotas, AuthorizationError) or isinstance(settings, AuthorizationError) else []
    checks = (
        *_rights(
            answers, refused, unknown=[right for right, answer in answers.items() if isinstance(answer, Exception)]
        ),
        *_commands(refused),
        _client_metrics(quotas),
        _declared(cluster, settings),
    )
    return Allowed(
        checks=checks,
        refused=frozenset(name for right in refused for name in right.series),
        published=_published(quotas) if isinstance(quotas, tuple) else None,
        has_tls=_speaks_tls(settings) if isinstance(settings, dict) else None,
        pastes=(_acls(refused, cluster, login),) if refused else (),
    )


_LOGS, _TOPICS, _GROUPS, _ALTER, _CREATE, _WRITE = (
    "Describe on Cluster", "Describe on Topic *", "Describe on Group *", "AlterConfigs on Cluster",
    f"Create on Topic {OURS}", f"Write on Topic {OURS}",
)  # fmt: skip
_RIGHTS: Final[Mapping[str, Privilege]] = {privilege.acl: privilege for privilege in reversed(PRIVILEGES)}
_CONFIGS: Final = _RIGHTS["DescribeConfigs on Cluster"]


def _questions(cluster: Cluster, security: Security) -> dict[str, Callable[[], object]]:
    places = [Address(broker.host, broker.port) for broker in cluster.brokers]

    def asked(question: Callable[[Conversation], object]) -> Callable[[], object]:
        return lambda: _answer(lambda: _of_first(places, security, question))

    return {
        _LOGS: asked(_sees_logs),
        _TOPICS: lambda: _answer(lambda: _sees_topics(cluster)),
        _GROUPS: lambda: _answer(lambda: _sees_groups(cluster)),
        _ALTER: asked(may_alter_quotas),
        _CREATE: asked(may_create_topics),
        _WRITE: asked(may_write),
        "quotas": lambda: _answer(lambda: client_quotas(cluster)),
        "settings": lambda: _answer(lambda: broker_settings(cluster)),
    }


def _answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except ClusterloadError as error:
        return error


def _of_first(places: Iterable[Address], security: Security, question: Callable[[Conversation], object]) -> object:
    for place in places:
        try:
            with Conversation(place, security, patience=PATIENCE) as broker:
                return question(broker)
        except UnreachableError:
            continue
    raise UnreachableError("no broker answered")


def _sees_logs(broker: Conversation) -> bool:
    try:
        logs_of(broker)
    except AuthorizationError:
        return False
    return True


def _sees_groups(cluster: Cluster) -> bool:
    """Whether groups that are listed may be described; a few are asked for."""
    with Brokers(cluster.properties, patience=PATIENCE) as brokers:
        brokers.topics()
        names = listed(brokers).names[:_SOME]
    if not names:
        raise ClusterError("no group is listed, so there is none, or none that may be described")
    try:
        groups_of(cluster, names)
    except AuthorizationError:
        return False
    return True


def _sees_topics(cluster: Cluster) -> bool:
    """Whether no topic has logs on a broker without being shown to us."""
    with Brokers(cluster.properties, patience=PATIENCE) as brokers:
        shown = brokers.topics()
        logs, _ = brokers.ask_each(logs_of)
    if not logs:
        raise ClusterError(f"{len(shown)} are shown, and whether there are more is told only with Describe on Cluster")
    return {name for each in logs.values() for name in each.sizes} <= shown.keys()


def _rights(answers: Mapping[str, object], refused: Iterable[Privilege], unknown: Iterable[str]) -> Iterable[Check]:
    granted = [right for right, answer in answers.items() if answer is True]
    if granted:
        yield _check("allowed", State.OK, ", ".join(granted))
    for right in refused:
        yield _check(
            right.acl, State.MISSING, f"without it is missing: {right.without}", "grant it: see the commands below"
        )
    for acl in unknown:
        yield _check(acl, State.OK, f"not known: {answers[acl]}")


def _commands(refused: Iterable[Privilege]) -> Iterable[Check]:
    lost = {right.acl for right in refused}
    hit = list(dict.fromkeys(privilege.command for privilege in PRIVILEGES if privilege.acl in lost))
    whole = [name for name in dict.fromkeys(privilege.command for privilege in PRIVILEGES) if name not in hit]
    if hit:
        words = f"{', '.join(hit)}: with less, or not at all; as they are: {', '.join(whole) or 'none'}"
        yield _check("commands", State.MISSING, words, "see docs/privileges.md")


def _published(quotas: Iterable[Quota]) -> frozenset[str]:
    """The kinds of quota that any client has, by Kafka's keys."""
    return frozenset(key for quota in quotas for key in quota.values if key in _MADE)


def _client_metrics(quotas: object) -> Check:
    if not isinstance(quotas, tuple):
        return _check("client quotas", State.MISSING, f"not known: {quotas}")
    found: list[Quota] = [quota for quota in quotas if not set(quota.entity) <= {"ip"}]
    keys = _published(quotas)
    if not keys:
        finding = "none exists, and without one brokers publish no metrics per client: culprits have no name"
        return _check("client quotas", State.MISSING, finding, "--unlock-client-metrics, or the quota below")
    ours = sum(any(name.startswith(UNLOCK_PREFIX) for name in quota.entity.values()) for quota in found)
    who = f"{len(found)} exist" + (f", {ours} of them by clusterload itself" if ours else "")
    words = ", ".join(words for key, words in _MADE.items() if key in keys)
    lacking = ", ".join(words for key, words in _MADE.items() if key not in keys)
    state = State.MISSING if lacking else State.OK
    finding = f"{who}: brokers publish {words} of each client" + (f", but not {lacking}" if lacking else "")
    return _check("client quotas", state, finding, "--unlock-client-metrics, or the quota below")


def _declared(cluster: Cluster, settings: object) -> Check:
    if not isinstance(settings, dict):
        return _check(
            "limits", State.MISSING, f"not known what the brokers declare: {settings}", "name a table by --limits"
        )
    limits, _ = read_limits(cluster)
    known = sorted({limit.resource for limit in limits.limits}) if limits is not None else []
    if not known:
        finding = "the brokers declare none: without a table it is judged how busy they are, and no share of a limit"
        return _check(
            "limits", State.MISSING, finding, "name a table by --limits (clusterload limits list), or write your own"
        )
    return _check("limits", State.OK, f"the brokers declare some: {', '.join(known)}")


def _speaks_tls(settings: Mapping[str, Iterable[object]]) -> bool | None:
    protocols = [
        str(getattr(setting, "value", ""))
        for found in settings.values()
        for setting in found
        if getattr(setting, "name", "") in {"listener.security.protocol.map", "listeners", "advertised.listeners"}
    ]
    return any("SSL" in text for text in protocols) if protocols else None


def _acls(refused: Iterable[Privilege], cluster: Cluster, login: str) -> Paste:
    who = f"User:{login}" if login else "User:THE-LOGIN"
    lines = [
        f"kafka-acls.sh --bootstrap-server {cluster.servers} --add --allow-principal {who} \\\n  {_acl(right)}"
        for right in refused
    ]
    return Paste(
        id=ACL,
        title="ACLs that this login lacks",
        text="\n".join(dict.fromkeys(lines)) + "\n",
        gives=tuple(dict.fromkeys(name for right in refused for name in right.series)),
    )


def _acl(right: Privilege) -> str:
    if right.resource == "Cluster":
        return f"--operation {right.operation} --cluster"
    option = {"Topic": "--topic", "Group": "--group", "TransactionalId": "--transactional-id"}[right.resource]
    prefixed = right.names.endswith("-*")
    name = right.names.removesuffix("*") if prefixed else f"'{right.names}'"
    return f"--operation {right.operation} {option} {name}{' --resource-pattern-type prefixed' if prefixed else ''}"


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.RIGHTS, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)
