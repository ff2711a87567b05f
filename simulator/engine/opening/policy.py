"""The scenario without the policy that acts after the opening: what a run is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulator.engine import parameters as tables
from simulator.engine.opening.schedule import build_schedule
from simulator.engine.parameters import Parameters, Schedule, figures
from simulator.scenario.schema import (
    ClearingMandate,
    FacilityOpening,
    HaircutMinimum,
    LeverageRelief,
    MarginMinimum,
    PolicyRules,
    Scenario,
)

#: Events by which policy acts.
LEVERS = (FacilityOpening, HaircutMinimum, MarginMinimum, LeverageRelief, ClearingMandate)


class WithoutPolicy(NamedTuple):
    """What the kernel reads when the same market, opened alike, is left alone."""

    parameters: Parameters
    schedule: Schedule


def without_policy(scenario: Scenario) -> Scenario:
    """The scenario without the policy that acts after the opening.

    Purchases and sales, outright and hedged, the standing repo facility, leverage relief, minimums and clearing
    mandates of a later date and all that follows stress by rule are taken away. What shapes the opening books stays
    (minimum margins and haircuts from the opening, the clearing mandate), and so does the policy rate, which is news.
    """
    bank = scenario.central_bank
    left = bank.model_copy(
        update={
            "outright": bank.outright.model_copy(update={"mode": "off"}),
            "hedged": bank.hedged.model_copy(update={"mode": "off"}),
            "standing_repo": bank.standing_repo.model_copy(update={"open": False}),
            "leverage_relief": 1.0,
            "rules": PolicyRules(),
        }
    )
    events = [event for event in scenario.events if not isinstance(event, LEVERS)]
    return scenario.model_copy(update={"central_bank": left, "events": events})


def prepare_without_policy(
    scenario: Scenario, p: Parameters, schedule: Schedule, dealers: Sequence[str]
) -> WithoutPolicy | None:
    """The market left alone; none where no policy acts between the opening and the horizon."""
    left_alone = without_policy(scenario)
    alone = build_schedule(left_alone, dealers, p.opening.lenders.offer_bn)
    bank = figures(tables.CentralBankFigures, left_alone.central_bank)
    by_rule = p.choices.outright_by_rule or p.choices.hedged_by_rule or p.central_bank.rules != bank.rules
    if not by_rule and all(map(np.array_equal, schedule, alone)):
        return None
    choices = p.choices._replace(outright_by_rule=0, hedged_by_rule=0)
    return WithoutPolicy(p._replace(choices=choices, central_bank=bank), alone)
