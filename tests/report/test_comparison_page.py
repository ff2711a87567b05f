"""The page of a comparison, in a real browser: silent, drawn, the numbers of the runs, hostile names as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from simulator.analysis.comparison import Comparison, compare
from simulator.analysis.comparison_words import answer_sentence
from simulator.ensemble.execution import run_scenario
from simulator.report.comparison_page import value_and_error, write_comparison
from simulator.results.errors import OutputError
from simulator.scenario.loading import load_scenario
from tests.report.conftest import PHONE, overflow, saved_csv, undrawn

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
#: The name of a folder may hold anything but a slash.
HOSTILE = """<img src=x onerror=alert(1)> "'& =1+1 🐉 国债"""
STRESS = ("drivers.noise=1.5", "paths=32", "numerics.block=16")
RUNS = {
    "base": (),
    HOSTILE: ("central_bank.hedged={mode: schedule, schedule: [{day: 2d, days: 5d, pace: $2bn}]}",),
    "relief": ("central_bank.leverage_relief=1.5x",),
}
TITLE = "Two trades, six funds"
FIGURES = {"cost-benefit", "changes", "sales", "by-day", "paired-days"}


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("compared")
    for name, settings in RUNS.items():
        run_scenario(load_scenario(TOY, [*STRESS, *settings]), folder / name, threads=2)
    return compare(*(folder / name for name in RUNS))


@pytest.fixture(scope="module")
def page_file(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_comparison(comparison, tmp_path_factory.mktemp("page") / "comparison.html")


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "color_scheme": "dark"}], ids=["desk", "phone"])
def test_page_draws_and_fits(page_file: Path, opened: Callable[..., Any], options: dict[str, Any]) -> None:
    with opened(page_file, **options) as page:
        assert {figure.get_attribute("id") for figure in page.locator("figure").all()} == FIGURES
        assert undrawn(page) == []
        assert overflow(page) == 0
        assert page.locator("main img").count() == 0
        assert HOSTILE in page.locator(".subtitle").text_content()
        assert page.locator("h1").text_content() == TITLE


def test_saved_figures_are_those_of_the_comparison(
    page_file: Path, comparison: Comparison, opened: Callable[..., Any]
) -> None:
    with opened(page_file) as page:
        heading, *rows = saved_csv(page, "figures-0")
        places = {
            name: heading.index(name) for name in ("difference", "difference, standard error", "verdict")
        }
        contrast = comparison.contrasts[0]
        assert len(rows) == len(contrast.rows)
        for saved, row in zip(rows, contrast.rows, strict=True):
            assert float(saved[places["difference"]]) == pytest.approx(row.difference.value, rel=1e-6)
            error = row.difference.standard_error
            assert float(saved[places["difference, standard error"]]) == pytest.approx(error, rel=1e-6)
            assert saved[places["verdict"]] == row.verdict
        heading, *rows = saved_csv(page, "paired-days")
        assert len(rows) == 13
        assert any(name.startswith(HOSTILE) for name in heading)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(page_file: Path, opened: Callable[..., Any], scheme: str) -> None:
    with opened(page_file, color_scheme=scheme) as page:
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_runs_that_share_no_chance_get_a_page_that_says_so(
    comparison: Comparison, tmp_path: Path, opened: Callable[..., Any]
) -> None:
    run_scenario(load_scenario(TOY, [*STRESS, "seed=99"]), tmp_path / "other", threads=2)
    unpaired = compare(comparison.base.folder, tmp_path / "other")
    with opened(write_comparison(unpaired, tmp_path / "c.html")) as page:
        assert "the seed differs" in page.locator("[role=status]").text_content()
        assert page.locator("#paired-days").count() == 0


def test_a_figure_in_words_is_cut_into_value_and_error() -> None:
    assert value_and_error("6.4 ± 1.1%") == ("6.4%", "± 1.1")
    assert value_and_error("$92bn") == ("$92bn", "")


def test_the_answer_is_a_sentence_then_tables(
    page_file: Path, comparison: Comparison, opened: Callable[..., Any]
) -> None:
    with opened(page_file) as page:
        (answer,) = page.locator("p.answer").all_text_contents()
        sections = [each.get_attribute("id") for each in page.locator("main section").all()]
        heading, *rows = saved_csv(page, "by-target")
    assert answer.endswith(".")
    assert sections[:3] == ["answer", "side-by-side", "targets"]
    first = [dict(zip(heading, row, strict=True)) for row in rows if row[0] == "Basis move avoided, bp"]
    gains = {each.side.label: each.appraisal.benefits["dislocation"].value for each in comparison.contrasts}
    assert [each["run"] for each in first] == sorted(gains, key=lambda label: -gains[label])
    left_out = {each["run"]: each["not counted"] for each in first}
    assert left_out == {HOSTILE: "carry, and sales after the run", "relief": "capital at risk at dealers"}


def test_labels_name_the_runs(comparison: Comparison) -> None:
    folders = [comparison.base.folder, *(each.side.folder for each in comparison.contrasts)]
    named = compare(*folders, labels=["as it was", "hedged", "relief for dealers"])
    assert [each.side.label for each in named.contrasts] == ["hedged", "relief for dealers"]
    assert answer_sentence(named.contrasts, named.base.label).startswith("Of 2 runs ")
    for wrong in (["one"], ["one", "one", "two"]):
        with pytest.raises(OutputError, match="allowed is one for each, all different"):
            compare(*folders, labels=wrong)
