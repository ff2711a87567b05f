"""Small runs to report on: shipped scenarios, a market with hostile names, runs that stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from simulator.ensemble.execution import RunOutcome, run_scenario
from simulator.scenario.explain import as_written
from simulator.scenario.loading import load_scenario
from tests.report.test_page import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
SETTINGS = ("paths=14", "numerics.block=8")


def run_shipped(scenario: Path, folder: Path, *settings: str) -> RunOutcome:
    return run_scenario(load_scenario(scenario, (*SETTINGS, *settings)), folder, threads=1)


def hostile_scenario(folder: Path) -> Path:
    """The toy market with script, markup, quotes, a formula, emoji and Chinese wherever a scenario takes text."""
    folder.mkdir()
    written: dict[str, Any] = as_written(load_scenario(ROOT / "scenarios" / "toy.yaml", SETTINGS).scenario)
    written |= {"title": HOSTILE, "description": f"{HOSTILE} <b>bold</b>"}
    market = written["market"]
    for table in ("buckets", "hedges", "trades"):
        market[table] = {HOSTILE: market[table]["TY"]}
    market["hedges"][HOSTILE] |= {"contract": "TY"}
    written["drivers"] |= {"model": "factor", "noise": 1.0}
    written["funds"] |= {"population": "funds.csv"}
    written["dealers"] |= {"population": "dealers.csv"}
    quoted = HOSTILE.replace('"', '""')
    funds = "".join(f'"{quoted} {n}",$3bn,$30bn\n' for n in range(3))
    (folder / "funds.csv").write_text(f'name,equity,"{quoted}"\n{funds}', encoding="utf-8")
    dealers = "".join(f'"{quoted} {n}",$1bn\n' for n in range(2))
    (folder / "dealers.csv").write_text(f"name,size\n{dealers}", encoding="utf-8")
    file = folder / "hostile.yaml"
    file.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
    return file


def without_last_block(folder: Path, copy: Path) -> Path:
    """A run that was stopped before its last block."""
    shutil.copytree(folder, copy)
    lines = (copy / "ledger.jsonl").read_text().splitlines(keepends=True)
    lines.sort(key=lambda line: int(json.loads(line)["block"]))  # threads finish them in any order
    (copy / "ledger.jsonl").write_text("".join(lines[:-1]))
    return copy
