"""Balance sheets are ledgers: identities hold at every stage of the day, and a leak of a dollar is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.engine.state import IDENTITIES, STAGES
from tests.economics.leaks import LEAKS, Leak
from tests.economics.shipped import NAMES, Played, played
from tests.oracle.variants import VARIANTS

ROOT = Path(__file__).parents[2]

#: Ten cents, in USD billions: a tenth of the leak that must be found, a 1e-12th of the books.
ROUNDING_BN = 1e-10

#: Thin equity and capital: funds and dealers fail, the waterfall pays, the facility fills.
COLLAPSE = (
    "funds.leverage=60x",
    "funds.free_cash=1%",
    "funds.committed_line=0%",
    "dealers.capital_ratio=2%",
    "dealers.cost_ceiling=5000bp",  # nothing bounds what balance sheets and scarce repo cost
    "lenders.scarcity_ceiling=20000bp",
    "numerics.rounds_max=500",
    "funds.nav_trigger=100%",  # dealers wait until nothing is left
    "lenders.headroom=1%",
    "funds.hedge_error=20%",
    "funds.overnight_share=20%",
    # dealers lose more on hedges in a day than they have posted
    "dealers.cost_above=1800bp",
    "dealers.package_cost=2bp",
    "funds.cut_speed=5%",
    "asset_managers.demand_slope=100bp",
)

#: Phases whose leak stays in what is stored at the close, and the instrument whose flows then miss a dollar.
IN_FLOWS = {
    "sell_from_abroad": "bonds",
    "transfer": "hedges",
    "roll_repo": "repo",
    "finance_dealers": "repo",
    "pass_on_inventory": "cash",
    "redeem_from_managers": "cash",
    "remember_peaks": "cash",
}


def assert_books_balance(run: Played) -> None:
    worst = run.result.audit_worst
    assert worst.shape == (len(IDENTITIES), len(STAGES))
    assert worst[:-1].max() > 0.0, "the audit saw no rounding at all: it did not look"
    for identity, stage in np.argwhere(~(worst < ROUNDING_BN)):
        day = run.result.audit_day[identity, stage]
        pytest.fail(f"{IDENTITIES[identity]}: {worst[identity, stage]:.1e}bn in {STAGES[stage]} on day {day}")


@pytest.mark.parametrize("name", NAMES)
def test_books_balance_at_every_stage(name: str) -> None:
    assert_books_balance(played(name, paths=20, audit=True))


def test_books_balance_while_levers_move() -> None:
    """Purchases and sales, levers that begin and end, and levers by rule."""
    for variant in VARIANTS:
        if "levers" in variant.name:
            assert_books_balance(played(variant.scenario, *variant.settings, audit=True))


def test_identities_hold_relative_to_the_books() -> None:
    """Ten cents is less than a billionth of the smallest total that the identities compare."""
    books = played("dash-for-cash-2020", paths=20, audit=True)
    smallest = min(
        float(books.of("fund_packages").sum(axis=2).min()),
        float(books.of("fund_repo").min()),
        float(books.of("dealer_capital").min()),
        float((books.of("initial_margin") * books.of("asset_manager_hedges")).sum(axis=2).min()),
    )
    assert smallest * 1e-9 > ROUNDING_BN


def test_books_balance_through_a_collapse() -> None:
    run = played("tariff-shock-2025", *COLLAPSE, paths=20, audit=True)
    happened = ("funds_failed", "dealers_failed", "waterfall_losses", "dealer_client_losses", "facility_use")
    for name in happened:
        assert np.nanmax(run.of(name)) > 0.0, name
    assert_books_balance(run)


@pytest.mark.parametrize(
    "off",
    ["variation_margin", "initial_margin", "haircut", "roll_over", "redemption", "risk_limit", "default"],
)
def test_books_balance_with_a_channel_off(off: str) -> None:
    assert_books_balance(played("tariff-shock-2025", *COLLAPSE, f"channels.{off}=false", paths=5, audit=True))


@pytest.fixture(scope="module")
def leaks_found() -> dict[str, dict[str, Any]]:
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "tests.economics.leaks"]
    run = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return found


def test_an_honest_day_leaks_nothing(leaks_found: dict[str, dict[str, Any]]) -> None:
    assert leaks_found["honest"]["audit"] == []
    assert max(leaks_found["honest"]["flows"].values()) < 0.1


@pytest.mark.parametrize(("phase", "instrument"), IN_FLOWS.items())
def test_a_leak_of_a_dollar_shows_in_the_flow_of_funds(
    phase: str, instrument: str, leaks_found: dict[str, dict[str, Any]]
) -> None:
    assert leaks_found[phase]["flows"][instrument] == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.phase)
def test_a_leak_of_a_dollar_is_named(leak: Leak, leaks_found: dict[str, dict[str, Any]]) -> None:
    blamed = [found for found in leaks_found[leak.phase]["audit"] if found["identity"] == leak.identity]
    assert [(found["stage"], found["day"]) for found in blamed] == [(leak.stage, 0)]
    assert blamed[0]["dollars"] == pytest.approx(1.0, rel=0.01)


def test_every_stage_of_the_day_is_sprung_and_every_identity() -> None:
    """Cash below zero is what a day may leave behind, not what a phase may leak: a test of its own."""
    assert {leak.stage for leak in LEAKS} == set(STAGES) - {"opening books"}
    assert {leak.identity for leak in LEAKS} == set(IDENTITIES) - {"nobody's cash is negative"}
