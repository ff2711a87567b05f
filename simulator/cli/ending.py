"""How commands end: exit codes, what is said of errors, and how to go on.

Exit codes: 0 done; 2 bad input; 3 finished, but with stopped paths, failed blocks or broken identities; 4
disk, memory or another writer; 5 results complete, but not their report; 130 interrupted, to be resumed with the
same command; 1 a defect of ours. Stopped paths make a code of their own because what is left is a selected sample:
a program that reads the figures must know.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import typer

from simulator.cli.terminal import complain
from simulator.results.errors import (
    ENVIRONMENT,
    INTERRUPTED,
    UNREPORTED,
    LostClusterError,
    OutputError,
    disk_error,
    masked,
)

#: A defect of ours; the other exit codes are those of ``results.errors``.
DEFECT = 1

Arguments = ParamSpec("Arguments")


def ends_quietly(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a command end without noise on Ctrl-C."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt as interrupt:
            complain("Interrupted.")
            raise typer.Exit(INTERRUPTED) from interrupt

    return run


@dataclass
class Ended:
    """How a command ended that did not come to its end."""

    code: int = 0


@contextmanager
def reporting_errors(output: str | Path) -> Iterator[Ended]:
    """Tell what went wrong in the body in one message, and keep its exit code.

    Parameters
    ----------
    output
        Where results lie, for errors of the disk that do not say.
    """
    ended = Ended()
    try:
        yield ended
    except KeyboardInterrupt:  # before the first block or after the last: nothing is in flight
        complain(f"Interrupted. Resume with: {this_command()}")
        ended.code = INTERRUPTED
    except LostClusterError as error:
        complain(f"{error} Resume with: {this_command()}")
        ended.code = error.exit_code
    except OutputError as error:
        complain(str(error))
        ended.code = error.exit_code
    except OSError as error:
        told = disk_error(error, output)
        complain(f"{told} What was finished is kept. Resume with: {this_command()}")
        ended.code = told.exit_code
    except MemoryError:
        complain(
            "Out of memory. Use smaller blocks (numerics.block) or fewer threads. What was finished is kept."
        )
        ended.code = ENVIRONMENT


def written_report(write: Callable[[], Path], results: Path) -> tuple[str, int]:
    """Where the report is that ``write`` wrote, nothing if it could not, and the exit code; results stand without."""
    from simulator.report.page import IncompletePageError
    from simulator.results.places import shown

    try:
        return shown(write()), 0
    except IncompletePageError as error:
        complain(str(error))
        return shown(error.file), error.exit_code
    except Exception as error:
        told = (
            disk_error(error, results) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        )
        complain(
            f"The report could not be written: {told} The results are complete. Try: unwind report {shown(results)}"
        )
        return "", UNREPORTED


def this_command() -> str:
    """The command that was typed, to be typed again; without passwords."""
    return shlex.join(["unwind", *map(masked, sys.argv[1:])])
