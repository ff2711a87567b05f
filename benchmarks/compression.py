"""What compressors make of the numbers of a run: bytes on disk, and seconds to write and to read.

    python -m benchmarks.compression [--paths N]

Plays a block of the dash for cash and puts its arrays through compressors that every reader of Zarr knows, in turn,
several times; the shortest processor time counts. The first line is what stores are written with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from numcodecs import Blosc, Zstd, blosc
from numpy.typing import NDArray

from benchmarks.engine import shortest
from simulator.ensemble.execution import run_scenario
from simulator.results.store import CODEC, LEVEL, read_block
from simulator.scenario.loading import load_scenario

CODECS = {
    f"{CODEC} {LEVEL}, bytes shuffled": Blosc(CODEC, LEVEL, Blosc.SHUFFLE),
    f"{CODEC} {LEVEL}, bits shuffled": Blosc(CODEC, LEVEL, Blosc.BITSHUFFLE),
    f"{CODEC} {LEVEL}": Blosc(CODEC, LEVEL, Blosc.NOSHUFFLE),
    "zstd 1, bytes shuffled": Blosc("zstd", 1, Blosc.SHUFFLE),
    "zstd 3, bytes shuffled": Blosc("zstd", 3, Blosc.SHUFFLE),
    "zstd -1": Zstd(-1),
    "zstd 1": Zstd(1),
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
    packed = [_packed(codec, arrays) for codec in CODECS.values()]
    writing = shortest(*(partial(_packed, codec, arrays) for codec in CODECS.values()))
    reading = shortest(
        *(
            partial(_unpacked, codec, arrays, chunks)
            for codec, chunks in zip(CODECS.values(), packed, strict=True)
        )
    )
    print(f"{paths:,} paths of the dash for cash, {sum(values.nbytes for values in arrays) / 1e6:.1f} MB")
    for name, chunks, written, read in zip(CODECS, packed, writing, reading, strict=True):
        took = f"written in {1e3 * written.processor:4.0f} ms, read in {1e3 * read.processor:3.0f} ms"
        print(f"{name:22} {sum(map(len, chunks)) / 1e6:6.1f} MB, {took}")
    return 0


def _packed(codec: Blosc | Zstd, arrays: list[NDArray[np.generic]]) -> list[bytes]:
    return [codec.encode(values) for values in arrays]


def _unpacked(codec: Blosc | Zstd, arrays: list[NDArray[np.generic]], packed: list[bytes]) -> None:
    for values, data in zip(arrays, packed, strict=True):
        codec.decode(data, np.empty(values.nbytes, np.uint8))


if __name__ == "__main__":
    sys.exit(main())
