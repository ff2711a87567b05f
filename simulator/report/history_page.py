"""Several runs beside their episodes of history, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simulator.history.beside import beside
from simulator.history.episode import Episode
from simulator.report.document import write_document
from simulator.report.history_section import history_section
from simulator.report.page import Page
from simulator.results.folder import RunFolder
from simulator.results.in_currency import in_currency
from simulator.results.statistics import error_note
from simulator.scenario.loading import LoadedScenario
from simulator.version import __version__


def write_history_page(found: Sequence[tuple[RunFolder, LoadedScenario[Episode]]], file: Path) -> Path:
    """Write runs beside their episodes, and return the path of the page.

    Raises
    ------
    Problems
        If an episode names a place or a day that its run has not.
    OSError
        If it cannot be written.
    """
    return write_document(history_page(found), file)


def history_page(found: Sequence[tuple[RunFolder, LoadedScenario[Episode]]]) -> Page:
    """The page: the verdict on each episode on top, and a section for each."""
    sections, verdicts, facts = [], [], []
    for number, (run, episode) in enumerate(found, start=1):
        side = beside(run, episode.scenario)
        title = f"{side.episode.title or side.episode.name} ({side.scenario})"
        section = history_section(run, episode, side, key=f"episode-{number}")
        sections.append(in_currency(replace(section, title=title), run.layout.currency))
        verdicts.append(f"{title}. {side.verdict}")
        over = f" over {side.sets} parameter sets" if side.sets else ""
        facts.append((side.scenario, f"{side.paths:,} paths{over}, seed {side.seed}"))
    has_sets = any(run.manifest.parameter_sets for run, _ in found)
    return Page(
        title="Episodes of history beside the model",
        subtitle="What happened, what the model makes of it, and how far apart they are.",
        facts=[*facts, ("Unwind", __version__)],
        status=f"{len(found)} {'run' if len(found) == 1 else 'runs'} beside history",
        is_complete=all(run.is_complete for run, _ in found),
        summary=verdicts,
        headlines=[],
        sections=[section for section in sections if section.blocks],
        footer=[
            f"{error_note(has_sets)} More paths make the error smaller. It says nothing of the model.",
            f"Made by Unwind {__version__}. This file asks no other machine for anything.",
        ],
    )
