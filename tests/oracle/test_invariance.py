"""What must not matter: compilation, the size of blocks, the number of threads, and the order of agents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.records import Records
from simulator.engine.simulate import simulate_block
from simulator.results.variables import PLACES
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import SCENARIOS, opened
from tests.oracle.digest import digests

ROOT = Path(__file__).parents[2]
PATHS = 70


def bits(blocks: list[Records]) -> list[bytes]:
    """Every variable of some blocks, one after the other, and how their paths ended."""
    kept = [[block.of(name) for block in blocks] for name in PLACES]
    return [np.concatenate(parts).tobytes() for parts in (*kept, [block.status for block in blocks])]


def blocks_of(size: int) -> list[tuple[int, int]]:
    return [(first, min(size, PATHS - first)) for first in range(0, PATHS, size)]


def play(prepared: Prepared, block: tuple[int, int]) -> Records:
    return simulate_block(prepared, *block, agents=True).records


def test_the_engine_without_compilation_has_the_same_bits() -> None:
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.oracle.digest"]
    run = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == digests()


@pytest.fixture(scope="module")
def dash() -> Prepared:
    return opened("dash-for-cash-2020")


@pytest.fixture(scope="module")
def whole(dash: Prepared) -> list[bytes]:
    return bits([play(dash, (0, PATHS))])


@pytest.mark.parametrize("size", [1, 3, 64])
def test_the_size_of_blocks_does_not_matter(size: int, dash: Prepared, whole: list[bytes]) -> None:
    assert bits([play(dash, block) for block in blocks_of(size)]) == whole


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_does_not_matter(threads: int, dash: Prepared, whole: list[bytes]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda block: play(dash, block), blocks_of(7)))
    assert bits(blocks) == whole


def test_another_seed_is_another_world(whole: list[bytes]) -> None:
    """The planted error: where the seed decides, another one must be seen."""
    other = bits([play(opened("dash-for-cash-2020", "seed=1"), (0, PATHS))])
    seen = {name for name, mine, theirs in zip(PLACES, other, whole, strict=False) if mine != theirs}
    assert seen >= {"cash_yield_change", "dislocation", "fund_packages", "fund_calls", "fund_equity_by_fund"}


# Agents in another order

#: Terms that a population file cannot give would follow the place in the file; they are the same for all here.
ALIKE = (
    "output.precision=float64",
    "funds.hedge_error=0%",
    "funds.headroom_dispersion=0.0",
    "lenders.count=1",
)


def write_population(folder: Path, order: NDArray[np.int64], dealers: NDArray[np.int64]) -> dict[str, Path]:
    """The funds and dealers of the dash for cash, one by one, in an order; their network goes by name."""
    drawn = opened("dash-for-cash-2020", *ALIKE[1:], "funds.count=17", "dealers.count=5")
    books, shares_of_dealers = drawn.parameters.opening.funds, drawn.parameters.opening.dealers.share
    files = {name: folder / name for name in ("funds.csv", "dealers.csv", "network.csv")}
    header = "name,equity,free_cash,committed_line,haircut,overnight_share," + ",".join(drawn.trades)
    rows = [
        ",".join(
            [
                drawn.funds[i],
                *(f"${float(terms[i])!r}bn" for terms in (books.equity_bn, books.cash_bn, books.line_bn)),
                *(f"{100.0 * float(terms[i])!r}%" for terms in (books.haircut[0], books.remarked_share)),
                *(f"${float(face)!r}bn" for face in books.packages_bn[:, i]),
            ]
        )
        for i in order
    ]
    files["funds.csv"].write_text("\n".join([header, *rows]))
    sizes = [f"{drawn.dealers[d]},${1000 * shares_of_dealers[d]:.12f}bn" for d in dealers]
    files["dealers.csv"].write_text("\n".join(["name,size", *sizes]))
    names = ",".join(drawn.dealers[d] for d in dealers)
    shares = [
        f"{drawn.funds[i]}," + ",".join(f"{100 * books.client_share[d, i]:.15f}%" for d in dealers)
        for i in order
    ]
    files["network.csv"].write_text("\n".join([f"name,{names}", *shares]))
    return files


def play_population(files: dict[str, Path]) -> Records:
    scenario = load_scenario(SCENARIOS / "dash-for-cash-2020.yaml", ALIKE).scenario
    funds = scenario.funds.model_copy(update={"population": "funds.csv"})
    dealers = scenario.dealers.model_copy(update={"population": "dealers.csv", "network": "network.csv"})
    changed = scenario.model_copy(update={"funds": funds, "dealers": dealers})
    return simulate_block(prepare(changed, files), 0, 20, agents=True).records


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Records:
    files = write_population(tmp_path_factory.mktemp("in_order"), np.arange(17), np.arange(5))
    return play_population(files)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_agents_does_not_matter(seed: int, in_order: Records, tmp_path: Path) -> None:
    shuffle = np.random.default_rng(seed)
    funds, dealers = shuffle.permutation(17), shuffle.permutation(5)
    shuffled = play_population(write_population(tmp_path, funds, dealers))
    for name, (group, _) in PLACES.items():
        order = {"fund": funds, "dealer": dealers}.get(group.dim, slice(None))
        theirs = in_order.of(name)
        theirs = theirs[..., order] if group.dim else theirs
        np.testing.assert_allclose(shuffled.of(name), theirs, rtol=1e-9, atol=1e-9, err_msg=name)
    equity = "fund_equity_by_fund"
    assert not (shuffled.of(equity) == in_order.of(equity)).all(), "the order did not change"
