"""What compressors make of the numbers of a run: bytes on disk, and seconds to write and to read.

    python -m benchmarks.compression [--paths N]

Plays a block of the dash for cash and puts its arrays through compressors that every reader of Zarr knows, in turn,
several times; the shortest processor time counts. The first line is what stores are written with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numcodecs import Blosc, Zstd, blosc
from numpy.typing import NDArray

from simulator.ensemble.execution import run_scenario
from simulator.results.store import CODEC, LEVEL, read_block
from simulator.scenario.loading import load_scenario

REPEATS = 5
CODECS: dict[str, Callable[[], Blosc | Zstd]] = {
    f"{CODEC} {LEVEL}, bytes shuffled": lambda: Blosc(CODEC, LEVEL, Blosc.SHUFFLE),
    f"{CODEC} {LEVEL}, bits shuffled": lambda: Blosc(CODEC, LEVEL, Blosc.BITSHUFFLE),
    f"{CODEC} {LEVEL}": lambda: Blosc(CODEC, LEVEL, Blosc.NOSHUFFLE),
    "zstd 1, bytes shuffled": lambda: Blosc("zstd", 1, Blosc.SHUFFLE),
    "zstd 3, bytes shuffled": lambda: Blosc("zstd", 3, Blosc.SHUFFLE),
    "zstd -1": lambda: Zstd(-1),
    "zstd 1": lambda: Zstd(1),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--paths", type=int, default=1024)
    paths = parser.parse_args().paths
    with tempfile.TemporaryDirectory() as folder:
        run = run_scenario(
            load_scenario("dash-for-cash-2020", [f"paths={paths}"]), Path(folder) / "run"
        ).folder
        arrays = [np.ascontiguousarray(values) for values in read_block(run.store, run.layout, 0).values()]
    blosc.use_threads = False
    timed = [{name: _timed(make(), arrays) for name, make in CODECS.items()} for _ in range(REPEATS)]
    print(f"{paths:,} paths of the dash for cash, {sum(values.nbytes for values in arrays) / 1e6:.1f} MB")
    for name in CODECS:
        writing, reading, size = (min(each) for each in zip(*(turn[name] for turn in timed), strict=True))
        print(
            f"{name:22} {size / 1e6:6.1f} MB, written in {1e3 * writing:4.0f} ms, read in {1e3 * reading:3.0f} ms"
        )
    return 0


def _timed(codec: Blosc | Zstd, arrays: list[NDArray[np.generic]]) -> tuple[float, float, int]:
    started = time.process_time()
    packed = [codec.encode(values) for values in arrays]
    written = time.process_time()
    for values, data in zip(arrays, packed, strict=True):
        codec.decode(data, np.empty(values.nbytes, np.uint8))
    return written - started, time.process_time() - written, sum(map(len, packed))


if __name__ == "__main__":
    sys.exit(main())
