"""A comparison in words: what differs, what that does, and what it costs; and which figures stand side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.analysis.contrast import Contrast
from simulator.analysis.policies import BENEFITS, OUTLAY
from simulator.analysis.ranking import cheapest, lowered
from simulator.results.figures import scaled_estimate
from simulator.results.statistics import Estimate, error_note, has_range
from simulator.results.summary import cost_in_words, shown

#: Figures shown side by side when there are several runs.
HEADLINES = (
    "dislocation_move", "dislocation_move_tail", "pressure_peak", "added", "taken_away", "sale_impact",
    "unwind_impact", "unwound_in_all", "unwound_in_all_tail", "fund_equity_low", "client_repo_spread_peak",
    "dealer_use_peak", "dysfunction", "dealers_at_limits", "funds_failed", "central_bank_peak", "facility_days",
    "central_bank_gain",
)  # fmt: skip
#: An error of an amount that is smaller than this share of it is not worth telling.
CERTAIN = 0.001
UNITLESS = ("1", "probability")
DETECTABLE = ("better", "worse", "more", "less")


def errors_in_words(contrasts: Sequence[Contrast]) -> str:
    """What stands behind ``±`` and, where runs are over parameter sets, behind ranges in brackets."""
    told = (
        each
        for contrast in contrasts
        for row in contrast.rows
        for each in (row.base, row.other, row.difference)
    )
    return error_note(any(map(has_range, told)))


def change_lines(contrast: Contrast) -> Iterator[str]:
    """What differs between the scenarios, a line each; a line saying so when nothing does."""
    for change in contrast.changes:
        meaning = f"  ({change.meaning})" if change.meaning else ""
        yield f"{change.key}: {change.before} → {change.after}{meaning}"
    if not contrast.changes:
        yield "The scenarios are the same."


def answer_sentence(contrasts: Sequence[Contrast], base: str) -> str:
    """A comparison in one sentence: which run calms the basis, by how much, and at what outlay."""
    best = min(contrasts, key=lambda each: each.row("dislocation_move").difference.value)
    move, unwound, chance = (best.row(key) for key in ("dislocation_move", "unwound_in_all", "dysfunction"))
    if move.verdict != "better":
        of = "None of the runs moves" if len(contrasts) > 1 else f"{best.side.label} does not move"
        return f"{of} the basis detectably less than {base}."
    most = f"Of {len(contrasts)} runs {best.side.label} calms the basis most: it" if len(contrasts) > 1 else (
        f"With {best.side.label} the basis"
    )  # fmt: skip
    outlay = best.appraisal.costs[OUTLAY]
    spent = (
        "no outlay of the central bank"
        if outlay.value <= 0.0
        else f"an outlay of ${outlay.value:,.0f}bn at the peak"
    )
    return (
        f"{most} moves {shown(_size(move.difference), 1)} bp less at its largest than in {base}, hedge funds unwind"
        f" ${shown(unwound.other, 0)}bn instead of ${shown(unwound.base, 0)}bn, and the market is dysfunctional in"
        f" {percent(chance.other)}% of paths instead of {percent(chance.base)}%, with {spent}."
    )


def cheapest_sentence(contrasts: Sequence[Contrast], by: str, share: float) -> str:
    """Which run lowers a figure by a share at the least outlay of the central bank, in one sentence."""
    figure = contrasts[0].row(BENEFITS[by].measure).measure.label
    found = cheapest(contrasts, by, share)
    if found is None:
        most = max(contrasts, key=lambda each: lowered(each, by))
        return f"None lowers the {figure} by {share:.0%}: {most.side.label} lowers it most, by {lowered(most, by):.0%}."
    outlay, relief = found.appraisal.costs[OUTLAY].value, found.appraisal.relief_bn
    spent = f"${outlay:,.0f}bn bought and lent at the peak" if outlay > 0.0 else "no outlay beyond the base"
    given = f" and ${relief:,.0f}bn of balance-sheet relief" if relief else ""
    return (
        f"The cheapest that lowers the {figure} by {share:.0%} or more is {found.side.label}: by"
        f" {lowered(found, by):.0%}, with {spent}{given}."
    )


def verdict_sentences(contrast: Contrast) -> Iterator[str]:
    """The difference in a few sentences: stress, failures, cost."""
    move, unwound = contrast.row("dislocation_move"), contrast.row("unwound_in_all")
    yield (
        f"The basis moves {shown(move.other, 1)} bp instead of {shown(move.base, 1)} bp: {move.verdict}, by"
        f" {shown(_size(move.difference), 1)} bp. Funds unwind ${shown(unwound.other, 0)} bn instead of"
        f" ${shown(unwound.base, 0)} bn: {unwound.verdict}."
    )
    yield from filter(None, [range_sentence(move.difference)])
    chance = contrast.row("dysfunction")
    added, taken, cost = (contrast.row(key) for key in ("added", "taken_away", "unwind_impact"))
    if added.verdict not in ("identical", "not known"):
        yield (
            f"At its most, private selling adds {shown(added.other, 1)} bp to yields instead of"
            f" {shown(added.base, 1)} bp: {added.verdict}."
        )
    if taken.verdict not in ("identical", "not known"):
        yield (
            f"On that day policy takes away {shown(taken.other, 1)} bp instead of {shown(taken.base, 1)} bp:"
            f" {taken.verdict}."
        )
    if not math.isnan(cost.difference.value):
        yield (
            f"Each $100bn of positions unwound raises the basis by {cost_in_words(cost.other)}, instead of by"
            f" {cost_in_words(cost.base)}: {cost.verdict}."
        )
    yield (
        f"The market is dysfunctional in {percent(chance.other)}% of paths instead of {percent(chance.base)}%:"
        f" {chance.verdict}."
    )
    yield cost_sentence(contrast)


def range_sentence(moved: Estimate) -> str:
    """What parameters leave open of the difference in the basis; empty where runs are over no common sets."""
    if not has_range(moved):
        return ""
    low, high = (shown(end, 1) for end in (moved.low, moved.high))
    says = "its sign depends on parameters" if moved.low < 0.0 < moved.high else "all with the same sign"
    return f"Nine of ten parameter sets put the difference between {low} and {high} bp, {says}."


def cost_sentence(contrast: Contrast) -> str:
    """What it takes: outlay, and what $100bn of it buys; relief for dealers."""
    outlay, relief = contrast.appraisal.costs[OUTLAY], contrast.appraisal.relief_bn
    gained = contrast.appraisal.per_100bn["dislocation"]
    if outlay.value == 0.0 and outlay.standard_error == 0.0:
        words = "The central bank neither buys nor lends more than in the base"
    else:
        more = "more" if outlay.value >= 0.0 else "less"
        is_certain = outlay.standard_error < CERTAIN * abs(outlay.value) and not has_range(outlay)
        size = f"{abs(outlay.value):,.0f}" if is_certain else shown(_size(outlay), 0)
        words = f"The central bank has ${size} bn {more} bought and lent at the peak"
    if not math.isnan(gained.value):
        words += f": {shown(gained, 2)} bp of basis move avoided for each $100bn"
    return words + (f"; dealers are given ${relief:,.0f} bn of balance-sheet relief." if relief else ".")


def pairing_sentence(contrast: Contrast) -> str:
    """What common random numbers save; empty where they save nothing."""
    reduction = contrast.row("dislocation_move").variance_reduction
    if math.isnan(reduction) or reduction <= 1.0:
        return ""
    return f"Without common random numbers the same error would take {reduction:,.1f} times as many paths."


def t_shown(t: float) -> str:
    """A t-value in words: whole numbers where it is large."""
    if math.isnan(t):
        return "-"
    if math.isinf(t):
        return "certain"
    return f"{t:+.1f}" if abs(t) < 100.0 else f"{t:+,.0f}"


def percent(estimate: Estimate) -> str:
    """A probability with its error, in percent."""
    return shown(scaled_estimate(estimate, 100.0), 1)


def _size(estimate: Estimate) -> Estimate:
    """The size of a difference, whose range may end below nothing."""
    if estimate.value >= 0.0:
        return estimate
    return replace(estimate, value=-estimate.value, low=-estimate.high, high=-estimate.low)
