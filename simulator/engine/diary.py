"""The diary of one path: who was called, who sold, who failed, in order. Written only when a path is replayed."""

from simulator.engine.state import State
from simulator.rule import phase

# Kinds of entries, with the sentence each one becomes. ``agent`` and ``trade`` are -1 where they do not apply.
ENTRIES = (
    "{fund} is called for {amount} of variation margin",
    "{fund} is called for {amount} of initial margin",
    "{fund} is called for {amount} by higher haircuts",
    "{fund} loses {amount} of repo that is not rolled",
    "{fund} pays {amount} to investors who redeem",
    "{fund} draws {amount} on its committed line",
    "{fund} turns {amount} of other strategies into cash",
    "{fund} must sell {amount} of {trade}",
    "{fund} cuts {amount} of {trade} at its own limits",
    "{fund} buys {amount} of {trade}",
    "{fund} defaults; its dealers seize bonds worth {amount}",
    "{dealer} takes {amount} of repo back from its clients",
    "{dealer} defaults with {amount} of capital missing",
    "the standing repo facility lends {amount} to {dealer}",
    "the central bank buys {amount} of {trade} outright",
    "the central bank buys {amount} of {trade} packages",
    "another bond becomes cheapest to deliver into {trade}",
    "foreign holders sell {amount} of {trade}",
    "asset managers sell {amount} of Treasuries to pay redemptions",
    "dealers are left with {amount} of {trade} at auction",
    "the clearing house's waterfall pays {amount}",
)
(
    CALLED_VARIATION,
    CALLED_INITIAL,
    CALLED_HAIRCUT,
    CALLED_ROLL,
    CALLED_REDEMPTION,
    DREW_LINE,
    SOLD_OTHER,
    FORCED_SALE,
    LIMIT_SALE,
    ENTERED,
    FUND_DEFAULT,
    TOOK_BACK,
    DEALER_DEFAULT,
    FACILITY_LENT,
    BOUGHT_OUTRIGHT,
    BOUGHT_PACKAGES,
    SWITCHED,
    FOREIGN_SOLD,
    MANAGERS_SOLD,
    AUCTION_LEFT,
    WATERFALL_PAID,
) = range(len(ENTRIES))

#: Amounts below this are not worth a line: 100,000 dollars, in billions.
SMALLEST_ENTRY_BN = 1e-4


@phase
def note(s: State, kind: int, agent: int, trade: int, amount_bn: float) -> None:
    """Write one entry if the diary has room; the count goes on, so that what was left out is known."""
    n = s.diary_count[0]
    if n < s.diary.shape[0]:
        s.diary[n, 0] = s.clock[0]
        s.diary[n, 1] = s.clock[1]
        s.diary[n, 2] = kind
        s.diary[n, 3] = agent
        s.diary[n, 4] = trade
        s.diary[n, 5] = amount_bn
    s.diary_count[0] = n + 1
