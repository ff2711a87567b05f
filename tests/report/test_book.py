"""Your book among the others: the market stays what it is, records are those of the funds, and the page tells them.

The first task is a user's: the guide's own table, a shock in a desk's words, nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator.analysis.book import Book
from simulator.api import Results
from simulator.ensemble.crowd import book_template, population_csv
from simulator.report.export import export
from simulator.report.images import find_browser
from simulator.report.run_data import RunData
from simulator.report.run_report import run_page
from simulator.results.folder import open_run
from simulator.results.outcomes import collect_outcomes
from simulator.results.variables import GROUPS
from simulator.scenario.loading import load_scenario
from tests.conftest import Unwind
from tests.economics.shipped import opened, played

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "populations.md"
TASK = """
name: mine
title: Our three funds
extends: preset:us-treasury-2025-04-01
seed: 7
paths: 12
horizon: 8d
funds: {add: my-book.csv}
output: {dealers: [dealer 1], test_sale_paths: 0}
events:
  - {type: volatility-shock, day: 2d, move_index: 160}
  - {type: yield-shock, day: 2d, days: 3d, curve: bear-steepener 75bp}
  - {type: haircut-step, day: 3d, change: 2%}
  - {type: limit-cut, day: 2d, share: 30%, dealers: [dealer 1]}
"""
MARKET = (
    "funds.leverage=60x",
    "funds.count=5",
    "dealers.count=3",
    "dealers.clients_per_fund=2",
    "horizon=8d",
)
NAMED = ("output.funds=[fund 5, fund 2]", "output.dealers=[dealer 3, dealer 1]")


def guide_table() -> str:
    found = re.search(r"```csv\n(name,equity \(\$mn\).*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    (folder / "my-book.csv").write_text(guide_table())
    (folder / "mine.yaml").write_text(TASK)
    return folder / "mine.yaml"


@pytest.fixture(scope="module")
def ran(task: Path) -> Results:
    return simulator.run(task, output=task.parent / "out", quiet=True, threads=1)


def test_the_market_keeps_its_totals_and_the_crowd_its_shape(task: Path) -> None:
    from simulator.engine.opening.prepare import prepare

    loaded = load_scenario(task)
    mine = prepare(loaded.scenario, loaded.data_files)
    without = prepare(
        loaded.scenario.model_copy(update={"funds": loaded.scenario.funds.model_copy(update={"add": ""})})
    )
    assert mine.funds[-3:] == ("Alder", "Birch", "Cedar")
    assert mine.named_funds == mine.funds[-3:]
    books, before = (each.parameters.opening.funds for each in (mine, without))
    np.testing.assert_allclose(books.packages_bn.sum(axis=1), before.packages_bn.sum(axis=1), rtol=1e-9)
    trades = list(mine.trades)
    assert books.packages_bn[trades.index("TY"), -3:].tolist() == [8.0, 5.5, 0.0]
    assert books.leverage_headroom[:-3].tolist() == before.leverage_headroom.tolist()
    assert books.client_share[:, :-3].tolist() == before.client_share.tolist()
    assert books.hedge_ratio[:, -3:].tolist() == [[1.0] * 3] * len(trades)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dealer of one's own among five, whose limit is cut, and two funds that borrow from it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "my-desk.csv").write_text("name;share;opening_use\nHarbour;12,5%;70%\n")
    (folder / "my-book.csv").write_text("name,equity,TY,Harbour\nA,$1bn,$9bn,100%\nB,$1bn,$9bn,\n")
    (folder / "mine.yaml").write_text(
        "name: desk\ntitle: Our desk\nextends: preset:us-treasury-2025-04-01\nseed: 7\npaths: 6\nhorizon: 4d\n"
        "funds: {add: my-book.csv}\ndealers: {add: my-desk.csv, count: 5}\noutput: {test_sale_paths: 0, agents: true}\n"
        "events:\n  - {type: limit-cut, day: 2d, share: 30%, dealers: [Harbour]}\n"
    )
    return folder / "mine.yaml"


def test_a_dealer_of_ones_own_takes_its_share_from_all_others_alike(desk: Path) -> None:
    from simulator.engine.opening.prepare import prepare

    loaded = load_scenario(desk)
    mine = prepare(loaded.scenario, loaded.data_files)
    dealers = loaded.scenario.dealers.model_copy(update={"add": ""})
    funds = loaded.scenario.funds.model_copy(update={"add": ""})
    without = prepare(loaded.scenario.model_copy(update={"dealers": dealers, "funds": funds, "events": []}))
    assert (mine.dealers[5:], mine.named_dealers) == (("Harbour",), ("Harbour",))
    share, before = (each.parameters.opening.dealers.share for each in (mine, without))
    np.testing.assert_allclose(share, [*(0.875 * before), 0.125], rtol=1e-12)
    assert mine.opening_state().dealers.use == pytest.approx([*[dealers.opening_use] * 5, 0.7])
    assert mine.parameters.opening.funds.client_share[:, -2].tolist() == [0.0] * 5 + [1.0]


def test_records_are_kept_of_a_dealer_of_ones_own(desk: Path) -> None:
    ran = simulator.run(desk, output=desk.parent / "out", quiet=True, threads=1)
    days = ran.dataset
    assert days["named_dealer"].values.tolist() == ["Harbour"]
    use = days["named_dealer_use"].sel(named_dealer="Harbour")
    assert float(use.isel(day=0).min()) == pytest.approx(0.7, rel=1e-6)
    assert (use.sel(day=2) > 1.3 * use.sel(day=1)).all(), "its limit is cut by 30% on the second day"
    theirs = days["dealer_use_by_dealer"].isel(dealer=slice(5))
    assert (theirs.sel(day=2) < 1.1 * theirs.sel(day=1)).all()
    section = next(
        each for each in run_page(RunData(open_run(ran.folder), collect_outcomes(open_run(ran.folder)))).sections
        if each.title == "Your book"
    )  # fmt: skip
    table = next(block for block in section.blocks if block.kind == "table" and block.key == "book-dealers")
    assert "Harbour" in str(table)


def test_shares_by_dealer_are_those_of_the_table(task: Path, tmp_path: Path) -> None:
    from simulator.ensemble.description import prepare_run

    (tmp_path / "my-book.csv").write_text(
        "name,equity,TY,dealer 2,dealer 5\nA,$1bn,$9bn,60%,40%\nB,$1bn,$9bn,,\n"
    )
    (tmp_path / "mine.yaml").write_text(TASK)
    shares = (
        prepare_run(load_scenario(tmp_path / "mine.yaml")).parameters.opening.funds.client_share[:, -2:].T
    )
    assert shares[0, [1, 4]].tolist() == [0.6, 0.4]
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])


def test_naming_agents_changes_no_number_of_the_market() -> None:
    with_names = played("toy", *MARKET, *NAMED, paths=2, agents=True)
    without = played("toy", *MARKET, paths=2, agents=True)
    for group in GROUPS:
        for variable in group.variables:
            if not group.of_named:
                assert with_names.of(variable.name).tobytes() == without.of(variable.name).tobytes()
            else:
                assert without.of(variable.name).size == 0
                assert with_names.of(variable.name).size > 0


def test_records_are_those_of_the_named() -> None:
    run = played("toy", *MARKET, *NAMED, paths=2, agents=True)
    places = [run.prepared.funds.index(name) for name in run.prepared.named_funds]
    for mine, theirs in (("equity", "fund_equity_by_fund"), ("cash", "fund_cash_by_fund")):
        assert (run.of(f"named_fund_{mine}") == run.of(theirs)[..., places]).all()
    held = np.abs(run.of("named_fund_packages")).sum(axis=2)
    np.testing.assert_allclose(held, run.of("fund_packages_by_fund")[..., places], rtol=1e-12)
    assert (run.of("named_dealer_use") == run.of("dealer_use_by_dealer")[..., [2, 0]]).all()
    assert (run.of("named_fund_sales").sum(axis=-1) <= run.of("fund_sales_by_channel") + 1e-12).all()
    assert (run.of("named_fund_allowed") <= 1.0).all()


def test_the_drawn_funds_as_a_table_are_the_drawn_funds(tmp_path: Path, unwind: Unwind) -> None:
    drawn = opened("toy")
    code, out, _ = unwind("explain", "toy", "--population")
    assert (code, out) == (0, population_csv(drawn))
    (tmp_path / "funds.csv").write_text(out)
    (tmp_path / "again.yaml").write_text(f"extends: {Path('scenarios/toy.yaml').resolve()}\n")
    from simulator.engine.opening.prepare import prepare

    scenario = drawn.scenario
    named = scenario.model_copy(
        update={"funds": scenario.funds.model_copy(update={"population": "funds.csv"})}
    )
    again = prepare(named, {"funds.csv": tmp_path / "funds.csv"})
    assert again.opening.tobytes() == drawn.opening.tobytes()


def test_the_template_is_a_book_that_can_be_added(tmp_path: Path, unwind: Unwind) -> None:
    file = tmp_path / "my-book.csv"
    assert unwind("new", str(file), "--book")[0] == 0
    assert file.read_text() == book_template(
        load_scenario(
            "preset:us-treasury-2025-04-01", ("name=x", "title=x", "seed=1", "paths=1", "horizon=5d")
        ).scenario
    )
    (tmp_path / "mine.yaml").write_text(TASK)
    assert unwind("validate", str(tmp_path / "mine.yaml"))[0] == 0


def test_the_template_of_a_dealer_can_be_added(tmp_path: Path, unwind: Unwind) -> None:
    file = tmp_path / "my-desk.csv"
    code, out, _ = unwind("new", str(file), "--dealer")
    assert (code, "dealers: {add: " in out) == (0, True)
    mine = TASK.replace("funds: {add: my-book.csv}", "dealers: {add: my-desk.csv}")
    (tmp_path / "mine.yaml").write_text(mine.replace("dealer 1", "Our desk"))
    assert unwind("validate", str(tmp_path / "mine.yaml"))[0] == 0
    assert unwind("new", str(tmp_path / "both.csv"), "--dealer", "--book")[0] == 2


def test_changed_values_are_shown_beside_those_of_the_opening_market(task: Path, unwind: Unwind) -> None:
    _, out, _ = unwind("explain", str(task), "--changed", "--set", "funds.leverage=9x")
    assert re.search(r"^funds\.leverage +9x +was 8\.5x +--set$", out, re.MULTILINE)
    assert "events.1.curve" in out
    assert "market." not in out


def test_figures_of_the_book_follow_from_its_records(ran: Results) -> None:
    days = ran.dataset
    equity = days["named_fund_equity"]
    calls = days["named_fund_calls"]
    loss = equity.isel(day=0) - equity - calls.sel(call="redemption").cumsum("day")
    table = ran.book["Alder", "value"].droplevel(["meaning", "unit"])["fund"]
    assert table["loss_mean"] == pytest.approx(
        float(loss.isel(day=-1).mean("path").sel(named_fund="Alder")), rel=1e-5
    )
    need = calls.sum("call").cumsum("day").max("day").clip(0.0)
    assert table["need_mean"] == pytest.approx(float(need.mean("path").sel(named_fund="Alder")), rel=1e-5)
    assert table["loss_95"] <= table["loss_99"] <= table["loss_low_99"] + 1e-9
    assert table["forced"] > 0.0
    together = ran.book["together", "value"].droplevel(["meaning", "unit"])["fund"]
    each = [
        Book(open_run(ran.folder)).figures(name)["loss_mean"].value for name in ("Alder", "Birch", "Cedar")
    ]
    assert together["loss_mean"] == pytest.approx(sum(each))
    assert ran.book["dealer 1", "value"].droplevel(["meaning", "unit"])["dealer"]["use_95"] > 0.8


def test_the_page_and_the_exports_tell_the_book(ran: Results, tmp_path: Path) -> None:
    run = open_run(ran.folder)
    page = run_page(RunData(run, collect_outcomes(run)))
    assert page.failures == []
    section = next(each for each in page.sections if each.title == "Your book")
    assert {block.key for block in section.blocks if block.kind in ("table", "figure")} == {
        "book", "book-liquidity", "book-positions", "book-dealers",
    }  # fmt: skip
    assert "Alder, Birch and Cedar hold $20.0bn of basis positions" in section.blocks[0].paragraphs[0]
    files = export(ran.folder, tmp_path / "export", ["json", "csv"])
    assert tmp_path / "export" / "tables" / "book.csv" in files
    assert '"figure": "lines_gone_day"' in (tmp_path / "export" / "summary.json").read_text()


def test_one_page_is_one_page(ran: Results, tmp_path: Path) -> None:
    """The task's last step: a sheet of paper for the board."""
    try:
        find_browser()
    except simulator.OutputError:
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    file = simulator.write_report(ran, tmp_path / "board.pdf", one_page=True)
    printed = file.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1


def test_the_page_begins_with_the_answer_the_scenario_and_the_loop(ran: Results) -> None:
    page = run_page(RunData(open_run(ran.folder), collect_outcomes(open_run(ran.folder))))
    assert page.summary[0].startswith("The shock unwinds $")
    assert [section.title for section in page.sections[:5]] == [
        "The scenario",
        "Your book",
        "The loop",
        "Who funds whom",
        "The tail",
    ]
    told = {row[0].text: row[1].text for row in page.sections[0].blocks[0].rows}
    assert "day 2 to 4: yields: bear-steepener 75bp" in told["What happens"]
    assert "day 2: MOVE index at 160" in told["What happens"]
    assert "(dealer 1)" in told["What happens"]
    ids = [section.key for section in page.sections] + [block.key for block in page.blocks("figure")]
    ids += [block.key for block in page.blocks("table")]
    assert len(set(ids)) == len(ids)
    (ring,) = [block for block in page.blocks("figure") if block.key == "loop"]
    assert len(ring.columns["to the next"]) == 5
    assert re.search(r"\$[\d.]+(bn|mn) sold", ring.columns["to the next"][1])


def test_runs_without_names_say_how_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    toy = simulator.run("toy", set={"horizon": "13d"}, quiet=True)
    with pytest.raises(simulator.OutputError, match=r"funds\.add"):
        _ = toy.book
