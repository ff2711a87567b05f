"""The report of one run: the answer, the pictures, the evidence, in one file beside the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from simulator.report.answer import answer, headlines
from simulator.report.book_section import book_section
from simulator.report.document import write_document
from simulator.report.evidence import LIMITS, evidence_sections
from simulator.report.figure import Figure, Panel
from simulator.report.flows import flow_section
from simulator.report.funding import funding_section
from simulator.report.funds import fund_section
from simulator.report.history_section import HISTORY, run_history_section
from simulator.report.loop import loop_section
from simulator.report.network import network_section
from simulator.report.page import Block, Cell, Page, PageTable, Section, attempted_section
from simulator.report.prices import price_section
from simulator.report.run_data import RunData
from simulator.report.spiral import spiral_section
from simulator.report.stories import story_section
from simulator.report.tail_section import tail_section
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import RunFolder, existing_folder, open_run
from simulator.results.in_currency import in_currency
from simulator.results.outcomes import Outcomes, collect_outcomes
from simulator.results.places import place, shown
from simulator.results.statistics import error_note
from simulator.results.summary import Summary
from simulator.results.template import check_template
from simulator.scenario.told import scenario_in_words
from simulator.sweeps.kind import is_sweep_folder

REPORT, ONE_PAGE = "report.html", "one-page.html"
#: The figure of one page: the first of these that the run has, and how high each panel is then.
ON_ONE_PAGE, HEIGHT_ON_ONE_PAGE = (
    ("book-liquidity", "selling-and-policy", "limits", "who-sold", "dislocation"),
    165,
)
#: Rows of the scenario that stand on one page, and of the book, whose last columns have room.
SCENARIO_ON_ONE_PAGE, FUNDS_ON_ONE_PAGE = (
    ("Opening market", "What happens", "Volatility", "Positions", "Policy"),
    5,
)
BOOK_ON_ONE_PAGE = (0, 1, 2, 3, 7, 8, 10, 12, 21)


def write_report(folder: str | Path, file: str | Path | None = None, *, one_page: bool = False) -> Path:
    """Write the report of a run or a sweep that exists, complete or not.

    Parameters
    ----------
    folder
        Folder of the run or sweep, a name inside ``outputs/``, or a URL.
    file
        File or URL to write it to; ``report.html`` in the folder by default; a PDF or a Word document by its name.
    one_page
        Of a run, what fits one sheet of paper.

    Returns
    -------
    Path
        The file: one self-contained HTML page, a PDF or a Word document.

    Raises
    ------
    OutputError
        If there is no run and no sweep.
    DamagedBlockError
        If its numbers are not what was written.
    OSError
        If the file cannot be written.
    """
    found = existing_folder(str(folder))
    target = place(file) if file is not None else found / (ONE_PAGE if one_page else REPORT)
    if is_sweep_folder(found):
        if one_page:
            raise OutputError(f"{shown(found)}: one page is made of runs; this is a sweep.", BAD_INPUT)
        from simulator.report.sweep_page import write_sweep_report  # its code is loaded for sweeps alone

        return write_sweep_report(found, target)
    run = open_run(found)
    check_template(run.store, run.layout)
    if not run.finished:
        raise OutputError(
            f"{shown(run.path)}: found no finished paths. Run the scenario again with the same command."
        )
    data = RunData(run, collect_outcomes(run))
    return write_document(one_page_of(data) if one_page else run_page(data), target)


def write_run_report(run: RunFolder, outcomes: Outcomes, summary: Summary, file: Path) -> Path:
    """Write the report of a run whose outcomes and summary are known."""
    return write_document(run_page(RunData(run, outcomes, summary)), file)


def run_page(data: RunData) -> Page:
    """The page of a run."""
    scenario = data.scenario
    sections = _pictures(data) if data.finished_paths else []
    kept = [section for section in [*sections, *evidence_sections(data)] if section.blocks]
    page = Page(
        title=str(scenario.get("title") or data.manifest.name),
        subtitle=str(scenario.get("description", "")).strip(),
        facts=_facts(data),
        status=_status(data),
        is_complete=data.paths == data.layout.paths and data.finished_paths == data.paths,
        summary=answer(data),
        headlines=headlines(data),
        sections=kept,
        see=_honest_numbers(kept),
        footer=_footer(data),
    )
    return in_currency(page, data.layout.currency)


def _honest_numbers(sections: Sequence[Section]) -> tuple[str, str]:
    """Words and place of how far the model is from what happened: beside history, or what the model does not do."""
    if any(section.key == HISTORY for section in sections):
        return "How far this is from what happened: honest numbers, beside history", HISTORY
    return "How far the model is from what happened: its limits, and where its honest numbers are", LIMITS


def one_page_of(data: RunData) -> Page:
    """What a board reads: the answer, the scenario, a few figures, on a sheet of paper."""
    whole = run_page(data)
    figures = {block.key: block for block in whole.blocks("figure")}
    tables = {block.key: block for block in whole.blocks("table")}
    chosen: list[Block] = [figures[key] for key in ON_ONE_PAGE if key in figures][:1]
    pictures = [
        replace(figure, panels=_low(figure.panels)) for figure in chosen if isinstance(figure, Figure)
    ]
    sections = []
    if "book" in tables:
        book = tables["book"]
        names = [0, *range(1, len(book.headings))[-FUNDS_ON_ONE_PAGE:]]
        sections.append(
            Section(
                "your-book",
                "Your book",
                [
                    replace(
                        book,
                        headings=[book.headings[n] for n in names],
                        caption="",
                        columns=None,
                        rows=[
                            [row[n] for n in names]
                            for place, row in enumerate(book.rows)
                            if place in BOOK_ON_ONE_PAGE
                        ],
                    )
                ],
            )
        )
    if "scenario" in tables:
        rows = [row for row in tables["scenario"].rows if row[0].text in SCENARIO_ON_ONE_PAGE]
        sections.append(Section("the-scenario", "The scenario", [replace(tables["scenario"], rows=rows)]))
    sections.append(Section("pictures", "In pictures", pictures))
    return replace(
        whole,
        sections=[section for section in sections if section.blocks],
        summary=whole.summary[:1],
        footer=[*whole.footer[:1], f"{data.finished_paths:,} paths, seed {data.manifest.seed}, run"
                f" {data.manifest.run_key[:12]}, Unwind {data.manifest.code_version}."],
        see=None,
        is_one_page=True,
    )  # fmt: skip


def _low(panels: Sequence[Panel]) -> list[Panel]:
    return [replace(panel, height=HEIGHT_ON_ONE_PAGE) for panel in panels]


def scenario_section(data: RunData) -> Section:
    """What the scenario is, in a box: shock, volatility, margins, haircuts, limits, positions, policy, judgement."""
    if data.resolved is None:
        return Section("the-scenario", "The scenario", [])
    rows = [[Cell(name), Cell(said)] for name, said in scenario_in_words(data.resolved)]
    return Section(
        "the-scenario", "The scenario", [PageTable("scenario", "What it is", ["", "in words"], rows)]
    )


def _pictures(data: RunData) -> list[Section]:
    makers = (
        partial(scenario_section, data),
        partial(book_section, data),
        partial(loop_section, data),
        partial(network_section, data),
        partial(tail_section, data),
        partial(price_section, data),
        partial(spiral_section, data),
        partial(flow_section, data),
        partial(funding_section, data),
        partial(fund_section, data),
        partial(run_history_section, data.run),
        partial(story_section, data),
    )
    return [attempted_section(make) for make in makers]


def _facts(data: RunData) -> list[tuple[str, str]]:
    last = data.days[-1]
    return [
        ("Scenario", data.manifest.name),
        ("Paths", f"{data.finished_paths:,}"),
        *([("Parameter sets", f"{data.summary.sets:,}")] if data.summary.sets else []),
        ("Days", f"{data.layout.days:,}, {data.layout.opening.isoformat()} to {last.isoformat()}"),
        ("Seed", str(data.manifest.seed)),
        ("Unwind", data.manifest.code_version),
        ("Run", data.manifest.run_key[:12]),
        ("Made", (data.manifest.finished or data.manifest.created)[:10]),
    ]


def _status(data: RunData) -> str:
    blocks = data.layout.blocks
    parts = []
    if data.paths < data.layout.paths:
        parts.append(
            f"INCOMPLETE: {len(data.run.finished)} of {blocks} blocks,"
            f" {data.paths:,} of {data.layout.paths:,} paths. Run the same command again to finish it."
        )
    for group in data.summary.stopped:
        parts.append(
            f"{group.count:,} of {data.paths:,} paths stopped ({group.status.replace('_', ' ').lower()}), the first on"
            f" day {group.first_day}; averages and quantiles leave them out."
        )
    return " ".join(parts) or f"Complete: {data.paths:,} of {data.layout.paths:,} paths"


def _footer(data: RunData) -> list[str]:
    notes = [
        f"{error_note(bool(data.summary.sets))} More paths make the error smaller. It says nothing of the model."
    ]
    if data.antithetic:
        notes.append("Mirrored paths count as one draw.")
    if data.manifest.sampling == "sobol":
        notes.append("Paths are Sobol points: the true errors are smaller.")
    if data.prepared is not None:
        notes += data.prepared.notes
    notes += data.manifest.scenario.get("provenance", {}).get("remarks", [])
    return [
        *notes,
        f"Made by Unwind {data.manifest.code_version}. This file asks no other machine for anything.",
    ]
