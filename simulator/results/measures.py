"""The table of measures: every figure that readers are told of a run, declared once.

A row says what a figure is called in programs and in words, its unit, which way is worse, along which dimension it
stands, how paths make it, and where it is told. The summary, reports, comparisons, sweeps, attribution and exports
read it here; a figure that all of them tell is one row. What a run stores by day is in
:mod:`simulator.results.variables`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

from simulator.results import reductions as days
from simulator.results.layout import STATUS
from simulator.results.reductions import Reduction

#: A path is dysfunctional when some basis moves by more than this from its opening: three standard
#: deviations of the 10-year spot-futures spread, 15 bp from 2010 to February 2020 (Siriwardane, Sunderam and
#: Wallen, table 1). In March 2020 the spreads of the 2, 5 and 10-year contracts
#: reached 95, 93 and 68 bp.
DYSFUNCTION_BP = 45.0
#: Cash missing at funds below 100,000 dollars is the tolerance of the rounds (`numerics.tolerance`), fund by fund.
SHORTFALL_THAT_COUNTS_BN = 1e-4
#: Causes of sales that are voluntary; all others (calls, own limits, closing out) force it.
CHOSEN = ("choice",)
#: What a shortfall of a distribution is the average of: its worst 5% of paths.
TAIL = 0.95

_THAT_DAY = "on the day on which private selling adds most to the market, in size"
_FORCED = "by calls, own limits or closing out; not voluntary"

#: Unit of what $100bn of sales cost: the one kind of figure of which readers are told whether it differs from zero.
PER_100BN = "bp per $100bn"

Worse = Literal["higher", "lower", "neither"]
#: Tables of the summary; none for what it does not tell.
TableKey = Literal[
    "", "yields", "impact", "dislocations", "deleveraging", "causes", "funding", "flows", "failures"
]  # fmt: skip
#: Groups of a comparison; none for what is not compared.
Group = Literal["", "market", "funds", "funding", "failures", "cost"]


class Event(NamedTuple):
    """Something that happens on a path or not: an outcome lies above a level, for any label of its dimension."""

    outcome: str
    above: float = 0.0


class Ratio(NamedTuple):
    """A ratio of the averages of two outcomes over paths, times a factor."""

    numerator: str
    denominator: str
    factor: float = 1.0


class Opening(NamedTuple):
    """What is told beside an outcome: a stored variable on day 0, the heading of its column, and decimals.

    ``tells_share`` adds the outcome as a share of it.
    """

    variable: str
    heading: str
    decimals: int
    tells_share: bool = False


How = TypeVar("How", bound=Reduction | Event | Ratio, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Measure(Generic[How]):
    """One figure of a run.

    Parameters
    ----------
    key
        Its name in programs: datasets, JSON, sweep files.
    label
        Its name in words, with which a sentence of a table could begin; of an event what happens.
    unit
        Of the value: ``bp``, ``$bn``, ``1`` for a fraction or a count, ``probability``, ``x`` for a multiple.
    of
        How it is made: of the days of a path (an outcome, one value a path, told as an average over paths), an
        event (told as a probability) or a ratio of averages.
    dim
        Dimension besides the path: ``trade``, ``channel`` or ``call``; none for the market as a whole.
    worse
        Which way is worse.
    decimals
        Shown of the value in its unit; more where the error asks for them.
    in_percent
        Whether readers are told a fraction in per cent.
    note
        What references and datasets add to the label.
    short
        The label in few words, for charts and narrow tables; the label itself if there is none.
    heading
        Of its column in a table of the summary, whose title says the rest.
    table, quantiles
        Where the summary tells it, and whether as an average, as the value that 5% of paths exceed, or both.
    opening
        What the summary tells beside it.
    in_all
        Key of the same over all labels of its dimension.
    happens_above
        Level above which it counts as having happened; the summary tells the share of such paths.
    group
        Where a comparison tells it.
    has_tail
        Whether a comparison tells its worst 5% of paths too.
    by_label
        Words for one label of its dimension, with ``{}`` for the label, where a comparison tells each of them.
    neutral
        Labels for which neither way is worse.
    is_kept
        Whether it is an outcome of every run and sweep; what is not is asked for by name.
    """

    key: str
    label: str
    unit: str
    of: How
    dim: str = ""
    worse: Worse = "neither"
    decimals: int = 1
    in_percent: bool = False
    note: str = ""
    short: str = ""
    heading: str = ""
    table: TableKey = ""
    quantiles: Literal["mean", "high", "both"] = "mean"
    opening: Opening | None = None
    in_all: str = ""
    happens_above: float | None = None
    group: Group = ""
    has_tail: bool = False
    by_label: str = ""
    neutral: tuple[str, ...] = ()
    is_kept: bool = True

    @property
    def in_short(self) -> str:
        """The label in few words."""
        return self.short or self.label

    @property
    def meaning(self) -> str:
        """What its values are, for references and datasets."""
        words = f"{self.label}, {self.note}" if self.note else self.label
        return f"probability that {words}" if isinstance(self.of, Event) else words

    @property
    def stored_unit(self) -> str:
        """Unit in a dataset, where pure numbers of all kinds are ``1``."""
        return "1" if self.unit in ("probability", "x") else self.unit

    @property
    def told_unit(self) -> str:
        """Unit in which readers are told it."""
        if isinstance(self.of, Event):
            return "% of paths"
        return "%" if self.in_percent else "" if self.unit == "1" else self.unit

    @property
    def scale(self) -> float:
        """Told values over values in its own unit."""
        return 100.0 if self.in_percent or isinstance(self.of, Event) else 1.0

    @property
    def told_decimals(self) -> int:
        """Decimals of told values."""
        return max(self.decimals - 2, 0) if self.scale > 1.0 else self.decimals


def with_unit(words: str, unit: str) -> str:
    """Words with the unit of what they name, if it has one.

    Examples
    --------
    >>> with_unit("average haircut, peak", "%"), with_unit("hedge funds closed out", "")
    ('average haircut, peak, %', 'hedge funds closed out')
    """
    return f"{words}, {unit}" if unit else words


def _impacts(kind: str, label: str) -> Iterator[Measure[Reduction]]:
    """What $100bn of one kind of sale cost at the time: on all days, with spare capacity at dealers, and without."""
    told = {
        "": (None, "all days", ""),
        "_with_room": (True, "spare capacity", "with spare capacity"),
        "_without_room": (False, "near limits", "near their limits"),
    }
    for ending, (has_room, state, opened) in told.items():
        where = f", on days that dealers open {opened}" if opened else ""
        yield Measure(
            key=f"{kind}_impact{ending}", label=f"{label}{where}", note="by a test sale on one day of each path",
            unit=PER_100BN, dim="trade", of=days.impact(f"{kind}_impact", has_room=has_room), worse="higher",
            decimals=2, short=f"{label}{', ' if where else ''}{state if where else ''}", table="impact",
            heading=f"{'sold outright' if kind == 'sale' else 'unwound'}, {state}", group="market",
        )  # fmt: skip


_ROWS: tuple[Measure[Any], ...] = (
    Measure(key=STATUS.name, label=STATUS.meaning, unit=STATUS.unit, of=lambda arrays: arrays[STATUS.name]),
    # Bases and margins
    Measure(
        key="dislocation_farthest", label="basis on the day of its largest move", unit="bp",
        dim="trade", of=days.farthest("dislocation"), table="dislocations", heading="at its largest move",
        opening=Opening("dislocation", "opening", 1),
    ),
    Measure(
        key="dislocation_move", label="basis, largest move", note="from the opening, in size", unit="bp",
        dim="trade", of=days.largest_move("dislocation"), worse="higher", short="basis",
        table="dislocations", heading="move", quantiles="high", group="market", has_tail=True,
        by_label="basis of {}, largest move",
    ),
    Measure(
        key="dislocation_end", label="basis at the end", unit="bp", dim="trade",
        of=days.end("dislocation"), table="dislocations", heading="end",
    ),
    Measure(
        key="dislocation_rise", label="rise of the basis against funds, averaged by their positions, peak",
        unit="bp", of=days.rise_against_funds, worse="higher", short="rise of the basis", is_kept=False,
    ),
    Measure(
        key="margin_peak", label="initial margin per face, peak", unit="1", dim="trade",
        of=days.peak("initial_margin"), decimals=4, in_percent=True, table="dislocations",
        heading="margin, peak", opening=Opening("initial_margin", "margin, opening", 2),
    ),
    Measure(
        key="implied_repo_low", label="implied repo rate of futures a year, lowest", note="0 for swaps", unit="1",
        dim="trade", of=days.low("implied_repo"), decimals=4, in_percent=True,
    ),
    Measure(
        key="turnover_peak", label="futures traded in a day over open interest, peak", unit="x",
        dim="trade", of=days.peak("volume_over_open_interest"), decimals=2,
    ),
    # Yields: what is told and drawn, what private selling adds, what policy takes away
    Measure(
        key="drawn_yield", label="drawn change of the fundamental yield", note="on the day of the told shock",
        unit="bp", dim="trade", of=days.on_told_day,
    ),
    Measure(
        key="drawn_volatility", label="drawn volatility over its opening level",
        note="on the day of the told shock", unit="x", of=days.volatility_on_told_day, decimals=2,
    ),
    Measure(
        key="added", label="what private selling adds to the yield",
        note=f"without policy, {_THAT_DAY}", unit="bp", dim="trade",
        of=days.when_selling_adds_most(days.added_by_selling), worse="higher", short="added by private selling",
        table="yields", heading="private selling adds", quantiles="both", in_all="added_in_all", group="market",
        by_label="what private selling adds to the yield of {}",
    ),
    Measure(
        key="added_in_all", label="what private selling adds to yields, averaged over the market",
        note=f"without policy, {_THAT_DAY}", unit="bp",
        of=days.market_when_selling_adds_most(days.added_by_selling), worse="higher",
        short="added by private selling",
    ),
    Measure(
        key="added_outright", label="of what private selling adds, the pressure of outright sales",
        note=f"without policy, {_THAT_DAY}", unit="bp", dim="trade",
        of=days.when_selling_adds_most(days.pressure_without_policy), table="yields", heading="of it outright",
    ),
    Measure(
        key="taken_away", label="what policy takes away from the yield", note=_THAT_DAY, unit="bp", dim="trade",
        of=days.when_selling_adds_most(days.taken_away_by_policy), worse="lower",
        short="taken away by policy", table="yields", heading="policy takes away", in_all="taken_away_in_all",
        group="market", by_label="what policy takes away from the yield of {}",
    ),
    Measure(
        key="taken_away_in_all", label="what policy takes away from yields, averaged over the market",
        note=_THAT_DAY, unit="bp", of=days.market_when_selling_adds_most(days.taken_away_by_policy),
        worse="lower", short="taken away by policy",
    ),
    Measure(
        key="exogenous_peak", label="largest exogenous yield change, in size", unit="bp", dim="trade",
        of=days.largest_size("fundamental_yield_change"),
    ),
    Measure(
        key="total_peak", label="largest total yield change, in size", unit="bp", dim="trade",
        of=days.largest_size("cash_yield_change"), table="yields", heading="total, peak",
    ),
    Measure(
        key="exogenous_end", label="exogenous yield change at the end", unit="bp", dim="trade",
        of=days.end("fundamental_yield_change"), table="yields", heading="exogenous, end",
    ),
    Measure(
        key="total_end", label="total yield change at the end", unit="bp", dim="trade",
        of=days.end("cash_yield_change"), table="yields", heading="total, end",
    ),
    # What $100bn of sales cost at the time
    *_impacts("sale", "rise of the yield for bonds sold outright"),
    *_impacts("unwind", "rise of the basis for positions unwound"),
    Measure(
        key="pressure_peak", label="outright pressure on yields, peak", unit="bp", dim="trade",
        of=days.peak("outright_pressure"), worse="higher", short="pressure on yields", group="market",
    ),
    Measure(
        key="pressure_over_outstanding",
        label="outright pressure on yields, averaged by what is outstanding, peak", unit="bp",
        of=days.pressure_over_outstanding, worse="higher", short="outright pressure", is_kept=False,
    ),
    # Hedge funds
    Measure(
        key="unwound", label="positions unwound in the trade", note="at the lowest point", unit="$bn",
        dim="trade", of=days.unwound, worse="higher", table="deleveraging", heading="unwound", quantiles="both",
        opening=Opening("fund_packages", "opening", 0, tells_share=True), in_all="unwound_in_all",
    ),
    Measure(
        key="unwound_in_all", label="positions unwound", note="in all trades, at the lowest point", unit="$bn",
        of=days.unwound_in_all, worse="higher", group="funds", has_tail=True,
    ),
    Measure(
        key="sold", label="positions sold by funds, all days", unit="$bn", dim="trade",
        of=days.total("fund_sales"), table="deleveraging", heading="sold, all days",
    ),
    Measure(
        key="sold_without_policy", label="positions that funds sell without policy, all days", unit="$bn",
        dim="trade", of=days.sold_without_policy, table="deleveraging", heading="sold without policy",
    ),
    Measure(
        key="sold_in_all", label="positions sold by funds in all trades", unit="$bn",
        of=days.all_sales,
    ),
    Measure(
        key="forced", label="positions that funds are forced to sell", note=_FORCED, unit="$bn",
        of=days.forced_sales(CHOSEN),
    ),
    Measure(
        key="forced_share", label="forced share of the positions sold", note=_FORCED, unit="1",
        of=Ratio("forced", "sold_in_all"), worse="higher", decimals=3, in_percent=True, short="forced sales",
        group="funds",
    ),
    Measure(
        key="sold_by_channel", label="positions sold, by cause", unit="$bn", dim="channel",
        of=days.total("fund_sales_by_channel"), worse="higher", table="causes", heading="sold", group="funds",
        by_label="positions sold because of {}", neutral=CHOSEN,
    ),
    Measure(
        key="called", label="cash called from funds, all days", unit="$bn", dim="call",
        of=days.total("fund_calls"), table="causes", heading="called",
    ),
    Measure(
        key="fund_equity_low", label="equity of hedge funds, lowest", unit="$bn", of=days.low("fund_equity"),
        worse="lower", decimals=2, group="funds",
    ),
    Measure(
        key="fund_equity_lost", label="equity of hedge funds lost by the end", unit="$bn", of=days.equity_lost,
        worse="higher", short="fund equity lost", is_kept=False,
    ),
    # Repo and dealers
    Measure(
        key="repo_spread_peak", label="wholesale repo rate over policy rate, peak", unit="bp",
        of=days.peak("repo_spread"), worse="higher", table="funding", group="funding",
    ),
    Measure(
        key="repo_spread_highest_peak", label="repo rate of the dealer that pays most, over policy rate, peak",
        unit="bp", of=days.peak("repo_spread_highest"), worse="higher", table="funding", group="funding",
    ),
    Measure(
        key="client_repo_spread_peak", label="repo rate of funds over policy rate, peak", unit="bp",
        of=days.peak("client_repo_spread"), worse="higher", short="repo rate of funds", table="funding",
        group="funding",
    ),
    Measure(
        key="haircut_peak", label="average haircut, peak", unit="1", of=days.peak("mean_haircut"),
        worse="higher", decimals=4, in_percent=True, short="haircut", table="funding", group="funding",
    ),
    Measure(
        key="balance_sheet_cost_peak", label="cost of dealers' balance sheet, peak", unit="bp",
        of=days.peak("balance_sheet_cost"), worse="higher", table="funding", group="funding",
    ),
    Measure(
        key="dealer_use_peak", label="dealers' use of their limits, peak",
        note="balance sheets over leverage limits", unit="1", of=days.peak("dealer_use"), worse="higher",
        decimals=3, in_percent=True, short="dealers' use", table="funding", group="funding",
    ),
    Measure(
        key="tightest_use_peak", label="the tightest dealer's use of its limit, peak", unit="1",
        of=days.peak("dealer_use_highest"), worse="higher", decimals=3, in_percent=True, table="funding",
    ),
    Measure(
        key="repo_taken_back", label="repo taken back from funds, all days", unit="$bn",
        of=days.total("repo_taken_back"), worse="higher", table="funding", group="funding",
    ),
    Measure(
        key="dealer_margin_peak", label="initial margin of dealers, peak", unit="$bn", of=days.peak("dealer_margin"),
        worse="higher", table="funding", group="funding",
    ),
    Measure(
        key="dealer_capital_end", label="dealers' capital at the end", unit="$bn",
        of=days.end("dealer_capital"), worse="lower",
    ),
    # Central bank and flows
    Measure(
        key="outright_purchases", label="bought outright by the central bank", unit="$bn",
        of=days.total("outright_purchases"), table="flows", group="cost",
    ),
    Measure(
        key="hedged_purchases", label="positions bought by the central bank (hedged purchases)", unit="$bn",
        of=days.total("hedged_purchases"), table="flows", group="cost",
    ),
    Measure(
        key="facility_peak", label="standing repo facility, peak use", unit="$bn", of=days.peak("facility_use"),
        table="flows", group="cost",
    ),
    Measure(
        key="facility_days", label="standing repo facility, use times days", unit="$bn days",
        of=days.total("facility_use"), group="cost",
    ),
    Measure(
        key="central_bank_peak", label="bought and lent by the central bank, peak", unit="$bn",
        of=days.outlay_peak, group="cost",
    ),
    Measure(
        key="central_bank_gain", label="price gain on purchases at the end",
        note="of the central bank, marked to the last day, without carry", unit="$bn",
        of=days.central_bank_gain, group="cost",
    ),
    Measure(
        key="foreign_sales", label="sold by foreign holders", unit="$bn", of=days.total("foreign_sales"),
        table="flows",
    ),
    Measure(
        key="fund_redemptions", label="redemptions from hedge funds", note="paid or owed", unit="$bn",
        of=days.total("fund_redemptions"), table="flows",
    ),
    Measure(
        key="asset_manager_redemptions", label="redemptions from asset managers", unit="$bn",
        of=days.total("asset_manager_redemptions"), table="flows",
    ),
    # Dysfunction and failures
    Measure(
        key="dysfunction", label=f"a basis moves more than {DYSFUNCTION_BP:.0f} bp",
        unit="probability", of=Event("dislocation_move", DYSFUNCTION_BP), worse="higher",
        decimals=3, short="market dysfunctional", table="failures", group="failures",
    ),
    Measure(
        key="dealer_fails", label="a dealer is closed out", unit="probability",
        of=Event("dealers_failed"), worse="higher", decimals=3, table="failures",
        group="failures",
    ),
    Measure(
        key="dealers_at_limits", label="dealers are at their limits", unit="probability",
        of=Event("dealer_use_peak", 1.0), worse="higher", decimals=3, table="failures",
        group="failures",
    ),
    Measure(
        key="fund_fails", label="a hedge fund is closed out", unit="probability", of=Event("funds_failed"),
        worse="higher", decimals=3, group="failures",
    ),
    Measure(
        key="waterfall_used", label="the clearing house's waterfall pays", unit="probability",
        of=Event("waterfall_losses"), worse="higher", decimals=3,
    ),
    Measure(
        key="shortfall", label="a shortfall is left after the last round of a day", unit="probability",
        of=Event("shortfall_left", SHORTFALL_THAT_COUNTS_BN), worse="higher", decimals=3,
    ),
    Measure(
        key="funds_failed", label="hedge funds closed out", unit="1", of=days.end("funds_failed"),
        worse="higher", short="funds closed out", decimals=2, table="failures", happens_above=0.0,
        group="failures",
    ),
    Measure(
        key="dealers_failed", label="dealers closed out", unit="1", of=days.end("dealers_failed"),
        worse="higher", decimals=2,
    ),
    Measure(
        key="dealer_client_losses", label="dealers' losses on failed funds", unit="$bn",
        of=days.total("dealer_client_losses"), worse="higher", decimals=3, table="failures", happens_above=0.0,
        group="failures",
    ),
    Measure(
        key="waterfall_losses", label="losses paid by the clearing house's waterfall", unit="$bn",
        of=days.total("waterfall_losses"), worse="higher", decimals=3, table="failures", happens_above=0.0,
        group="failures",
    ),
    Measure(
        key="unpaid_protection", label="protection that failed sellers never paid", unit="$bn",
        of=days.total("unpaid_protection"), worse="higher", table="failures", happens_above=0.0, group="failures",
    ),
    Measure(
        key="public_capital", label="public capital for the last dealer", unit="$bn",
        of=days.total("public_capital"), worse="higher", table="failures", happens_above=0.0, group="failures",
    ),
    Measure(
        key="shortfall_left", label="shortfall left after the last round of a day, largest", unit="$bn",
        of=days.peak("shortfall_left"), worse="higher", table="failures",
        happens_above=SHORTFALL_THAT_COUNTS_BN,
    ),
    Measure(key="rounds_peak", label="most rounds in a day", unit="1", of=days.peak("rounds")),
)  # fmt: skip

#: All measures by key, in the order in which they are told.
MEASURES = {row.key: row for row in _ROWS}


def outcomes() -> tuple[Measure[Reduction], ...]:
    """Measures that are one value a path (or one a trade, channel or call), kept of every run and sweep."""
    return tuple(
        cast("Measure[Reduction]", row)
        for row in MEASURES.values()
        if row.is_kept and not isinstance(row.of, Event | Ratio)
    )


def events() -> tuple[Measure[Event], ...]:
    """Measures that are probabilities."""
    return tuple(cast("Measure[Event]", row) for row in MEASURES.values() if isinstance(row.of, Event))


def ratios() -> tuple[Measure[Ratio], ...]:
    """Measures that are ratios of averages."""
    return tuple(cast("Measure[Ratio]", row) for row in MEASURES.values() if isinstance(row.of, Ratio))


def in_table(table: TableKey) -> tuple[Measure[Any], ...]:
    """Measures that a table of the summary tells."""
    return tuple(row for row in MEASURES.values() if row.table == table)
