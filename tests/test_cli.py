"""The command as a user types it: what it says, how it ends, and what it does not load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator import cli
from simulator.scenario.declarations import declarations
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Funds

ROOT = Path(__file__).parents[1]
COMPLETE = ROOT / "tests" / "scenario" / "complete.yaml"
HEAVY = (
    "numba",
    "xarray",
    "scipy",
    "dask",
    "distributed",
    "zarr",
    "pandas",
    "numpy",
    "networkx",
    "rich",
    "jinja2",
)

Unwind = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def unwind(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Unwind:
    """Run the command in this process: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unwind", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        capture_output=True, text=True, cwd=options.pop("cwd", ROOT), timeout=60, check=False, **options,
    )  # fmt: skip


def loaded_after(*arguments: str) -> set[str]:
    """Heavy packages that a command has imported when it ends."""
    program = (
        "import sys; from simulator import cli; sys.argv = ['unwind', *sys.argv[1:]]\n"
        "try: cli.main()\n"
        "except SystemExit as end: code = end.code\n"
        f"print('LOADED', code, *[name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    words = result.stdout.split("LOADED")[1].split()
    assert words[0] in ("0", "2"), result.stderr
    return set(words[1:])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["--version"], ["validate", str(COMPLETE)], ["validate", "missing.yaml"]],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded_to_look_or_to_validate(arguments: Sequence[str]) -> None:
    assert loaded_after(*arguments) == set()


def test_help_shows_commands_examples_and_exit_codes() -> None:
    result = command("--help")
    assert result.returncode == 0
    for word in (
        "validate",
        "explain",
        "schema",
        "scenarios",
        "run",
        "Examples:",
        "Exit codes:",
        "--version",
    ):
        assert word in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["validate", "explain", "schema", "scenarios", "run"])
def test_every_command_has_help_with_an_example(name: str, unwind: Unwind) -> None:
    code, out, _ = unwind(name, "--help")
    assert code == 0
    assert "Example" in out


def test_version(unwind: Unwind) -> None:
    assert unwind("--version") == (0, f"unwind {simulator.__version__}\n", "")


def test_a_valid_scenario(unwind: Unwind) -> None:
    code, out, err = unwind("validate", str(COMPLETE), "--set", "paths=1")
    assert (code, err) == (0, "")
    assert out == f"{COMPLETE} is valid: one-trade, 1 path of 10 days, 1 trade, 2 events, 1 file.\n"


def test_a_broken_scenario_as_a_process(tmp_path: Path) -> None:
    text = COMPLETE.read_text().replace("leverage: 20x", "leverge: 20x").replace("seed: 7", "seed: -7")
    (tmp_path / "broken.yaml").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = command("validate", "broken.yaml", cwd=tmp_path, env=environment)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        "broken.yaml:6:7: seed: -7 is too small; allowed: 0 to 9223372036854775807.\n"
        "    6 | seed: -7\n      |       ^\n"
        f"broken.yaml:33:3: funds.leverge: unknown key; allowed: {len(declarations(Funds))} keys,"
        " which unwind explain funds lists. Did you mean leverage?\n   33 |   leverge: 20x\n      |   ^\n"
        "2 problems.\n"
    )


def test_problems_as_json(unwind: Unwind) -> None:
    code, out, err = unwind("validate", str(COMPLETE), "--set", "funds.count=0", "--json")
    assert (code, err) == (2, "")
    report = json.loads(out)
    assert report["valid"] is False
    assert [(problem["key"], problem["found"]) for problem in report["problems"]] == [
        ("funds.count", "0 is too small")
    ]
    code, out, _ = unwind("validate", str(COMPLETE), "--json")
    assert code == 0
    assert json.loads(out)["files"][0]["label"] == str(COMPLETE)


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "no-such-file.yaml"],
        ["validate"],
        ["validate", str(COMPLETE), "--set"],
        ["validate", str(COMPLETE), "--set", "nonsense"],
        ["validate", str(COMPLETE), "--sett", "paths=1"],
        ["rnu", str(COMPLETE)],
        ["run", str(COMPLETE), "--paths", "many"],
        ["run", str(COMPLETE), "--paths", "0"],
        ["run", "no-such-file.yaml"],
        ["explain", "no.such.parameter"],
        ["explain", "no-such-file.yaml"],
        ["schema", "--format"],
        ["validate", "bad\x1b[31mname.yaml"],
        ["validate", "[bold]x[/nope].yaml"],
        ["[/nope]"],
        ["--no-such-option"],
    ],
    ids=" ".join,
)
def test_bad_input_ends_with_2_and_no_traceback(arguments: Sequence[str], unwind: Unwind) -> None:
    code, out, err = unwind(*arguments)
    assert code == 2
    assert err
    assert "Traceback" not in out + err
    assert "\x1b" not in out + err


def test_a_parameter_is_explained(unwind: Unwind) -> None:
    code, out, _ = unwind("explain", "funds.haircut_zero_share")
    assert code == 0
    assert out == (
        "funds.haircut_zero_share\n"
        "  funds at zero haircut\n"
        "  written as  3% or 25bp (fraction)\n"
        "  allowed     0% to 100%\n"
        "  default     56%\n"
        "  source      literature 2.2: April 2025 collection\n"
    )
    code, out, _ = unwind("explain", "dealers", "--json")
    assert {row["key"].split(".")[0] for row in json.loads(out)} == {"dealers"}


def test_an_unknown_parameter_has_a_near_miss(unwind: Unwind) -> None:
    assert unwind("explain", "funds.leverge") == (
        2,
        "",
        "funds.leverge: no such parameter. Did you mean funds.leverage?\n",
    )


def test_a_scenario_is_explained(unwind: Unwind) -> None:
    code, out, _ = unwind("explain", str(COMPLETE), "--set", "funds.leverage=15x")
    assert code == 0
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in out.splitlines()}
    assert lines["funds.leverage"] == ["15x", "--set"]
    assert lines["market.policy_rate"] == ["4.33%", f"{COMPLETE}:11"]
    assert lines["funds.term_repo"] == ["30d", "default (judgement)"]
    code, out, _ = unwind("explain", str(COMPLETE), "--json")
    assert {row["key"]: row["value"] for row in json.loads(out)}["horizon"] == "10d"


def test_the_schema_is_printed(unwind: Unwind) -> None:
    code, out, _ = unwind("schema")
    assert code == 0
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    code, out, _ = unwind("schema", "--markdown")
    assert code == 0
    assert out.startswith("# Parameters\n")


def test_scenarios_are_listed(unwind: Unwind, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("title: The \u202efirst\n")
    (tmp_path / "b.yml").write_text("- broken\n")
    code, out, _ = unwind("scenarios", str(tmp_path), "--json")
    assert code == 0
    listed = {Path(row["file"]).name: row["title"] for row in json.loads(out)}
    assert listed["a.yaml"] == "The \u202efirst"
    assert listed["b.yml"].startswith("(cannot be read: starts with a list of 1")
    code, out, _ = unwind("scenarios", str(tmp_path))
    assert code == 0
    assert "\\u202efirst" in out


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A stand-in for the runner, which is tested with the engine: it records what it is asked for."""
    record = types.SimpleNamespace(calls=[], ends_with=0)

    def run_command(loaded: LoadedScenario[Any], **options: Any) -> int:
        record.calls.append((loaded, options))
        if isinstance(record.ends_with, BaseException):
            raise record.ends_with
        return int(record.ends_with)

    module = types.ModuleType("simulator.ensemble.run")
    module.run_command = run_command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "simulator.ensemble.run", module)
    return record


def test_run_hands_over_scenario_and_options(unwind: Unwind, runner: types.SimpleNamespace) -> None:
    numbers = ("--paths", "50", "--seed", "9", "--threads", "2", "--path", "17", "-o", "outputs/x")
    flags = ("--audit", "--agents", "--overwrite", "--quiet", "--json", "--set", "funds.count=3")
    code, _, err = unwind("run", str(COMPLETE), *numbers, *flags)
    assert (code, err) == (0, "")
    ((loaded, options),) = runner.calls
    assert (loaded.scenario.paths, loaded.scenario.seed, loaded.scenario.funds.count) == (50, 9, 3)
    assert loaded.scenario.output.agents is True
    assert loaded.origin("paths") == "--set"
    assert options == {
        "threads": 2,
        "output": Path("outputs/x"),
        "path": 17,
        "audit": True,
        "overwrite": True,
        "quiet": True,
        "as_json": True,
    }


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (0, 0, ""),
        (3, 3, ""),
        (4, 4, ""),
        (OSError(28, "No space left on device", "outputs/x"), 4, "outputs/x: No space left on device"),
        (MemoryError(), 4, "Out of memory"),
        (ImportError("No module named 'zarr'"), 4, "No module named 'zarr'"),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (
            Problems([Problem("funds.count", "too few", "more", "Add one.")]),
            2,
            "complete.yaml:32:10: funds.count: too few; allowed: more. Add one.",
        ),
        (ZeroDivisionError("planted"), 1, "Unexpected ZeroDivisionError: planted. This is a defect"),
    ],
    ids=lambda part: type(part).__name__ if isinstance(part, BaseException) else str(part)[:12],
)
def test_how_a_run_ends(
    end: Any, code: int, words: str, unwind: Unwind, runner: types.SimpleNamespace
) -> None:
    runner.ends_with = end
    found, _, err = unwind("run", str(COMPLETE))
    assert found == code
    assert words in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(runner: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.ends_with = ZeroDivisionError("planted")
    monkeypatch.setattr(sys, "argv", ["unwind", "--debug", "run", str(COMPLETE)])
    with pytest.raises(ZeroDivisionError, match="planted"):
        cli.main()


def test_text_that_the_terminal_cannot_show_does_not_break_the_command(tmp_path: Path) -> None:
    (tmp_path / "ü.yaml").write_text(COMPLETE.read_text() + "ünknown: 3\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = command("validate", "ü.yaml", cwd=tmp_path, env=environment)
    assert result.returncode == 2
    assert "\\xfcnknown: unknown key" in result.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    arguments = [sys.executable, "-m", "simulator", "schema"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


def test_ctrl_c_ends_with_130() -> None:
    program = (
        "import sys, time, types\n"
        "from simulator import cli\n"
        "module = types.ModuleType('simulator.ensemble.run')\n"
        "def run_command(*_, **__):\n"
        "    print('running', flush=True)\n"
        "    time.sleep(60)\n"
        "module.run_command = run_command\n"
        "sys.modules['simulator.ensemble.run'] = module\n"
        "cli.main()\n"
    )
    arguments = [sys.executable, "-c", program, "run", str(COMPLETE)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"running\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b"Interrupted.\n"
