"""Every rule says how it behaves when a trade, a flow or a price move is turned round, and keeps to it."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest

from simulator.rule import CATALOGUE, uncompiled
from tests.cases.mirrors import Mirror, MirrorError, Rule, check, named, read_mirror, read_mirrors, same
from tests.cases.reading import import_rules, read_rules

RULES = import_rules()
MIRRORS = list(read_mirrors())
by_rule = pytest.mark.parametrize(
    "mirror", MIRRORS, ids=lambda mirror: mirror.rule.removeprefix("simulator.")
)


@by_rule
def test_a_rule_is_the_mirror_that_it_says_it_is(mirror: Mirror) -> None:
    check(mirror)


def test_every_rule_says_once_what_its_mirror_is_and_no_other_does() -> None:
    declared = [rule for rule, entries in read_rules() for entry in entries if "mirror" in entry]
    assert sorted(declared) == sorted(RULES), (
        "rules without, or mirrors without rule: docs/model/rule-tests.md"
    )


@by_rule
def test_nothing_that_has_a_sign_is_left_out(mirror: Mirror) -> None:
    assert mirror.signed() - named(mirror) == set()


# Errors made on purpose: one side is lost, or put for the other

#: What may become of an answer, or of an argument that has a sign, when one forgets the other side.
ERRORS: dict[str, Callable[[Any], Any]] = {
    "its size": abs,
    "what is above nothing": lambda value: max(0.0, value),
    "what is below nothing": lambda value: min(0.0, value),
}


def with_an_error(rule: Rule, argument: str | None, error: Callable[[Any], Any]) -> Rule:
    """A rule in which an argument, or the answer, is not what it should be."""

    @functools.wraps(rule)
    def wrong(**given: Any) -> Any:
        if argument is not None:
            return rule(**{**given, argument: error(given[argument])})
        answer = rule(**given)
        return answer if isinstance(answer, bool) else error(answer)

    return wrong


def one_sided_errors(mirror: Mirror) -> list[tuple[str, Rule]]:
    """Every such error of a rule that changes its answer to more than one draw in ten of the first fifty."""
    rule, draws = uncompiled(CATALOGUE[mirror.rule]), mirror.draws[:50]
    made = []
    for argument in [None, *sorted(mirror.signed())]:
        for name, error in ERRORS.items():
            wrong = with_an_error(rule, argument, error)
            if sum(not same(wrong(**draw), rule(**draw)) for draw in draws) > len(draws) / 10:
                made.append((f"{name} in the place of {argument or 'the answer'}", wrong))
    return made


@by_rule
def test_a_rule_that_forgets_a_side_is_objected_to(mirror: Mirror) -> None:
    unseen = []
    for error, wrong in one_sided_errors(mirror):
        try:
            check(mirror, wrong)
        except (MirrorError, ArithmeticError, ValueError):
            continue
        unseen.append(error)
    assert unseen == []


def test_errors_are_made_in_every_rule_with_a_side() -> None:
    made = {mirror.rule: len(one_sided_errors(mirror)) for mirror in MIRRORS}
    assert {rule for rule, errors in made.items() if not errors} == {"simulator.agents.hedge_fund.may_add"}
    assert sum(made.values()) > 4 * len(RULES)


#: Slips of the pen in the source of a rule: what stands there, and what would.
SLIPS = {
    "market.hedge_market.side_of_market": ("dealers_bn /", "abs(dealers_bn) /"),
    "market.hedge_market.clearing_dislocation_bp": ("- others_package_bn", "- max(0.0, others_package_bn)"),
    "market.cash_market.stock_pressure_bp": ("if excess_bn > 0.0 else 1.0", "if excess_bn != 0.0 else 1.0"),
    "market.impact.exponential_impact": ("math.copysign(fall, sold_bn)", "fall"),
    "agents.hedge_fund.wanted_packages_bn": (
        "if opening_bn >= 0.0 else -1.0",
        "if opening_bn >= 0.0 else 1.0",
    ),
    "agents.hedge_fund.cash_released_by_cover": ("(1.0 + transaction_cost)", "(1.0 - transaction_cost)"),
    "agents.hedge_fund.loan_repaid_bn": (
        "(sold_bn - free_bn) / pledged_bn",
        "(sold_bn - free_bn) / abs(pledged_bn)",
    ),
    "agents.asset_manager.futures_demand_bn": ("- extra_dislocation_bp", "- max(0.0, extra_dislocation_bp)"),
    "agents.central_bank.step_by_rule": (
        "return -max(0.0, min(pace, given))",
        "return -max(0.0, min(pace, left))",
    ),
    "agents.dealer.loan_change_by_haircut_bn": ("* value_bn", "* max(0.0, value_bn)"),
}


@pytest.mark.parametrize("rule", SLIPS)
def test_a_slip_of_the_pen_is_objected_to(rule: str) -> None:
    right = uncompiled(CATALOGUE[f"simulator.{rule}"])
    source = inspect.getsource(right)
    assert source.count(SLIPS[rule][0]) == 1
    names: dict[str, Any] = {"rule": lambda function: function, "math": math}
    exec(source.replace(*SLIPS[rule]), names)
    (mirror,) = [each for each in MIRRORS if each.rule == f"simulator.{rule}"]
    with pytest.raises(MirrorError, match=rule):
        check(mirror, names[right.__name__])


# Declarations that say nothing, or of something that is not there

SIDE = "simulator.market.hedge_market.side_of_market"
BOUNDS = {"dealers_bn": [-500, 500], "size_bn": [0.1, 2000], "full_side": [0.01, 1]}


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"odd": ["funds_bn"]}, "has no .'funds_bn'.; it takes"),
        ({"odder": ["dealers_bn"]}, "'odder'.* in a statement of its mirror; write one of .*'odd'"),
        ({"one_sided": "Because."}, "one-sided promises nothing; write one of"),
        ({"turned": {"dealers_bn": "-dealers_bn"}}, "turned needs gives"),
    ],
)
def test_a_declaration_that_cannot_be_checked_is_refused(declared: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_mirror(SIDE, declared, BOUNDS)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"even": ["dealers_bn"]}, "turned"),
        ({"odd": ["dealers_bn"], "where": "dealers_bn > 500"}, "hardly any draw"),
        ({"odd": ["dealers_bn"], "where": "dealers_bn == 0"}, "says nothing"),
        ({"one_sided": "So it is.", "falls": ["dealers_bn"]}, "falls with dealers_bn"),
        ({"one_sided": "So it is.", "nothing": "dealers_bn < 0"}, "nothing where dealers_bn < 0"),
        ({"one_sided": "So it is.", "nothing": "dealers_bn == 1"}, "hardly ever, or always"),
    ],
)
def test_a_declaration_that_is_wrong_or_says_nothing_is_objected_to(
    declared: dict[str, Any], says: str
) -> None:
    with pytest.raises(MirrorError, match=says):
        check(read_mirror(SIDE, declared, BOUNDS))
