"""Speed of the engine on the reference job: 60 funds, 12 dealers, 10 lenders, 10 asset managers, 6 contracts, 60 days.

    python -m benchmarks.engine [--paths N] [--quick]

The job is the dash for cash with all channels on and full records by sector; an agent-day is one fund, dealer,
lender or asset manager on one day. Machines are shared and noisy: what is compared runs in turns, the shortest of
several times counts, and beside the clock stands the processor's own time, which does not see what others run.
Prints: agent-days a second on one core, two threads over one, the same rules in plain Python, the inner rules in
NumPy over (path, trade, fund) against the compiled ones on the same arrays, what paths cost that are played again
without policy and with test sales, peak memory of 10,000 paths streamed to
disk, and the time of a second start until one path is written.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.agents.hedge_fund import collateral_cash_bn
from simulator.drivers.block import draw_block
from simulator.engine.experiments import play_again
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.simulate import simulate_block
from simulator.rule import kernel
from simulator.scenario.loading import load_scenario

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "dash-for-cash-2020.yaml"
BLOCK = 256
REPEATS = 5

Array = np.ndarray


class Seconds(NamedTuple):
    """Shortest times of a piece of work: by the clock, and of the processor over all threads."""

    clock: float
    processor: float


def shortest(*works: Callable[[], object], repeats: int = REPEATS) -> list[Seconds]:
    """Shortest times of several pieces of work that take turns."""
    best = [Seconds(float("inf"), float("inf")) for _ in works]
    for _ in range(repeats):
        for n, work in enumerate(works):
            clock, processor = time.perf_counter(), time.process_time()
            work()
            best[n] = Seconds(
                min(best[n].clock, time.perf_counter() - clock),
                min(best[n].processor, time.process_time() - processor),
            )
    return best


def agent_days(prepared: Prepared, paths: int) -> int:
    """Agent-days of a job."""
    scenario = prepared.scenario
    agents = (
        len(prepared.funds) + len(prepared.dealers) + scenario.lenders.count + scenario.asset_managers.count
    )
    return agents * int(scenario.horizon) * paths


@kernel
def settle_compiled(
    packages: Array,
    ratio: Array,
    loan: Array,
    call: Array,
    haircut: Array,
    remarked: Array,
    price: Array,
    hedge: Array,
) -> None:
    """Settle price changes with every fund, path by path: variation margin and re-marked repo."""
    paths, trades, funds = packages.shape
    for path in range(paths):
        for j in range(trades):
            for i in range(funds):
                held = packages[path, j, i]
                lent = collateral_cash_bn(price[path, j], held, haircut[j, i], remarked[i])
                loan[path, j, i] += lent
                call[path, i] += held * ratio[j, i] * hedge[path, j] - lent


def settle_numpy(
    packages: Array,
    ratio: Array,
    loan: Array,
    call: Array,
    haircut: Array,
    remarked: Array,
    price: Array,
    hedge: Array,
) -> None:
    """The same in NumPy, all paths at once."""
    lent = remarked * (1.0 - haircut) * price[:, :, None] * packages
    loan += lent
    call += (packages * ratio * hedge[:, :, None] - lent).sum(axis=1)


def inner_rules_ratio() -> float:
    """Time of the NumPy inner rules over the compiled ones, on the same arrays."""
    rng = np.random.default_rng(1)
    packages = rng.random((BLOCK, 6, 60))
    ratio, haircut, remarked = rng.random((6, 60)), rng.random((6, 60)), rng.random(60)
    price, hedge = rng.normal(size=(BLOCK, 6)), rng.normal(size=(BLOCK, 6))
    arguments = [packages, ratio, packages * 0.9, np.zeros((BLOCK, 60)), haircut, remarked, price, hedge]
    copies = [array.copy() for array in arguments]
    settle_compiled(*arguments)
    settle_numpy(*copies)
    if not np.allclose(arguments[2], copies[2]) or not np.allclose(arguments[3], copies[3]):
        raise AssertionError("the NumPy twin does not do the same work")
    compiled, numpy = shortest(lambda: settle_compiled(*arguments), lambda: settle_numpy(*copies), repeats=50)
    return numpy.processor / compiled.processor


def again_seconds() -> tuple[Seconds, Seconds, Seconds]:
    """Times of as many paths as a run plays again: played, played again without policy, and with test sales."""
    loaded = load_scenario(SCENARIO)
    output = loaded.scenario.output
    count = max(output.paths_without_policy, output.test_sale_paths)

    def only(**kept: int) -> Prepared:
        none = {"paths_without_policy": 0, "test_sale_paths": 0}
        chosen = output.model_copy(update=none | kept)
        return prepare(loaded.scenario.model_copy(update={"output": chosen}), loaded.data_files)

    alone = only(paths_without_policy=output.paths_without_policy)
    tested = only(test_sale_paths=output.test_sale_paths)
    played = simulate_block(alone, 0, count).records
    as_played, without_policy, with_sales = shortest(
        lambda: simulate_block(alone, 0, count),
        lambda: play_again(alone, 0, played),
        lambda: play_again(tested, 0, played),
    )
    return as_played, without_policy, with_sales


PLAIN = """
import json, sys, time
from simulator.scenario.loading import load_scenario
from simulator.engine.opening.prepare import prepare
from simulator.engine.simulate import simulate_block
loaded = load_scenario(sys.argv[1])
prepared = prepare(loaded.scenario, loaded.data_files)
start = time.perf_counter()
simulate_block(prepared, 0, 1)
print(json.dumps(time.perf_counter() - start))
"""


def plain_python_seconds() -> float:
    """One path of the same rules and phases in plain Python, in a process with compilation switched off."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", PLAIN, str(SCENARIO)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(json.loads(answer.stdout))


def command_line(paths: int) -> tuple[float, float]:
    """Wall seconds and peak memory in GB of the command writing so many paths to disk."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simulator", "run", str(SCENARIO), "--paths", str(paths), "--quiet"]
        start = time.perf_counter()
        subprocess.run([*command, "-o", f"{folder}/run"], check=True, capture_output=True)
        seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def main() -> None:
    """Run every measurement and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--paths", type=int, default=2048, help="paths of the reference job")
    parser.add_argument("--quick", action="store_true", help="leave out plain Python and the command line")
    chosen = parser.parse_args()
    loaded = load_scenario(SCENARIO)
    prepared = prepare(loaded.scenario, loaded.data_files)
    simulate_block(prepared, 0, 2)
    firsts = range(0, chosen.paths, BLOCK)

    def one_block(first: int) -> None:
        simulate_block(prepared, first, BLOCK)

    def serial() -> None:
        for first in firsts:
            one_block(first)

    def threaded() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one_block, firsts))

    def drivers() -> None:
        for first in firsts:
            draw_block(
                prepared.driver_spec, prepared.scenario.seed, first, BLOCK, int(prepared.scenario.horizon)
            )

    one, drawn, two = shortest(serial, drivers, threaded)
    millions = agent_days(prepared, chosen.paths) / 1e6
    print(
        f"reference job: {chosen.paths} paths, {millions:.1f} million agent-days; rates in million a second"
    )
    print("                                clock   processor")
    print(f"one core, drivers drawn      {millions / one.clock:8.1f} {millions / one.processor:11.1f}")
    alone = Seconds(one.clock - drawn.clock, one.processor - drawn.processor)
    print(f"one core, engine alone       {millions / alone.clock:8.1f} {millions / alone.processor:11.1f}")
    print(f"two threads over one         {one.clock / two.clock:8.2f} times by the clock;", end=" ")
    print(f"a path costs {two.processor / one.processor:.2f} times the processor time")
    print(f"inner rules, NumPy over compiled {inner_rules_ratio():4.1f} times the time")
    played, without_policy, with_sales = again_seconds()
    print(f"512 paths as they are        {played.clock:8.2f} {played.processor:11.2f} s")
    print(f"played again without policy  {without_policy.clock:8.2f} {without_policy.processor:11.2f} s")
    print(f"256 of them with test sales  {with_sales.clock:8.2f} {with_sales.processor:11.2f} s")
    if chosen.quick:
        return
    plain = plain_python_seconds()
    print(f"plain Python over compiled   {plain / (one.clock / chosen.paths):8.0f} times the time a path")
    seconds, _ = command_line(1)
    print(f"second start, one path       {seconds:8.1f} s from command to exit")
    seconds, memory = command_line(10_000)
    print(f"10,000 paths to disk         {seconds:8.1f} s, {memory:.2f} GB at the peak")


if __name__ == "__main__":
    main()
