"""The diary of one path: who was called, who sold, who failed, in order. Written only when a path is replayed."""

from simulator.engine.state import State
from simulator.rule import phase

# Kinds of entries, with the sentence each one becomes. ``agent`` and ``market`` are -1 where they do not apply.
ENTRIES = (
    "{fund} is called for {amount} of variation margin",
    "{fund} is called for {amount} by the price of its pledged bonds",
    "{fund} pays {amount} of carry",
    "{fund} pays {amount} more interest on repo",
    "{fund} is called for {amount} of initial margin",
    "{fund} is called for {amount} by higher haircuts",
    "{fund} loses {amount} of repo that is not rolled",
    "{fund} pays {amount} to investors who redeem",
    "{fund} is called for {amount} by losses of its other strategies",
    "{fund} draws {amount} on its committed line",
    "{fund} turns {amount} of other strategies into cash",
    "{fund} must sell {amount} of {trade}",
    "{fund} cuts {amount} of {trade} at its own limits",
    "{fund} buys {amount} of {trade}",
    "{fund} defaults; its dealers seize bonds worth {amount}",
    "{dealer} takes {amount} of repo back from its clients",
    "{dealer} defaults with {amount} of capital missing",
    "the public puts {amount} of capital into {dealer}, the last one",
    "the standing repo facility lends {amount} to {dealer}",
    "the central bank buys {amount} of {bucket} outright",
    "the central bank buys {amount} of {hedge} packages",
    "the central bank sells {amount} of {bucket} outright",
    "the central bank sells {amount} of {hedge} packages",
    "another bond becomes cheapest to deliver into {hedge}",
    "foreign holders sell {amount} of {bucket}",
    "{manager} sells {amount} of bonds to pay redemptions",
    "dealers are left with {amount} of {bucket} at auction",
    "the clearing house's waterfall pays {amount}",
    "the seller of protection in {hedge} defaults; its buyers lose {amount}",
)
(
    CALLED_VARIATION,
    CALLED_COLLATERAL,
    CALLED_CARRY,
    CALLED_INTEREST,
    CALLED_INITIAL,
    CALLED_HAIRCUT,
    CALLED_ROLL,
    CALLED_REDEMPTION,
    CALLED_OTHER,
    DREW_LINE,
    SOLD_OTHER,
    FORCED_SALE,
    LIMIT_SALE,
    ENTERED,
    FUND_DEFAULT,
    TOOK_BACK,
    DEALER_DEFAULT,
    DEALER_RESCUE,
    FACILITY_LENT,
    BOUGHT_OUTRIGHT,
    BOUGHT_PACKAGES,
    SOLD_OUTRIGHT,
    SOLD_PACKAGES,
    SWITCHED,
    FOREIGN_SOLD,
    MANAGERS_SOLD,
    AUCTION_LEFT,
    WATERFALL_PAID,
    SELLER_DEFAULT,
) = range(len(ENTRIES))

#: Entries whose agent is a dealer, and an asset manager; of all others that have one it is a fund.
OF_DEALERS = (TOOK_BACK, DEALER_DEFAULT, DEALER_RESCUE, FACILITY_LENT)
OF_MANAGERS = (MANAGERS_SOLD,)

#: Entries whose market is a bucket, and a hedge; of all others it is a trade.
OF_BUCKETS = (BOUGHT_OUTRIGHT, SOLD_OUTRIGHT, FOREIGN_SOLD, AUCTION_LEFT)
OF_HEDGES = (BOUGHT_PACKAGES, SOLD_PACKAGES, SWITCHED, SELLER_DEFAULT)

#: Amounts below this are not worth a line: 100,000 dollars, in billions.
SMALLEST_ENTRY_BN = 1e-4


@phase
def note(s: State, kind: int, agent: int, market: int, amount_bn: float) -> None:
    """Write one entry if the diary has room; the count goes on, so that what was left out is known.

    ``market`` is the place of a trade, bucket or hedge, whichever the entry names.
    """
    n = s.checks.diary_count[0]
    if n < s.checks.diary.shape[0]:
        s.checks.diary[n, 0] = s.checks.clock[0]
        s.checks.diary[n, 1] = s.checks.clock[1]
        s.checks.diary[n, 2] = kind
        s.checks.diary[n, 3] = agent
        s.checks.diary[n, 4] = market
        s.checks.diary[n, 5] = amount_bn
    s.checks.diary_count[0] = n + 1
