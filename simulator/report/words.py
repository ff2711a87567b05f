"""How a report tells figures: with errors, as amounts, shares and dates; names are in ``results.names``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from simulator.results.figures import scaled_estimate
from simulator.results.statistics import Estimate, has_range
from simulator.results.summary import shown

#: Colour of each cause of funds' sales.
COLOURS = {
    "variation_margin": "blue",
    "collateral": "indigo",
    "carry": "brown",
    "interest": "teal",
    "initial_margin": "sky",
    "haircut": "green",
    "roll_over": "amber",
    "redemption": "pink",
    "other_strategies": "olive",
    "risk_limit": "vermilion",
    "default": "violet",
    "choice": "grey",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def colour_of(name: str) -> str:
    """Colour of a cause, the same in every figure."""
    return COLOURS.get(name, "ink")


def figure(estimate: Estimate, decimals: int, unit: str = "") -> str:
    """A figure with its error: *12.3 ± 0.7 bp*, *4.6% ± 0.2*."""
    text = shown(estimate, decimals)
    return f"{text}{unit}" if unit in ("", "%") else f"{text} {unit}"


def bn(estimate: Estimate, decimals: int = 0) -> str:
    """An amount: *$163 ± 1bn*; an error too small to matter is left out."""
    if estimate.standard_error < 0.001 * abs(estimate.value) and not has_range(estimate):
        return f"${estimate.value:,.{decimals}f}bn"
    return f"${shown(estimate, decimals)}bn"


def amount(amount_bn: float) -> str:
    """An amount to three digits.

    Examples
    --------
    >>> amount(170.85), amount(7.864), amount(0.7458)
    ('$171bn', '$7.86bn', '$746mn')
    """
    size, unit = (amount_bn, "bn") if abs(amount_bn) >= 0.9995 else (1e3 * amount_bn, "mn")
    decimals = max(0, 2 - math.floor(math.log10(max(abs(size), 1e-6)))) if abs(size) < 100.0 else 0
    return f"${size:,.{min(decimals, 2)}f}{unit}"


def share_of_paths(share: Estimate, paths: int) -> str:
    """A probability in words; nothing seen is not nothing: the rule of three bounds it.

    Examples
    --------
    >>> share_of_paths(Estimate(0.06, 0.005, 2000), 2000)
    'in 6.0 ± 0.5% of paths'
    >>> share_of_paths(Estimate(0.0, 0.0002, 2000), 2000)
    'in none of 2,000 paths (less than 0.15% with 95% confidence)'
    """
    if math.isnan(share.value):
        return "in an unknown share of paths"
    if share.value == 0.0:
        bound = 300.0 / max(paths, 1)
        sure = f" (less than {bound:.2g}% with 95% confidence)" if bound < 30.0 else ""
        return f"in none of {paths:,} paths{sure}"
    if share.value == 1.0:
        return f"in all of {paths:,} paths"
    return f"in {shown(scaled_estimate(share, 100.0), 1)}% of paths"


def share_in_words(share: Estimate) -> str:
    """A share with its error in per cent, short: *all*, *81.6 ± 0.9%*."""
    if share.value == 1.0:
        return "all"
    return figure(scaled_estimate(share, 100.0), 0, "%")


def day_in_words(day: date) -> str:
    """A date: *18 March 2020*."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def listed(words: Sequence[str]) -> str:
    """Words as a list: *a, b and c*."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def span(estimates: Mapping[str, Estimate], decimals: int, unit: str) -> str:
    """The range of a figure over contracts: *1.6 ± 0.2 bp (10-year TY) to 4.4 ± 0.2 bp (2-year TU)*."""
    known = {name: estimate for name, estimate in estimates.items() if not math.isnan(estimate.value)}
    if not known:
        return "unknown"
    low, high = min(known, key=lambda name: known[name].value), max(known, key=lambda name: known[name].value)
    if low == high:
        return f"{figure(known[low], decimals, unit)} ({low})"
    return f"{figure(known[low], decimals, unit)} ({low}) to {figure(known[high], decimals, unit)} ({high})"
