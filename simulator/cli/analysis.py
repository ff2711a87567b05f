"""``unwind compare``, ``attribute`` and ``reverse``: what is asked of several runs at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.completion import complete_run
from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Horizon, Overrides, ScenarioFile, Uncertainty
from simulator.cli.terminal import complain, console, plain_table, say, say_json
from simulator.scenario.errors import Problems, printable
from simulator.units import Currency, count_in

if TYPE_CHECKING:
    from simulator.analysis.attribution import Attribution
    from simulator.analysis.knife_edge import KnifeEdge
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

COMPARE_EXAMPLES = """\b
Examples:
  unwind compare outputs/no-purchases outputs/purchases
  unwind compare outputs/none outputs/outright outputs/hedged --by unwound
  unwind compare outputs/none outputs/outright outputs/hedged -o comparison.html
  unwind compare outputs/none outputs/outright --json > comparison.json"""


@ends_quietly
def compare_command(
    base: Annotated[
        Path,
        typer.Argument(
            metavar="BASE", help="Folder of the run to compare with.", autocompletion=complete_run
        ),
    ],
    others: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of the other runs.", autocompletion=complete_run),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="BENEFIT",
            help="Rank policies by: dislocation, dislocation_tail, pressure, unwound, failures or dysfunction.",
        ),
    ] = "dislocation",
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="TEXT",
            help="What a run is called; once for each, the base first.",
            show_default=False,
        ),
    ] = None,
    lower_by: Annotated[
        str | None,
        typer.Option(
            "--lower-by",
            metavar="SHARE",
            help="Name the cheapest run that lowers what --by names by so much, such as 50%.",
            show_default=False,
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.html", help="Write the comparison as a page too."),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Show every figure of every run, also when there are several.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side, path by path where they share random numbers, with errors and a verdict."""
    from simulator.results.errors import OutputError

    try:
        _compare(base, others, by, label or [], lower_by, page, details, as_json)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error


def _compare(
    base: Path,
    others: list[Path],
    by: str,
    labels: list[str],
    lower_by: str | None,
    page: Path | None,
    details: bool,
    as_json: bool,
) -> None:
    from simulator.analysis.comparison import compare
    from simulator.analysis.policies import BENEFITS
    from simulator.cli.comparison_display import print_comparison
    from simulator.results.errors import BAD_INPUT, OutputError, plain

    if by not in BENEFITS:
        raise OutputError(f"--by: found {plain(by)!r}; allowed are {', '.join(BENEFITS)}.", BAD_INPUT)
    share = None if lower_by is None else _share(lower_by)
    comparison = compare(base, *others, by=by, labels=labels)
    count_in(Currency(comparison.currency))
    if as_json:
        say_json(comparison.as_record())
    else:
        print_comparison(comparison, by, is_detailed=details or None, lower_by=share)
    if page is not None:
        from simulator.report.comparison_page import write_comparison

        written = write_comparison(comparison, page, by=by)
        complain(f"Page: {written} ({written.stat().st_size / 1e6:,.1f} MB)")


def _share(written: str) -> float:
    """A share as a reader writes it: *50%*."""
    from simulator.results.errors import BAD_INPUT, OutputError, plain
    from simulator.units import SHARE, UnitError, read

    try:
        share = float(read(SHARE, written))
    except UnitError:
        share = 0.0
    if not 0.0 < share <= 1.0:
        raise OutputError(
            f"--lower-by: found {plain(written)!r}; allowed is a share such as 50%, up to 100%.", BAD_INPUT
        )
    return share


ATTRIBUTE_EXAMPLES = """\b
Examples:
  unwind attribute scenarios/dash-for-cash-2020.yaml --paths 500
  unwind attribute scenarios/dash-for-cash-2020.yaml --each --orders 20"""


@ends_quietly
def attribute_command(
    file: ScenarioFile,
    override: Overrides = None,
    horizon: Horizon = None,
    paths: Annotated[int, typer.Option(min=2, help="Paths of each run.")] = 500,
    each: Annotated[
        bool, typer.Option("--each", help="Every channel alone, 256 runs, instead of five groups in 32.")
    ] = False,
    orders: Annotated[
        int, typer.Option(min=0, help="Sample so many random orders of the channels instead of all.")
    ] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take the stress apart by channel, in parts that add up: Shapley values on the same random numbers."""
    loaded = _load(file, override, horizon)
    from simulator.analysis.attribution import EACH, GROUPS, attribute
    from simulator.ensemble.cores import usable_threads

    try:
        found = attribute(
            loaded.scenario,
            loaded.data_files,
            paths,
            groups=EACH if each else GROUPS,
            orders=orders,
            threads=threads or usable_threads(),
            progress=None if as_json else _told,
        )
    except Problems as problems:
        raise loaded.refused(problems) from problems
    if as_json:
        say_json(found.as_record())
    else:
        _print_attribution(found)


REVERSE_EXAMPLES = """\b
Examples:
  unwind reverse scenarios/dash-for-cash-2020.yaml --parameter funds.leverage
  unwind reverse scenarios/dash-for-cash-2020.yaml --parameter funds.free_cash --to 0.1 --collapse 60
  unwind reverse calm --parameter funds.leverage --uncertainty outputs/calm-and-march-2020/parameter-sets.json"""


@ends_quietly
def reverse_command(
    file: ScenarioFile,
    parameter: Annotated[
        str, typer.Option("--parameter", metavar="KEY", help="Figure to multiply, such as funds.leverage.")
    ],
    override: Overrides = None,
    horizon: Horizon = None,
    to: Annotated[
        float,
        typer.Option("--to", min=0.0, max=100.0, help="Largest multiple tried, or smallest if below 1."),
    ] = 3.0,
    collapse: Annotated[
        float,
        typer.Option(min=1.0, max=100.0, help="Positions unwound in a collapse, % of those held at first."),
    ] = 75.0,
    uncertainty: Uncertainty = None,
    paths: Annotated[
        int | None,
        typer.Option(
            min=2, help="Paths of each run; 300 by default, 4,096 over parameter sets.", show_default=False
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reverse stress test: how far a parameter must move before a partial unwind becomes a collapse."""
    loaded = _load(file, override, horizon)
    from simulator.analysis.knife_edge import PATHS, PATHS_OVER_SETS, knife_edge
    from simulator.ensemble.cores import usable_threads

    if uncertainty is not None:
        from simulator.scenario.uncertainty import few_sets, sets_at, spread_over

        paths = paths or PATHS_OVER_SETS
        loaded = spread_over(loaded, sets_at(uncertainty))
        for note in few_sets(paths):
            complain(note)
    try:
        found = knife_edge(
            loaded,
            parameter,
            to=to,
            share=collapse / 100.0,
            paths=paths or PATHS,
            threads=threads or usable_threads(),
        )
    except Problems as problems:
        raise loaded.refused(problems) from problems
    if as_json:
        say_json(found.as_record())
    else:
        _print_knife_edge(found)


def _print_attribution(found: Attribution) -> None:
    """Show the parts on standard output: a row for each group, a column for each outcome."""
    from simulator.analysis.channels import TOLD, told_measures
    from simulator.results.measures import with_unit
    from simulator.results.summary import shown

    counted = f"{found.orders:,} random orders" if found.orders else "all orders"
    title = (
        f"{found.scenario}: Shapley values of the channels over {counted}"
        f" ({found.runs} runs of {found.paths:,} paths)"
    )
    headings = [with_unit(measure.in_short, measure.told_unit) for measure in told_measures().values()]
    table = plain_table(["", *headings], ("",), printable(title))
    table.title_style = "bold"
    table.columns[0].no_wrap = True
    rows = {"all channels off": found.without, **found.parts, "all channels on": found.full}
    for name, figures in rows.items():
        table.add_row(name, *(shown(figures[key], 2) for key in TOLD))
    console().print(table)
    say("Each column adds up. ± is one Monte Carlo standard error, on common random numbers.")


def _print_knife_edge(found: KnifeEdge) -> None:
    """Show the search on standard output."""
    from simulator.analysis.knife_edge import knife_edge_in_words, sets_in_words
    from simulator.results.figures import scaled_estimate
    from simulator.results.measures import MEASURES, with_unit
    from simulator.results.statistics import RANGE_IN_WORDS
    from simulator.results.summary import shown

    table = plain_table(("multiple", found.parameter, with_unit(MEASURES["unwound_in_all"].label, "%")))
    for point in found.points:
        share = shown(scaled_estimate(point.given_up, 100.0), 1)
        table.add_row(f"{point.multiple:.3f}", point.value, share)
    console().print(table)
    for sentence in filter(None, (knife_edge_in_words(found), sets_in_words(found))):
        say(sentence)
    of_sets = f"; {RANGE_IN_WORDS}" if found.sets else "."
    say(f"± is one Monte Carlo standard error, on common random numbers{of_sets}")


def _load(file: str, override: list[str] | None, horizon: str | None) -> LoadedScenario[Scenario]:
    """A scenario to be played in memory, with linear algebra pinned before NumPy comes in."""
    from simulator.ensemble.cores import pin_linear_algebra
    from simulator.scenario.loading import load_scenario

    pin_linear_algebra()
    loaded = load_scenario(file, override or (), horizon=horizon)
    count_in(loaded.scenario.market.counted)
    for note in loaded.notes:
        complain(note)
    return loaded


def _told(done: int, most: int) -> None:
    """Progress on one line of standard error, when somebody looks."""
    if sys.stderr.isatty():
        print(f"\r{done} of {most} runs", end="\n" if done == most else "", file=sys.stderr, flush=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    app.command("compare", epilog=COMPARE_EXAMPLES)(compare_command)
    app.command("attribute", epilog=ATTRIBUTE_EXAMPLES)(attribute_command)
    app.command("reverse", epilog=REVERSE_EXAMPLES)(reverse_command)
