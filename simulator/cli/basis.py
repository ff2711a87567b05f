"""``unwind basis``: contract arithmetic on a CSV file of bonds, without running a simulation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from simulator.cli.options import AsJson, takes_options
from simulator.cli.terminal import complain, say_json
from simulator.results.errors import BAD_INPUT, ENVIRONMENT

if TYPE_CHECKING:
    from simulator.basis.bond_file import BasisTable

#: Warnings shown at most; the rest are counted.
WARNINGS_SHOWN = 40

#: First words of the command that follow a file through time, and find a basket in a list of bonds.
HISTORY, BASKET = "history", "basket"

EXAMPLES = """\b
Examples:
  unwind basis bonds.csv
  unwind basis bonds.csv -o rows.csv --switch-map
  unwind basis bonds.csv --trade long --face 50mn --hedge whole
  unwind basis bonds.csv --payoff
  unwind basis bonds.csv --option
  unwind basis bonds.csv --calendar T1906/T1909
  unwind basis history days.csv --plot days.html
  unwind basis basket outstanding.csv --contract TY --month 2025-06
  unwind basis --repo-chain 20% --pledge 100,80,60"""

_TRADE, _CHOICE, _MOVES = "A trade", "The choice of bond", "Moves of yields"


class TradeWay(StrEnum):
    """Which way a basis trade goes."""

    LONG = "long"
    SHORT = "short"


class HedgeRounding(StrEnum):
    """How a bond is hedged."""

    WHOLE = "whole"
    EXACT = "exact"


@dataclass(frozen=True, kw_only=True)
class TradeOptions:
    """What a trade is: its size, its hedge and how it is financed."""

    trade: Annotated[
        TradeWay | None,
        typer.Option(
            "--trade", help="Work out a basis trade: long (buy the bond) or short.", rich_help_panel=_TRADE
        ),
    ] = None
    face: Annotated[
        str, typer.Option(help="Face of the bond, such as 50mn.", metavar="AMOUNT", rich_help_panel=_TRADE)
    ] = "100mn"
    hedge: Annotated[
        HedgeRounding, typer.Option(help="Whole contracts, or fractions of them.", rich_help_panel=_TRADE)
    ] = HedgeRounding.WHOLE
    bond: Annotated[
        str | None,
        typer.Option(
            help="Its name in the file, or '6.5% 2010-02-15'; the cheapest of each basket by default.",
            show_default=False,
            rich_help_panel=_TRADE,
        ),
    ] = None
    haircut: Annotated[
        str,
        typer.Option(help="Share of the price not lent in repo.", metavar="SHARE", rich_help_panel=_TRADE),
    ] = "0%"
    margin: Annotated[
        float, typer.Option(min=0.0, help="Futures margin a contract, money.", rich_help_panel=_TRADE)
    ] = 0.0
    stressed_margin: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Margin after a rise: tells the call.", show_default=False, rich_help_panel=_TRADE
        ),
    ] = None
    move_bp: Annotated[
        float,
        typer.Option(help="Move of yields: tells the cash it takes.", rich_help_panel=_TRADE),
    ] = 0.0
    days_passed: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Days after which overnight repo rises: tells the break-even.",
            rich_help_panel=_TRADE,
        ),
    ] = 0.0
    remarked: Annotated[
        str,
        typer.Option(
            help="Share of repo that follows the price daily.", metavar="SHARE", rich_help_panel=_TRADE
        ),
    ] = "0%"
    repo_chain: Annotated[
        str | None,
        typer.Option(
            "--repo-chain",
            help="Leverage by repo, round by round, at this haircut; needs no file.",
            metavar="HAIRCUT",
            show_default=False,
            rich_help_panel=_TRADE,
        ),
    ] = None
    pledge: Annotated[
        str,
        typer.Option(
            help="What is pledged in each round; the first is what one owns.", rich_help_panel=_TRADE
        ),
    ] = "100,80,64"


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """What is asked of a basket's bonds."""

    switch_map: Annotated[
        bool,
        typer.Option("--switch-map", help="Which bond is cheapest as yields move.", rich_help_panel=_CHOICE),
    ] = False
    switch_yields: Annotated[
        str | None,
        typer.Option(
            "--switch-yields",
            help="Yield at which one bond passes another, at these spreads (bp, longer less shorter): 0,-1,-2.5.",
            metavar="SPREADS",
            show_default=False,
            rich_help_panel=_CHOICE,
        ),
    ] = None
    payoff: Annotated[
        bool,
        typer.Option("--payoff", help="What long and short basis pay at delivery.", rich_help_panel=_CHOICE),
    ] = False
    option: Annotated[
        bool,
        typer.Option(
            "--option", help="Quality option and option-adjusted net basis.", rich_help_panel=_CHOICE
        ),
    ] = False
    calendar: Annotated[
        str | None,
        typer.Option(
            "--calendar",
            help="Roll between two months of the file: T1906/T1909, TYH2/TYM2.",
            metavar="FRONT/BACK",
            show_default=False,
            rich_help_panel=_CHOICE,
        ),
    ] = None
    parallel_bp: Annotated[
        float,
        typer.Option(
            help="Largest parallel move of map and payoff, bp.", min=1.0, max=1000.0, rich_help_panel=_MOVES
        ),
    ] = 150.0
    slope_bp: Annotated[
        float,
        typer.Option(help="Largest slope change of the map, bp.", min=0.0, max=500.0, rich_help_panel=_MOVES),
    ] = 30.0
    regime: Annotated[
        str, typer.Option(help="Of the curve until delivery, for --option.", rich_help_panel=_MOVES)
    ] = "2010-2025"
    yield_sd_bp: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=2000.0,
            help="In its place: standard deviation of parallel moves, bp a year.",
            show_default=False,
            rich_help_panel=_MOVES,
        ),
    ] = None
    paths: Annotated[int, typer.Option(min=2, max=1_000_000, help="Of --option.", rich_help_panel=_MOVES)] = (
        20_000
    )
    seed: Annotated[int, typer.Option(min=0, help="Of --option.", rich_help_panel=_MOVES)] = 1


@dataclass(frozen=True, kw_only=True)
class BasisOptions:
    """What ``unwind basis`` takes."""

    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[history|basket] INPUT.csv",
            help="One row a bond, see the guide for the columns; after history one row a bond and day, after basket a "
            "list of bonds.",
            show_default=False,
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUTPUT.csv", help="Write the rows with all results here."),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.html", help="Draw the history on a page.", show_default=False),
    ] = None
    contract: Annotated[
        str | None, typer.Option(help="Of a basket: its code.", show_default=False, rich_help_panel=_CHOICE)
    ] = None
    month: Annotated[
        str | None,
        typer.Option(
            help="Of a basket: its delivery month, like 2025-06.", show_default=False, rich_help_panel=_CHOICE
        ),
    ] = None
    given_factors: Annotated[
        bool,
        typer.Option("--given-factors", help="Use the file's conversion_factor in place of the rule's."),
    ] = False
    given_accrued: Annotated[
        bool,
        typer.Option(
            "--given-accrued",
            help="Use the file's accrued_settlement and accrued_delivery in place of the calendar's.",
        ),
    ] = False
    as_json: AsJson = False
    trades: TradeOptions
    choice: ChoiceOptions


@takes_options
def basis_command(options: BasisOptions) -> None:
    """Conversion factor, carry, gross and net basis, implied repo and cheapest to deliver of bonds.

    Without other options the main columns are printed, each basket from its cheapest bond to its dearest.
    """
    words = options.words or []
    is_history, is_basket = words[:1] == [HISTORY], words[:1] == [BASKET]
    files = words[1:] if is_history or is_basket else words
    told: list[tuple[str, Any, str]] = []
    if options.trades.repo_chain is not None:
        told.append(_said("repo_chain", lambda: _repo_chain(options.trades), "--repo-chain: "))
    if len(files) != 1 and not (told and not words):
        _fail(
            "unwind basis takes one file of bonds; write unwind basis INPUT.csv or unwind basis history INPUT.csv."
        )
    if options.plot is not None and not is_history:
        _fail("--plot draws a history; write unwind basis history INPUT.csv --plot FILE.html.")
    if is_basket:
        told.append(_said("basket", lambda: _basket(Path(files[0]), options), ""))
    elif files:
        told += _of_file(Path(files[0]), options, is_history)
    if options.as_json:
        say_json({name: value for name, value, _ in told})
    else:
        typer.echo("\n\n".join(text for _, _, text in told))


def _of_file(file: Path, options: BasisOptions, is_history: bool) -> list[tuple[str, Any, str]]:
    """What is asked of a file: name, values and text of each answer."""
    # Imported here: --help and other commands must not wait for the compiler.
    from simulator.basis.bond_file import BasisFileError, read_basis_table
    from simulator.basis.writing import write_basis_table

    try:
        table = read_basis_table(
            file, is_factor_given=options.given_factors, is_accrued_given=options.given_accrued
        )
    except BasisFileError as error:
        _fail(str(error))
    _warn(table.warnings)
    asked = [answer for is_asked, answer in _answers(options, is_history) if is_asked]
    written: list[tuple[str, Any, str]] = []
    if options.output is not None:
        try:
            write_basis_table(table, options.output)
        except OSError as error:
            _fail(
                f"{options.output}: cannot be written ({error.strerror}); choose a folder that exists and is yours."
            )
        count = len(table.cells)
        written = [
            (
                "rows",
                {"file": str(options.output), "rows": count},
                f"{options.output}: {count:,} rows written.",
            )
        ]
    elif not asked:
        asked = [_rows]
    return written + [
        _said(answer.__name__.strip("_"), lambda: answer(table, options), f"{file} ")  # noqa: B023 - called at once
        for answer in asked
    ]


Answer = Callable[["BasisTable", BasisOptions], tuple[Any, str]]


def _answers(options: BasisOptions, is_history: bool) -> list[tuple[bool, Answer]]:
    choice = options.choice
    return [
        (is_history, _history),
        (options.trades.trade is not None, _trade),
        (choice.switch_map, _switch_map),
        (choice.switch_yields is not None, _switch_yields),
        (choice.payoff, _payoff),
        (choice.option, _option),
        (choice.calendar is not None, _calendar),
    ]


def _rows(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.writing import basis_text, computed_cells

    return computed_cells(table), basis_text(table)


def _switch_map(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.maps import switch_maps_text

    text = switch_maps_text(table, options.choice.parallel_bp, options.choice.slope_bp)
    return text.splitlines(), text


def _switch_yields(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.maps import switch_yields
    from simulator.cli.basis_display import switch_yields_text

    spreads = _numbers("--switch-yields", options.choice.switch_yields or "")
    found = switch_yields(table, spreads)
    return [asdict(each) for each in found], switch_yields_text(found, spreads)


def _trade(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.positions import PositionTerms, basis_positions
    from simulator.cli.basis_display import position_text

    given = options.trades
    assert given.trade is not None
    terms = PositionTerms(
        given.trade.value,
        _face(given.face),
        given.hedge is HedgeRounding.WHOLE,
        _share("--haircut", given.haircut),
        _share("--remarked", given.remarked),
        given.margin,
        given.stressed_margin,
        given.move_bp,
        given.days_passed,
    )
    found = basis_positions(table, terms, given.bond)
    values = [
        {**_jsonable(asdict(each)), "profit": {**asdict(each.profit), "total": each.profit.total}}
        for each in found
    ]
    return values, "\n\n".join(map(position_text, found))


def _payoff(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    import numpy as np

    from simulator.basis.maps import PARALLEL_STEPS
    from simulator.basis.payoffs import basket_payoffs
    from simulator.cli.basis_display import payoff_text

    largest = options.choice.parallel_bp
    found = basket_payoffs(table, np.linspace(-largest, largest, 2 * PARALLEL_STEPS + 1))
    if not found:
        raise ValueError("has no bond that its contract takes; add the bonds of the basket.")
    return [asdict(each) for each in found], "\n\n".join(map(payoff_text, found))


def _option(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.table_options import YieldScenarios, basket_options
    from simulator.cli.basis_display import option_text

    choice = options.choice
    scenarios = YieldScenarios(choice.regime, choice.yield_sd_bp, choice.paths, choice.seed)
    found = basket_options(table, scenarios)
    values = [
        {
            "title": each.title,
            "bonds": each.basket.names,
            "net_basis": each.net_basis.tolist(),
            "option": each.option.value.tolist(),
            "standard_error": each.option.standard_error.tolist(),
            "option_adjusted_net_basis": each.adjusted.tolist(),
            "cheapest_share": each.option.cheapest_share.tolist(),
            "fair_futures_price": each.option.futures_price,
            "risk": asdict(each.risk),
        }
        for each in found
    ]
    return values, "\n\n".join(map(option_text, found))


def _calendar(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.rolls import rolls
    from simulator.cli.basis_display import roll_text

    found = rolls(table, options.choice.calendar or "")
    return [_jsonable(asdict(each)) for each in found], "\n\n".join(map(roll_text, found))


def _history(table: BasisTable, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.through_time import basis_days
    from simulator.cli.basis_display import history_text

    days = basis_days(table)
    text = history_text(days)
    if options.plot is not None:
        from simulator.report.basis_page import basis_page
        from simulator.report.document import write_document

        try:
            write_document(basis_page(days, (options.words or [""])[-1]), options.plot)
        except OSError as error:
            complain(
                f"{options.plot}: cannot be written ({error.strerror or error}); choose a folder that is yours."
            )
            raise typer.Exit(ENVIRONMENT) from error
        text += f"\n\n{options.plot}: written."
    return [_jsonable(asdict(day)) for day in days], text


def _basket(file: Path, options: BasisOptions) -> tuple[Any, str]:
    from simulator.basis.basket_file import basket_of_list
    from simulator.cli.basis_display import basket_file_text

    if options.contract is None or options.month is None:
        raise ValueError(
            "A basket is one of a contract month; write unwind basis basket INPUT.csv --contract TY --month 2025-06."
        )
    found = basket_of_list(file, options.contract, options.month)
    values = {
        "contract": found.contract,
        "month": f"{found.month:%Y-%m}",
        "first_delivery": str(found.first_delivery),
        "last_trading": str(found.last_trading),
        "last_delivery": str(found.last_delivery),
        "bonds": [
            {
                "bond": item.bond.name,
                "coupon_pct": item.bond.coupon_pct,
                "maturity_date": str(item.bond.maturity_date),
                "conversion_factor": item.conversion_factor,
            }
            for item in found.bonds
        ],
    }
    return values, basket_file_text(found)


def _repo_chain(given: TradeOptions) -> tuple[Any, str]:
    from simulator.basis.trades import repo_chain
    from simulator.cli.basis_display import repo_chain_text

    pledged = _numbers("--pledge", given.pledge)
    haircut = _share("--repo-chain", given.repo_chain or "")
    chain = repo_chain(pledged[0], haircut, pledged)
    return asdict(chain), repo_chain_text(pledged[0], haircut, pledged, chain)


def _said(name: str, answer: Callable[[], tuple[Any, str]], where: str) -> tuple[str, Any, str]:
    """An answer under its name; what is wrong with the question ends the command."""
    try:
        return (name, *answer())
    except ValueError as error:
        _fail(f"{where}{error}")


def _jsonable(record: dict[str, Any]) -> dict[str, Any]:
    from datetime import date

    return {key: str(value) if isinstance(value, date) else value for key, value in record.items()}


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{option} is {text!r}; it must be numbers with commas between; write 100,80,60."
        ) from None


def _share(option: str, text: str) -> float:
    """A share that is written with its unit."""
    from simulator.units import SHARE, UnitError, read

    try:
        share = read(SHARE, text)
    except UnitError as error:
        raise ValueError(f"{option} {error}") from None
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{option} is {text}; it must lie between 0% and 100%; write 2%.")
    return share


_AMOUNT = re.compile(r"\$?(\d+(?:\.\d+)?)(k|mn|bn|tn)?")
_SIZES = {None: 1.0, "k": 1e3, "mn": 1e6, "bn": 1e9, "tn": 1e12}


def _face(text: str) -> float:
    form = _AMOUNT.fullmatch(text.replace(",", ""))
    if form is None:
        raise ValueError(f"--face is {text!r}; it must be an amount in k, mn, bn or tn; write 50mn.")
    return float(form[1]) * _SIZES[form[2]]


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings[:WARNINGS_SHOWN]:
        complain(f"Warning: {warning}")
    if len(warnings) > WARNINGS_SHOWN:
        complain(f"Warning: ... and {len(warnings) - WARNINGS_SHOWN:,} more of the kind.")


def _fail(message: str) -> NoReturn:
    complain(message)
    raise typer.Exit(BAD_INPUT)


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("basis", epilog=EXAMPLES)(basis_command)
