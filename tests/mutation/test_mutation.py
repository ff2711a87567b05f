"""The check of the tests is itself tested: it makes the errors it names, finds weak cases, and its figures hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

from simulator.agents import central_bank
from tests.mutation.check import Equivalents
from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "model" / "rule-tests.md"
WEAK = """
from pathlib import Path
from tests.cases.reading import agrees, answer, read_cases

def test_one_case():
    (case,) = read_cases(Path(__file__).parent / "agents" / "foreign_holder.yaml", Path(__file__).parent)
    assert agrees(case, answer(case))
"""
WEAK_CASES = """
volatility_sale_bn:
  - note: At the opening volatility nothing is sold, which says little about the rule.
    source: by hand
    given: {holdings_bn: 100.0, volatility_ratio: 1.0, volatility_sale: 0.01, volatility_tolerance: 1.5}
    expect: 0.0
"""


def run_mutation(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def shares(printed: str) -> dict[str, float]:
    """Share of mutants killed, in percent, by folder and module."""
    rows = re.findall(r"^([\w.]+) +[\d,]+ +[\d,]+ +([\d.]+)%", printed, re.MULTILINE)
    return {group: float(share) for group, share in rows}


def test_mutants_are_the_errors_that_one_makes() -> None:
    rule = central_bank.step_by_rule.py_func  # type: ignore[attr-defined]
    file = Path(rule.__code__.co_filename)
    made = list(mutants_of("a", rule, str(file)))
    assert len({mutant.becomes + str(mutant.number) for mutant in made}) == len(made)
    for becomes in (
        "if stress < trigger",
        "if stress >= trigger",
        "if False",
        "if trigger > trigger",
        "return 1.0",
        "return max(0.0, max(pace, left))",
        "return max(0.0, pace)",
        "return --max(0.0, min(pace, given))",
        "return max(0.0, min(pace, stress))",
    ):
        assert becomes in {mutant.becomes for mutant in made}
    lines = file.read_text(encoding="utf-8").splitlines()
    assert all(mutant.line in lines[mutant.number - 1] for mutant in made)
    (wrong,) = (mutant for mutant in made if mutant.becomes == "return max(0.0, max(pace, left))")
    assert FunctionType(wrong.code, {"max": max})(60.0, 50.0, 20.0, 75.0, 30.0, 0.0) == 75.0


def test_a_listed_change_has_its_reason_and_one_that_no_longer_survives_is_told(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.yaml"
    file.write_text(
        "a:\n  - {line: return pace, becomes: [return 1.0], why: first}\n"
        "  - {line: return left_bn, becomes: any, why: second}\n"
        "b:\n  - {line: return pace, becomes: [return 1.0], why: third}\n"
    )
    listed = Equivalents.read(file)
    code = central_bank.step_by_rule.py_func.__code__  # type: ignore[attr-defined]
    assert listed.why(Mutant("a", "return left_bn", "return 2.0", "", 1, code)) == "second"
    assert listed.why(Mutant("a", "return pace", "return 2.0", "", 1, code)) is None
    assert listed.unused(["a"]) == [("a", "return pace", "return 1.0")]


def test_good_cases_kill_every_mutant_of_a_small_module() -> None:
    done = run_mutation("agents.foreign_holder", "--tests", "tests/cases/test_cases.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert shares(done.stdout) == {"agents": 100.0, "agents.foreign_holder": 100.0}


def test_weak_cases_let_mutants_survive(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "foreign_holder.yaml").write_text(WEAK_CASES)
    (tmp_path / "test_weak.py").write_text(WEAK)
    done = run_mutation("agents.foreign_holder", "--tests", str(tmp_path / "test_weak.py"))
    assert done.returncode == 1, done.stdout + done.stderr
    wrong = (
        "+ return max(0.0, holdings_bn) / volatility_sale * max(0.0, volatility_ratio - volatility_tolerance)"
    )
    assert wrong in done.stdout
    assert done.stdout.count("SURVIVES") > 5
    assert 10.0 < shares(done.stdout)["agents.foreign_holder"] < 80.0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_tests_find_wrong_rules_and_the_page_says_how_many() -> None:
    done = run_mutation()
    assert done.returncode == 0, done.stdout + done.stderr
    for group, share in shares(done.stdout).items():
        assert "." in group or share >= 95.0, group
    _, _, printed = done.stdout.rpartition("\n\n")
    (shown,) = re.findall(r"<!-- mutants: begin -->\n```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
    assert shown == printed.rstrip(), (
        "run python -m tests.mutation and give its table in docs/model/rule-tests.md"
    )
