"""The frame of every page, in a real browser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from simulator.report.document import write_document
from simulator.report.figure import Figure, Panel, axis, band, bars, line, plotly_figure
from simulator.report.page import (
    ASSETS,
    PLOTLY,
    Cell,
    Headline,
    Page,
    PageTable,
    Prose,
    Section,
    Story,
)
from tests.report.conftest import PHONE, eventually, overflow, saved_csv, undrawn

#: What a scenario may call things: script, markup, quotes, a formula, emoji, Chinese.
HOSTILE = """</script><script>alert(1)</script><img src=x onerror=alert(2)> "'& =1+1 🐉 国债"""
PLOTLY_SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def sample_page(name: str = "TY") -> Page:
    columns = {"day": [0, 1, 2], "low": [0.0, -1.0, -2.5], "high": [0.0, 1.0, 2.25], name: [0.0, 0.5, None]}
    panel = Panel(
        [*band("day", "low", "high", "range", "blue"), line("day", name, name, "blue", unit="bp")],
        {"yaxis": axis("yield, bp"), "xaxis": axis("day")},
        title=name,
    )
    shares = {"cause": [name, "haircut"], "sold, $bn": [3.25, 1.5]}
    figures = [
        Figure("fan", f"A fan of {name}", name, name, [panel, panel], columns, per_row=2, note=name),
        Figure(
            "bars",
            "Bars",
            "",
            "",
            [Panel([bars("cause", "sold, $bn", name, "green", across=True)])],
            shares,
        ),
    ]
    cells = [[Cell(name), Cell("1,000.5", 1000.5)], [Cell("b"), Cell("-2.0", -2.0)], [Cell("c"), Cell("-")]]
    table = PageTable("table", name, [name, "value, bp"], cells, caption=name)
    return Page(
        title=name,
        subtitle=name,
        facts=[("seed", name)],
        status=name,
        is_complete=False,
        summary=[name],
        headlines=[Headline(name, name, name, name)],
        sections=[
            Section("all", name, [*figures, table, Prose([name]), Prose([name], True)], lead=name),
            Section("told", "Told", [Story(name, [(name, [name])])]),
        ],
        footer=[name],
    )


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return write_document(sample_page(), tmp_path / "page.html")


def test_drawing_library_is_the_published_file() -> None:
    assert hashlib.sha256((ASSETS / PLOTLY).read_bytes()).hexdigest() == PLOTLY_SHA256
    assert "MIT" in (ASSETS / "plotly-LICENSE").read_text()


def test_page_draws_and_is_silent(sample: Path, opened: Callable[..., Any]) -> None:
    with opened(sample) as page:
        assert undrawn(page) == []
        assert overflow(page) == 0
    assert sample.stat().st_size < 2e6


def test_hostile_names_appear_as_text(tmp_path: Path, opened: Callable[..., Any]) -> None:
    file = write_document(sample_page(HOSTILE), tmp_path / "page.html")
    with opened(file) as page:
        for selector in ("h1", ".subtitle", ".status", "h2", ".caption", "figcaption", "h4", "td", "summary"):
            assert HOSTILE in page.locator(selector).all_text_contents(), selector
        tick = page.locator("#bars .ytick text", has_text="alert").text_content()
        assert tick.replace("\u200b", "") == HOSTILE
        assert page.title() == HOSTILE
        assert page.locator("img").count() == 0
        assert page.evaluate("document.scripts.length") == 3
        assert saved_csv(page, "table")[1] == [HOSTILE, "1000.5"]


def test_formulas_do_not_reach_a_spreadsheet(tmp_path: Path, opened: Callable[..., Any]) -> None:
    with opened(write_document(sample_page("=1+1"), tmp_path / "page.html")) as page:
        rows = saved_csv(page, "bars")
        assert rows == [["cause", "sold, $bn"], ["'=1+1", "3.25"], ["haircut", "1.5"]]
        assert saved_csv(page, "fan")[0] == ["day", "low", "high", "'=1+1"]
        assert saved_csv(page, "fan")[3] == ["2", "-2.5", "2.25", ""]


def test_policy_lets_no_other_script_run(sample: Path, opened: Callable[..., Any]) -> None:
    text = sample.read_text(encoding="utf-8")
    sample.write_text(text.replace("</body>", "<script>document.title = 'run'</script></body>"))
    with pytest.raises(AssertionError, match="Content Security Policy"), opened(sample) as page:
        assert page.title() == "TY"


def test_tables_sort_by_value(sample: Path, opened: Callable[..., Any]) -> None:
    with opened(sample) as page:
        heading = page.locator("th").nth(1)
        order = "() => [...document.querySelectorAll('tbody tr')].map((row) => row.cells[1].textContent)"
        heading.locator("button").click()
        assert page.evaluate(order) == ["-2.0", "1,000.5", "-"]
        assert heading.get_attribute("aria-sort") == "ascending"
        heading.locator("button").click()
        assert page.evaluate(order) == ["1,000.5", "-2.0", "-"]


def test_legend_switches_a_series_in_every_panel(sample: Path, opened: Callable[..., Any]) -> None:
    with opened(sample) as page:
        lines = "() => document.querySelectorAll('#fan .scatterlayer .trace').length"
        assert page.evaluate(lines) == 6
        page.locator("#fan [data-series=TY]").click()
        eventually(page, f"({lines})() === 4")
        assert page.locator("#fan [data-series=TY]").get_attribute("aria-pressed") == "false"
        page.locator("#fan [data-series=TY]").click()
        eventually(page, f"({lines})() === 6")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_and_the_reader(
    sample: Path, opened: Callable[..., Any], scheme: str
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    drawn = "document.querySelector('.main-svg').style.background"
    light, dark = "rgb(255, 255, 255)", "rgb(18, 26, 35)"
    first, second = (light, dark) if scheme == "light" else (dark, light)
    with opened(sample, color_scheme=scheme, viewport=PHONE) as page:
        assert (page.evaluate(ground), page.evaluate(drawn)) == (first, first)
        page.locator("#theme").click()
        eventually(page, f"{drawn} === '{second}'")
        assert page.evaluate(ground) == second
        assert overflow(page) == 0


def test_prints_light_and_as_wide_as_the_paper(sample: Path, opened: Callable[..., Any]) -> None:
    drawn = "document.querySelector('.main-svg').style.background"
    width = "document.querySelector('#bars .main-svg').clientWidth"
    with opened(sample, color_scheme="dark") as page:
        wide = page.evaluate(width)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")  # at once: the browser does not wait
        assert page.evaluate(drawn) == "rgb(255, 255, 255)"
        assert page.evaluate(width) == 688 < wide
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("#theme").is_hidden()
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert (page.evaluate(drawn), page.evaluate(width)) == ("rgb(18, 26, 35)", wide)


def test_figures_follow_the_window(sample: Path, opened: Callable[..., Any]) -> None:
    with opened(sample) as page:
        page.set_viewport_size(PHONE)
        eventually(page, "document.querySelector('#bars .main-svg').clientWidth < 390")
        assert overflow(page) == 0


def test_traces_are_valid_for_plotly() -> None:
    for figure in sample_page().blocks("figure"):
        for place in range(len(figure.panels)):
            assert len(go.Figure(plotly_figure(figure, place)).data) > 0


def test_figure_refuses_columns_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="'missing'"):
        Figure("key", "", "", "", [Panel([line("day", "missing", "a", "blue")])], {"day": [0]})
    with pytest.raises(ValueError, match="cannot name a figure"):
        Figure("A key", "", "", "", [], {})


def test_two_blocks_cannot_share_a_key(tmp_path: Path) -> None:
    page = sample_page()
    twice = Section("again", "Again", page.sections[0].blocks)
    with pytest.raises(ValueError, match="share a key"):
        write_document(Page(**{**vars(page), "sections": [*page.sections, twice]}), tmp_path / "page.html")
