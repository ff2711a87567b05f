from __future__ import annotations

import doctest
import hashlib
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.drivers import random_streams, volatility
from simulator.drivers.random_streams import (
    DRAWS_PER_PAGE,
    bridge_increments,
    normals,
    sobol_bridge,
    stream_key,
    uniforms,
)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def addressed_uniform(seed: int, stream: str, path: int, draw: int) -> float:
    """The naive twin: one Philox generator for one draw."""
    page, place = divmod(draw, DRAWS_PER_PAGE)
    counter = np.array([path * 16 + place // 4, page, 0, 0], dtype=np.uint64)
    key = np.array([seed, stream_key(stream)], dtype=np.uint64)
    raw = int(np.random.Philox(counter=counter, key=key).random_raw(4)[place % 4])
    return ((raw >> 12) + 0.5) / 2.0**52


def test_known_answers() -> None:
    assert stream_key("rates") == KNOWN["key"]
    assert uniforms(20200309, "rates", 0, 2, 3).tolist() == KNOWN["uniforms"]
    assert digest(uniforms(20200309, "rates", 17, 100, 180)) == KNOWN["uniform digest"]
    assert digest(uniforms(2**64 - 1, "flow: foreign", 10**12, 5, 70)) == KNOWN["far digest"]
    assert digest(np.round(normals(20200309, "rates", 17, 100, 180), 12)) == KNOWN["normal digest"]
    assert digest(np.round(sobol_bridge(20200309, "rates", 17, 20, 60, 2), 12)) == KNOWN["sobol digest"]


KNOWN: dict[str, object] = {
    "key": 7813363488342055056,
    "uniforms": [
        [0.7812943546702312, 0.7459954898668363, 0.6575286173697134],
        [0.7978202989444189, 0.4942180061010556, 0.07464682856542149],
    ],
    "uniform digest": "4691f1c3e8030902",
    "far digest": "3cfa3e3df572f75e",
    "normal digest": "deeacd14d8cbc634",
    "sobol digest": "f4645252c3c7be5c",
}


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    stream=st.text(max_size=20),
    path=st.integers(0, 2**50),
    draw=st.integers(0, 200),
)
def test_every_draw_equals_its_naive_twin(seed: int, stream: str, path: int, draw: int) -> None:
    assert uniforms(seed, stream, path, 1, draw + 1)[0, draw] == addressed_uniform(seed, stream, path, draw)


@settings(max_examples=25, deadline=None)
@given(
    sampling=st.sampled_from(["pseudo", "antithetic", "sobol"]),
    first=st.integers(0, 30),
    count=st.integers(1, 10),
    draws=st.integers(1, 150),
)
def test_a_block_is_a_piece_of_the_whole(sampling: str, first: int, count: int, draws: int) -> None:
    whole = normals(5, "rates", 0, 40, 150, sampling)
    piece = normals(5, "rates", first, count, draws, sampling)
    assert np.array_equal(piece, whole[first : first + count, :draws])


@settings(max_examples=25, deadline=None)
@given(first=st.text(max_size=30), second=st.text(max_size=30))
def test_streams_of_different_names_share_nothing(first: str, second: str) -> None:
    before = uniforms(1, first, 0, 4, 64)
    other = uniforms(1, second, 0, 4, 64)
    assert np.array_equal(before, uniforms(1, first, 0, 4, 64))
    assert (first == second) == bool(np.isin(other, before).any())


def test_uniforms_stay_strictly_inside() -> None:
    draws = uniforms(3, "rates", 0, 2_000, 100)
    assert draws.min() > 0.0
    assert draws.max() < 1.0
    # Mean and correlation of neighbouring paths and draws within 5 standard errors.
    error = np.sqrt(1.0 / 12.0 / draws.size)
    assert abs(draws.mean() - 0.5) < 5.0 * error
    assert abs(draws.mean() + 6.0 * error - 0.5) > 5.0 * error  # a planted bias of 6 standard errors is seen
    centred = normals(3, "rates", 0, 2_000, 100)
    for product in (centred[1:] * centred[:-1], centred[:, 1:] * centred[:, :-1]):
        assert abs(product.mean()) < 5.0 / np.sqrt(product.size)


def test_antithetic_pairs_mirror_exactly() -> None:
    shocks = normals(11, "rates", 0, 10, 90, "antithetic")
    assert np.array_equal(shocks[0::2], -shocks[1::2])
    assert np.array_equal(shocks[0::2], normals(11, "rates", 0, 10, 90)[0::2])
    levels = uniforms(11, "rates", 0, 10, 90, "antithetic")
    assert np.array_equal(levels[0::2] + levels[1::2], np.ones((5, 90)))
    assert not np.array_equal(normals(11, "rates", 0, 10, 90)[1::2], shocks[1::2])


def test_threads_draw_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        pieces = list(pool.map(lambda first: normals(3, "rates", first, 10, 90), range(0, 200, 10)))
    assert np.array_equal(np.concatenate(pieces), normals(3, "rates", 0, 200, 90))


@pytest.mark.parametrize("module", [random_streams, volatility])
def test_examples_of_the_docstrings(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_bridge_is_orthogonal() -> None:
    for day_count in (1, 2, 13, 60):
        matrix = bridge_increments(np.eye(day_count)[:, :, None])[:, :, 0]
        assert np.abs(matrix @ matrix.T - np.eye(day_count)).max() < 1e-14
        assert np.allclose(matrix[0], 1.0 / np.sqrt(day_count))  # node 0 is the end of the path


def test_sobol_is_addressed_by_path() -> None:
    whole = sobol_bridge(9, "rates", 0, 64, 20, 2)
    assert np.array_equal(sobol_bridge(9, "rates", 37, 5, 20, 2), whole[37:42])
    assert np.array_equal(sobol_bridge(9, "rates", 63, 1, 20, 2), whole[63:])
    assert not np.array_equal(sobol_bridge(10, "rates", 0, 64, 20, 2), whole)


def test_sobol_errs_less_than_pseudo_on_a_mean() -> None:
    def option_value(shocks: np.ndarray) -> float:
        return float(np.maximum(shocks.sum(axis=1) / np.sqrt(20.0) - 0.5, 0.0).mean())

    exact = 0.19779655740130575  # normal density at 0.5 less half times the upper tail
    paths, seeds = 256, range(20)
    quasi = [option_value(sobol_bridge(seed, "rates", 0, paths, 20, 2)[:, :, 0]) - exact for seed in seeds]
    pseudo = [option_value(normals(seed, "rates", 0, paths, 20)) - exact for seed in seeds]
    assert np.sqrt(np.mean(np.square(quasi))) < 0.2 * np.sqrt(np.mean(np.square(pseudo)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, "s", 0, 1, 1), "seed: found -1; allowed are whole numbers from 0 to 2**64 - 1."),
        ((0, "s", -1, 1, 1), "paths: found a block of 1 from path -1;"),
        ((0, "s", 0, 0, 1), "paths: found a block of 0 from path 0;"),
        ((0, "s", 2**32, 1, 1, "sobol"), "paths: found a block of 1 from path 4294967296;"),
        ((0, "s", 0, 1, 1, "quasi"), "sampling: found 'quasi'; allowed are pseudo, antithetic, sobol."),
    ],
)
def test_bad_blocks_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011
        uniforms(*arguments)
    assert str(fault.value).startswith(message)
