"""Causes about requests that brokers answer with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import rising_clients
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.weights import between, by_size
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.finding import Evidence
    from clusterload.analysis.window_stats import Pair

# Part of a protocol, or of a leader's or coordinator's move, that clients are made for: not what they do wrong.
_EXPECTED: Final = frozenset(
    {
        "MEMBER_ID_REQUIRED", "REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "NOT_COORDINATOR",
        "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_LEADER_OR_FOLLOWER", "LEADER_NOT_AVAILABLE",
        "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH", "NOT_CONTROLLER", "FETCH_SESSION_ID_NOT_FOUND",
        "INVALID_FETCH_SESSION_EPOCH", "REPLICA_NOT_AVAILABLE", "CONCURRENT_TRANSACTIONS", "NONE",
    }
)  # fmt: skip

_SHOWN: Final = 3


def _errors(scene: Scene) -> dict[tuple[str, str], Pair]:
    """Responses a second by type of request and error, without errors that are expected; the most risen first."""
    errors = [error for error in scene.stats.by("errors", "error") if error not in _EXPECTED]
    found = {
        (request, error): pair
        for error in errors
        for request in scene.stats.by("errors", "request")
        if (pair := scene.total("errors", request=request, error=error)).now > 0
    }
    return dict(sorted(found.items(), key=lambda each: -each[1].rise))


def _error_storm(scene: Scene) -> Signs | None:
    errors = _errors(scene)
    rises = {each: scene.rise("errors", request=each[0], error=each[1]) for each in errors}
    rate = sum(rises.values())
    if not rate > 0:
        return None
    (request, error), most = max(rises.items(), key=lambda each: each[1])
    answered = scene.requests(request).now
    part = between(most / answered, 0.02, 0.3) if answered > 0 else 0.5
    return Signs(
        weight=by_size(rate / scene.cores, 1.0, 50.0) * (1.0 if scene.compared else part),
        fit=0.4 + 0.6 * part,
        sentence=f"{units.number(rate)} requests a second fail, most of them {request} with {error}",
        evidence=tuple(_evidence(scene, *each) for each in list(errors)[:_SHOWN]) + scene.request_evidence(request),
        culprits=lambda: rising_clients(scene, dataless=True),
        effect=f"clients that stop retrying send {units.number(rate)} requests a second less",
    )


def _evidence(scene: Scene, request: str, error: str) -> Evidence:
    return scene.evidence("Responses", "errors", f"{request} with {error}", request=request, error=error)


ERROR_STORM = Cause(
    id="error-storm",
    title="Error storm",
    means="Clients send requests that brokers refuse, and send them again: a topic that does not exist, a missing ACL, "
    "a record that is too large, a fenced producer. Each costs a request and gives nobody anything.",
    moves=("responses with an error", "requests of that type"),
    stays=("ingress", "egress"),
    look_alikes={
        "metadata-storm": "Metadata requests succeed",
        "authentication-failures": "the connection fails before any request is sent",
        "rebalances": "the errors are those of a group that rebalances, and go with JoinGroup requests",
        "broker-down": "the errors are those of leaders that moved, and end with it",
    },
    named_by={"client": "thread_time_by_client"},
    if_unnamed="brokers count errors by type only: the request log, or the client's own log, names the client; thread "
    "time by client id needs a client quota: --unlock-client-metrics",
    cure="Fix what the error says in that client, and give it a longer retry.backoff.ms and retry.backoff.max.ms.",
    disproof="The errors end and the brokers' requests and CPU stay as high.",
    signs=_error_storm,
    needs=("errors",),
    explains_away={"metadata-storm": 0.7, "producer-ids": 0.5, "fetch-storm": 0.4},
)

CAUSES = (ERROR_STORM,)
