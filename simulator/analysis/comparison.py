"""Runs side by side: what differs between their scenarios, and what that does, with errors.

Runs that share random numbers are compared path by path: chance that is common to both drops out, and the error of
a difference is far smaller than that of either run. Whether they share them is read from their manifests. Runs over
the same parameter sets have the same set on each path too, and a difference carries the range over sets besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from simulator.analysis.compared_measures import Compared, RunPaths, compared, run_paths
from simulator.analysis.comparison_html import comparison_html
from simulator.analysis.contrast import DETECTED, Contrast, ContrastRow, Pairing, Side, Verdict
from simulator.analysis.paired import Statistic, difference_of, share_difference, t_value
from simulator.analysis.policies import appraise
from simulator.analysis.ranking import RankedPolicy, rank
from simulator.analysis.scenario_changes import scenario_changes
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import RunFolder, existing_folder, open_run
from simulator.results.in_currency import in_currency
from simulator.results.manifest import Manifest
from simulator.results.names import trade_names
from simulator.results.outcomes import collect_outcomes
from simulator.results.places import place, shown
from simulator.results.statistics import Estimate
from simulator.results.summary import sets_played
from simulator.results.summary import shown as figure_shown
from simulator.scenario.parameter_sets import ParameterSets, sets_of
from simulator.sweeps.kind import is_sweep_folder

RUNS_MAX = 20


@dataclass(frozen=True, repr=False)
class Comparison:
    """Runs side by side; the first is the base."""

    base: Side
    contrasts: tuple[Contrast, ...]
    ranking: tuple[RankedPolicy, ...]
    currency: str = "USD"

    def as_record(self) -> dict[str, Any]:
        """The comparison as plain values, for other programs."""
        return {
            "base": asdict(self.base),
            "runs": [
                {
                    "run": asdict(contrast.side),
                    "pairing": asdict(contrast.pairing),
                    "changes": [change._asdict() for change in contrast.changes],
                    "measures": {
                        row.measure.key: in_currency(row.as_record(), self.currency) for row in contrast.rows
                    },
                    "policy": in_currency(contrast.appraisal.as_record(), self.currency),
                }
                for contrast in self.contrasts
            ],
            "ranking": [in_currency(place.as_record(), self.currency) for place in self.ranking],
        }

    def __repr__(self) -> str:
        labels = ", ".join(contrast.side.label for contrast in self.contrasts)
        return f"<Comparison of {labels} with {self.base.label}>"

    def _repr_html_(self) -> str:
        return in_currency(comparison_html(self.base, self.contrasts), self.currency)


def compare(
    base: str | PathLike[str],
    *others: str | PathLike[str],
    by: str = "dislocation",
    labels: Sequence[str] = (),
) -> Comparison:
    """Put runs side by side.

    Parameters
    ----------
    base
        Folder of the run that the others are compared with.
    others
        Folders of the other runs.
    by
        Benefit that policies are ranked by: a key of ``policies.BENEFITS``.
    labels
        What the runs are called, the base first; by default the names of their folders.

    Raises
    ------
    OutputError
        If a folder holds no complete run, fewer than two or more than twenty are given, their markets count in
        different currencies, or labels are not one for each, all different.

    Examples
    --------
    ::

        comparison = compare("outputs/no-purchases", "outputs/purchases")
        print(comparison.contrasts[0].row("dislocation_move").difference)
    """
    folders = [existing_folder(str(place(folder))) for folder in (base, *others)]
    if not 2 <= len(folders) <= RUNS_MAX:
        raise OutputError(
            f"compare: found {len(folders)} runs; allowed are 2 to {RUNS_MAX}, the base first.", BAD_INPUT
        )
    runs = [_open(folder) for folder in folders]
    currencies = sorted({run.layout.currency for run in runs})
    if len(currencies) > 1:
        found = " and ".join(currencies)
        raise OutputError(
            f"compare: found runs in {found}; allowed are runs whose markets count in one currency.",
            BAD_INPUT,
        )
    sides = _sides(runs, labels)
    first, *rest = runs
    reasons = [unpaired_because(first.manifest, run.manifest) for run in rest]
    sets = _numbered([_sets(run.manifest) for run in runs])
    loaded = [run_paths(run, collect_outcomes(run), of) for run, of in zip(runs, sets, strict=True)]
    loaded, count = _on_common_paths(loaded, [True, *(not reason for reason in reasons)])
    measures = compared(_shared_labels(runs), trade_names(first.layout.trades, first.manifest.scenario))
    contrasts = []
    for side, run, paths, reason in zip(sides[1:], rest, loaded[1:], reasons, strict=True):
        pairing = _pairing(first, run, loaded[0], paths, reason, count)
        rows = tuple(_row(measure, loaded[0], paths, pairing.is_paired) for measure in measures)
        appraisal = appraise(first, run, loaded[0], paths, is_paired=pairing.is_paired)
        changes = scenario_changes(first.manifest, run.manifest)
        contrasts.append(Contrast(side, pairing, changes, rows, appraisal))
    return Comparison(sides[0], tuple(contrasts), rank(contrasts, by), first.layout.currency)


def unpaired_because(base: Manifest, other: Manifest) -> tuple[str, ...]:
    """Why two runs do not share random numbers; empty when they do."""
    said = {
        "seed": (base.seed, other.seed),
        "sampling": (base.sampling, other.sampling),
        "horizon": (f"{base.layout['days']} days", f"{other.layout['days']} days"),
    }
    reasons = [f"the {name} differs ({one} and {two})" for name, (one, two) in said.items() if one != two]
    one, two = _sets(base), _sets(other)
    if not _are_alike(one, two):
        reasons.insert(
            0,
            f"the parameter sets differ ({_sets_in_words(one)}, and {_sets_in_words(two)}), and part of every"
            " difference is theirs",
        )
    differing = [
        change.key
        for change in scenario_changes(base, other)
        if change.key.startswith("drivers.") and change.key != "drivers.sampling"
    ]
    if differing:
        reasons.append(f"the drivers differ ({', '.join(differing)})")
    return tuple(reasons)


def _sets(manifest: Manifest) -> ParameterSets | None:
    return sets_of(manifest.parameter_sets) if manifest.parameter_sets else None


def _are_alike(one: ParameterSets | None, two: ParameterSets | None) -> bool:
    return one is two if one is None or two is None else one.plays_as(two)


def _numbered(sets: Sequence[ParameterSets | None]) -> list[int | None]:
    """For each run the number of the first one over the same parameter sets; none where it is over none."""
    return [
        None if each is None else next(place for place, other in enumerate(sets) if _are_alike(each, other))
        for each in sets
    ]


def _sets_in_words(sets: ParameterSets | None) -> str:
    return "one set on all paths" if sets is None else f"{len(sets.weights):,} sets {sets.sha256[:8]}"


def verdict_of(measure: Compared, change: Estimate, t: float) -> Verdict:
    """A difference in one word; one that is detected and prints as nothing is neither better nor worse."""
    if np.isnan(t):
        return "not known"
    if change.value == 0.0 and change.standard_error == 0.0:
        return "identical"
    if abs(t) < DETECTED:
        return "no detectable difference"
    if not re.search("[1-9]", figure_shown(change, measure.decimals).partition(" ")[0]):
        return "too small to show"
    is_higher = change.value > 0.0
    if measure.worse == "neither":
        return "more" if is_higher else "less"
    return "worse" if is_higher == (measure.worse == "higher") else "better"


def _row(measure: Compared, base: RunPaths, other: RunPaths, is_paired: bool) -> ContrastRow:
    one, two = measure.of(base), measure.of(other)
    change, alone = (_difference(two, one, is_paired=paired) for paired in (is_paired, False))
    t = t_value(change)
    reduction = np.nan
    if is_paired and change.standard_error > 0.0:
        reduction = (alone.standard_error / change.standard_error) ** 2
    return ContrastRow(
        measure, one.estimate, two.estimate, change, t, reduction, verdict_of(measure, change, t)
    )


def _difference(other: Statistic, base: Statistic, *, is_paired: bool) -> Estimate:
    if other.is_share and base.is_share:
        return share_difference(other, base, is_paired=is_paired)
    return difference_of(other, base, is_paired=is_paired).estimate


def _open(folder: Path) -> RunFolder:
    if is_sweep_folder(folder):
        raise OutputError(
            f"{shown(folder)}: found a sweep; a comparison takes runs. Compare its policies in the sweep file"
            " (baseline, policies), and see them with unwind report.",
            BAD_INPUT,
        )
    run = open_run(folder)
    if not run.is_complete:
        raise OutputError(
            f"{shown(run.path)}: found {run.paths_done:,} of {run.layout.paths:,} paths; a comparison needs complete"
            " runs. Run the scenario again with the same command to finish it.",
            BAD_INPUT,
        )
    return run


def _sides(runs: Sequence[RunFolder], labels: Sequence[str]) -> list[Side]:
    """The runs with labels that tell them apart: as given, the name of the folder, or the path where names repeat."""
    names = [run.path.absolute().name for run in runs]
    if labels and (len(labels) != len(runs) or len(set(labels)) < len(labels)):
        raise OutputError(
            f"labels: found {', '.join(map(repr, labels))} for {len(runs)} runs; allowed is one for each, all"
            " different. Give them in the order of the runs, the base first.",
            BAD_INPUT,
        )
    labels = labels or [
        shown(run.path) if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)
    ]
    return [
        Side(
            label, str(run.path), run.manifest.name, run.layout.paths, run.manifest.seed, run.manifest.run_key
        )
        for label, run in zip(labels, runs, strict=True)
    ]


def _shared_labels(runs: Sequence[RunFolder]) -> dict[str, tuple[str, ...]]:
    """Labels along each dimension that all runs have."""
    found = [run.layout.labels() for run in runs]
    return {
        dim: tuple(label for label in labels if all(label in each.get(dim, ()) for each in found))
        for dim, labels in found[0].items()
    }


def _on_common_paths(runs: list[RunPaths], is_paired: list[bool]) -> tuple[list[RunPaths], int]:
    """Paired runs cut to the paths that all of them have and finished, and how many paths that is before stops."""
    paired = [run for run, together in zip(runs, is_paired, strict=True) if together]
    count = min(len(run.kept) for run in paired)
    kept = np.all([run.kept[:count] for run in paired], axis=0)
    cut = [
        replace(run, outcomes=run.outcomes.first(count), kept=kept) if together else run
        for run, together in zip(runs, is_paired, strict=True)
    ]
    return cut, count


def _pairing(
    first: RunFolder, run: RunFolder, base: RunPaths, other: RunPaths, reasons: tuple[str, ...], count: int
) -> Pairing:
    if reasons:
        note = f"Not paired: {'; '.join(reasons)}. Errors are those of independent runs."
        return Pairing(False, int(min(base.kept.sum(), other.kept.sum())), (note,))
    notes = list(_sets_notes(first, run))
    if first.layout.paths != run.layout.paths:
        notes.append(f"Paired on the first {count:,} paths, which all paired runs have.")
    stopped = count - int(base.kept.sum())
    if stopped:
        notes.append(
            f"{stopped:,} paths stopped in some of the paired runs and are left out of averages in all."
        )
    if first.manifest.source_sha256 != run.manifest.source_sha256:
        notes.append("The runs were made by different versions of the code: differences include its changes.")
    notes.append(_world_in_words(base, other))
    return Pairing(True, int(base.kept.sum()), tuple(notes))


def _sets_notes(first: RunFolder, run: RunFolder) -> Iterator[str]:
    """That both runs are over the same parameter sets, and which parameters only one of them leaves open."""
    one, two = _sets(first.manifest), _sets(run.manifest)
    if one is None or two is None:
        return
    groups = min(sets_played(first), sets_played(run))
    yield f"Both runs have the same parameter set on each path: {groups:,} groups of paths, {len(one.weights):,} sets."
    for here, there, name in ((one, two, "this run"), (two, one, "the base")):
        if fixed := [key for key in here.keys if key not in there.keys]:
            yield f"Told in {name}, and not varied there: {', '.join(fixed)}."


def _world_in_words(base: RunPaths, other: RunPaths) -> str:
    """Whether both runs met the same exogenous yields, which the events of a scenario may shift."""
    names = ("exogenous_peak", "exogenous_end")
    one, two = (run.outcomes for run in (base, other))
    if one.labels["trade"] == two.labels["trade"] and all(
        np.array_equal(one[name][base.kept], two[name][base.kept]) for name in names
    ):
        return "Both runs met the same exogenous yields on every path."
    return "Exogenous yields differ, as the scenarios or the markets do; the random numbers behind them are the same."
