"""Tables and texts of ``unwind basis`` on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.basis.basket_file import Basket
    from simulator.basis.maps import SwitchYields
    from simulator.basis.payoffs import BasketPayoffs
    from simulator.basis.positions import BasisPosition
    from simulator.basis.rolls import Roll
    from simulator.basis.table_options import BasketOption
    from simulator.basis.through_time import BasisDay
    from simulator.basis.trades import RepoChain

Pairs = Sequence[tuple[str, str]]


def labelled(pairs: Pairs) -> str:
    """A label and a figure a line, both aligned."""
    left = max(len(label) for label, _ in pairs)
    right = max(len(value.partition("  ")[0]) for _, value in pairs)
    lines = []
    for label, value in pairs:
        figure, _, words = value.partition("  ")
        lines.append(f"  {label:<{left}}  {figure:>{right}}  {words}".rstrip())
    return "\n".join(lines)


def position_text(trade: BasisPosition) -> str:
    """A basis trade, its hedge, what it earns when delivered, and the cash it may need."""
    terms, hedge, unit = trade.terms, trade.hedge, trade.currency
    sells = "sold" if hedge.contracts > 0.0 else "bought"
    lots, contracts = trade.exact_lots
    pairs = [
        ("bond", f"{terms.face:,.0f}  {unit} of face, {trade.bond_value:,.0f} with accrued interest"),
        (
            f"contracts {sells}",
            f"{abs(hedge.contracts):,.10g}  ({abs(hedge.exact_contracts):,.6g} exactly; {lots:,}:{contracts:,} leaves "
            "nothing open)",
        ),
        (
            "left open",
            f"{hedge.residual_face:+,.0f}  {unit} of face, {hedge.residual_dv01:+,.2f} a basis point",
        ),
    ]
    if trade.own_funds:
        pairs.append(("own funds", f"{trade.own_funds:,.0f}  {unit}, leverage {trade.leverage:.1f}x"))
    tick = f"{trade.tick_of_basis:,.0f}  {unit} for 1/32 of a point"
    if trade.own_funds:
        tick += f", {100.0 * trade.tick_of_basis / trade.own_funds:.2f}% of own funds"
    pairs += [
        ("tick of basis", tick),
        ("held to delivery: basis", f"{trade.profit.basis:+,.0f}  {unit}"),
        ("carry", f"{trade.profit.carry:+,.0f}"),
        ("cash in margin", f"{trade.profit.margin_financing + 0.0:+,.0f}"),
        *(
            [(f"open part at {terms.move_bp:+g} bp", f"{trade.profit.residual:+,.0f}")]
            if terms.move_bp
            else []
        ),
        ("total", f"{trade.profit.total:+,.0f}"),
        (
            "break-even move of repo",
            f"{trade.breakeven_repo_move_bp:+.1f}  bp: {trade.implied_repo_pct:.3f}% implied "
            f"({trade.implied_repo_365_pct:.3f}% on 365 days), {trade.repo_rate_pct:g}% paid",
        ),
    ]
    pairs.append(("repo 1 bp dearer", f"{-trade.repo_point_cost:+,.0f}  {unit} to delivery"))
    if terms.days_passed:
        pairs.append(
            (
                f"after {terms.days_passed:g} days",
                f"{trade.breakeven_overnight_move_bp:+.1f}  bp of overnight repo over the days that are left",
            )
        )
    pairs.append(("delivery", f"{trade.delivery_by_carry}  by a short who looks at carry alone"))
    if trade.margin_call:
        call = f"{trade.margin_call:,.0f}  {unit}, {100.0 * trade.margin_call / terms.face:.2f}% of face"
        if trade.own_funds:
            call += f", {100.0 * trade.margin_call / trade.own_funds:.0f}% of own funds"
        pairs.append(("margin call", call))
    if terms.move_bp:
        drain = trade.drain
        pairs += [
            (f"at {terms.move_bp:+g} bp: futures pay", f"{-drain.variation_margin:+,.0f}  {unit}"),
            ("repo gives back", f"{drain.repo_released:+,.0f}"),
            ("cash", f"{-drain.net:+,.0f}"),
            ("wealth", f"{drain.profit:+,.0f}"),
        ]
    taken = "" if trade.is_deliverable else ", which the contract does not take"
    return f"{trade.title}: {terms.direction} basis in {trade.bond}{taken}\n{labelled(pairs)}"


def basket_file_text(basket: Basket) -> str:
    """The bonds of a list that a contract month takes, with their factors, and its days."""
    from simulator.basis.writing import aligned

    lines: list[Sequence[str]] = [("coupon", "maturity", "factor", "bond")]
    for item in basket.bonds:
        bond = item.bond
        lines.append(
            (f"{bond.coupon_pct:.3f}", str(bond.maturity_date), f"{item.conversion_factor:.4f}", bond.name)
        )
    return (
        f"{basket.contract} {basket.month:%Y-%m} takes {basket.takes}: {len(basket.bonds)} of {basket.listed}.\n"
        f"Delivered from {basket.first_delivery} to {basket.last_delivery}, traded until {basket.last_trading}.\n\n"
        f"{aligned(lines)}"
    )


def repo_chain_text(own: float, haircut: float, pledged: Sequence[float], chain: RepoChain) -> str:
    """Repo round by round."""
    from simulator.basis.trades import leverage_limit
    from simulator.basis.writing import aligned

    lines: list[Sequence[str]] = [("round", "pledged", "borrowed", "bonds held", "")]
    held = own
    for number, (pledge, lent) in enumerate(zip(pledged, chain.borrowed, strict=True)):
        held += lent
        lines.append((f"{number + 1}", f"{pledge:,.6g}", f"{lent:,.6g}", f"{held:,.6g}", ""))
    told = (
        f"{chain.total_borrowed:,.6g} borrowed, {chain.position:,.6g} held, {chain.unpledged:,.6g} of it not pledged: "
        f"{chain.leverage:.2f}x borrowed on {own:,.6g} of one's own."
    )
    if haircut > 0.0:
        told += f" All pledged for ever, {leverage_limit(haircut):.4g}x is held."
    return "\n".join([*(line.rstrip() for line in aligned(lines).splitlines()), told])


def payoff_text(payoffs: BasketPayoffs) -> str:
    """Payoffs of the long and the short basis over moves of yields."""
    from simulator.basis.writing import aligned

    blocks = []
    for direction, sign in (("long", 1.0), ("short", -1.0)):
        bound = "least" if direction == "long" else "most"
        lines: list[Sequence[str]] = [
            (f"{direction} basis", "", *(f"{move:+.0f}" for move in payoffs.moves_bp), bound)
        ]
        for bond in payoffs.bonds:
            edge = "no bound" if bond.floor is None else f"{sign * bond.floor:+.2f}"
            lines.append((bond.bond, bond.role, *(f"{sign * value + 0.0:+.2f}" for value in bond.long), edge))
        blocks.append(aligned(lines))
    return (
        f"{payoffs.title}: points paid at delivery on 100 of face, by parallel move of forward yields, bp\n\n"
        + "\n\n".join(blocks)
    )


def switch_yields_text(found: Sequence[SwitchYields], spreads_bp: Sequence[float]) -> str:
    """Yields at which delivery passes from a bond to a longer one, by spread between the two."""
    from simulator.basis.writing import aligned

    lines: list[Sequence[str]] = [
        ("contract", "shorter bond", "longer bond", *(f"{spread:+g} bp" for spread in spreads_bp), "")
    ]
    for pair in found:
        cells = ("none" if each is None else f"{each:.2f}" for each in pair.yields_pct)
        lines.append((pair.contract, pair.shorter, pair.longer, *cells, ""))
    return (
        "yield of the shorter bond at delivery above which the longer one is delivered, %, by yield of the longer "
        "less the shorter\n\n" + "\n".join(line.rstrip() for line in aligned(lines).splitlines())
    )


def roll_text(roll: Roll) -> str:
    """A calendar spread and what it implies."""
    spread = roll.spread
    pairs = [
        (roll.front, f"{roll.front_price:g}  cheapest: {roll.front_cheapest}"),
        (roll.back, f"{roll.back_price:g}  cheapest: {roll.back_cheapest}"),
        (
            "spread",
            f"{spread.spread:+.6g}  points, {spread.spread_ticks:+,.0f} ticks: the front less the back",
        ),
        (
            "implied repo",
            f"{spread.implied_forward_repo_pct:.3f}%  from delivery to delivery, {roll.days} days, in {roll.bond}",
        ),
    ]
    return f"{roll.front}/{roll.back}, settlement {roll.settlement}\n{labelled(pairs)}"


def option_text(found: BasketOption) -> str:
    """The quality option of a basket, bond by bond, and the risk of the future."""
    from simulator.basis.writing import aligned

    lines: list[Sequence[str]] = [
        ("bond", "forward", "net basis", "option", "+-", "adjusted", "delivered in")
    ]
    option, risk = found.option, found.risk
    for place, name in enumerate(found.basket.names):
        lines.append(
            (
                name,
                f"{found.basket.forward_price[place]:.4f}",
                f"{found.net_basis[place]:.4f}",
                f"{option.value[place]:.4f}",
                f"{option.standard_error[place]:.4f}",
                f"{found.adjusted[place]:+.4f}",
                f"{100.0 * option.cheapest_share[place]:.1f}%",
            )
        )
    return (
        f"{found.title}: choice of bond at delivery, points\n\n{aligned(lines)}\n\n"
        f"Future {found.futures_price:g}, fair with the choice {option.futures_price:.4f} "
        f"+- {option.futures_standard_error:.4f}.\n"
        f"A basis point moves the future by {risk.dv01:.4f} and its bond by {risk.bond_dv01:.4f} points; convexity "
        f"{risk.convexity_years2:+.1f} and {risk.bond_convexity_years2:+.1f} years squared."
    )


def history_text(days: Sequence[BasisDay]) -> str:
    """The cheapest bond of each day, with its implied repo and net basis."""
    from simulator.basis.writing import aligned

    lines: list[Sequence[str]] = [
        (
            "contract",
            "settlement",
            "futures",
            "gross",
            "net",
            "implied repo %",
            "repo %",
            "lead %",
            "cheapest",
        )
    ]
    for day in days:
        lines.append(
            (
                day.contract,
                str(day.settlement),
                f"{day.futures_price:.4f}",
                f"{day.gross_basis:.4f}",
                f"{day.net_basis:.4f}",
                f"{day.implied_repo_pct:.3f}",
                f"{day.repo_rate_pct:.3f}",
                "-" if day.lead_pct is None else f"{day.lead_pct:.3f}",
                f"{day.cheapest} (was another)" if day.is_switch else day.cheapest,
            )
        )
    return aligned(lines)
