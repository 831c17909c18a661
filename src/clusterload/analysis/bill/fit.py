"""Fit: prices from runs. Broker CPU is what its drivers cost, none of them less than nothing.

Drivers that move together cannot be separated by any data: what each of them costs is unknown, only their sum is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.bill.prices import IDLE, INTERACTIONS, MOST_HOST_CPU, Price, Prices
from clusterload.analysis.bill.windows import Windows, windows_of
from clusterload.model import units
from clusterload.model.series import Floats

if TYPE_CHECKING:
    from clusterload.model.run import Run

WINDOW_SECONDS: Final = 2.0
"""Length of the windows; where a source's points are farther apart, theirs."""

FEWEST: Final = 3
"""Windows that there must be for each price, plus a few."""

_SPARE: Final = 6
_DRAWS: Final = 200
_BLOCK: Final = 10
_PARTS: Final = 5
_LEVEL: Final = (2.5, 97.5)
# By how much an interaction must improve the Bayesian information criterion: strong evidence by the usual scale.
_GAIN: Final = 6.0

MOST_INFLATION: Final = 10.0
"""Variance inflation factor from which on a price cannot be given by itself."""

_PART: Final = 0.25
"""Standardised coefficient from which on a driver belongs to the group of another."""


def fit_prices(runs: Sequence[Run], *, window: float = WINDOW_SECONDS, seed: int = 1) -> Prices:
    """What each driver costs the brokers' CPU, from how both moved over windows of runs.

    Windows in which a host was over 80 % busy are left out: there a request costs less, since requests wait and are
    batched. A driver that did not move has no price, and drivers that moved together have none by themselves.

    Args:
        runs: of one cluster.
        window: seconds.
        seed: of the draws that intervals come from.

    Returns:
        `Prices.default()` where there are too few windows; its basis says why.
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
        basis=f"{default.basis} (too little data: {count} windows of one broker{full}, or a load that never changed)",
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
    """With those interactions that improve the fit enough."""
    for name, (first, second, _) in INTERACTIONS.items():
        if first not in data.names or second not in data.names:
            continue
        wider = data.joined(name, first, second)
        inseparable = sum(inseparable_groups(wider.columns, wider.names), ())
        if name not in inseparable and _criterion(data) - _criterion(wider) > _GAIN:
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
    together = inseparable_groups(data.columns, data.names)
    inside = {name for group in together for name in group}
    separate = [Price.of(IDLE, fit.idle, float(low[0]), float(high[0]))]
    separate += [
        Price.of(name, float(fit.costs[number]), float(low[number + 1]), float(high[number + 1]))
        for number, name in enumerate(data.names)
        if name not in inside
    ]
    return Prices(
        prices=tuple(separate),
        inseparable=(*together, (IDLE, *still)) if still else together,
        together={name: float(fit.costs[data.names.index(name)]) for name in inside},
        windows=len(data.cpu),
        left_out=left_out,
        error=_error(data),
        basis=f"fitted to {len(data.cpu)} windows of one broker, {data.seconds:g} s each",
    )


def _drawn(data: Windows, random: np.random.Generator) -> Iterator[_Fit]:
    """Fits to resampled data (a block bootstrap): whole blocks of time, since successive windows are alike."""
    blocks = data.blocks(_BLOCK)
    for _ in range(_DRAWS):
        rows = np.concatenate([blocks[number] for number in random.integers(0, len(blocks), len(blocks))])
        yield _fit(data.columns[rows], data.cpu[rows])


def _error(data: Windows) -> float:
    """Cross-validated error of the model's CPU, relative to its mean; NaN where there are too few blocks."""
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


def _inflations(columns: Floats) -> Floats:
    """The variance inflation factor of each column; infinite for one that never moves, which is as a constant."""
    return np.array([_inflation(columns, number) for number in range(columns.shape[1])])


def _inflation(columns: Floats, number: int) -> float:
    own = columns[:, number] - np.mean(columns[:, number])
    whole = float(own @ own)
    if whole <= 1e-12 * max(1.0, float(np.sum(columns[:, number] ** 2))):
        return float("inf")
    _, left = _regressed(columns, number)
    return whole / left if left > 1e-12 * whole else float("inf")


def _regressed(columns: Floats, number: int) -> tuple[Floats, float]:
    """A column regressed on the others: standardised coefficients, and the residual sum of squares."""
    centred = columns - np.mean(columns, axis=0)
    scale = np.sqrt(np.sum(centred**2, axis=0))
    scaled = centred / np.where(scale > 0, scale, 1.0)
    others = np.delete(scaled, number, axis=1)
    if not others.shape[1]:
        return np.empty(0), float(centred[:, number] @ centred[:, number])
    found, *_ = np.linalg.lstsq(others, scaled[:, number], rcond=None)
    left = scaled[:, number] - others @ found
    return np.insert(found, number, 0.0), float(left @ left) * float(scale[number]) ** 2


def inseparable_groups(columns: Floats, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The drivers that cannot be separated, in groups."""
    factors = _inflations(columns)
    high = [number for number in range(len(names)) if factors[number] > MOST_INFLATION]
    return tuple(tuple(names[number] for number in sorted(group)) for group in _joined(columns, high))


def _joined(columns: Floats, members: Sequence[int]) -> Iterator[set[int]]:
    links = {number: _moves_with(columns, number) for number in members}
    left = set(members)
    while left:
        group, front = set[int](), {min(left)}
        while front:
            group |= front
            near = {other for number in front for other in links.get(number, ())}
            near |= {other for other in members if links[other] & front}
            front = near - group
        left -= group
        yield group


def _moves_with(columns: Floats, number: int) -> set[int]:
    """The columns that a column moves with."""
    parts, _ = _regressed(columns, number)
    return {other for other in range(len(parts)) if other != number and abs(parts[other]) >= _PART}
