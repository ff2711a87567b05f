"""A scenario in words: what happens in it, by day, and what it opens with, for readers who have not written it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.scenario.declarations import catalogue
from simulator.scenario.explain import as_written
from simulator.scenario.priors import is_judgement
from simulator.scenario.schema import CURVE_KEYS, Scenario, opening_move
from simulator.units import BASIS_POINTS, MONEY, written

#: What each kind of event does; figures stand in braces under their keys.
_EVENTS = {
    "market-loss": "equities change by {equity}, credit spreads by {credit}",
    "margin-step": "initial margins times {multiple}",
    "haircut-step": "repo haircuts change by {change}",
    "haircut-minimum": "haircuts of no less than {minimum}",
    "margin-minimum": "margins of no less than {multiple} the exchange's",
    "leverage-relief": "dealers' leverage limits times {multiple}",
    "clearing-mandate": "{share} of un-netted repo is netted by central clearing",
    "lender-withdrawal": "lenders take back {share} of what they offer",
    "foreign-sale": "foreign holders sell {amount}",
    "investor-demand": "end investors come to want {amount} more of bonds",
    "redemption": "investors redeem {share} from {who}",
    "auction": "auction of {amount}",
    "cash-drain": "{amount} of cash goes to the government",
    "limit-cut": "dealers' limits are cut by {share}",
    "client-repo-demand": "other clients draw {amount} of repo from dealers",
    "facility-opening": "the standing repo facility opens",
    "policy-rate-change": "the policy rate changes by {change}",
    "hedge-demand-shift": "asset managers' demand for futures changes by {share}",
    "foreign-premium": "yields must pay a premium of {premium}, and foreign holders sell {sale} of theirs",
}
#: What funds hold bonds against, by kind of hedge.
HEDGES = {"futures": "futures", "swap": "swaps", "cds": "protection"}
#: Events that are told one by one; of more, those of a kind are told together.
EVENTS_TOLD = 8
_ALWAYS = "2500d"


def scenario_in_words(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What a scenario is: its shock, days, volatility, margins, haircuts, limits, positions, policies, judgement."""
    market, said = scenario.market, as_written(scenario)
    yield "Opening market", f"{market.date}; {int(scenario.horizon)} trading days after it"
    yield "What happens", _events_in_words(scenario)
    move = opening_move(market)
    yield (
        "Volatility",
        f"opens at a level that compares to {move:.0f} on the MOVE index; {_model_in_words(said)}",
    )
    floors = [hedge.exchange_margin for hedge in market.hedges.values()]
    measure = scenario.clearing_house.anti_procyclicality
    yield (
        "Margins",
        f"{100 * min(floors):.2g}% to {100 * max(floors):.2g}% of face at the least;"
        f" {'no measure' if measure == 'none' else measure.replace('-', ' ')} against procyclicality",
    )
    funds = scenario.funds
    yield (
        "Haircuts",
        f"{said['funds']['haircut_negative_share']} of funds below zero (lent more than the bond is worth, as a"
        f" tenth of uncleared repo was in the April 2025 collection), {said['funds']['haircut_zero_share']} at zero,"
        f" the others {said['funds']['haircut_positive']}{_own_haircuts(said)}; {said['funds']['haircut_slope']} more"
        " when volatility doubles",
    )
    yield (
        "Dealers' limits",
        f"{said['dealers']['opening_use']} used at the opening{_own_dealers(scenario)}, at a required capital ratio of"
        f" {said['dealers']['capital_ratio']}; lenders offer {said['lenders']['headroom']} more than is needed",
    )
    yield "Positions", _positions_in_words(scenario, funds.leverage)
    yield "Policy", _policy_in_words(scenario, said)
    judged = [
        key.rpartition(".")[2]
        for key, declaration in catalogue(Scenario)
        if is_judgement(declaration) and not key.startswith(("events", "market"))
    ]
    yield "Judgement", f"{len(judged)} of its parameters rest on judgement, each with a range and its reason"


def _events_in_words(scenario: Scenario) -> str:
    """Few events one by one; of many, those of a kind together."""
    if not scenario.events:
        return "no event: only what is drawn at random"
    order = sorted(scenario.events, key=lambda event: event.day)
    if len(order) <= EVENTS_TOLD:
        return "; ".join(map(event_in_words, order))
    kinds: dict[str, list[Any]] = {}
    for event in order:
        kinds.setdefault(event.type, []).append(event)
    return "; ".join(
        event_in_words(events[0]) if len(events) == 1 else _together(events) for events in kinds.values()
    )


def _together(events: list[Any]) -> str:
    """Several events of a kind: *days 5 to 60, 14 times: auction, $310bn in all*."""
    first, last = events[0].day, max(event.day for event in events)
    kind = events[0].type
    told = kind.replace("-", " ")
    if kind == "yield-shock":
        in_all = [sum(getattr(event.change, key) for event in events) for key in ("y2", "y10", "y30")]
        told = "yields change, in all 2-year {:+.0f}bp, 10-year {:+.0f}bp, 30-year {:+.0f}bp".format(*in_all)
    elif hasattr(events[0], "amount"):
        told += f", {written(MONEY, sum(event.amount for event in events), 3)} in all"
    return f"days {first} to {last}, {len(events)} times: {told}"


def event_in_words(event: Any) -> str:
    """One event: *day 2 to 4: bear-steepener 75bp*."""
    said = as_written(event)
    if event.type == "yield-shock":
        moved = {key: getattr(event.change, key) for key in CURVE_KEYS if getattr(event.change, key)}
        by_tenor = ", ".join(  # a tenor between those given lies on the line, at any fraction
            f"{key.removeprefix('y')}-year {written(BASIS_POINTS, change, 3)}"
            for key, change in moved.items()
        )
        which = f"yields of {event.par_curve}" if event.par_curve else "yields"
        words = f"{which}: {said['curve']}" if event.curve else f"{which} change by {by_tenor or 'nothing'}"
    elif event.type == "volatility-shock":
        peak = (
            f"MOVE index at {event.move_index:g}"
            if event.move_index
            else f"volatility times {said['multiple']}"
        )
        words = f"{peak}, half of the rise gone in {said['half_life']}"
    else:
        words = _EVENTS[event.type].format_map(said)
    whose = [*said.get("dealers", []), *said.get("hedges", []), *said.get("lenders", [])]
    words += f" ({', '.join(whose[:3])}{' and others' if len(whose) > 3 else ''})" if whose else ""
    last = event.day + getattr(event, "days", 1) - 1
    until = f" to {last}" if last > event.day and said.get("days") != _ALWAYS else ""
    since = (
        " on" if said.get("days") == _ALWAYS or event.type in ("margin-step", "policy-rate-change") else ""
    )
    return f"day {event.day}{until}{since}: {words}"


def _model_in_words(said: dict[str, Any]) -> str:
    model = said["drivers"]["model"]
    return {
        "none": "yields and volatility are not random",
        "factor": f"random yields as in {said['drivers']['regime']}",
        "bootstrap": f"yields drawn from the days of {said['drivers']['file']}",
        "replay": f"yields of {said['drivers']['file']}",
        "arrays": f"yields of {said['drivers']['file']}",
    }[model]


def _own_haircuts(said: dict[str, Any]) -> str:
    """Haircuts of fundings that have one of their own."""
    own = [
        f"{funding['haircut']} in {name}"
        for name, funding in said["market"]["fundings"].items()
        if funding.get("haircut") is not None
    ]
    return f"; {' and '.join(own)}" if own else ""


def _own_dealers(scenario: Scenario) -> str:
    return f" (or what {scenario.dealers.add} says)" if scenario.dealers.add else ""


def _positions_in_words(scenario: Scenario, leverage: float) -> str:
    held = sum(abs(trade.fund_packages) for trade in scenario.market.trades.values())
    if scenario.funds.population:
        return f"hedge funds of {scenario.funds.population}"
    own = f", those of {scenario.funds.add} among them" if scenario.funds.add else ""
    kinds = {hedge.kind for hedge in scenario.market.hedges.values()}
    hedged_by = [words for kind, words in HEDGES.items() if kind in kinds]
    held_in = f"positions against {' and '.join(hedged_by)}" if kinds != {"futures"} else "basis positions"
    return (
        f"hedge funds hold ${held:,.0f}bn of {held_in}, {scenario.funds.count} of them drawn at a median leverage"
        f" of {leverage:g}x{own}"
    )


def _policy_in_words(scenario: Scenario, said: dict[str, Any]) -> str:
    bank, terms = scenario.central_bank, said["central_bank"]
    parts = [
        f"{words} by {getattr(bank, kind).mode}"
        for kind, words in (("outright", "outright purchases"), ("hedged", "purchases of basis positions"))
        if getattr(bank, kind).mode != "off"
    ]
    if bank.leverage_relief != 1.0:
        parts.append(f"leverage limits times {terms['leverage_relief']}")
    if bank.standing_repo.open:
        parts.append(f"a standing repo facility of up to {terms['standing_repo']['capacity']}")
    if bank.clearing_mandate:
        parts.append(f"{terms['clearing_mandate']} of un-netted repo cleared centrally")
    return "; ".join(parts) or "none beside the events"
