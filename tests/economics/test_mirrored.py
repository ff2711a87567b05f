"""Whole markets turned round: what must mirror itself does, and each asymmetry that is left has a name and a size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.economics.mirrored import STAYS, TURNS, asymmetry, over_opening, played_both_ways

PAGE = Path(__file__).parents[2] / "docs" / "model" / "rule-tests.md"
#: Frictions that bind one side only, under the names of the page: how each is switched off.
ONE_SIDED = {
    "haircuts": (
        "channels.haircut=false",
        "funds.haircut_zero_share=100%",
        "funds.haircut_negative_share=0%",
    ),
    "market values": ("channels.dealer_capacity=false",),
    "scarce repo": ("lenders.scarcity_at_limit=0bp",),
    "bonds held too much": ("end_investors.permanent_impact=0",),
    "fear of managers' investors": ("asset_managers.volatility_redemption=0%",),
    "losses of managers' investors": ("asset_managers.loss_redemption=0%",),
    "managers' cash": ("asset_managers.cash_speed=0%",),
    "fear of foreigners": ("foreign_holders.volatility_sale=0%",),
    "dealers' value at risk": ("dealers.inventory_response=0",),
}
TWO_SIDED = tuple(setting for settings in ONE_SIDED.values() for setting in settings)
#: What happens in addition, for a friction that nothing else would show.
HAPPENS = {
    "haircuts": "{type: haircut-step, day: 5d, days: 3d, change: 2%}",
    "refused repo": "{type: lender-withdrawal, day: 5d, days: 3d, share: 20%}",
}
#: Of the variables that turn, and of those that stay, at a tenth of the size: prices are curved, nothing else is, and
#: those of long swaps are curved most.
WITHIN = {"toy": (5e-4, 1e-2), "calm": (5e-4, 1e-2), "tariff-shock-2025": (4e-3, 2e-2)}
#: A size on the page may be off by this factor: other parts of the model move it.
FACTOR = 2.0


class Row(NamedTuple):
    """A line of the page: what is put back, which variable shows it, and by how much."""

    friction: str
    variable: str
    size: float


def rows() -> list[Row]:
    """The table of the page."""
    table = (
        PAGE.read_text(encoding="utf-8")
        .split("<!-- mirrored: begin -->")[1]
        .split("<!-- mirrored: end -->")[0]
    )
    found = re.findall(r"^\| ([^|]+) \| `(\w+)` \| ([\d.]+)% \|", table, re.MULTILINE)
    return [Row(friction, variable, float(size) / 100.0) for friction, variable, size in found]


@pytest.mark.parametrize("name", WITHIN)
def test_a_market_without_one_sided_frictions_is_its_own_mirror_but_for_the_curve_of_prices(
    name: str,
) -> None:
    """A tenth of the shock leaves a tenth of the asymmetry, so that what is left is of second order."""
    some = played_both_ways(name, TWO_SIDED, 0.1, at_fair_prices=True)
    less = played_both_ways(name, TWO_SIDED, 0.01, at_fair_prices=True)
    for variable in (*TURNS, *STAYS):
        if variable == "initial_margin" and not over_opening(less[0], variable).any():
            continue  # it does not leave its floor
        left = asymmetry(*some, variable)
        assert left < WITHIN[name][variable in STAYS], f"{variable}: {left:.2e}"
        assert asymmetry(*less, variable) < 0.15 * left + 1e-6, variable


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.friction}: {row.variable}")
def test_each_asymmetry_has_the_size_that_the_page_gives(row: Row) -> None:
    """One friction alone is put back; beside it there is the curve of prices, and that of the page is larger."""
    if row.friction == "all as shipped":
        left = asymmetry(*played_both_ways("toy", (), 1.0), row.variable)
    else:
        others = [setting for name in ONE_SIDED if name != row.friction for setting in ONE_SIDED[name]]
        more = HAPPENS.get(row.friction, "")
        left = asymmetry(*played_both_ways("toy", others, 1.0, at_fair_prices=True, more=more), row.variable)
    assert row.size / FACTOR < left < row.size * FACTOR, f"{left:.1%}"


def test_the_page_names_every_one_sided_friction() -> None:
    assert {row.friction for row in rows()} == {*ONE_SIDED, *HAPPENS, "curved prices", "all as shipped"}


@pytest.mark.parametrize("name", ["toy", "calm"])
def test_with_all_frictions_the_reverse_trade_still_goes_the_other_way(name: str) -> None:
    here, there = played_both_ways(name, (), 1.0)
    for variable in ("dislocation", "fund_packages", "asset_manager_hedges", "dealer_packages"):
        mine, theirs = (over_opening(run, variable).sum(axis=1) for run in (here, there))
        day = int(np.abs(mine).argmax())
        assert mine[day] * theirs[day] < 0.0, variable


def test_what_is_not_turned_is_seen() -> None:
    """The planted error: the same market beside itself."""
    here, _ = played_both_ways("toy", TWO_SIDED, 0.1, at_fair_prices=True)
    assert {asymmetry(here, here, variable) for variable in TURNS} == {2.0}
    moving = [variable for variable in STAYS if variable != "initial_margin"]  # it does not leave its floor
    assert {asymmetry(here, here, variable) for variable in moving} == {0.0}
