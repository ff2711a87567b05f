"""An estimation on the terminal: what it will take, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.cli.terminal import console, duration, plain_table, say

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.estimation.procedure import Cost
    from simulator.estimation.result import Estimation

#: Parameters that are shown: those of which the targets say most.
SHOWN = 25


def cost_lines(found: Cost) -> Iterator[str]:
    """What an estimation will take, in a few lines."""
    yield (
        f"{found.parameters} parameters from {found.targets} targets, {found.checks} more for checking:"
        f" {found.points:,} points, {found.paths:,} paths."
    )
    yield (
        f"A point takes {found.point_s:.2f} core-seconds and {1e3 * found.path_s:.1f} ms a path, of all scenarios."
    )
    yield f"On {found.workers} at once: about {duration(3600.0 * found.hours)} ({found.hours:.2f} hours)."


def print_estimation(found: Estimation, folder: str) -> None:
    """Show what an estimation came to."""
    say(
        f"{len(found.weights)} parameter sets, of which {found.counting:.0f} count, from {found.simulations:,}"
        f" simulations ({found.core_hours:.2f} core-hours).",
        "bold",
    )
    say(
        f"Fitted targets are missed by {found.score():.2f} tolerances (root mean square), at the defaults by"
        f" {found.score('defaults'):.2f}, at the centre by {found.score('centre'):.2f}."
    )
    if found.widening > 1.0:
        say(
            f"Even the best parameters miss them by more than the tolerances: all errors were widened"
            f" {found.widening:.2f} times."
        )
    out = console()
    for table in (_parameters(found), _targets(found)):
        out.print()
        out.print(table)
    for each in found.conflicts:
        say(
            f"At odds: as {each.missed} comes near, {each.other} moves away by {each.moves_away:.1f} tolerances."
        )
    say(f"\nParameter sets: {folder}")


def _parameters(found: Estimation) -> Table:
    columns = ("parameter", "prior", "5%", "median", "95%", "range, of the prior's", "")
    drawn = plain_table(columns, ("parameter", "prior", ""), "What the targets say of the parameters")
    for each in found.parameters[:SHOWN]:
        drawn.add_row(
            each.prior.key,
            each.prior.range,
            *(each.prior.in_words(figure) for figure in (each.low, each.median, each.high)),
            f"{each.share_of_prior:.0%}",
            each.verdict,
        )
    if len(found.parameters) > SHOWN:
        drawn.add_row(f"and {len(found.parameters) - SHOWN} more", "", "", "", "", "", "")
    return drawn


def _targets(found: Estimation) -> Table:
    columns = ("target", "unit", "history", "tolerance", "defaults", "centre", "sets, mean", "5% to 95%", "")
    drawn = plain_table(columns, ("target", "unit", ""), "What the sets predict of every target")
    for each in found.targets:
        seen, moment = found.predicted(each), each.moment
        verdict = "hit" if seen.is_hit else "missed"
        drawn.add_row(
            moment.label,
            moment.unit,
            f"{moment.value:g}",
            f"{moment.tolerance:g}",
            *(f"{figure:.3g}" for figure in (each.before, each.at_centre, seen.mean)),
            f"{seen.low:.3g} to {seen.high:.3g}",
            verdict if each.is_fitted else f"{verdict} (not fitted)",
        )
    return drawn
