"""The bootstrap: one list of checks, an environment that is reused, and messages that say what to do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with a repository of its own: two lock files and a pyproject.toml."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in (module.RUN_LOCK, module.TEST_LOCK, "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(module, "PROGRAMS", tmp_path / ".venv" / "bin")
    monkeypatch.setattr(module, "uv", lambda: "")
    return module


@pytest.fixture
def calls(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that the script would have run, each of them successful; `-m venv` makes the folder."""
    ran: list[list[str]] = []

    def call(command: list[str], **_: object) -> int:
        if "import pip" in command:
            return 0 if bootstrap.ENVIRONMENT.exists() else 1
        ran.append(command)
        if "venv" in command:
            bootstrap.ENVIRONMENT.mkdir(exist_ok=True)
            for stamp in bootstrap.ENVIRONMENT.glob("*.installed"):
                stamp.unlink()
        return 0

    class Started:
        """A command that runs beside others."""

        def __init__(self, command: list[str]) -> None:
            ran.append(command)

        def wait(self) -> int:
            ran.append(["wait"])
            return 0

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(subprocess, "Popen", Started)
    return ran


def installs(calls: list[list[str]]) -> list[str]:
    return [command[command.index("-r") + 1] for command in calls if "-r" in command]


def test_run_builds_the_environment_once(bootstrap: ModuleType, calls: list[list[str]]) -> None:
    assert bootstrap.main(["run", "--paths", "3"]) == 0
    assert installs(calls) == ["requirements.lock"]
    assert [*calls[-1][:2], Path(calls[-1][2]).name, *calls[-1][3:]] == [
        str(bootstrap.PROGRAMS / "unwind"), "run", "dash-for-cash-2020.yaml", "--paths", "3",
    ]  # fmt: skip
    calls.clear()
    assert bootstrap.main(["run", "scenarios/calm.yaml"]) == 0
    assert calls == [[str(bootstrap.PROGRAMS / "unwind"), "run", "scenarios/calm.yaml"]]


def test_test_adds_the_development_packages_and_runs_every_check(
    bootstrap: ModuleType, calls: list[list[str]]
) -> None:
    bootstrap.main(["run"])
    calls.clear()
    assert bootstrap.main(["test"]) == 0
    assert installs(calls) == ["requirements-dev.lock"]
    programs = [Path(command[0]).name for command in calls if "pip" not in command]
    assert programs == ["unwind", "ruff", "ruff", "mypy", "lint-imports", "mkdocs", "wait", "pytest"]
    calls.clear()
    assert bootstrap.main(["test", "lint"]) == 0
    assert [Path(command[0]).name for command in calls] == ["ruff"]


def test_changed_lock_rebuilds_the_environment(bootstrap: ModuleType, calls: list[list[str]]) -> None:
    bootstrap.main(["run"])
    (bootstrap.ROOT / bootstrap.RUN_LOCK).write_text("other", encoding="utf-8")
    calls.clear()
    assert bootstrap.main(["run"]) == 0
    assert "venv" in calls[0]
    assert installs(calls) == ["requirements.lock"]


def test_failed_check_fails_the_run_but_not_the_checks_after_it(
    bootstrap: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bootstrap.main(["test"])
    calls.clear()
    succeed = subprocess.call

    def call(command: list[str], **options: object) -> int:
        succeed(command, **options)  # type: ignore[arg-type]
        return int(command[0].endswith("mypy"))

    monkeypatch.setattr(subprocess, "call", call)
    assert bootstrap.main(["test"]) == 1
    assert len(calls) == len(bootstrap.CHECKS) + 2  # one command compiles beside them, and is waited for
    said = capsys.readouterr().out
    assert "types" in said
    assert said.count("FAILED (exit code 1)") == 1


def test_failed_install_leaves_no_stamp(
    bootstrap: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    succeed = subprocess.call

    def call(command: list[str], **options: object) -> int:
        succeed(command, **options)  # type: ignore[arg-type]
        return int("-r" in command)

    monkeypatch.setattr(subprocess, "call", call)
    assert bootstrap.main(["run"]) == 4
    assert "check the network" in capsys.readouterr().err
    assert not list(bootstrap.ENVIRONMENT.glob("*.installed"))


def test_uv_is_used_where_it_is_and_pip_where_it_fails(
    bootstrap: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap, "uv", lambda: "/opt/uv")
    monkeypatch.setitem(sys.modules, "ensurepip", None)  # which uv does without
    assert bootstrap.main(["run"]) == 0
    assert [command[:2] for command in calls[:-1]] == [["/opt/uv", "venv"], *[["/opt/uv", "pip"]] * 2]
    (bootstrap.ROOT / bootstrap.RUN_LOCK).write_text("other", encoding="utf-8")
    calls.clear()
    succeed = subprocess.call

    def call(command: list[str], **options: object) -> int:
        succeed(command, **options)  # type: ignore[arg-type]
        return int(command[:2] == ["/opt/uv", "pip"])

    monkeypatch.setattr(subprocess, "call", call)
    assert bootstrap.main(["run"]) == 0
    assert [command[1] for command in calls[:-1]] == ["venv", *["pip", "-m"] * 2]
    assert capsys.readouterr().err.count("uv could not (see above); trying without it") == 2


def test_old_python_is_refused_with_advice(
    bootstrap: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: "/usr/bin/python3.12" if name == "python3.12" else None
    )
    assert bootstrap.main(["run"]) == 4
    said = capsys.readouterr().err
    assert "this is Python 3.9" in said
    assert "needs 3.11 or later; run: /usr/bin/python3.12" in said
    assert not calls


def test_python_without_venv_is_refused_with_advice(
    bootstrap: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert bootstrap.main(["test"]) == 4
    said = capsys.readouterr().err
    assert "has no ensurepip module" in said
    assert f"apt install python3.{sys.version_info[1]}-venv" in said
    assert not calls


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["rum"], 2), (["test", "typs"], 2), (["--help"], 0)]
)
def test_wrong_commands_are_told(bootstrap: ModuleType, arguments: list[str], code: int) -> None:
    assert bootstrap.main(arguments) == code
