"""Every known answer holds, a wrong one does not, and the documentation shows the same table."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.analysis import known_answers
from simulator.analysis.known_answers import KnownAnswer, all_answers
from simulator.cli.upkeep import app

PAGE = Path(__file__).parents[2] / "docs" / "model" / "known_answers.md"


@pytest.fixture(scope="module")
def answers() -> list[KnownAnswer]:
    return list(all_answers())


def test_every_known_answer_holds(answers: list[KnownAnswer]) -> None:
    assert [answer for answer in answers if not answer.holds] == []
    assert len(answers) > 60


def test_a_planted_error_in_the_last_digit_is_noticed(answers: list[KnownAnswer]) -> None:
    for answer in answers:
        words = answer.expected.split()
        if words[0] == "above" or "to" in words:
            continue
        digits = len(words[-1].partition(".")[2])
        shifted = [*list(answer.obtained)[:-1], answer.obtained[-1] + 2.0 * 10.0**-digits]
        assert not answer._replace(obtained=shifted).holds


def test_ranges_are_ranges() -> None:
    row = KnownAnswer("model", "source", "quantity", "2.0 to 2.6", (2.1,))
    assert row.holds
    assert not row._replace(obtained=(2.7,)).holds
    assert not row._replace(expected="above 5").holds


def test_the_page_shows_every_row(answers: list[KnownAnswer]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for answer in answers:
        row = f"| {answer.model} | {answer.source} | {answer.quantity} | {answer.expected} | "
        assert row in page, "the page is out of date: print the table again with --markdown"
        if answer.model != "Leverage cycles":  # 35,000 chaotic steps: the last digits differ between machines
            assert row + answer.shown in page


def test_the_command_reports_a_row_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = KnownAnswer("Model", "source", "quantity", "1.00", (1.02,))
    monkeypatch.setattr(known_answers, "all_answers", lambda: iter([wrong]))
    done = CliRunner().invoke(app, ["known-answers"])
    assert done.exit_code == 1
    assert "DIFFERS" in done.output
    monkeypatch.setattr(known_answers, "all_answers", lambda: iter([wrong._replace(obtained=(1.001,))]))
    done = CliRunner().invoke(app, ["known-answers", "--markdown"])
    assert done.exit_code == 0
    assert "| Model | source | quantity | 1.00 | 1.00 |" in done.output
