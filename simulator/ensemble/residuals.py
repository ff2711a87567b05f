"""The audit of a run: the worst residual of every accounting identity, with stage, day and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from simulator.engine.audit import OPENING
from simulator.engine.opening.prepare import Prepared
from simulator.engine.records import Records, joined
from simulator.engine.simulate import simulate_block
from simulator.engine.state import IDENTITIES, STAGES
from simulator.results.ledger import FinishedBlock

#: Half a dollar, in USD billions: a missing dollar is caught, and any market holds to 1e-9 of its size.
RESIDUAL_MAX_BN = 0.5e-9

Residual = Mapping[str, Any]


def simulate_audited(
    prepared: Prepared, first_path: int, path_count: int, agents: bool
) -> tuple[Records, tuple[Residual, ...]]:
    """Play a block path by path, so that a residual is known with its path; the records are the same."""
    results = [
        simulate_block(prepared, path, 1, agents=agents)
        for path in range(first_path, first_path + path_count)
    ]
    parts = [result.records for result in results]
    records = joined(parts)
    worst = np.array([result.audit_worst for result in results])  # (path, identity, stage)
    days = np.array([result.audit_day for result in results])
    size = np.where(np.isnan(worst), np.inf, worst)  # a residual that is no number is the worst of all
    found = []
    for identity, name in enumerate(IDENTITIES):
        path, stage = np.unravel_index(int(np.argmax(size[:, identity])), size[:, identity].shape)
        found.append(
            {
                "identity": name,
                "stage": STAGES[stage],
                "day": int(days[path, identity, stage]) + int(stage != OPENING),  # the opening is day 0
                "path": first_path + int(path),
                "residual_bn": float(size[path, identity, stage]),
            }
        )
    return records, tuple(found)


def worst_residuals(blocks: Iterable[FinishedBlock]) -> list[Residual]:
    """The worst residual of each identity over the blocks of a run, in the order of the identities."""
    worst: dict[str, Residual] = {}
    for block in blocks:
        for residual in block.audit:
            known = worst.get(residual["identity"])
            if known is None or residual["residual_bn"] > known["residual_bn"]:
                worst[residual["identity"]] = residual
    return [worst[name] for name in IDENTITIES if name in worst]


def is_broken(residual: Residual) -> bool:
    """Whether an identity does not hold."""
    return not residual["residual_bn"] <= RESIDUAL_MAX_BN
