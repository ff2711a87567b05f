"""Which cells of a sweep are run: spans of numbers, and shards."""

from __future__ import annotations


def cells_of(count: int, cells: str | None, shard: str | None) -> list[int]:
    """Numbers of the cells that ``--cells`` and ``--shard`` choose.

    Examples
    --------
    >>> cells_of(10, "2-4,8", None), cells_of(10, None, "2/4")
    ([2, 3, 4, 8], [1, 5, 9])
    """
    chosen = list(range(count))
    if cells is not None:
        wanted = {number for part in cells.split(",") for number in _span(part)}
        beyond = [number for number in wanted if number >= count]
        if beyond:
            raise ValueError(f"cell {max(beyond)}; allowed are 0 to {count - 1}")
        chosen = sorted(wanted)
    if shard is not None:
        place, _, of = shard.partition("/")
        if not (place.isdecimal() and of.isdecimal() and 1 <= int(place) <= int(of)):
            raise ValueError(f"{shard!r}; allowed is i/n with i from 1 to n, such as 3/8")
        chosen = chosen[int(place) - 1 :: int(of)]
    return chosen


def _span(part: str) -> range:
    first, dash, last = part.partition("-")
    last = last if dash else first
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ValueError(f"{part!r}; allowed are numbers and spans such as 3-17")
    return range(int(first), int(last) + 1)
