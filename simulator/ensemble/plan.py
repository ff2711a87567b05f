"""How a run is cut into blocks: the unit of work, of storage and of recovery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Block(NamedTuple):
    """Some consecutive paths of a run."""

    number: int
    first_path: int
    paths: int


def plan_blocks(paths: int, size: int) -> Iterator[Block]:
    """Cut a run into blocks of a size; the last one may be shorter.

    Raises
    ------
    ValueError
        If there is no path or no size.

    Examples
    --------
    >>> [tuple(block) for block in plan_blocks(5, 2)]
    [(0, 0, 2), (1, 2, 2), (2, 4, 1)]
    """
    if paths < 1 or size < 1:
        raise ValueError(f"a run of {paths} paths in blocks of {size}: allowed are at least one of each.")
    for number in range(-(-paths // size)):
        first = number * size
        yield Block(number, first, min(size, paths - first))
