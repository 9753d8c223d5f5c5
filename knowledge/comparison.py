"""Whether one run is better than another: the same queries, paired, with a test and an interval of the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import fsum
from typing import TYPE_CHECKING, Final

from knowledge.errors import InputError
from knowledge.evaluation import mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIGNIFICANT: Final = 0.05
SAMPLES: Final = 10_000
"""Random assignments, and resamples: the p-value .05 is then known to within about .004."""
EXACT_UP_TO: Final = 13
"""Queries that differ: all 2¹³ assignments are fewer than the samples."""
AT_ONCE: Final = 100
SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a measure says of the same queries in two runs; differences are b − a."""

    measure: str
    a: Mapping[str, float]
    b: Mapping[str, float]
    p_value: float
    """How likely a mean difference this far from 0 is when it is chance which run had which value of a query."""
    interval: tuple[float, float]
    """95 % confidence interval of the mean difference."""

    @property
    def differences(self) -> dict[str, float]:
        """By query, the largest gain of b first."""
        found = {query: self.b[query] - self.a[query] for query in self.a}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def difference(self) -> float:
        return mean(self.differences)

    @property
    def better(self) -> list[str]:
        """The queries that b answers better."""
        return [query for query, difference in self.differences.items() if difference > 0]

    @property
    def worse(self) -> list[str]:
        return [query for query, difference in self.differences.items() if difference < 0]

    @property
    def equal(self) -> list[str]:
        return [query for query, difference in self.differences.items() if difference == 0]

    @property
    def is_significant(self) -> bool:
        return self.p_value < SIGNIFICANT


def compare(measure: str, a: Mapping[str, float], b: Mapping[str, float]) -> Comparison:
    """Two runs by their values of the same queries. Raises `InputError` when there are none or they differ."""
    if not a or a.keys() != b.keys():
        raise InputError(f"{len(a)} and {len(b)} queries cannot be paired; give runs of the same queries")
    differences = [b[query] - a[query] for query in a]
    return Comparison(measure=measure, a=a, b=b, p_value=p_value(differences), interval=interval(differences))


def p_value(differences: Sequence[float]) -> float:
    """Two-sided, of the paired randomisation test (Smucker, Allan & Carterette, CIKM 2007): the share of the ways to
    give the differences signs whose sum is as far from 0 as theirs.

    All ways where at most 13 differ from 0, else 10,000 drawn with a fixed seed, theirs counted among them (Phipson &
    Smyth, SAGMB 2010).
    """
    different = [difference for difference in differences if difference]
    # Sums of the same floats in another order differ in their last digits.
    as_far = abs(fsum(different)) * (1 - 1e-9)
    if len(different) <= EXACT_UP_TO:
        ways = list(product((1, -1), repeat=len(different)))
        sums = [fsum(sign * value for sign, value in zip(way, different, strict=True)) for way in ways]
        return sum(abs(found) >= as_far for found in sums) / len(ways)
    drawn = _sums(different, lambda random, values, size: random.choice((-1.0, 1.0), size) * values)
    return float((abs(drawn) >= as_far).sum() + 1) / (len(drawn) + 1)


def interval(differences: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Of the mean: the middle of the means of 10,000 resamples drawn with a fixed seed (percentile bootstrap, Efron &
    Tibshirani, 1993)."""
    import numpy as np

    drawn = _sums(differences, lambda random, values, size: random.choice(values, size))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn / len(differences), (tail, 1 - tail))
    return float(low), float(high)


def _sums(
    differences: Sequence[float],
    draw: Callable[[np.random.Generator, Floats, tuple[int, int]], Floats],
) -> Floats:
    """The sums of `SAMPLES` draws, some at a time so that those of many queries fit into memory."""
    import numpy as np

    random = np.random.default_rng(SEED)
    values = np.array(differences)
    size = (AT_ONCE, len(differences))
    return np.concatenate([draw(random, values, size).sum(axis=1) for _ in range(SAMPLES // AT_ONCE)])
