"""One run against another: what differs between the scenarios, every figure of both, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from simulator.analysis.compared_measures import Compared
from simulator.analysis.policies import Appraisal
from simulator.analysis.scenario_changes import ParameterChange
from simulator.results.statistics import Estimate, as_plain

#: A difference counts as detected when it is so many standard errors away from zero: 1% of chance, two-sided.
DETECTED = 2.576

Verdict = Literal[
    "better", "worse", "more", "less", "no detectable difference", "too small to show", "identical", "not known"
]  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One of the runs compared: its label, folder, and what was played."""

    label: str
    folder: str
    scenario: str
    paths: int
    seed: int
    run_key: str


@dataclass(frozen=True)
class Pairing:
    """Whether two runs were compared path by path, and if not why.

    Parameters
    ----------
    paths
        Paths that both have and that count.
    notes
        What a reader should know of the pairing.
    """

    is_paired: bool
    paths: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContrastRow:
    """One figure of both runs, their difference, and what it means.

    Parameters
    ----------
    variance_reduction
        Variance of the difference of independent runs over that of the paired one: how many times more
        paths would have been needed without common random numbers.
    """

    measure: Compared
    base: Estimate
    other: Estimate
    difference: Estimate
    t: float
    variance_reduction: float
    verdict: Verdict

    def as_record(self) -> dict[str, Any]:
        """The row as plain values; what is not known is null."""
        measure = self.measure
        said: dict[str, Any] = {
            name: as_plain(estimate)
            for name, estimate in (
                ("base", self.base),
                ("other", self.other),
                ("difference", self.difference),
            )
        }
        words = {"label": measure.label, "unit": measure.unit, "worse_when": measure.worse}
        return (
            words
            | said
            | {
                "t": _known(self.t),
                "variance_reduction": _known(self.variance_reduction),
                "verdict": self.verdict,
            }
        )


@dataclass(frozen=True)
class Contrast:
    """One run against the base.

    Parameters
    ----------
    changes
        Parameters that differ.
    rows
        Figures of both, in the order of the measures.
    appraisal
        What it costs the central bank and what that buys.
    """

    side: Side
    pairing: Pairing
    changes: tuple[ParameterChange, ...]
    rows: tuple[ContrastRow, ...]
    appraisal: Appraisal

    def row(self, key: str) -> ContrastRow:
        """A row by the key of its measure."""
        return next(row for row in self.rows if row.measure.key == key)


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
