"""How this processor computes, as far as the last bits of a result depend on it.

The code of the model asks for the same operations everywhere, in the same order. But NumPy, the library of linear
algebra and the C library choose among several versions of their functions by what the processor can do, and two
versions differ in a last bit now and then. Their choice is asked for, not named: fixed numbers go through every kind
of function that the model uses, and the bits that come out are hashed. Two processors with one hash compute alike;
what they are called does not matter.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Numbers that go through each function: where versions differ at all, they do in one of some hundreds.
COUNT = 4096
#: Lengths of sums of products: shorter and longer than the blocks of linear algebra.
LENGTHS = (3, 6, 12, 60, 200)


@cache
def arithmetic_sha256() -> str:
    """Hash of what fixed numbers become here. Linear algebra must have been pinned to one thread, as for a run."""
    digest = hashlib.sha256()
    for values in _answers():
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    return digest.hexdigest()


def _answers() -> Iterator[Floats]:
    from scipy.special import ndtri

    shares = (np.arange(COUNT) + 0.5) / COUNT
    wide = 40.0 * shares - 20.0
    yield from (np.exp(wide), np.expm1(wide), np.log(shares), np.log1p(shares), np.sqrt(shares), shares**1.7)
    yield from (np.cumsum(shares), np.array([shares[:count].sum() for count in LENGTHS]), ndtri(shares))
    for length in LENGTHS:
        left, right = np.log(shares[: 8 * length]).reshape(8, length), np.exp(shares[:length])
        yield from (left @ right, left @ left.T, left[0] @ right)
    for of in (math.exp, math.expm1):  # compiled code calls those of the C library
        yield np.array([of(number) for number in wide[::8]])
    for of in (math.log, math.log1p, lambda number: math.pow(number, 1.7)):
        yield np.array([of(number) for number in shares[::8]])
