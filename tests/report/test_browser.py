"""Reports of every shipped scenario in a real browser: silent, drawn, sortable, accessible, as wide as the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from simulator.report.run_report import write_report
from tests.report.conftest import PHONE, all_saved_csvs, eventually, overflow, saved_csv, undrawn
from tests.report.runs import SCENARIOS, hostile_scenario, run_shipped
from tests.report.test_page import HOSTILE

FIGURES = {
    "yields", "dislocation", "cost", "spiral-in-time", "who-sold", "net-purchases", "limits", "dealers", "repo",
    "equity", "network", "tail-curves", "chosen-paths",
}  # fmt: skip


#: All parts unfolded, and of tables the first rows alone: the others are built alike, and take the check minutes.
FEW_ROWS = """() => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  document.querySelectorAll("tbody tr:nth-child(n+4), .story li:nth-child(n+4)").forEach((row) => row.remove());
}"""


def figures_of(page: Page) -> set[str]:
    return set(page.eval_on_selector_all("figure", "all => all.map((figure) => figure.id)"))


def serious_violations(page: Page, within: str | None = None) -> list[str]:
    page.evaluate(FEW_ROWS)
    found = Axe().run(page, context=within).response["violations"]
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


#: Reports that differ most from each other: those of the others are looked at in the slow suite.
OF_EVERY_KIND = (
    "dash-for-cash-2020",
    "swap-spreads-2025",
    "credit-basis-2008",
    "china-speculators-2019",
    "toy",
)


@pytest.mark.parametrize(
    "scenario",
    [
        path if path.stem in OF_EVERY_KIND else pytest.param(path, marks=pytest.mark.slow)
        for path in SCENARIOS
    ],
    ids=lambda path: path.stem,
)
def test_report_of_a_shipped_scenario(scenario: Path, tmp_path: Path, opened: Callable[..., Any]) -> None:
    run_shipped(scenario, tmp_path / "run")
    file = write_report(tmp_path / "run")
    assert file == tmp_path / "run" / "report.html"
    assert file.stat().st_size < 6e6
    with opened(file) as page:
        assert undrawn(page) == []
        # fourteen paths are too few to tell a cost, and where all are alike there is no tail
        assert figures_of(page) >= FIGURES - ({"cost", "tail-curves"} if scenario.stem == "toy" else {"cost"})
        assert not any(
            "nan" in caption.lower().split() for caption in page.locator(".caption").all_inner_texts()
        )
        assert overflow(page) == 0
        page.set_viewport_size(PHONE)
        eventually(page, "[...document.querySelectorAll('.main-svg')].every((svg) => svg.clientWidth < 390)")
        assert overflow(page) == 0
        page.locator("#theme").click()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 26, 35)"
        assert overflow(page) == 0
        sorted_wrongly = page.evaluate(
            """() => [...document.querySelectorAll("table")].filter((table) => {
              table.querySelectorAll("th button")[1].click();
              const cells = [...table.tBodies[0].rows].map((row) => row.cells[1].dataset.sort).filter(Boolean);
              const numbers = cells.map(Number);
              return !numbers.some(Number.isNaN) && numbers.some((value, place) => value < numbers[place - 1]);
            }).map((table) => table.dataset.table)"""
        )
        assert sorted_wrongly == []


@pytest.fixture(scope="module")
def dash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dash") / "run"
    (scenario,) = (path for path in SCENARIOS if path.stem == "dash-for-cash-2020")
    run_shipped(scenario, folder, "paths=40")
    return write_report(folder)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(dash: Path, opened: Callable[..., Any], scheme: str) -> None:
    with opened(dash, color_scheme=scheme) as page:
        assert serious_violations(page) == []


def test_a_planted_barrier_is_found(dash: Path, opened: Callable[..., Any]) -> None:
    with opened(dash) as page:
        page.evaluate("document.getElementById('theme').after(document.createElement('button'))")
        assert any(violation.startswith("button-name") for violation in serious_violations(page, "header"))


def test_saved_tables_are_the_data_of_the_page(dash: Path, opened: Callable[..., Any]) -> None:
    with opened(dash) as page:
        content = page.evaluate("JSON.parse(document.getElementById('content').textContent)")
        saved_by_key = all_saved_csvs(page)
        assert saved_csv(page, "yields") == saved_by_key["yields"]
        for kind in ("figures", "tables"):
            for key, block in content[kind].items():
                heading, *rows = saved_by_key[key]
                assert heading == list(block["columns"]), key
                for place, values in enumerate(block["columns"].values()):
                    saved = [row[place] for row in rows[: len(values)]]
                    assert saved == [as_saved(value) for value in values], (key, heading[place])
                    assert all(row[place] == "" for row in rows[len(values) :])


def as_saved(value: Any) -> Any:
    """A value as the CSV must hold it; numbers compare by value."""
    if value is None:
        return ""
    return (
        AsNumber(value) if isinstance(value, int | float) and not isinstance(value, bool) else AsText(value)
    )


class AsNumber(float):
    def __eq__(self, other: object) -> bool:
        return float(str(other)) == float(self)

    __hash__ = float.__hash__


class AsText(str):
    def __eq__(self, other: object) -> bool:
        return str(other) == (f"'{self!s}" if self[:1] in tuple("=+-@") else str(self))

    __hash__ = str.__hash__


def test_printed_report_has_all_its_figures(dash: Path, opened: Callable[..., Any], tmp_path: Path) -> None:
    with opened(dash, color_scheme="dark") as page:
        pdf = page.pdf(format="A4")
        assert len(pdf) > 100_000
        eventually(page, "!document.documentElement.classList.contains('printing')")
        assert overflow(page) == 0


def test_hostile_names_in_every_field(tmp_path: Path, opened: Callable[..., Any]) -> None:
    run_shipped(hostile_scenario(tmp_path / "scenario"), tmp_path / "run")
    with opened(write_report(tmp_path / "run")) as page:
        assert page.locator("h1").text_content() == HOSTILE
        assert page.locator(".subtitle").text_content() == f"{HOSTILE} <b>bold</b>"
        assert HOSTILE in page.locator("#yields h4").all_text_contents()
        assert page.locator("#table-yields td").first.text_content() == HOSTILE
        assert page.locator("img, b").count() == 0
        assert page.evaluate("document.scripts.length") == 3
        assert saved_csv(page, "network")[1][1] == f"{HOSTILE} 0"
        assert undrawn(page) == []
