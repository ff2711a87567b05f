"""What is wrong with a basis row, in words: what was found, what is allowed, what to do.

The kernel marks a row with a sum of problem codes and goes on; here the codes become sentences, the
same for an error raised in Python and for a line of a CSV file.
"""

from __future__ import annotations

import numpy as np

from simulator.basis import row_kernel as codes
from simulator.basis.dates import FIRST_YEAR, LAST_YEAR
from simulator.basis.inputs import BasisInputs
from simulator.contracts import CONTRACTS


def problem_sentences(inputs: BasisInputs, row: int, problems: int) -> list[tuple[str, str]]:
    """Column and sentence of each problem of a row, in the order of the columns.

    Parameters
    ----------
    problems
        The row's sum of codes, from :func:`simulator.basis.rows.computed_rows`.
    """
    sentences = {
        codes.UNKNOWN_CONTRACT: (
            "contract_kind",
            f"is not a known contract; choose one of {', '.join(CONTRACTS)}",
        ),
        codes.DATE_OUT_OF_RANGE: _date_out_of_range(inputs, row),
        codes.MATURED: (
            "settlement_date",
            f"is {_date(inputs.settlement[row])}, but the bond matures on {_date(inputs.maturity[row])}; "
            "it must settle before it matures; drop the bond or correct the dates",
        ),
        codes.DELIVERY_NOT_AFTER_SETTLEMENT: (
            "delivery_date",
            f"is {_date(inputs.delivery[row])}, not after settlement_date {_date(inputs.settlement[row])}; "
            "delivery must be at least a day later; use a later delivery or the next contract",
        ),
        codes.MATURES_BEFORE_DELIVERY: (
            "maturity_date",
            f"is {_date(inputs.maturity[row])}, not after delivery on {_date(inputs.delivery[row])} in the "
            f"delivery month of {_date(inputs.first_delivery[row])}; a bond must outlive both; "
            "take it out of the basket",
        ),
        codes.COUPON_OUT_OF_RANGE: (
            "coupon_pct",
            f"is {inputs.coupon_pct[row]:g}; it must be between 0 and 100; write 4.25 for 4.25% a year",
        ),
        codes.FREQUENCY_NOT_DELIVERABLE: (
            "coupon_frequency",
            f"is {inputs.frequency[row]}; {_frequencies(int(inputs.contract[row]))}; "
            "write the number of coupons a year",
        ),
        codes.CLEAN_PRICE_NOT_POSITIVE: (
            "clean_price",
            f"is {inputs.clean_price[row]:g}; it must be positive; write points, 101.5 for 101-16",
        ),
        codes.FUTURES_PRICE_NOT_POSITIVE: (
            "futures_price",
            f"is {inputs.futures_price[row]:g}; it must be positive; write points, 110.25 for 110-08",
        ),
        codes.REPO_RATE_OUT_OF_RANGE: (
            "repo_rate_pct",
            f"is {inputs.repo_rate_pct[row]:g}; it must lie between -100 and 1000; write 4.3 for 4.3% a year",
        ),
        codes.FACTOR_NOT_GIVEN: (
            "conversion_factor",
            "is not given; this contract's factors count in days and the exchange publishes them; write "
            "the exchange's",
        ),
        codes.FACTOR_NOT_POSITIVE: (
            "conversion_factor",
            f"is {inputs.given_factor[row]:g}; it must be positive; write it like 0.9321",
        ),
    }
    return [sentence for code, sentence in sentences.items() if problems & code]


def _date_out_of_range(inputs: BasisInputs, row: int) -> tuple[str, str]:
    dates = {
        "first_delivery_date": inputs.first_delivery[row],
        "maturity_date": inputs.maturity[row],
        "settlement_date": inputs.settlement[row],
        "delivery_date": inputs.delivery[row],
    }
    for column, day in dates.items():
        if not codes.EARLIEST_DAY <= day <= codes.LATEST_DAY:
            return (
                column,
                f"is {_date(day)}; years {FIRST_YEAR + 1} to {LAST_YEAR - 1} are allowed; correct it",
            )
    return (
        "maturity_date",
        f"is {_date(inputs.maturity[row])}, more than 100 years after the delivery month; check the year",
    )


def _date(day: np.int64) -> str:
    return str(day.astype("datetime64[D]"))


def _frequencies(number: int) -> str:
    code, contract = list(CONTRACTS.items())[number]
    allowed = " or ".join(str(frequency) for frequency in contract.coupon_frequencies)
    return f"{code} takes bonds that pay {allowed} coupons a year"
