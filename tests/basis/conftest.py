from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def public_rows() -> Callable[[str], Rows]:
    """Rows of a file of the public data; the test is skipped where the data are absent."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("UNWIND_DATA", root.parent / "shared" / "data"))

    def read(name: str) -> Rows:
        if not (folder / name).exists():
            pytest.skip(f"public data not found: no {name} in $UNWIND_DATA or ../shared/data")
        with (folder / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read
