"""``unwind warm-up``: the model is compiled before anybody waits for it."""

from __future__ import annotations

import time

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import Quiet
from simulator.cli.terminal import duration, say

EXAMPLES = """\b
Examples:
  unwind warm-up
  UNWIND_CACHE=/opt/unwind unwind warm-up --quiet"""


@ends_quietly
def warm_up(quiet: Quiet = False) -> None:
    """Compile the model ahead of the first run: on a node, or in an image."""
    from simulator.ensemble.cores import pin_linear_algebra

    pin_linear_algebra()
    from simulator import rule
    from simulator.cli.progress import ShownProgress
    from simulator.ensemble.compiling import compile_model
    from simulator.ensemble.description import is_compiled

    was_compiled, shown, started = is_compiled(), ShownProgress(), time.perf_counter()
    if not was_compiled and not quiet:
        shown.compiles()
    try:
        compile_model()
    finally:
        shown.ends()
    if not quiet:
        took = "already" if was_compiled else f"in {duration(time.perf_counter() - started)}"
        say(f"Compiled {took}; the code is kept in {rule.CACHE_FOLDER}.", "green")


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("warm-up", epilog=EXAMPLES)(warm_up)
