"""The diary of a path for readers: entries of a day and kind are added up by agent and by market."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from simulator.engine import diary
from simulator.report.diary import _by_day


def test_entries_are_added_up_by_day_kind_agent_and_market() -> None:
    """Day, round, kind, agent, market (-1 is none) and amount of each entry; day 0 of the engine is day 1."""
    entries = [
        (1, 0, diary.FORCED_SALE, 2, 0, 1.0),
        (0, 0, diary.CALLED_CARRY, 0, -1, 0.5),
        (1, 1, diary.FORCED_SALE, 0, 3, 2.0),
        (1, 1, diary.FORCED_SALE, 2, 3, 4.0),
        (1, 1, diary.BOUGHT_OUTRIGHT, -1, 0, 8.0),
    ]
    (first, calm), (second, busy) = _by_day(SimpleNamespace(diary=np.array(entries, np.float64)))
    assert (first, second) == (1, 2)
    (carry,) = calm.values()
    assert (carry.amount_bn, carry.agents, carry.markets) == (0.5, {0: 0.5}, {})
    assert list(busy) == [diary.FORCED_SALE, diary.BOUGHT_OUTRIGHT], "in the order in which they first happen"
    sold, bought = busy.values()
    assert (sold.amount_bn, sold.agents, sold.markets) == (7.0, {2: 5.0, 0: 2.0}, {0: 1.0, 3: 6.0})
    assert (bought.amount_bn, bought.agents, bought.markets) == (8.0, {}, {0: 8.0})


def test_a_path_on_which_nothing_happened_has_no_days() -> None:
    assert not list(_by_day(SimpleNamespace(diary=np.empty((0, 6)))))
