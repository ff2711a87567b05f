"""Worked examples of the literature by command, to the digits printed, and what holds between the desk's answers.

Sources stand in each test: textbooks and papers as they print their figures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from simulator.basis.rows import basis_rows
from simulator.cli.credit import register as register_credit
from tests.basis.conftest import Rows
from tests.basis.test_command import HEADER, LINES, file_of, problems_of, run

CHINA = [
    f"bond_code,{HEADER}",
    "170018,T,2019-06-01,3.59,2,2027-08-03,2019-04-12,2019-06-19,100.9,97.5,2.8",
    "180027,T,2019-06-01,3.25,2,2028-11-22,2019-04-12,2019-06-19,98.6,97.5,2.8",
    "170018,T,2019-09-01,3.59,2,2027-08-03,2019-04-12,2019-09-18,100.9,96.0,2.8",
    "180027,T,2019-09-01,3.25,2,2028-11-22,2019-04-12,2019-09-18,98.6,96.0,2.8",
]


def answers(*arguments: str | Path) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def rows_of(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> dict[str, list[str]]:
    result = run(file_of(folder, *lines), *options, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, list[str]] = json.loads(result.stdout)["rows"]
    return found


def test_gilts_of_choudhry(tmp_path: Path) -> None:
    """Choudhry, *Bond and Money Markets*, p. 586, and *The Repo Handbook*, p. 426."""
    header = f"{HEADER},conversion_factor,accrued_settlement,accrued_delivery"
    lines = [
        "G,2000-06-01,9,2,2011-07-12,2000-03-16,2000-06-30,131.4610,112.98,6.24,1.1525705,1.5780822,4.1917808",
        "G,2001-09-01,6.25,2,2010-11-25,2001-08-13,2001-09-28,110.20,115.94,4.9,0.9494956,,2.139946",
        "G,2001-09-01,8,2,2013-09-27,2001-08-13,2001-09-28,128.13,115.94,4.9,1.0805114,,",
    ]
    found = rows_of(tmp_path, header, *lines, options=("--given-accrued",))
    assert round(float(found["gross_basis"][0]), 8) == 1.24358491
    assert round(float(found["gross_basis"][1]), 7) == 0.1154801
    assert [round(float(cell), 7) for cell in found["net_basis"][:2]] == [1.0407732, 0.0231429]
    assert round(float(found["dirty_price"][1]), 7) == 111.5586957
    assert round(float(found["implied_repo_pct"][1]), 5) == 4.73539
    assert [round(float(found[name][2]), 3) for name in ("gross_basis", "net_basis")] == [2.856, 2.665]
    assert round(float(found["implied_repo_pct"][2]), 2) == -11.23
    assert found["implied_repo_rank"] == ["1", "1", "2"]


def test_cost_to_deliver_of_hull(tmp_path: Path) -> None:
    """Hull, *Options, Futures and Other Derivatives*: 2.69, 1.87 and 2.12 at a futures price of 93.25."""
    lines = [
        f"US,2002-03-01,6,2,2025-02-15,2001-12-10,2002-03-28,{price},93.25,1.73,{factor}"
        for price, factor in ((99.50, 1.0382), (143.50, 1.5188), (119.75, 1.2615))
    ]
    found = rows_of(tmp_path, f"{HEADER},conversion_factor", *lines, options=("--given-factors",))
    assert [round(float(cell), 2) for cell in found["gross_basis"]] == [2.69, 1.87, 2.12]


def test_factors_of_the_exchange_and_of_hull(tmp_path: Path) -> None:
    """CME, *Calculating U.S. Treasury futures conversion factors*; Hull's long bonds; TYZ5 of 30 November 2015."""
    lines = [
        "TU,2008-12-01,1.5,2,2010-10-31,2008-11-10,2008-12-31,99,108,1",
        "Z3N,2009-06-01,1.125,2,2012-04-30,2009-05-11,2009-06-30,99,108,1",
        "FV,2008-12-01,2.75,2,2013-10-31,2008-11-10,2008-12-31,99,108,1",
        "TY,2008-12-01,3.75,2,2018-11-15,2008-11-10,2008-12-31,99,108,1",
        "US,2005-03-01,10,2,2025-05-15,2005-02-10,2005-03-31,140,95,2",
        "US,2005-03-01,8,2,2023-07-15,2005-02-10,2005-03-31,120,95,2",
        "TY,2015-12-01,2.125,2,2022-06-30,2015-11-30,2015-12-31,101.0625,127-02,0.3",
    ]
    found = rows_of(tmp_path, HEADER, *lines)
    assert found["conversion_factor"] == [
        "0.9229",
        "0.8747",
        "0.8653",
        "0.8357",
        "1.4623",
        "1.2199",
        "0.7939",
    ]
    assert round(float(found["gross_basis"][6]), 4) == 0.1876


def test_five_year_futures_of_cffex(tmp_path: Path) -> None:
    """CFFEX notices: TF1509, basis 99.640 - 97.525 x 1.0167 = 0.4863; TF1206, theoretical price 97.11."""
    lines = [
        f"{HEADER},conversion_factor,accrued_settlement,accrued_delivery",
        "TF,2015-09-01,3.42,1,2020-01-24,2015-08-10,2015-09-16,99.640,97.525,2.5,,,",
        "TF,2012-06-01,3.64,1,2019-01-12,2012-02-27,2012-06-13,100.8352,97,3.5,1.0381,0.4587,1.5258",
    ]
    found = rows_of(tmp_path, *lines, options=("--given-factors", "--given-accrued"))
    assert (found["conversion_factor"][0], round(float(found["gross_basis"][0]), 4)) == ("1.0167", 0.4863)
    assert round(float(found["fair_futures_price"][1]), 2) == 97.11


def test_ten_year_factors_of_june_2019_and_the_yield_at_which_delivery_switches(tmp_path: Path) -> None:
    """Hu and Fan (2019): the longer bond 2.5 bp below the shorter one moves the switch from 3.0% to 3.2%.

    Computed from unrounded factors the yields are 3.00, 3.08, 3.16, 3.20, 3.24, 3.40 and 2.60; factors of four
    decimals and the day of delivery leave hundredths of a per cent open.
    """
    path = file_of(tmp_path, *CHINA[:3])
    rows = rows_of(tmp_path, *CHINA[:3])
    assert rows["conversion_factor"] == ["1.0424", "1.0204"]
    found = answers(path, "--switch-yields", "0,-1,-2,-2.5,-3,-5,5")["switch_yields"]
    assert (found[0]["shorter"], found[0]["longer"]) == ("170018", "180027")
    assert found[0]["yields_pct"] == pytest.approx([3.00, 3.08, 3.16, 3.20, 3.24, 3.40, 2.60], abs=0.03)


@pytest.mark.parametrize(("factor", "face", "lots"), [(1.02, 50, 51), (1.022, 500, 511), (1.025, 40, 41)])
def test_whole_hedges_of_the_basis_primer(tmp_path: Path, factor: float, face: int, lots: int) -> None:
    """105 - 100 x 1.02 = 3; a factor of 1.02 hedges with 50:51, 1.022 with 500:511, 1.025 with 40:41."""
    line = f"T,2019-06-01,3.25,2,2028-11-22,2019-04-12,2019-06-19,105,100,2.8,{factor}"
    path = file_of(tmp_path, f"{HEADER},conversion_factor", line)
    found = answers(path, "--given-factors", "--trade", "long", "--face", f"{face}mn")["trade"][0]
    assert found["exact_lots"] == [face, lots]
    assert (found["hedge"]["contracts"], round(found["hedge"]["residual_face"], 3)) == (lots, 0.0)
    assert found["profit"]["basis"] == pytest.approx(-(105 - 100 * factor) * face * 1e4)
    rounded = answers(path, "--given-factors", "--trade", "long", "--face", f"{face + 1}mn")["trade"][0]
    open_share = 1.0 - rounded["hedge"]["contracts"] / rounded["hedge"]["exact_contracts"]
    assert rounded["hedge"]["residual_face"] == pytest.approx((face + 1) * 1e6 * open_share)
    assert rounded["hedge"]["residual_dv01"] == pytest.approx(rounded["bond_dv01"] * open_share)
    short = answers(path, "--given-factors", "--trade", "short", "--face", f"{face + 1}mn")["trade"][0]
    assert short["profit"]["total"] == pytest.approx(-rounded["profit"]["total"])
    assert short["hedge"]["residual_face"] == pytest.approx(-rounded["hedge"]["residual_face"])


def test_repo_chain_of_the_basis_primer() -> None:
    """100 borrows 80, then 64, then 48 of 60 pledged: 192 borrowed, 292 held, 1.92x."""
    chain = answers("--repo-chain", "20%", "--pledge", "100,80,60")["repo_chain"]
    assert chain["borrowed"] == [80.0, 64.0, 48.0]
    assert (chain["total_borrowed"], chain["position"], chain["leverage"]) == (192.0, 292.0, 1.92)
    printed = run("--repo-chain", "20%", "--pledge", "100,80,60").stdout
    assert "192 borrowed, 292 held, 52 of it not pledged: 1.92x" in printed


def test_a_billion_of_ten_year_notes(tmp_path: Path) -> None:
    """A tick is $312,500; at 56x ten are 17.5% of $17.9mn; margins from 1,150 to 1,850 call $7.0mn, 39% of it.

    Margins: Chicago Fed Letter 467. Leverage: Glicoes and others (2024). 40 bp of repo for a quarter are about three
    ticks.
    """
    line = "TY,2025-06-01,6,2,2032-11-15,2025-04-01,2025-06-30,100,100,4.3,1,0,0"
    path = file_of(tmp_path, f"{HEADER},conversion_factor,accrued_settlement,accrued_delivery", line)
    given = ("--given-factors", "--given-accrued", "--trade", "long", "--face", "1bn", "--haircut", "1.7857%")
    found = answers(path, *given, "--stressed-margin", "700")["trade"][0]
    assert (found["tick_of_basis"], found["hedge"]["contracts"]) == (312_500.0, 10_000.0)
    assert round(found["own_funds"] / 1e6, 1) == 17.9
    assert round(10.0 * found["tick_of_basis"] / found["own_funds"], 3) == 0.175
    assert (found["margin_call"], round(found["margin_call"] / found["own_funds"], 2)) == (7.0e6, 0.39)
    assert 40.0 * found["repo_point_cost"] / found["tick_of_basis"] == pytest.approx(3.2)


def test_basket_of_a_contract_month_is_the_exchanges(
    public_rows: Callable[[str], Rows], tmp_path: Path
) -> None:
    """The ten-year note of June 2025 out of all notes and bonds that were outstanding, with the published factors."""
    listed = {
        row["cusip"]: float(row["conversion_factor"])
        for row in public_rows("ust_futures_conversion_factors_2025.csv")
        if (row["contract"], row["first_delivery_date"]) == ("TY", "2025-06-01")
    }
    outstanding = public_rows("ust_notes_bonds_outstanding_2025-03-13.csv")
    path = file_of(tmp_path, ",".join(outstanding[0]), *(",".join(row.values()) for row in outstanding))
    found = answers("basket", path, "--contract", "ZN", "--month", "2025-06")["basket"]
    assert {bond["bond"]: bond["conversion_factor"] for bond in found["bonds"]} == listed
    assert (found["last_trading"], found["last_delivery"]) == ("2025-06-18", "2025-06-30")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "A basket is one of a contract month; write"),
        (("--contract", "BUND", "--month", "2025-06"), "'BUND' is not a known contract; choose one of"),
        (("--contract", "TY", "--month", "June"), "--month is 'June'; it must be a month"),
        (
            ("--contract", "TY", "--month", "2025-06"),
            "bonds.csv:2 maturity_date is 'soon'; dates are written like",
        ),
    ],
)
def test_baskets_that_cannot_be_found_are_told_in_one_message(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run("basket", file_of(tmp_path, "coupon_pct,maturity_date", "4.25,soon"), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_breaking_even_late_takes_more(tmp_path: Path) -> None:
    """108 days of the trade; of a rise after 81 of them a quarter is left. 0.599% on 360 days are 0.607% on 365."""
    path = file_of(tmp_path, HEADER, LINES[0])
    found = answers(path, "--trade", "long", "--days-passed", "81")["trade"][0]
    assert found["breakeven_overnight_move_bp"] == pytest.approx(4.0 * found["breakeven_repo_move_bp"])
    assert round(found["implied_repo_365_pct"], 3) == 0.607
    assert found["delivery_by_carry"] == "2002-03-28"  # the last day: carry is positive


def credit(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    register_credit(app)
    app.command("other")(lambda: None)
    result = CliRunner().invoke(app, ["credit", *arguments])
    return result.exit_code, result.output


def test_negative_basis_trade_worked_out() -> None:
    """Basis -100 bp, half a year of five: carry 50, break-even -11.1, a widening to -150 loses 175, maturity 500.

    At 20x that is 35% of capital, at 4x 7%; margins from 5% to 25% force out 80% first.
    """
    code, text = credit(
        "--basis", "-100bp", "--to", "-150bp", "--years", "6m", "--maturity", "5y", "--stressed-haircut", "25%",
        "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(text)
    assert (found["carry"], found["convergence"]) == (pytest.approx(0.0050), pytest.approx(-0.0225))
    assert (found["total"], found["to_maturity"]) == (pytest.approx(-0.0175), pytest.approx(0.05))
    assert round(found["breakeven_change_bp"], 1) == -11.1
    assert (found["leverage"], found["stressed_leverage"]) == (pytest.approx(20.0), pytest.approx(4.0))
    assert found["return_on_margin"] == pytest.approx(-0.35)
    assert found["sold_when_margins_rise"] == pytest.approx(0.8)
    wide = json.loads(credit("--basis", "-100bp", "--to", "-150bp", "--haircut", "25%", "--json")[1])
    assert wide["return_on_margin"] == pytest.approx(-0.07)
    three = json.loads(
        credit("--cds", "200bp", "--bond-yield", "6%", "--treasury-yield", "3%", "--to", "-150bp", "--json")[
            1
        ]
    )
    assert (three["basis_bp"], three["total"]) == (pytest.approx(-100.0), pytest.approx(-0.0175))
    mirror = json.loads(credit("--basis", "100bp", "--to", "150bp", "--json")[1])
    assert (mirror["total"], mirror["breakeven_change_bp"]) == (
        pytest.approx(-0.0175),
        pytest.approx(-found["breakeven_change_bp"]),
    )


def test_capital_beyond_margin_postpones_the_forced_exit() -> None:
    found = json.loads(credit("--basis", "-100bp", "--capital", "9.5%", "--json")[1])
    assert (found["forced_exit_change_bp"], found["forced_exit_basis_bp"]) == (
        pytest.approx(-100.0),
        pytest.approx(-200.0),
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cds", "200bp"), "Give either --basis, or all of --cds, --bond-yield and --treasury-yield."),
        (("--basis", "-100"), "--basis: '-100' has no unit"),
        (("--basis", "-100bp", "--years", "6y"), "a trade ends before its bond"),
        (("--basis", "-100bp", "--haircut", "0%"), "a trade ties up something"),
        (("--basis", "-100bp", "--capital", "1%"), "--capital is 1%"),
    ],
)
def test_credit_figures_that_no_trade_has_are_told_in_one_message(
    arguments: tuple[str, ...], said: str
) -> None:
    code, text = credit(*arguments)
    assert code == 2
    assert said in text
    assert len(text.splitlines()) == 1


def test_payoff_of_long_and_short_basis(tmp_path: Path) -> None:
    """Long basis in a deliverable bond cannot lose more than it paid, in another it can; the short is its mirror."""
    short_note = LINES[0].replace("6.5,2,2010-02-15", "5.0,2,2004-08-15").replace("109.0390625", "100")
    path = file_of(tmp_path, HEADER, *LINES, short_note)
    bonds = answers(path, "--payoff", "--parallel-bp", "300")["payoff"][0]["bonds"]
    assert [bond["role"] for bond in bonds] == ["cheapest", *["deliverable"] * 6, "not deliverable"]
    for bond in bonds[:-1]:
        assert bond["floor"] == -bond["net_basis"]
        assert min(bond["long"]) >= bond["floor"] - 1e-12
        assert max(bond["long"]) > 1.0  # pays when another bond becomes the cheapest
    assert bonds[-1]["floor"] is None
    assert min(bonds[-1]["long"]) < -bonds[-1]["net_basis"] - 5.0
    printed = run(path, "--payoff").stdout.splitlines()
    heads = [place for place, line in enumerate(printed) if re.match(r" *(long|short) basis", line)]
    long, short = (printed[place + 1].split()[3:] for place in heads)
    assert [float(cell) for cell in short] == [-float(cell) + 0.0 for cell in long]


def test_quality_option_and_what_it_leaves(tmp_path: Path) -> None:
    """Without moves of yields the choice is worth what the bonds' order already says; with them it is worth more."""
    path = file_of(tmp_path, HEADER, *LINES)
    still = answers(path, "--option", "--yield-sd-bp", "0", "--paths", "10")["option"][0]
    moving = answers(path, "--option", "--yield-sd-bp", "100", "--paths", "2000")["option"][0]
    assert still["option"][0] == pytest.approx(0.0, abs=1e-9)
    assert still["option_adjusted_net_basis"][0] == pytest.approx(still["net_basis"][0], abs=1e-9)
    assert moving["option"][0] > 0.05
    assert moving["risk"]["convexity_years2"] < 0.0 < moving["risk"]["bond_convexity_years2"]
    assert moving["fair_futures_price"] < still["fair_futures_price"]
    refused = run(file_of(tmp_path, *CHINA), "--option")
    assert refused.exit_code == 2
    assert "give the yields' standard deviation with --yield-sd-bp." in refused.stderr


def test_calendar_spread_of_june_and_september_2019(tmp_path: Path) -> None:
    """Hu and Fan (2019): the spread widened to 1.5. Delivering again what June delivered earns the implied repo."""
    path = file_of(tmp_path, *CHINA)
    roll = answers(path, "--calendar", "T1906/T1909")["calendar"][0]
    assert roll["spread"]["spread"] == 1.5
    rows = rows_of(tmp_path, *CHINA)
    cheapest = rows["implied_repo_rank"][:2].index("1")
    invoice, accrued = (float(rows[name][cheapest]) for name in ("invoice_price", "accrued_delivery"))
    bond = CHINA[1 + cheapest].split(",")
    held = basis_rows(
        "T",
        "2019-09-01",
        float(bond[3]),
        2,
        bond[5],
        "2019-06-19",
        "2019-09-18",
        invoice - accrued,
        96.0,
        2.8,
    )
    assert roll["spread"]["implied_forward_repo_pct"] == pytest.approx(
        float(held.implied_repo_pct[0]), abs=1e-6
    )
    assert problems_of(tmp_path, HEADER, LINES[0].replace("2001-12-10", "2010-12-10"))  # others still refuse
    result = run(file_of(tmp_path, HEADER, *LINES), "--calendar", "TYH2/TYM2")
    assert result.exit_code == 2
    assert "has no two months 'TYH2/TYM2'; it has TYH2; write --calendar FRONT/BACK." in result.stderr


def test_history_follows_the_cheapest_bond_and_draws_it(tmp_path: Path) -> None:
    """Implied repo falls below repo when futures do, and a switch of the cheapest bond is marked."""
    days = [
        line.replace("2019-04-12", day).replace(",97.5,", f",{price},")
        for day, price in (("2019-01-15", "98.3"), ("2019-02-20", "96.2"), ("2019-04-12", "97.5"))
        for line in CHINA[1:3]
    ]
    days[2] = days[2].replace(",100.9,", ",100.6,")
    page = tmp_path / "days.html"
    result = run("history", file_of(tmp_path, CHINA[0], *days), "--plot", page, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)["history"]
    assert [day["settlement"] for day in found] == ["2019-01-15", "2019-02-20", "2019-04-12"]
    assert found[0]["implied_repo_pct"] > 2.8 > found[1]["implied_repo_pct"]
    assert [day["is_switch"] for day in found] == [False, True, True]
    assert "basis-t1906" in page.read_text(encoding="utf-8")
    refused = run(file_of(tmp_path, CHINA[0], *days), "--plot", page)
    assert (refused.exit_code, refused.stderr.splitlines()[0][:22]) == (2, "--plot draws a history")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--trade", "long", "--face", "much"), "--face is 'much'; it must be an amount"),
        (("--trade", "long", "--haircut", "2"), "--haircut '2' has no unit"),
        (("--trade", "long", "--bond", "Bund"), "has no bond 'Bund'; its bonds are 6.5% 2010-02-15."),
        (("--switch-yields", "a"), "--switch-yields is 'a'"),
        (("--switch-yields", "0"), "has no basket of two bonds"),
        (("--option", "--regime", "1999"), "cannot be valued in regime '1999'; choose one of 2010-2025"),
    ],
)
def test_questions_that_cannot_be_answered_are_told_in_one_message(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(file_of(tmp_path, HEADER, LINES[0]), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_nothing_to_do_is_said() -> None:
    result = run()
    assert result.exit_code == 2
    assert "unwind basis takes one file of bonds" in result.stderr
