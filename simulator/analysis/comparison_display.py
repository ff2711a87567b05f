"""A comparison on the terminal: what differs, what that does, and what it costs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.analysis.compared_measures import GROUPS
from simulator.analysis.comparison import DETECTED, Comparison, Contrast, Row
from simulator.analysis.policies import BENEFITS, OUTLAY, is_clearly_ahead
from simulator.results.display import PLAIN_WIDTH
from simulator.results.errors import plain
from simulator.results.statistics import Estimate
from simulator.results.summary import shown

#: Figures shown side by side when there are several runs.
HEADLINES = (
    "dislocation_move", "dislocation_move_tail", "pressure_peak", "amplification", "unwound_in_all",
    "unwound_in_all_tail", "fund_equity_low", "client_repo_spread_peak", "dealer_use_peak", "dysfunction",
    "dealers_at_limits", "funds_failed", "central_bank_peak", "facility_days", "central_bank_gain",
)  # fmt: skip
#: An error of an amount that is smaller than this share of it is not worth telling.
CERTAIN = 0.001
UNITLESS = ("1", "probability")
DETECTABLE = ("better", "worse", "more", "less")
#: Colours of verdicts on a terminal.
STYLES = {"better": "green", "worse": "red"}


def print_comparison(comparison: Comparison, by: str, *, is_detailed: bool | None = None) -> None:
    """Show a comparison on standard output.

    Parameters
    ----------
    by
        Benefit that policies are ranked by.
    is_detailed
        Show every figure of every run; by default when there is one run beside the base.
    """
    on_terminal = sys.stdout.isatty()
    console = Console(markup=False, highlight=False, emoji=False, width=None if on_terminal else PLAIN_WIDTH)
    base = comparison.base
    console.print(
        plain(f"Base: {base.label} ({base.scenario}, {base.paths:,} paths, seed {base.seed})"), style="bold"
    )
    is_single = len(comparison.contrasts) == 1
    for contrast in comparison.contrasts:
        _print_contrast(console, contrast, base.label, on_terminal)
        if is_single if is_detailed is None else is_detailed:
            _print_figures(console, contrast, on_terminal)
    if not is_single:
        console.print()
        console.print(_side_by_side(comparison, on_terminal))
    _print_ranking(console, comparison, by, on_terminal)
    console.print()
    console.print(
        f"± is one Monte Carlo standard error. Better, worse, more, less: more than {DETECTED} of them away from no"
        " difference (1% by chance). t: the difference in standard errors.",
        soft_wrap=True,
    )


def _print_contrast(console: Console, contrast: Contrast, base: str, on_terminal: bool) -> None:
    console.print()
    console.print(
        plain(f"{contrast.side.label} less {base} ({contrast.pairing.paths:,} paths)"), style="bold"
    )
    for note in contrast.pairing.notes:
        console.print(plain(note), soft_wrap=not on_terminal)
    for line in change_lines(contrast):
        console.print(plain(f"  {line}"), soft_wrap=True)
    for sentence in filter(None, [*verdict_sentences(contrast), pairing_sentence(contrast)]):
        console.print(plain(sentence), soft_wrap=not on_terminal)


def _print_figures(console: Console, contrast: Contrast, on_terminal: bool) -> None:
    for group, title in GROUPS.items():
        rows = [row for row in contrast.rows if row.measure.group == group and not _is_empty(row)]
        if rows:
            console.print()
            console.print(_rows_table(title, rows, on_terminal))


def _side_by_side(comparison: Comparison, on_terminal: bool) -> Table:
    """The figures that matter first, with a column for each run: its difference from the base."""
    table = _table("Differences from the base", on_terminal)
    table.add_column("")
    table.add_column(Text(plain(comparison.base.label)), justify="right")
    for contrast in comparison.contrasts:
        table.add_column(Text(plain(contrast.side.label)), justify="right")
    for key in HEADLINES:
        rows = [contrast.row(key) for contrast in comparison.contrasts]
        if all(map(_is_empty, rows)):
            continue
        measure = rows[0].measure
        unit = "" if measure.unit in UNITLESS else f", {measure.unit}"
        cells = [shown(rows[0].base, measure.decimals)]
        for row in rows:
            mark = "" if row.verdict in DETECTABLE else " ="
            cells.append(shown(row.difference, measure.decimals) + mark)
        table.add_row(Text(plain(f"{measure.label}{unit}")), *cells)
    table.caption = "= no detectable difference"
    table.caption_justify = "left"
    return table


def change_lines(contrast: Contrast) -> Iterator[str]:
    """What differs between the scenarios, a line each; a line saying so when nothing does."""
    for change in contrast.changes:
        meaning = f"  ({change.meaning})" if change.meaning else ""
        yield f"{change.key}: {change.before} → {change.after}{meaning}"
    if not contrast.changes:
        yield "The scenarios are the same."


def verdict_sentences(contrast: Contrast) -> Iterator[str]:
    """The difference in a few sentences: stress, failures, cost."""
    move, unwound = contrast.row("dislocation_move"), contrast.row("unwound_in_all")
    yield (
        f"Dislocations move {shown(move.other, 1)} bp instead of {shown(move.base, 1)} bp: {move.verdict}, by"
        f" {shown(_size(move.difference), 1)} bp. Funds give up ${shown(unwound.other, 0)} bn instead of"
        f" ${shown(unwound.base, 0)} bn: {unwound.verdict}."
    )
    chance = contrast.row("dysfunction")
    yield (
        f"The market is dysfunctional in {percent(chance.other)}% of paths instead of {percent(chance.base)}%:"
        f" {chance.verdict}."
    )
    yield cost_sentence(contrast)


def cost_sentence(contrast: Contrast) -> str:
    """What it takes: outlay, and what $100bn of it buys; room for dealers."""
    outlay, relief = contrast.appraisal.costs[OUTLAY], contrast.appraisal.relief_bn
    gained = contrast.appraisal.per_100bn["dislocation"]
    if outlay.value == 0.0 and outlay.standard_error == 0.0:
        words = "The central bank neither buys nor lends more than in the base"
    else:
        more = "more" if outlay.value >= 0.0 else "less"
        is_certain = outlay.standard_error < CERTAIN * abs(outlay.value)
        size = f"{abs(outlay.value):,.0f}" if is_certain else shown(_size(outlay), 0)
        words = f"The central bank has ${size} bn {more} bought and lent at the peak"
    if not math.isnan(gained.value):
        words += f": {shown(gained, 2)} bp of dislocation avoided for each $100bn"
    return words + (f"; dealers are given ${relief:,.0f} bn of room." if relief else ".")


def pairing_sentence(contrast: Contrast) -> str:
    """What common random numbers save; empty where they save nothing."""
    reduction = contrast.row("dislocation_move").variance_reduction
    if math.isnan(reduction) or reduction <= 1.0:
        return ""
    return f"Without common random numbers the same error would take {reduction:,.1f} times as many paths."


def _print_ranking(console: Console, comparison: Comparison, by: str, on_terminal: bool) -> None:
    if not comparison.ranking:
        return
    benefit = BENEFITS[by]
    table = _table(f"What stops it most cheaply, by {benefit.label}", on_terminal)
    for heading in (
        "run", f"avoided, {benefit.unit}", "outlay at the peak, $bn", f"{benefit.unit} for each $100bn",
        "ahead of the next",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for place in comparison.ranking:
        ahead = place.ahead_of_next
        words = "-" if math.isnan(ahead.value) else shown(ahead, 2)
        if not math.isnan(ahead.value) and not is_clearly_ahead(place, DETECTED):
            words += " (a tie)"
        table.add_row(
            Text(plain(place.label)), shown(place.benefit, 2), shown(place.outlay_bn, 1), shown(place.per_100bn, 3),
            words,
        )  # fmt: skip
    console.print()
    console.print(table)
    free = [
        contrast for contrast in comparison.contrasts if math.isnan(contrast.appraisal.per_100bn[by].value)
    ]
    for contrast in free:
        appraisal = contrast.appraisal
        relief = f", dealers are given ${appraisal.relief_bn:,.0f} bn of room" if appraisal.relief_bn else ""
        console.print(
            plain(
                f"{contrast.side.label}: {shown(appraisal.benefits[by], 2)} {benefit.unit} avoided, no outlay beyond"
                f" the base{relief}."
            ),
            soft_wrap=not on_terminal,
        )
    console.print()


def _rows_table(title: str, rows: list[Row], on_terminal: bool) -> Table:
    table = _table(title, on_terminal)
    table.add_column("")
    for heading in ("base", "this run", "difference", "t"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        measure, decimals = row.measure, row.measure.decimals
        unit = "" if measure.unit in UNITLESS else f", {measure.unit}"
        figures = (shown(estimate, decimals) for estimate in (row.base, row.other, row.difference))
        verdict = Text(row.verdict, style=STYLES.get(row.verdict, "") if on_terminal else "")
        table.add_row(Text(plain(f"{measure.label}{unit}")), *figures, t_shown(row.t), verdict)
    return table


def _table(title: str, on_terminal: bool) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if on_terminal else None,
        pad_edge=False,
    )


def t_shown(t: float) -> str:
    """A t-value in words: whole numbers where it is large."""
    if math.isnan(t):
        return "-"
    if math.isinf(t):
        return "certain"
    return f"{t:+.1f}" if abs(t) < 100.0 else f"{t:+,.0f}"


def percent(estimate: Estimate) -> str:
    """A probability with its error, in percent."""
    return shown(Estimate(100.0 * estimate.value, 100.0 * estimate.standard_error, estimate.draws), 1)


def _size(estimate: Estimate) -> Estimate:
    return Estimate(abs(estimate.value), estimate.standard_error, estimate.draws)


def _is_empty(row: Row) -> bool:
    """Whether the figure is nothing in both runs, and without error."""
    return all(each.value == 0.0 and each.standard_error == 0.0 for each in (row.base, row.other))
