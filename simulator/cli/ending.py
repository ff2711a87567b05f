"""How commands end: exit codes, what is said of errors, and how to go on.

Exit codes: 0 done; 2 bad input; 3 finished, but with stopped paths, failed blocks or broken identities; 4
disk, memory or another writer; 5 results complete, but not their report; 130 interrupted, to be resumed with the
same command; 1 a defect of ours. Stopped paths make a code of their own because what is left is a selected sample:
a program that reads the figures must know.
"""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
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


#: Bytes of addresses that commands want which play paths; with less the compiler ends the process in words of its own.
MEMORY_NEEDED = 2**30


def _memory_limit() -> int:
    """Most bytes of addresses that this process may use; 0 if there is no limit."""
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit


#: Found at once: when memory has run out there may be none to look.
MEMORY_LIMIT = _memory_limit()
LIMITED = (
    f"this process may use no more than {MEMORY_LIMIT / 2**20:,.0f} MiB (ulimit -v), and to compile and play the model"
    f" takes about {MEMORY_NEEDED / 2**20:,.0f}; raise the limit"
)


def ends_quietly(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a command end without noise on Ctrl-C, and what it chose for itself, such as a currency, end with it."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            copy_context().run(command, *args, **kwargs)
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
    except (OSError, MemoryError, SystemError, ImportError) as error:
        if memory := out_of_memory(error):
            complain(f"{memory} What was finished is kept. Resume with: {this_command()}")
            ended.code = ENVIRONMENT
        elif isinstance(error, OSError):
            told = disk_error(error, output)
            complain(f"{told} What was finished is kept. Resume with: {this_command()}")
            ended.code = told.exit_code
        else:
            raise


def out_of_memory(error: BaseException) -> str:
    """What to say of an error that is one of memory; empty if it is not.

    Under a limit on memory a library that cannot be loaded, or that asks for too much, raises errors of its own kinds.
    """
    is_odd = isinstance(error, SystemError | ImportError) or (
        isinstance(error, OSError) and error.errno in (None, errno.ENOMEM)
    )
    if MEMORY_LIMIT and (is_odd or isinstance(error, MemoryError)):
        return f"Out of memory: {LIMITED}."
    if isinstance(error, MemoryError):
        return "Out of memory. Use fewer paths, smaller blocks (numerics.block) or fewer threads."
    return ""


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
