"""The command as a user types it: what it says, how it ends, and what it does not load."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator import rule
from simulator.cli import main as cli
from simulator.cli import run as run_module
from simulator.cli.ending import DEFECT
from simulator.cli.options import Telling
from simulator.cli.run import RunOptions
from simulator.ensemble.resources import Resources, Tls
from simulator.results.errors import ENVIRONMENT, UNFINISHED
from simulator.results.folder import open_run
from simulator.results.reading import verify_run
from simulator.scenario.declarations import declarations
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Funds
from tests.conftest import Unwind
from tests.ensemble.conftest import WILD

ROOT = Path(__file__).parents[2]
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


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        capture_output=True, text=True, cwd=options.pop("cwd", ROOT), check=False, **options,
    )  # fmt: skip


def loaded_after(*arguments: str) -> set[str]:
    """Heavy packages that a command has imported when it ends."""
    program = (
        "import sys; from simulator.cli import main as cli; sys.argv = ['unwind', *sys.argv[1:]]\n"
        "try: cli.main()\n"
        "except SystemExit as end: code = end.code\n"
        f"print('LOADED', code, *[name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
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
    assert "..." not in result.stdout.partition("Commands:")[2], "a short help is cut"
    assert result.stdout.index("  new ") < result.stdout.index("  run ") < result.stdout.index("  report ")
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


def commands() -> list[str]:
    return [str(command.name or command.callback.__name__) for command in cli.app.registered_commands]  # type: ignore[union-attr]


def test_every_command_is_listed_in_short() -> None:
    assert set(cli._IN_SHORT) == set(commands())


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name: str, unwind: Unwind) -> None:
    code, out, _ = unwind(name, "--help")
    assert code == 0
    assert re.search(rf"Examples?:\n +unwind {name}\b", out)
    assert name in ("schema", "basis") or "--json" in out or "--quiet" in out  # these print JSON and CSV


def test_the_model_is_compiled_ahead(unwind: Unwind) -> None:
    assert unwind("warm-up", "--quiet") == (0, "", "")
    code, out, _ = unwind("warm-up")
    assert (code, out) == (0, f"Compiled already; the code is kept in {rule.CACHE_FOLDER}.\n")


@pytest.mark.parametrize("end", [(), ("--quiet",)], ids=["last", "before an option"])
def test_without_sets_of_its_own_uncertainty_means_those_that_ship(
    end: Sequence[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    result = command("run", "toy", "--paths", "160", "--no-report", "-o", str(folder), "--uncertainty", *end)
    assert result.returncode == 0, result.stderr
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameter_sets"]["provenance"]["targets"]["name"] == "calm-and-march-2020"


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
        f"broken.yaml:40:3: funds.leverge: unknown key; allowed: {len(declarations(Funds))} keys,"
        " which unwind explain funds lists. Did you mean leverage?\n   40 |   leverge: 20x\n      |   ^\n"
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
    parameters = [row for row in json.loads(out) if row["kind"] == "parameter"]
    assert {row["key"].split(".")[0] for row in parameters} == {"dealers"}


def test_an_unknown_parameter_has_a_near_miss(unwind: Unwind) -> None:
    assert unwind("explain", "funds.leverge") == (
        2,
        "",
        "funds.leverge: nothing is called so. Did you mean funds.leverage?\n",
    )


def test_a_rule_is_explained_without_the_compiler(unwind: Unwind) -> None:
    code, out, _ = unwind("explain", "scarcity_bp")
    assert code == 0
    assert out == (
        "agents.cash_lender.scarcity_bp\n"
        "  Repo premium when dealers need more than the easy part of what is offered: it rises with the square of it.\n"
        "  rule at     simulator/agents/cash_lender.py:77\n"
        "  takes       needed_bn (USD billions), offered_bn (USD billions), easy_share (share, as a decimal),\n"
        "              scarcity_at_limit (bp), scarcity_ceiling (bp)\n"
        "  gives       bp\n"
        "  units       USD billions, bp, shares as decimals.\n"
        "\n"
        "  ``scarcity_at_limit`` is the premium in bp where dealers need all that is offered."
        " A straight line cannot have\n"
        "  both a modest first day and a spike; the square is judgement."
        " Nobody pays more than ``scarcity_ceiling``: what is\n"
        "  still missing is taken from clients.\n"
        "\n"
        "    if offered_bn <= 0.0:\n"
        "        return scarcity_ceiling if needed_bn > 0.0 else 0.0\n"
        "    strain = max(0.0, needed_bn / offered_bn - easy_share) / (1.0 - easy_share)\n"
        "    return min(scarcity_ceiling, scarcity_at_limit * strain * strain)\n"
        "\n"
    )
    (record,) = json.loads(unwind("explain", "scarcity_bp", "--json")[1])
    assert (record["kind"], record["takes"]["needed_bn"]) == ("rule", "USD billions")
    assert loaded_after("explain", "scarcity_bp") == set()


def test_stored_variables_and_outcomes_are_explained(unwind: Unwind) -> None:
    assert "stored in   $bn" in unwind("explain", "facility_use")[1]
    assert "positions unwound, in all trades" in unwind("explain", "unwound_in_all")[1]
    kinds = [row["kind"] for row in json.loads(unwind("explain", "dislocation", "--json")[1])]
    assert kinds == ["term", "parameter", "parameter", "parameter", "variable"]  # of each kind of hedge


def test_a_scenario_is_explained(unwind: Unwind) -> None:
    code, out, _ = unwind("explain", str(COMPLETE), "--set", "funds.leverage=15x")
    assert code == 0
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in out.splitlines()}
    assert lines["funds.leverage"] == ["15x", "--set"]
    assert lines["market.fundings.treasury.policy_rate"] == ["4.33%", f"{COMPLETE}:14"]
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


def test_shipped_scenarios_are_run_by_name(
    unwind: Unwind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = unwind("scenarios")
    assert code == 0
    assert re.search(r"^  dash-for-cash-2020 +Dash for cash, February to May 2020$", out, re.MULTILINE)
    assert "preset:us-treasury-2025-04-01" in out
    assert unwind("validate", "levered-2025-meets-2020", "--quiet") == (0, "", "")
    code, _, err = unwind("validate", "dash-for-cash")
    assert code == 2
    assert "neither a file nor a shipped scenario" in err
    assert "Did you mean dash-for-cash-2020?" in err
    Path("toy").mkdir()  # a folder is no scenario
    assert unwind("validate", "toy", "--quiet") == (0, "", "")
    Path("calm").write_text("name: mine\n")  # a file of that name goes first
    assert unwind("validate", "calm")[0] == 2


def test_scenarios_ship_inside_the_package(tmp_path: Path) -> None:
    """As a wheel lays it out: scenarios in the package, no repository around it."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source, place in {"simulator": "simulator", **wheel["force-include"]}.items():
        if (ROOT / source).is_file():
            shutil.copy(ROOT / source, tmp_path / place)
            continue
        shutil.copytree(ROOT / source, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = command("validate", "levered-2025-meets-2020", cwd=tmp_path, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "3 files" in result.stdout


def test_a_new_scenario_is_written_and_valid(unwind: Unwind, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    code, out, err = unwind("new", str(file), "--from", "us-treasury-2020-02-18")
    assert (code, err) == (0, "")
    assert f"unwind validate {file}" in out
    assert unwind("validate", str(file))[0] == 0
    before = file.read_text()
    code, _, err = unwind("new", str(file))
    assert (code, err) == (2, f"{file}: is there already. Choose another name, or delete it\n")
    assert file.read_text() == before
    code, out, _ = unwind("new")
    assert code == 0
    assert out.startswith("# Check it:")
    for wrong in (
        ["new", "x.txt"],
        ["new", str(tmp_path / "-.yaml"), "--from", "nowhere"],
        ["new", "/no/where.yaml"],
    ):
        code, out, err = unwind(*wrong)
        assert code in (2, 4)
        assert err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)],
    ids=str,
)
def test_colour_is_for_terminals(settings: dict[str, str], coloured: bool) -> None:
    plain = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    for arguments in (
        ["validate", str(COMPLETE)],
        ["validate", str(COMPLETE), "--set", "funds.count=0"],
        ["scenarios"],
    ):
        result = command(*arguments, env=plain | settings)
        assert ("\x1b[" in result.stdout + result.stderr) is coloured, arguments


def test_a_terminal_is_coloured() -> None:
    master, slave = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR")}
    arguments = [sys.executable, "-m", "simulator", "validate", str(COMPLETE)]
    subprocess.run(arguments, stdout=slave, cwd=ROOT, env=plain | {"TERM": "xterm"}, check=True)
    os.close(slave)
    said = os.read(master, 10_000).decode()
    os.close(master)
    assert said.startswith("\x1b[32m")
    assert said.rstrip().endswith("1 file.\x1b[0m")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("run dash", {"dash-for-cash-2020"}),
        ("validate preset:us-treasury-2019", {"preset:us-treasury-2019-09-13"}),
        ("run tests/scenario/comp", {"tests/scenario/complete.yaml"}),
        ("run toy --set funds.leverage_h", {"funds.leverage_headroom="}),
        ("explain funds.leverage_h", {"funds.leverage_headroom"}),
        ("explain scarcity_", {"scarcity_bp"}),
        ("report tests/scen", {"tests/scenario"}),
        ("vali", {"validate"}),
    ],
)
def test_the_shell_completes(typed: str, offered: set[str]) -> None:
    words = {"_UNWIND_COMPLETE": "complete_bash", "COMP_WORDS": f"unwind {typed}"}
    environment = {**os.environ, **words, "COMP_CWORD": str(len(typed.split()))}
    program = "import sys; from simulator.cli import main as cli; sys.argv = ['unwind']; cli.main()"
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert set(result.stdout.split()) == offered, result.stderr


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A stand-in for the runner, which is tested with the engine: it records what it is asked for."""
    record = types.SimpleNamespace(calls=[], ends_with=0)

    def play(loaded: LoadedScenario[Any], resources: Resources, options: RunOptions) -> int:
        record.calls.append((loaded, resources, options))
        if isinstance(record.ends_with, BaseException):
            raise record.ends_with
        return int(record.ends_with)

    monkeypatch.setattr(run_module, "play", play)
    return record


def test_run_hands_over_scenario_and_options(unwind: Unwind, runner: types.SimpleNamespace) -> None:
    numbers = ("--paths", "50", "--seed", "9", "--threads", "2", "--retries", "3")
    numbers = (*numbers, "--path", "17", "-o", "outputs/x")
    flags = ("--audit", "--agents", "--overwrite", "--quiet", "--json", "--set", "funds.count=3")
    code, _, err = unwind("run", str(COMPLETE), *numbers, *flags)
    assert (code, err) == (0, "")
    ((loaded, resources, options),) = runner.calls
    assert (loaded.scenario.paths, loaded.scenario.seed, loaded.scenario.funds.count) == (50, 9, 3)
    assert loaded.scenario.output.agents is True
    assert loaded.origin("paths") == "--set"
    assert resources == Resources(threads=2, retries=3)
    assert (options.output, options.path, options.shard) == ("outputs/x", 17, None)
    assert (options.audit, options.overwrite) == (True, True)
    assert options.telling == Telling(no_report=False, quiet=True, as_json=True)


def test_where_to_work_is_handed_over(unwind: Unwind, runner: types.SimpleNamespace, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    for file in files.values():
        file.touch()
    tls = [word for name, file in files.items() for word in (f"--tls-{name}", str(file))]
    assert unwind("run", str(COMPLETE), "--scheduler", "tls://a:1", *tls)[0] == 0
    assert unwind("run", str(COMPLETE), "--workers", "3", "--shard", "2/5", "-o", "s3://bucket/run")[0] == 0
    (_, first, _), (_, second, options) = runner.calls
    assert first == Resources(scheduler="tls://a:1", tls=Tls(*files.values()))
    assert second == Resources(workers=3)
    assert (options.shard, options.output) == ("2/5", "s3://bucket/run")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--threads", "2", "--workers", "2"), "--threads and --workers: found several places to work"),
        (("--insecure",), "--tls-* and --insecure go with --scheduler"),
        (("--scheduler", "tls://a:1", "--tls-key", __file__), "found some of them; allowed are all three"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    options: tuple[str, ...], words: str, unwind: Unwind
) -> None:
    code, _, err = unwind("run", str(COMPLETE), *options)
    assert code == 2
    assert words in err


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
            "complete.yaml:39:10: funds.count: too few; allowed: more. Add one.",
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


@pytest.mark.parametrize("kilobytes", [250_000, 500_000])
def test_too_little_memory_is_told_before_anything_is_loaded(kilobytes: int, tmp_path: Path) -> None:
    """The compiler would end the process with words of its own."""
    command_line = (
        f"ulimit -v {kilobytes}; exec {sys.executable} -m simulator run toy --paths 4 -o {tmp_path}/run"
    )
    result = subprocess.run(["bash", "-c", command_line], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == ENVIRONMENT
    assert f"no more than {kilobytes / 1024:,.0f} MiB (ulimit -v)" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_traceback(
    runner: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.ends_with = ZeroDivisionError("planted")
    monkeypatch.setattr(sys, "argv", ["unwind", "--debug", "run", str(COMPLETE)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == DEFECT
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "ZeroDivisionError: planted" in said


def test_text_that_the_terminal_cannot_show_does_not_break_the_command(tmp_path: Path) -> None:
    (tmp_path / "ü.yaml").write_text(COMPLETE.read_text() + "ünknown: 3\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = command("validate", "ü.yaml", cwd=tmp_path, env=environment)
    assert result.returncode == 2
    assert "\\xfcnknown: unknown key" in result.stderr


@pytest.mark.parametrize(
    ("where", "settings", "code"),
    [("<&- >&- 2>&-", (), 0), ("| true", (), 0), ("2>&1 | true", WILD, UNFINISHED)],
)
def test_a_run_that_nobody_listens_to_is_whole_and_ends_with_its_own_code(
    tmp_path: Path, where: str, settings: Sequence[str], code: int
) -> None:
    toy = ROOT / "tests" / "ensemble" / "toy.yaml"
    changes = " ".join(f"--set '{each}'" for each in settings)
    words = f"{sys.executable} -m simulator run {toy} --no-report -o {tmp_path / 'run'} {changes}"
    script = f"( {words} ; echo $? >{tmp_path / 'code'} ) {where}"
    result = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stdout + result.stderr
    assert "Exception ignored" not in result.stderr
    assert (tmp_path / "code").read_text().strip() == str(code)
    assert verify_run(tmp_path / "run") == []
    assert open_run(tmp_path / "run").manifest.status == "complete"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_output_that_is_lost_is_told() -> None:
    with open("/dev/full", "w") as full:
        arguments = [sys.executable, "-m", "simulator", "scenarios"]
        result = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert result.returncode == ENVIRONMENT
    assert (
        result.stderr
        == "Standard output: No space left on device. What was printed is not whole; files are.\n"
    )


def test_a_reader_that_leaves_early_is_no_error() -> None:
    arguments = [sys.executable, "-m", "simulator", "schema"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


def test_ctrl_c_ends_with_130() -> None:
    program = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # what nohup starts inherits that it is ignored
        "from simulator.cli import main as cli\n"
        "from simulator.cli import run\n"
        "def play(*_):\n"
        "    print('running', flush=True)\n"
        "    time.sleep(60)\n"
        "run.play = play\n"
        "cli.main()\n"
    )
    arguments = [sys.executable, "-c", program, "run", str(COMPLETE)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"running\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == b"Interrupted.\n"


def test_a_market_in_yuan_is_told_in_yuan_and_the_next_in_dollars(unwind: Unwind) -> None:
    """The currency is the command's: it does not stay for the next one in the same process."""
    _, told, _ = unwind("explain", "china-hedgers-2019")
    assert re.search(r"market\.hedges\.T\.hedge_demand\s+-¥22bn", told)
    _, after, _ = unwind("explain", "toy")
    assert re.search(r"market\.hedges\.TY\.hedge_demand\s+\$100bn", after)


def test_runs_in_two_currencies_are_not_compared(tmp_path: Path, unwind: Unwind) -> None:
    for name in ("toy", "china-hedgers-2019"):
        code, out, _ = unwind("run", name, "--paths", "2", "--output", str(tmp_path / name), "--no-report")
        assert code == 0
        assert ("¥" in out, "$" in out) == ((False, True) if name == "toy" else (True, False))
    _, _, refused = unwind("compare", str(tmp_path / "toy"), str(tmp_path / "china-hedgers-2019"))
    assert "found runs in CNY and USD" in refused
