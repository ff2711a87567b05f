"""Opening books: a validated scenario becomes flat parameters, the state of day 0 and its schedule.

Everything that needs thought happens here, once, in plain Python: which bond is cheapest, what slopes and
limits the opening implies, who owes whom. The compiled day only reads the result. Choices that had to be
forced (equity raised to cover margin) are kept as notes and shown, never silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simulator.contracts import CONTRACTS
from simulator.drivers.block import DriverSpec
from simulator.engine.parameters import (
    CENTRAL_BANK,
    CLEARING_HOUSE,
    DEALERS,
    IMPACT_FORMS,
    LENDERS,
    MARGIN_MEASURES,
    TRADING_DAYS_PER_YEAR,
    Floats,
    Ints,
    Parameters,
    Schedule,
)
from simulator.engine.population import (
    FundPopulation,
    client_network,
    draw_funds,
    lender_network,
    pareto_shares,
    read_dealers,
    read_funds,
    read_matrix,
    shuffled_quantiles,
)
from simulator.engine.schedule import build_schedule
from simulator.engine.state import State, allocate
from simulator.engine.valuation import (
    BondValues,
    factors_from_maturity,
    opening_futures_prices,
    value_bonds,
)
from simulator.engine.world import build_driver_spec
from simulator.scenario.schema import CURVE_TENORS_YEARS, Scenario

REFERENCE_MATURITY_YEARS = 10.0
SMALLEST_FUTURES_BN = 1.0


@dataclass(frozen=True)
class Prepared:
    """A scenario ready to run.

    Attributes
    ----------
    parameters, schedule, driver_spec
        What the kernel and the drivers read.
    opening
        Buffer of day 0, which every path starts from.
    trades, funds, dealers
        Names, in the order of the arrays.
    notes
        Sentences on choices the opening books forced.
    """

    scenario: Scenario
    parameters: Parameters
    schedule: Schedule
    driver_spec: DriverSpec
    opening: Floats
    trades: tuple[str, ...]
    funds: tuple[str, ...]
    dealers: tuple[str, ...]
    notes: tuple[str, ...]
    manager_count: int

    def new_scratch(self, diary_capacity: int = 0) -> tuple[State, Floats]:
        """A state for one thread to work in, and the buffer its arrays are views of."""
        return allocate(
            len(self.trades),
            len(self.funds),
            len(self.dealers),
            self.manager_count,
            len(self.parameters.bond_coupon),
            diary_capacity,
        )


@dataclass(frozen=True)
class _Bonds:
    """The opening market by bond and by trade, in arrays."""

    coupon: Floats
    maturity: Floats
    yield_: Floats
    factor: Floats
    weight: Floats
    start: Ints
    held: Ints
    is_swap: Ints
    delivery: Floats
    values: BondValues

    def of_held(self, by_bond: Floats) -> Floats:
        return by_bond[self.held]


def prepare(
    scenario: Scenario,
    files: Mapping[str, Path] | None = None,
    *,
    audit: bool = False,
    diary: bool = False,
) -> Prepared:
    """Build parameters, opening state and schedule of a scenario.

    Parameters
    ----------
    scenario
        A validated scenario.
    files
        Data files it names, by reference, as the loader resolved them.

    Raises
    ------
    Problems
        If a population file or a network file cannot be used, or an agent's books cannot balance.
    """
    files = files or {}
    trades = tuple(scenario.market.trades)
    bonds = _bonds(scenario)
    funds = _funds(scenario, files, list(trades))
    dealer_names, dealer_shares = _dealers(scenario, files)
    books = _Books(scenario, bonds, funds, dealer_shares, files, dealer_names)
    parameters = books.parameters(audit, diary)
    state, buffer = allocate(
        len(trades), len(funds.names), len(dealer_names), scenario.asset_managers.count, len(bonds.coupon)
    )
    books.fill(state)
    return Prepared(
        scenario=scenario,
        parameters=parameters,
        schedule=build_schedule(scenario),
        driver_spec=build_driver_spec(scenario, files),
        opening=buffer,
        trades=trades,
        funds=funds.names,
        dealers=dealer_names,
        notes=tuple(books.notes),
        manager_count=scenario.asset_managers.count,
    )


def _column(scenario: Scenario, name: str) -> Floats:
    return np.array([getattr(trade, name) for trade in scenario.market.trades.values()], dtype=np.float64)


def _funds(scenario: Scenario, files: Mapping[str, Path], trades: list[str]) -> FundPopulation:
    if scenario.funds.population:
        return read_funds(files[scenario.funds.population], trades, scenario.funds)
    return draw_funds(scenario.funds, _column(scenario, "fund_packages"))


def _dealers(scenario: Scenario, files: Mapping[str, Path]) -> tuple[tuple[str, ...], Floats]:
    if scenario.dealers.population:
        return read_dealers(files[scenario.dealers.population])
    shares = pareto_shares(scenario.dealers.count, scenario.dealers.size_tail)
    return tuple(f"dealer {d + 1}" for d in range(scenario.dealers.count)), shares


def curve_weights(maturity_years: Floats) -> Floats:
    """Weights of the curve's tenors at each maturity, (bond, tenor): linear between tenors, flat beyond them."""
    tenors = np.array(CURVE_TENORS_YEARS)
    return np.stack([np.interp(maturity_years, tenors, row) for row in np.eye(len(tenors))], axis=1)


def _bonds(scenario: Scenario) -> _Bonds:
    market = scenario.market
    curve = np.array([getattr(market.par_curve, f"y{tenor:.0f}") for tenor in CURVE_TENORS_YEARS])
    deliverables = [bond for trade in market.trades.values() for bond in trade.deliverables]
    counts = [len(trade.deliverables) for trade in market.trades.values()]
    trade_of = np.repeat(np.arange(len(counts)), counts)
    coupon = np.array([bond.coupon for bond in deliverables])
    maturity = np.array([bond.maturity for bond in deliverables])
    weight = curve_weights(maturity)
    yield_ = weight @ curve + np.array([bond.spread for bond in deliverables]) * 1e-4
    is_swap = np.array([int(trade.hedge == "swap") for trade in market.trades.values()])
    delivery = np.where(is_swap == 1, 0.0, _column(scenario, "time_to_delivery"))
    by_bond = delivery[trade_of]
    values = value_bonds(coupon, maturity, yield_, by_bond)
    # A swap has no factor: its single bond is hedged one for one below, whatever the terms here.
    terms = [
        CONTRACTS[trade.contract or name] if trade.hedge == "futures" else CONTRACTS["TY"]
        for name, trade in market.trades.items()
    ]
    notional = np.array([contract.notional_coupon for contract in terms])[trade_of]
    rounding = np.array([float(contract.factor_rounding_months) for contract in terms])[trade_of]
    computed = factors_from_maturity(coupon, maturity - by_bond, notional, rounding)
    given = [bond.conversion_factor for bond in deliverables]
    factor = np.array([c if g is None else g for g, c in zip(given, computed, strict=True)])
    factor = np.where(is_swap[trade_of] == 1, 1.0, factor)
    implied = market.policy_rate + 1e-4 * _column(scenario, "dislocation")[trade_of]
    converted = opening_futures_prices(values, by_bond, implied, factor)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    held = np.array([a + int(np.argmin(converted[a:b])) for a, b in pairwise(start)], np.int64)
    return _Bonds(coupon, maturity, yield_, factor, weight, start, held, is_swap, delivery, values)


class _Books:
    """Opening balance sheets, in the order in which one follows from another."""

    def __init__(
        self,
        scenario: Scenario,
        bonds: _Bonds,
        funds: FundPopulation,
        dealer_shares: Floats,
        files: Mapping[str, Path],
        dealer_names: tuple[str, ...],
    ) -> None:
        self.scenario = scenario
        self.bonds = bonds
        self.funds = funds
        self.dealer_shares = dealer_shares
        self.notes: list[str] = []
        self._price_trades()
        self._set_margins()
        self._open_funds()
        self._open_hedge_market()
        self._open_dealers(files, dealer_names)
        self._open_lenders(files, dealer_names)
        self._open_managers()

    def _price_trades(self) -> None:
        s, b = self.scenario, self.bonds
        self.price = b.of_held(b.values.price)
        self.duration = b.of_held(b.values.duration)
        self.price_per_bp = self.price * self.duration * 1e-4
        self.dislocation = _column(s, "dislocation")
        self.volatility = _column(s, "volatility") / np.sqrt(TRADING_DAYS_PER_YEAR)
        self.reference = int(np.argmin(np.abs(b.maturity[b.held] - REFERENCE_MATURITY_YEARS)))
        distance = np.abs(np.log(b.maturity[b.held][:, None] / b.maturity[b.held][None, :]))
        self.correlation = np.exp(-s.market.yield_correlation_decay * distance)
        horizon = np.where(b.is_swap == 1, self.duration, b.delivery * 365.0 / 360.0)
        self.cash_bp_per_dislocation_bp = _column(s, "cash_share") * horizon / self.duration
        self.risk_per_face = self.price * horizon

    def _set_margins(self) -> None:
        house, bank = self.scenario.clearing_house, self.scenario.central_bank
        per_sigma = house.confidence * np.sqrt(house.margin_period) * self.volatility * self.price_per_bp
        asked = per_sigma.copy()
        if house.anti_procyclicality == "buffer":
            asked = (1.0 + house.buffer) * per_sigma
        elif house.anti_procyclicality == "floor":
            asked = np.maximum(per_sigma, house.long_history_volatility * per_sigma)
        elif house.anti_procyclicality == "stressed-weight":
            stressed = np.maximum(per_sigma, house.stressed_volatility * per_sigma)
            asked = (1.0 - house.stressed_weight) * per_sigma + house.stressed_weight * stressed
        self.margin_floor = _column(self.scenario, "exchange_margin") * bank.margin_minimum
        self.margin = np.maximum(asked, self.margin_floor)
        self.margin_factor = 1.0 - self.scenario.funds.cross_margining * house.cross_margin_saving

    def _open_funds(self) -> None:
        f, funds = self.scenario.funds, self.funds
        count = len(funds.names)
        self.packages = funds.packages_bn
        errors = np.stack([_spread_evenly(f"hedge error {j}", count) for j in range(len(self.price))])
        self.hedge_ratio = 1.0 + f.hedge_error * errors
        self.haircut_floor = np.full(count, max(f.haircut_floor, self.scenario.central_bank.haircut_minimum))
        self.haircut = np.maximum(self.haircut_floor, funds.haircut)
        self.loan = (1.0 - self.haircut) * self.price[:, None] * self.packages
        posted = np.abs(self.packages * self.hedge_ratio) * (self.margin * self.margin_factor)[:, None]
        self.posted = posted.sum(axis=0)
        book = (np.abs(self.packages) * self.price[:, None]).sum(axis=0)
        stake = (self.price[:, None] * self.packages - self.loan).sum(axis=0)
        equity = np.where(np.isnan(funds.equity_bn), book / funds.leverage, funds.equity_bn)
        cash = np.where(np.isnan(funds.free_cash_bn), f.free_cash * equity, funds.free_cash_bn)
        other = equity - cash - self.posted - stake
        short = other < 0.0
        if short.any():
            needed = (self.posted + stake) / (1.0 - f.free_cash) if f.free_cash < 1.0 else self.posted + stake
            equity = np.where(short, np.maximum(equity, needed), equity)
            cash = np.where(short, np.minimum(cash, equity - self.posted - stake), cash)
            cash = np.where(short & np.isnan(funds.free_cash_bn), equity - self.posted - stake, cash)
            other = equity - cash - self.posted - stake
            self.notes.append(
                f"{int(short.sum())} of {count} funds were given more equity, because margin, haircuts and free "
                f"cash need it at their leverage (median {np.median(book[short] / equity[short]):.1f}x now)."
            )
        self.equity, self.cash, self.other = equity, cash, np.maximum(other, 0.0)
        self.line = np.where(np.isnan(funds.line_bn), f.committed_line * equity, funds.line_bn)
        self.leverage = np.divide(book, equity, out=np.zeros(count), where=equity > 0.0)
        risk = (np.abs(self.packages) * self.risk_per_face[:, None]).sum(axis=0)
        self.risk_of_equity = np.divide(risk, equity, out=np.zeros(count), where=equity > 0.0)
        self.equity_reference = np.where(equity > 0.0, equity, 1.0)

    def _open_hedge_market(self) -> None:
        s = self.scenario
        self.futures = _column(s, "asset_manager_futures")
        self.dealer_packages = _column(s, "dealer_packages")
        shorts = (self.packages * self.hedge_ratio).sum(axis=1) + self.dealer_packages
        self.other_hedgers = shorts - self.futures
        size = np.maximum(np.abs(self.futures), SMALLEST_FUTURES_BN)
        self.demand_slope = s.asset_managers.demand_slope / (0.1 * size)

    def _open_dealers(self, files: Mapping[str, Path], names: tuple[str, ...]) -> None:
        d, bank = self.scenario.dealers, self.scenario.central_bank
        self.inventory = _column(self.scenario, "dealer_inventory")
        if d.network:
            self.client_share = read_matrix("dealers.network", files[d.network], self.funds.names, names)
        else:
            self.client_share = client_network(d, len(self.funds.names), self.dealer_shares)
        owed = self.loan.sum(axis=0)
        self.lent = owed @ self.client_share
        self.client_weakness = _client_weakness(self.client_share, owed, self.lent)
        self.unnetted = d.unnetted_repo * (1.0 - bank.clearing_mandate)
        value = (np.abs(self.dealer_packages) + np.abs(self.inventory)) @ self.price
        repo = self.lent + d.other_repo * self.dealer_shares
        # Policy that nets more repo must not shrink the limit it is meant to relieve.
        self.limit = (self.dealer_shares * value + d.unnetted_repo * repo) / d.opening_use
        self.capital = self.limit * d.capital_ratio
        used = value + self.unnetted * (self.lent.sum() + d.other_repo)
        by_dealer = self.dealer_shares * value + self.unnetted * repo
        self.use = np.divide(by_dealer, self.limit, out=np.zeros(len(repo)), where=self.limit > 0.0)
        use = used / self.limit.sum() if self.limit.sum() > 0.0 else 0.0
        self.opening_cost = _cost(d, use) if self.limit.sum() > 0.0 else 0.0
        self.opening_risk = float(np.abs(self.inventory) @ (self.price_per_bp * self.volatility))
        risk_use = d.value_at_risk_use if self.opening_risk > 0.0 else 0.0
        self.opening_inventory_cost = max(self.opening_cost, _cost(d, risk_use))
        self.dealer_posted = float(self.margin @ np.abs(self.dealer_packages))
        bonds = float((self.dealer_packages + self.inventory) @ self.price)
        assets = self.lent.sum() + d.other_repo + bonds + self.dealer_posted
        before_buffer = assets - self.capital.sum()
        self.dealer_cash = d.cash_buffer * max(before_buffer, 0.0)
        self.borrowed = before_buffer + self.dealer_cash
        book = d.other_repo + bonds + self.dealer_posted + self.dealer_cash
        self.needed = self.lent + self.dealer_shares * book - self.capital

    def _open_lenders(self, files: Mapping[str, Path], names: tuple[str, ...]) -> None:
        lenders = self.scenario.lenders
        if lenders.network:
            lender_names = tuple(f"lender {n + 1}" for n in range(lenders.count))
            shares = read_matrix("lenders.network", files[lenders.network], names, lender_names)
        else:
            shares = lender_network(lenders, self.dealer_shares)
        need = np.maximum(self.needed, 0.0) * (1.0 + lenders.headroom)
        self.offer = (shares * need[:, None]).T.copy()

    def _open_managers(self) -> None:
        m = self.scenario.asset_managers
        self.manager_share = pareto_shares(m.count, m.size_tail)
        bonds = _column(self.scenario, "asset_manager_bonds")
        self.manager_bonds = bonds[:, None] * self.manager_share[None, :]
        value = float(bonds @ self.price)
        other = m.other_assets * value
        cash = (value + other) * m.cash / (1.0 - m.cash) if m.cash < 1.0 else value + other
        self.manager_posted = float(self.margin @ np.abs(self.futures))
        self.manager_cash = cash * self.manager_share
        self.manager_other = (other - self.manager_posted) * self.manager_share
        self.manager_value = (value + other + cash) * self.manager_share
        spread = np.linspace(0.5, 1.5, m.count) if m.count > 1 else np.ones(1)
        self.manager_sensitivity = spread / float(spread @ self.manager_share)

    def fill(self, state: State) -> None:
        """Write the opening books into a state."""
        state.price[:] = self.price
        state.hedge[:] = opening_hedges(self.scenario, self.bonds)
        state.hedge_at_open[:] = state.hedge
        state.dislocation_bp[:] = self.dislocation
        state.variance[:] = self.volatility**2
        state.volatility_bp[:] = self.volatility
        state.volatility_ratio[:] = 1.0
        state.margin[:] = self.margin
        state.model_margin[:] = self.margin
        state.packages[:] = self.packages
        state.loan[:] = self.loan
        state.haircut[:] = self.haircut
        state.cash[:] = self.cash
        state.posted[:] = self.posted
        state.other[:] = self.other
        state.other_left[:] = np.minimum(self.other, self._other_sale())
        state.alive[:] = 1.0
        state.equity[:] = self.equity
        state.peak_equity[:] = self.equity
        state.fund_hedge[:] = (self.packages * self.hedge_ratio).sum(axis=1)
        state.fund_bonds[:] = self.packages.sum(axis=1)
        state.dealer_package[:] = self.dealer_packages
        state.inventory[:] = self.inventory
        state.capital[:] = self.capital
        state.dealer_alive[:] = 1.0
        state.share[:] = self.dealer_shares
        state.lent_to_funds[:] = self.lent
        state.offer[:] = self.offer.sum(axis=0)
        state.use[:] = self.use
        state.manager_bonds[:] = self.manager_bonds
        state.manager_cash[:] = self.manager_cash
        state.manager_other[:] = self.manager_other
        state.manager_value[:] = self.manager_value
        state.manager_futures[:] = self.futures
        state.wanted_futures[:] = self.futures
        state.foreign_bonds[:] = _column(self.scenario, "foreign_bonds")
        state.central_bonds[:] = _column(self.scenario, "central_bank_bonds")
        held = (
            self.dealer_packages + self.inventory + self.packages.sum(axis=1) + self.manager_bonds.sum(axis=1)
        )
        held = held + state.foreign_bonds + state.central_bonds
        state.end_bonds[:] = _column(self.scenario, "outstanding") - held
        state.account[DEALERS] = self.dealer_cash
        own = self.scenario.clearing_house.own_capital
        state.account[CLEARING_HOUSE] = self.posted.sum() + self.dealer_posted + self.manager_posted + own
        state.account[LENDERS] = float(self.offer.sum()) - self.borrowed
        state.account[CENTRAL_BANK] = 0.0
        state.policy_rate[0] = self.scenario.market.policy_rate
        state.volatility_multiple[0] = 1.0
        state.cost_bp[0] = self.opening_cost
        state.inventory_cost_bp[0] = self.opening_inventory_cost
        state.wholesale_bp[0] = self.scenario.market.repo_spread
        state.client_bp[0] = self.scenario.market.repo_spread
        state.borrowed[0] = self.borrowed
        state.lent[0] = self.borrowed
        state.fund_repo[0] = self.loan.sum()
        state.other_repo[0] = self.scenario.dealers.other_repo
        state.dealer_posted[0] = self.dealer_posted
        state.manager_posted[0] = self.manager_posted
        state.limit_bn[0] = self.limit.sum()
        state.relief[0] = 1.0
        state.waterfall_left[0] = own

    def _other_sale(self) -> Floats:
        sale: Floats = self.scenario.funds.other_sale_per_day * self.other
        return sale

    def parameters(self, audit: bool, diary: bool) -> Parameters:
        """Flatten everything into what the kernel reads."""
        s, b = self.scenario, self.bonds
        values: dict[str, Any] = {
            **self._market_parameters(),
            **self._fund_parameters(),
            **self._dealer_parameters(),
            **self._other_parameters(),
        }
        values.update(
            bond_coupon=b.coupon,
            bond_periods_to_coupon=b.values.periods_to_coupon,
            bond_periods_after=b.values.periods_after,
            bond_income=b.values.income,
            bond_income_years=b.values.income_years,
            bond_accrued_delivery=b.values.accrued_delivery,
            bond_factor=b.factor,
            bond_opening_yield=b.yield_,
            bond_opening_price=b.values.price,
            bond_opening_duration=b.values.duration,
            bond_curve_weight=b.weight,
            basket_start=b.start,
            held_bond=b.held,
            is_swap=b.is_swap.astype(np.int64),
            delivery_years=b.delivery,
            rounds_max=s.numerics.rounds_max,
            tolerance_bn=s.numerics.tolerance,
            audit_on=audit,
            diary_on=diary,
            **{f"{name}_on": bool(on) for name, on in s.channels.model_dump().items()},
        )
        return Parameters(**{name: _flat(value) for name, value in values.items()})

    def _market_parameters(self) -> dict[str, Any]:
        s = self.scenario
        d, end, beta = s.dealers, s.end_investors, self.volatility / self.volatility[self.reference]
        reference_risk = self.volatility[self.reference] ** 2 * self.price_per_bp[self.reference]
        slope = d.impact_scale * end.permanent_impact * beta
        return {
            "policy_rate": s.market.policy_rate,
            "repo_spread_bp": s.market.repo_spread,
            "cash_bp_per_dislocation_bp": self.cash_bp_per_dislocation_bp,
            "opening_dislocation_bp": self.dislocation,
            "opening_volatility_bp": self.volatility,
            "price_per_bp": self.price_per_bp,
            "opening_price": self.price,
            "duration_years": self.duration,
            "daily_volume_bn": _column(s, "daily_volume"),
            "transaction_cost": _column(s, "transaction_cost") * 1e-4,
            "correlation": self.correlation,
            "outstanding_bn": _column(s, "outstanding"),
            "demand_slope_bp_per_bn": self.demand_slope,
            "package_cost_bp_per_bn": np.full(len(self.price), d.package_cost),
            "opening_futures_bn": self.futures,
            "other_hedgers_bn": self.other_hedgers,
            "opening_dealer_packages_bn": self.dealer_packages,
            "impact_form": IMPACT_FORMS.index(d.impact),
            "impact_scale": d.impact_scale,
            "risk_aversion_per_bn": d.inventory_risk / reference_risk,
            "opening_inventory_bn": self.inventory,
            "pass_through": d.pass_through,
            "permanent_depth_bn_per_bp": np.divide(
                1.0, slope, out=np.full(len(slope), np.inf), where=slope > 0.0
            ),
            "permanent_share": self.correlation
            * (self.price_per_bp / self.price_per_bp[self.reference])[None, :],
            "permanent_fade": 1.0 / end.recovery,
            "holding_years": d.holding_period / TRADING_DAYS_PER_YEAR,
            "depth_constant": d.depth_constant,
            "square_root_constant": d.square_root_constant,
        }

    def _fund_parameters(self) -> dict[str, Any]:
        f, on, count = self.scenario.funds, self.scenario.channels, len(self.funds.names)
        dispersion = f.headroom_dispersion
        return {
            "hedge_ratio": self.hedge_ratio,
            "base_haircut": self.haircut,
            "haircut_floor": self.haircut_floor,
            "haircut_slope": f.haircut_slope if on.haircut else 0.0,
            "haircut_weak_equity": f.haircut_weak_equity if on.haircut else 0.0,
            "remarked_share": self.funds.overnight_share,
            "term_days": float(f.term_repo),
            "opening_packages_bn": self.packages.copy(),
            "opening_equity_bn": self.equity_reference,
            "opening_cash_bn": self.cash.copy(),
            "opening_leverage": self.leverage,
            "opening_risk_of_equity": self.risk_of_equity,
            "leverage_headroom": f.leverage_headroom
            * np.exp(dispersion * shuffled_quantiles("leverage headroom", count)),
            "risk_headroom": f.value_at_risk_headroom
            * np.exp(dispersion * shuffled_quantiles("risk headroom", count)),
            "risk_per_face": self.risk_per_face,
            "line_bn": self.line,
            "other_sale_bn": self._other_sale(),
            "other_loss_per_volatility": self.funds.other_loss,
            "nav_trigger": f.nav_trigger,
            "drawdown_tolerance": f.drawdown_tolerance,
            "drawdown_response": f.drawdown_response,
            "cash_minimum": f.cash_minimum,
            "cut_speed": f.cut_speed,
            "entry_speed": f.entry_speed,
            "entry_elasticity_bp": f.entry_elasticity,
            "redemption_tolerance": f.redemption_tolerance,
            "redemption_response": f.redemption_response,
            "redemption_notice_days": float(f.redemption_notice),
            "exit_pro_rata": f.exit_order == "pro-rata",
            "margin_factor": self.margin_factor,
            "client_share": self.client_share,
            "client_weakness": self.client_weakness,
        }

    def _dealer_parameters(self) -> dict[str, Any]:
        d, lenders = self.scenario.dealers, self.scenario.lenders
        return {
            "dealer_share": self.dealer_shares,
            "opening_capital_bn": np.where(self.capital > 0.0, self.capital, 1.0),
            "capital_ratio": d.capital_ratio,
            "dealer_other_bn": np.zeros(len(self.dealer_shares)),
            "unnetted_share": self.unnetted,
            "cost_threshold": d.cost_threshold,
            "cost_below_bp": d.cost_below,
            "cost_above_bp": d.cost_above,
            "opening_cost_bp": self.opening_cost,
            "opening_inventory_cost_bp": self.opening_inventory_cost,
            "opening_risk_use": d.value_at_risk_use,
            "opening_risk_bn": self.opening_risk,
            "client_cut_speed": d.client_cut_speed,
            "liquidation_days": float(d.liquidation_days),
            "dealer_cash_bn": self.dealer_cash,
            "lender_offer_bn": self.offer,
            "lender_volatility_response": lenders.volatility_response,
            "lender_loss_tolerance": lenders.dealer_loss_tolerance,
            "lender_loss_response": lenders.dealer_loss_response,
            "scarcity_slope_bp": lenders.scarcity_slope,
            "easy_share": lenders.easy_share,
        }

    def _other_parameters(self) -> dict[str, Any]:
        m, house, bank = (
            self.scenario.asset_managers,
            self.scenario.clearing_house,
            self.scenario.central_bank,
        )
        outstanding, packages = _column(self.scenario, "outstanding"), np.abs(self.packages).sum(axis=1)
        return {
            "manager_futures_share": self.manager_share,
            "manager_opening_value_bn": np.where(self.manager_value > 0.0, self.manager_value, 1.0),
            "manager_sensitivity": self.manager_sensitivity,
            "manager_cash_use": m.cash_use,
            "manager_treasury_use": m.treasury_use,
            "manager_volatility_response": m.volatility_redemption,
            "manager_loss_response": m.loss_redemption,
            "manager_futures_cut": m.futures_cut,
            "foreign_volatility_response": self.scenario.foreign_holders.volatility_sale,
            "margin_confidence": house.confidence,
            "margin_period_days": float(house.margin_period),
            "variance_decay": house.decay,
            "margin_measure": MARGIN_MEASURES.index(house.anti_procyclicality),
            "margin_buffer": house.buffer,
            "long_volatility": house.long_history_volatility,
            "stressed_volatility": house.stressed_volatility,
            "stressed_weight": house.stressed_weight,
            "margin_daily_rise": house.largest_daily_rise,
            "margin_floor": self.margin_floor,
            "opening_margin": self.margin,
            "clearing_capital_bn": house.own_capital,
            "outright_by_rule": bank.outright.mode == "rule",
            "outright_trigger_bp": bank.outright.trigger,
            "outright_pace_bn": bank.outright.pace,
            "outright_limit_bn": bank.outright.limit,
            "outright_split": self._split(bank.outright.trades, outstanding),
            "hedged_by_rule": bank.hedged.mode == "rule",
            "hedged_trigger_bp": bank.hedged.trigger,
            "hedged_pace_bn": bank.hedged.pace,
            "hedged_limit_bn": bank.hedged.limit,
            "hedged_split": self._split(bank.hedged.trades, packages),
            "facility_spread_bp": bank.standing_repo.spread,
            "facility_capacity_bn": bank.standing_repo.capacity,
        }

    def _split(self, chosen: Mapping[str, float], weights: Floats) -> Floats:
        names = list(self.scenario.market.trades)
        split = np.array([chosen.get(name, 0.0) for name in names]) if chosen else weights
        return split / split.sum() if split.sum() > 0.0 else np.full(len(names), 1.0 / len(names))


def opening_hedges(scenario: Scenario, bonds: _Bonds) -> Floats:
    """Opening value of each trade's hedge, per face of the held bond."""
    count = len(bonds.held)
    coupon, maturity = bonds.coupon[bonds.held], bonds.maturity[bonds.held]
    swap_yield = bonds.yield_[bonds.held] - 1e-4 * _column(scenario, "dislocation")
    swaps = value_bonds(coupon, maturity, swap_yield, np.zeros(count)).price
    implied = scenario.market.policy_rate + 1e-4 * _column(scenario, "dislocation")
    held = BondValues(*(array[bonds.held] for array in bonds.values))
    factor = bonds.factor[bonds.held]
    futures = opening_futures_prices(held, bonds.delivery, implied, factor) * factor
    return np.where(bonds.is_swap == 1, swaps, futures)


def _cost(dealers: Any, use: float) -> float:
    over = max(0.0, use - dealers.cost_threshold)
    return float(dealers.cost_below * use + (dealers.cost_above - dealers.cost_below) * over)


def _spread_evenly(stream: str, count: int) -> Floats:
    """Evenly spaced values in (-1, 1), in an order fixed by the stream's name: a uniform error without noise."""
    order = np.argsort(np.argsort(shuffled_quantiles(stream, count), kind="stable"), kind="stable")
    values: Floats = 2.0 * (order + 0.5) / count - 1.0
    return values


def _client_weakness(client_share: Floats, owed: Floats, lent: Floats) -> Floats:
    """Relative weakness of each client, (fund, dealer): from half the average cut for the largest to one and a half.

    Scaled so that a dealer's cut, averaged over its clients' loans, is the cut it decided.
    """
    rank = np.argsort(np.argsort(-np.abs(owed), kind="stable"), kind="stable")
    raw = 0.5 + rank / max(1, len(owed) - 1)
    average = (client_share * (owed * raw)[:, None]).sum(axis=0)
    scale = np.divide(lent, average, out=np.ones(len(lent)), where=average != 0.0)
    return raw[:, None] * scale[None, :]


def _flat(value: Any) -> Any:
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value
