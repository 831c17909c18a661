"""Thresholds drawn at random: of every measure, by every label that it has."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from clusterload.model.thresholds import AGGREGATES, ANY, MEASURES, WORSE, Threshold
from clusterload.model.thresholds.measures import choices

values = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(min_size=1, max_size=12)


@st.composite
def thresholds(draw: st.DrawFn, loads: Sequence[str] = ()) -> Threshold:
    """Any threshold; on a Load only of these names, if there are any."""
    measure = draw(st.sampled_from(list(MEASURES.values())))
    labels = draw(st.sets(st.sampled_from(measure.labels)))
    if measure.resources and not measure.read_from(frozenset(labels)):
        labels = {min(labels)}
    where = []
    for label in labels:
        known = choices(measure, label) or (loads if label == "load" else ())
        where.append((label, draw(st.sampled_from(known) if known else st.just(ANY) | texts)))
    aggregate = draw(st.sampled_from(["", *AGGREGATES])) if measure.aggregates else ""
    may_last = measure.has_course and not aggregate
    return Threshold(
        quantity=measure.name,
        op=draw(st.sampled_from(list(WORSE))),
        value=draw(values),
        aggregate=aggregate,
        where=tuple(where),
        lasts=draw(st.none() | st.floats(1e-3, 1e6)) if may_last else None,
    )
