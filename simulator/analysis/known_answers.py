"""Known answers: values of the literature, each beside what this code gives, to the digits printed there.

``python -m simulator.cli.upkeep known-answers`` prints the table and exits with 1 when a row fails;
``--markdown`` prints it as the documentation shows it. Every value is computed when asked for. A published
number holds when the computed one rounds to it, digit by digit; ``2.0 to 2.6`` and ``above 5`` are ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from simulator.agents.asset_manager import futures_demand_bn
from simulator.analysis.counterparty_loss import clearing_equity, debt_rank_equity, default_cascade_equity
from simulator.analysis.fire_sale import banks_from_disclosure, fire_sale
from simulator.analysis.leverage_cycles import LeverageCycle, clustering, leverage_cycle, loss_exponent
from simulator.analysis.portfolio_overlap import vulnerability
from simulator.literature import hedge_equilibrium, spiral
from simulator.market import hedge_market, impact

FIVE_BANKS = ([45, 36, 60, 33, 48], [4.5, 3.6, 6.0, 3.3, 4.8], [100, 80, 200, 60, 120], [60, 50, 150, 60, 20])
"""Five banks with assets of 1,000: equity, leverage ratio in %, debt securities, government bonds."""

_FIVE_BANK_TABLE = """
0 0.01 0.04 | 0 0 0 0 0 0 | 0 .25 .25 .25 .25 .25 | 0.9729622385 0.9370378666 |
    40.14076154 34.02038024 49.20379192 31.111136 44.03698119;
0.05 0.01 0.04 | 0 1 0 1 0 0 | 0 .25 .4285714286 1 1 1 | 0.8179069376 0.7770115907 |
    35.70062575 31.59908291 26.61190639 28.2055792 32.15937411;
0.05 0.05 0.04 | 0 5 0 0 0 0 | 0 .25 1 1 1 1 | 0.3584859224 0.3405616263 |
    0.22610957 24.83386333 -32.63320343 21.95047889 -0.38060272;
0.10 0 0.04 | 1 0 0 0 0 0 | 0 .4285714286 .4285714286 .4285714286 .4285714286 .4285714286 | 1 0.9 |
    39 31 45 27 46;
0.10 0.01 0.04 | 1 2 0 0 0 0 | 0 .4285714286 1 1 1 1 | 0.8179069376 0.7361162438 |
    35.17922867 27.91928117 20.1533226 24.41831603 31.29822961;
0.10 0.02 0.04 | 1 2 1 0 0 0 | 0 .4285714286 1 1 1 1 | 0.6676079718 0.6008471746 |
    31.64813458 25.07451475 -1.10988715 22.06096579 18.71044759;
0.10 0.05 0.04 | 1 4 0 0 0 0 | 0 .4285714286 1 1 1 1 | 0.3584859224 0.3226373302 |
    22.59605649 17.79420048 -48.38760987 16.16589736 -9.38530031;
0.20 0.01 0.04 | 2 2 1 0 0 0 | 0 .7857142857 1 1 1 1 | 0.8179069376 0.6543255501 |
    26.78637836 20.99505418 17.06202916 16.86324498 26.86751749;
0.10 0.01 1.0 | 1 2 0 0 0 0 | 0 .5469864538 1 1 1 1 | 0.8179069376 0.7361162438 |
    34.14535071 27.10441196 21.45569252 23.94478704 32.28881705
"""
# From the public code of Farmer and others (2020) on the five banks: shock to government bonds, fall at 5%
# sold, buffer | failures by step | share sold by step | prices (corporate, government) | equity at the end.
FIVE_BANK_ROWS = [[field.strip() for field in row.split("|")] for row in _FIVE_BANK_TABLE.split(";")]

SEEDS = range(16)
"""Runs over which the leverage cycles are averaged."""


class KnownAnswer(NamedTuple):
    """One row: what the source prints, and what comes out here."""

    model: str
    source: str
    quantity: str
    expected: str
    obtained: Sequence[float]

    @property
    def holds(self) -> bool:
        """Whether every number rounds to the one expected, or lies in the range."""
        words = self.expected.split()
        if words[0] == "above":
            return self.obtained[0] > float(words[1])
        if "to" in words:
            return float(words[0]) <= self.obtained[0] <= float(words[2])
        pairs = zip(words, self.obtained, strict=True)
        return all(abs(float(word) - value) <= 0.500001 * 10.0 ** -_digits(word) for word, value in pairs)

    @property
    def shown(self) -> str:
        """The obtained numbers, with as many digits as the source prints (four for a range)."""
        words = self.expected.split()
        if words[0] == "above" or "to" in words:
            return f"{self.obtained[0]:.4g}"
        return " ".join(f"{v:.{_digits(w)}f}" for w, v in zip(words, self.obtained, strict=True))


def _digits(word: str) -> int:
    return len(word.partition(".")[2])


def impact_answers() -> Iterator[KnownAnswer]:
    """Ten billion sold in a day, by tenor, in bp: depth of Cont and Schaanning, and square root."""
    for tenor, volume, volatility, duration, expected in (
        ("2-year", 52.0, 9.50e-4, 1.90, "2.4 1.6"),
        ("5-year", 115.0, 2.520e-3, 4.48, "1.2 1.2"),
        ("10-year", 93.0, 4.536e-3, 8.06, "1.5 1.4"),
        ("30-year", 25.0, 8.319e-3, 16.0, "5.2 2.5"),
    ):
        depth_bn = impact.market_depth_bn(0.4, volume, volatility, 1.0)
        falls = (
            impact.exponential_impact(10.0, depth_bn, 1.0, 0.5, 1.0),
            impact.square_root_impact(10.0, volume, volatility, 0.75),
        )
        obtained = [impact.yield_rise_bp(fall, duration) for fall in falls]
        quantity = f"{tenor}, $10bn in a day, bp: exponential, square root"
        yield KnownAnswer(
            "Price impact", "Cont and Schaanning; Tóth and others", quantity, expected, obtained
        )


def spiral_answers() -> Iterator[KnownAnswer]:
    """Loss spiral of one fund, and the funding response of Brunnermeier and Pedersen."""
    feedback = spiral.spiral_feedback(11.0, 4e-4, 100.0)
    for quantity, expected, value in (
        ("multiplier at a feedback of 0.4", "1.666667", spiral.spiral_multiplier(feedback)),
        ("the same from 60 rounds", "1.666667", spiral.total_loss_bn(1.0, 11.0, 4e-4, 100.0, 60)),
        ("leverage at the threshold", "26.0", spiral.threshold_leverage(4e-4, 100.0)),
        (
            "8,000 rounds with 1% more leverage",
            "above 1e9",
            spiral.total_loss_bn(1.0, 26.26, 4e-4, 100.0, 8000),
        ),
    ):
        yield KnownAnswer("Loss spiral", "geometric series", quantity, expected, (value,))
    for quantity, slope, held, opening, expected in (
        ("dp/dη, m = 10", 0.0, 0.0, 0.0, "0.025"),
        ("dp/dη, x0 = 8", 0.0, 0.0, 8.0, "0.03125"),
        ("dp/dη, m' = -1, x = 5, x0 = 8", -1.0, 5.0, 8.0, "0.037037"),
    ):
        value = spiral.price_response_to_funding(10.0, slope, held, opening, 0.5)
        yield KnownAnswer("Margin spiral", "Brunnermeier and Pedersen (2009)", quantity, expected, (value,))


def hedge_market_answers() -> Iterator[KnownAnswer]:
    """Equilibrium of the hedge market, a forced unwinding, and the hedged purchase that undoes it."""
    choke, demand, dealer, unnetted, fund = 100.0, 0.05, 0.1, 0.5, 0.04

    def clear(package_bn: float, purchase_bn: float) -> tuple[float, float]:
        repo_bp = hedge_equilibrium.fund_repo_cost_bp(package_bn, unnetted, dealer)
        cleared_bp = hedge_market.clearing_dislocation_bp(
            package_bn + purchase_bn, choke, demand, 0.0, repo_bp, dealer
        )
        return cleared_bp, hedge_equilibrium.dealer_package_bn(cleared_bp, 0.0, repo_bp, dealer)

    opening_bp = hedge_equilibrium.equilibrium_dislocation_bp(choke, demand, dealer, unnetted, fund, 0.0)
    futures_bn = futures_demand_bn(choke / demand, opening_bp, demand)
    funds_bn = hedge_equilibrium.unconstrained_fund_package_bn(opening_bp, unnetted, fund)
    purchase_bn = hedge_equilibrium.neutral_hedged_purchase_bn(200.0, unnetted)
    opening = (opening_bp, futures_bn, funds_bn, clear(funds_bn, 0.0)[1])
    after = (purchase_bn, clear(funds_bn - 200.0, purchase_bn)[0])
    forced = clear(funds_bn - 200.0, 0.0)
    for quantity, expected, obtained in (
        ("dislocation, futures, funds, dealers", "55.172 896.55 689.66 206.90", opening),
        ("200 forced out: dislocation, dealers", "58.506 340.23", forced),
        ("hedged purchase, dislocation after it", "100 55.172", after),
        ("its distance from the opening, bp", "0.000000000000", (abs(after[1] - opening_bp),)),
    ):
        yield KnownAnswer("Hedge market", "after Kashyap and others (2025)", quantity, expected, obtained)


def fire_sale_answers() -> Iterator[KnownAnswer]:
    """Nine fire sales of five banks: failures, shares sold, prices and equity."""
    banks = banks_from_disclosure(*FIVE_BANKS)
    for case, *expected in FIVE_BANK_ROWS:
        shock, fall, buffer_ratio = map(float, case.split())
        sale = fire_sale(banks, [0.0, shock], fall, buffer_ratio=buffer_ratio)
        obtained = (sale.defaults_by_step(), sale.sold_share, sale.price[-1], sale.equity_bn[-1])
        outputs = zip(("failures", "share sold", "prices", "equity"), (0, 10, 10, 8), strict=True)
        for (what, digits), words, values in zip(outputs, expected, obtained, strict=True):
            quantity = f"shock {shock:g}, fall {fall:g}, buffer {buffer_ratio:g}: {what}"
            printed = " ".join(f"{float(word):.{digits}f}" for word in words.split())
            yield KnownAnswer(
                "Five banks", "code of Farmer and others (2020)", quantity, printed, list(values)
            )


def vulnerability_answers() -> Iterator[KnownAnswer]:
    """Two banks with two assets in the linear model of vulnerable banks."""
    assets, equity = [100.0, 100.0], [5.0, 10.0]
    result = vulnerability(assets, equity, [19.0, 9.0], [[0.6, 0.4], [0.3, 0.7]], [1e-3, 2e-3], [-0.02, 0.0])
    direct = float(np.dot(assets, result.direct_return) / sum(equity))
    for quantity, expected, obtained in (
        ("direct loss, aggregate vulnerability", "-0.12 -0.281", (direct, result.aggregate)),
        ("sales", "-15.3 -12.9", result.sold_bn),
        ("systemicness", "-0.21584 -0.06516", result.systemicness),
        ("indirect vulnerability", "-0.39 -0.2265", result.indirect),
    ):
        yield KnownAnswer(
            "Vulnerable banks", "Greenwood and others (2015)", quantity, expected, list(obtained)
        )


def counterparty_answers() -> Iterator[KnownAnswer]:
    """Three banks in a ring of debts that lose half of their equity."""
    ring = 0.5 * np.roll(np.eye(3), 1, axis=1)
    opening, shocked = [1.0] * 3, [0.5] * 3
    half, zero = "0.5 0.5 0.5", "0.00 0.00 0.00"
    for source, quantity, expected, obtained in (
        ("Eisenberg and Noe (2001)", "equity", half, clearing_equity([9.5, 4.5, 2.5], [9, 4, 2], ring)),
        ("Furfine (2003)", "equity", half, default_cascade_equity(shocked, ring)),
        ("linear DebtRank", "one round", "0.25 0.25 0.25", debt_rank_equity(opening, shocked, ring, 1)[0]),
        ("linear DebtRank", "in the limit", zero, debt_rank_equity(opening, shocked, ring)[0]),
    ):
        yield KnownAnswer("Debts in a ring", source, quantity, expected, list(obtained))


def _tail(runs: list[LeverageCycle]) -> tuple[float, float]:
    exponents = np.array([loss_exponent(run.losses)[0] for run in runs])
    return float(exponents.mean()), float(exponents.std(ddof=1) / np.sqrt(exponents.size))


def leverage_answers() -> Iterator[KnownAnswer]:
    """Tails and clustering of returns as the limit on leverage rises, with errors from the spread of runs."""
    runs = {limit: [leverage_cycle(limit, seed) for seed in SEEDS] for limit in (0, 1, 2, 5, 10)}
    tails = {limit: _tail(runs[limit]) for limit in (1, 2, 5, 10)}
    rows = [("tail exponent at leverage 10, acceptance", "2.0 to 2.6", tails[10][0])]
    # A reference of three runs: five of its standard errors (exponent over root of 261 losses) either way.
    for limit, expected in ((1, "5.7 to 10.7"), (2, "4.6 to 8.6"), (5, "2.2 to 4.2"), (10, "1.5 to 2.9")):
        rows.append((f"tail exponent at leverage {limit}", expected, tails[limit][0]))
    for low, high in ((1, 2), (2, 5), (5, 10)):
        error = np.hypot(tails[low][1], tails[high][1])
        quantity = f"fall of the exponent from leverage {low} to {high}, standard errors"
        rows.append((quantity, "above 5", float((tails[low][0] - tails[high][0]) / error)))
    excess = np.array(
        [clustering(a.returns) - clustering(b.returns) for a, b in zip(runs[10], runs[0], strict=True)]
    )
    calmer = np.array([a.returns.std() - b.returns.std() for a, b in zip(runs[0], runs[10], strict=True)])
    for quantity, sample in (("rise of clustering", excess), ("fall of standard deviation", calmer)):
        ratio = float(sample.mean() / (sample.std(ddof=1) / np.sqrt(sample.size)))
        rows.append((f"{quantity} from no funds to leverage 10, standard errors", "above 5", ratio))
    for quantity, expected, value in rows:
        yield KnownAnswer("Leverage cycles", "Thurner and others (2012)", quantity, expected, (value,))


def all_answers() -> Iterator[KnownAnswer]:
    """Every known answer of the small models, in the order of the documentation."""
    for group in (
        impact_answers,
        spiral_answers,
        hedge_market_answers,
        fire_sale_answers,
        vulnerability_answers,
        counterparty_answers,
        leverage_answers,
    ):
        yield from group()
