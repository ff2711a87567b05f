"""Priors: every judgement has one, it holds the default, and shares and figures are inverse."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import units
from simulator.scenario.declarations import catalogue
from simulator.scenario.explain import reference_rows
from simulator.scenario.priors import (
    EVEN,
    LOGS,
    PEAKED,
    PEAKED_LOGS,
    PRIORS,
    Form,
    Prior,
    PriorOf,
    is_judgement,
    plain_key,
    priors,
)
from simulator.scenario.schema import Scenario
from simulator.units import COUNT, SHARE

JUDGEMENTS = {plain_key(key): each for key, each in catalogue(Scenario) if is_judgement(each)}


def test_every_judgement_has_a_prior_and_nothing_else_has() -> None:
    assert set(JUDGEMENTS) == set(PRIORS), "declare a prior in scenario/priors.py for each judgement"
    assert set(priors(Scenario)) == set(PRIORS)


@pytest.mark.parametrize("key", PRIORS)
def test_a_prior_holds_the_default_and_keeps_to_the_bounds(key: str) -> None:
    prior, declared = priors(Scenario)[key], JUDGEMENTS[key]
    assert declared.minimum is not None
    assert declared.maximum is not None
    assert declared.minimum <= prior.low < prior.high <= declared.maximum
    assert prior.low <= units.read(prior.kind, declared.default) <= prior.high
    assert len(prior.prior.reason) > 10


@pytest.mark.parametrize("form", [EVEN, PEAKED, LOGS, PEAKED_LOGS])
def test_shares_and_figures_are_inverse(form: Form) -> None:
    prior = PriorOf("funds.cut_speed", SHARE, Prior("1%", "16%", form, ""), "")
    shares = np.linspace(0.0, 1.0, 41)
    figures = [prior.value(share) for share in shares]
    assert figures[0] == pytest.approx(0.01)
    assert figures[-1] == pytest.approx(0.16)
    assert figures[20] == pytest.approx(0.04 if prior.is_log else 0.085)
    assert [prior.share(figure) for figure in figures] == pytest.approx(shares)
    assert np.all(np.diff(figures) > 0.0)
    assert (prior.share(0.001), prior.share(0.9)) == (0.0, 1.0)


def test_peaked_priors_are_dense_in_the_middle() -> None:
    even, peaked = (PriorOf("k", SHARE, Prior("0%", "100%", form, ""), "") for form in (EVEN, PEAKED))
    middle = [prior.share(0.75) - prior.share(0.25) for prior in (even, peaked)]
    assert middle == pytest.approx([0.5, 0.75])  # of a triangle all but two corners of an eighth


def test_whole_figures_stay_whole() -> None:
    prior = PriorOf("funds.count", COUNT, Prior(30, 120, LOGS, ""), "")
    assert prior.value(0.5) == 60.0
    assert all(prior.value(share) == int(prior.value(share)) for share in np.linspace(0, 1, 13))


def test_priors_are_shown_with_the_parameter() -> None:
    shown = {row.key: row.prior for row in reference_rows(Scenario)}
    assert shown["funds.cut_speed"].startswith("1% to 15%, even in logs: half of an excess")
    assert shown["market.hedges.NAME.<swap>.cash_share"].startswith("20% to 80%, peaked")
    assert shown["funds.size_tail"] == ""
