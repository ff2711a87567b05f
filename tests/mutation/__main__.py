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
    equivalents = check.Equivalents.read()
    for test in found.left_out:
        print(f"not asked, since it fails on the right rules without a compiler: {test}")
    equivalent, surviving = [], []
    for mutant in found.survivors:
        why = equivalents.why(mutant)
        print(f"{mutant}\n    {f'equivalent: {why}' if why else 'SURVIVES'}")
        (equivalent if why else surviving).append(mutant.rule)
    unused = equivalents.unused(found.rules)
    for rule, line, becomes in unused:
        print(
            f"listed in {check.EQUIVALENT.name}, but killed or not made: {rule}\n    - {line}\n    + {becomes}"
        )
    print("\n" + table(found.made, equivalent, surviving))
    return int(bool(surviving or unused))


def table(made: Counter[str], equivalent: list[str], surviving: list[str]) -> str:
    """Mutants by folder and module: made, killed, equivalent by the list, and surviving without a reason."""
    in_all = Counter(group for rule in made.elements() for group in groups(rule))
    same = Counter(group for rule in equivalent for group in groups(rule))
    left = Counter(group for rule in surviving for group in groups(rule))
    lines = [f"{'rules of':28}{'mutants':>9}{'killed':>9}{'share':>8}{'equivalent':>12}{'surviving':>11}"]
    for group, count in sorted(in_all.items()):
        killed = count - same[group] - left[group]
        lines.append(
            f"{group:28}{count:9,}{killed:9,}{killed / count:8.1%}{same[group]:12,}{left[group]:11,}"
        )
    return "\n".join(lines)


def groups(rule: str) -> tuple[str, str]:
    """The folder of a rule, and its module."""
    folder, module, _ = rule.split(".")
    return folder, f"{folder}.{module}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
