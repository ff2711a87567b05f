"""Print the hash of all records of every variant that plays the toy market: run compiled and not, they must agree."""

from __future__ import annotations

import hashlib
import json

from simulator.results.variables import PLACES
from tests.economics.shipped import played
from tests.oracle.variants import VARIANTS


def digests() -> dict[str, str]:
    """Hash of the records, and of the audit's residuals, by variant."""
    found = {}
    for variant in VARIANTS:
        if variant.scenario != "toy":
            continue
        result = played(variant.scenario, *variant.settings, agents=True, audit=True).result
        digest = hashlib.sha256()
        for name in PLACES:
            digest.update(result.records.of(name).tobytes())
        digest.update(result.records.status.tobytes())
        digest.update(result.audit_worst.tobytes())
        found[variant.name] = digest.hexdigest()
    return found


if __name__ == "__main__":
    print(json.dumps(digests()))
