"""Prices from runs: broker CPU as what its drivers cost, none of them less than nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.bill.drivers import IDLE, INTERACTIONS
from clusterload.analysis.bill.price import MOST_HOST_CPU, Price, Prices
from clusterload.analysis.bill.separation import groups
from clusterload.analysis.bill.windows import Windows, windows_of
from clusterload.model import units
from clusterload.model.series import Floats

if TYPE_CHECKING:
    from clusterload.model.run import Run

WINDOW_SECONDS: Final = 2.0
"""Length of the windows; where a source's points are farther apart, theirs."""

FEWEST: Final = 3
"""Windows that there must be for each price, and then some."""

_SPARE: Final = 6
_DRAWS: Final = 200
_BLOCK: Final = 10
_PARTS: Final = 5
_LEVEL: Final = (2.5, 97.5)
# By how much an interaction must improve the Bayesian information criterion: strong evidence by the usual scale.
_GAIN: Final = 6.0


def prices(runs: Sequence[Run], *, window: float = WINDOW_SECONDS, seed: int = 1) -> Prices:
    """What each driver costs the brokers' CPU, from how both moved over windows of runs.

    Windows in which a host was over 80 % busy are left out: there a request costs less, since requests wait and are
    batched. What did not move at all has no price, and what moved together has none by itself.

    Args:
        runs: of one cluster.
        window: seconds.
        seed: of the draws that intervals come from.

    Returns:
        `Prices.default()` where there are too few windows to tell anything; its basis says why.
    """
    data = windows_of(runs, window)
    kept = data.where(data.host <= MOST_HOST_CPU)
    left_out = len(data.cpu) - len(kept.cpu)
    if len(kept.cpu) < FEWEST * 2 + _SPARE:
        return _too_little(len(kept.cpu), left_out)
    still, kept = kept.still, kept.moving()
    if len(kept.cpu) < FEWEST * (len(kept.names) + 1) + _SPARE or not kept.names:
        return _too_little(len(kept.cpu), left_out)
    chosen = _with_interactions(kept)
    return _priced(chosen, still, left_out, np.random.default_rng(seed))


def _too_little(count: int, left_out: int) -> Prices:
    default = Prices.default()
    full = f", {left_out} more with a host over {units.percent(MOST_HOST_CPU)} busy" if left_out else ""
    return replace(
        default,
        left_out=left_out,
        basis=f"{default.basis} (too little to tell: {count} windows of one broker{full}, or a load that never moved)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    idle: float
    costs: Floats
    left: float


def _fit(columns: Floats, cpu: Floats) -> _Fit:
    from scipy.optimize import nnls  # type: ignore[import-untyped]  # noqa: PLC0415 (half a second that most need not)

    scale = np.max(np.abs(columns), axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(cpu)), columns / scale])
    found, left = nnls(design, cpu)
    return _Fit(idle=float(found[0]), costs=found[1:] / scale, left=float(left) ** 2)


def _with_interactions(data: Windows) -> Windows:
    """With those pairs that the data gain by."""
    for name, (first, second, _) in INTERACTIONS.items():
        if first not in data.names or second not in data.names:
            continue
        wider = data.joined(name, first, second)
        if _criterion(data) - _criterion(wider) > _GAIN and name not in sum(groups(wider.columns, wider.names), ()):
            data = wider
    return data


def _criterion(data: Windows) -> float:
    count = len(data.cpu)
    left = max(_fit(data.columns, data.cpu).left, 1e-300)
    return float(count * np.log(left / count) + (len(data.names) + 1) * np.log(count))


def _priced(data: Windows, still: tuple[str, ...], left_out: int, random: np.random.Generator) -> Prices:
    fit = _fit(data.columns, data.cpu)
    draws = np.array([[fit.idle, *fit.costs] for fit in _drawn(data, random)])
    low, high = np.percentile(draws, _LEVEL, axis=0)
    together = groups(data.columns, data.names)
    inside = {name for group in together for name in group}
    told = [Price.of(IDLE, fit.idle, float(low[0]), float(high[0]))]
    told += [
        Price.of(name, float(fit.costs[number]), float(low[number + 1]), float(high[number + 1]))
        for number, name in enumerate(data.names)
        if name not in inside
    ]
    return Prices(
        prices=tuple(told),
        inseparable=(*together, (IDLE, *still)) if still else together,
        together={name: float(fit.costs[data.names.index(name)]) for name in inside},
        windows=len(data.cpu),
        left_out=left_out,
        error=_error(data),
        basis=f"fitted to {len(data.cpu)} windows of one broker, {data.seconds:g} s each",
    )


def _drawn(data: Windows, random: np.random.Generator) -> Iterator[_Fit]:
    """Fits to data that are drawn anew, whole stretches of time at once, since neighbours are alike."""
    blocks = data.blocks(_BLOCK)
    for _ in range(_DRAWS):
        rows = np.concatenate([blocks[number] for number in random.integers(0, len(blocks), len(blocks))])
        yield _fit(data.columns[rows], data.cpu[rows])


def _error(data: Windows) -> float:
    """How far off the model is in stretches that it has not seen, relative to the mean."""
    blocks = data.blocks(_BLOCK)
    if len(blocks) < _PARTS:
        return float("nan")
    off = []
    for part in range(_PARTS):
        test = np.concatenate(blocks[part::_PARTS])
        train = np.setdiff1d(np.arange(len(data.cpu)), test)
        fit = _fit(data.columns[train], data.cpu[train])
        off.append(np.abs(fit.idle + data.columns[test] @ fit.costs - data.cpu[test]))
    return float(np.mean(np.concatenate(off)) / np.mean(data.cpu))
