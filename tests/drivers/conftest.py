from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.drivers.history import YieldHistory, read_yields

YIELD_FILE = "treasury_par_yields_daily.csv"


@pytest.fixture(scope="session")
def yields() -> YieldHistory:
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("UNWIND_DATA", root.parent / "shared" / "data"))
    if not (folder / YIELD_FILE).exists():
        pytest.skip(f"public data not found: no {YIELD_FILE} in $UNWIND_DATA or ../shared/data")
    return read_yields(folder / YIELD_FILE)
