"""Set everything up in `.venv` and run the main scenario, or the tests, with uv if it is there, else with Python alone.

    python3 bootstrap.py run [SCENARIO] [OPTIONS OF unwind run]
    python3 bootstrap.py test [CHECK ...]

`run` installs the locked packages and runs `unwind run` (on scenarios/dash-for-cash-2020.yaml unless a
scenario is named). `test` installs the locked development packages too and runs every check, or only those
named: lint, format, types, layers, docs, tests. The environment is built once and reused while the lock files,
pyproject.toml and the Python stay the same.
"""

# Standard library only, and plain enough that a Python too old to run the project can still say so.
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
OLDEST_PYTHON = (3, 11)
MAIN_SCENARIO = "scenarios/dash-for-cash-2020.yaml"
RUN_LOCK = "requirements.lock"
TEST_LOCK = "requirements-dev.lock"

#: Processes that test side by side: one more than cores, as tests of clusters mostly wait; two more gain nothing.
TESTERS = min(4, (os.cpu_count() or 1) + 1)
# The one list of checks: continuous integration, pre-commit and contributors all call it by these names.
CHECKS = {
    "lint": ["ruff", "check"],
    "format": ["ruff", "format", "--check"],
    "types": ["mypy"],
    "layers": ["lint-imports"],
    "docs": ["mkdocs", "build", "--strict"],
    "tests": [
        "pytest",
        "-m",
        "not slow",
        "-n",
        str(TESTERS),
        "--dist",
        "loadscope",
        "--no-loadscope-reorder",
    ],
}
#: What the tests play is compiled on one core while the other checks run on another.
COMPILE = ["unwind", "warm-up", "--quiet"]


class CannotContinueError(Exception):
    """Something about this machine stops the set-up; the message says what it is and what to do."""


def main(arguments: list[str]) -> int:
    """Run the command named by the first argument and return the exit code."""
    commands = {"run": run, "test": test}
    if not arguments or arguments[0] not in commands:
        asked_for_help = arguments[:1] in (["-h"], ["--help"])
        print(__doc__.strip(), file=sys.stdout if asked_for_help else sys.stderr)
        return 0 if asked_for_help else 2
    try:
        return commands[arguments[0]](arguments[1:])
    except CannotContinueError as problem:
        say(str(problem))
        return 4
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def run(arguments: list[str]) -> int:
    """Run a scenario in the environment; the exit code is that of `unwind run`."""
    prepare([RUN_LOCK])
    if not arguments or arguments[0].startswith("-"):
        arguments = [str(ROOT / MAIN_SCENARIO), *arguments]
    return subprocess.call([str(PROGRAMS / "unwind"), "run", *arguments])


def test(names: list[str]) -> int:
    """Run the checks named (all when none is) to the end; 1 if any failed."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        say(f"no check is called {', '.join(unknown)}; the checks are {', '.join(CHECKS)}")
        return 2
    prepare([RUN_LOCK, TEST_LOCK])
    wanted = names or list(CHECKS)
    compiling = subprocess.Popen([str(PROGRAMS / COMPILE[0]), *COMPILE[1:]]) if "tests" in wanted else None
    results = []
    for name in sorted(wanted, key=lambda name: name == "tests"):
        if name == "tests" and compiling:
            compiling.wait()
        results.append((name, *timed(CHECKS[name])))
    print()
    for name, code, seconds in results:
        print(f"{name:7} {seconds:7.1f} s  {'passed' if code == 0 else f'FAILED (exit code {code})'}")
    return int(any(code for _, code, _ in results))


def timed(command: list[str]) -> tuple[int, float]:
    """Run one check from the repository root; its exit code and seconds."""
    print("\n$", *command, flush=True)
    started = time.monotonic()
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # the theme's notice about its successor
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start hundreds of processes of the same modules
    code = subprocess.call([str(PROGRAMS / command[0]), *command[1:]], cwd=ROOT, env=environment)
    return code, time.monotonic() - started


def prepare(locks: list[str]) -> None:
    """Make `.venv` hold what the lock files name, and the package itself, unless it does already."""
    require_python()
    wanted = {lock: fingerprint(lock) for lock in (RUN_LOCK, TEST_LOCK)}
    missing = [lock for lock in locks if installed(lock) != wanted[lock]]
    if not missing:
        return
    is_stale = any(installed(lock) not in (None, wanted[lock]) for lock in wanted)
    if is_stale or not environment_works():
        create_environment()
        missing = locks
    for lock in missing:
        say(f"installing {lock} (some minutes the first time)")
        install("--require-hashes", "--no-deps", "-r", lock)
    install("--no-deps", "-e", ".")
    for lock in missing:
        stamp(lock).write_text(wanted[lock], encoding="utf-8")


def require_python() -> None:
    """Refuse a Python that is too old or cannot make environments, and say what to do about it."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info < OLDEST_PYTHON:
        found = [shutil.which(f"python3.{minor}") for minor in range(20, OLDEST_PYTHON[1] - 1, -1)]
        newer = next(filter(None, found), None)
        advice = (
            f"run: {newer} {' '.join(sys.argv)}" if newer else "install one from your system or python.org"
        )
        raise CannotContinueError(
            f"this is Python {version} ({sys.executable}), but Unwind needs "
            f"{OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later; {advice}"
        )
    if uv():
        return
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            raise CannotContinueError(
                f"this Python ({sys.executable}) has no {module} module, which makes environments; on Debian "
                f"or Ubuntu run: apt install python{version}-venv, elsewhere use a Python from python.org"
            ) from None


def fingerprint(lock: str) -> str:
    """Digest of all that the environment depends on for one lock file."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (lock, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def stamp(lock: str) -> Path:
    """File in the environment that holds the fingerprint of a lock once it is installed whole."""
    return ENVIRONMENT / f"{lock}.installed"


def installed(lock: str) -> str | None:
    """Fingerprint under which a lock was installed, None when it was not, or not to the end."""
    return stamp(lock).read_text(encoding="utf-8") if stamp(lock).exists() else None


def environment_works() -> bool:
    """Whether the environment's own Python starts (its base may have been upgraded or removed)."""
    try:
        return subprocess.call([environment_python(), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def environment_python() -> str:
    """Path of the environment's Python."""
    return str(PROGRAMS / "python")


def create_environment() -> None:
    """Build an empty environment in place of whatever stands there."""
    say(f"creating {ENVIRONMENT} with {sys.executable}")
    by_python = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    # With a pip of its own, which steps in where uv knows less of the machine's package index.
    by_uv = [uv(), "venv", "--quiet", "--seed", "--clear", "--python", sys.executable, str(ENVIRONMENT)]
    if not first_that_works(by_uv, by_python):
        raise CannotContinueError(f"the environment could not be created in {ENVIRONMENT} (see above)")


def install(*arguments: str) -> None:
    """Install packages into the environment, from the repository root."""
    options = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-input"]
    by_pip = [environment_python(), "-m", "pip", "install", *arguments, *options]
    # Compiled, as pip does: else the first start would take many seconds, and each one where nothing may be written.
    by_uv = [uv(), "pip", "install", "--quiet", "--compile-bytecode", "--python", environment_python()]
    by_uv += arguments
    if not first_that_works(by_uv, by_pip):
        raise CannotContinueError(
            f"pip install {' '.join(arguments)} failed (see above): check the network, or the package index that "
            "your pip is configured for, then run the same command again"
        )


def uv() -> str:
    """The program uv, which does in seconds what takes pip minutes; empty if it is not there."""
    return shutil.which("uv") or ""


def first_that_works(*commands: list[str]) -> bool:
    """Call commands, but for programs that are not there, until one succeeds; whether one did."""
    there = [command for command in commands if command[0]]
    for command in there:
        if subprocess.call(command, cwd=ROOT) == 0:
            return True
        if command is not there[-1]:
            say(f"{Path(command[0]).name} could not (see above); trying without it")
    return False


def say(message: str) -> None:
    """One line on the error stream, so that results stay alone on the output."""
    print(f"bootstrap: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
