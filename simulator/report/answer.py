"""The answer in plain words: how much selling adds, how likely it breaks, who is forced, what it costs."""

from __future__ import annotations

import math

from simulator.report.funding import first_limit_in_words
from simulator.report.page import Headline
from simulator.report.prices import added_in_words, costs_in_words, shock_in_words
from simulator.report.run_data import RunData
from simulator.report.spiral import sold_in_words
from simulator.report.words import bn, day_in_words, figure, share_of_paths
from simulator.results.figures import scaled_estimate
from simulator.results.measures import DYSFUNCTION_BP
from simulator.results.names import CAPACITY, cause
from simulator.results.statistics import Estimate, holds_zero
from simulator.results.summary import shown

#: A market of which funds unwind less than this share on average is told as quiet.
QUIET = 0.02
#: Per cent by which what none of N paths saw is bounded with 95% confidence, over N.
RULE_OF_THREE = 300.0


def answer(data: RunData) -> list[str]:
    """The run in a few sentences."""
    if not data.finished_paths:
        return ["No path finished: there is nothing to say but why they stopped."]
    return [_one_sentence(data), _opening_sentence(data), _forced_sentence(data), _cost_sentence(data)]


def _one_sentence(data: RunData) -> str:
    """The answer in one sentence."""
    added = data.measure("added_in_all")
    yields = (
        ""
        if math.isnan(added.value)
        else f" and adds {figure(added, 0, 'bp')} to {data.yields} on its worst day"
    )
    unwound = f"unwinds {bn(data.measure('unwound_in_all'))} of hedge funds' {data.positions}"
    if not data.held_bn:
        return f"The market is dysfunctional {share_of_paths(data.dysfunction, data.paths)}."
    return f"The shock {unwound}{yields}; the market is dysfunctional {share_of_paths(data.dysfunction, data.paths)}."


def _unwound_share(data: RunData) -> Estimate:
    return data.measure("unwound_in_all", 100.0 / data.held_bn) if data.held_bn else Estimate(0.0, 0.0, 0)


def _opening_sentence(data: RunData) -> str:
    is_quiet = data.dysfunction.value == 0.0 and _unwound_share(data).value < 100.0 * QUIET
    dysfunction = (
        f"The market is dysfunctional, with a basis that moves more than {DYSFUNCTION_BP:.0f} bp,"
        f" {share_of_paths(data.dysfunction, data.paths)}."
    )
    calm = "The market stays calm. " if is_quiet else ""
    return f"{calm}{added_in_words(data)} {shock_in_words(data)} {dysfunction}"


def _forced_sentence(data: RunData) -> str:
    unwound = data.measure("unwound_in_all")
    totals = {name: data.measure("sold_by_channel", channel=name) for name in data.layout.channels}
    sentence = f"Hedge funds hold no {data.positions}." if not data.held_bn else (
        f"Hedge funds unwind {bn(unwound)} of {data.positions} up to the lowest point,"
        f" {figure(_unwound_share(data), 1, '%')} of what they opened with. {sold_in_words(data, totals)}"
    )  # fmt: skip
    return f"{sentence} {first_limit_in_words(data, with_others=False)}"


def _cost_sentence(data: RunData) -> str:
    told = costs_in_words(data, of=data.names[data.reference_trade])
    return " ".join(told) or "What $100bn of sales cost is not known: no path was played with a test sale."


def headlines(data: RunData) -> list[Headline]:
    """Figures to remember."""
    if not data.finished_paths:
        return []
    return [_added(data), _dysfunction(data), _forced(data), _cost(data), _limit(data), _failures(data)]


def _chance(share: Estimate, paths: int) -> tuple[str, str]:
    """A probability and its error apart; of what no path saw, or every one, the bound."""
    if share.value in (0.0, 1.0) and paths > RULE_OF_THREE:
        bound = RULE_OF_THREE / paths
        least, word = (bound, "less") if share.value == 0.0 else (100.0 - bound, "more")
        seen = "none" if share.value == 0.0 else "all"
        return (
            f"{100.0 * share.value:.0f}%",
            f"{seen} of {paths:,} paths; {word} than {least:.4g}% with 95% confidence",
        )
    return _parts(scaled_estimate(share, 100.0), 1, "%")


def _parts(estimate: Estimate, decimals: int, unit: str, before: str = "") -> tuple[str, str]:
    """Value and error apart: *8.2%*, *± 0.2*, with the range of parameter sets behind the error."""
    text = shown(estimate, decimals)
    value, _, error = text.partition(" ± ")
    error, _, ends = error.partition(" [")
    joined = unit if unit in ("%", "") else f" {unit}"
    low, _, high = ends.rstrip("]").partition(", ")
    of_sets = f"; {before}{low} to {high}{joined} in nine of ten parameter sets" if ends else ""
    return f"{before}{value}{joined}", f"± {error}{joined}, one standard error{of_sets}" if error else ""


def _added(data: RunData) -> Headline:
    market = data.measure("added_in_all")
    if math.isnan(market.value):
        return Headline("Added to yields by private selling", "-", "", "No path was played without policy.")
    value, error = _parts(market, 1, "bp")
    policy = "no policy acts after the opening"
    if data.layout.has_policy:
        policy = f"policy takes away {figure(data.measure('taken_away_in_all'), 1, 'bp')} that day"
    return Headline(
        "Added to yields by private selling",
        value,
        error,
        f"on average over the market, on the day on which it adds most; {policy}.",
    )


def _dysfunction(data: RunData) -> Headline:
    share = data.dysfunction
    value, error = _chance(share, data.paths)
    return Headline(
        "Probability of dysfunction",
        value,
        error,
        f"of paths see a basis move more than {DYSFUNCTION_BP:.0f} bp, three standard deviations of calm years.",
    )


def _forced(data: RunData) -> Headline:
    value, error = _parts(data.measure("unwound_in_all"), 0, "bn", "$")
    value, error = value.replace(" bn", "bn"), error.replace(" bn", "bn")
    totals = {name: data.measure("sold_by_channel", channel=name).value for name in data.layout.channels}
    main = max(totals, key=lambda name: totals[name])
    forced = data.measure("forced_share", 100.0)
    share = data.figures.percent_of_all("sold_by_channel", channel=main)
    because = (
        f"; {figure(forced, 1, '%')} of what they sell is forced, mostly by {cause(main)} ({figure(share, 0, '%')})"
        if totals[main] > 0.0
        else ""
    )
    return Headline(
        "Unwound by hedge funds",
        value,
        error,
        f"{figure(_unwound_share(data), 1, '%')} of their {data.positions}{because}.",
    )


def _cost(data: RunData) -> Headline:
    title, name = f"Cost of $100bn of {data.positions} unwound", data.names[data.reference_trade]
    spare, tight = (data.costs("unwind", state).get(name) for state in CAPACITY)
    main = tight or spare
    if main is None:
        return Headline(title, "-", "", "No path was played with a test sale.")
    value, error = _parts(main, 1, "bp")
    if holds_zero(main):
        error += "; not distinguishable from zero"
    near, calm = CAPACITY["without_room"], CAPACITY["with_room"]
    sentence = f"on the {name} basis with {near if tight else calm}"
    if tight and spare:
        sentence += f"; {figure(spare, 1, 'bp')} with {calm}"
    return Headline(title, value, error, f"{sentence}.")


def _limit(data: RunData) -> Headline:
    first = data.limits[0]
    if first.first.value == 0.0:
        return Headline("Limit that binds first", "None", "", "No limit binds on any path.")
    value, error = _chance(first.first, data.paths)
    day = data.days[round(first.typical_day)]
    return Headline(
        "Limit that binds first",
        first.limit,
        error,
        f"first in {value} of paths, typically on {day_in_words(day)}.",
    )


def _failures(data: RunData) -> Headline:
    funds = data.measure("fund_fails")
    value, error = _chance(funds, data.paths)
    dealers = data.measure("dealer_fails")
    return Headline(
        "Probability that a hedge fund fails",
        value,
        error,
        f"of paths; a dealer fails {share_of_paths(dealers, data.paths)}.",
    )
