"""Who funds whom: repo adds up from column to column, shrinks as positions do, and follows the slider in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.ensemble.execution import run_scenario
from simulator.report.network import Flows, flows_of, network
from simulator.report.run_data import RunData
from simulator.report.run_report import write_report
from simulator.results.folder import open_run
from simulator.results.outcomes import collect_outcomes
from simulator.scenario.loading import load_scenario
from tests.report.conftest import PHONE, overflow, saved_csv
from tests.report.runs import ROOT

DASH = ROOT / "scenarios" / "dash-for-cash-2020.yaml"
SETTINGS = ("paths=8", "numerics.block=4", "market.trades.UXY.fund_packages=$0bn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dash for cash on a few paths; funds hold nothing of the ultra ten-year contract."""
    folder = tmp_path_factory.mktemp("network") / "run"
    run_scenario(load_scenario(DASH, SETTINGS), folder, threads=2)
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> RunData:
    run = open_run(folder)
    return RunData(run, collect_outcomes(run))


@pytest.fixture(scope="module")
def flows(data: RunData) -> Flows:
    return flows_of(data, data.chosen[0])


def test_what_dealers_lend_they_borrow_on_every_day(flows: Flows) -> None:
    lenders, dealers, funds = flows.columns
    np.testing.assert_allclose(flows.lent_bn.sum(axis=1), dealers.amount_bn, rtol=1e-9)
    np.testing.assert_allclose(flows.funded_bn.sum(axis=1), funds.amount_bn, rtol=1e-9)
    np.testing.assert_allclose(flows.funded_bn.sum(axis=2), dealers.amount_bn, rtol=1e-9)
    np.testing.assert_allclose(flows.lent_bn.sum(axis=2), lenders.amount_bn, rtol=1e-9)


def test_repo_follows_the_positions_that_are_stored(data: RunData, flows: Flows) -> None:
    funds = flows.columns[2]
    path = data.chosen[0].path
    held = np.abs(data.path_days(path, "fund_packages")).sum(axis=1)
    kept = funds.amount_bn.sum(axis=1) / funds.amount_bn[0].sum()
    np.testing.assert_allclose(kept, held / held[0], atol=0.02)  # shares of face and of value differ a little
    assert kept.min() < 0.9


def test_contracts_without_positions_have_no_panel(data: RunData) -> None:
    assert "UXY" in data.trades
    assert "ultra 10-year UXY" not in dict(data.shown).values()
    assert len(data.shown) == len(data.trades) - 1


def test_figure_has_a_frame_for_every_step(data: RunData) -> None:
    figure = network(data)
    assert figure is not None
    (panel,) = figure.panels
    assert len(panel.frames) == len(figure.steps)
    assert panel.traces == panel.frames[figure.step]
    assert figure.steps[0] == "18 February 2020"


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}], ids=["desk", "phone"])
def test_the_slider_draws_another_day(
    folder: Path, opened: Callable[..., Any], options: dict[str, Any]
) -> None:
    drawn = """() => document.querySelector("#network .plot").data.map((trace) => JSON.stringify(trace.y)).join()"""
    with opened(write_report(folder), **options) as page:
        before = page.evaluate(drawn)
        slider = page.locator("#network input[type=range]")
        slider.focus()
        slider.press("Home")
        assert page.locator("#network output").text_content() == "18 February 2020"
        page.wait_for_timeout(300)
        assert page.evaluate(drawn) != before
        assert overflow(page) == 0
        rows = saved_csv(page, "network")
        assert rows[0][:3] == ["day", "agent", "kind"]


def test_the_way_to_honest_numbers_is_in_the_page(folder: Path, opened: Callable[..., Any]) -> None:
    with opened(write_report(folder)) as page:
        place = page.locator("p.see a").get_attribute("href")
        assert page.locator(place).count() == 1
