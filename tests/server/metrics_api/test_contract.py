"""The served API against the published document, with requests that schemathesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from clusterload.server.metrics_api import MetricsApi, Settings
from tests.scripted_exporter import Exporter

from .asked import FILTER, ID, NAME

_DOCUMENT = Path(__file__).with_name("contract") / "openapi.yaml"

# Where the document contradicts itself or the text beside it. It stays as published; these are laid over it.
#   - Version 1 was switched off on 2022-04-25, as the document itself says.
#   - `"data": []` is a flat answer and a grouped one, so `oneOf` the two forbids every empty answer.


@schemathesis.hook("before_load_schema")
def _mended(_: object, document: dict[str, Any]) -> None:
    document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith("/v1/")}
    response = document["components"]["schemas"]["QueryResponse"]
    response["anyOf"] = response.pop("oneOf")


schemathesis.openapi.format(
    "ISO-8601 interval (<start>/<end> | <start>/<duration> | <duration>/<end>)",
    st.sampled_from(["now-1h|h/now", "now-5m|m/PT5M", "2026-01-01T10:00:00Z/PT6H", "PT1H/2026-01-02T10:00:00+01:00"]),
)
SCHEMA = schemathesis.openapi.from_path(_DOCUMENT)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricsApi]:
    """An API with a little traffic, and no limit of rate that matters."""
    with Exporter() as exporter:
        exporter.topic("bytes_in", "cars", 1)
        given = Settings(
            cluster_id=ID,
            exporters={"1": exporter.url},
            history=tmp_path_factory.mktemp("contract") / "h",
            interval=0.05,
            per_minute=10**9,
            exports_per_hour=10**9,
        )
        with MetricsApi(given) as api:
            exporter.topic("bytes_in", "cars", 1_000)
            yield api


# What the document cannot say, so that schemathesis cannot know it: which metrics and labels there are, that a filter
# must name a cluster of ours, that a page token must be one of ours. So a request that fits the schema may be refused.
_MAY_BE_REFUSED = [positive_data_acceptance]
# A question that was mended to be about our cluster is no malformed one any more.
_MAY_BE_RIGHT = [*_MAY_BE_REFUSED, negative_data_rejection]


def _sent(case: Case[Any], served: MetricsApi, left_out: list[Any]) -> None:
    case.call_and_validate(
        base_url=served.url.removesuffix("/v2/metrics/cloud/query"),
        headers={"Authorization": f"Basic {served.settings.credential.token}"},
        excluded_checks=left_out,
    )


@SCHEMA.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_to_any_request_is_one_that_the_document_names(case: Case[Any], served: MetricsApi) -> None:
    _sent(case, served, _MAY_BE_REFUSED)


@SCHEMA.include(method="POST").parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_to_a_question_about_our_cluster_is_one_that_the_document_names(
    case: Case[Any], served: MetricsApi
) -> None:
    case.path_parameters["dataset"] = "cloud"
    case.query.pop("page_token", None)
    body: Any = case.body
    if isinstance(body, dict):
        metric = f"{NAME}received_bytes"
        about = {"metric": metric} if "attributes" in case.path else {"aggregations": [{"metric": metric}]}
        body.pop("order_by", None)
        body.update({"filter": FILTER, "group_by": ["metric.topic"], **about})
    _sent(case, served, _MAY_BE_RIGHT)
