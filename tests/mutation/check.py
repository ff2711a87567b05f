"""The check itself: each wrong rule is put in place of the right one, and the tests that call it must object.

One pytest session in one process, with compilation off. Its first round runs every test once and notes which rules
it calls; then, for each mutant, the code of the rule is exchanged in place and only those tests run, the quickest
first, until one fails. Tests that compare compiled code with plain Python are left out: they agree on every error.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from ruamel.yaml import YAML

from tests.cases.reading import FOLDER, PACKAGE, import_rules
from tests.mutation.mutants import Mutant, mutants_of

ROOT = PACKAGE.parent
EQUIVALENT = FOLDER / "equivalent.yaml"
PREFIX = "simulator."
#: Tests that are asked by default, of those folders that there are.
DEFAULT_TESTS = ("tests/cases", "tests/agents", "tests/market", "tests/literature")


def rules_of(parts: Iterable[str]) -> Mapping[str, Callable[..., Any]]:
    """The rules of folders or modules (``agents``, ``market.futures``) as plain functions."""
    return {
        name.removeprefix(PREFIX): function
        for name, function in import_rules().items()
        if any(f"{name.removeprefix(PREFIX)}.".startswith(f"{part}.") for part in parts)
    }


@dataclass
class Equivalents:
    """Mutants that are as right as the rule: by rule and line, what may become of it (or ``any``), and why."""

    listed: list[tuple[str, str, str, str]]
    used: set[tuple[str, str, str]] = field(default_factory=set)

    @classmethod
    def read(cls, file: Path = EQUIVALENT) -> Equivalents:
        """What a file lists."""
        rules = YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}
        return cls(
            [
                (rule, entry["line"], becomes, entry["why"])
                for rule, entries in rules.items()
                for entry in entries
                for becomes in (["any"] if entry["becomes"] == "any" else entry["becomes"])
            ]
        )

    def why(self, mutant: Mutant) -> str | None:
        """The reason for which a survivor is listed, if it is."""
        for rule, line, becomes, why in self.listed:
            if (rule, line) == (mutant.rule, mutant.line) and becomes in (mutant.becomes, "any"):
                self.used.add((rule, line, becomes))
                return why
        return None

    def unused(self, rules: Iterable[str]) -> list[tuple[str, str, str]]:
        """Entries of some rules that no survivor was looked up by: killed, or no longer made."""
        return [entry[:3] for entry in self.listed if entry[0] in rules and entry[:3] not in self.used]


@dataclass
class Mutation:
    """A pytest plugin in the place of the loop over tests."""

    rules: Mapping[str, Callable[..., Any]]
    survivors: list[Mutant] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Ask the tests of each rule about each of its mutants."""
        asked = self._tests_by_rule(session.items)
        for name, function in self.rules.items():
            right = function.__code__
            file = str(Path(right.co_filename).relative_to(ROOT))
            for mutant in mutants_of(name, function, file):
                self.made[name] += 1
                function.__code__ = mutant.code
                try:
                    is_killed = any(not passes(item) for item in asked[name])
                finally:
                    function.__code__ = right
                if not is_killed:
                    self.survivors.append(mutant)
        return True

    def _tests_by_rule(self, items: list[pytest.Item]) -> dict[str, list[pytest.Item]]:
        """Tests that call a rule and pass, the quickest first."""
        names = {function.__code__: name for name, function in self.rules.items()}
        found: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for place, item in enumerate(items):
            called: set[CodeType] = set()

            def note(frame: FrameType, event: str, _: Any, called: set[CodeType] = called) -> None:
                if event == "call":
                    called.add(frame.f_code)

            started = time.perf_counter()
            sys.setprofile(note)
            try:
                is_right = passes(item)
            finally:
                sys.setprofile(None)
            if not is_right:
                self.left_out.append(item.nodeid)
                continue
            for code in called & names.keys():
                found[names[code]].append((time.perf_counter() - started, place))
        return defaultdict(
            list, {name: [items[place] for _, place in sorted(tests)] for name, tests in found.items()}
        )


def passes(item: pytest.Item) -> bool:
    """Whether a test passes (or is skipped)."""
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def run_check(parts: Iterable[str], tests: Iterable[str]) -> Mutation:
    """Make the mutants of the rules of some folders or modules, and ask some tests about each."""
    settings.register_profile(
        "mutation",
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        derandomize=True,
        deadline=None,
        database=None,
    )
    check = Mutation(rules_of(parts))
    options = [
        "--hypothesis-profile",
        "mutation",
        "-o",
        "addopts=",
        "-o",
        "timeout=0",
        "-m",
        "not slow",
        "--assert=plain",
        "--tb=native",
    ]
    said = StringIO()
    with redirect_stdout(said):
        code = pytest.main([*options, "-p", "no:cacheprovider", *tests], plugins=[check])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"pytest stopped with {code!r}:\n{said.getvalue()}")
    return check
