"""The funds of a scenario as a table that `funds.population` reads, and a template for funds of one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from simulator.engine.opening.population import draw_funds, pareto_shares
from simulator.engine.opening.prepare import Prepared
from simulator.model.table import Floats
from simulator.scenario.schema import Scenario
from simulator.units import MONEY, SHARE, written

#: A dealer among the others to write one's own over; an empty cell takes the scenario's `dealers.opening_use`.
DEALER_TEMPLATE = "name,share,opening_use\nOur desk,8%,\n"
#: Funds of a template, and the part of all packages that they hold together.
TEMPLATE_NAMES, TEMPLATE_SHARE = ("Fund A", "Fund B", "Fund C"), 0.02


def population_csv(prepared: Prepared) -> str:
    """Every fund on the opening day with its terms, figures to the last bit."""
    terms = prepared.parameters.opening.funds
    haircut = _own_haircuts(prepared)
    rows = (
        [
            name,
            *(
                written(MONEY, float(amounts[i]))
                for amounts in (prepared.opening_state().funds.equity, terms.cash_bn, terms.line_bn)
            ),
            "" if haircut is None else written(SHARE, float(haircut[i])),
            written(SHARE, float(terms.remarked_share[i])),
            f"{float(terms.other_exposure[i])!r}",
            *(written(MONEY, float(face)) for face in terms.packages_bn[:, i]),
        ]
        for i, name in enumerate(prepared.funds)
    )
    head = ["name", "equity", "free_cash", "committed_line", "haircut", "overnight_share", "other_exposure"]
    return _table([*head, *prepared.trades], rows)


def _own_haircuts(prepared: Prepared) -> Floats | None:
    """Each fund's own haircut, as it is asked where a funding has none; nothing where all fundings have."""
    market, haircuts = prepared.scenario.market, prepared.parameters.opening.funds.haircut
    for j, trade in enumerate(prepared.trades):
        if market.fundings[market.funding_of(trade)].haircut is None:
            own: Floats = haircuts[j]
            return own
    return None


def book_template(scenario: Scenario) -> str:
    """A table of three funds to write one's own over: amounts in millions, a few per cent of the market's funds."""
    trades = scenario.market.trades
    held = np.array([trade.fund_packages for trade in trades.values()])
    sizes = TEMPLATE_SHARE * pareto_shares(len(TEMPLATE_NAMES), scenario.funds.size_tail)
    drawn = draw_funds(scenario.funds.model_copy(update={"count": len(TEMPLATE_NAMES)}), held)
    rows = []
    for name, size, exposure in zip(TEMPLATE_NAMES, sizes, drawn.haircut, strict=True):
        packages = size * held
        equity = max(float(np.abs(packages).sum()) / scenario.funds.leverage, 0.001)
        terms = (equity, scenario.funds.free_cash * equity, scenario.funds.committed_line * equity)
        rows.append(
            [
                name,
                *(f"{1e3 * amount:.0f}" for amount in terms),
                f"{100.0 * max(float(exposure), 0.0):g}%",
                f"{100.0 * scenario.funds.overnight_share:g}%",
                *(f"{1e3 * face:.0f}" for face in packages),
            ]
        )
    head = ["name", "equity ($mn)", "free_cash ($mn)", "committed_line ($mn)", "haircut", "overnight_share"]
    return _table([*head, *(f"{trade} ($mn)" for trade in trades)], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return file.getvalue()
