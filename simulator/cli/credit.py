"""``unwind credit``: a corporate bond against its credit default swap, without running a simulation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from simulator.cli.basis_display import labelled
from simulator.cli.options import AsJson, takes_options
from simulator.cli.terminal import complain, say, say_json
from simulator.results.errors import BAD_INPUT
from simulator.units import BASIS_POINTS, SHARE, YEARS, Kind, UnitError, read

EXAMPLES = """\b
Examples:
  unwind credit --basis -100bp --to -150bp --years 6m --maturity 5y
  unwind credit --cds 200bp --bond-yield 6% --treasury-yield 3% --haircut 5%
  unwind credit --basis -100bp --to -150bp --haircut 5% --stressed-haircut 25%"""


@dataclass(frozen=True, kw_only=True)
class CreditOptions:
    """What ``unwind credit`` takes."""

    basis: Annotated[
        str | None,
        typer.Option(help="Swap spread less the bond's spread over Treasuries.", show_default=False),
    ] = None
    cds: Annotated[
        str | None, typer.Option(help="In place of the basis: spread of the swap.", show_default=False)
    ] = None
    bond_yield: Annotated[str | None, typer.Option(help="Yield of the bond.", show_default=False)] = None
    treasury_yield: Annotated[
        str | None, typer.Option(help="Yield of the Treasury of its maturity.", show_default=False)
    ] = None
    to: Annotated[
        str | None, typer.Option(help="Basis at exit; unchanged by default.", show_default=False)
    ] = None
    years: Annotated[str, typer.Option(help="How long the trade is held.", metavar="YEARS")] = "6m"
    maturity: Annotated[str, typer.Option(help="Of bond and swap.", metavar="YEARS")] = "5y"
    duration: Annotated[
        str | None,
        typer.Option(help="At exit; what is left of the maturity by default.", show_default=False),
    ] = None
    haircut: Annotated[str, typer.Option(help="Share of the bond that is not lent on it.")] = "5%"
    swap_margin: Annotated[str, typer.Option(help="Margin of the swap, share of face.")] = "0%"
    stressed_haircut: Annotated[
        str | None, typer.Option(help="Haircut after a rise.", show_default=False)
    ] = None
    stressed_swap_margin: Annotated[
        str | None, typer.Option(help="Swap margin after a rise.", show_default=False)
    ] = None
    financing: Annotated[
        str, typer.Option(help="What financing costs beyond the Treasury's, a year, share of face.")
    ] = "0%"
    capital: Annotated[
        str | None,
        typer.Option(help="Behind the trade, share of face; all in margin by default.", show_default=False),
    ] = None
    as_json: AsJson = False


@dataclass(frozen=True)
class CreditTrade:
    """A trade that earns the basis, worked out; shares of face, basis and changes of it in bp.

    A negative basis is earned with bond and protection bought; a positive one is the mirror.
    """

    basis_bp: float
    exit_basis_bp: float
    carry: float
    convergence: float
    total: float
    breakeven_change_bp: float
    to_maturity: float
    margin: float
    leverage: float
    return_on_margin: float
    forced_exit_change_bp: float
    forced_exit_basis_bp: float
    stressed_margin: float
    stressed_leverage: float
    sold_when_margins_rise: float


@takes_options
def credit_command(options: CreditOptions) -> None:
    """A bond against its credit default swap: carry, convergence, break-even, return on margin, forced exit."""
    try:
        trade = credit_trade(options)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT) from None
    if options.as_json:
        say_json(asdict(trade))
    else:
        say(credit_text(trade))


def credit_trade(options: CreditOptions) -> CreditTrade:
    """The trade that the options describe.

    Raises
    ------
    ValueError
        For figures that cannot be read or that no trade has.
    """
    from simulator.literature import credit_arithmetic as arithmetic

    basis = _basis(options)
    exit_basis = basis if options.to is None else _figure("--to", options.to, BASIS_POINTS) / 1e4
    years = _figure("--years", options.years, YEARS, least=0.0)
    maturity = _figure("--maturity", options.maturity, YEARS, least=0.0)
    duration = (
        maturity - years
        if options.duration is None
        else _figure("--duration", options.duration, YEARS, least=0.0)
    )
    if not (years > 0.0 and maturity > years and duration > 0.0):
        raise ValueError(
            f"--years is {options.years} and --maturity {options.maturity}; a trade ends before its bond, with some "
            "duration left; hold it shorter."
        )
    haircut = _figure("--haircut", options.haircut, SHARE, least=0.0, most=1.0)
    swap_margin = _figure("--swap-margin", options.swap_margin, SHARE, least=0.0, most=1.0)
    margin = arithmetic.credit_margin(haircut, swap_margin)
    if margin <= 0.0:
        raise ValueError(
            "--haircut and --swap-margin are both 0%; a trade ties up something; write --haircut 5%."
        )
    stressed = arithmetic.credit_margin(
        haircut
        if options.stressed_haircut is None
        else _figure("--stressed-haircut", options.stressed_haircut, SHARE, least=0.0, most=1.0),
        swap_margin
        if options.stressed_swap_margin is None
        else _figure("--stressed-swap-margin", options.stressed_swap_margin, SHARE, least=0.0, most=1.0),
    )
    capital = (
        margin
        if options.capital is None
        else _figure("--capital", options.capital, SHARE, least=margin, most=1e3)
    )
    # A positive basis is earned by the mirror trade: bond sold short, protection sold.
    sign = 1.0 if basis <= 0.0 else -1.0
    earned, change = sign * basis, sign * (exit_basis - basis)
    carry = arithmetic.credit_carry(earned, years)
    convergence = arithmetic.credit_convergence(change, duration)
    total = arithmetic.credit_basis_return(earned, change, years, duration)
    cost = _figure("--financing", options.financing, SHARE) * years
    exit_change = sign * arithmetic.credit_exit_change(capital, margin, duration)
    return CreditTrade(
        basis_bp=1e4 * basis,
        exit_basis_bp=1e4 * exit_basis,
        carry=carry,
        convergence=convergence,
        total=total,
        breakeven_change_bp=1e4 * sign * arithmetic.credit_breakeven_change(earned, years, duration),
        to_maturity=arithmetic.credit_return_to_maturity(earned, maturity),
        margin=margin,
        leverage=arithmetic.credit_leverage(margin),
        return_on_margin=arithmetic.credit_capital_return(total, cost, margin),
        forced_exit_change_bp=1e4 * exit_change,
        forced_exit_basis_bp=1e4 * (basis + exit_change),
        stressed_margin=stressed,
        stressed_leverage=arithmetic.credit_leverage(stressed),
        sold_when_margins_rise=arithmetic.credit_share_sold(margin, stressed),
    )


def credit_text(trade: CreditTrade) -> str:
    """A trade of a bond against its credit default swap."""
    way = "bond and protection bought" if trade.basis_bp <= 0.0 else "bond and protection sold"
    pairs = [
        ("carry", f"{1e4 * trade.carry:+,.1f}  bp of face"),
        (
            "convergence",
            f"{1e4 * trade.convergence:+,.1f}  bp of face, basis to {trade.exit_basis_bp:+.4g} bp",
        ),
        ("total", f"{1e4 * trade.total:+,.1f}  bp of face"),
        ("break-even change", f"{trade.breakeven_change_bp:+,.1f}  bp of the basis"),
        ("held to maturity", f"{1e4 * trade.to_maturity:+,.1f}  bp of face"),
        ("margin", f"{100.0 * trade.margin:.4g}%  of face, leverage {trade.leverage:.4g}x"),
        ("return on margin", f"{100.0 * trade.return_on_margin:+.1f}%  after financing"),
        (
            "forced exit",
            f"{trade.forced_exit_basis_bp:+,.1f}  bp basis, "
            + (
                f"after a change of {trade.forced_exit_change_bp:+,.1f} bp"
                if abs(trade.forced_exit_change_bp) > 0.05
                else "at once: all capital is in margin"
            ),
        ),
    ]
    if trade.stressed_margin != trade.margin:
        pairs.append(
            (
                "margin after the rise",
                f"{100.0 * trade.stressed_margin:.4g}%  of face, leverage {trade.stressed_leverage:.4g}x: "
                f"{100.0 * trade.sold_when_margins_rise:.0f}% of a position all in margin must be sold",
            )
        )
    return f"Basis {trade.basis_bp:+.4g} bp: {way}\n{labelled(pairs)}"


def _basis(options: CreditOptions) -> float:
    """Basis, decimal a year: given, or from the three yields."""
    from simulator.literature.credit_arithmetic import credit_basis

    legs = {
        "--cds": options.cds,
        "--bond-yield": options.bond_yield,
        "--treasury-yield": options.treasury_yield,
    }
    given = {name: text for name, text in legs.items() if text is not None}
    if (options.basis is None) == (not given) or (given and len(given) < len(legs)):
        raise ValueError("Give either --basis, or all of --cds, --bond-yield and --treasury-yield.")
    if options.basis is not None:
        return _figure("--basis", options.basis, BASIS_POINTS) / 1e4
    cds, bond, treasury = (_figure(name, text, BASIS_POINTS) / 1e4 for name, text in given.items())
    return credit_basis(cds, bond, treasury)


def _figure(
    option: str, text: str, kind: Kind, *, least: float = float("-inf"), most: float = float("inf")
) -> float:
    try:
        value = read(kind, text)
    except UnitError as error:
        raise ValueError(f"{option}: {error}") from None
    if not least <= value <= most:
        limits = f"{least:g} to {most:g}" if most < float("inf") else f"at least {least:g}"
        raise ValueError(f"{option} is {text}; allowed: {limits} (as a plain figure); correct it.")
    return value


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("credit", epilog=EXAMPLES)(credit_command)
