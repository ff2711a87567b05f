"""``unwind explain``: where the values of a scenario come from, and what a parameter, a rule or a result means."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.completion import complete_word
from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Horizon, Overrides
from simulator.cli.terminal import complain, say, say_columns, say_json
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.files import resolve_shipped

if TYPE_CHECKING:
    from simulator.results.variables import Variable
    from simulator.rule_text import RuleText
    from simulator.scenario.explain import ReferenceRow

_INDENT = "  "
_WIDTH = 110
EXAMPLES = """\b
Examples:
  unwind explain dash-for-cash-2020
  unwind explain funds.haircut_slope
  unwind explain wanted_cut"""


@ends_quietly
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO|PARAMETER|RULE|VARIABLE",
            help="Scenario, dotted key of a parameter, rule of the model, or stored variable.",
            show_default=False,
            autocompletion=complete_word,
        ),
    ],
    override: Overrides = None,
    horizon: Horizon = None,
    as_json: AsJson = False,
) -> None:
    """Tell where every value of a scenario comes from, or what a parameter, rule or result means."""
    if _names_a_scenario(what):
        _explain_scenario(what, override or [], horizon, as_json)
    elif as_json:
        say_json(explanations(what))
    else:
        say_explanations(what)


def _names_a_scenario(what: str) -> bool:
    is_file = what.endswith((".yaml", ".yml", ".json")) or Path(what).is_file()
    return what.startswith("preset:") or is_file or resolve_shipped(what) is not None


def _explain_scenario(file: str, overrides: list[str], horizon: str | None, as_json: bool) -> None:
    from simulator.scenario.explain import explain as rows_of
    from simulator.scenario.loading import load_scenario

    loaded = load_scenario(file, overrides, horizon=horizon)
    rows = rows_of(loaded)
    if as_json:
        say_json([vars(row) for row in rows])
        return
    sourced = (
        (row.key, row.value, f"default ({row.source})" if row.origin == "default" else row.origin)
        for row in rows
    )
    say_columns(sourced, ("bold", "", "dim"))
    for note in loaded.notes:
        complain(note)


def explanations(key: str) -> list[dict[str, Any]]:
    """Everything that a word names, as records for other programs: parameters, rules, stored variables.

    Raises
    ------
    Problems
        If it names nothing; with the nearest name.
    """
    parameters, rules, variables = _found(key)
    return [
        *({"kind": "parameter", **vars(row)} for row in parameters),
        *({"kind": "rule", **asdict(rule), "takes": dict(rule.takes)} for rule in rules),
        *({"kind": "variable", **variable._asdict()} for variable in variables),
    ]


def say_explanations(key: str) -> None:
    """Print everything that a word names.

    Raises
    ------
    Problems
        If it names nothing; with the nearest name.
    """
    parameters, rules, variables = _found(key)
    for row in parameters:
        _say_facts(row.key, row.doc, {
            "written as": row.unit, "allowed": row.bounds, "default": row.default, "source": row.source,
            "prior": row.prior,
        })  # fmt: skip
    for rule in rules:
        _say_rule(rule)
    for variable in variables:
        _say_facts(variable.name, variable.meaning, {"stored in": variable.unit})


def _found(key: str) -> tuple[list[ReferenceRow], list[RuleText], list[Variable]]:
    from simulator.rule_text import find_rules, near_rule
    from simulator.scenario.explain import find_parameters, reference_row
    from simulator.scenario.schema import Scenario

    rules = find_rules(key)
    variables = _variables(key)
    try:
        parameters = [reference_row(*found) for found in find_parameters(Scenario, key)]
    except Problems as unknown:
        variables = variables or ([] if rules else _outcomes(key))
        if not rules and not variables:
            advice = unknown.problems[0].advice
            if not advice.startswith("Did you mean"):
                advice = near_rule(key.rpartition(".")[2]) or advice
            told = Problem(key, "no such parameter, rule or stored variable", "", advice)
            raise Problems([told]) from unknown
        parameters = []
    return parameters, rules, variables


def _variables(name: str) -> list[Variable]:
    from simulator.results.variables import GROUPS, OF_TWINS, TEST_SALES

    stored = [*(variable for group in GROUPS for variable in group.variables), *OF_TWINS, *TEST_SALES]
    return [variable for variable in stored if variable.name == name]


def _outcomes(name: str) -> list[Variable]:
    from simulator.results.measures import outcomes
    from simulator.results.variables import Variable

    return [
        Variable(one.key, one.stored_unit, f"{one.meaning}, one figure a path", "")
        for one in outcomes()
        if one.key == name
    ]


def _say_rule(rule: RuleText) -> None:
    takes = ", ".join(f"{name} ({unit})" if unit else name for name, unit in rule.takes)
    facts = {
        "rule at": rule.place, "belongs to": rule.belongs_to, "takes": takes, "gives": rule.gives,
        "units": rule.units, "source": rule.source,
    }  # fmt: skip
    _say_facts(rule.name.removeprefix("simulator."), rule.sentence, facts)
    if rule.notes:
        say(textwrap.indent(f"\n{rule.notes}", _INDENT))
    say(textwrap.indent(f"\n{rule.formula}\n", _INDENT * 2), "cyan")


def _say_facts(name: str, meaning: str, facts: dict[str, str]) -> None:
    say(name, "bold")
    say(textwrap.indent(meaning, _INDENT))
    for label, fact in facts.items():
        if fact:
            head = f"{_INDENT}{label:<12}"
            lines = textwrap.wrap(fact, _WIDTH - len(head), break_long_words=False)
            say(head + f"\n{' ' * len(head)}".join(lines))


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("explain", epilog=EXAMPLES)(explain)
