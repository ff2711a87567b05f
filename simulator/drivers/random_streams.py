"""Addressed random numbers: any draw of any path can be computed alone, in any order, on any worker.

Philox is a function from (key, counter) to four 64-bit numbers, so nothing is ever consumed in sequence.
The key is (seed, hash of the stream's name): a new stream gets a new name and shifts no other. The counter
is (path, place within the path): path ``k`` owns counters ``16 k`` to ``16 k + 15`` of every page of 64
draws. Draw ``i`` of path ``k`` is therefore the same bits for every block size, number of paths and number
of draws asked for, and a longer horizon leaves the first days as they were.

Sources: Salmon, Moraes, Dror and Shaw (2011) for Philox; Joe and Kuo (2008) for the Sobol directions;
Caflisch, Morokoff and Owen (1997) for the Brownian bridge. Draws are pure numbers.
"""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Sampling = Literal["pseudo", "antithetic", "sobol"]
Floats = npt.NDArray[np.float64]

SAMPLINGS: tuple[str, ...] = get_args(Sampling)

DRAWS_PER_PAGE = 64
COUNTERS_PER_PAGE = DRAWS_PER_PAGE // 4
PATHS_MAX = 2**59
UNIFORM_BITS = 52
SOBOL_BITS = 32  # more than 32 cannot be fast-forwarded


def stream_key(stream: str) -> int:
    """Second word of the Philox key: the first 64 bits of the BLAKE2b hash of the stream's name."""
    return int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "little")


def uniforms(
    seed: int,
    stream: str,
    first_path: int,
    path_count: int,
    draws_per_path: int,
    sampling: Sampling = "pseudo",
) -> Floats:
    """Uniform draws strictly between 0 and 1.

    Parameters
    ----------
    seed
        Seed of the run, 0 to 2**64 - 1.
    stream
        Name of the use the draws are put to.
    first_path, path_count
        The block of paths.
    draws_per_path
        Draws of each path; asking for more leaves the first ones unchanged.
    sampling
        ``"antithetic"`` makes path ``2k + 1`` the mirror ``1 - u`` of path ``2k``, which is the pseudo-random
        path ``2k``. ``"sobol"`` gives pseudo-random draws here: only `sobol_bridge` is quasi-random.

    Returns
    -------
    ndarray of shape (path, draw)

    Raises
    ------
    ValueError
        If the seed, the block of paths or the sampling is out of range.
    """
    _check_block(seed, first_path, path_count, sampling)
    if sampling == "antithetic":
        first_even = first_path - first_path % 2
        even_count = (first_path + path_count - first_even + 1) // 2 * 2
        pairs = _pseudo(seed, stream, first_even, even_count, draws_per_path)
        np.subtract(1.0, pairs[0::2], out=pairs[1::2])
        return pairs[first_path - first_even :][:path_count]
    return _pseudo(seed, stream, first_path, path_count, draws_per_path)


def normals(
    seed: int,
    stream: str,
    first_path: int,
    path_count: int,
    draws_per_path: int,
    sampling: Sampling = "pseudo",
) -> Floats:
    """Standard normal draws, shape (path, draw): one uniform of `uniforms` through the inverse distribution.

    Examples
    --------
    >>> block = normals(7, "rates", 0, 4, 3)
    >>> bool((normals(7, "rates", 2, 1, 2) == block[2:3, :2]).all())
    True
    """
    from scipy.special import ndtri

    draws: Floats = uniforms(seed, stream, first_path, path_count, draws_per_path, sampling)
    if sampling == "antithetic":  # computed once and mirrored, so that a pair adds up to exactly zero
        is_odd = (first_path + np.arange(path_count)) % 2 == 1
        np.subtract(1.0, draws, out=draws, where=is_odd[:, None])
        ndtri(draws, out=draws)
        return np.negative(draws, out=draws, where=is_odd[:, None])
    ndtri(draws, out=draws)
    return draws


def sobol_bridge(
    seed: int, stream: str, first_path: int, path_count: int, day_count: int, factor_count: int
) -> Floats:
    """Daily standard normals of a few factors from scrambled Sobol points in Brownian-bridge order.

    Path ``k`` is point ``k`` of the sequence. Dimension 0 sets where the first factor ends, dimension 1 where
    the second ends, the next ones the middles, then the quarters: the coarse shape of the leading factors
    takes the best dimensions. Draws of different days are independent standard normals, as in `normals`.
    Unlike pseudo-random draws they depend on the horizon, because the bridge starts from its end.

    Returns
    -------
    ndarray of shape (path, day, factor)
    """
    from scipy.special import ndtri

    _check_block(seed, first_path, path_count, "sobol")
    points = _sobol_points(seed, stream, first_path, path_count, day_count * factor_count)
    nodes: Floats = ndtri(points).reshape(path_count, day_count, factor_count)
    return bridge_increments(nodes)


def bridge_increments(nodes: Floats) -> Floats:
    """Daily increments of unit variance from the nodes of a Brownian bridge, coarse ones first.

    Node 0 is the end of the path, the others halve the intervals breadth first. The map is orthogonal:
    independent standard normal nodes give independent standard normal increments.

    Parameters
    ----------
    nodes
        Standard normals, shape (path, node, factor), as many nodes as days.

    Returns
    -------
    ndarray of shape (path, day, factor)
    """
    path_count, day_count, factor_count = nodes.shape
    level = np.zeros((path_count, day_count + 1, factor_count))
    level[:, day_count] = np.sqrt(day_count) * nodes[:, 0]
    intervals = [(0, day_count)]
    node = 1
    for left, right in intervals:
        middle = (left + right) // 2
        if middle == left:
            continue
        share = (middle - left) / (right - left)
        spread = np.sqrt((middle - left) * (right - middle) / (right - left))
        level[:, middle] = (1.0 - share) * level[:, left] + share * level[:, right] + spread * nodes[:, node]
        node += 1
        intervals += [(left, middle), (middle, right)]
    return np.diff(level, axis=1)


def _pseudo(seed: int, stream: str, first_path: int, path_count: int, draws_per_path: int) -> Floats:
    draws = np.empty((path_count, draws_per_path))
    key = np.array([seed, stream_key(stream)], dtype=np.uint64)
    for page in range(-(-draws_per_path // DRAWS_PER_PAGE)):
        counter = np.array([first_path * COUNTERS_PER_PAGE, page, 0, 0], dtype=np.uint64)
        raw = np.random.Philox(counter=counter, key=key).random_raw(path_count * DRAWS_PER_PAGE)
        columns = draws[:, page * DRAWS_PER_PAGE : (page + 1) * DRAWS_PER_PAGE]
        # 52 bits and half a step: never 0 or 1, and 1 - u is exact, which the mirror needs.
        columns[:] = (raw.reshape(path_count, DRAWS_PER_PAGE) >> np.uint64(12))[:, : columns.shape[1]]
    draws += 0.5
    draws *= 2.0**-UNIFORM_BITS
    return draws


def _sobol_points(seed: int, stream: str, first_path: int, path_count: int, dimension_count: int) -> Floats:
    from scipy.stats import qmc

    scramble = np.random.default_rng(np.random.SeedSequence([seed, stream_key(stream)]))
    sequence = qmc.Sobol(dimension_count, scramble=True, bits=SOBOL_BITS, rng=scramble)
    if first_path:
        sequence.fast_forward(first_path)
    # The first point is drawn alone because a first draw that is no power of two raises a warning about
    # balance, which is a matter of the whole run and not of one block.
    points = np.concatenate([sequence.random(1), sequence.random(path_count - 1)])
    return np.asarray(points + 2.0 ** -(SOBOL_BITS + 1))


def _check_block(seed: int, first_path: int, path_count: int, sampling: str) -> None:
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed: found {seed}; allowed are whole numbers from 0 to 2**64 - 1.")
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling: found {sampling!r}; allowed are {', '.join(SAMPLINGS)}.")
    paths_max = 2**SOBOL_BITS if sampling == "sobol" else PATHS_MAX
    if first_path < 0 or path_count < 1 or first_path + path_count > paths_max:
        raise ValueError(
            f"paths: found a block of {path_count} from path {first_path}; allowed are at least one path,"
            f" numbered from 0 to {paths_max - 1}."
        )
