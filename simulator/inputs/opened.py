"""All data files of a scenario, opened and held against what the scenario asks of them.

``unwind validate``, runs, sweeps and their dry runs all come here, so that a file is accepted everywhere or nowhere, in
the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from simulator.csv_file import DataError
from simulator.drivers.history import Bootstrap, YieldHistory, read_yields, replayed_window
from simulator.drivers.user_arrays import UserArrays, read_user_arrays
from simulator.inputs.populations import (
    DealerPopulation,
    Floats,
    FundPopulation,
    read_dealers,
    read_funds,
    read_network,
    told_of,
)
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import NAMED_MAX, Scenario, drawn_names, names_listed, unknown_dealers
from simulator.units import MONEY, quoted, written

Read = TypeVar("Read")
FILE = "drivers.file"
#: What models of the drivers read.
WANTED = {"bootstrap": "a CSV of yields", "replay": "a CSV of yields", "arrays": "a file of arrays"}
#: What drawn funds may be short of nothing by: rounding of what is left of a market that the user's own funds hold.
SMALLEST_REST_BN = 1e-9
#: Parsed files kept for the cells of a sweep, which mostly share them.
KEPT = 4


@dataclass(frozen=True)
class Inputs:
    """What the files of a scenario hold; none where no file is named."""

    funds: FundPopulation | None = None
    added: FundPopulation | None = None
    dealers: DealerPopulation | None = None
    added_dealers: DealerPopulation | None = None
    client_network: Floats | None = None
    lender_network: Floats | None = None
    history: YieldHistory | None = None
    bootstrap: Bootstrap | None = None
    arrays: UserArrays | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made of files that are not by day, in sentences."""
        return (self.history.note,) if self.history is not None and self.history.note else ()


def check_inputs(loaded: LoadedScenario[Scenario]) -> tuple[str, ...]:
    """Open every data file of a scenario, hold it against what is asked of it, and say what was made of it.

    Raises
    ------
    ScenarioError
        With every problem, at the key that names the file.
    """
    try:
        return open_inputs(loaded.scenario, loaded.data_files).notes
    except Problems as problems:
        raise loaded.refused(problems) from problems


def asked_of_files(scenario: Scenario) -> Hashable:
    """What decides whether the files of a scenario are good: scenarios that agree in it need one check."""
    populated = (scenario.funds.population, scenario.dealers.population, scenario.dealers.add)
    held = [trade.fund_packages for trade in scenario.market.trades.values()] if scenario.funds.add else ()
    named = (tuple(scenario.output.funds), tuple(scenario.output.dealers))
    networks = (scenario.dealers.network, scenario.lenders.network)
    return (
        scenario.drivers.model_dump_json() if scenario.drivers.reads_file else "",
        (scenario.paths, int(scenario.horizon), scenario.market.date),
        (*populated, *networks, tuple(scenario.market.trades)),
        (scenario.funds.count, scenario.dealers.count, scenario.lenders.count) if any(networks) else (),
        (scenario.funds.add, tuple(held), scenario.dealers.count) if scenario.funds.add else (),
        scenario.dealers.count if scenario.dealers.add else 0,  # whose names may be taken
        (*named, scenario.funds.count, scenario.dealers.count) if any(named) else (),
    )


def open_inputs(scenario: Scenario, files: Mapping[str, Path]) -> Inputs:
    """Open every data file that a scenario names.

    Parameters
    ----------
    files
        Path of each file, by the reference that names it.

    Raises
    ------
    Problems
        With everything that is wrong with any of them, or too little for what the scenario asks.
    """
    found: list[Problem] = []
    funds, dealers, lenders = scenario.funds, scenario.dealers, scenario.lenders
    opened_funds = added = opened_dealers = added_dealers = client_network = lender_network = None
    fund_names = tuple(drawn_names("fund", funds.count))
    dealer_names = tuple(drawn_names("dealer", dealers.count))
    trades = list(scenario.market.trades)
    with _collecting(found, "funds.population"):
        if funds.population:
            opened_funds = read_funds("funds.population", files[funds.population], trades, funds)
            fund_names = opened_funds.names
    with _collecting(found, "dealers.population"):
        if dealers.population:
            opened_dealers = read_dealers("dealers.population", files[dealers.population])
            dealer_names = opened_dealers.names
    with _collecting(found, "dealers.add"):
        if dealers.add:
            added_dealers = read_dealers("dealers.add", files[dealers.add], is_added=True)
            found += _names_taken("dealers.add", dealers.add, added_dealers.names, dealer_names)
            dealer_names = (*dealer_names, *added_dealers.names)
    if opened_dealers or added_dealers:
        found += unknown_dealers(scenario, dealer_names)
    with _collecting(found, "funds.add"):
        if funds.add:
            added = read_funds("funds.add", files[funds.add], trades, funds, dealer_names)
            found += _misplaced(scenario, added, fund_names)
            fund_names = (*fund_names, *added.names)
    found += _unknown_named(scenario, fund_names, dealer_names)
    if not found:  # a network is held against the names of those whom it joins
        with _collecting(found, "dealers.network"):
            if dealers.network:
                file = files[dealers.network]
                client_network = read_network("dealers.network", file, fund_names, dealer_names)
        with _collecting(found, "lenders.network"):
            if lenders.network:
                names = drawn_names("lender", lenders.count)
                lender_network = read_network("lenders.network", files[lenders.network], dealer_names, names)
    history = bootstrap = arrays = None
    with _collecting(found, FILE):
        history, bootstrap, arrays = _open_drivers(scenario, files)
    if found:
        raise Problems(found)
    return Inputs(
        opened_funds, added, opened_dealers, added_dealers, client_network, lender_network, history, bootstrap,
        arrays,
    )  # fmt: skip


def with_records(added: FundPopulation | DealerPopulation | None, named: Sequence[str]) -> tuple[str, ...]:
    """Agents of which records are kept one by one: those that a user added, and those that the output names."""
    return tuple(dict.fromkeys([*(added.names if added is not None else ()), *named]))


def _misplaced(scenario: Scenario, added: FundPopulation, others: tuple[str, ...]) -> Iterator[Problem]:
    """Funds that cannot stand among the others: by their names, or because they hold more than all funds do."""
    file, key = scenario.funds.add, "funds.add"
    yield from _names_taken(key, file, added.names, others)
    shares = added.dealer_shares
    if scenario.dealers.network and shares is not None and np.isfinite(shares).any():
        found = f"{file} says from which dealers funds borrow, and so does {scenario.dealers.network}"
        yield Problem(key, found, "one of the two", "Delete the columns, or the network.")
    if scenario.funds.population:
        return
    for (trade, market), own in zip(
        scenario.market.trades.items(), added.packages_bn.sum(axis=1), strict=True
    ):
        rest = market.fund_packages - own
        if own and rest * market.fund_packages <= 0.0 and abs(rest) > SMALLEST_REST_BN:
            yield Problem(
                key,
                f"{file}: funds hold {written(MONEY, float(own), 4)} of {trade}, and all funds of the market hold"
                f" {written(MONEY, market.fund_packages)}",
                "a part of what all funds hold",
                f"Check the unit, or raise market.trades.{trade}.fund_packages.",
            )


def _names_taken(key: str, file: str, added: tuple[str, ...], others: tuple[str, ...]) -> Iterator[Problem]:
    """More agents of a user's own than records are kept of, and names that others have."""
    kind = key.partition(".")[0]
    if len(added) > NAMED_MAX:
        yield Problem(key, f"{file} has {len(added):,} {kind}", f"up to {NAMED_MAX}", "Add up small ones.")
    for name in sorted(set(added) & set(others)):
        yield Problem(key, f"{file}: {quoted(name)} is the name of another {kind[:-1]}", "", "Rename it.")


def _unknown_named(scenario: Scenario, funds: tuple[str, ...], dealers: tuple[str, ...]) -> Iterator[Problem]:
    """Funds and dealers that the output names and the market has not."""
    for key, names, known in (
        ("funds", scenario.output.funds, funds),
        ("dealers", scenario.output.dealers, dealers),
    ):
        for place, name in enumerate(names):
            if name not in known:
                found = f"{name!r} is not a {key[:-1]} of this market"
                yield Problem(f"output.{key}.{place}", found, f"one of {names_listed(known)}", near=known)
            elif name in names[:place]:
                yield Problem(f"output.{key}.{place}", f"{name!r} stands a second time", "every name once")


def _open_drivers(
    scenario: Scenario, files: Mapping[str, Path]
) -> tuple[YieldHistory | None, Bootstrap | None, UserArrays | None]:
    drivers, days = scenario.drivers, int(scenario.horizon)
    if not drivers.reads_file:
        return None, None, None
    if not drivers.file:
        found = f"drivers.model is {drivers.model}, but no file is named"
        raise Problems([Problem(FILE, found, WANTED[drivers.model], "Name a file beside the scenario.")])
    path = files[drivers.file]
    is_table = path.suffix == ".csv"
    if is_table != (drivers.model != "arrays"):
        found = f"{path.name} is no file for drivers.model: {drivers.model}"
        advice = "Choose model: replay or bootstrap." if is_table else "Choose model: arrays."
        raise Problems([Problem(FILE, found, WANTED[drivers.model], advice)])
    if drivers.model == "arrays":
        arrays = _read_once(read_user_arrays, path)
        arrays.check_covers(scenario.paths, days)
        return None, None, arrays
    history = _read_once(read_yields, path)
    if drivers.model == "bootstrap":
        changes = history.changes_bp(drivers.start, drivers.end)
        return history, Bootstrap(changes, float(drivers.block)), None
    replayed_window(history, drivers.start or scenario.market.date, days)
    return history, None, None


def _read_once(read: Callable[[Path], Read], path: Path) -> Read:
    """What a file holds, read again only when it has changed."""
    status = path.stat()
    kept: Read = _kept(read, path, status.st_mtime_ns, status.st_size)  # type: ignore[assignment]
    return kept


@lru_cache(KEPT)
def _kept(read: Callable[[Path], object], path: Path, changed: int, size: int) -> object:
    return read(path)


@contextmanager
def _collecting(found: list[Problem], key: str) -> Iterator[None]:
    """Keep what the body refuses, so that other files are looked at too."""
    try:
        yield
    except Problems as problems:
        found += problems.problems
    except DataError as error:
        found.append(told_of(key, error))
    except OSError as error:
        found.append(Problem(key, f"cannot be read: {error.strerror or error}", "a file that can be read"))
