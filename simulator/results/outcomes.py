"""What a path comes to: peaks, ends and totals of its days, from which every figure of the summary is made.

One number a path, or one a trade, channel or call of a path: small enough to hold for a million paths, and
computed block by block while the block is in memory. A path that stopped has no outcomes but its status: NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.results.folder import RunFolder
from simulator.results.layout import Array, Layout
from simulator.results.store import read_block

if TYPE_CHECKING:
    import xarray as xr

Arrays = Mapping[str, Array]

#: A path is dysfunctional when some dislocation moves farther than this from its opening: three standard
#: deviations of the 10-year spot-futures spread, 15 bp from 2010 to February 2020 (Siriwardane, Sunderam and
#: Wallen, table 1). In March 2020 the spreads of the 2, 5 and 10-year contracts
#: reached 95, 93 and 68 bp.
DYSFUNCTION_BP = 45.0
#: Cash missing at funds below 100,000 dollars is the tolerance of the rounds (`numerics.tolerance`), fund by fund.
SHORTFALL_THAT_COUNTS_BN = 1e-4


#: Status of a path whose market lost its last dealer: an answer of the model, not a failure of its numbers.
NO_DEALER_LEFT = "NO_DEALER_LEFT"


class Outcome(NamedTuple):
    """One outcome of a path: dimension besides the path (or none), unit, meaning, and how days make it."""

    name: str
    dim: str
    unit: str
    meaning: str
    of: Callable[[Arrays], Array]


def _largest_size(values: Array) -> Array:
    size: Array = np.abs(values).max(axis=1)
    return size


def _farthest(values: Array) -> Array:
    """Value on the day that is farthest from the opening, by path and trade."""
    day = np.abs(values - values[:, :1]).argmax(axis=1)
    return np.take_along_axis(values, day[:, None], axis=1)[:, 0]


def _unwound(arrays: Arrays) -> Array:
    """Packages given up since the opening, (path, day, trade); a reverse trade counts in its direction."""
    packages = arrays["fund_packages"]
    given_up: Array = np.sign(packages[:, :1]) * (packages[:, :1] - packages)
    return given_up


def _rise_when_lowest(arrays: Arrays) -> Array:
    """Change of the dislocation against the funds on the day when their packages are lowest."""
    day = _unwound(arrays).argmax(axis=1)[:, None]
    dislocation = arrays["dislocation"]
    against = np.sign(arrays["fund_packages"][:, 0])
    rise: Array = against * (np.take_along_axis(dislocation, day, axis=1)[:, 0] - dislocation[:, 0])
    return rise


def _outlay_peak(arrays: Arrays) -> Array:
    """Highest sum of bonds and packages bought so far and repo lent: how far the balance sheet was stretched."""
    bought = arrays["outright_purchases"].astype(np.float64) + arrays["hedged_purchases"]
    peak: Array = (bought.cumsum(axis=1) + arrays["facility_use"]).max(axis=1)
    return peak


def _central_bank_gain(arrays: Arrays) -> Array:
    """Gain on purchases at the prices of the last day: bonds as such, packages as bond less hedge; no carry."""
    bond, hedge = (arrays[name].astype(np.float64) for name in ("bond_price", "hedge_price"))
    gain = np.zeros(len(bond))
    for name, price in (("central_bank_bonds", bond), ("central_bank_packages", bond - hedge)):
        bought = np.diff(arrays[name].astype(np.float64), axis=1)
        gain += (bought * (price[:, -1:] - price[:, 1:])).sum(axis=(1, 2))
    return gain


def _peak(name: str) -> Callable[[Arrays], Array]:
    return lambda arrays: arrays[name].max(axis=1)


def _low(name: str) -> Callable[[Arrays], Array]:
    return lambda arrays: arrays[name].min(axis=1)


def _end(name: str) -> Callable[[Arrays], Array]:
    return lambda arrays: arrays[name][:, -1]


def _total(name: str) -> Callable[[Arrays], Array]:
    return lambda arrays: arrays[name].sum(axis=1, dtype=np.float64)


OUTCOMES = (
    Outcome("status", "", "1", "why the path stopped; 0 when it finished", lambda a: a["status"]),
    Outcome(
        "exogenous_peak",
        "trade",
        "bp",
        "largest exogenous yield change, in size",
        lambda a: _largest_size(a["fundamental_yield_change"]),
    ),
    Outcome(
        "exogenous_end", "trade", "bp", "exogenous yield change at the end", _end("fundamental_yield_change")
    ),
    Outcome(
        "total_peak",
        "trade",
        "bp",
        "largest total yield change, in size",
        lambda a: _largest_size(a["cash_yield_change"]),
    ),
    Outcome("total_end", "trade", "bp", "total yield change at the end", _end("cash_yield_change")),
    Outcome(
        "dislocation_farthest",
        "trade",
        "bp",
        "dislocation on the day farthest from the opening",
        lambda a: _farthest(a["dislocation"]),
    ),
    Outcome(
        "dislocation_move",
        "trade",
        "bp",
        "largest change of the dislocation, in size",
        lambda a: _largest_size(a["dislocation"] - a["dislocation"][:, :1]),
    ),
    Outcome("dislocation_end", "trade", "bp", "dislocation at the end", _end("dislocation")),
    Outcome(
        "unwound",
        "trade",
        "$bn",
        "packages given up by funds, at the lowest",
        lambda a: _unwound(a).max(axis=1),
    ),
    Outcome(
        "rise_when_lowest",
        "trade",
        "bp",
        "rise of the dislocation against funds when packages are lowest",
        _rise_when_lowest,
    ),
    Outcome(
        "pressure_peak", "trade", "bp", "highest pressure of outright selling", _peak("outright_pressure")
    ),
    Outcome("sold", "trade", "$bn", "packages sold by funds, all days", _total("fund_sales")),
    Outcome("margin_peak", "trade", "1", "highest initial margin per face", _peak("initial_margin")),
    Outcome(
        "unwound_in_all",
        "",
        "$bn",
        "packages given up by funds in all trades, at the lowest",
        lambda a: _unwound(a).sum(axis=2).max(axis=1),
    ),
    Outcome(
        "sold_by_channel",
        "channel",
        "$bn",
        "packages sold, by what caused it",
        _total("fund_sales_by_channel"),
    ),
    Outcome("called", "call", "$bn", "cash called from funds, all days", _total("fund_calls")),
    Outcome(
        "repo_spread_peak", "", "bp", "highest wholesale repo rate less policy rate", _peak("repo_spread")
    ),
    Outcome(
        "client_repo_spread_peak",
        "",
        "bp",
        "highest repo rate of funds less policy rate",
        _peak("client_repo_spread"),
    ),
    Outcome("haircut_peak", "", "1", "highest average haircut", _peak("mean_haircut")),
    Outcome(
        "balance_sheet_cost_peak",
        "",
        "bp",
        "highest cost of dealers' balance sheet",
        _peak("balance_sheet_cost"),
    ),
    Outcome(
        "dealer_use_peak",
        "",
        "1",
        "highest balance-sheet use of dealers over their limits",
        _peak("dealer_use"),
    ),
    Outcome("tightest_use_peak", "", "1", "highest use of a single dealer", _peak("dealer_use_highest")),
    Outcome("dealer_capital_end", "", "$bn", "dealers' capital at the end", _end("dealer_capital")),
    Outcome(
        "repo_taken_back", "", "$bn", "repo dealers took back from funds, all days", _total("repo_taken_back")
    ),
    Outcome("facility_peak", "", "$bn", "highest use of the standing repo facility", _peak("facility_use")),
    Outcome(
        "outright_purchases", "", "$bn", "bought outright by the central bank", _total("outright_purchases")
    ),
    Outcome("hedged_purchases", "", "$bn", "packages bought by the central bank", _total("hedged_purchases")),
    Outcome(
        "facility_days",
        "",
        "$bn days",
        "use of the standing repo facility, added up over days",
        _total("facility_use"),
    ),
    Outcome(
        "central_bank_peak",
        "",
        "$bn",
        "most that the central bank has bought and lent at a time",
        _outlay_peak,
    ),
    Outcome(
        "central_bank_gain",
        "",
        "$bn",
        "price gain of the central bank on what it bought, marked to the last day",
        _central_bank_gain,
    ),
    Outcome("fund_equity_low", "", "$bn", "lowest equity of hedge funds", _low("fund_equity")),
    Outcome(
        "fund_redemptions", "", "$bn", "paid or owed to investors of hedge funds", _total("fund_redemptions")
    ),
    Outcome(
        "asset_manager_redemptions",
        "",
        "$bn",
        "paid to investors of asset managers",
        _total("asset_manager_redemptions"),
    ),
    Outcome("foreign_sales", "", "$bn", "sold by foreign holders", _total("foreign_sales")),
    Outcome("funds_failed", "", "1", "hedge funds closed out", _end("funds_failed")),
    Outcome("dealers_failed", "", "1", "dealers closed out", _end("dealers_failed")),
    Outcome(
        "dealer_client_losses", "", "$bn", "dealers' losses on failed funds", _total("dealer_client_losses")
    ),
    Outcome(
        "waterfall_losses",
        "",
        "$bn",
        "losses paid by the clearing house's waterfall",
        _total("waterfall_losses"),
    ),
    Outcome(
        "shortfall_left",
        "",
        "$bn",
        "largest shortfall left when the rounds of a day ended",
        _peak("shortfall_left"),
    ),
    Outcome("rounds_peak", "", "1", "most rounds in a day", _peak("rounds")),
)


def path_outcomes(arrays: Arrays) -> dict[str, Array]:
    """Outcomes of the paths of a block, from its stored arrays (path, day, …)."""
    with np.errstate(invalid="ignore"):  # stopped paths are NaN
        return {outcome.name: np.asarray(outcome.of(arrays), np.float32) for outcome in OUTCOMES}


class OutcomeTable(Mapping[int, dict[str, Array]]):
    """Outcomes of blocks by number, each at the place of its paths in one array: held once, never copied together.

    Parameters
    ----------
    layout
        Of the run; the arrays take memory as they are filled.
    """

    def __init__(self, layout: Layout) -> None:
        sizes = {name: len(names) for name, names in layout.labels().items()}
        self._layout = layout
        self._blocks: set[int] = set()
        self.arrays = {
            outcome.name: np.empty(
                (layout.paths, sizes[outcome.dim]) if outcome.dim else layout.paths, np.float32
            )
            for outcome in OUTCOMES
        }

    def add(self, block: int, part: Mapping[str, Array]) -> None:
        """Put the outcomes of a block in their place."""
        for name, array in self.arrays.items():
            array[self._paths(block)] = part[name]
        self._blocks.add(block)

    def _paths(self, block: int) -> slice:
        return slice(block * self._layout.chunk, (block + 1) * self._layout.chunk)

    def __getitem__(self, block: int) -> dict[str, Array]:
        """Outcomes of a block by name."""
        if block not in self._blocks:
            raise KeyError(block)
        return {name: array[self._paths(block)] for name, array in self.arrays.items()}

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._blocks))

    def __len__(self) -> int:
        return len(self._blocks)


def collect_outcomes(run: RunFolder, known: Mapping[int, dict[str, Array]] | None = None) -> xr.Dataset:
    """Outcomes of all finished paths of a run, as a dataset with units.

    Parameters
    ----------
    known
        Outcomes of blocks that were just simulated; the others are read from the disk.

    Raises
    ------
    DamagedBlockError
        If a block is not what was written.
    """
    import xarray as xr

    table = known if isinstance(known, OutcomeTable) else OutcomeTable(run.layout)
    blocks = [run.finished[number] for number in sorted(run.finished)]
    for block in blocks:
        if block.block not in table:
            is_known = known is not None and block.block in known
            part = known[block.block] if is_known and known else _outcomes_on_disk(run, block.block)
            table.add(block.block, part)
    path = np.concatenate([np.arange(block.first_path, block.first_path + block.paths) for block in blocks])
    is_whole = len(path) == run.layout.paths
    labels = run.layout.labels()
    data = {
        outcome.name: (
            ("path", outcome.dim) if outcome.dim else ("path",),
            table.arrays[outcome.name] if is_whole else table.arrays[outcome.name][path],
            {"long_name": outcome.meaning, "units": outcome.unit},
        )
        for outcome in OUTCOMES
    }
    data["status"][2]["flag_meanings"] = " ".join(run.layout.statuses)
    coords: dict[str, Any] = {"path": path} | {
        name: list(labels[name]) for name in ("trade", "channel", "call")
    }
    return xr.Dataset(data, coords=coords, attrs={"title": "Outcomes by path", **run.layout.attributes})


def _outcomes_on_disk(run: RunFolder, block: int) -> dict[str, Array]:
    return path_outcomes(read_block(run.store, run.layout, block))


def lost_all_dealers(outcomes: xr.Dataset) -> Array:
    """Whether a path stopped because no dealer was left."""
    names = str(outcomes["status"].attrs["flag_meanings"]).split()
    code = names.index(NO_DEALER_LEFT) if NO_DEALER_LEFT in names else -1
    lost: Array = outcomes["status"].values == code
    return lost


def is_dysfunctional(outcomes: xr.Dataset, threshold_bp: float = DYSFUNCTION_BP) -> Array:
    """Whether some dislocation moved farther than the threshold from its opening, or no dealer was left.

    NaN for paths that stopped for another reason.
    """
    return is_above_or_lost(outcomes, "dislocation_move", threshold_bp)


def is_above_or_lost(outcomes: xr.Dataset, name: str, threshold: float) -> Array:
    """The same as `is_above`, and so where no dealer is left: the extreme must not lower the probability."""
    return np.where(lost_all_dealers(outcomes), 1.0, is_above(outcomes, name, threshold))


def is_above(outcomes: xr.Dataset, name: str, threshold: float) -> Array:
    """Whether an outcome, of any trade, is above a threshold; NaN for paths that stopped."""
    values = outcomes[name]
    highest = values.max("trade", skipna=False).values if "trade" in values.dims else values.values
    return np.where(np.isnan(highest), np.nan, highest > threshold)
