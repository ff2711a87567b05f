"""What a cell comes to: moments and quantiles of outcomes, probabilities of events, and ratios, with errors.

A path leaves a row of outcomes; the rows of a cell are streamed through :mod:`simulator.results.streaming`, so
that the figures have the same bits for any blocks, threads and workers. The figures of a cell are one table:
a row for each outcome (of each trade, channel or call), event and ratio, and a column for each statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results import measures, streaming
from simulator.results.figures import scaled_estimate
from simulator.results.measures import MEASURES, Event, Measure, events, ratios
from simulator.results.outcomes import Outcomes, happened
from simulator.results.statistics import Estimate, with_range
from simulator.results.streaming import Moments, Stream, draws_of, pair_factors
from simulator.sweeps.schema import Threshold

if TYPE_CHECKING:
    pass

Floats32 = NDArray[np.float32]
#: Paths that are reduced at a time: an even number, so that no antithetic pair is split.
BATCH = 8192
Blocks = Callable[[], Iterator[Floats32]]

DRAWS, MEAN, MEAN_ERROR, DEVIATION = "draws", "mean", "mean_error", "deviation"
#: Ends of the range that parameters leave open of a mean, kept where paths are spread over parameter sets.
LOW, HIGH = "parameters_low", "parameters_high"


class Row(NamedTuple):
    """What the figures of a row are of: a variable, and where it stands along its dimension if it has one."""

    name: str
    dim: str
    label: str


def events_of(thresholds: Sequence[Threshold]) -> tuple[Measure[Event], ...]:
    """The events of a sweep: those of every run, and the thresholds that it asks for."""
    return events() + tuple(
        Measure(
            key=f"{wanted.outcome}_above_{wanted.above:g}",
            label=f"{wanted.outcome} lies above {wanted.above:g} {MEASURES[wanted.outcome].stored_unit}",
            unit="probability",
            of=Event(wanted.outcome, wanted.above),
        )
        for wanted in thresholds
    )


@dataclass(frozen=True)
class Plan:
    """Which figures a sweep keeps of its cells.

    Parameters
    ----------
    trades, channels, calls
        Labels over all cells.
    statuses
        Names of the status codes, from 0.
    levels
        Of quantiles.
    thresholds
        Events asked for.
    paths_a_set
        How many consecutive paths share a parameter set; 0 where all paths share all parameters.
    """

    trades: tuple[str, ...]
    channels: tuple[str, ...]
    calls: tuple[str, ...]
    statuses: tuple[str, ...]
    levels: tuple[float, ...]
    thresholds: tuple[Threshold, ...] = ()
    paths_a_set: int = 0

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels along each dimension of outcomes."""
        return {"trade": self.trades, "channel": self.channels, "call": self.calls}

    @cached_property
    def columns(self) -> tuple[Row, ...]:
        """Outcomes of a path, in the order in which they are stored."""
        return tuple(
            Row(outcome.key, outcome.dim, label)
            for outcome in measures.outcomes()
            for label in self._labels_of(outcome)
        )

    def _labels_of(self, measure: Measure[Any]) -> tuple[str, ...]:
        return self.labels[measure.dim] if measure.dim else ("",)

    @cached_property
    def events(self) -> tuple[Measure[Event], ...]:
        """Events whose probabilities are kept."""
        return events_of(self.thresholds)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Rows of the table of a cell: outcomes, events, ratios."""
        return (
            self.columns
            + tuple(Row(event.key, "", "") for event in self.events)
            + tuple(
                Row(ratio.key, ratio.dim, label) for ratio in ratios() for label in self._labels_of(ratio)
            )
        )

    @cached_property
    def statistics(self) -> tuple[str, ...]:
        """Columns of the table of a cell."""
        quantiles = [
            name for level in self.levels for name in (f"quantile_{level:g}", f"quantile_error_{level:g}")
        ]
        return (DRAWS, MEAN, MEAN_ERROR, DEVIATION, *quantiles, *self._range)

    @property
    def of_difference(self) -> tuple[str, ...]:
        """Columns of the table of differences from the baseline policy."""
        return (DRAWS, MEAN, MEAN_ERROR, *self._range)

    @property
    def _range(self) -> tuple[str, ...]:
        return (LOW, HIGH) if self.paths_a_set else ()

    def estimate(self, figures: NDArray[np.float64], row: Row, scale: float = 1.0) -> Estimate:
        """The mean of a row of the table of a cell, with its error and its range."""
        place = dict(zip(self.statistics, figures[self.rows.index(row)], strict=True))
        found = Estimate(
            place[MEAN], place[MEAN_ERROR], int(place[DRAWS]), place.get(LOW, np.nan), place.get(HIGH, np.nan)
        )
        return scaled_estimate(found, scale)

    @property
    def batch(self) -> int:
        """Paths that are read at a time: no antithetic pair and no set is split."""
        return BATCH // self.paths_a_set * self.paths_a_set if self.paths_a_set else BATCH

    def pack(self, outcomes: Mapping[str, NDArray[np.floating]], trades: Sequence[str]) -> Floats32:
        """Outcomes of a block as one table, (path, column); NaN for trades that the cell does not have."""
        here = self.labels | {"trade": tuple(trades)}
        paths = len(outcomes["status"])
        packed = np.full((paths, len(self.columns)), np.nan, np.float32)
        for place, row in enumerate(self.columns):
            if not row.dim:
                packed[:, place] = outcomes[row.name]
            elif row.label in here[row.dim]:
                packed[:, place] = outcomes[row.name][:, here[row.dim].index(row.label)]
        return packed

    def unpack(self, packed: Floats32, trades: Sequence[str]) -> Outcomes:
        """The outcomes of paths, for the trades of a cell."""
        labels = self.labels | {"trade": tuple(trades)}
        place = {row: number for number, row in enumerate(self.columns)}
        arrays = {}
        for outcome in measures.outcomes():
            if outcome.dim:
                chosen = [place[Row(outcome.key, outcome.dim, label)] for label in labels[outcome.dim]]
                arrays[outcome.key] = packed[:, chosen]
            else:
                arrays[outcome.key] = packed[:, place[Row(outcome.key, "", "")]]
        return Outcomes(np.arange(len(packed)), arrays, labels, self.statuses)

    def reduce(self, blocks: Blocks, trades: Sequence[str], *, antithetic: bool) -> NDArray[np.float64]:
        """The figures of a cell, (row, statistic).

        Parameters
        ----------
        blocks
            Gives the packed outcomes of the cell anew each time it is called, in any blocks.
        trades
            Of the cell.
        """
        stream = self._stream(blocks(), trades, antithetic)
        sets = [self._estimates(each) for each in self._set_by_set(blocks, trades, antithetic)]
        figures = np.full((len(self.rows), len(self.statistics)), np.nan)
        for place, whole in enumerate(self._estimates(stream)):
            estimate = with_range(whole, [of_set[place] for of_set in sets])
            figures[place, :3] = estimate.draws, estimate.value, estimate.standard_error
            if self.paths_a_set:
                figures[place, -2:] = estimate.low, estimate.high
        kept = [place for place, row in enumerate(self.columns) if row.name != "status"]
        figures[kept, 3] = [stream.deviation(place) for place in kept]
        quantiles = slice(4, 4 + 2 * len(self.levels))
        figures[: len(self.columns), quantiles] = self._quantiles(stream, blocks, antithetic)
        return figures

    def _estimates(self, stream: Stream) -> list[Estimate]:
        """Means of outcomes, probabilities of events, and ratios, row by row."""
        events = range(len(self.columns), len(self.columns) + len(self.events))
        found = []
        for place, row in enumerate(self.rows):
            if place in events:
                found.append(stream.probability(place))
            elif place > events[-1]:
                found.append(stream.ratio(place - events[-1] - 1))
            elif row.name == "status":  # codes are no quantity: the count of paths is what is of use
                found.append(Estimate(np.nan, np.nan, stream.mean(place).draws))
            else:
                found.append(stream.mean(place))
        return found

    def _set_by_set(self, blocks: Blocks, trades: Sequence[str], antithetic: bool) -> Iterator[Stream]:
        """The paths of each set alone, if they are spread over sets."""
        for block in blocks() if self.paths_a_set else ():
            for first in range(0, len(block), self.paths_a_set):
                yield self._stream([block[first : first + self.paths_a_set]], trades, antithetic)

    def _stream(self, blocks: Iterable[Floats32], trades: Sequence[str], antithetic: bool) -> Stream:
        first = {row: number for number, row in enumerate(self.columns)}
        wanted = [
            streaming.ColumnRatio(
                first[Row(ratio.of.numerator, ratio.dim, label)],
                first[Row(ratio.of.denominator, ratio.dim, label)],
                ratio.of.factor,
            )
            for ratio in ratios()
            for label in self._labels_of(ratio)
        ]
        stream = Stream(len(self.columns) + len(self.events), antithetic=antithetic, ratios=wanted)
        for block in blocks:
            stream.add(self._with_events(block, trades))
        return stream

    def _with_events(self, block: Floats32, trades: Sequence[str]) -> Floats32:
        """Outcomes and, beside them, what happened: zeros and ones."""
        outcomes = self.unpack(block, trades)
        found = [happened(event.of, outcomes).astype(np.float32) for event in self.events]
        return np.column_stack([block, *found])

    def compare(
        self,
        ours: Iterator[Floats32],
        our_trades: Sequence[str],
        theirs: Iterator[Floats32],
        their_trades: Sequence[str],
        *,
        antithetic: bool,
    ) -> NDArray[np.float64]:
        """Average differences of outcomes and events path by path, (row, :attr:`of_difference`).

        Ratios are left out: they are no averages.
        """
        count = len(self.columns) + len(self.events)
        moments, sets = Moments(count), list[Moments]()
        for block, other in zip(ours, theirs, strict=True):
            here, there = self._with_events(block, our_trades), self._with_events(other, their_trades)
            moved = here.astype(np.float64) - there
            moments.add(draws_of(moved, antithetic))
            for first in range(0, len(moved), self.paths_a_set) if self.paths_a_set else ():
                sets.append(Moments(count))
                sets[-1].add(draws_of(moved[first : first + self.paths_a_set], antithetic))
        figures = np.full((len(self.rows), len(self.of_difference)), np.nan)
        for place in range(count):
            estimate = with_range(moments.mean(place), [of_set.mean(place) for of_set in sets])
            figures[place, :3] = estimate.draws, estimate.value, estimate.standard_error
            if self.paths_a_set:
                figures[place, 3:] = estimate.low, estimate.high
        return figures

    def _quantiles(self, stream: Stream, blocks: Blocks, antithetic: bool) -> NDArray[np.float64]:
        """Quantiles and their errors, (column, 2 × level)."""
        found = np.full((len(self.columns), len(self.levels), 2), np.nan)
        for place, row in enumerate(self.columns):
            if row.name == "status":
                continue
            for number, estimate in enumerate(stream.quantiles(place, self.levels)):
                found[place, number] = estimate.value, estimate.standard_error
        if antithetic and self.levels:
            found[:, :, 1] *= pair_factors(blocks(), found[:, :, 0])
        return found.reshape(len(self.columns), -1)


def in_batches(outcomes: Any, cell: int, paths: int, batch: int = BATCH) -> Iterator[Floats32]:
    """Stored outcomes of a cell, some thousand paths at a time."""
    for first in range(0, paths, batch):
        yield np.asarray(outcomes[cell, first : min(first + batch, paths), :])
