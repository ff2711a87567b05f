"""Bond futures: conversion factors, invoice, forward price, basis and implied repo.

A future is a forward on whichever bond of the basket is cheapest to deliver. These rules carry one
bond from settlement to delivery and compare it with the future; the cheapest bond is the one whose
forward price over conversion factor is lowest, which is the one with the highest implied repo. The
same rules price the futures leg of the simulator and the rows of ``unwind basis``.

Any price unit will do as long as bond, coupons and future share it (the simulator: per 1 of face;
the command: points). Time to delivery is in years of the repo market's own day count: days over 360
in the United States, over 365 in China. Interim coupons, those paid after settlement and up to
delivery, earn the repo rate simply until delivery.

Sources: CBOT, *Calculating US Treasury Futures Conversion Factors*; CFFEX notice of 2013 on the
conversion factor and accrued interest of Treasury futures; Burghardt and Belton, *The Treasury Bond
Basis*, chapters 1 and 2.
"""

from __future__ import annotations

import math

from simulator.market.treasuries import accrued_interest_at, dirty_price_at, periods_after_next_coupon
from simulator.rule import rule

BASIS_POINT = 1e-4


@rule
def rounded_factor(factor: float) -> float:
    """Conversion factor to four decimals, a half rounded up.

    The nudge is far above the error of the arithmetic and far below the distance of any real factor
    from a half: it only sends an exact half that came out a bit low upwards.
    """
    return math.floor(factor * 1e4 + 0.5 + 1e-7) / 1e4


@rule
def months_counted(months_to_maturity: float, rounding_months: float) -> float:
    """Months to maturity that enter the factor: rounded down to a quarter, or as they are (step 1)."""
    return rounding_months * math.floor(months_to_maturity / rounding_months)


@rule
def payments_after_stub(months_to_maturity: float, frequency: float) -> float:
    """Payments that follow the first one after the delivery month."""
    return math.ceil(months_to_maturity * frequency / 12.0) - 1.0


@rule
def periods_to_first_payment(months_to_maturity: float, frequency: float) -> float:
    """Coupon periods from the first day of the delivery month to the first payment after it."""
    return months_to_maturity * frequency / 12.0 - payments_after_stub(months_to_maturity, frequency)


@rule
def conversion_factor(
    coupon: float, frequency: float, notional_coupon: float, months_to_maturity: float
) -> float:
    """Price of 1 of face on the first day of the delivery month at a yield of the notional coupon.

    Months are whole: see ``months_counted``. The CBOT's formula and the CFFEX's, published in
    different letters, are this one; they differ in the notional coupon (6% and 3%), the payments a
    year and the rounding of the months.
    """
    notional_yield = notional_coupon / frequency
    later = payments_after_stub(months_to_maturity, frequency)
    stub = periods_to_first_payment(months_to_maturity, frequency)
    stub_discount = math.pow(1.0 + notional_yield, -stub)
    redemption = math.pow(1.0 + notional_yield, -later)
    return factor_from_discounts(coupon / frequency, notional_yield, stub, stub_discount, redemption)


@rule
def factor_from_discounts(
    payment: float, notional_yield: float, stub: float, stub_discount: float, redemption: float
) -> float:
    """Conversion factor from the notional yield a period and its discounts over the stub and after it."""
    strip = payment / notional_yield * (1.0 - redemption)
    return rounded_factor(stub_discount * (payment + strip + redemption) - payment * (1.0 - stub))


@rule
def invoice_price(futures_price: float, factor: float, accrued_delivery: float) -> float:
    """What the long pays for a delivered bond."""
    return futures_price * factor + accrued_delivery


@rule
def financed_price_years(dirty: float, years_to_delivery: float, income_years: float) -> float:
    """Money borrowed to carry a bond times the years of the loan, interim coupons paying it down."""
    return dirty * years_to_delivery - income_years


@rule
def forward_dirty_price(dirty: float, repo_rate: float, price_years: float, income: float) -> float:
    """Full price at delivery that leaves a bond bought today and financed in repo with no gain."""
    return dirty + repo_rate * price_years - income


@rule
def forward_clean_price(forward_dirty: float, accrued_delivery: float) -> float:
    """Forward price as it is quoted."""
    return forward_dirty - accrued_delivery


@rule
def carry(clean: float, forward_clean: float) -> float:
    """Coupon income less financing cost to delivery: what the forward price lies below the spot."""
    return clean - forward_clean


@rule
def gross_basis(clean: float, futures_price: float, factor: float) -> float:
    """Bond price less the futures price converted to that bond."""
    return clean - futures_price * factor


@rule
def net_basis(forward_dirty: float, invoice: float) -> float:
    """Gross basis less carry: what delivering the bond loses, the price of the delivery options."""
    return forward_dirty - invoice


@rule
def implied_repo(dirty: float, invoice: float, price_years: float, income: float) -> float:
    """Return of buying the bond, selling the future and delivering, simple, in the repo day count."""
    return (invoice + income - dirty) / price_years


@rule
def futures_price_from_implied_repo(forward_dirty: float, accrued_delivery: float, factor: float) -> float:
    """Futures price at which a bond's implied repo is the rate its forward price was computed at."""
    return (forward_dirty - accrued_delivery) / factor


@rule
def price_within_limit(price: float, settled: float, price_limit: float) -> float:
    """Price at which a future settles: no farther from yesterday's settlement than the exchange's price limit.

    ``price_limit`` is a share of that settlement, infinite where there is none. What a locked contract could not move
    is left for the days that follow. Source: CFFEX, contract tables.
    """
    return max(settled * (1.0 - price_limit), min(settled * (1.0 + price_limit), price))


@rule
def implied_repo_rate(policy_rate: float, dislocation_bp: float) -> float:
    """Implied repo rate a year, in the repo market's day count: the policy rate expected, and the dislocation."""
    return policy_rate + BASIS_POINT * dislocation_bp


@rule
def coupons_to_delivery(frequency: float, years_to_maturity: float, years_to_delivery: float) -> float:
    """Number of coupons paid from today, excluded, to delivery, included."""
    now = periods_after_next_coupon(years_to_maturity, frequency)
    return now - periods_after_next_coupon(years_to_maturity - years_to_delivery, frequency)


@rule
def income_years_to_delivery(
    coupon: float, frequency: float, years_to_maturity: float, years_to_delivery: float
) -> float:
    """Interim coupons times the years from each to delivery."""
    count = coupons_to_delivery(frequency, years_to_maturity, years_to_delivery)
    first = years_to_maturity - periods_after_next_coupon(years_to_maturity, frequency) / frequency
    from_first = years_to_delivery - first
    return coupon / frequency * count * (from_first - (count - 1.0) / (2.0 * frequency))


@rule
def forward_clean_price_at(
    coupon: float,
    frequency: float,
    years_to_maturity: float,
    yield_: float,
    repo_rate: float,
    years_to_delivery: float,
) -> float:
    """Quoted forward price of a bond from its yield, all in calendar years.

    ``repo_rate`` is simple a calendar year: an act/360 quote times 365/360. Over the conversion
    factor this is the futures price at which the bond's implied repo equals ``repo_rate``; the
    future trades at the lowest of these in its basket.
    """
    dirty = dirty_price_at(coupon, frequency, years_to_maturity, yield_)
    income = coupon / frequency * coupons_to_delivery(frequency, years_to_maturity, years_to_delivery)
    income_years = income_years_to_delivery(coupon, frequency, years_to_maturity, years_to_delivery)
    financed = financed_price_years(dirty, years_to_delivery, income_years)
    accrued = accrued_interest_at(coupon, frequency, years_to_maturity - years_to_delivery)
    return forward_dirty_price(dirty, repo_rate, financed, income) - accrued


@rule
def hedge_ratio(factor: float, bond_face: float, contract_face: float) -> float:
    """Futures to sell against a bond position delivered as it is, before rounding to whole contracts."""
    return factor * bond_face / contract_face


@rule
def futures_dv01(forward_dv01: float, factor: float) -> float:
    """Value of a basis point of a future: that of its cheapest bond at delivery, over its factor."""
    return forward_dv01 / factor
