"""Spreads: how the sizes of values and the keys of records are distributed.

Chance is an argument. What draws takes the caller's generator, so that a seed repeats a run.
"""

from clusterload.model.workload.distributions.keys import (
    KEYS,
    HotKeys,
    Keys,
    NoKeys,
    UniformKeys,
    UniqueKeys,
    WeightedKeys,
    ZipfKeys,
    parse_keys,
)
from clusterload.model.workload.distributions.sizes import (
    SIZES,
    FixedSize,
    LognormalSizes,
    Sizes,
    UniformSizes,
    WeightedSizes,
    parse_sizes,
)

__all__ = [
    "KEYS",
    "SIZES",
    "FixedSize",
    "HotKeys",
    "Keys",
    "LognormalSizes",
    "NoKeys",
    "Sizes",
    "UniformKeys",
    "UniformSizes",
    "UniqueKeys",
    "WeightedKeys",
    "WeightedSizes",
    "ZipfKeys",
    "parse_keys",
    "parse_sizes",
]
