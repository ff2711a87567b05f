"""What each channel of contagion does: the outcome with the channel off, on the same random numbers.

A channel that is off cannot force or carry anything; the difference to the full model, path by path, is what
the channel adds. Channels that make funds sell are judged by what funds give up, those that move prices by the
dislocation. Effects overlap (a fund spared by one channel may be caught by the next), so they do not add up.

    python -m simulator.analysis.channels scenarios/dash-for-cash-2020.yaml

Units: USD billions of face, bp, differences in the unit of the outcome.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.statistics import Estimate, difference, mean
from simulator.results.variables import BY_TRADE, OF_MARKET, position

if TYPE_CHECKING:
    from simulator.engine.opening import Prepared
    from simulator.engine.records import Records
    from simulator.scenario.schema import Scenario

Values = NDArray[np.float64]


class Outcome(NamedTuple):
    """One number a path: what it is, its unit, and how records make it."""

    meaning: str
    unit: str
    of: Callable[[Prepared, Records], Values]


def unwound(prepared: Prepared, records: Records) -> Values:
    """Packages that funds have given up on the day when they hold least; a reverse trade counts in size."""
    opening = prepared.parameters.opening_packages_bn.sum(axis=1)
    held = _by_trade(records, "fund_packages") * np.sign(opening)
    given_up: Values = (np.abs(opening) - held).sum(axis=2).max(axis=1)
    return given_up


def dislocation_rise(prepared: Prepared, records: Records) -> Values:
    """Largest rise of the dislocation against the funds, averaged over trades by their opening packages."""
    opening = prepared.parameters.opening_packages_bn.sum(axis=1)
    rise = _by_trade(records, "dislocation") - prepared.parameters.opening_dislocation_bp
    average: Values = (rise @ opening) / np.abs(opening).sum()
    highest: Values = average.max(axis=1)
    return highest


def outright_pressure(prepared: Prepared, records: Records) -> Values:
    """Largest yield pressure of outright selling, averaged over trades by what is outstanding."""
    outstanding = prepared.parameters.outstanding_bn
    average: Values = _by_trade(records, "outright_pressure") @ (outstanding / outstanding.sum())
    highest: Values = average.max(axis=1)
    return highest


def equity_lost(prepared: Prepared, records: Records) -> Values:
    """Equity of funds lost by the end: to losses, to redemptions, and to closing out."""
    lost: Values = prepared.parameters.opening_equity_bn.sum() - _of_market(records, "fund_equity")[:, -1]
    return lost


def funds_failed(prepared: Prepared, records: Records) -> Values:
    """Funds closed out."""
    return _of_market(records, "funds_failed")[:, -1]


OUTCOMES = {
    "unwound": Outcome("packages funds gave up", "$bn", unwound),
    "dislocation": Outcome("rise of the dislocation", "bp", dislocation_rise),
    "pressure": Outcome("outright pressure", "bp", outright_pressure),
    "equity": Outcome("fund equity lost", "$bn", equity_lost),
    "failed": Outcome("funds failed", "funds", funds_failed),
}

#: The outcome that each channel should lower when it is off, and why.
JUDGED_BY = {
    "variation_margin": (
        "unwound",
        "no cash leaves with losses on hedges, so none has to be raised by selling",
    ),
    "initial_margin": ("unwound", "margins stay at their opening level, and cash stays free"),
    "haircut": ("unwound", "repo keeps its opening haircut, and cash stays free"),
    "roll_over": ("unwound", "dealers roll every loan, whatever lenders offer them"),
    "redemption": ("unwound", "investors do not leave, so funds do not shrink with them"),
    "risk_limit": ("unwound", "funds hold on until calls force them"),
    "default": (
        "dislocation",
        "no book is seized and sold, and no loss on a client cuts what dealers can carry",
    ),
    "dealer_capacity": ("dislocation", "the next unit of balance sheet costs as much as the first"),
}
#: The same for price impact in both markets, which is scaled to nothing instead of switched off.
PRICE_IMPACT = "price_impact"
PRICE_IMPACT_JUDGED_BY = ("dislocation", "sales move no price: what is left is the direct loss")


@dataclass(frozen=True)
class ChannelEffect:
    """What a channel does: outcomes without it, and their change from the full model."""

    channel: str
    judged_by: str
    reason: str
    without: Mapping[str, Estimate]
    change: Mapping[str, Estimate]

    @property
    def errors_away(self) -> float:
        """Change of the outcome it is judged by, in standard errors; zero when no path changed."""
        change = self.change[self.judged_by]
        return change.value / change.standard_error if change.standard_error > 0.0 else 0.0


@dataclass(frozen=True)
class ChannelTable:
    """The full model and the effect of each channel, over the paths that no variant stopped."""

    scenario: str
    paths: int
    full: Mapping[str, Estimate]
    effects: tuple[ChannelEffect, ...]

    def effect(self, channel: str) -> ChannelEffect:
        """Effect of one channel."""
        return next(effect for effect in self.effects if effect.channel == channel)


def channel_table(
    scenario: Scenario,
    files: Mapping[str, Path] | None = None,
    paths: int = 2000,
    *,
    channels: Collection[str] = (*JUDGED_BY, PRICE_IMPACT),
    threads: int = 1,
) -> ChannelTable:
    """Play a scenario in full, without each channel, and without price impact, on the same random numbers.

    Parameters
    ----------
    scenario, files
        A validated scenario and its data files, as the loader resolved them.
    paths
        Paths of each run.
    channels
        What is switched off, one at a time; all by default.
    threads
        Blocks at a time; the numbers do not depend on it.
    """
    full = play_outcomes(scenario, files, paths, threads)
    variants = {
        channel: without_price_impact(scenario)
        if channel == PRICE_IMPACT
        else without_channel(scenario, channel)
        for channel in channels
    }
    runs = {name: play_outcomes(variant, files, paths, threads) for name, variant in variants.items()}
    finished = np.all([np.isfinite(run["unwound"]) for run in (full, *runs.values())], axis=0)
    mirrored = scenario.drivers.sampling == "antithetic"

    def keep(values: Values) -> Values:
        return np.where(finished, values, np.nan)

    def effect(channel: str, run: Mapping[str, Values]) -> ChannelEffect:
        judged_by, reason = JUDGED_BY.get(channel, PRICE_IMPACT_JUDGED_BY)
        return ChannelEffect(
            channel,
            judged_by,
            reason,
            {name: mean(keep(run[name]), antithetic=mirrored) for name in OUTCOMES},
            {name: difference(keep(run[name]), keep(full[name]), antithetic=mirrored) for name in OUTCOMES},
        )

    return ChannelTable(
        scenario.name,
        int(finished.sum()),
        {name: mean(keep(full[name]), antithetic=mirrored) for name in OUTCOMES},
        tuple(effect(channel, run) for channel, run in runs.items()),
    )


def without_channel(scenario: Scenario, channel: str) -> Scenario:
    """The scenario with one channel switched off."""
    return scenario.model_copy(update={"channels": scenario.channels.model_copy(update={channel: False})})


def without_price_impact(scenario: Scenario) -> Scenario:
    """The scenario in which sales move no price."""
    return scenario.model_copy(update={"dealers": scenario.dealers.model_copy(update={"impact_scale": 0.0})})


def play_outcomes(
    scenario: Scenario, files: Mapping[str, Path] | None, paths: int, threads: int
) -> dict[str, Values]:
    """Play a scenario in memory: every outcome by path; NaN for paths that stopped."""
    from simulator.engine.opening import prepare
    from simulator.engine.simulate import simulate_block

    prepared = prepare(scenario, files)
    block = int(scenario.numerics.block)

    def play(first: int) -> dict[str, Values]:
        records = simulate_block(prepared, first, min(block, paths - first)).records
        with np.errstate(invalid="ignore"):  # stopped paths are NaN
            return {name: outcome.of(prepared, records) for name, outcome in OUTCOMES.items()}

    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(play, range(0, paths, block)))
    return {name: np.concatenate([played[name] for played in blocks]) for name in OUTCOMES}


def _by_trade(records: Records, name: str) -> Values:
    return records.by_trade[:, :, position(BY_TRADE, name)].astype(np.float64)


def _of_market(records: Records, name: str) -> Values:
    return records.of_market[:, :, position(OF_MARKET, name)].astype(np.float64)


def print_table(table: ChannelTable) -> None:
    """Show the table: a row for each channel, the change of every outcome with its standard error."""
    from rich.console import Console
    from rich.table import Table

    title = f"{table.scenario}: outcome with each channel off, less the full model ({table.paths:,} paths)"
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("without")
    for outcome in OUTCOMES.values():
        shown.add_column(f"{outcome.meaning}, {outcome.unit}", justify="right")
    shown.add_column("standard errors", justify="right")
    shown.add_row("(full model)", *(_figure(table.full[name]) for name in OUTCOMES), "")
    for effect in table.effects:
        cells = [
            _figure(effect.change[name], signed=True) + (" *" if name == effect.judged_by else "")
            for name in OUTCOMES
        ]
        shown.add_row(effect.channel.replace("_", " "), *cells, f"{effect.errors_away:+.1f}")
    console = Console(markup=False, highlight=False, width=150)
    console.print(shown)
    console.print("* the outcome the channel is judged by; plus and minus one standard error.")


def _figure(estimate: Estimate, *, signed: bool = False) -> str:
    value = f"{estimate.value:+.3f}" if signed else f"{estimate.value:.3f}"
    return f"{value} ± {estimate.standard_error:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of a scenario file."""
    from simulator.scenario.loading import load_scenario

    parser = argparse.ArgumentParser(
        description="What each channel of contagion does, on common random numbers."
    )
    parser.add_argument("scenario", type=Path, help="scenario file")
    parser.add_argument("--paths", type=int, default=2000, help="paths of each run")
    parser.add_argument("--threads", type=int, default=2, help="blocks at a time")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", help="key=value of the scenario"
    )
    chosen: Any = parser.parse_args(arguments)
    loaded = load_scenario(chosen.scenario, chosen.settings)
    print_table(channel_table(loaded.scenario, loaded.data_files, chosen.paths, threads=chosen.threads))


if __name__ == "__main__":
    main()
