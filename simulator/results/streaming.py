"""Moments and quantiles of any number of paths in little memory: the same bits in whatever order they come.

*Sums are exact.* Each number is taken apart into mantissa and exponent, mantissas are added as whole numbers, and
rounding happens once, at the end. So a mean does not depend on the size or order of the blocks, which ordinary
floating-point sums do.

*Quantiles come from counts.* Each number is cut to its first 13 binary digits, and equal ones are counted. A
quantile is at most 0.025% too near to zero (2 to the power of -12), whole numbers up to 8,192 and zero are exact;
memory grows with the range of the numbers, not with their count.

Statistics and errors are those of :mod:`simulator.results.statistics`; with antithetic sampling a pair of paths is
one draw. Source for exact sums: Kulisch (2013), *Computer Arithmetic and Validity*, chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.statistics import DENOMINATOR_ERRORS_MIN, UNDEFINED, Estimate, chance_of_order

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

#: Bits of a mantissa, and of its lower half.
MANTISSA, HALF = 53, 26
#: Smallest exponent of a double, as ``frexp`` tells it; sums are whole multiples of 2 ** -(MANTISSA - LOWEST).
LOWEST = -1073
SCALE = MANTISSA - LOWEST
#: Digits of a single that counts leave out.
CUT = np.uint32(0xFFFFFFFF << 11 & 0xFFFFFFFF)
#: Lower half of a key, and what stands there for no number (the bits of one that is none).
LOWER, NO_NUMBER = np.uint64(0xFFFFFFFF), np.uint32(0xFFFFFFFF)


class ExactSums:
    """Sums of columns without rounding."""

    def __init__(self, columns: int) -> None:
        self._sums = [0] * columns

    def add(self, values: Floats) -> None:
        """Add rows of finite numbers, (row, column)."""
        if not values.size:
            return
        mantissa, exponent = np.frexp(values)
        whole = (mantissa * 2.0**MANTISSA).astype(np.int64)
        lowest = int(exponent.min())
        span = int(exponent.max()) - lowest + 1
        groups = (np.arange(values.shape[1]) * span + (exponent - lowest)).ravel()
        high = np.bincount(groups, weights=(whole >> HALF).ravel())  # exact: whole numbers below 2 ** 53
        low = np.bincount(groups, weights=(whole & (2**HALF - 1)).ravel())
        present = np.flatnonzero((high != 0.0) | (low != 0.0))
        for group, upper, lower in zip(
            present.tolist(), high[present].tolist(), low[present].tolist(), strict=True
        ):
            column, shift = divmod(group, span)
            self._sums[column] += ((int(upper) << HALF) + int(lower)) << (shift + lowest - LOWEST)

    def __getitem__(self, column: int) -> Fraction:
        """The sum of a column."""
        return Fraction(self._sums[column], 1 << SCALE)


class Counts:
    """How often each number occurs in each column, cut to 13 binary digits."""

    def __init__(self) -> None:
        self._keys = np.empty(0, np.uint64)  # column in the upper half, bits of the number in the lower
        self._counts = np.empty(0, np.int64)
        self._new: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def add(self, values: Floats32) -> None:
        """Count rows of numbers, (row, column); what is not a number is left out."""
        bits = np.ascontiguousarray(values.T).view(np.uint32) & CUT
        bits[np.isnan(values.T)] = NO_NUMBER
        bits.sort(axis=1)
        columns = np.arange(len(bits), dtype=np.uint64)[:, None] << np.uint64(32)
        keys = (columns | bits).ravel()
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else keys
        counts = np.diff(np.append(starts, len(keys))).astype(np.int64)
        known = (keys[starts] & LOWER) != NO_NUMBER
        self._new.append((keys[starts][known], counts[known]))
        if sum(len(new) for new, _ in self._new) > len(self._keys):
            self._merge()

    def _merge(self) -> None:
        """Add up what is new: seldom, so that the cost of it is spread over many blocks."""
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._new)])
        counts = np.concatenate([self._counts, *(counts for _, counts in self._new)])
        self._new.clear()
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else order
        self._keys, self._counts = keys[starts], np.add.reduceat(counts, starts) if len(keys) else counts

    def of(self, column: int) -> tuple[Floats, NDArray[np.int64]]:
        """The different numbers of a column in rising order, and how often each occurs."""
        if self._new:
            self._merge()
        first, last = np.searchsorted(self._keys, np.array([column, column + 1], np.uint64) << np.uint64(32))
        bits = (self._keys[first:last] & LOWER).astype(np.uint32)
        values = bits.view(np.float32).astype(np.float64)
        order = np.argsort(values, kind="stable")
        return values[order], self._counts[first:last][order]


class ColumnRatio(NamedTuple):
    """A ratio of the averages of two columns, times a factor."""

    numerator: int
    denominator: int
    factor: float


class Moments:
    """Averages and spreads of columns over independent draws, exact until they are rounded once."""

    def __init__(self, columns: int) -> None:
        self._sums = ExactSums(columns)
        self._squares = ExactSums(columns)
        self._draws = np.zeros(columns, np.int64)

    def add(self, draws: Floats) -> None:
        """Add draws, (draw, column); what is not a number is left out."""
        self._draws += np.count_nonzero(~np.isnan(draws), axis=0)
        known = np.nan_to_num(draws, nan=0.0)
        self._sums.add(known)
        self._squares.add(known * known)

    def draws(self, column: int) -> int:
        """Draws of a column."""
        return int(self._draws[column])

    def mean(self, column: int) -> Estimate:
        """Average of a column."""
        count = self.draws(column)
        if not count:
            return UNDEFINED
        error = math.sqrt(self.variance(column) / count)
        return Estimate(float(self._sums[column] / count), error, count)

    def variance(self, column: int) -> float:
        """Variance of a column; NaN for less than two draws."""
        return _variance(self._sums[column], self._squares[column], self.draws(column))


class Stream:
    """Statistics of columns over paths that come in blocks, in any order.

    Parameters
    ----------
    columns
        Numbers a path.
    antithetic
        Whether paths ``2k`` and ``2k + 1`` mirror each other. Blocks then begin with the first of a pair.
    ratios
        Ratios wanted.
    """

    def __init__(self, columns: int, *, antithetic: bool = False, ratios: Sequence[ColumnRatio] = ()) -> None:
        self._antithetic = antithetic
        self._ratios = tuple(ratios)
        self._moments = Moments(columns)
        self._pairs = [ExactSums(5) for _ in self._ratios]  # x, y, xx, yy, xy where both are known
        self._pair_draws = [0 for _ in self._ratios]
        self._counts = Counts()

    def add(self, values: Floats32) -> None:
        """Add a block of paths, (path, column); what is not a number is left out."""
        self._counts.add(values)
        self._moments.add(draws_of(values, self._antithetic))
        for place, (ratio, sums) in enumerate(zip(self._ratios, self._pairs, strict=True)):
            both = values[:, [ratio.numerator, ratio.denominator]].astype(np.float64)
            both[np.isnan(both).any(axis=1)] = math.nan
            pair = draws_of(both, self._antithetic)
            pair = pair[~np.isnan(pair).any(axis=1)]
            self._pair_draws[place] += len(pair)
            above, below = pair[:, 0], pair[:, 1]
            sums.add(np.column_stack([above, below, above * above, below * below, above * below]))

    def mean(self, column: int) -> Estimate:
        """Average over paths."""
        return self._moments.mean(column)

    def deviation(self, column: int) -> float:
        """Standard deviation over independent draws."""
        return math.sqrt(self._moments.variance(column))

    def probability(self, column: int) -> Estimate:
        """Share of paths in which something happened, of a column of zeros and ones."""
        mean = self._moments.mean(column)
        share, count = mean.value, mean.draws
        if not count:
            return UNDEFINED
        effective = float(count)
        if self._antithetic and 0.0 < share < 1.0 and count > 1:
            spread = self._moments.variance(column)
            effective *= share * (1.0 - share) / spread if spread > 0.0 else 2.0
        width = math.sqrt(share * (1.0 - share) / effective + 0.25 / effective**2) / (1.0 + 1.0 / effective)
        return Estimate(share, width, count)

    def ratio(self, place: int) -> Estimate:
        """Ratio of averages over the paths where both are known; undefined when the lower one may be zero."""
        sums, count = self._pairs[place], self._pair_draws[place]
        x, y, xx, yy, xy = (sums[column] for column in range(5))
        if count < 2 or not y:
            return Estimate(math.nan, math.nan, count)
        error_below = math.sqrt(_variance(y, yy, count) / count)
        if abs(float(y / count)) <= DENOMINATOR_ERRORS_MIN * error_below:
            return Estimate(math.nan, math.nan, count)
        quotient = x / y
        residual = _variance(Fraction(0), xx - 2 * quotient * xy + quotient * quotient * yy, count)
        factor = self._ratios[place].factor
        error = math.sqrt(residual / count) / abs(float(y / count))
        return Estimate(factor * float(quotient), abs(factor) * error, count)

    def quantiles(self, column: int, levels: Sequence[float]) -> list[Estimate]:
        """Quantiles over paths, with the error of Maritz and Jarrett, as if all paths were independent."""
        values, counts = self._counts.of(column)
        ends = np.cumsum(counts)
        return [quantile_of_counts(values, ends, level) if len(values) else UNDEFINED for level in levels]


def draws_of(values: NDArray[np.floating], antithetic: bool) -> Floats:
    """Independent draws: rows, or averages of pairs of rows; a number without its mirror stands alone."""
    array = values.astype(np.float64)
    if not antithetic:
        return array
    if len(array) % 2:
        array = np.concatenate([array, np.full((1, array.shape[1]), math.nan)])
    first, second = array[0::2], array[1::2]
    return np.where(np.isnan(first), second, np.where(np.isnan(second), first, 0.5 * (first + second)))


def quantile_of_counts(values: Floats, ends: NDArray[np.int64], level: float) -> Estimate:
    """Quantile of different numbers in rising order, of each of which is said how many there are up to it."""
    count = int(ends[-1])
    rank = level * (count - 1)
    below, above = values[np.searchsorted(ends, [math.floor(rank), math.ceil(rank)], side="right")]
    value = float(below + (rank - math.floor(rank)) * (above - below))
    if count < 2:
        return Estimate(value, math.nan, count)
    weights = np.diff(chance_of_order(count, level, np.concatenate([[0], ends])))
    centre = float(weights @ values)
    return Estimate(value, math.sqrt(max(0.0, float(weights @ (values - centre) ** 2))), count)


def pair_factors(blocks: Iterable[Floats32], thresholds: Floats) -> Floats:
    """Errors of the shares of paths at or below thresholds, over what they would be without pairs.

    Parameters
    ----------
    blocks
        The paths, (path, column).
    thresholds
        (column, level).
    """
    sums = np.zeros((4, *thresholds.shape))  # of whole and half numbers: exact
    for block in blocks:
        known = ~np.isnan(block)[:, :, None]
        below = np.where(known, block[:, :, None] <= thresholds.astype(np.float32), math.nan)
        flat = below.reshape(len(block), -1)
        draws = draws_of(flat, True).reshape(-1, *thresholds.shape)
        sums[0] += known.sum(axis=0)
        sums[1] += np.nansum(below, axis=0)
        sums[2] += np.count_nonzero(~np.isnan(draws), axis=0)
        sums[3] += np.nansum(draws**2, axis=0)
    paths, hits, draws_count, squares = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / paths
        alone = share * (1.0 - share) / (paths - 1.0)
        mean = hits / paths  # pairs weigh alike: nearly all have both paths
        together = (squares / draws_count - mean**2) / (draws_count - 1.0)
        factor = np.sqrt(np.maximum(together, 0.0) / alone)
    return np.where(np.isfinite(factor), factor, 1.0)


def _variance(total: Fraction, squares: Fraction, count: int) -> float:
    if count < 2:
        return math.nan
    return max(0.0, float((squares - total * total / count) / (count - 1)))
