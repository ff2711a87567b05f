"""How the code is built, held by tests: import contracts, compile flags, records against their table."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.engine.parameters import CALL_COUNT, CHANNELS
from simulator.engine.records import allocate_records
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, OF_MARKET

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "simulator").rglob("*.py"))


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("flag", ["fastmath", "parallel=True", 'inline="always"', "prange"])
def test_flags_that_change_results_are_not_used(flag: str) -> None:
    pattern = re.compile(r"\b(?:njit|jit|vectorize|guvectorize)\([^)]*" + re.escape(flag) + r"|numba\.prange")
    users = [str(source) for source in SOURCES if pattern.search(source.read_text())]
    assert users == []


def test_only_rule_py_compiles() -> None:
    users = [
        source.name for source in SOURCES if re.search(r"\bnumba\.(n?jit|vectorize)", source.read_text())
    ]
    assert users == ["rule.py"]


@pytest.mark.parametrize(
    ("function", "variables"),
    [("record_trades", BY_TRADE), ("record_market", OF_MARKET)],
)
def test_the_kernel_writes_every_variable_of_the_table_once(
    function: str, variables: tuple[object, ...]
) -> None:
    text = (ROOT / "simulator" / "engine" / "records.py").read_text()
    body = text.split(f"def {function}(")[1].split("@phase")[0]
    written = [int(place) for place in re.findall(r"row\[path, day, (\d+)", body)]
    assert sorted(written) == list(range(len(variables)))


def test_records_have_a_place_for_every_variable() -> None:
    records = allocate_records(2, 3, 4, 5, 6, "float64", agents=True)
    assert records.by_trade.shape == (2, 3, len(BY_TRADE), 4)
    assert records.of_market.shape == (2, 3, len(OF_MARKET))
    assert records.sales.shape == (2, 3, len(CHANNELS))
    assert records.calls.shape == (2, 3, CALL_COUNT)
    assert records.by_fund.shape == (2, 3, len(BY_FUND), 5)
    assert records.by_dealer.shape == (2, 3, len(BY_DEALER), 6)


@pytest.mark.parametrize("folder", ["agents", "literature", "market"])
def test_rules_import_nothing_but_math_and_each_other(folder: str) -> None:
    for source in (ROOT / "simulator" / folder).glob("*.py"):
        for module in re.findall(r"^(?:from|import) (\S+)", source.read_text(), re.MULTILINE):
            allowed = module in {"math", "simulator.rule", "__future__"} or module.startswith(
                ("simulator.market", f"simulator.{folder}")
            )
            assert allowed, f"{source.name} imports {module}"
