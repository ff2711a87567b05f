"""What commands take: arguments and options with their help, and records of those that go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, cast, get_type_hints

import typer

from simulator.cli.completion import complete_run, complete_scenario, complete_setting
from simulator.cli.ending import ends_quietly
from simulator.cli.progress import ShownProgress
from simulator.cli.terminal import complain
from simulator.ensemble.observer import Nobody, Observer
from simulator.ensemble.resources import Resources, tls_of
from simulator.results.errors import OutputError
from simulator.scenario.files import SHIPPED_SETS

ScenarioFile = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario file, name of a shipped scenario, or preset:NAME.",
        show_default=False,
        autocompletion=complete_scenario,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value, such as funds.count=80; may be repeated.",
        show_default=False,
        autocompletion=complete_setting,
    ),
]
Horizon = Annotated[
    str | None,
    typer.Option(
        "--horizon",
        metavar="DAYS",
        help="Stop after so many trading days, such as 30d; never after the scenario's own last day.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]

Uncertainty = Annotated[
    str | None,
    typer.Option(
        "--uncertainty",
        metavar="[SETS]",
        help=f"Spread paths over parameter sets: a file that unwind calibrate made; by default {SHIPPED_SETS}.",
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="Folder or URL (s3://…) of results; outputs/NAME by default.",
        show_default=False,
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="OUTPUT",
        help="Folder or URL of results.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        help="Do the I-th of N parts; processes without a connection share a folder.",
        show_default=False,
    ),
]
_CLUSTER = "Where to work"
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads of this process; all cores by default.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes of a Dask cluster started here, instead of threads.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
SchedulerAddress = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|FILE.json",
        help="Dask cluster that exists: tls://HOST:PORT, tcp://HOST:PORT, or its scheduler file.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
_PEM = {"exists": True, "dir_okay": False, "rich_help_panel": _CLUSTER, "show_default": False}
TlsAuthority = Annotated[
    Path | None, typer.Option("--tls-ca", help="Certificate of the authority, for tls://.", **_PEM)
]
TlsCertificate = Annotated[
    Path | None, typer.Option("--tls-cert", help="Our certificate, for tls://.", **_PEM)
]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="Our key, for tls://.", **_PEM)]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Allow tcp:// to another machine.", rich_help_panel=_CLUSTER),
]
Retries = Annotated[
    int, typer.Option(min=0, help="Further attempts at a block that failed.", rich_help_panel=_CLUSTER)
]


@dataclass(frozen=True, kw_only=True)
class WhereToWork:
    """Options of a command that plays paths: on threads here, or on the workers of a cluster."""

    threads: Threads = None
    workers: Workers = None
    scheduler: SchedulerAddress = None
    tls_ca: TlsAuthority = None
    tls_cert: TlsCertificate = None
    tls_key: TlsKey = None
    insecure: Insecure = False

    def resources(self, retries: int = 1) -> Resources:
        """Where to work; ends the command if the options contradict each other."""
        try:
            return Resources(
                threads=self.threads,
                workers=self.workers,
                scheduler=self.scheduler,
                tls=tls_of(self.tls_ca, self.tls_cert, self.tls_key),
                is_insecure=self.insecure,
                retries=retries,
            )
        except OutputError as error:
            complain(str(error))
            raise typer.Exit(error.exit_code) from error


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Options of a command that makes results: what it says of them."""

    no_report: NoReport = False
    quiet: Quiet = False
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show all tables of the summary.")] = False
    as_json: AsJson = False

    @property
    def is_silent(self) -> bool:
        """Whether nothing is said beside errors and JSON."""
        return self.quiet or self.as_json

    @property
    def observer(self) -> Observer:
        """Whoever shows how far the work is; nobody when quiet, and none beside JSON."""
        return Nobody() if self.is_silent else ShownProgress()


def takes_options(body: Callable[[Any], None]) -> Callable[..., None]:
    """A command whose arguments and options are the fields of the record that its body takes.

    A field that is a record itself stands for its own fields, in its place. The command ends quietly.
    """
    record = next(kind for name, kind in get_type_hints(body).items() if name != "return")

    def command(**given: Any) -> None:
        body(_filled(record, given))

    parameters = list(_parameters(record))
    command.__name__, command.__doc__ = body.__name__, body.__doc__
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return ends_quietly(command)


def _parameters(record: type[Any]) -> Iterator[Parameter]:
    """The fields of a record as parameters of a function, nested records opened."""
    kinds = get_type_hints(record, include_extras=True)
    for entry in fields(record):
        kind = kinds[entry.name]
        if is_dataclass(kind):
            yield from _parameters(cast("type[Any]", kind))
        else:
            default = Parameter.empty if entry.default is MISSING else entry.default
            yield Parameter(entry.name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _filled(record: type[Any], given: Mapping[str, Any]) -> Any:
    """A record with the values that were given for its fields."""
    kinds = get_type_hints(record)
    return record(
        **{
            entry.name: _filled(kinds[entry.name], given)
            if is_dataclass(kinds[entry.name])
            else given[entry.name]
            for entry in fields(record)
        }
    )
