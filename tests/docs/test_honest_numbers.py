"""Pages of scenarios beside history: each holds every moment of its episode, and is made by its command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.upkeep import app
from simulator.history.markdown import BEGIN, END, put_in_page
from simulator.history.shelf import episode_of, shipped_episode

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "dash-for-cash-2020": "honest-numbers",
    "swap-spreads-2025": "swap-spreads-2025",
    "credit-basis-2008": "credit-basis-2008",
    "china-hedgers-2019": "china-april-2019",
    "china-speculators-2019": "china-february-2019",
}
MOMENTS = shipped_episode("march-2020").scenario.moments


def rows_of(text: str) -> dict[str, list[str]]:
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 8:
            rows[cells[0]] = cells[1:]
    return {label: cells for label, cells in rows.items() if label not in ("", "---")}


@pytest.mark.parametrize(("scenario", "name"), PAGES.items())
def test_page_holds_every_moment_with_its_history(scenario: str, name: str) -> None:
    page = Path("docs", "model", f"{name}.md")
    rows = rows_of((ROOT / page).read_text(encoding="utf-8"))
    episode = episode_of(scenario)
    assert episode is not None
    moments = episode.scenario.moments
    told = f"make it anew: python -m simulator.cli.upkeep honest-numbers {scenario} --write {page}"
    assert set(rows) == {moment.label for moment in moments}, told
    for moment in moments:
        unit, history, tolerance, model, _, _, source = rows[moment.label]
        assert (unit, source) == (moment.unit, moment.source)
        assert float(history.replace("−", "-").replace(",", "")) == moment.value
        assert float(tolerance) == moment.tolerance
        assert "±" in model


def test_the_command_makes_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n\n{BEGIN}\nold\n{END}\n\nbelow\n", encoding="utf-8")
    given = ["honest-numbers", "--paths", "4", "--output", str(tmp_path / "run"), "--write", str(page)]
    assert CliRunner().invoke(app, given).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert set(rows_of(text)) == {moment.label for moment in MOMENTS}
    assert "\n4 paths; ± is one Monte Carlo standard error. Of " in text
    assert text.startswith("above\n")
    assert text.endswith("\nbelow\n")
    assert "nan" not in text


def test_tables_are_put_between_the_marks(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"above\n\n{BEGIN}\nold\n{END}\n\nbelow\n", encoding="utf-8")
    put_in_page(file, "new")
    assert file.read_text(encoding="utf-8") == f"above\n\n{BEGIN}\n\nnew\n\n{END}\n\nbelow\n"
    file.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the tables"):
        put_in_page(file, "new")
