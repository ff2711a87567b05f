"""``unwind explain``: where the values of a scenario come from, and what a parameter, a rule or a result means."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.completion import complete_word
from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Horizon, Overrides
from simulator.cli.terminal import complain, say, say_columns, say_json
from simulator.cli.vocabulary import Word, all_words, commands_of, measure_words, words_named
from simulator.scenario.errors import Problem, Problems, did_you_mean

if TYPE_CHECKING:
    from simulator.results.variables import Variable
    from simulator.rule_text import RuleText
    from simulator.scenario.explain import ReferenceRow

_INDENT = "  "
_WIDTH = 110
EXAMPLES = """\b
Examples:
  unwind explain dash-for-cash-2020
  unwind explain dash-for-cash-2020 --changed
  unwind explain dash-for-cash-2020 --population
  unwind explain funds.haircut_slope
  unwind explain wanted_cut
  unwind explain haircut
  unwind explain auction"""


@ends_quietly
def explain(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO|WORD",
            help="Scenario; or a word of Unwind: a parameter's dotted key, a rule, a stored variable, a measure,"
            " a kind of event, a command, a term of the glossary.",
            show_default=False,
            autocompletion=complete_word,
        ),
    ],
    override: Overrides = None,
    horizon: Horizon = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Of a scenario, only what differs from its opening market.")
    ] = False,
    population: Annotated[
        bool,
        typer.Option("--population", help="Of a scenario, its hedge funds as CSV, for funds.population."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell where every value of a scenario comes from, or what a word means: of a scenario, the model or the field."""
    if _names_a_scenario(what):
        if population:
            _say_population(what, override or [], horizon)
        else:
            _explain_scenario(what, override or [], horizon, as_json, changed)
    elif changed or population:
        option = "--changed" if changed else "--population"
        raise Problems([Problem(what, f"is no scenario, and {option} is of a scenario", "a file or a name")])
    elif as_json:
        say_json(explanations(what, commands_of(context)))
    else:
        say_explanations(what, commands_of(context))


def _names_a_scenario(what: str) -> bool:
    from simulator.scenario.files import resolve_shipped

    is_file = what.endswith((".yaml", ".yml", ".json")) or Path(what).is_file()
    return what.startswith("preset:") or is_file or resolve_shipped(what) is not None


def _explain_scenario(
    file: str, overrides: list[str], horizon: str | None, as_json: bool, changed: bool
) -> None:
    from simulator.scenario.explain import changes
    from simulator.scenario.explain import explain as rows_of
    from simulator.scenario.loading import load_scenario

    loaded = load_scenario(file, overrides, horizon=horizon)
    if changed:
        differing = changes(loaded)
        if as_json:
            say_json([vars(row) for row in differing])
        else:
            say_columns(((row.key, row.value, row.before, row.origin) for row in differing),
                        ("bold", "", "dim", "dim"))  # fmt: skip
        return
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


def _say_population(file: str, overrides: list[str], horizon: str | None) -> None:
    """Print the funds of a scenario as the table that would draw the same."""
    from simulator.ensemble.crowd import population_csv
    from simulator.ensemble.description import prepare_run
    from simulator.scenario.loading import load_scenario

    say(population_csv(prepare_run(load_scenario(file, overrides, horizon=horizon))).rstrip("\n"))


def explanations(key: str, commands: Sequence[Word] = ()) -> list[dict[str, Any]]:
    """Everything that a word names, as records for other programs.

    Raises
    ------
    Problems
        If it names nothing; with the nearest name.
    """
    words, parameters, rules, variables = _found(key, commands)
    return [
        *(asdict(word) for word in words),
        *({"kind": "parameter", **vars(row)} for row in parameters),
        *({"kind": "rule", **asdict(rule), "takes": dict(rule.takes)} for rule in rules),
        *({"kind": "variable", **variable._asdict()} for variable in variables),
    ]


def say_explanations(key: str, commands: Sequence[Word] = ()) -> None:
    """Print everything that a word names.

    Raises
    ------
    Problems
        If it names nothing; with the nearest name.
    """
    from simulator.scenario.explain import typed

    words, parameters, rules, variables = _found(key, commands)
    for word in words:
        say(f"{word.name} ({word.kind})", "bold")
        say(textwrap.indent(textwrap.fill(word.meaning, _WIDTH), _INDENT))
        if word.example:
            say(f"{_INDENT}{word.example}", "cyan")
    for row in parameters:
        _say_facts(typed(row.key), row.doc, {
            "written as": row.unit, "allowed": row.bounds, "default": row.default, "source": row.source,
            "prior": row.prior,
        })  # fmt: skip
    for rule in rules:
        _say_rule(rule)
    for variable in variables:
        _say_facts(variable.name, variable.meaning, {"stored in": variable.unit})


def _found(
    key: str, commands: Sequence[Word]
) -> tuple[list[Word], list[ReferenceRow], list[RuleText], list[Variable]]:
    from simulator.rule_text import all_rules, find_rules
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.explain import find_parameters, reference_row, typed
    from simulator.scenario.schema import Scenario

    rules, variables = find_rules(key), _variables(key)
    known = [*all_words(), *(() if rules else measure_words()), *commands]
    words = words_named(key, known)
    try:
        parameters = [reference_row(*found) for found in find_parameters(Scenario, key)]
    except Problems as unknown:
        parameters = []
        if not words and not rules and not variables:
            variables = _outcomes(key)
        if not words and not rules and not variables:
            names = [*(word.name for word in known), *(rule.name.rpartition(".")[2] for rule in all_rules())]
            advice = did_you_mean(key, [*names, *(typed(path) for path, _ in catalogue(Scenario))])
            advice = advice or did_you_mean(key.rpartition(".")[2], names) or unknown.problems[0].advice
            told = Problem(key, "nothing is called so", "", advice)
            raise Problems([told]) from unknown
    return words, parameters, rules, variables


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
