"""Plans: every path in exactly one block."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ensemble.plan import plan_blocks


@given(paths=st.integers(1, 5000), size=st.integers(1, 700))
def test_blocks_cover_every_path_once(paths: int, size: int) -> None:
    blocks = list(plan_blocks(paths, size))
    assert [block.number for block in blocks] == list(range(len(blocks)))
    covered = [path for block in blocks for path in range(block.first_path, block.first_path + block.paths)]
    assert covered == list(range(paths))
    assert all(block.paths == size for block in blocks[:-1])
    assert all(block.first_path % size == 0 for block in blocks)


@pytest.mark.parametrize(("paths", "size"), [(0, 8), (8, 0), (-1, 8)])
def test_nothing_cannot_be_planned(paths: int, size: int) -> None:
    with pytest.raises(ValueError, match="at least one of each"):
        list(plan_blocks(paths, size))
