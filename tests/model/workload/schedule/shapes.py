"""Any shape, for tests that hold for all."""

from __future__ import annotations

from hypothesis import strategies as st

from clusterload.model.workload.schedule import Constant, Ramp, Replay, Shape, Sine, Spike, Step

values = st.just(0.0) | st.floats(min_value=0.01, max_value=1e6)
rates = st.floats(min_value=0.01, max_value=1e6)
stretches = st.floats(min_value=0.01, max_value=1e4)


@st.composite
def _points(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    moments = sorted(draw(st.sets(st.integers(0, 10_000).map(lambda ticks: ticks / 8), min_size=1, max_size=6)))
    heights = [draw(values) for _ in moments]
    heights[draw(st.integers(0, len(heights) - 1))] = draw(rates)
    return tuple(zip(moments, heights, strict=True))


@st.composite
def _sines(draw: st.DrawFn) -> Sine:
    mean = draw(rates)
    return Sine(mean, mean * draw(st.floats(0, 1)), draw(stretches))


constants = st.builds(Constant, rates)
ramps = st.builds(Ramp, values, rates, stretches) | st.builds(Ramp, rates, values, stretches)
steps = st.builds(Step, _points())
spikes = st.builds(Spike, values, rates, st.just(0.0) | stretches, stretches)
replays = _points().map(lambda points: Replay(*zip(*points, strict=True)))
shapes: st.SearchStrategy[Shape] = st.one_of(constants, ramps, steps, spikes, _sines(), replays)
