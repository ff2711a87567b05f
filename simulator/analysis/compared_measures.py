"""The figures that runs are compared by: what each is, its unit, which way is worse, and how paths make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.paired import Statistic, average, expected_shortfall, over, scaled, share
from simulator.results.folder import RunFolder
from simulator.results.outcomes import is_above, is_above_or_lost, is_dysfunctional
from simulator.results.store import read_block

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Worse = Literal["higher", "lower", "neither"]
Group = Literal["market", "funds", "funding", "failures", "cost"]

#: Expected shortfall is the average of the worst 5% of paths.
TAIL = 0.95
GROUPS: dict[Group, str] = {
    "market": "Yields and dislocation",
    "funds": "Hedge funds",
    "funding": "Repo and dealers",
    "failures": "Dysfunction and failures",
    "cost": "What the central bank spends",
}


@dataclass(frozen=True)
class RunPaths:
    """Outcomes of the paths of one run that a comparison uses.

    Parameters
    ----------
    outcomes
        Of all its paths: ``results.outcomes.collect_outcomes``.
    kept
        Paths that count in averages, (path,); the others stopped, here or in a run this one is paired with.
    weights
        Share of each trade in the packages that funds open with, (trade,).
    is_mirrored
        Whether paths ``2k`` and ``2k + 1`` are one antithetic draw.
    """

    outcomes: xr.Dataset
    kept: NDArray[np.bool_]
    weights: Floats
    is_mirrored: bool

    def values(self, name: str, trade: str = "") -> Floats:
        """An outcome by path: of one trade, or averaged over trades by the packages funds open with."""
        values = np.asarray(self.outcomes[name].values, np.float64)
        if "trade" in self.outcomes[name].dims:
            chosen = self.outcomes["trade"].values.tolist().index(trade) if trade else None
            values = values @ self.weights if chosen is None else values[:, chosen]
        return np.where(self.kept, values, np.nan)

    def mean(self, name: str, trade: str = "") -> Statistic:
        """Average of an outcome over paths."""
        return average(self.values(name, trade), is_mirrored=self.is_mirrored)

    def tail(self, name: str, trade: str = "") -> Statistic:
        """Average of an outcome over its worst 5% of paths."""
        return expected_shortfall(self.values(name, trade), TAIL, is_mirrored=self.is_mirrored)

    def probability(self, happened: Floats) -> Statistic:
        """Share of paths; a market that lost all dealers counts where ``happened`` is not NaN."""
        return share(happened, is_mirrored=self.is_mirrored)

    def channel(self, name: str) -> Statistic:
        """Average sales booked to a channel."""
        values = np.asarray(self.outcomes["sold_by_channel"].sel(channel=name).values, np.float64)
        return average(np.where(self.kept, values, np.nan), is_mirrored=self.is_mirrored)


class Measure(NamedTuple):
    """A figure of a run: key in JSON, words, unit, which way is worse, decimals, and how it is made."""

    key: str
    label: str
    unit: str
    worse: Worse
    group: Group
    decimals: int
    of: Callable[[RunPaths], Statistic]


def run_paths(run: RunFolder, outcomes: xr.Dataset) -> RunPaths:
    """The outcomes of a run, with all its finished paths."""
    (packages,) = read_block(run.store, run.layout, min(run.finished), ("fund_packages",)).values()
    opening = np.abs(packages[0, 0].astype(np.float64))
    held = opening.sum()
    weights = opening / held if held > 0.0 else np.full(len(opening), 1.0 / len(opening))
    finished = outcomes["status"].values == 0
    return RunPaths(outcomes, finished, weights, run.manifest.sampling == "antithetic")


def measures_of(trades: tuple[str, ...], channels: tuple[str, ...]) -> tuple[Measure, ...]:
    """All figures for runs with these trades and channels, grouped, the most telling first."""
    return (
        *_market(),
        *(row for trade in trades for row in _of_trade(trade)),
        *_funds(channels),
        *_funding(),
        *_failures(),
        *_cost(),
    )


def _market() -> tuple[Measure, ...]:
    def amplification(run: RunPaths) -> Statistic:
        return over(run.mean("total_peak"), run.mean("exogenous_peak"))

    return (
        Measure(
            "dislocation_move", "dislocation, largest move", "bp", "higher", "market", 1,
            lambda run: run.mean("dislocation_move"),
        ),
        Measure(
            "dislocation_move_tail", "dislocation, worst 5% of paths", "bp", "higher", "market", 1,
            lambda run: run.tail("dislocation_move"),
        ),
        Measure(
            "pressure_peak", "outright pressure on yields, peak", "bp", "higher", "market", 1,
            lambda run: run.mean("pressure_peak"),
        ),
        Measure("amplification", "yield move, total over exogenous", "x", "neither", "market", 3, amplification),
    )  # fmt: skip


def _of_trade(trade: str) -> tuple[Measure, ...]:
    return (
        Measure(
            f"dislocation_move.{trade}", f"dislocation of {trade}, largest move", "bp", "higher", "market", 1,
            lambda run: run.mean("dislocation_move", trade),
        ),
    )  # fmt: skip


def _funds(channels: tuple[str, ...]) -> tuple[Measure, ...]:
    def impact(run: RunPaths) -> Statistic:
        return scaled(over(run.mean("rise_when_lowest"), run.mean("unwound")), 100.0)

    def sold(channel: str) -> Measure:
        words = f"sold because of {channel.replace('_', ' ')}"
        worse: Worse = "neither" if channel == "choice" else "higher"
        return Measure(f"sold.{channel}", words, "$bn", worse, "funds", 1, lambda run: run.channel(channel))

    return (
        Measure(
            "unwound", "packages given up", "$bn", "higher", "funds", 1, lambda run: run.mean("unwound_in_all")
        ),
        Measure(
            "unwound_tail", "packages, worst 5% of paths", "$bn", "higher", "funds", 1,
            lambda run: run.tail("unwound_in_all"),
        ),
        Measure("impact", "dislocation for each $100bn given up", "bp", "higher", "funds", 1, impact),
        *(sold(channel) for channel in channels),
        Measure(
            "fund_equity_low", "equity, lowest", "$bn", "lower", "funds", 2,
            lambda run: run.mean("fund_equity_low"),
        ),
    )  # fmt: skip


def _funding() -> tuple[Measure, ...]:
    rows = (
        ("repo_spread_peak", "wholesale repo over policy rate, peak", "bp", 1),
        ("client_repo_spread_peak", "repo rate of funds over policy rate, peak", "bp", 1),
        ("haircut_peak", "average haircut, peak", "1", 4),
        ("repo_taken_back", "repo dealers took back", "$bn", 1),
        ("balance_sheet_cost_peak", "cost of dealers' balance sheet, peak", "bp", 1),
        ("dealer_use_peak", "dealers' balance-sheet use, peak", "1", 3),
    )

    def row(name: str, label: str, unit: str, decimals: int) -> Measure:
        return Measure(name, label, unit, "higher", "funding", decimals, lambda run: run.mean(name))

    return tuple(row(*each) for each in rows)


def _failures() -> tuple[Measure, ...]:
    def of_dealers(run: RunPaths, name: str, threshold: float) -> Statistic:
        return run.probability(is_above_or_lost(run.outcomes, name, threshold))

    def chance(key: str, label: str, of: Callable[[RunPaths], Statistic]) -> Measure:
        return Measure(key, label, "probability", "higher", "failures", 3, of)

    return (
        chance(
            "dysfunction", "market dysfunctional", lambda run: run.probability(is_dysfunctional(run.outcomes))
        ),
        chance("dealer_fails", "a dealer fails", lambda run: of_dealers(run, "dealers_failed", 0.0)),
        chance("dealers_full", "dealers at their limits", lambda run: of_dealers(run, "dealer_use_peak", 1.0)),
        chance(
            "fund_fails", "a fund fails", lambda run: run.probability(is_above(run.outcomes, "funds_failed", 0.0))
        ),
        Measure("funds_failed", "funds failed", "1", "higher", "failures", 2, lambda run: run.mean("funds_failed")),
        Measure(
            "dealer_client_losses", "dealers' losses on failed funds", "$bn", "higher", "failures", 3,
            lambda run: run.mean("dealer_client_losses"),
        ),
        Measure(
            "waterfall_losses", "losses of the clearing house's waterfall", "$bn", "higher", "failures", 3,
            lambda run: run.mean("waterfall_losses"),
        ),
    )  # fmt: skip


def _cost() -> tuple[Measure, ...]:
    rows: tuple[tuple[str, str, str, Worse], ...] = (
        ("outright_purchases", "bought outright", "$bn", "neither"),
        ("hedged_purchases", "packages bought", "$bn", "neither"),
        ("facility_peak", "standing repo facility, peak use", "$bn", "neither"),
        ("facility_days", "standing repo facility, use times days", "$bn days", "neither"),
        ("central_bank_peak", "bought and lent at a time, peak", "$bn", "neither"),
        ("central_bank_gain", "price gain on purchases at the end", "$bn", "neither"),
    )

    def row(name: str, label: str, unit: str, worse: Worse) -> Measure:
        return Measure(name, label, unit, worse, "cost", 1, lambda run: run.mean(name))

    return tuple(row(*each) for each in rows)
