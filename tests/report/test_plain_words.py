"""What readers see is in the words of ``results.names``: the model's own words stand in the glossary alone."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from simulator.analysis.comparison import compare
from simulator.report.comparison_page import write_comparison
from simulator.report.run_report import write_report
from simulator.results.measures import MEASURES
from tests.conftest import Unwind
from tests.report.runs import ROOT

OLD = ("package", "packages", "given up", "give up", "gives up", "gave up", "handed on", "dislocation", "dislocations",
       "farthest", "room", "dear", "dear from here", "choice")  # fmt: skip
#: Names of programs are no words: keys with dots, dashes or underscores, options, paths.
_OLD_WORD = re.compile(
    rf"(?<![\w.`/-])({'|'.join(sorted(OLD, key=len, reverse=True))})(?![\w/-]|\.\w|=)", re.IGNORECASE
)
#: Rules are told in the model's own words, as the model document has them.
OF_THE_MODEL = ("rules",)
SWEEP = """
name: words
scenario: toy.yaml
paths: 8
set: {horizon: 5d}
axes:
  leverage: {kind: grid, parameter: funds.leverage, values: [7x, 12x]}
  capacity: {kind: grid, parameter: dealers.opening_use, values: [70%, 90%]}
policies:
  none: {}
  buy: {central_bank: {hedged: {mode: schedule, schedule: [{day: 2d, pace: $20bn}]}}}
"""


def old_words(text: str) -> list[str]:
    """Old words with what stands around them."""
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in _OLD_WORD.finditer(text)]


def seen_of(page: Path) -> str:
    """Everything that a reader of a page can see: text, names of figures and their columns, texts of plots."""
    text = page.read_text(encoding="utf-8")
    (content,) = re.findall(r'<script type="application/json" id="content">(.*?)</script>', text, re.DOTALL)
    told = json.loads(content)
    for key in OF_THE_MODEL:
        text = re.sub(rf'<div class="table" id="{key}">.*?</details>', "", text, flags=re.DOTALL)
        told["tables"].pop(key, None)
    text = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|title)="([^"]*)"', text)
    return html.unescape("\n".join([re.sub(r"<[^>]+>", "\n", text), *labels, *_strings(told)]))


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [
            text for key, below in value.items() for text in [key, *_strings(below)] if key != "dislocation"
        ]
    if isinstance(value, list):
        return [text for below in value for text in _strings(below)]
    return [value] if isinstance(value, str) and value not in OLD else []


def test_old_words_are_found_and_names_of_programs_are_not() -> None:
    assert old_words("funds give up $3bn of packages, Dislocation of TY by choice")
    assert not old_words(
        "market.hedges.TY.dislocation fund_packages --by dislocation_tail dislocation_move.TY"
    )


def test_measures_are_in_plain_words() -> None:
    for row in MEASURES.values():
        for words in (row.label, row.note, row.short, row.heading, row.by_label):
            assert not old_words(words), row.key


@pytest.mark.parametrize(
    ("scenario", "positions"), [("dash-for-cash-2020", "basis positions"), ("swap-spreads-2025", "positions")]
)
def test_run_comparison_and_path_are_in_plain_words(
    scenario: str, positions: str, tmp_path: Path, unwind: Unwind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ("--paths", "16", "--no-report")
    _, run, _ = unwind("run", scenario, *few, "-o", "one", "-v")
    assert f"of {positions}, " in run
    settings = ("--set", "central_bank.leverage_relief=1.5x")
    unwind("run", scenario, *few, *settings, "-o", "two")
    _, path, _ = unwind("run", scenario, "--path", "3")
    _, compared, _ = unwind("compare", "outputs/one", "outputs/two")
    for printed in (run, path, compared):
        assert old_words(printed) == []
    assert old_words(seen_of(write_report("outputs/one"))) == []
    page = write_comparison(compare("outputs/one", "outputs/two"), tmp_path / "page.html")
    assert old_words(seen_of(page)) == []


def test_sweep_is_in_plain_words(tmp_path: Path, unwind: Unwind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("toy.yaml", (ROOT / "tests/ensemble/toy.yaml").read_text()), ("words.yaml", SWEEP)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, printed, _ = unwind("sweep", "words.yaml")
    assert code == 0
    assert old_words(printed) == []
    assert old_words(seen_of(write_report("outputs/words"))) == []


@pytest.mark.parametrize(
    "word", ["package", "dislocation", "given up", "basis position", "futures basis", "unwound"]
)
def test_old_and_new_words_are_explained(word: str, unwind: Unwind) -> None:
    code, said, _ = unwind("explain", word)
    assert code == 0
    assert "(term)" in said
