"""The table of measures: a figure is declared there and nowhere else, and every reader finds it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import simulator
from simulator.analysis.compared_measures import GROUPS
from simulator.analysis.comparison import compare
from simulator.cli.comparison_display import print_comparison
from simulator.cli.summary_display import print_summary
from simulator.ensemble.execution import run_scenario
from simulator.results.measures import MEASURES, Event, Measure, Ratio, in_table, outcomes
from simulator.results.outcomes import collect_outcomes
from simulator.results.reading import open_results
from simulator.results.reductions import low
from simulator.results.summary import summarise
from simulator.sweeps.cells import load_sweep
from simulator.sweeps.reading import open_sweep
from tests.ensemble.conftest import TOY, load_toy
from tests.sweeps.conftest import TINY, run

PACKAGE = Path(simulator.__file__).parent
#: The tables in which figures and stored variables are declared.
DECLARED = {PACKAGE / "results" / f"{name}.py" for name in ("measures", "variables", "layout")}

NEW = Measure(
    key="fund_cash_low",
    label="free cash of hedge funds, lowest",
    unit="$bn",
    of=low("fund_cash"),
    worse="lower",
    decimals=2,
    table="flows",
    group="funds",
)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Measure:
    """A measure added to the table, and nowhere else."""
    monkeypatch.setitem(MEASURES, NEW.key, NEW)
    return NEW


def test_a_measure_added_to_the_table_is_told_by_every_reader(
    added: Measure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = run_scenario(load_toy("paths=8"), tmp_path / "one").folder
    two = run_scenario(load_toy("paths=8", "funds.free_cash=60%"), tmp_path / "two").folder
    lowest = open_results(one.path)["fund_cash"].min("day").mean().item()

    summary = summarise(one, collect_outcomes(one))
    told = summary.as_record()["tables"]["flows"][added.key]["mean"]
    assert (told["value"], told["unit"]) == (pytest.approx(lowest, rel=1e-6), "$bn")
    print_summary(summary, {})
    assert added.label in capsys.readouterr().out

    comparison = compare(one.path, two.path)
    row = comparison.as_record()["runs"][0]["measures"][added.key]
    assert (row["label"], row["unit"], row["worse_when"]) == (added.label, "$bn", "lower")
    assert row["base"]["value"] == pytest.approx(lowest, rel=1e-6)
    print_comparison(comparison, "dislocation", is_detailed=True)
    assert added.label in capsys.readouterr().out

    shutil.copy(TOY, tmp_path / "toy.yaml")
    (tmp_path / "sweep.yaml").write_text(TINY, encoding="utf-8")
    cells = open_sweep(run(load_sweep(tmp_path / "sweep.yaml"), tmp_path / "sweep").folder.path)
    assert cells[added.key].attrs == {"long_name": added.label, "units": "$bn"}
    for kind in ("", "_error", "_deviation", "_quantile", "_difference"):
        assert f"{added.key}{kind}" in cells
    assert float(cells[added.key].isel(leverage=0, policy=0)) > 0.0


def words_of(file: Path) -> Iterator[str]:
    """Texts of a module that readers may see: all but docstrings and docs of the rows of tables."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) or (isinstance(node, ast.keyword) and node.arg == "doc")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_what_a_measure_is_called_stands_in_the_table_alone() -> None:
    names = [name for measure in MEASURES.values() for name in (measure.label, measure.short)]
    labels = {name for name in names if " " in name}
    found = [
        f"{file.relative_to(PACKAGE)}: {words}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file not in DECLARED
        for words in words_of(file)
        if any(words == label or words.startswith(f"{label},") for label in labels)
    ]
    assert not found


def test_the_search_for_labels_finds_one(tmp_path: Path) -> None:
    """The planted error: a label in a list of headings."""
    file = tmp_path / "copy.py"
    file.write_text(
        '"""average haircut, peak"""\nHEADINGS = ("average haircut, peak", f"{1} bp")\n', encoding="utf-8"
    )
    assert list(words_of(file)) == ["average haircut, peak", " bp"]


def test_rows_name_what_there_is() -> None:
    dims = {"", "trade", "channel", "call"}
    assert set(MEASURES) == {measure.key for measure in MEASURES.values()}
    assert len({measure.label for measure in MEASURES.values()}) == len(MEASURES)
    known = {outcome.key: outcome for outcome in outcomes()}
    for measure in MEASURES.values():
        assert measure.dim in dims, measure.key
        assert not measure.group or measure.group in GROUPS, measure.key
        assert not measure.in_all or measure.in_all in known, measure.key
        assert "{}" in measure.by_label or not measure.by_label, measure.key
        if isinstance(measure.of, Event):
            assert measure.of.outcome in known, measure.key
        if isinstance(measure.of, Ratio):
            parts = (known[measure.of.numerator], known[measure.of.denominator])
            assert [part.dim for part in parts] == [measure.dim] * 2, measure.key


@pytest.mark.parametrize("table", ["yields", "impact", "dislocations", "deleveraging"])
def test_tables_by_label_have_headings_and_one_dimension(table: str) -> None:
    told = in_table(table)  # type: ignore[arg-type]
    assert len({measure.dim for measure in told}) == 1
    assert all(measure.heading for measure in told)
