"""The scenario as flat numbers: everything the compiled day reads and never writes.

Arrays are ordered (trade, fund), with the fund last, so that inner loops run over funds and vectorise
without reordering any sum. Units: USD billions, face in billions, bp, decimals; days are trading days.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TRADING_DAYS_PER_YEAR = 252.0
TRADING_DAYS_PER_MONTH = 21.0

# Why a fund sold, in the order in which cash covers the calls; the last two are no calls.
CHANNELS = (
    "variation_margin",
    "initial_margin",
    "haircut",
    "roll_over",
    "redemption",
    "risk_limit",
    "default",
    "choice",
)
VARIATION_MARGIN, INITIAL_MARGIN, HAIRCUT, ROLL_OVER, REDEMPTION, RISK_LIMIT, DEFAULT, CHOICE = range(8)
CALL_COUNT = 5

# Sectors that hold one account each; funds, asset managers and dealers' capital are kept one by one.
DEALERS, LENDERS, FOREIGN, END_INVESTORS, CENTRAL_BANK, TREASURY, CLEARING_HOUSE, OTHER_HEDGERS, OUTSIDE = (
    range(9)
)
SECTOR_COUNT = 9

DEALER_CAPACITY, LINEAR, SQUARE_ROOT, EXPONENTIAL = range(4)
IMPACT_FORMS = ("dealer-capacity", "linear", "square-root", "exponential")
MARGIN_MEASURES = ("none", "buffer", "floor", "stressed-weight")


class Parameters(NamedTuple):
    """Constants of a run. T trades, B bonds, N funds, D dealers, A asset managers, L lenders, C curve tenors."""

    # market
    policy_rate: float
    repo_spread_bp: float
    bond_coupon: Floats  # (B,)
    bond_periods_to_coupon: Floats  # (B,) of half a year
    bond_periods_after: Floats  # (B,) whole coupon periods after the next coupon
    bond_income: Floats  # (B,) coupons paid up to delivery, per face
    bond_income_years: Floats  # (B,) those coupons times their years to delivery
    bond_accrued_delivery: Floats  # (B,)
    bond_factor: Floats  # (B,)
    bond_opening_yield: Floats  # (B,) fundamental: net of the opening dislocation's share
    bond_opening_price: Floats  # (B,) dirty, at that yield
    bond_opening_duration: Floats  # (B,) modified, at that yield
    bond_curve_weight: Floats  # (B, C)
    basket_start: Ints  # (T + 1,) bonds of trade j are basket_start[j]:basket_start[j + 1]
    held_bond: Ints  # (T,) the bond of the packages: cheapest to deliver on the opening day
    is_swap: Ints  # (T,)
    delivery_years: Floats  # (T,)
    cash_bp_per_dislocation_bp: Floats  # (T,)
    opening_dislocation_bp: Floats  # (T,)
    opening_volatility_bp: Floats  # (T,) a day
    price_per_bp: Floats  # (T,) DV01 per face of the held bond
    opening_price: Floats  # (T,) of the held bond
    duration_years: Floats  # (T,) modified duration of the held bond
    daily_volume_bn: Floats  # (T,)
    transaction_cost: Floats  # (T,)
    correlation: Floats  # (T, T)
    outstanding_bn: Floats  # (T,)
    # hedge market
    demand_slope_bp_per_bn: Floats  # (T,)
    package_cost_bp_per_bn: Floats  # (T,)
    opening_futures_bn: Floats  # (T,) asset managers' long
    other_hedgers_bn: Floats  # (T,) everybody else's net long
    opening_dealer_packages_bn: Floats  # (T,)
    # cash market
    impact_form: int
    impact_scale: float
    risk_aversion_per_bn: float
    opening_inventory_bn: Floats  # (T,)
    pass_through: float
    permanent_depth_bn_per_bp: Floats  # (T,)
    permanent_share: Floats  # (T, T) what one bucket's absorption counts in another's
    permanent_fade: float
    holding_years: float
    depth_constant: float
    square_root_constant: float
    # funds
    hedge_ratio: Floats  # (T, N)
    base_haircut: Floats  # (N,)
    haircut_floor: Floats  # (N,)
    haircut_slope: float
    haircut_weak_equity: float
    remarked_share: Floats  # (N,)
    term_days: float
    opening_packages_bn: Floats  # (T, N)
    opening_equity_bn: Floats  # (N,)
    opening_cash_bn: Floats  # (N,)
    opening_leverage: Floats  # (N,)
    opening_risk_of_equity: Floats  # (N,)
    leverage_headroom: Floats  # (N,)
    risk_headroom: Floats  # (N,)
    risk_per_face: Floats  # (T,) bp-free risk weight of a package
    line_bn: Floats  # (N,)
    other_sale_bn: Floats  # (N,) a day
    other_loss_per_volatility: Floats  # (N,)
    nav_trigger: float
    drawdown_tolerance: float
    drawdown_response: float
    cash_minimum: float
    cut_speed: float
    entry_speed: float
    entry_elasticity_bp: float
    redemption_tolerance: float
    redemption_response: float
    redemption_notice_days: float
    exit_pro_rata: bool
    margin_factor: float  # after cross-margining
    client_share: Floats  # (N, D)
    client_weakness: Floats  # (N, D) relative, loan-weighted mean 1 at the opening
    # dealers
    dealer_share: Floats  # (D,)
    opening_capital_bn: Floats  # (D,)
    capital_ratio: float
    dealer_other_bn: Floats  # (D,) balance sheet used by what does not move
    unnetted_share: float
    cost_threshold: float
    cost_below_bp: float
    cost_above_bp: float
    opening_cost_bp: float
    opening_inventory_cost_bp: float
    opening_risk_use: float
    opening_risk_bn: float
    client_cut_speed: float
    liquidation_days: float
    dealer_cash_bn: float
    # lenders
    lender_offer_bn: Floats  # (L, D)
    lender_volatility_response: float
    lender_loss_tolerance: float
    lender_loss_response: float
    scarcity_slope_bp: float
    easy_share: float
    # asset managers
    manager_futures_share: Floats  # (A,)
    manager_opening_value_bn: Floats  # (A,) net assets
    manager_sensitivity: Floats  # (A,) relative, size-weighted mean about 1
    manager_cash_use: float
    manager_treasury_use: float
    manager_volatility_response: float
    manager_loss_response: float
    manager_futures_cut: float
    # foreign holders
    foreign_volatility_response: float
    # clearing house
    margin_confidence: float
    margin_period_days: float
    variance_decay: float
    margin_measure: int
    margin_buffer: float
    long_volatility: float
    stressed_volatility: float
    stressed_weight: float
    margin_daily_rise: float
    margin_floor: Floats  # (T,)
    opening_margin: Floats  # (T,)
    clearing_capital_bn: float
    # central bank
    outright_by_rule: bool
    outright_trigger_bp: float
    outright_pace_bn: float
    outright_limit_bn: float
    outright_split: Floats  # (T,)
    hedged_by_rule: bool
    hedged_trigger_bp: float
    hedged_pace_bn: float
    hedged_limit_bn: float
    hedged_split: Floats  # (T,)
    facility_spread_bp: float
    facility_capacity_bn: float
    # switches
    variation_margin_on: bool
    initial_margin_on: bool
    haircut_on: bool
    roll_over_on: bool
    redemption_on: bool
    risk_limit_on: bool
    default_on: bool
    dealer_capacity_on: bool
    # numerics
    rounds_max: int
    tolerance_bn: float
    audit_on: bool
    diary_on: bool


class Schedule(NamedTuple):
    """What the scenario fixes for each day, the same on every path. Day index 0 is the first simulated day."""

    policy_rate: Floats  # (day,)
    margin_multiple: Floats  # (day, T)
    haircut_step: Floats  # (day,)
    lender_withdrawal: Floats  # (day,)
    foreign_sale_bn: Floats  # (day, T)
    manager_redemption: Floats  # (day,) share of opening net assets
    fund_redemption: Floats  # (day,) share of opening equity
    hedge_demand_shift: Floats  # (day, T) change on the day, share of opening demand
    auction_bn: Floats  # (day, T)
    auction_dealer_share: Floats  # (day, T)
    auction_noise: Floats  # (day, T)
    limit_cut: Floats  # (day,)
    leverage_relief: Floats  # (day,)
    facility_open: Floats  # (day,) 0 or 1
    client_repo_bn: Floats  # (day,) change on the day of repo lent to clients other than the funds
    outright_bn: Floats  # (day,)
    hedged_bn: Floats  # (day,)
    manager_flow_noise: float
    foreign_flow_noise: float
    fund_flow_noise: float
    lender_flow_noise: float


class World(NamedTuple):
    """The drivers of one block of paths."""

    curve_change_bp: Floats  # (path, day, C)
    volatility_multiple: Floats  # (path, day)
    flow_noise: Floats  # (path, day, stream): foreign, asset manager, fund investors, lender cash, bidders
