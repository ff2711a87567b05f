"""Every rule answers as its cases say, and every rule has cases."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.cases.reading import Case, agrees, all_cases, answer, import_rules, read_cases

RULES = import_rules()
CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.place)
def test_the_rule_answers_as_the_case_says(case: Case) -> None:
    found = answer(case)
    assert agrees(case, found), (
        f"{case.place}: the rule says {found}, the case {case.expect}. {case.note} ({case.source})"
    )


def test_every_rule_has_cases_and_every_case_a_rule() -> None:
    with_cases = {case.rule for case in CASES}
    assert set(RULES) - with_cases == set(), "rules without cases: see docs/model/rule-tests.md"
    assert with_cases - set(RULES) == set(), "cases of rules that do not exist"


@pytest.mark.parametrize("rule", sorted(set(RULES) & {case.rule for case in CASES}))
def test_cases_name_all_arguments_of_the_rule_and_say_why(rule: str) -> None:
    arguments = set(inspect.signature(RULES[rule]).parameters)
    for case in CASES:
        if case.rule == rule:
            assert set(case.given) == arguments, case.place
            assert len(case.note.split()) >= 4, f"{case.place}: say in a sentence what happens"
            assert case.source.strip(), f"{case.place}: say where the figure comes from"


def test_a_case_with_a_missing_or_unknown_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "agents" / "dealer.yaml"
    file.parent.mkdir()
    file.write_text("funding_gap_bn: [{note: a, source: b, given: {}, expects: 1}]")
    with pytest.raises(ValueError, match=r"agents\.dealer\.funding_gap_bn, case 1: has .*expects"):
        list(read_cases(file, tmp_path))
