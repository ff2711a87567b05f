"""The page of a comparison: the answer, what it costs, when it happens, every figure, and what differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from simulator.analysis.compared_measures import GROUPS
from simulator.analysis.comparison import Comparison
from simulator.analysis.comparison_words import (
    DETECTABLE,
    HEADLINES,
    UNITLESS,
    answer_sentence,
    errors_in_words,
    percent,
    t_shown,
    verdict_sentences,
)
from simulator.analysis.contrast import DETECTED, Contrast
from simulator.analysis.policies import BENEFITS, BORNE, COSTS, OUTLAY, not_counted
from simulator.analysis.ranking import by_target, is_clearly_ahead
from simulator.report.comparison_figures import (
    cost_benefit,
    days_of,
    means_by_day,
    paired_fans,
    relative_changes,
    sales_by_cause,
)
from simulator.report.document import write_document
from simulator.report.figure import estimate_columns
from simulator.report.page import Cell, Headline, Page, PageTable, Prose, Section, attempted
from simulator.report.words import bn, figure, listed
from simulator.results.folder import open_run
from simulator.results.in_currency import in_currency
from simulator.results.measures import MEASURES, with_unit
from simulator.results.names import sentence
from simulator.results.places import place
from simulator.results.statistics import Estimate
from simulator.results.summary import NOT_TOLD, NOT_TOLD_IN_WORDS, shown, shown_in
from simulator.version import __version__


def write_comparison(comparison: Comparison, file: str | Path, *, by: str = "dislocation") -> Path:
    """Write a comparison as one self-contained HTML page, and return its path.

    Parameters
    ----------
    by
        Benefit that policies were ranked by.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    return write_document(comparison_page(comparison, by), Path(file))


def comparison_page(comparison: Comparison, by: str = "dislocation") -> Page:
    """The page of a comparison."""
    days = [
        days_of(side.folder)
        for side in (comparison.base, *(contrast.side for contrast in comparison.contrasts))
    ]
    labels = [contrast.side.label for contrast in comparison.contrasts]
    titles = [str(run.manifest.scenario.get("title") or run.manifest.name) for run, _ in days]
    sections = [
        Section("side-by-side", "Side by side", attempted(partial(_side_by_side, comparison)),
                lead="Differences from the base, for the figures that matter first."),
        Section("targets", "Policies by target", attempted(partial(_by_target, comparison)),
                lead="What each run achieves on each target, what it costs the central bank and others, and what is"
                " not counted."),
        Section("money", "What it costs and what it buys",
                attempted(partial(cost_benefit, comparison, by), partial(_appraisals, comparison)),
                lead="Costs and benefits are differences from the base."),
        Section("what", "What changes",
                attempted(partial(relative_changes, comparison), partial(sales_by_cause, comparison))),
        Section("when", "When it changes",
                attempted(partial(means_by_day, comparison, days), partial(paired_fans, comparison, days))),
        Section("runs-in-words", "Run by run",
                [Prose([f"{each.side.label}: {' '.join(verdict_sentences(each))}" for each in comparison.contrasts],
                       is_list=len(comparison.contrasts) > 1)]),
        Section("tables", "All figures", attempted(*(
                    partial(_table, contrast, comparison.base.label, number)
                    for number, contrast in enumerate(comparison.contrasts))),
                lead=f"Averages over paths unless they say otherwise. {errors_in_words(comparison.contrasts)}"),
        Section("scenarios", "What differs between the scenarios",
                attempted(partial(_changes, comparison), partial(_runs, comparison))),
    ]  # fmt: skip
    page = Page(
        title=listed(list(dict.fromkeys(titles[1:]))) if len(set(titles)) > 1 else titles[0],
        subtitle=f"{listed(labels)} against {comparison.base.label}",
        facts=_facts(comparison),
        status=_status(comparison),
        is_complete=all(contrast.pairing.is_paired for contrast in comparison.contrasts),
        summary=[answer_sentence(comparison.contrasts, comparison.base.label)],
        headlines=_headlines(comparison, by),
        sections=[section for section in sections if section.blocks],
        footer=[
            f"{errors_in_words(comparison.contrasts)} More paths make the error smaller. It says nothing of the model.",
            f"Better, worse, more and less: the difference is more than {DETECTED} standard errors away from nothing,"
            " which chance alone brings once in a hundred.",
            "Errors of ratios by the delta method. Gains on purchases are price gains without carry.",
            f"Made by Unwind {__version__}. This file asks no other machine for anything.",
        ],
    )  # fmt: skip
    return in_currency(page, comparison.currency)


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    base = comparison.base
    manifest = open_run(place(base.folder)).manifest
    return [
        ("Base", base.label),
        ("Scenario", base.scenario),
        ("Paths", f"{comparison.contrasts[0].pairing.paths:,}"),
        ("Days", str(manifest.layout["days"])),
        ("Seed", str(base.seed)),
        ("Unwind", manifest.code_version),
        ("Run", base.run_key[:12]),
    ]


def _status(comparison: Comparison) -> str:
    notes = {note: None for contrast in comparison.contrasts for note in contrast.pairing.notes}
    alone = [contrast for contrast in comparison.contrasts if not contrast.pairing.is_paired]
    if not alone:
        return " ".join(["Paired path by path.", *notes])
    return " ".join(
        f"{contrast.side.label}: {' '.join(contrast.pairing.notes)}" for contrast in comparison.contrasts
    )


def _headlines(comparison: Comparison, by: str) -> list[Headline]:
    """The best for the money, the calmest, and the one with the fewest dysfunctional paths."""
    found = []
    if comparison.ranking:
        best = comparison.ranking[0]
        value, error = value_and_error(figure(best.per_100bn, 1, BENEFITS[by].unit))
        clear = " It is clearly ahead of the next." if is_clearly_ahead(best, DETECTED) else ""
        found.append(
            Headline(
                "Most for the money", value, error,
                f"{best.label}: {BENEFITS[by].label} for each $100bn bought and lent.{clear}",
            )
        )  # fmt: skip
    for label, key, said in (
        ("Calmest market", "dislocation_move", lambda estimate: f"{shown(estimate, 1)} bp"),
        ("Fewest positions unwound", "unwound_in_all", bn),
        ("Least dysfunction", "dysfunction", lambda estimate: f"{percent(estimate)}%"),
    ):
        contrast = min(comparison.contrasts, key=lambda each: each.row(key).other.value)
        row = contrast.row(key)
        value, error = value_and_error(said(row.other))
        found.append(
            Headline(
                label, value, error,
                f"{contrast.side.label}: {row.measure.label}, {said(row.base)} in the base ({row.verdict}).",
            )
        )  # fmt: skip
    return found


def value_and_error(words: str) -> tuple[str, str]:
    """A figure in words as its value and its error.

    Examples
    --------
    >>> value_and_error("$163 ± 1bn"), value_and_error("20.8 ± 0.5 bp")
    (('$163bn', '± 1'), ('20.8 bp', '± 0.5'))
    """
    value, _, rest = words.partition(" ± ")
    error = rest.rstrip("abcdefghijklmnopqrstuvwxyz% $")
    return value + rest[len(error) :], f"± {error}" if error else ""


def _side_by_side(comparison: Comparison) -> PageTable:
    """The figures that matter first: the base, and each run's difference from it."""
    headings = ["figure", comparison.base.label, *(each.side.label for each in comparison.contrasts)]
    rows, saved = [], []
    for key in HEADLINES:
        found = [contrast.row(key) for contrast in comparison.contrasts]
        base, measure = found[0].base, found[0].measure
        if all(each.base.value == 0.0 == each.other.value for each in found):
            continue
        unit = "" if measure.unit in UNITLESS else measure.unit
        cells = [Cell(with_unit(sentence(measure.label), unit)), _cell(base, measure.decimals, measure.unit)]
        for each in found:
            cell = _cell(each.difference, measure.decimals)
            is_told = each.verdict in DETECTABLE or cell.text == "-"
            cells.append(cell if is_told else Cell(f"{cell.text} =", cell.value))
        rows.append(cells)
        saved.append([base, *(each.difference for each in found)])
    columns: dict[str, Sequence[object]] = {"figure": [row[0].text for row in rows]}
    for number, heading in enumerate(headings[1:]):
        columns |= estimate_columns(
            f"{heading}, less the base" if number else heading, [row[number] for row in saved]
        )
    note = "= no detectable difference."
    return PageTable(
        "differences-from-base", "The base, and differences from it", headings, rows,
        caption=f"{note} {_note(rows)}".strip(), columns=columns,
    )  # fmt: skip


def _by_target(comparison: Comparison) -> PageTable:
    """Every target, its runs ranked by what they achieve, with outlay and what others bear."""
    base = comparison.base.label
    headings = ["target", "rank", "run", "achieved", "outlay at the peak, $bn", "achieved for each $100bn",
                "balance-sheet relief for dealers, $bn",
                *(with_unit(f"{MEASURES[key].label}, more than {base}", MEASURES[key].told_unit) for key in BORNE),
                "not counted"]  # fmt: skip
    rows = []
    for target, order in by_target(comparison.contrasts).items():
        benefit = BENEFITS[target]
        for rank, contrast in enumerate(order, 1):
            appraisal = contrast.appraisal
            gain = _cell(appraisal.benefits[target], 1)
            per = _cell(appraisal.per_100bn[target], 2)
            rows.append([
                Cell(with_unit(sentence(benefit.label), benefit.unit)), Cell(str(rank), rank),
                    Cell(contrast.side.label),
                gain, _cell(appraisal.costs[OUTLAY], 0), per, _cell(appraisal.relief_bn, 0),
                *(_cell(contrast.row(key).difference, 2) for key in BORNE),
                Cell("; ".join(not_counted(change.key for change in contrast.changes)) or "-"),
            ])  # fmt: skip
    return PageTable(
        "by-target", "Runs ranked by target", headings, rows,
        caption="Achieved: stress avoided against the base, in the unit of the target; negative: more stress. A dash:"
        " the outlay cannot be told from nothing.",
    )  # fmt: skip


def _appraisals(comparison: Comparison) -> PageTable:
    """Costs, benefits and benefits for the money of every run."""
    headings = [
        "run",
        *(with_unit(MEASURES[key].label, MEASURES[key].told_unit) for key in COSTS),
        "balance-sheet relief for dealers, $bn",
        *(f"{benefit.label}, {benefit.unit}" for benefit in BENEFITS.values()),
        *(f"{benefit.label}, {benefit.unit} for each $100bn" for benefit in BENEFITS.values()),
    ]  # fmt: skip
    rows, saved = [], []
    for contrast in comparison.contrasts:
        appraisal = contrast.appraisal
        estimates: list[Estimate | float] = [appraisal.costs[key] for key in COSTS]
        estimates.append(appraisal.relief_bn)
        estimates += [*appraisal.benefits.values(), *appraisal.per_100bn.values()]
        rows.append([Cell(contrast.side.label), *(_cell(estimate, 2) for estimate in estimates)])
        saved.append(estimates)
    columns: dict[str, Sequence[object]] = {"run": [contrast.side.label for contrast in comparison.contrasts]}
    for number, heading in enumerate(headings[1:]):
        values = [row[number] for row in saved]
        columns |= estimate_columns(heading, values)
    return PageTable(
        "appraisals",
        "Cost and benefit of every run, beyond the base",
        headings,
        rows,
        caption="A benefit for each $100bn is a ratio of averages over the same paths; a dash stands where the outlay"
        " cannot be told from nothing.",
        columns=columns,
    )


def _cell(estimate: Estimate | float, decimals: int, unit: str = "") -> Cell:
    value = estimate.value if isinstance(estimate, Estimate) else estimate
    if math.isnan(value):
        return Cell("-")
    is_nothing = value == 0.0 and (isinstance(estimate, float) or estimate.standard_error == 0.0)
    return Cell("0" if is_nothing else shown_in(estimate, decimals, unit), value)


def _table(contrast: Contrast, base: str, number: int) -> PageTable:
    headings = ["figure", "unit", "group", base, contrast.side.label, "difference", "t", "verdict"]
    rows = [
        [
            Cell(row.measure.label),
            Cell(row.measure.unit),
            Cell(GROUPS[row.measure.group]),
            *(_cell(estimate, row.measure.decimals, row.measure.unit) for estimate in (row.base, row.other)),
            _cell(row.difference, row.measure.decimals),
            Cell(t_shown(row.t), row.t if math.isfinite(row.t) else None),
            Cell(row.verdict),
        ]
        for row in contrast.rows
    ]
    columns: dict[str, Sequence[object]] = {
        "figure": [row.measure.label for row in contrast.rows],
        "unit": [row.measure.unit for row in contrast.rows],
    }
    for heading in ("base", "other", "difference"):
        columns |= estimate_columns(heading, [getattr(row, heading) for row in contrast.rows])
    columns["t"] = [row.t for row in contrast.rows]
    columns["variance reduction"] = [row.variance_reduction for row in contrast.rows]
    columns["verdict"] = [row.verdict for row in contrast.rows]
    return PageTable(
        f"figures-{number}",
        f"{contrast.side.label} less {base}",
        headings,
        rows,
        caption=_note(rows),
        is_folded=number > 0,
        columns=columns,
    )


def _note(rows: Sequence[Sequence[Cell]]) -> str:
    """What a mark in a table says; empty when nothing is marked."""
    return NOT_TOLD_IN_WORDS if any(cell.text.endswith(NOT_TOLD) for row in rows for cell in row) else ""


def _changes(comparison: Comparison) -> PageTable:
    rows = [
        [Cell(contrast.side.label), *map(Cell, (change.key, change.before, change.after, change.unit, change.meaning))]
        for contrast in comparison.contrasts
        for change in contrast.changes
    ]  # fmt: skip
    return PageTable(
        "differences",
        "Parameters that differ from the base",
        ["run", "parameter", "base", "this run", "unit", "meaning"],
        rows,
        caption="" if rows else "The scenarios are the same.",
    )


def _runs(comparison: Comparison) -> PageTable:
    sides = [comparison.base, *(contrast.side for contrast in comparison.contrasts)]
    rows = [
        [Cell(side.label), Cell(side.scenario), Cell(f"{side.paths:,}", side.paths), Cell(str(side.seed)),
         Cell(side.run_key[:12]), Cell(_reduction(comparison, side.label))]
        for side in sides
    ]  # fmt: skip
    headings = ["run", "scenario", "paths", "seed", "key", "paths saved by common random numbers"]
    return PageTable(
        "runs",
        "The runs",
        headings,
        rows,
        caption="Paths saved: how many times more paths unpaired runs would need for the same error of the"
        " difference in basis.",
    )


def _reduction(comparison: Comparison, label: str) -> str:
    for contrast in comparison.contrasts:
        if contrast.side.label == label:
            reduction = contrast.row("dislocation_move").variance_reduction
            return "-" if math.isnan(reduction) else f"{reduction:,.1f} times"
    return "-"
