"""Everything a sweep file can say: one declaration a parameter, as for scenarios.

A sweep is a scenario, axes along which some of its parameters vary, policies as named variants, and seeds.
Every combination of one point of each axis, one policy and one seed is a *cell*.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simulator.scenario.declarations import FragmentMark
from simulator.scenario.parameters import (
    Count,
    DataFile,
    Number,
    Problem,
    Problems,
    Section,
    Share,
    Text,
    section,
)
from simulator.scenario.parameters import (
    parameter as declare,
)
from simulator.scenario.schema import Scenario

#: A value of a parameter, written as in a scenario; checked as part of the scenario of its cell.
Value = Annotated[Any, FragmentMark()]
#: A piece of a scenario: sections merge key by key, lists are replaced.
Changes = Annotated[Any, FragmentMark(Scenario)]

POLICY, SEED = "policy", "seed"
#: Names of dimensions and variables of the results, which an axis cannot have.
RESERVED = ("cell", "path", "trade", "channel", "call", "day", "level", "status", "paths", POLICY, SEED)


class Range(Section):
    """A parameter that varies between two values."""

    parameter: Text = declare(source="sweep", doc="dotted key of the scenario")
    low: Value = declare(source="sweep", doc="lowest value")
    high: Value = declare(source="sweep", doc="highest value")
    scale: Literal["linear", "log"] = declare(
        "linear", source="sweep", doc="even steps of the value or of its logarithm"
    )


class Series(Section):
    """A parameter that takes values one after the other."""

    parameter: Text = declare(source="sweep", doc="dotted key of the scenario")
    values: Annotated[list[Value], Field(min_length=1, max_length=10_000)] = declare(
        source="sweep", doc="its values"
    )


class Grid(Section):
    """One parameter, its values listed, or spaced evenly from low to high."""

    kind: Literal["grid"] = declare(source="sweep", doc="kind of axis")
    parameter: Text = declare(source="sweep", doc="dotted key of the scenario, as in --set")
    values: Annotated[list[Value], Field(max_length=10_000)] = declare(
        [], source="sweep", doc="its values; or give low, high and steps"
    )
    low: Value = declare(None, source="sweep", doc="first value of an even spacing")
    high: Value = declare(None, source="sweep", doc="last value of an even spacing")
    steps: Count = declare(
        0, minimum=0, maximum=10_000, source="sweep", doc="values of an even spacing, ends included"
    )
    scale: Literal["linear", "log"] = declare(
        "linear", source="sweep", doc="even steps of the value or of its logarithm"
    )

    @model_validator(mode="after")
    def values_are_given_once(self) -> Grid:
        """Check that the values are listed or spaced, not both."""
        spaced = self.low is not None and self.high is not None and self.steps >= 2
        if bool(self.values) == spaced:
            found = "both values and a spacing" if spaced else "neither values nor a whole spacing"
            raise Problems([Problem("values", found, "values: […], or low, high and steps of at least 2")])
        return self


class Zip(Section):
    """Several parameters that change together: the first values of all, then the second, and so on."""

    kind: Literal["zip"] = declare(source="sweep", doc="kind of axis")
    parameters: Annotated[list[Series], Field(min_length=1, max_length=50)] = declare(
        source="sweep", doc="parameters, each with as many values as the others"
    )
    labels: list[Text] = declare([], source="sweep", doc="a name for each point; numbers from 0 if absent")

    @model_validator(mode="after")
    def lengths_are_equal(self) -> Zip:
        """Check that every parameter has as many values as the first."""
        count = len(self.parameters[0].values)
        lengths = {
            f"parameters.{place}.values": len(series.values) for place, series in enumerate(self.parameters)
        }
        lengths |= {"labels": len(self.labels)} if self.labels else {}
        problems = [
            Problem(key, f"{length} values", f"{count}, as many as of the first parameter")
            for key, length in lengths.items()
            if length != count
        ]
        if len(set(self.labels)) < len(self.labels):
            problems.append(Problem("labels", "a name stands twice", "a different name for each point"))
        if problems:
            raise Problems(problems)
        return self


class LatinHypercube(Section):
    """Points spread over ranges, each range cut into as many strata as there are points."""

    kind: Literal["latin-hypercube"] = declare(source="sweep", doc="kind of axis")
    points: Count = declare(minimum=2, maximum=100_000, source="sweep", doc="points of the design")
    design_seed: Count = declare(
        1, minimum=0, maximum=2**53, source="sweep", doc="seed of the design; not that of the paths"
    )
    parameters: Annotated[list[Range], Field(min_length=1, max_length=50)] = declare(
        source="sweep", doc="ranges"
    )


class Sobol(Section):
    """Points of a scrambled Sobol sequence over ranges; their number is a power of two."""

    kind: Literal["sobol"] = declare(source="sweep", doc="kind of axis")
    points: Count = declare(
        minimum=2, maximum=65_536, source="sweep", doc="points of the design: a power of two"
    )
    design_seed: Count = declare(
        1, minimum=0, maximum=2**53, source="sweep", doc="seed of the design; not that of the paths"
    )
    parameters: Annotated[list[Range], Field(min_length=1, max_length=50)] = declare(
        source="sweep", doc="ranges"
    )

    @model_validator(mode="after")
    def points_are_a_power_of_two(self) -> Sobol:
        """Check the number of points: only whole powers keep the balance of the sequence."""
        if self.points & (self.points - 1):
            below = 1 << (self.points.bit_length() - 1)
            raise Problems(
                [Problem("points", f"{self.points}", f"a power of two, such as {below} or {2 * below}")]
            )
        return self


class Csv(Section):
    """Points from a table: one column a parameter, with its dotted key as heading, one row a point."""

    kind: Literal["csv"] = declare(source="sweep", doc="kind of axis")
    file: DataFile = declare(
        source="sweep", doc="table beside the sweep file; a column called label names points"
    )


Axis = Annotated[Grid | Zip | LatinHypercube | Sobol | Csv, Field(discriminator="kind")]


class Threshold(Section):
    """An event whose probability is wanted: an outcome of a path lies above a level."""

    outcome: Text = declare(source="sweep", doc="name of an outcome; of any trade, if it has trades")
    above: Number = declare(
        minimum=-1e12, maximum=1e12, source="sweep", doc="level, in the unit of the outcome"
    )


class Statistics(Section):
    """What the outcomes of the paths of a cell are reduced to."""

    levels: Annotated[list[Share], Field(max_length=20)] = declare(
        ["5%", "50%", "95%", "99%"],
        minimum="0.01%",
        maximum="99.99%",
        source="judgement",
        doc="quantiles over paths",
    )
    thresholds: Annotated[list[Threshold], Field(max_length=50)] = declare(
        [], source="sweep", doc="further events whose probabilities are wanted"
    )
    paths: Literal["auto", "keep", "drop"] = declare(
        "auto",
        source="storage",
        doc="outcomes path by path, with which cells are compared in pairs; auto keeps them up to 4 GB",
    )


class Sweep(Section):
    """A sweep: a scenario, what varies, and what is kept."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = declare(
        source="sweep", doc="short name, used for the folder"
    )
    title: Text = declare("", source="sweep", doc="one line for readers")
    description: Text = declare("", source="sweep", doc="the question and how it is asked")
    scenario: Text = declare(
        source="sweep",
        doc="the scenario: a file beside the sweep file, the name of a shipped one, or preset:NAME",
    )
    set: Changes = declare({}, source="sweep", doc="changes of the scenario in every cell")
    axes: Annotated[dict[str, Axis], Field(max_length=8)] = section(
        default=dict, doc="what varies, by the name of the dimension"
    )
    policies: dict[str, Changes] = declare(
        {}, source="sweep", doc="named variants of the scenario, one after the other; empty for none"
    )
    baseline: Text = declare(
        "", source="sweep", doc="policy that the others are compared with, path by path; the first if empty"
    )
    seeds: Annotated[list[Count], Field(max_length=1000)] = declare(
        [],
        minimum=0,
        maximum=2**63 - 1,
        source="sweep",
        doc="seeds, each a replicate of all cells; the scenario's own if empty",
    )
    random_numbers: Literal["shared", "independent"] = declare(
        "shared",
        source="common random numbers",
        doc="whether the cells of a replicate share their random numbers",
    )
    paths: Count | None = declare(
        None,
        minimum=1,
        maximum=100_000_000,
        source="sweep",
        doc="paths of a cell; the scenario's own if absent",
    )
    keep: Literal["statistics", "sector", "full"] = declare(
        "statistics",
        source="storage",
        doc="statistics alone; also records by sector, a run of its own for each cell; also of every single agent",
    )
    statistics: Statistics = section(default=Statistics, doc="what outcomes are reduced to")
    retries: Count = declare(
        1, minimum=0, maximum=10, source="judgement", doc="further attempts at a cell that failed by accident"
    )

    @model_validator(mode="after")
    def names_fit(self) -> Sweep:
        """Check names of axes, and what refers to what."""
        from simulator.results import measures

        outcomes = [outcome.key for outcome in measures.outcomes()]
        problems = [
            Problem(
                f"axes.{name}",
                f"the name {name!r} is taken",
                "another name: it becomes a dimension of the results",
            )
            for name in self.axes
            if name in (*RESERVED, *outcomes)
        ]
        problems += [
            Problem(
                f"statistics.thresholds.{place}.outcome",
                f"{threshold.outcome!r} is not an outcome",
                ", ".join(outcomes),
                near=outcomes,
            )
            for place, threshold in enumerate(self.statistics.thresholds)
            if threshold.outcome not in outcomes
        ]
        if self.baseline and self.baseline not in self.policies:
            known = list(self.policies)
            problems.append(
                Problem(
                    "baseline",
                    f"{self.baseline!r} is not a policy",
                    ", ".join(known) or "none here",
                    near=known,
                )
            )
        if len(set(self.seeds)) < len(self.seeds):
            problems.append(Problem("seeds", "a seed stands twice", "different seeds"))
        if problems:
            raise Problems(problems)
        return self
