"""A validated scenario becomes parameters, the books of day 0 and its schedule.

Everything that needs thought happens here, once: which bond is cheapest, what slopes and limits the opening implies,
who owes whom. The compiled day only reads the result. Choices that had to be forced (equity raised to cover margin)
are kept as notes and shown, never silent.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, get_args

import numpy as np

from simulator.drivers.block import DriverSpec
from simulator.engine import parameters as tables
from simulator.engine.hedges.kinds import margin_period_of
from simulator.engine.opening.bonds import market_sizes, open_markets
from simulator.engine.opening.day_zero import open_margins, open_rolls
from simulator.engine.opening.dealers import open_dealers, open_lenders
from simulator.engine.opening.funds import open_funds
from simulator.engine.opening.hedgers import open_hedge_market, open_managers, split
from simulator.engine.opening.policy import WithoutPolicy, prepare_without_policy
from simulator.engine.opening.population import draw_dealers, draw_funds
from simulator.engine.opening.schedule import build_schedule
from simulator.engine.opening.world import build_driver_spec
from simulator.engine.parameters import (
    CLEARING_HOUSE,
    DEALERS,
    FUNDS,
    LENDERS,
    MANAGERS,
    Choices,
    OpeningTerms,
    Parameters,
    Schedule,
    Watch,
    figures,
)
from simulator.engine.state import State, allocate_opening, allocate_state
from simulator.inputs.opened import Inputs, open_inputs, with_records
from simulator.inputs.populations import DealerPopulation, FundPopulation
from simulator.model.table import Floats, leaves
from simulator.scenario.parameter_sets import PATHS_A_SET, ParameterSets, laid_over
from simulator.scenario.schema import ClearingHouse, Dealers, Scenario, drawn_names

#: Prepared scenarios of parameter sets that are kept: those of a block are needed when its paths are played again.
VARIANTS_KEPT = 32


class Variants:
    """A scenario at each of its parameter sets, prepared when the first path is played with it.

    Parameters
    ----------
    sets
        Of parameters that may be replaced.
    files, audit, diary
        As :func:`prepare` takes them.
    """

    def __init__(
        self, scenario: Scenario, sets: ParameterSets, files: Mapping[str, Path], *, audit: bool, diary: bool
    ) -> None:
        self._scenario = scenario
        self._files, self._audit, self._diary = dict(files), audit, diary
        self.sets = sets
        self._kept: OrderedDict[int, Prepared] = OrderedDict()
        self._lock = Lock()

    def of_path(self, path: int) -> Prepared:
        """What a path is played with."""
        number = self.sets.set_of_path(path)
        with self._lock:
            if number in self._kept:
                return self._kept[number]
        scenario = laid_over(self._scenario, self.sets.figures(number))
        made = prepare(scenario, self._files, audit=self._audit, diary=self._diary)
        with self._lock:
            self._kept[number] = made
            while len(self._kept) > VARIANTS_KEPT:
                self._kept.popitem(last=False)
        return made

    def stretches(self, first_path: int, path_count: int) -> Iterator[tuple[Prepared, int, int]]:
        """Consecutive paths that share a set: what they are played with, the first of them, and how many."""
        path, end = first_path, first_path + path_count
        while path < end:
            after = min(end, (path // PATHS_A_SET + 1) * PATHS_A_SET)
            yield self.of_path(path), path, after - path
            path = after

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state | {"_lock": Lock()}


@dataclass(frozen=True)
class Prepared:
    """A scenario ready to run.

    Attributes
    ----------
    parameters, schedule, driver_spec
        What the kernel and the drivers read.
    without_policy
        The same without the policy that acts after the opening; none where there is none.
    opening
        Memory of the books on day 0, which every path starts from.
    sizes
        Numbers of agents and of everything that tables run over.
    buckets, hedges, trades, funds, dealers, managers
        Names, in the order of the arrays.
    named_funds, named_dealers
        Those of which records are kept one by one.
    notes
        Sentences on choices the opening books forced.
    variants
        The same scenario at each of the parameter sets over which its paths are spread; none if they are not.
    """

    scenario: Scenario
    parameters: Parameters
    schedule: Schedule
    driver_spec: DriverSpec
    without_policy: WithoutPolicy | None
    opening: Floats
    sizes: Mapping[str, int]
    buckets: tuple[str, ...]
    hedges: tuple[str, ...]
    trades: tuple[str, ...]
    funds: tuple[str, ...]
    named_funds: tuple[str, ...]
    named_dealers: tuple[str, ...]
    dealers: tuple[str, ...]
    managers: tuple[str, ...]
    notes: tuple[str, ...]
    variants: Variants | None = None

    def of_path(self, path: int) -> Prepared:
        """What a path is played with: the scenario at its parameter set, if paths are spread over sets."""
        return self if self.variants is None else self.variants.of_path(path)

    def new_state(self, diary_capacity: int = 0) -> tuple[State, Floats]:
        """Books for one thread to work in, and their memory."""
        return allocate_state(self.sizes, diary_capacity)

    def opening_state(self) -> State:
        """The books on day 0, to read from."""
        state, memory = self.new_state()
        memory[:] = self.opening
        return state


def prepare(
    scenario: Scenario,
    files: Mapping[str, Path] | None = None,
    *,
    audit: bool = False,
    diary: bool = False,
    sets: ParameterSets | None = None,
) -> Prepared:
    """Build parameters, opening books and schedule of a scenario.

    Parameters
    ----------
    scenario
        A validated scenario.
    files
        Data files it names, by reference, as the loader resolved them.
    sets
        Parameter sets over which its paths are spread.

    Raises
    ------
    Problems
        If a data file cannot be used, or an agent's books cannot balance.
    """
    inputs = open_inputs(scenario, files or {})
    market = scenario.market
    funds = _all_funds(scenario, inputs)
    dealers = _all_dealers(scenario, inputs)
    named = with_records(inputs.added, scenario.output.funds)
    named_desks = with_records(inputs.added_dealers, scenario.output.dealers)
    sizes = market_sizes(market) | {
        "fund": len(funds.names),
        "dealer": len(dealers.names),
        "lender": scenario.lenders.count,
        "manager": scenario.asset_managers.count,
        "named_fund": len(named),
        "named_dealer": len(named_desks),
    }
    p = _parameters(scenario, allocate_opening(sizes), Watch(int(audit), int(diary)))
    s, memory = allocate_state(sizes)
    open_markets(scenario, p, s)
    bank = scenario.central_bank
    floor = np.array([hedge.exchange_margin for hedge in market.hedges.values()])
    p.opening.hedges.margin_floor[:] = floor
    p.opening.hedges.margin_period[:] = [
        scenario.clearing_house.margin_period if own is None else own
        for own in map(margin_period_of, market.hedges.values())
    ]
    s.others.margin_minimum[0] = bank.margin_minimum
    open_margins(p, s)
    notes = open_funds(scenario, funds, p, s)
    open_hedge_market(scenario, p, s)
    open_dealers(scenario, p, s, dealers, inputs.client_network, inputs.added)
    open_lenders(scenario, p, s, inputs.lender_network)
    open_managers(scenario, p, s)
    open_rolls(market, p, s)
    outstanding = p.opening.buckets.outstanding_bn * [name in market.treasuries for name in market.buckets]
    p.opening.buckets.outright_split[:] = split(bank.outright.buckets, list(market.buckets), outstanding)
    _open_others(scenario, p, s)
    _open_named(p, s, [*map(funds.names.index, named)], [*map(dealers.names.index, named_desks)])
    _require_whole(p.opening)
    schedule = build_schedule(scenario, dealers.names, p.opening.lenders.offer_bn)
    return Prepared(
        scenario=scenario,
        parameters=p,
        schedule=schedule,
        without_policy=prepare_without_policy(scenario, p, schedule, dealers.names),
        driver_spec=build_driver_spec(scenario, inputs),
        opening=memory,
        sizes=sizes,
        buckets=tuple(market.buckets),
        hedges=tuple(market.hedges),
        trades=tuple(market.trades),
        funds=funds.names,
        named_funds=named,
        named_dealers=named_desks,
        dealers=dealers.names,
        managers=tuple(drawn_names("asset manager", scenario.asset_managers.count)),
        notes=(*notes, *inputs.notes),
        variants=None if sets is None else Variants(scenario, sets, files or {}, audit=audit, diary=diary),
    )


def _all_funds(scenario: Scenario, inputs: Inputs) -> FundPopulation:
    """Funds from the file or drawn, with those of the user's own among them: the crowd then holds so much less."""
    held = np.array([trade.fund_packages for trade in scenario.market.trades.values()])
    if inputs.added is not None and inputs.funds is None:
        held = held - inputs.added.packages_bn.sum(axis=1)
    crowd = draw_funds(scenario.funds, held) if inputs.funds is None else inputs.funds
    return crowd if inputs.added is None else crowd.with_added(inputs.added)


def _open_named(p: Parameters, s: State, funds: list[int], dealers: list[int]) -> None:
    """Where the named stand, and what a package of each fund is worth."""
    named, trades = p.opening.named, p.opening.trades
    named.fund[:], named.dealer[:] = funds, dealers
    ratio = p.opening.funds.hedge_ratio[:, funds]
    price = p.opening.buckets.price[trades.bucket_of]
    named.package_value[:] = price[:, None] - ratio * s.hedges.value[trades.hedge_of][:, None]
    s.named_funds.allowed[:] = 1.0


def _all_dealers(scenario: Scenario, inputs: Inputs) -> DealerPopulation:
    """Dealers from the file or drawn, with those of the user's own among them: the others then do so much less."""
    crowd = draw_dealers(scenario.dealers) if inputs.dealers is None else inputs.dealers
    return crowd if inputs.added_dealers is None else crowd.with_added(inputs.added_dealers)


def _parameters(scenario: Scenario, opening: OpeningTerms, watch: Watch) -> Parameters:
    bank = scenario.central_bank
    forms = get_args(Dealers.model_fields["impact"].annotation)
    measures = get_args(ClearingHouse.model_fields["anti_procyclicality"].annotation)
    return Parameters(
        funds=figures(tables.FundFigures, scenario.funds),
        dealers=figures(tables.DealerFigures, scenario.dealers),
        end_investors=figures(tables.EndInvestorFigures, scenario.end_investors),
        asset_managers=figures(tables.ManagerFigures, scenario.asset_managers),
        lenders=figures(tables.LenderFigures, scenario.lenders),
        other_hedgers=figures(tables.OtherHedgerFigures, scenario.other_hedgers),
        speculators=figures(tables.SpeculatorFigures, scenario.speculators),
        foreign_holders=figures(tables.ForeignFigures, scenario.foreign_holders),
        clearing_house=figures(tables.ClearingHouseFigures, scenario.clearing_house),
        central_bank=figures(tables.CentralBankFigures, bank),
        channels=figures(tables.ChannelFigures, scenario.channels),
        numerics=figures(tables.NumericFigures, scenario.numerics),
        choices=Choices(
            impact=forms.index(scenario.dealers.impact),
            anti_procyclicality=measures.index(scenario.clearing_house.anti_procyclicality),
            sells_pro_rata=int(scenario.funds.exit_order == "pro-rata"),
            cuts_cheapest=int(scenario.funds.cut_order == "cheapest"),
            outright_by_rule=int(bank.outright.mode == "rule"),
            hedged_by_rule=int(bank.hedged.mode == "rule"),
        ),
        opening=opening,
        watch=watch,
    )


def _open_others(scenario: Scenario, p: Parameters, s: State) -> None:
    """Holdings of foreigners, central bank and everybody else, and everybody's cash."""
    buckets = list(scenario.market.buckets.values())
    s.buckets.foreign_bonds[:] = [bucket.foreign_bonds for bucket in buckets]
    s.buckets.central_bonds[:] = [bucket.central_bank_bonds for bucket in buckets]
    held = np.zeros(len(buckets))
    np.add.at(held, p.opening.hedges.bucket_of, s.hedges.dealer_packages)
    held += s.buckets.inventory
    np.add.at(held, p.opening.trades.bucket_of, s.trades.fund_bonds)
    held += s.managers.bonds.sum(axis=1) + s.buckets.foreign_bonds + s.buckets.central_bonds
    s.buckets.end_bonds[:] = p.opening.buckets.outstanding_bn - held
    own = scenario.clearing_house.own_capital
    s.others.waterfall_left[0] = own
    s.others.volatility_multiple[0] = 1.0
    cash = s.accounts.cash
    cash[FUNDS] = s.funds.cash.sum()
    cash[MANAGERS] = s.managers.cash.sum()
    cash[DEALERS] = p.opening.dealers.cash_bn[0]
    cash[CLEARING_HOUSE] = s.funds.posted.sum() + s.dealers.posted[0] + s.managers.posted[0] + own
    cash[LENDERS] = float(p.opening.lenders.offer_bn.sum()) - s.dealers.borrowed[0]


def _require_whole(opening: OpeningTerms) -> None:
    """Find figures that no step of the opening filled: a defect, or a step that came too early."""
    missed = [name for name, values in leaves(opening) if np.isnan(values).any()]
    if missed:
        raise AssertionError(f"the opening books leave {', '.join(missed)} without a figure")
