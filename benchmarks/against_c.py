"""How many times C the kernel costs: a calm quarter beside its twin in C, in one run.

    python -m benchmarks.against_c [--paths N] [--turns N]

The twin, ``calm_day.c``, plays the paths of ``scenarios/calm.yaml`` on tables of the same form, phase by phase, with
the same passes and the same order of arithmetic. What it leaves in the books must be what the kernel leaves, to 1e-12
of it, after a day, after the quarter and after each phase that is timed alone, or the benchmark fails. The machine's
``cc`` compiles it for sizes that are known only at run time, without fast mathematics and without fused multiplication;
``-fno-trapping-math -fno-math-errno`` change no bit: they let C assume what Numba assumes, that nobody asks the
processor which operation was inexact. Both take turns: printed are the shortest times of the processor, and the median
over turns of kernel over C, because a shared machine has fast and slow moments and the two of a turn share theirs.

What the twin leaves out. Records, which are left out of the kernel's time too. Whatever only stress needs: a path on
which somebody is short of cash, is refused repo or fails is no path of this benchmark. And steps that a scenario may
lay down and this one does not: auctions, purchases, levers by rule, contract months, steps in haircuts, defaults of
issuers, sellers of protection, speculators, swaps. The kernel asks for them every day; what most of that costs is in
the last row, to be subtracted.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calm_day import PHASES, play_block, play_phase
from simulator.engine import day as columns
from simulator.engine import parameters
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.parameters import World
from simulator.engine.simulate import draw_world
from simulator.evenly import GOLDEN_RATIO
from simulator.market.treasuries import SMALL_YIELD
from simulator.model.compiled import Referred, refer
from simulator.model.table import Floats, Ints, leaves
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Scenario

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "calm.yaml"
SOURCE = Path(__file__).with_name("calm_day.c")
FLAGS = ("-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno")

#: Markets whose days are timed: how many of whom stand in place of the scenario's.
MARKETS: dict[str, dict[str, int]] = {
    "a path-day": {},
    "with 24 dealers": {"dealers": 24},
    "with 50 managers": {"asset_managers": 50},
}
#: Calls of a phase in a turn, from the books of one close.
CALLS = 100
#: Tables that are no part of a day's meaning, and prices that the kernel knows of bonds it need not price.
LEFT_OUT = ("scratch", "checks", "bonds")
TOLERANCE = 1e-12

#: Names of rows that are words of C.
WORDS_OF_C = ("default", "double", "short")


def members(table: tuple[Any, ...]) -> Iterator[str]:
    """A table as members of a structure of C: a word of eight bytes a field, then the shapes of its arrays."""
    shapes = []
    for name, value in zip(table._fields, table, strict=True):  # type: ignore[attr-defined]
        safe = f"{name}_" if name in WORDS_OF_C else name
        if isinstance(value, tuple):
            yield f"struct {{ {' '.join(members(value))} }} {safe};"
        elif isinstance(value, np.ndarray):
            yield f"{'double' if value.dtype.kind == 'f' else 'int64_t'} *{safe};"
            shapes.append(f"int64_t {safe}_size[{value.ndim}];")
        else:
            yield f"{'double' if isinstance(value, float) else 'int64_t'} {safe};"
    yield from shapes


def header(**tables: tuple[Any, ...]) -> str:
    """Tables and places of the engine as declarations of C."""
    named = {**vars(columns), **vars(parameters)}
    places = [
        f"#define {name} {value}" for name, value in named.items() if name.isupper() and type(value) is int
    ]
    numbers = [f"#define SMALL_YIELD {SMALL_YIELD!r}", f"#define GOLDEN_RATIO {GOLDEN_RATIO!r}"]
    structures = [
        f"typedef struct {{ {' '.join(members(table))} }} {name};" for name, table in tables.items()
    ]
    return "\n".join([*places, *numbers, *structures, ""])


def compiled(declarations: str, folder: Path) -> ctypes.CDLL:
    """The twin as a library; ends the program where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("against_c: no C compiler named cc on this machine; install one, such as gcc or clang")
    (folder / "tables.h").write_text(declarations)
    library = folder / "calm_day.so"
    subprocess.run(
        [compiler, *FLAGS, "-shared", "-fPIC", f"-I{folder}", str(SOURCE), "-o", str(library), "-lm"],
        check=True,
    )
    return ctypes.CDLL(str(library))


class Player:
    """Books of its own, and a kernel, Numba's or C's, that plays on them."""

    def __init__(self, prepared: Prepared, library: ctypes.CDLL | None = None) -> None:
        self.prepared, self.library = prepared, library
        self.state, self.memory = prepared.new_state()
        self.tables = (prepared.parameters, prepared.schedule, self.state)

    def play(self, world: World) -> Ints:
        """Play a block; returns the number of days that each path was calm."""
        calm = np.zeros(len(world.volatility_multiple), np.int64)
        opening = self.prepared.opening
        if self.library is None:
            p, sched, s = map(refer, self.tables)
            play_block(p, sched, refer(world), s, self.memory, opening, calm)
        else:
            held = [Referred(table) for table in (*self.tables[:2], world, self.state)]
            arrays = [self.memory.ctypes, opening.ctypes, ctypes.c_int64(len(self.memory)), calm.ctypes]
            self.library.play_block(*(ctypes.c_void_p(one.address) for one in held), *arrays)
        return calm

    def repeater(self, phase: int) -> Callable[[], None]:
        """A call that plays a phase ``CALLS`` times."""
        if self.library is None:
            p, sched, s = map(refer, self.tables)
            return lambda: play_phase(phase, CALLS, p, sched, s)
        held = [Referred(table) for table in self.tables]
        addresses = [ctypes.c_void_p(one.address) for one in held]
        play, numbers = self.library.play_phase, (ctypes.c_int64(phase), ctypes.c_int64(CALLS))
        return lambda: (held, play(*numbers, *addresses))[1]

    def put_back(self, close: Floats) -> None:
        """Put the books back to a close, with an order of every fund in every trade."""
        self.memory[:] = close
        self.state.orders.exist[:] = 1.0


def compare(what: str, kernels: Player, twins: Player) -> None:
    """Compare the books of the kernel and the twin.

    Raises
    ------
    AssertionError
        If a number is farther from its twin than the tolerance, a share of the largest number of its row.
    """
    for (name, ours), (_, other) in zip(leaves(kernels.state), leaves(twins.state), strict=True):
        if name.split(".")[0] in LEFT_OUT or ours.size == 0:
            continue
        apart = float(np.abs(ours - other).max() / max(1e-300, np.abs(ours).max(), np.abs(other).max()))
        if not apart <= TOLERANCE:
            raise AssertionError(f"{what}: {name} of the twin is {apart:.1e} from the kernel's")


def take_turns(
    turns: int, ours: Callable[[], object], other: Callable[[], object], before: Callable[[], object]
) -> Floats:
    """Processor seconds of two pieces of work in turns, (turn, 2); ``before`` each turn books are put back."""
    seconds = np.empty((turns, 2))
    for turn in seconds:
        before()
        for n, work in enumerate((ours, other)):
            start = time.process_time()
            work()
            turn[n] = time.process_time() - start
    return seconds


def some(world: World, paths: Any, days: int) -> World:
    """Some paths of a world, up to a day."""
    return World(*(np.ascontiguousarray(row[paths, :days]) for row in world))


def opened(scenario: Scenario, data_files: Any, counts: dict[str, int]) -> Prepared:
    """The market with other numbers of agents: by section of the scenario."""
    sections = {name: getattr(scenario, name).model_copy(update={"count": n}) for name, n in counts.items()}
    return prepare(scenario.model_copy(update=sections), data_files)


def row(name: str, seconds: Floats, count: int) -> None:
    """Print the shortest times of work that was done so many times, in ns, and the ratio of a middle turn."""
    ours, other = seconds.min(axis=0) * 1e9 / count
    print(f"{name:24s} {ours:10.0f} {other:8.0f} {np.median(seconds[:, 0] / seconds[:, 1]):10.2f}")


def time_days(name: str, kernels: Player, twins: Player, paths: int, turns: int) -> None:
    """Check the books after the first and the last day of calm paths, then time all days of all of them."""
    prepared, days = kernels.prepared, int(kernels.prepared.scenario.horizon)
    world = draw_world(prepared, 0, paths)
    calm = np.flatnonzero(twins.play(world) == days)
    for until in (1, days):
        for path in calm:
            for player in (kernels, twins):
                player.play(some(world, [path], until))
            compare(f"{name}, path {path} after {until} days", kernels, twins)
    world = some(world, calm, days)
    seconds = take_turns(turns, lambda: kernels.play(world), lambda: twins.play(world), lambda: None)
    row(name, seconds, len(calm) * days)


def time_phases(kernels: Player, twins: Player, turns: int) -> None:
    """Time each phase alone, from the close that the kernel's books are at, and check what it does to them."""
    close = kernels.memory.copy()

    def put_back() -> None:
        kernels.put_back(close)
        twins.put_back(close)

    for phase, name in enumerate(PHASES):
        seconds = take_turns(turns, kernels.repeater(phase), twins.repeater(phase), put_back)
        if name == PHASES[-1]:
            print(f"{name:24s} {seconds[:, 0].min() * 1e9 / CALLS:10.0f}")
        else:
            compare(f"{CALLS} times {name}", kernels, twins)
            row(name, seconds, CALLS)


def main() -> None:
    """Check the twin, and print what both cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--paths", type=int, default=32, help="paths drawn; the calm ones are played")
    parser.add_argument("--turns", type=int, default=200, help="turns of the kernel and the twin")
    chosen = parser.parse_args()
    loaded = load_scenario(SCENARIO)
    markets = [opened(loaded.scenario, loaded.data_files, counts) for counts in MARKETS.values()]
    first = markets[0]
    world, state = draw_world(first, 0, 1), first.new_state()[0]
    declared = header(Parameters=first.parameters, Schedule=first.schedule, World=world, State=state)
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(declared, Path(folder))
    print("                         ns: kernel        C   kernel/C")
    players = [(Player(prepared), Player(prepared, library)) for prepared in markets]
    for name, pair in zip(MARKETS, players, strict=True):
        time_days(name, *pair, chosen.paths, chosen.turns)
    time_phases(*players[0], chosen.turns)


if __name__ == "__main__":
    main()
