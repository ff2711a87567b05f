"""Known answer 7, on common random numbers: what should amplify amplifies, and policy moves the price it aims at."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.analysis.channels import measured
from simulator.results.statistics import difference
from tests.economics.shipped import Played, played

NAME = "dash-for-cash-2020"
PATHS = 200
ERRORS_MIN = 5.0


def outcome(name: str, *settings: str) -> NDArray[np.float64]:
    run = played(NAME, *settings, paths=PATHS)
    return measured(run.prepared, run.result.records)[name]


#: A change that amplifies, against a milder version of it, and the outcome in which it must show.
AMPLIFIERS = {
    "more leverage: more is unwound": (("funds.leverage=10x",), (), "unwound_in_all"),
    "more leverage: the dislocation rises more": (("funds.leverage=10x",), (), "dislocation_rise"),
    "thinner cash: more is unwound": (("funds.free_cash=15%",), (), "unwound_in_all"),
    "tighter limits of funds: more is unwound": (("funds.value_at_risk_headroom=50%",), (), "unwound_in_all"),
    "tighter limits of funds: the dislocation rises more": (
        ("funds.value_at_risk_headroom=50%",),
        (),
        "dislocation_rise",
    ),
    "tighter limits of dealers: the dislocation rises more": (
        ("dealers.opening_use=84%",),
        (),
        "dislocation_rise",
    ),
    "tighter limits of lenders: more is unwound": (("lenders.headroom=6%",), (), "unwound_in_all"),
    "thinner depth: the dislocation rises more": (("dealers.impact_scale=1.5",), (), "dislocation_rise"),
    "thinner depth: outright sales press more": (
        ("dealers.impact_scale=1.5",),
        (),
        "pressure_over_outstanding",
    ),
    "dealers averse to risk: outright sales press more": (
        ("dealers.inventory_risk=0.058",),
        (),
        "pressure_over_outstanding",
    ),
    "procyclical margins against a floor: more is unwound": (
        (),
        ("clearing_house.anti_procyclicality=floor", "clearing_house.long_history_volatility=3x"),
        "unwound_in_all",
    ),
    "procyclical margins over two days against a stressed weight: more is unwound": (
        ("clearing_house.margin_period=2d",),
        ("clearing_house.margin_period=2d", "clearing_house.anti_procyclicality=stressed-weight"),
        "unwound_in_all",
    ),
    "procyclical haircuts: more is unwound": (("funds.haircut_slope=2%",), (), "unwound_in_all"),
    "procyclical haircuts: the dislocation rises more": (("funds.haircut_slope=2%",), (), "dislocation_rise"),
}


@pytest.mark.parametrize("direction", AMPLIFIERS)
def test_amplification(direction: str) -> None:
    strong, mild, name = AMPLIFIERS[direction]
    more = difference(outcome(name, *strong), outcome(name, *mild))
    assert more.draws >= 0.95 * PATHS
    assert more.value > ERRORS_MIN * more.standard_error, more


def test_a_change_of_nothing_amplifies_nothing() -> None:
    """The planted error: settings that say the same thing twice."""
    same = difference(outcome("unwound_in_all", "funds.leverage=7.0x"), outcome("unwound_in_all"))
    assert same.value == 0.0


# Policy

NO_POLICY = ("central_bank.outright.mode=off", "central_bank.hedged.mode=off")
FIRST_DAY, DAYS, PACE_BN = 4, 5, 20


def bought(kind: str) -> Played:
    schedule = f"central_bank.{kind}.schedule=[{{day: {FIRST_DAY}d, days: {DAYS}d, pace: ${PACE_BN}bn}}]"
    return played("calm", *NO_POLICY, f"central_bank.{kind}.mode=schedule", schedule, paths=PATHS)


def moves(kind: str) -> tuple[float, float]:
    """Change of dislocation and of outright pressure when the programme ends, bp, by size of hedge and bucket."""
    without, with_ = played("calm", *NO_POLICY, paths=PATHS), bought(kind)
    opening, day = without.prepared.parameters.opening, FIRST_DAY + DAYS - 2
    packages = opening.funds.packages_bn.sum(axis=1)
    of_hedge = np.bincount(opening.trades.hedge_of, packages, len(without.prepared.hedges))
    of_bucket = np.bincount(opening.trades.bucket_of, packages, len(without.prepared.buckets))
    change = [
        ((with_.of(name) - without.of(name))[:, day] @ size / size.sum()).mean()
        for name, size in (("dislocation", of_hedge), ("outright_pressure", of_bucket))
    ]
    return float(change[0]), float(change[1])


def test_hedged_purchases_move_the_dislocation_and_hardly_the_pressure() -> None:
    dislocation, pressure = moves("hedged")
    assert dislocation < -1.0
    assert abs(pressure) < 0.02 * abs(dislocation)


def test_outright_purchases_move_the_pressure_and_hardly_the_dislocation() -> None:
    dislocation, pressure = moves("outright")
    assert pressure < -1.0
    assert abs(dislocation) < 0.1 * abs(pressure)


@pytest.mark.parametrize("kind", ["hedged", "outright"])
def test_purchases_are_the_only_difference(kind: str) -> None:
    """Before the programme the two worlds are the same bits."""
    without, with_ = played("calm", *NO_POLICY, paths=PATHS), bought(kind)
    for name in ("dislocation", "outright_pressure", "fund_packages"):
        mine, theirs = with_.of(name), without.of(name)
        assert (mine[:, : FIRST_DAY - 1] == theirs[:, : FIRST_DAY - 1]).all()
        assert (mine[:, FIRST_DAY - 1 :] != theirs[:, FIRST_DAY - 1 :]).any()
