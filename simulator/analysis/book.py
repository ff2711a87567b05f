"""Funds and dealers of which records are kept one by one: what a shock costs them, what it asks of them, and when.

Figures rest on every finished path of the run. *Loss* is the fall of equity since the opening, what was paid to
investors added back; *liquidity need* is what calls took since the opening, net of what they brought, at its highest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simulator.results import statistics
from simulator.results.days import opening_of, read_days
from simulator.results.folder import RunFolder
from simulator.results.in_currency import in_currency
from simulator.results.layout import STATUS, Array
from simulator.results.statistics import Estimate
from simulator.results.store import read_block

if TYPE_CHECKING:
    import pandas as pd

#: What counts as money: a thousand dollars, in billions.
SMALLEST_BN = 1e-6
#: All named funds added up, beside each of them.
TOGETHER = "together"
#: Sales that nobody forces.
CHOSEN = "choice"
FUND_VARIABLES = (
    "named_fund_equity", "named_fund_cash", "named_fund_line_left", "named_fund_shortfall", "named_fund_sale_cost",
    "named_fund_alive", "named_fund_calls", "named_fund_sales", "named_fund_allowed",
)  # fmt: skip
DEALER_VARIABLES = (
    "named_dealer_capital", "named_dealer_use", "named_dealer_loans", "named_dealer_taken_back",
    "named_dealer_funding_gap", "named_dealer_repo_spread", "named_dealer_alive",
)  # fmt: skip
#: Limits of a fund's own, in words.
LIMITS = {
    "leverage": "its leverage limit",
    "value_at_risk": "its value-at-risk limit",
    "drawdown": "its drawdown limit",
    "cash": "its minimum of cash and lines",
}


@dataclass(frozen=True)
class BookFigure:
    """A figure of a fund or dealer: its name in programs, in words, its unit, how it is made of a path's values."""

    key: str
    label: str
    unit: str
    outcome: str
    how: str  # mean, median, share, or a quantile or shortfall by its level


FUND_FIGURES = (
    BookFigure("loss_mean", "loss, average", "$bn", "loss", "mean"),
    BookFigure("loss_95", "loss, one path in twenty is worse", "$bn", "loss", "quantile 0.95"),
    BookFigure("loss_99", "loss, one path in a hundred is worse", "$bn", "loss", "quantile 0.99"),
    BookFigure("loss_shortfall", "loss, average of the worst 2.5% of paths", "$bn", "loss", "shortfall 0.975"),
    BookFigure("loss_low_99", "loss at its worst, one path in a hundred is worse", "$bn", "loss_low", "quantile 0.99"),
    BookFigure("need_mean", "liquidity need, average", "$bn", "need", "mean"),
    BookFigure("need_95", "liquidity need, one path in twenty is worse", "$bn", "need", "quantile 0.95"),
    BookFigure("need_99", "liquidity need, one path in a hundred is worse", "$bn", "need", "quantile 0.99"),
    BookFigure("cash_gone", "cash is used up", "probability", "cash_gone", "share"),
    BookFigure("cash_gone_day", "day on which it is, median of those paths", "day", "cash_gone_day", "median"),
    BookFigure("lines_gone", "cash and lines are used up", "probability", "lines_gone", "share"),
    BookFigure("lines_gone_day", "day on which they are, median of those paths", "day", "lines_gone_day", "median"),
    BookFigure("forced", "sold under force, average", "$bn", "forced", "mean"),
    BookFigure("forced_95", "sold under force, one path in twenty is worse", "$bn", "forced", "quantile 0.95"),
    BookFigure("forced_ever", "must sell", "probability", "forced_ever", "share"),
    BookFigure("sale_cost", "cost of forced sales, average", "$bn", "sale_cost", "mean"),
    BookFigure("sale_cost_95", "the same, one path in twenty is worse", "$bn", "sale_cost", "quantile 0.95"),
    *(
        BookFigure(f"limit_{name}", f"{words} binds", "probability", f"limit_{name}", "share")
        for name, words in LIMITS.items()
    ),
    BookFigure("closed_out", "is closed out by its dealers", "probability", "closed_out", "share"),
)  # fmt: skip
DEALER_FIGURES = (
    BookFigure("loss_mean", "capital lost, average", "$bn", "loss", "mean"),
    BookFigure("loss_95", "capital lost, one path in twenty is worse", "$bn", "loss", "quantile 0.95"),
    BookFigure("loss_99", "capital lost, one path in a hundred is worse", "$bn", "loss", "quantile 0.99"),
    BookFigure("loss_shortfall", "capital lost, average of the worst 2.5% of paths", "$bn", "loss", "shortfall 0.975"),
    BookFigure("use_mean", "highest use of its limit, average", "1", "use", "mean"),
    BookFigure("use_95", "highest use of its limit, one path in twenty is worse", "1", "use", "quantile 0.95"),
    BookFigure("over_limit", "reaches its limit", "probability", "over_limit", "share"),
    BookFigure("taken_back", "repo taken back from clients, average", "$bn", "taken_back", "mean"),
    BookFigure("gap_95", "largest funding gap, one path in twenty is worse", "$bn", "gap", "quantile 0.95"),
    BookFigure("repo_95", "highest repo spread, one path in twenty is worse", "bp", "repo", "quantile 0.95"),
    BookFigure("fails", "fails", "probability", "fails", "share"),
)  # fmt: skip


class Book:
    """The named funds and dealers of a run.

    Parameters
    ----------
    run
        A run with finished paths that names some.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.layout = run.layout
        self.funds = run.layout.named_funds
        self.dealers = run.layout.named_dealers
        self.antithetic = run.manifest.sampling == "antithetic"

    @cached_property
    def opening(self) -> dict[str, Array]:
        """Every variable of the named on day 0."""
        names = (
            [*FUND_VARIABLES, "named_fund_packages", "named_fund_margin", "named_fund_repo"]
            if self.funds
            else []
        )
        names += DEALER_VARIABLES if self.dealers else []
        stored = opening_of(self.run, names).stored()
        return {name: values[0, 0].astype(np.float64) for name, values in stored.items()}

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the funds, and of all of them together where there are several."""
        return (*self.funds, TOGETHER) if len(self.funds) > 1 else self.funds

    def figures(self, fund: str) -> dict[str, Estimate]:
        """Figures of a fund, or of all together, by key; those that a sum of funds has not are left out."""
        outcomes = self.fund_outcomes[fund]
        return {one.key: self._told(one, outcomes) for one in FUND_FIGURES if one.outcome in outcomes}

    def dealer_figures(self, dealer: str) -> dict[str, Estimate]:
        """Figures of a dealer by key."""
        outcomes = self.dealer_outcomes[dealer]
        return {one.key: self._told(one, outcomes) for one in DEALER_FIGURES}

    def _told(self, figure: BookFigure, outcomes: Mapping[str, Array]) -> Estimate:
        values = outcomes[figure.outcome]
        how, _, level = figure.how.partition(" ")
        if how == "mean":
            return statistics.mean(values, antithetic=self.antithetic)
        if how == "share":
            return statistics.probability(values, antithetic=self.antithetic)
        if how == "shortfall":
            return statistics.expected_shortfall(values, float(level), antithetic=self.antithetic)
        if how == "median":  # over the paths on which it happens
            return statistics.quantile(values[np.isfinite(values)], 0.5)
        return statistics.quantile(values, float(level), antithetic=self.antithetic)

    @cached_property
    def fund_outcomes(self) -> dict[str, dict[str, Array]]:
        """What each finished path came to, by fund and outcome."""
        parts = [
            {fund: self._outcomes_of(days, place) for place, fund in enumerate(self.groups)}
            for days in self._blocks(FUND_VARIABLES)
        ]
        return _joined(parts, self.groups)

    @cached_property
    def dealer_outcomes(self) -> dict[str, dict[str, Array]]:
        """What each finished path came to, by dealer and outcome."""
        parts = [
            {dealer: _dealer_outcomes(days, place) for place, dealer in enumerate(self.dealers)}
            for days in self._blocks(DEALER_VARIABLES)
        ]
        return _joined(parts, self.dealers)

    def _blocks(self, names: Collection[str]) -> Iterator[dict[str, Array]]:
        """Variables of all paths block by block, in double precision; NaN on paths that stopped."""
        for number in sorted(self.run.finished):
            arrays = read_block(self.run.store, self.layout, number, {*names, STATUS.name})
            stopped = arrays.pop(STATUS.name) != 0
            for name, values in arrays.items():
                arrays[name] = values.astype(np.float64)
                arrays[name][stopped] = np.nan
            yield arrays

    def _outcomes_of(self, days: Mapping[str, Array], place: int) -> dict[str, Array]:
        """Outcomes of a fund, or of all of them added up."""
        is_sum = place == len(self.funds)

        def of(name: str) -> Array:
            values = days[f"named_fund_{name}"]
            chosen: Array = values.sum(axis=-1) if is_sum else values[..., place]
            return chosen

        calls, sales = of("calls"), of("sales")
        redeemed = np.cumsum(calls[..., self.layout.calls.index("redemption")], axis=1)
        loss = of("equity")[:, :1] - of("equity") - redeemed
        by_force = [n for n, name in enumerate(self.layout.channels) if name != CHOSEN]
        forced = sales[..., by_force].sum(axis=(1, 2))
        found = {
            "loss": loss[:, -1],
            "loss_low": loss.max(axis=1),
            "need": np.maximum(np.cumsum(calls.sum(axis=-1), axis=1).max(axis=1), 0.0),
            "forced": forced,
            "forced_ever": forced > SMALLEST_BN,
            "sale_cost": of("sale_cost").sum(axis=1),
        }
        allowed, alive = days["named_fund_allowed"], days["named_fund_alive"]
        allowed = allowed.min(axis=-1) if is_sum else allowed[..., place]
        found |= {
            f"limit_{name}": (allowed[..., n] < 1.0).any(axis=1)
            for n, name in enumerate(self.layout.own_limits)
        }
        found["closed_out"] = (alive.min(axis=-1) if is_sum else alive[..., place])[:, -1] == 0.0
        if not is_sum:
            short = of("shortfall") > SMALLEST_BN
            dry = short & (of("line_left") <= SMALLEST_BN)
            found |= {"cash_gone": short.any(axis=1), "cash_gone_day": _first_day(short)}
            found |= {"lines_gone": dry.any(axis=1), "lines_gone_day": _first_day(dry)}
        return _of_finished(found, np.isfinite(loss[:, -1]))

    def records(self) -> Iterator[dict[str, str | float]]:
        """Every figure of every fund and dealer with its error, as plain rows."""
        told = [("fund", name, FUND_FIGURES, self.figures(name)) for name in self.groups]
        told += [("dealer", name, DEALER_FIGURES, self.dealer_figures(name)) for name in self.dealers]
        for kind, name, figures, estimates in told:
            for one in figures:
                if one.key in estimates:
                    found = estimates[one.key]
                    yield {
                        "kind": kind,
                        "name": name,
                        "figure": one.key,
                        "meaning": one.label,
                        "unit": in_currency(one.unit, self.layout.currency),
                        "value": found.value,
                        "standard_error": found.standard_error,
                    }

    def table(self) -> pd.DataFrame:
        """The same as a frame: a row for each figure of each kind, names side by side."""
        import pandas as pd

        frame = pd.DataFrame.from_records(list(self.records()))
        rows = frame.pivot(
            index=["kind", "figure", "meaning", "unit"], columns="name", values=["value", "standard_error"]
        )
        order = frame.drop_duplicates(["kind", "figure"])[["kind", "figure", "meaning", "unit"]]
        columns = [(name, said) for name in frame["name"].unique() for said in ("value", "standard_error")]
        return rows.swaplevel(axis=1).reindex(pd.MultiIndex.from_frame(order))[columns]

    @cached_property
    def cumulated_calls(self) -> Array:
        """What calls took since the opening, net, of the funds together: (path, day, call), of the paths of fans."""
        values = read_days(self.run, ["named_fund_calls"])["named_fund_calls"].astype(np.float64)
        cumulated: Array = np.cumsum(values.sum(axis=-1), axis=1)
        return cumulated


def has_book(run: RunFolder) -> bool:
    """Whether a run names funds or dealers, and has finished paths to tell of."""
    return bool((run.layout.named_funds or run.layout.named_dealers) and run.finished)


def _dealer_outcomes(days: Mapping[str, Array], place: int) -> dict[str, Array]:
    def of(name: str) -> Array:
        values: Array = days[f"named_dealer_{name}"][..., place]
        return values

    found = {
        "loss": of("capital")[:, 0] - of("capital")[:, -1],
        "use": of("use").max(axis=1),
        "over_limit": (of("use") >= 1.0).any(axis=1),
        "taken_back": of("taken_back").sum(axis=1),
        "gap": of("funding_gap").max(axis=1),
        "repo": of("repo_spread").max(axis=1),
        "fails": of("alive")[:, -1] == 0.0,
    }
    return _of_finished(found, np.isfinite(found["loss"]))


def _of_finished(found: Mapping[str, Array], finished: Array) -> dict[str, Array]:
    """Outcomes as figures, not known of paths that stopped; pairs of mirrored paths stay side by side."""
    return {key: np.where(finished, values.astype(np.float64), np.nan) for key, values in found.items()}


def _first_day(happens: Array) -> Array:
    """First day on which something happens on each path; NaN where it never does."""
    days: Array = np.where(happens.any(axis=1), happens.argmax(axis=1).astype(np.float64), np.nan)
    return days


def _joined(parts: list[dict[str, dict[str, Array]]], names: Collection[str]) -> dict[str, dict[str, Array]]:
    return {
        name: {key: np.concatenate([part[name][key] for part in parts]) for key in parts[0][name]}
        for name in names
    }
