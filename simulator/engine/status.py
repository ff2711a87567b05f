"""Why a path stopped: codes that the kernel leaves behind, and the sentence each one becomes."""

RUNNING, PRICE_OUT_OF_RANGE, NOT_FINITE = range(3)

STATUS = {
    RUNNING: ("FINISHED", ""),
    PRICE_OUT_OF_RANGE: (
        "PRICE_OUT_OF_RANGE",
        "a bond or hedge price left (0, 1000] per face: the yield shock is too large for the bond; "
        "make the shock or the price impact smaller",
    ),
    NOT_FINITE: (
        "NOT_FINITE",
        "a balance sheet is no longer a finite number: look for an extreme parameter with `unwind explain`",
    ),
}
