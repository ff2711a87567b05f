"""What a policy costs the central bank, and what that buys: run by run against the base.

Cost is what the central bank has bought and lent at a time, at its peak, beyond what it did in the base; relief
of dealers and rules cost it nothing and are told beside it. Benefits are stress avoided. Benefit per $100bn
is a ratio of two averages over the same paths, with the error of the delta method.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator.analysis.compared_measures import RunPaths, compared
from simulator.analysis.paired import Statistic, difference_of, over, scaled
from simulator.results.days import opening_of
from simulator.results.folder import RunFolder
from simulator.results.statistics import Estimate, as_plain
from simulator.units import MULTIPLE, SHARE, read

OUTLAY = "central_bank_peak"
#: What is told of the cost: keys of measures.
COSTS = (
    OUTLAY,
    "outright_purchases",
    "hedged_purchases",
    "facility_peak",
    "facility_days",
    "central_bank_gain",
)


class Benefit(NamedTuple):
    """Stress that a policy may avoid: the measure it lowers, words, unit, and a scale for reading."""

    measure: str
    label: str
    unit: str
    scale: float = 1.0


BENEFITS = {
    "dislocation": Benefit("dislocation_move", "basis move avoided", "bp"),
    "dislocation_tail": Benefit("dislocation_move_tail", "basis move avoided, worst 5% of paths", "bp"),
    "pressure": Benefit("pressure_peak", "pressure on yields avoided", "bp"),
    "unwound": Benefit("unwound_in_all", "positions not unwound", "$bn"),
    "failures": Benefit("funds_failed", "fund failures avoided", "funds"),
    "dysfunction": Benefit("dysfunction", "dysfunction avoided", "% of paths", 100.0),
}


#: What others than the central bank lose, as far as runs know it: keys of measures.
BORNE = ("dealer_client_losses", "waterfall_losses")
#: What a policy costs that no run knows, by its section of the central bank's parameters.
_NOT_COUNTED = {
    "outright": "carry, and sales after the run",
    "hedged": "carry, and sales after the run",
    "standing_repo": "credit risk of the facility, and its use in calm times",
    "leverage_relief": "capital at risk at dealers",
    "haircut_minimum": "costlier funding in calm times",
    "margin_minimum": "costlier hedging in calm times",
    "clearing_mandate": "fees and margins of cleared repo",
}


def not_counted(changed: Iterable[str]) -> tuple[str, ...]:
    """What a policy costs that is in no figure, from the keys of the parameters that it changes.

    Examples
    --------
    >>> not_counted(["central_bank.leverage_relief", "seed"])
    ('capital at risk at dealers',)
    """
    sections = {
        key.removeprefix("central_bank.").removeprefix("rules.").partition(".")[0]
        for key in changed
        if key.startswith("central_bank.")
    }
    told = {
        words: None for name, words in _NOT_COUNTED.items() if any(each.startswith(name) for each in sections)
    }
    return tuple(told)


@dataclass(frozen=True)
class Appraisal:
    """Cost and benefit of one run against the base.

    Parameters
    ----------
    costs
        Difference of each cost from the base, by measure.
    relief_bn
        Most relief given to dealers' balance sheets, at their opening capital, beyond the base: known without error.
    benefits
        Stress avoided, by key of :data:`BENEFITS`.
    per_100bn
        The same for each $100bn of peak outlay; NaN when the outlay cannot be told from zero.
    samples
        The statistics behind ``per_100bn``, to compare policies with each other.
    """

    costs: dict[str, Estimate]
    relief_bn: float
    benefits: dict[str, Estimate]
    per_100bn: dict[str, Estimate]
    samples: dict[str, Statistic]

    def as_record(self) -> dict[str, Any]:
        """The appraisal as plain values; what is not known is null."""
        return {
            "costs": {key: as_known(cost) for key, cost in self.costs.items()},
            "balance_sheet_relief_bn": self.relief_bn,
            "benefits": {
                key: as_known(gain) | {"unit": BENEFITS[key].unit} for key, gain in self.benefits.items()
            },
            "benefit_per_100bn": {key: as_known(gain) for key, gain in self.per_100bn.items()},
        }


def appraise(
    base_run: RunFolder, run: RunFolder, base: RunPaths, other: RunPaths, *, is_paired: bool
) -> Appraisal:
    """Cost and benefit of a run against the base, path by path where both share random numbers."""
    of = {measure.key: measure.of for measure in compared({})}

    def more(key: str) -> Statistic:
        return difference_of(of[key](other), of[key](base), is_paired=is_paired)

    outlay = more(OUTLAY)
    avoided = {key: scaled(more(benefit.measure), -benefit.scale) for key, benefit in BENEFITS.items()}
    ratios = {key: scaled(over(gain, outlay), 100.0) for key, gain in avoided.items()}
    return Appraisal(
        costs={key: more(key).estimate for key in COSTS},
        relief_bn=relief_bn(run) - relief_bn(base_run),
        benefits={key: gain.estimate for key, gain in avoided.items()},
        per_100bn={key: ratio.estimate for key, ratio in ratios.items()},
        samples=ratios,
    )


def relief_bn(run: RunFolder) -> float:
    """Most balance sheet that relief from the leverage limit may free for dealers, at their opening capital."""
    scenario = run.manifest.scenario
    capital = opening_of(run, ("dealer_capital",))["dealer_capital"]
    bank = scenario["central_bank"]
    given = [bank["leverage_relief"], bank["rules"]["leverage_relief"]["limit"]]
    given += [event["multiple"] for event in scenario["events"] if event["type"] == "leverage-relief"]
    multiple = max(read(MULTIPLE, value) for value in given)
    return float(capital[0, 0]) / read(SHARE, scenario["dealers"]["capital_ratio"]) * (multiple - 1.0)


def as_known(estimate: Estimate) -> dict[str, Any]:
    """An estimate as plain values, with the draws that it rests on; what is not known is null."""
    return as_plain(estimate) | {"draws": estimate.draws}
