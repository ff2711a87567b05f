"""How many wrong rules the tests find: ``python -m tests.mutation [FOLDER or MODULE ...] [--tests PATH ...]``.

Prints the mutants that no test kills and, last, a table by folder and module. A mutant listed with its reason in
tests/cases/equivalent.yaml is right too. Exit code 1 when a mutant survives that is not listed, or one listed is
killed or no longer made.
"""

import argparse
import os
import sys
from collections import Counter

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before Numba is imported: rules are plain functions

from tests.mutation import check


def main(arguments: list[str]) -> int:
    """Run the check and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["agents", "market", "basis", "literature"])
    parser.add_argument("--tests", nargs="+", help="tests to ask (default: cases, properties and unit tests)")
    chosen = parser.parse_args(arguments)
    tests = chosen.tests or [path for path in check.DEFAULT_TESTS if (check.ROOT / path).is_dir()]
    found = check.run_check(chosen.parts, tests)
    reasons = check.equivalents()
    survivors = {(mutant.rule, mutant.line, mutant.becomes): mutant for mutant in found.survivors}
    listed = {place for place in reasons if place[0] in found.rules}
    for test in found.left_out:
        print(f"not asked, since it fails on the right rules without a compiler: {test}")
    for place, mutant in survivors.items():
        print(f"{mutant}\n    {'equivalent: ' + reasons[place] if place in reasons else 'SURVIVES'}")
    stale = listed - survivors.keys()
    for rule, line, becomes in sorted(stale):
        print(
            f"listed in {check.EQUIVALENT.name}, but killed or not made: {rule}\n    - {line}\n    + {becomes}"
        )
    print("\n" + table(found, listed))
    return int(bool(stale or survivors.keys() - listed))


def table(found: check.Mutation, listed: set[tuple[str, str, str]]) -> str:
    """Mutants by module and by folder: made, killed, equivalent by the list, and surviving without a reason."""
    made, left, equivalent = Counter[str](), Counter[str](), Counter[str]()
    for rule, count in found.made.items():
        made.update(dict.fromkeys(groups(rule), count))
    for mutant in found.survivors:
        is_listed = (mutant.rule, mutant.line, mutant.becomes) in listed
        (equivalent if is_listed else left).update(groups(mutant.rule))
    lines = [f"{'rules of':28}{'mutants':>9}{'killed':>9}{'share':>8}{'equivalent':>12}{'surviving':>11}"]
    for group, count in sorted(made.items()):
        killed = count - left[group] - equivalent[group]
        lines.append(
            f"{group:28}{count:9,}{killed:9,}{killed / count:8.1%}{equivalent[group]:12,}{left[group]:11,}"
        )
    return "\n".join(lines)


def groups(rule: str) -> tuple[str, str]:
    """The folder of a rule, and its module."""
    folder, module, _ = rule.split(".")
    return folder, f"{folder}.{module}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
