"""A basis file through time: the cheapest bond of each day, its implied repo and net basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from simulator.basis.bond_file import BasisTable
from simulator.basis.table_baskets import (
    bond_name,
    contract_month_names,
    contract_of,
    deliverable_baskets,
)


@dataclass(frozen=True, slots=True)
class BasisDay:
    """The cheapest bond of a contract month on a day; points and percent a year.

    ``is_switch`` tells that another bond was cheapest the day before; ``lead_pct`` is the implied repo of
    the cheapest over the second bond, None where there is no second.
    """

    contract: str
    settlement: date
    cheapest: str
    is_switch: bool
    futures_price: float
    gross_basis: float
    net_basis: float
    implied_repo_pct: float
    repo_rate_pct: float
    lead_pct: float | None


def basis_days(table: BasisTable) -> list[BasisDay]:
    """Every basket of a file by contract month and day.

    Raises
    ------
    ValueError
        When the file has no deliverable bond.
    """
    inputs, rows = table.inputs, table.rows
    ordered = sorted(
        deliverable_baskets(table),
        key=lambda basket: (
            contract_of(table, int(basket[0])).code,
            int(inputs.first_delivery[basket[0]]),
            int(inputs.settlement[basket[0]]),
        ),
    )
    found: list[BasisDay] = []
    for basket in ordered:
        by_rank = sorted(basket.tolist(), key=lambda row: table.ranks[row])
        row = by_rank[0]
        contract, name = contract_month_names(table, row)[0], bond_name(table, row)
        before = found[-1] if found and found[-1].contract == contract else None
        lead = rows.implied_repo_pct[row] - rows.implied_repo_pct[by_rank[1]] if len(by_rank) > 1 else None
        found.append(
            BasisDay(
                contract,
                inputs.settlement[row].astype("datetime64[D]").item(),
                name,
                before is not None and before.cheapest != name,
                float(inputs.futures_price[row]),
                float(rows.gross_basis[row]),
                float(rows.net_basis[row]),
                float(rows.implied_repo_pct[row]),
                float(inputs.repo_rate_pct[row]),
                None if lead is None else float(lead),
            )
        )
    return found
