"""An estimation as tables of Markdown, from its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

Row = Mapping[str, Any]
VERDICTS = {True: "hit", False: "missed"}


def estimation_tables(record: Row) -> str:
    """Size and score, every parameter prior beside posterior, every target, and which are at odds."""
    lines = [
        f"{record['sets']} sets, of which {record['sets_that_count']:.0f} count, from {record['simulations']:,}"
        f" simulations in {record['core_hours']:.2f} core-hours, emulators apart. Fitted targets are missed by"
        f" {record['score_at_defaults']:.2f} tolerances (root mean square) at the defaults that were set by hand, by"
        f" {record['score_at_centre']:.2f} at the centre, by {record['score']:.2f} on average over the sets."
        f" Errors were widened {record['widening']:.2f} times.",
        "",
        "### Parameters",
        "",
        *_parameters(record),
        "",
        "### Targets",
        "",
        *_targets(record),
    ]
    if record["conflicts"]:
        lines += ["", "### At odds", "", *_conflicts(record)]
    return "\n".join(lines)


def _parameters(record: Row) -> Iterator[str]:
    yield "| parameter | prior | 5% | median | 95% | range, of the prior's | centre | |"
    yield "|---|---|---:|---:|---:|---:|---:|---|"
    known = priors(Scenario)
    for row in record["parameters"]:
        prior = known[row["key"]]
        ends = (prior.in_words(row[name]) for name in ("low", "median", "high"))
        centre = record["centre"].get(row["key"])
        told = "" if centre is None else prior.in_words(centre)
        cells = [f"`{row['key']}`", prior.range, *ends, f"{row['share_of_prior']:.0%}", told, row["verdict"]]
        yield f"| {' | '.join(cells)} |"


def _targets(record: Row) -> Iterator[str]:
    yield "| target | unit | history | tolerance | set by hand | centre | sets | 5% to 95% of sets | |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---|"
    for row in record["targets"]:
        averages = [_figure(row[name]) for name in ("at_defaults", "at_centre", "mean")]
        ends = f"{_figure(row['low'])} to {_figure(row['high'])}"
        figures = [_figure(row["history"]), f"{row['tolerance']:g}", *averages, ends]
        verdict = VERDICTS[row["is_hit"]] + ("" if row["is_fitted"] else ", not fitted")
        yield f"| {row['label']} | {row['unit']} | {' | '.join(figures)} | {verdict} |"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}".replace("-", "−")


def _conflicts(record: Row) -> Iterator[str]:
    labels = {row["key"]: row["label"] for row in record["targets"]}
    for row in record["conflicts"]:
        yield (
            f"- As *{labels[row['missed']]}* comes near, *{labels[row['other']]}* moves away by"
            f" {row['moves_away']:.1f} tolerances."
        )
