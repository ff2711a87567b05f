"""One dealer retreats, or lenders from it: its clients feel it, and others' do not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.state import State
from simulator.inputs.opened import check_inputs
from simulator.scenario.errors import Problems, ScenarioError
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import SCENARIOS, closing_books, opened

#: The last day of the runs here is the first of every event: what is seen is the event itself.
DAY = 3
QUIET = ("drivers.noise=0.0", "horizon=3d", "central_bank.hedged.mode=off", "lenders.count=4")
NAMED = "dealer 5"


def at_close(*events: str) -> tuple[Prepared, State]:
    """Books at the close of the day on which the events begin."""
    prepared = opened("calm", *QUIET, f"events=[{', '.join(events)}]")
    return prepared, closing_books(prepared)


def event(kind: str, settings: str, days: str = "") -> str:
    return f"{{type: {kind}, day: {DAY}d, {days}{settings}}}"


def test_a_cut_of_one_dealers_limit_takes_repo_from_its_clients_and_from_nobody_else() -> None:
    prepared, books = at_close(event("limit-cut", f"share: 50%, dealers: [{NAMED}]"))
    shares = prepared.parameters.opening.funds.client_share[prepared.dealers.index(NAMED)]
    assert (shares == 0.0).any()
    assert ((books.funds.cut > 0.0) == (shares > 0.0)).all()
    taken = {name for name, amount in zip(prepared.dealers, books.dealers.taken, strict=True) if amount > 0.0}
    assert taken == {NAMED}


def test_cuts_add_up_to_what_the_dealer_takes_back_and_hit_the_smallest_clients_hardest() -> None:
    prepared = opened("calm", *QUIET)
    terms, owed = prepared.parameters.opening.funds, prepared.opening_state().funds.loan.sum(axis=0)
    lent = terms.client_share * owed
    np.testing.assert_allclose((lent * terms.client_weakness).sum(axis=1), lent.sum(axis=1), rtol=1e-12)
    relative = terms.client_weakness[0] / terms.client_weakness[0, owed.argmax()]
    assert relative[owed.argmin()] == pytest.approx(3.0)
    assert (np.diff(relative[np.argsort(-owed)]) > 0.0).all()


def test_a_dealers_haircuts_rise_for_its_clients_by_what_they_borrow_from_it() -> None:
    prepared, books = at_close(event("haircut-step", f"change: 2%, dealers: [{NAMED}]"))
    _, before = at_close()
    shares = prepared.parameters.opening.funds.client_share[prepared.dealers.index(NAMED)]
    rise = books.funds.haircut - before.funds.haircut
    np.testing.assert_allclose(rise, np.broadcast_to(0.02 * shares, rise.shape), atol=1e-15)


def test_lenders_that_leave_one_dealer_leave_the_others_their_offers() -> None:
    prepared, books = at_close(event("lender-withdrawal", f"share: 40%, dealers: [{NAMED}]"))
    _, before = at_close()
    left = books.dealers.offer / before.dealers.offer
    expected = [0.6 if name == NAMED else 1.0 for name in prepared.dealers]
    assert left.tolist() == pytest.approx(expected, rel=1e-12)


def test_one_lender_that_leaves_takes_its_own_share_from_each_dealer_and_not_twice() -> None:
    leaves = event("lender-withdrawal", "share: 100%, lenders: [lender 2]")
    prepared, books = at_close(leaves, leaves)
    _, before = at_close()
    offer = prepared.parameters.opening.lenders.offer_bn
    left = books.dealers.offer / before.dealers.offer
    np.testing.assert_allclose(left, 1.0 - offer[1] / offer.sum(axis=0), rtol=1e-12)
    assert left.max() < 1.0


def by_dealer(row: NDArray[np.floating]) -> NDArray[np.floating]:
    """A row of the schedule by day and dealer; haircuts are by funding too, of which there is one."""
    return row if row.ndim == 2 else row[:, 0]


@pytest.mark.parametrize(
    ("kind", "settings", "row"),
    [
        ("limit-cut", "share: 30%", "limit_cut"),
        ("haircut-step", "change: 1%", "haircut_step"),
        ("lender-withdrawal", "share: 20%", "lender_withdrawal"),
    ],
)
def test_what_one_dealer_does_ends_and_all_named_is_none_named(kind: str, settings: str, row: str) -> None:
    length = "horizon=9d"
    one, everybody, nobody_named = (
        by_dealer(getattr(opened("calm", *QUIET, length, f"events=[{each}]").schedule, row))
        for each in (
            event(kind, f"{settings}, dealers: [{NAMED}]", "days: 2d, "),
            event(kind, f"{settings}, dealers: [{', '.join(f'dealer {d}' for d in range(1, 13))}]"),
            event(kind, settings),
        )
    )
    place = opened("calm").dealers.index(NAMED)
    assert (one[2:4, place] > 0.0).all()
    assert np.count_nonzero(one) == 2
    assert (everybody == nobody_named).all()
    assert (everybody[2:] > 0.0).all()


# Names


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("type: limit-cut, share: 10%, dealers: [dealer 13]", "'dealer 13' is not a dealer of this market"),
        ("type: haircut-step, change: 1%, dealers: [dealer 1, Dealer 2]", "'Dealer 2' is not a dealer"),
        (
            "type: lender-withdrawal, share: 1%, lenders: [lender 5]",
            "'lender 5' is not a lender of this market",
        ),
    ],
)
def test_a_name_that_nobody_bears_is_refused(settings: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(told)) as refused:
        load_scenario(SCENARIOS / "calm.yaml", (*QUIET, f"events=[{{day: 1d, {settings}}}]"))
    assert re.search(r"events\.0\.(dealers|lenders)\.[01]: ", str(refused.value))


def test_names_are_those_of_the_population_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "dealers.csv").write_text("name,size\nNorth,$2bn\nSouth,$1bn\n")
    file = tmp_path / "two.yaml"
    text = (
        "name: two\nextends: preset:us-treasury-2020-02-18\ndealers: {population: dealers.csv}\n"
        "events:\n  - {type: limit-cut, day: 1d, share: 10%, dealers: [South]}\n"
    )
    file.write_text(text)
    loaded = load_scenario(file)
    schedule = prepare(loaded.scenario, loaded.data_files).schedule
    assert schedule.limit_cut[0].tolist() == pytest.approx([0.0, 0.1])
    file.write_text(text.replace("[South]", "[East]"))
    with pytest.raises(ScenarioError, match=r"two.yaml:5:.*'East' is not a dealer of dealers.csv"):
        check_inputs(load_scenario(file))
    wrong = loaded.scenario.model_copy(
        update={"events": [loaded.scenario.events[0].model_copy(update={"dealers": ["East"]})]}
    )
    with pytest.raises(Problems):
        prepare(wrong, loaded.data_files)
