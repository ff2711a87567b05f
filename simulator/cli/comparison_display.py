"""A comparison on the terminal: what differs, what that does, and what it costs."""

from __future__ import annotations

import math
import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.analysis.compared_measures import GROUPS
from simulator.analysis.comparison import Comparison
from simulator.analysis.comparison_words import (
    DETECTABLE,
    HEADLINES,
    UNITLESS,
    answer_sentence,
    change_lines,
    cheapest_sentence,
    errors_in_words,
    pairing_sentence,
    t_shown,
    verdict_sentences,
)
from simulator.analysis.contrast import DETECTED, Contrast, ContrastRow
from simulator.analysis.policies import BENEFITS, not_counted
from simulator.analysis.ranking import is_clearly_ahead
from simulator.cli.terminal import console
from simulator.results.errors import plain
from simulator.results.summary import NOT_TOLD, NOT_TOLD_IN_WORDS, shown, shown_in

#: Colours of verdicts on a terminal.
STYLES = {"better": "green", "worse": "red"}


def print_comparison(
    comparison: Comparison, by: str, *, is_detailed: bool | None = None, lower_by: float | None = None
) -> None:
    """Show a comparison on standard output.

    Parameters
    ----------
    by
        Benefit that policies are ranked by.
    is_detailed
        Show every figure of every run; by default when there is one run beside the base.
    lower_by
        Name the cheapest run that lowers what ``by`` names by this share.
    """
    on_terminal = sys.stdout.isatty()
    out = console()
    base = comparison.base
    out.print(
        plain(f"Base: {base.label} ({base.scenario}, {base.paths:,} paths, seed {base.seed})"), style="bold"
    )
    out.print(plain(answer_sentence(comparison.contrasts, base.label)), soft_wrap=not on_terminal)
    if lower_by is not None:
        out.print(plain(cheapest_sentence(comparison.contrasts, by, lower_by)), soft_wrap=not on_terminal)
    is_single = len(comparison.contrasts) == 1
    for contrast in comparison.contrasts:
        _print_contrast(out, contrast, base.label, on_terminal)
        if is_single if is_detailed is None else is_detailed:
            _print_figures(out, contrast, on_terminal)
    if not is_single:
        out.print()
        out.print(_side_by_side(comparison, on_terminal))
    _print_ranking(out, comparison, by, on_terminal)
    out.print()
    out.print(
        f"{errors_in_words(comparison.contrasts)} Better, worse, more, less: more than {DETECTED} of them away from no"
        " difference (1% by chance). t: the difference in standard errors.",
        soft_wrap=True,
    )


def _print_contrast(out: Console, contrast: Contrast, base: str, on_terminal: bool) -> None:
    out.print()
    out.print(plain(f"{contrast.side.label} less {base} ({contrast.pairing.paths:,} paths)"), style="bold")
    for note in contrast.pairing.notes:
        out.print(plain(note), soft_wrap=not on_terminal)
    for line in change_lines(contrast):
        out.print(plain(f"  {line}"), soft_wrap=True)
    for sentence in filter(None, [*verdict_sentences(contrast), pairing_sentence(contrast)]):
        out.print(plain(sentence), soft_wrap=not on_terminal)


def _print_figures(out: Console, contrast: Contrast, on_terminal: bool) -> None:
    for group, title in GROUPS.items():
        rows = [row for row in contrast.rows if row.measure.group == group and not _is_empty(row)]
        if rows:
            out.print()
            out.print(_rows_table(title, rows, on_terminal))


def _side_by_side(comparison: Comparison, on_terminal: bool) -> Table:
    """The figures that matter first, with a column for each run: its difference from the base."""
    table = _table("Differences from the base", on_terminal)
    table.add_column("")
    table.add_column(Text(plain(comparison.base.label)), justify="right")
    for contrast in comparison.contrasts:
        table.add_column(Text(plain(contrast.side.label)), justify="right")
    is_marked = False
    for key in HEADLINES:
        rows = [contrast.row(key) for contrast in comparison.contrasts]
        if all(map(_is_empty, rows)):
            continue
        measure = rows[0].measure
        unit = "" if measure.unit in UNITLESS else f", {measure.unit}"
        cells = [shown_in(rows[0].base, measure.decimals, measure.unit)]
        is_marked = is_marked or cells[0].endswith(NOT_TOLD)
        for row in rows:
            mark = "" if row.verdict in DETECTABLE else " ="
            cells.append(shown(row.difference, measure.decimals) + mark)
        table.add_row(Text(plain(f"{measure.label}{unit}")), *cells)
    table.caption = "= no detectable difference" + (f"\n{NOT_TOLD_IN_WORDS}" if is_marked else "")
    table.caption_justify = "left"
    return table


def _print_ranking(out: Console, comparison: Comparison, by: str, on_terminal: bool) -> None:
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
    out.print()
    out.print(table)
    free = [
        contrast for contrast in comparison.contrasts if math.isnan(contrast.appraisal.per_100bn[by].value)
    ]
    for contrast in comparison.contrasts:
        left_out = not_counted(change.key for change in contrast.changes)
        if left_out:
            out.print(
                plain(f"Not counted of {contrast.side.label}: {'; '.join(left_out)}."),
                soft_wrap=not on_terminal,
            )
    for contrast in free:
        appraisal = contrast.appraisal
        relief = (
            f", dealers are given ${appraisal.relief_bn:,.0f} bn of balance-sheet relief"
            if appraisal.relief_bn
            else ""
        )
        out.print(
            plain(
                f"{contrast.side.label}: {shown(appraisal.benefits[by], 2)} {benefit.unit} avoided, no outlay beyond"
                f" the base{relief}."
            ),
            soft_wrap=not on_terminal,
        )
    out.print()


def _rows_table(title: str, rows: list[ContrastRow], on_terminal: bool) -> Table:
    table = _table(title, on_terminal)
    table.add_column("")
    for heading in ("base", "this run", "difference", "t"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        measure, decimals = row.measure, row.measure.decimals
        unit = "" if measure.unit in UNITLESS else f", {measure.unit}"
        figures = [shown_in(estimate, decimals, measure.unit) for estimate in (row.base, row.other)]
        figures.append(shown(row.difference, decimals))
        if any(figure.endswith(NOT_TOLD) for figure in figures):
            table.caption, table.caption_justify = NOT_TOLD_IN_WORDS, "left"
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


def _is_empty(row: ContrastRow) -> bool:
    """Whether the figure is nothing in both runs, and without error."""
    return all(each.value == 0.0 and each.standard_error == 0.0 for each in (row.base, row.other))
