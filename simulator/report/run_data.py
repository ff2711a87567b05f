"""Everything a report reads of a run: figures by path, spreads by day, and the paths worth telling.

Nothing is computed here that the results or the analysis do not say: sections ask, and words and figures are made
of the answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from simulator.analysis import binding
from simulator.engine.status import STATUS as STATUSES
from simulator.ensemble.description import told_yields_bp
from simulator.results.days import Average, Fan, average_over_paths, fan, opening_of, read_days, set_of_paths
from simulator.results.errors import OutputError
from simulator.results.flow_of_funds import BOND_LINES, FlowOfFunds, height_of_stress, sector_flows
from simulator.results.folder import RunFolder
from simulator.results.layout import Array, Days
from simulator.results.names import names_of
from simulator.results.outcomes import Outcomes
from simulator.results.reductions import added_by_selling, taken_away_by_policy
from simulator.results.statistics import Estimate
from simulator.results.store import read_block
from simulator.results.summary import Summary, figures_of, summarise
from simulator.results.variables import WITHOUT_POLICY
from simulator.scenario.errors import Problems, ScenarioError

if TYPE_CHECKING:
    from simulator.engine.opening.prepare import Prepared
    from simulator.engine.simulate import BlockResult
    from simulator.scenario.schema import Scenario

TEN_YEAR = "TY"

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class ChosenPath:
    """A path worth telling: what it stands for, its number, and its replay if it could be played again."""

    role: str
    path: int
    severity_bp: float
    replay: BlockResult | None


class RunData:
    """A run as a report sees it.

    Parameters
    ----------
    outcomes
        Of all its paths: ``results.outcomes.collect_outcomes``.
    summary
        Its figures, if they were made already.
    """

    def __init__(self, run: RunFolder, outcomes: Outcomes, summary: Summary | None = None) -> None:
        self.run = run
        self.outcomes = outcomes
        self._summary = summary
        self._averages: dict[str, Average | None] = {}
        self._openings: dict[str, Array] = {}
        self.layout = run.layout
        self.manifest = run.manifest
        self.scenario: Mapping[str, Any] = run.manifest.scenario
        self.antithetic = run.manifest.sampling == "antithetic"
        self.figures = figures_of(run, outcomes)
        self.trades = run.layout.trades
        told = names_of(run.layout.trades, run.manifest.scenario)
        self.names, self.positions, self.basis_at_first, self.yields = told
        self.days = run.layout.dates
        self.dates = [day.isoformat() for day in self.days]
        self.paths = len(outcomes)
        self.why_not = ""

    @cached_property
    def summary(self) -> Summary:
        """The figures that the terminal shows."""
        return self._summary or summarise(self.run, self.outcomes)

    @cached_property
    def finished_paths(self) -> int:
        """Paths that did not stop: what averages are made from."""
        return int((self.outcomes["status"] == 0).sum())

    @cached_property
    def _again(self) -> tuple[Scenario | None, Prepared | None]:
        """The scenario and the opening books of the run, as far as they can be had; ``why_not`` says what is not."""
        from simulator.engine.opening.prepare import prepare
        from simulator.ensemble.recovery import scenario_of

        scenario: Scenario | None = None
        try:
            with scenario_of(self.run.path, self.manifest) as loaded:
                scenario = loaded.scenario
                return scenario, prepare(scenario, loaded.data_files, diary=True, sets=loaded.sets)
        except ScenarioError as error:
            self.why_not = f"this version cannot read the scenario: {error.problems[0].problem.found}"
        except Problems as error:
            self.why_not = f"this version refuses the opening books: {error.problems[0].found}"
        except OutputError as error:
            self.why_not = str(error).removesuffix(".")
        return scenario, None

    @property
    def resolved(self) -> Scenario | None:
        """The scenario of the run, or none when this version cannot read it."""
        return self._again[0]

    @property
    def prepared(self) -> Prepared | None:
        """Opening books, or none when the run cannot be played again."""
        return self._again[1]

    def opening(self, name: str) -> Array:
        """A variable at the opening, seen from the trades, without path and day."""
        if name not in self._openings:  # several sections tell of it
            self._openings[name] = opening_of(self.run, (name,))[name][0, 0]
        return self._openings[name]

    @cached_property
    def held_bn(self) -> float:
        """Positions of all funds at the opening."""
        return float(np.abs(self.opening("fund_packages")).sum())

    @cached_property
    def shown(self) -> tuple[tuple[int, str], ...]:
        """Place and name of the trades that funds hold positions of at the opening; of all where they hold none."""
        held = np.abs(self.opening("fund_packages")) > 0.0
        every = tuple(enumerate(self.names.values()))
        return tuple(each for each in every if held[each[0]]) or every

    @cached_property
    def reference_trade(self) -> str:
        """The trade that stands for the market: the ten-year future, or else the one that unwinds most."""
        if TEN_YEAR in self.trades:
            return TEN_YEAR
        moved = [float(self.measure("unwound", trade=trade).value) for trade in self.trades]
        return self.trades[int(np.nanargmax(moved))] if np.isfinite(moved).any() else self.trades[0]

    # Figures by path

    def values(self, name: str, **where: str) -> Array:
        """An outcome of every path."""
        return self.figures.values(name, **where)

    def measure(self, key: str, scale: float = 1.0, **where: str) -> Estimate:
        """A measure of the table: an average, a probability or a ratio."""
        return self.figures.of(key, scale, **where)

    def ratio(self, above: Array, below: Array) -> Estimate:
        """Ratio of two averages."""
        return self.figures.ratio(above, below)

    @cached_property
    def dysfunction(self) -> Estimate:
        """Probability that the market is dysfunctional."""
        return self.measure("dysfunction")

    # Days

    def average(self, name: str) -> Average | None:
        """Average of a variable by day; none when no path finished."""
        if name not in self._averages:  # several sections tell of it
            days = read_days(self.run, [name])
            self._averages[name] = self._over_paths(average_over_paths, days[name], days["path"])
        return self._averages[name]

    def fan(self, name: str, change: Callable[[Array], Array] | None = None) -> Fan | None:
        """Spread of a variable by day, or of what is made of it; none when no path finished."""
        days = read_days(self.run, [name])
        return self._over_paths(fan, days[name] if change is None else change(days[name]), days["path"])

    def _over_paths(self, made: Callable[..., _Made], values: Array, path: Array) -> _Made | None:
        if not len(values):
            return None
        return made(values, antithetic=self.antithetic, set_of_path=set_of_paths(self.run, path))

    @cached_property
    def added(self) -> Fan | None:
        """What private selling adds to yields, bp by day and trade; none when no path was played without policy."""
        return self._without_policy(added_by_selling)

    @cached_property
    def taken_away(self) -> Fan | None:
        """What policy takes away from yields, bp by day and trade; none as above."""
        return self._without_policy(taken_away_by_policy)

    def _without_policy(self, made: Callable[[Days], Array]) -> Fan | None:
        """Spread of what is made of yields with and without policy, over the paths that finished both ways."""
        names = ["cash_yield_change", "fundamental_yield_change"]
        if self.layout.has_policy and not self.layout.paths_without_policy:
            return None
        twins = [f"cash_yield_change{WITHOUT_POLICY}"] if self.layout.has_policy else []
        days = read_days(self.run, [*names, *twins])
        values = made(days)
        kept = np.isfinite(values).all(axis=(1, 2))
        return self._over_paths(fan, values[kept][..., self.layout.bucket_of_trade], days["path"][kept])

    @cached_property
    def told(self) -> Array | None:
        """Change of yields that the scenario's events tell, bp by day and trade; none when it cannot be had."""
        if self.prepared is None:
            return None
        told = told_yields_bp(self.prepared)
        days: Array = np.concatenate([np.zeros((1, told.shape[1])), told])
        return days[:, self.layout.bucket_of_trade]

    def costs(self, kind: str, state: str) -> dict[str, Estimate]:
        """What $100bn of sales cost at the time, by contract's name, as far as it is known.

        Parameters
        ----------
        kind
            ``sale`` of bonds outright or ``unwind`` of positions.
        state
            A key of :data:`~simulator.results.names.CAPACITY`.
        """
        found = {
            self.names[trade]: self.measure(f"{kind}_impact_{state}", trade=trade) for trade in self.trades
        }
        return {name: cost for name, cost in found.items() if not math.isnan(cost.value)}

    @cached_property
    def limits(self) -> tuple[binding.Binding, ...]:
        """Limits, the one that binds first most often on top."""
        risk = None
        if self.prepared is not None:
            risk = binding.value_at_risk_use(read_days(self.run, binding.RISK_VARIABLES), self.prepared)
        days = read_days(self.run, binding.VARIABLES)
        return binding.binding_limits(
            days, self.layout.channels, self.held_bn, risk, antithetic=self.antithetic
        )

    @cached_property
    def flows(self) -> FlowOfFunds:
        """Bonds that every sector bought and sold since the opening, by day."""
        return sector_flows(self.run, range(self.layout.days + 1), lines=BOND_LINES)

    @cached_property
    def height(self) -> int:
        """The day on which outright selling presses most on yields."""
        return height_of_stress(self.run)

    # Paths

    @cached_property
    def severity(self) -> Array:
        """How bad each path is: its largest move of a basis, bp; NaN where it stopped."""
        severity: Array = self.values("dislocation_move").max(axis=1)
        return severity

    @cached_property
    def chosen(self) -> tuple[ChosenPath, ...]:
        """The worst path, the one that one in twenty is worse than, and the median one; each path once."""
        known = np.flatnonzero(~np.isnan(self.severity))
        order = known[np.argsort(self.severity[known], kind="stable")]
        if not len(order):
            return ()
        places = {
            "the worst path": len(order) - 1,
            "a typical bad path": round(0.95 * (len(order) - 1)),
            "the median path": round(0.5 * (len(order) - 1)),
        }
        found: dict[int, ChosenPath] = {}
        for role, place in places.items():
            number = int(self.outcomes.path[order[place]])
            severity = float(self.severity[order[place]])
            if number not in found:
                found[number] = ChosenPath(role, number, severity, self._replay(number))
        return tuple(found.values())

    def _replay(self, path: int) -> BlockResult | None:
        """The path played again, if it comes out as it is stored."""
        from simulator.ensemble.replay import play_path

        if self.prepared is None:
            return None
        result = play_path(self.prepared, path)
        if not np.array_equal(
            Days({"dislocation": result.records.of("dislocation")[0]}, self.layout)["dislocation"],
            self.path_days(path, "dislocation")[1:],
            equal_nan=True,
        ):
            self.why_not = "played again by this version, a path does not come out to the same bits"
            return None
        return result

    def path_days(self, path: int, name: str) -> Array:
        """Days of one path as they are stored; NaN after it stopped."""
        number = path // self.layout.chunk
        arrays = Days(read_block(self.run.store, self.layout, number, (name,)), self.layout)
        values: Array = arrays[name][path - number * self.layout.chunk]
        return values

    def status_of(self, path: int) -> str:
        """How a path ended, in words; empty when it finished."""
        place = int(np.flatnonzero(self.outcomes.path == path)[0])
        code = int(self.outcomes["status"][place])
        return "" if code == 0 else STATUSES[code][1]


def largest(values: Array) -> int:
    """Place of the largest value in size, NaN left out; 0 if there is none."""
    sizes = np.abs(np.asarray(values, np.float64))
    return int(np.nanargmax(sizes)) if np.isfinite(sizes).any() else 0


def estimate_at(spread: Average, *place: int) -> Estimate:
    """An average at a day (and trade), with its error."""
    error = float(spread.error[place])
    low, high = (math.nan if end is None else float(end[place]) for end in (spread.low, spread.high))
    known = error if math.isfinite(error) else math.nan
    return Estimate(float(spread.mean[place]), known, spread.paths, low, high)
