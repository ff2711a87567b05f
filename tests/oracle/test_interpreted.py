"""The day in plain Python, same rules and phases, equals the compiled kernel bit for bit on the toy market."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from simulator.engine.opening import prepare
from simulator.engine.simulate import simulate_block
from simulator.scenario.loading import load_scenario

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "scenarios" / "toy.yaml"
OVERRIDES = ["output.precision=float64"]

PLAIN = """
import sys
import numba
import numpy as np
from simulator.engine.opening import prepare
from simulator.engine.simulate import simulate_block
from simulator.scenario.loading import load_scenario
assert numba.config.DISABLE_JIT
loaded = load_scenario(sys.argv[1], sys.argv[3:])
result = simulate_block(prepare(loaded.scenario, loaded.data_files, audit=True), 0, 3, agents=True)
np.savez(sys.argv[2], **result.records._asdict())
"""


def test_plain_python_gives_the_same_bits(tmp_path: Path) -> None:
    file = tmp_path / "plain.npz"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", PLAIN, str(TOY), str(file), *OVERRIDES], env=environment, check=True
    )
    plain = np.load(file)
    loaded = load_scenario(TOY, OVERRIDES)
    compiled = simulate_block(prepare(loaded.scenario, loaded.data_files, audit=True), 0, 3, agents=True)
    for name, array in compiled.records._asdict().items():
        assert array.tobytes() == plain[name].tobytes(), name
    sales = compiled.records.sales
    assert float(np.nansum(sales)) > 0.0  # the toy is stressed: the comparison covers forced sales


def test_a_path_has_the_same_bits_in_any_block() -> None:
    loaded = load_scenario(TOY, OVERRIDES)
    prepared = prepare(loaded.scenario, loaded.data_files)
    whole = simulate_block(prepared, 0, 12).records
    for first, count in ((0, 1), (3, 4), (7, 5)):
        part = simulate_block(prepared, first, count).records
        assert part.by_trade.tobytes() == whole.by_trade[first : first + count].tobytes()
        assert part.of_market.tobytes() == whole.of_market[first : first + count].tobytes()
