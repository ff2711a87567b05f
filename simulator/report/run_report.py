"""The report of one run: the answer, the pictures, the evidence, in one file beside the results."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from simulator.report.answer import answer, headlines
from simulator.report.evidence import evidence_sections
from simulator.report.flows import flow_section
from simulator.report.funding import funding_section
from simulator.report.funds import fund_section
from simulator.report.history_section import run_history_section
from simulator.report.page import Page, Section, attempted_section, write_page
from simulator.report.prices import price_section
from simulator.report.run_data import RunData
from simulator.report.spiral import spiral_section
from simulator.report.stories import story_section
from simulator.report.sweep_page import write_sweep_report
from simulator.report.tail_section import tail_section
from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder, existing_folder, open_run
from simulator.results.outcomes import Outcomes, collect_outcomes
from simulator.results.places import place, shown
from simulator.results.statistics import error_note
from simulator.results.template import check_template
from simulator.sweeps.folder import is_sweep_folder

REPORT = "report.html"


def write_report(folder: str | Path, file: str | Path | None = None) -> Path:
    """Write the report of a run or a sweep that exists, complete or not.

    Parameters
    ----------
    folder
        Folder of the run or sweep, a name inside ``outputs/``, or a URL.
    file
        File or URL to write it to; ``report.html`` in the folder by default.

    Returns
    -------
    Path
        The file: one self-contained HTML page.

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
    target = place(file) if file is not None else found / REPORT
    if is_sweep_folder(found):
        return write_sweep_report(found, target)
    run = open_run(found)
    check_template(run.store, run.layout)
    if not run.finished:
        raise OutputError(
            f"{shown(run.path)}: found no finished paths. Run the scenario again with the same command."
        )
    return write_run_report(run, collect_outcomes(run), target)


def write_run_report(run: RunFolder, outcomes: Outcomes, file: Path) -> Path:
    """Write the report of a run whose outcomes are known."""
    return write_page(run_page(RunData(run, outcomes)), file)


def run_page(data: RunData) -> Page:
    """The page of a run."""
    scenario = data.scenario
    sections = _pictures(data) if data.finished_paths else []
    return Page(
        title=str(scenario.get("title") or data.manifest.name),
        subtitle=str(scenario.get("description", "")).strip(),
        facts=_facts(data),
        status=_status(data),
        is_complete=data.paths == data.layout.paths and data.finished_paths == data.paths,
        summary=answer(data),
        headlines=headlines(data),
        sections=[section for section in [*sections, *evidence_sections(data)] if section.blocks],
        footer=_footer(data),
    )


def _pictures(data: RunData) -> list[Section]:
    makers = (
        partial(price_section, data),
        partial(spiral_section, data),
        partial(flow_section, data),
        partial(funding_section, data),
        partial(fund_section, data),
        partial(tail_section, data),
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
