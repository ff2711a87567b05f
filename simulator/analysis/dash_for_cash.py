"""The dash for cash of 2020, model beside history: the shipped scenario's outcome and what happened.

    python -m simulator.cli.upkeep honest-numbers [--paths N] [--data DIR] [--output DIR] [--write PAGE]

runs ``scenarios/dash-for-cash-2020.yaml`` (or takes the finished run from the folder) and prints the tables
of ``docs/model/honest-numbers.md``, or puts them in that page's place for them. Parameters come from sources,
not from these tables. Figures of history that public files give are read from them when their folder is known
(``--data`` or ``$UNWIND_DATA``); without them the same figures stand here, and a test holds the two together.
The others are published; the keys are those of ``docs/model/sources.md``.

Units: bp, USD billions, per cent, trading days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.public_data import DEALERS, FORM_PF, POSITIONS, RATES, RESERVES, YIELDS, PublicData
from simulator.contracts import CONTRACTS
from simulator.results.statistics import mean, quantile

if TYPE_CHECKING:
    import xarray as xr

Paths = NDArray[np.float64]

SCENARIO = Path("scenarios/dash-for-cash-2020.yaml")
OPENING = date(2020, 2, 18)
FIRST_REPORT = date(2020, 2, 19)  # the Wednesday of the weekly series
BOTTOM, TOP = date(2020, 3, 9), date(2020, 3, 18)  # of the ten-year yield
QUARTER_END = date(2020, 3, 31)
MID_MARCH, MID_APRIL = date(2020, 3, 17), date(2020, 4, 14)

#: Trade whose cheapest bond lies nearest to a tenor of the par curve.
TRADE_OF_TENOR = {"2-year": "TU", "5-year": "FV", "10-year": "UXY", "30-year": "WN"}
TRADES = ("TU", "FV", "TY", "UXY", "US", "WN")
RANGE = (0.05, 0.95)
#: Marks between which the tables stand in the page.
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


class HistoryFigure(NamedTuple):
    """What happened: value, unit and where it is from."""

    value: float
    unit: str
    source: str


_YIELDS, _NET, _GROSS = "Treasury par yields", "CFTC: leveraged funds, net", "CFTC: leveraged funds, gross"
_MANAGERS, _CUSTOMERS, _BOOKS = "CFTC: asset managers, net", "NY Fed: repo out", "NY Fed: net coupons"

#: What the scenario gives to the model, to show that it was given as it was. Of dealers' repo it gives what other
#: clients drew and paid back; funds' repo and dealers' own are the model's.
TOLD = {
    "2-year yield, 18 February to 9 March": HistoryFigure(-103.0, "bp", _YIELDS),
    "5-year yield, 18 February to 9 March": HistoryFigure(-93.0, "bp", _YIELDS),
    "10-year yield, 18 February to 9 March": HistoryFigure(-101.0, "bp", _YIELDS),
    "30-year yield, 18 February to 9 March": HistoryFigure(-101.0, "bp", _YIELDS),
    "volatility, 9 March over 20 February": HistoryFigure(163.70 / 69.60, "x", "MOVE, literature 4.7"),
    "foreign sales in March": HistoryFigure(299.35, "$bn", "TIC, literature 2.8"),
    "central bank's purchases, 16 to 31 March": HistoryFigure(775.0, "$bn", "VJ21, from 15 March"),
    "dealers' repo borrowed, change to 18 March": HistoryFigure(353.4, "$bn", _CUSTOMERS),
    "dealers' repo borrowed, change to 8 April": HistoryFigure(70.3, "$bn", _CUSTOMERS),
}

#: What the model has to find.
FOUND = {
    "2-year yield, 9 to 18 March": HistoryFigure(16.0, "bp", _YIELDS),
    "5-year yield, 9 to 18 March": HistoryFigure(33.0, "bp", _YIELDS),
    "10-year yield, 9 to 18 March": HistoryFigure(64.0, "bp", _YIELDS),
    "30-year yield, 9 to 18 March": HistoryFigure(78.0, "bp", _YIELDS),
    "2-year yield, 18 to 31 March": HistoryFigure(-31.0, "bp", _YIELDS),
    "5-year yield, 18 to 31 March": HistoryFigure(-42.0, "bp", _YIELDS),
    "10-year yield, 18 to 31 March": HistoryFigure(-48.0, "bp", _YIELDS),
    "30-year yield, 18 to 31 March": HistoryFigure(-42.0, "bp", _YIELDS),
    "TU dislocation, farthest from its opening": HistoryFigure(95.0, "bp", "SSW24, over OIS"),
    "FV dislocation, farthest from its opening": HistoryFigure(93.0, "bp", "SSW24, over OIS"),
    "TY dislocation, farthest from its opening": HistoryFigure(68.0, "bp", "SSW24, over OIS"),
    "US dislocation, farthest from its opening": HistoryFigure(-163.0, "bp", "SSW24, over OIS"),
    "TU dislocation, trading days until then": HistoryFigure(18.0, "days", "SSW24: 13 March"),
    "FV dislocation, trading days until then": HistoryFigure(17.0, "days", "SSW24: 12 March"),
    "TY dislocation, trading days until then": HistoryFigure(16.0, "days", "SSW24: 11 March"),
    "US dislocation, trading days until then": HistoryFigure(22.0, "days", "SSW24: 19 March"),
    "packages given up by 17 March": HistoryFigure(98.5, "$bn", _NET),
    "packages given up by 14 April": HistoryFigure(171.1, "$bn", _NET),
    "the same by 17 March, of the opening": HistoryFigure(20.8, "%", _NET),
    "the same by 17 March, against gross shorts": HistoryFigure(11.6, "%", _GROSS),
    "the same by 14 April, of the opening": HistoryFigure(36.1, "%", _NET),
    "the same by 14 April, against gross shorts": HistoryFigure(26.1, "%", _GROSS),
    "TU packages given up by 14 April": HistoryFigure(99.9, "$bn", _NET),
    "FV packages given up by 14 April": HistoryFigure(27.4, "$bn", _NET),
    "TY packages given up by 14 April": HistoryFigure(20.7, "$bn", _NET),
    "UXY packages given up by 14 April": HistoryFigure(2.9, "$bn", _NET),
    "US packages given up by 14 April": HistoryFigure(-3.8, "$bn", _NET),
    "WN packages given up by 14 April": HistoryFigure(24.0, "$bn", _NET),
    "hedge funds' long Treasuries, first quarter": HistoryFigure(-12.2, "%", "Form PF: all long Treasuries"),
    "hedge funds' repo, first quarter": HistoryFigure(4.3, "%", "Form PF: all repo"),
    "return of hedge funds in March": HistoryFigure(-7.0, "%", "KMPW21: Treasury funds"),
    "asset managers' futures, change to 17 March": HistoryFigure(22.9, "$bn", _MANAGERS),
    "asset managers' futures, change to 14 April": HistoryFigure(-97.4, "$bn", _MANAGERS),
    "asset managers' Treasuries sold by 31 March": HistoryFigure(
        240.0, "$bn", "HNS22, first quarter; ICI: 101"
    ),
    "dealers' Treasuries, change to 11 March": HistoryFigure(61.4, "$bn", _BOOKS),
    "dealers' Treasuries, change to 18 March": HistoryFigure(66.3, "$bn", _BOOKS),
    "dealers' Treasuries, change to 1 April": HistoryFigure(15.1, "$bn", _BOOKS),
    "central bank's repo, change to 18 March": HistoryFigure(278.0, "$bn", "H.4.1"),
    "overnight repo over the policy rate, peak": HistoryFigure(44.0, "bp", "SOFR less IORB, 17 March"),
    "TY initial margin, rise to its peak": HistoryFigure(61.0, "%", "CFL467"),
    "WN initial margin, rise to its peak": HistoryFigure(211.0, "%", "CFL467"),
    "variation margin, 24 February to 9 March": HistoryFigure(
        30.0, "$bn", "literature 6.4: gross shorts, estimate"
    ),
}


def in_public_files(data: PublicData) -> dict[str, float]:
    """The figures of both tables that the public files give, by line."""
    return {**_yields(data), **_futures(data), **_books(data)}


def _yields(data: PublicData) -> dict[str, float]:
    rows = {row["date"]: row for row in data.rows(YIELDS)}

    def change(tenor: str, since: date, until: date) -> float:
        column = f"y{tenor.removesuffix('-year')}"
        return 100.0 * (float(rows[until.isoformat()][column]) - float(rows[since.isoformat()][column]))

    found = {
        f"{tenor} yield, 18 February to 9 March": change(tenor, OPENING, BOTTOM) for tenor in TRADE_OF_TENOR
    }
    found |= {f"{tenor} yield, 9 to 18 March": change(tenor, BOTTOM, TOP) for tenor in TRADE_OF_TENOR}
    found |= {f"{tenor} yield, 18 to 31 March": change(tenor, TOP, QUARTER_END) for tenor in TRADE_OF_TENOR}
    return found


def _futures(data: PublicData) -> dict[str, float]:
    rows = {
        (row["date"], row["contract"]): row for row in data.rows(POSITIONS) if row["report"] == "futures_only"
    }

    def position(column: str, day: date, trades: Iterable[str] = TRADES) -> float:
        return sum(CONTRACTS[name].face / 1e9 * float(rows[day.isoformat(), name][column]) for name in trades)

    def gross(day: date) -> float:
        return position("levfunds_short", day)

    def net(day: date, trades: Iterable[str] = TRADES) -> float:
        return position("levfunds_short", day, trades) - position("levfunds_long", day, trades)

    def managers(day: date) -> float:
        return position("assetmgr_long", day) - position("assetmgr_short", day)

    found = {}
    for day, words in ((MID_MARCH, "17 March"), (MID_APRIL, "14 April")):
        found[f"packages given up by {words}"] = net(OPENING) - net(day)
        found[f"the same by {words}, of the opening"] = 100.0 * (1.0 - net(day) / net(OPENING))
        found[f"the same by {words}, against gross shorts"] = 100.0 * (1.0 - gross(day) / gross(OPENING))
        found[f"asset managers' futures, change to {words}"] = managers(day) - managers(OPENING)
    return found | {
        f"{trade} packages given up by 14 April": net(OPENING, [trade]) - net(MID_APRIL, [trade])
        for trade in TRADES
    }


def _books(data: PublicData) -> dict[str, float]:
    def change(file: str, column: str, until: date, since: date = FIRST_REPORT) -> float:
        rows = {row["date"]: row for row in data.rows(file)}
        return float(rows[until.isoformat()][column]) - float(rows[since.isoformat()][column])

    def in_quarter(column: str) -> float:
        rows = {row["date"]: row for row in data.rows(FORM_PF)}
        return 100.0 * (float(rows["2020-03-31"][column]) / float(rows["2019-12-31"][column]) - 1.0)

    overnight = [
        row for row in data.rows(RATES) if "2020-02-18" < row["date"] <= "2020-05-13" and row["sofr"]
    ]
    return {
        "hedge funds' long Treasuries, first quarter": in_quarter("long_treasury_bn"),
        "hedge funds' repo, first quarter": in_quarter("repo_borrowing_bn"),
        "dealers' Treasuries, change to 11 March": change(DEALERS, "coupons_net", date(2020, 3, 11)),
        "dealers' Treasuries, change to 18 March": change(DEALERS, "coupons_net", TOP),
        "dealers' Treasuries, change to 1 April": change(DEALERS, "coupons_net", date(2020, 4, 1)),
        "dealers' repo borrowed, change to 18 March": change(DEALERS, "ust_repo_out_bn", TOP),
        "dealers' repo borrowed, change to 8 April": change(DEALERS, "ust_repo_out_bn", date(2020, 4, 8)),
        "central bank's repo, change to 18 March": change(RESERVES, "repo_assets", TOP),
        "overnight repo over the policy rate, peak": max(
            100.0 * (float(row["sofr"]) - float(row["iorb"])) for row in overnight
        ),
    }


@dataclass(frozen=True)
class Run:
    """Results of the scenario, looked up by variable, calendar date and trade."""

    results: xr.Dataset

    def values(self, name: str, trade: str = "") -> Paths:
        """A variable on all days, (path, day): of a trade, its hedge or bucket, or added up over all that it has."""
        array = self.results[name]
        for dim in {"bucket", "hedge", "trade"} & set(
            array.dims
        ):  # here a trade, its hedge and bucket share a name
            array = array.sel({dim: trade}) if trade else array.sum(dim, skipna=False)
        return np.asarray(array.values, np.float64)

    def days(self, first: date, last: date) -> NDArray[np.bool_]:
        """Which days lie between two dates, both included."""
        dates = self.results["date"].values.astype("datetime64[D]")
        between: NDArray[np.bool_] = (dates >= np.datetime64(first)) & (dates <= np.datetime64(last))
        return between

    def on(self, name: str, day: date, trade: str = "") -> Paths:
        """A variable on a date, by path."""
        return self.values(name, trade)[:, self.days(day, day)][:, 0]

    def change(self, name: str, since: date, until: date, trade: str = "") -> Paths:
        """Change of a variable between two dates, by path."""
        return self.on(name, until, trade) - self.on(name, since, trade)

    def total(self, name: str, first: date, last: date) -> Paths:
        """A flow from one date to another, both included, by path."""
        flow: Paths = self.values(name)[:, self.days(first, last)].sum(axis=1)
        return flow


def in_model(run: Run) -> dict[str, Paths]:
    """The same figures of the model, by line and path."""
    march = date(2020, 3, 2), QUARTER_END
    volatility = run.on("volatility_multiple", BOTTOM) / run.on("volatility_multiple", date(2020, 2, 20))
    found = {
        "volatility, 9 March over 20 February": volatility,
        "foreign sales in March": run.total("foreign_sales", *march),
        "central bank's purchases, 16 to 31 March": run.total(
            "outright_purchases", date(2020, 3, 16), QUARTER_END
        ),
    }
    for tenor, trade in TRADE_OF_TENOR.items():
        exogenous = run.change("fundamental_yield_change", OPENING, BOTTOM, trade)
        found[f"{tenor} yield, 18 February to 9 March"] = exogenous
        found[f"{tenor} yield, 9 to 18 March"] = run.change("cash_yield_change", BOTTOM, TOP, trade)
        found[f"{tenor} yield, 18 to 31 March"] = run.change("cash_yield_change", TOP, QUARTER_END, trade)
    return found | _dislocations(run) | _funds(run) | _others(run)


def _dislocations(run: Run) -> dict[str, Paths]:
    found: dict[str, Paths] = {}
    for trade in ("TU", "FV", "TY", "US"):
        values = run.values("dislocation", trade)
        day = np.abs(values - values[:, :1]).argmax(axis=1)
        stopped = np.isnan(values[:, -1])
        farthest = np.take_along_axis(values, day[:, None], axis=1)[:, 0]
        found[f"{trade} dislocation, farthest from its opening"] = np.where(stopped, np.nan, farthest)
        found[f"{trade} dislocation, trading days until then"] = np.where(stopped, np.nan, day)
    return found


def _funds(run: Run) -> dict[str, Paths]:
    def given_up(until: date, trade: str = "") -> Paths:
        return -run.change("fund_packages", OPENING, until, trade)

    opening = run.on("fund_packages", OPENING)
    found: dict[str, Paths] = {}
    for day, words in ((MID_MARCH, "17 March"), (MID_APRIL, "14 April")):
        found[f"packages given up by {words}"] = given_up(day)
        found[f"the same by {words}, of the opening"] = 100.0 * given_up(day) / opening
        found[f"the same by {words}, against gross shorts"] = 100.0 * given_up(day) / opening
    found |= {f"{trade} packages given up by 14 April": given_up(MID_APRIL, trade) for trade in TRADES}
    last = date(2020, 2, 28)
    paid = run.total("fund_redemptions", date(2020, 3, 2), QUARTER_END)
    earned = run.change("fund_equity", last, QUARTER_END) + paid
    repo = run.change("fund_repo", OPENING, QUARTER_END) / run.on("fund_repo", OPENING)
    return found | {
        "hedge funds' long Treasuries, first quarter": -100.0 * given_up(QUARTER_END) / opening,
        "hedge funds' repo, first quarter": 100.0 * repo,
        "return of hedge funds in March": 100.0 * earned / run.on("fund_equity", last),
        "variation margin, 24 February to 9 March": _variation_margin(run, date(2020, 2, 24), BOTTOM),
    }


def _variation_margin(run: Run, since: date, until: date) -> Paths:
    """What the shorts open each evening lost on the next day, added up over trades and days."""
    stretch = run.days(since, until)
    lost = np.zeros(len(run.results["path"]))
    for trade in TRADES:
        rise = np.diff(run.values("hedge_price", trade)[:, stretch], axis=1)
        lost += (run.values("fund_packages", trade)[:, stretch][:, :-1] * rise).sum(axis=1)
    return lost


def _others(run: Run) -> dict[str, Paths]:
    def dealers_bonds(day: date) -> Paths:
        worth = np.zeros(len(run.results["path"]))
        for trade in TRADES:
            for name in ("dealer_inventory", "dealer_packages", "estate_packages"):
                worth += run.on(name, day, trade) * run.on("bond_price", day, trade)
        return worth

    def dealers_repo(until: date) -> Paths:
        return run.change("dealer_borrowing", OPENING, until) + run.change("facility_use", OPENING, until)

    def margin_rise(trade: str) -> Paths:
        margin = run.values("initial_margin", trade)
        rise: Paths = 100.0 * (margin.max(axis=1) / margin[:, 0] - 1.0)
        return rise

    opening = dealers_bonds(OPENING)
    return {
        "asset managers' futures, change to 17 March": run.change("asset_manager_hedges", OPENING, MID_MARCH),
        "asset managers' futures, change to 14 April": run.change("asset_manager_hedges", OPENING, MID_APRIL),
        "asset managers' Treasuries sold by 31 March": -run.change(
            "asset_manager_bonds", OPENING, QUARTER_END
        ),
        "dealers' Treasuries, change to 11 March": dealers_bonds(date(2020, 3, 11)) - opening,
        "dealers' Treasuries, change to 18 March": dealers_bonds(TOP) - opening,
        "dealers' Treasuries, change to 1 April": dealers_bonds(date(2020, 4, 1)) - opening,
        "dealers' repo borrowed, change to 18 March": dealers_repo(TOP),
        "dealers' repo borrowed, change to 8 April": dealers_repo(date(2020, 4, 8)),
        "central bank's repo, change to 18 March": run.change("facility_use", OPENING, TOP),
        "overnight repo over the policy rate, peak": run.values("repo_spread").max(axis=1),
        "TY initial margin, rise to its peak": margin_rise("TY"),
        "WN initial margin, rise to its peak": margin_rise("WN"),
    }


def page(run: Run, data: PublicData | None = None) -> str:
    """The two tables in Markdown, with the number of paths behind them.

    Raises
    ------
    ValueError
        If no path finished.
    """
    status = run.results["status"].values
    stopped = int((status != 0).sum())
    if stopped == len(status):
        raise ValueError("no path of the run finished: look at one with unwind run --path 0 --audit.")
    model, measured = in_model(run), in_public_files(data) if data else {}
    said = f"{len(status):,} paths; ± is one Monte Carlo standard error."
    said += f" {stopped:,} paths stopped and are left out." if stopped else ""
    return "\n".join(
        [
            "### What the model is told",
            "",
            *_table(TOLD, model, measured),
            "",
            "### What the model finds",
            "",
            *_table(FOUND, model, measured),
            "",
            said,
        ]
    )


def _table(
    figures: dict[str, HistoryFigure], model: dict[str, Paths], measured: dict[str, float]
) -> list[str]:
    rows = [
        "| | unit | history | model | 5% to 95% of paths | history from |",
        "|---|---|---:|---:|---:|---|",
    ]
    for what, figure in figures.items():
        low, high = (_shown(quantile(model[what], level).value) for level in RANGE)
        cells = (_shown(measured.get(what, figure.value)), _with_error(model[what]), f"{low} to {high}")
        rows.append(f"| {what} | {figure.unit} | {' | '.join(cells)} | {figure.source} |")
    return rows


def _with_error(values: Paths) -> str:
    estimate = mean(values)
    error = estimate.standard_error
    decimals = min(3, max(1, -math.floor(math.log10(error)))) if error > 0.0 else 1
    return f"{_shown(estimate.value, decimals)} ± {error:,.{decimals}f}"


def _shown(value: float, decimals: int = 1) -> str:
    return f"{value:,.{decimals}f}".replace("-", "−")


def simulate(folder: Path, paths: int | None = None) -> Run:
    """Run the shipped scenario into a folder, or take what is finished there.

    Raises
    ------
    OutputError
        If the folder cannot be used, or the run was not finished.
    """
    from simulator.ensemble.execution import run_scenario
    from simulator.results.reading import open_results
    from simulator.scenario.loading import load_scenario

    loaded = load_scenario(SCENARIO, [f"paths={paths}"] if paths else [])
    run_scenario(loaded, folder)
    return Run(open_results(folder))


def put_in_page(file: Path, tables: str) -> None:
    """Replace what stands between the two marks of a page.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} has no place for the tables: it needs the lines {BEGIN} and {END}.")
    file.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}", encoding="utf-8")
