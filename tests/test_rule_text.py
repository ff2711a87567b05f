"""Rules as text: the same rules as the compiler's catalogue, with what their authors wrote."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import textwrap

from simulator import rule_text
from simulator.rule import CATALOGUE
from simulator.rule_text import all_rules, find_rules


def test_rules_read_are_those_compiled() -> None:
    for folder in rule_text.FOLDERS:
        package = importlib.import_module(f"simulator.{folder}")
        for module in pkgutil.iter_modules(package.__path__, f"simulator.{folder}."):
            importlib.import_module(module.name)
    read = {rule.name: rule for rule in all_rules()}
    assert set(read) == set(CATALOGUE)
    for name, compiled in CATALOGUE.items():
        function = compiled.py_func
        assert read[name].sentence == (inspect.getdoc(function) or "").partition("\n")[0], name
        assert [argument for argument, _ in read[name].takes] == list(
            inspect.signature(function).parameters
        ), name
        source = textwrap.dedent(inspect.getsource(function))
        assert source.endswith(textwrap.indent(read[name].formula, "    ", bool) + "\n"), name
        assert read[name].formula.strip(), name


def test_a_rule_is_found_by_its_name_with_or_without_its_module() -> None:
    (found,) = find_rules("scarcity_bp")
    assert find_rules("cash_lender.scarcity_bp") == [found]
    assert find_rules("arcity_bp") == []
    assert found.takes[0] == ("needed_bn", "USD billions")
    assert found.gives == "bp"
    assert found.units == "USD billions, bp, shares as decimals."


def test_rules_of_the_literature_are_found_and_said_to_be_such() -> None:
    (rule,) = find_rules("bank.leverage_ratio")
    assert rule.name == "simulator.literature.bank.leverage_ratio"
    assert rule.belongs_to.startswith("the literature")
    others = [found.belongs_to for found in all_rules() if ".literature." not in found.name]
    assert len(others) > 50
    assert not any(others)


def test_every_rule_has_a_sentence_and_a_unit_or_a_source() -> None:
    for rule in all_rules():
        assert rule.sentence.endswith((".", ":")), rule.name
        assert rule.units or rule.source or rule.gives or rule.notes, rule.name


def test_examples_run() -> None:
    found = doctest.testmod(rule_text)
    assert (found.attempted > 0, found.failed) == (True, 0)


def test_reading_rules_loads_no_compiler() -> None:
    program = "import sys; from simulator.rule_text import all_rules; list(all_rules()); print('numba' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
