"""Figures of a sweep: maps over two axes, lines over one, policies beside each other, and what a design tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from simulator.analysis.sensitivity import first_order_index, rank_correlation
from simulator.report.comparison_figures import colour_of
from simulator.report.fans import SETS_NOTE
from simulator.report.figure import HIGH, LOW, Figure, Panel, axis, band, bars, edged_band, line
from simulator.report.marks import error_bars, heat_map, points
from simulator.report.sweep_data import Axis, Floats, Shown, SweepData, words_of
from simulator.report.words import figure, listed
from simulator.results.measures import with_unit
from simulator.results.names import sentence
from simulator.results.statistics import Estimate
from simulator.results.summary import shown as in_figures
from simulator.sweeps.schema import SEED

#: From so many parameters on, every cell is also drawn as a line across all of them; so many lines at most.
PARALLEL_FROM, LINES_MAX = 3, 600
#: Colours of the fifths of the cells, from the lowest figures to the highest.
FIFTHS = ("sky", "teal", "grey", "amber", "vermilion")
#: Maps and lines are drawn for so many policies at most.
SERIES_MAX = 7
ERRORS_SHOWN = 2.0


def figures_of_sweep(data: SweepData) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """The figures that fit a sweep's axes, to be made, each with the section that it belongs to."""
    designs = [each for each in data.parameters if each.is_design]
    plain = [each for each in data.parameters if not each.is_design]
    for design in designs:
        yield "design", partial(sensitivity, data, design)
        for shown in data.drawn[:2]:
            yield "design", partial(scatter, data, design, shown)
    if sum(max(1, len(each.parameters)) for each in data.parameters) >= PARALLEL_FROM:
        for shown in data.drawn[:2]:
            yield "design" if designs else "map", partial(parallel, data, shown)
    for shown in data.drawn:
        if len(plain) >= 2:
            yield "map", partial(tiles, data, plain[1], plain[0], shown)
        elif len(plain) == 1:
            yield "map", partial(curves, data, plain[0], shown)
    if data.policies is not None and len(data.policies.labels) > 1:
        yield "policies", partial(policy_bars, data)


def tiles(data: SweepData, across: Axis, upwards: Axis, shown: Shown) -> Figure:
    """A map over two axes, one panel for each policy: the value by colour, its error under the pointer."""
    label = data.label(shown)
    columns: dict[str, Any] = {}
    panels = []
    ranges = {name: ends for name, *ends in _along(data, (upwards, across), data.range_of(shown))}
    for name, values, errors in _series(data, (upwards, across), shown):
        low, high = (end.ravel() for end in ranges[name])
        heading = f"{name}: {label}, {shown.told_unit}" if name else f"{label}, {shown.told_unit}"
        flat, error = values.ravel(), errors.ravel()
        columns.setdefault(across.title, [each for _ in upwards.labels for each in across.labels])
        columns.setdefault(upwards.title, [each for each in upwards.labels for _ in across.labels])
        columns[heading] = flat
        columns[f"{heading}, standard error"] = error
        words = f"{heading}, in words"
        columns[words] = [
            _tile_words(
                upwards, across, place, Estimate(float(value), float(spread), 0, *map(float, ends)), shown
            )
            for place, (value, spread, *ends) in enumerate(zip(flat, error, low, high, strict=True))
        ]
        figures = f"{heading}, rounded"
        columns[figures] = [
            "" if np.isnan(value) else f"{value:,.{max(0, shown.told_decimals - (abs(value) >= 100.0))}f}"
            for value in flat
        ]
        trace = heat_map(
            across.title,
            upwards.title,
            heading,
            name or label,
            words=words,
            figures=figures,
            title=shown.told_unit,
        )
        trace["legendgroup"] = ""
        layout = {
            "xaxis": axis(across.title, type="category"), "yaxis": axis(upwards.title, type="category", showgrid=False),
            "hovermode": "closest", "margin": {"r": 8},
        }  # fmt: skip
        panels.append(Panel([trace], layout, title=name, height=330))
    return Figure(
        f"map-{_key(shown)}",
        f"{sentence(label)}, {shown.told_unit}",
        _extremes(data, shown, (upwards, across)),
        f"A map of {label} over {across.title} and {upwards.title}, darker for more.",
        panels,
        columns,
        per_row=min(2, len(panels)),
        note="Point at a tile for its value and its Monte Carlo error." + _fixed(data, (across, upwards)),
    )


def curves(data: SweepData, along: Axis, shown: Shown) -> Figure:
    """Lines over one axis with bands of two standard errors, one for each policy; bars where it has no order."""
    label = data.label(shown)
    x: Any = along.values if along.is_numeric else along.labels
    columns: dict[str, Any] = {along.title: x}
    traces: list[dict[str, Any]] = []
    ranges = {name: ends for name, *ends in _along(data, (along,), data.range_of(shown))}
    for place, (name, values, errors) in enumerate(_series(data, (along,), shown)):
        series = name or label
        columns[f"{series}, {shown.told_unit}"] = values
        columns[f"{series}, standard error"] = errors
        is_ranged = bool(np.isfinite(ranges[name]).any())
        if is_ranged:
            columns[f"{series}{LOW}"], columns[f"{series}{HIGH}"] = ranges[name]
        if not along.is_numeric:
            drawn = bars(
                along.title, f"{series}, {shown.told_unit}", series, colour_of(place), unit=shown.told_unit
            )
            traces.append(error_bars(drawn, f"{series}, standard error"))
            continue
        columns[f"{series}, low"] = values - ERRORS_SHOWN * errors
        columns[f"{series}, high"] = values + ERRORS_SHOWN * errors
        ribbon = band(along.title, f"{series}, low", f"{series}, high", series, colour_of(place))
        ribbon[-1]["meta"] = {"unlisted": True}
        through = line(
            along.title, f"{series}, {shown.told_unit}", series, colour_of(place), unit=shown.told_unit
        )
        traces += [*ribbon, through | {"mode": "lines+markers"}]
        if is_ranged:
            of_sets = edged_band(along.title, f"{series}{LOW}", f"{series}{HIGH}", series, colour_of(place))
            of_sets[-1]["meta"] = {"unlisted": True}
            traces += of_sets
    layout = {"xaxis": axis(along.title, showgrid=True), "yaxis": axis(shown.told_unit), "barmode": "group"}
    return Figure(
        f"curve-{_key(shown)}",
        f"{sentence(label)}, {shown.told_unit}",
        _extremes(data, shown, (along,)),
        f"{label} over {along.title}, with bands of two standard errors.",
        [Panel(traces, layout, height=320)],
        columns,
        note="Bands are two Monte Carlo standard errors wide on either side."
        + (f" {SETS_NOTE}" if data.is_over_sets else "")
        + _fixed(data, (along,)),
    )


def parallel(data: SweepData, shown: Shown) -> Figure:
    """Every cell as a line across all parameters to the figure, coloured by fifths of it: parallel coordinates."""
    values = data.of(shown).ravel()
    label = data.label(shown)
    settings = {along.title: along.labels for along in data.axes if not (along.is_numeric or along.is_design)}
    scales = [*_coordinates(data), (with_unit(shown.in_short, shown.told_unit), values)]
    known = np.flatnonzero(np.isfinite(values))
    kept = (
        known[np.linspace(0, len(known) - 1, min(len(known), LINES_MAX)).astype(int)] if len(known) else known
    )
    fifth = np.zeros(len(values), int)
    fifth[known] = (
        np.searchsorted(np.quantile(values[known], [0.2, 0.4, 0.6, 0.8]), values[known]) if len(known) else 0
    )
    heights, ticks = [], []
    for name, along in scales:
        low, high = np.nanmin(along), np.nanmax(along)
        heights.append((along - low) / (high - low) if high > low else np.full(len(along), 0.5))
        ends = (
            (settings[name][0], settings[name][-1]) if name in settings else (f"{low:,.4g}", f"{high:,.4g}")
        )
        ticks.append(f"{name}<br>{ends[0]} to {ends[1]}")
    columns: dict[str, Any] = dict(scales)
    traces = []
    for place, colour in enumerate(FIFTHS):
        cells = [cell for cell in kept if fifth[cell] == place]
        if not cells:
            continue
        name = f"{('lowest', 'second', 'middle', 'fourth', 'highest')[place]} fifth"
        x = [number for _ in cells for number in [*range(len(scales)), None]]
        y = [height for cell in cells for height in [*(float(each[cell]) for each in heights), None]]
        columns |= {f"{name}, across": x, f"{name}, up": y}
        drawn = line(f"{name}, across", f"{name}, up", name, colour, width=1.0)
        traces.append({**drawn, "hoverinfo": "skip", "opacity": 0.6, "connectgaps": False})
    last = len(scales) - 1
    layout = {
        "xaxis": axis("", tickvals=list(range(len(scales))), ticktext=ticks, showgrid=True, range=[-0.15, last + 0.15],
                      tickangle=0),
        "yaxis": axis("lowest to highest", showticklabels=False), "hovermode": False,
        "margin": {"b": 64, "l": 40, "r": 40},
    }  # fmt: skip
    return Figure(
        f"parallel-{_key(shown)}",
        f"{sentence(label)}: every cell across all parameters",
        _strongest_of_cells(scales, label),
        f"Lines from cell to cell over {listed([name for name, _ in scales])}.",
        [Panel(traces, layout, height=380)],
        columns,
        note="A line a cell: its height on each upright is its value between the least and the most, written below."
        " Colours are fifths of the cells by the figure on the right. Click a fifth in the legend to see it alone."
        + ("" if len(kept) == len(known) else f" {len(kept):,} of {len(known):,} cells are drawn."),
    )


def _coordinates(data: SweepData) -> list[tuple[str, Floats]]:
    """Every parameter with its value in each cell; settings without an order by their place."""
    found: list[tuple[str, Floats]] = []
    for along in data.axes:
        if len(along.labels) < 2 or along.name == SEED:
            continue
        shape = [1] * len(data.dims)
        shape[data.place_of(along.name)] = -1
        named = (
            [(with_unit(name, unit), values) for name, (values, unit) in along.parameters.items()]
            if along.is_design
            else [
                (along.title, along.values if along.is_numeric else np.arange(len(along.labels), dtype=float))
            ]
        )
        found += [
            (name, np.broadcast_to(np.asarray(values).reshape(shape), data.manifest.shape).ravel())
            for name, values in named
        ]
    return found


def _strongest_of_cells(scales: Sequence[tuple[str, Floats]], label: str) -> str:
    """Which parameter the figure follows most steadily over all cells."""
    *parameters, (_, values) = scales
    is_known = np.isfinite(values)
    found = {name: rank_correlation(along[is_known], values[is_known]).value for name, along in parameters}
    known = {name: value for name, value in found.items() if np.isfinite(value)}
    if not known:
        return f"{sentence(label)}: too few cells to tell which parameter matters."
    best = max(known, key=lambda name: abs(known[name]))
    moves = "rises" if known[best] > 0.0 else "falls"
    return f"{sentence(label)} {moves} most steadily with {best} (rank correlation {known[best]:+.2f})."


def policy_bars(data: SweepData) -> Figure:
    """Every policy's difference from the baseline, with error bars, averaged over all other axes."""
    assert data.policies is not None
    names = [name for name in data.policies.labels if name != data.baseline]
    columns: dict[str, Any] = {"policy": names}
    panels, said = [], []
    for number, shown in enumerate(data.drawn):
        found = data.average_difference(shown)
        label = data.label(shown)
        if found is None:
            continue
        values = np.array([each.value for each in found.values()])
        errors = np.array([each.standard_error for each in found.values()])
        heading = f"{label}, {shown.told_unit}"
        columns[heading] = values
        columns[f"{heading}, standard error"] = errors
        trace = error_bars(
            bars("policy", heading, heading, colour_of(number), unit=shown.told_unit, across=True),
            f"{heading}, standard error",
            across=True,
        )
        trace["legendgroup"] = ""
        layout = {
            "xaxis": axis(f"less the baseline, {shown.told_unit}", showgrid=True, zeroline=True, nticks=6, tickangle=0),
            "yaxis": axis("", automargin=True, autorange="reversed"), "hovermode": "closest",
        }  # fmt: skip
        panels.append(Panel([trace], layout, title=sentence(label), height=90 + 42 * len(names)))
        if np.isfinite(values).any():
            best = int(np.nanargmin(values))
            gain = Estimate(-float(values[best]), float(errors[best]), 0)
            said.append(
                f"{sentence(label)}: {names[best]} lowers it most, by"
                f" {figure(gain, shown.told_decimals, shown.told_unit)}"
                if values[best] < 0.0
                else f"{sentence(label)}: no policy lowers it"
            )
    free = [words_of(each) for each in data.axes if each.name != data.policies.name and len(each.labels) > 1]
    over = f" Averages over {listed(free)}." if free else ""
    return Figure(
        "policies",
        f"Policies less the baseline ({data.baseline}), path by path",
        ". ".join(said) + ".",
        "Bars of each policy's difference from the baseline, with error bars of one standard error.",
        panels,
        columns,
        per_row=2,
        note="Error bars are one Monte Carlo standard error of the paired difference." + over,
    )


def scatter(data: SweepData, design: Axis, shown: Shown) -> Figure:
    """A figure over each parameter of a design, every point with its error."""
    label = data.label(shown)
    heading = f"{label}, {shown.told_unit}"
    series = list(_series(data, (design,), shown))[:SERIES_MAX]
    columns: dict[str, Any] = {
        with_unit(name, unit): values for name, (values, unit) in design.parameters.items()
    }
    for name, values, errors in series:
        columns[f"{name or heading}"] = values
        columns[f"{name or heading}, standard error"] = errors
    panels = [
        Panel(
            [
                points(with_unit(parameter, unit), name or heading, name or heading, colour_of(place),
                       error_y=f"{name or heading}, standard error", unit=shown.told_unit)
                for place, (name, _, _) in enumerate(series)
            ],
            {"xaxis": axis(with_unit(parameter, unit), nticks=6, tickangle=0), "yaxis": axis(shown.told_unit),
             "hovermode": "closest"},
            title=parameter,
            height=240,
        )
        for parameter, (_, unit) in design.parameters.items()
    ]  # fmt: skip
    for panel in panels:
        for trace in panel.traces:
            trace["marker"]["size"] = 5
    return Figure(
        f"scatter-{_key(shown)}",
        f"{sentence(label)} at every point, {shown.told_unit}",
        _strongest(data, design, shown),
        f"Points of {label} over each parameter of the design.",
        panels,
        columns,
        per_row=3,
        note="Every point changes all parameters at once. Error bars are one Monte Carlo standard error.",
    )


def sensitivity(data: SweepData, design: Axis) -> Figure:
    """Rank correlation and first-order index of every parameter, for the figures drawn."""
    names = list(design.parameters)
    columns: dict[str, Any] = {"parameter": names}
    traces: dict[str, list[Any]] = {"rank correlation": [], "first-order index": []}
    for place, shown in enumerate(data.drawn):
        label = data.label(shown)
        values = _baseline_values(data, design, shown)
        for kind, measure in (
            ("rank correlation", rank_correlation),
            ("first-order index", first_order_index),
        ):
            found = [measure(design.parameters[name][0], values) for name in names]
            columns[f"{label}, {kind}"] = [each.value for each in found]
            columns[f"{label}, {kind}, standard error"] = [each.standard_error for each in found]
            drawn = bars("parameter", f"{label}, {kind}", label, colour_of(place), across=True)
            traces[kind].append(error_bars(drawn, f"{label}, {kind}, standard error", across=True))
    height = 110 + len(names) * (18 + 11 * len(data.drawn))
    panels = [
        Panel(
            drawn,
            {"xaxis": axis(kind, showgrid=True, zeroline=True, nticks=6, tickangle=0), "barmode": "group",
             "yaxis": axis("", automargin=True, autorange="reversed"), "hovermode": "closest"},
            title=kind.capitalize(),
            height=height,
        )
        for kind, drawn in traces.items()
    ]  # fmt: skip
    return Figure(
        "sensitivity",
        "Which parameter matters",
        " ".join(_strongest(data, design, shown) for shown in data.drawn[:2]),
        "Bars of rank correlations and first-order sensitivity indices for each parameter.",
        panels,
        columns,
        per_row=1,
        note="Rank correlation: how steadily the figure rises (1) or falls (-1) with the parameter. First-order index:"
        " the share of its variance over the design that the parameter alone explains; the rest is interaction, and"
        " Monte Carlo noise of the cells. Error bars are one standard error, from the number of points.",
    )  # fmt: skip


def _strongest(data: SweepData, design: Axis, shown: Shown) -> str:
    values = _baseline_values(data, design, shown)
    found = {name: first_order_index(each, values) for name, (each, _) in design.parameters.items()}
    known = {name: index for name, index in found.items() if np.isfinite(index.value)}
    label = sentence(data.label(shown))
    if not known:
        return f"{label}: too few points to tell which parameter matters."
    best = max(known, key=lambda name: known[name].value)
    direction = rank_correlation(design.parameters[best][0], values)
    moves = "rises" if direction.value > 0.0 else "falls"
    return (
        f"{label} {moves} with {best} above all, which alone explains"
        f" {in_figures(_hundredfold(known[best]), 0)}% of its variance over the design."
    )


def _series(data: SweepData, axes: Sequence[Axis], shown: Shown) -> Iterator[tuple[str, Floats, Floats]]:
    """Values and errors over the axes, for each policy (or once, without a name); other axes at their first point."""
    yield from _along(data, axes, (data.of(shown), data.errors(shown)))


def _along(
    data: SweepData, axes: Sequence[Axis], arrays: tuple[Floats, Floats]
) -> Iterator[tuple[str, Floats, Floats]]:
    """Two arrays of all cells over the axes, as :func:`_series`."""
    policies = data.policies.labels if data.policies is not None and len(data.policies.labels) > 1 else ("",)
    for number, policy in enumerate(policies[:SERIES_MAX]):
        index: list[Any] = [0] * len(data.dims)
        for each in axes:
            index[data.place_of(each.name)] = slice(None)
        if policy and data.policies is not None:
            index[data.place_of(data.policies.name)] = number
        order = np.argsort(np.argsort([data.place_of(each.name) for each in axes]))
        one, two = (array[tuple(index)].transpose(order) for array in arrays)
        yield policy, one, two


def _baseline_values(data: SweepData, design: Axis, shown: Shown) -> Floats:
    """Values at the points of a design, of the first policy."""
    return next(values for _, values, _ in _series(data, (design,), shown))


def _tile_words(upwards: Axis, across: Axis, place: int, estimate: Estimate, shown: Shown) -> str:
    row, number = divmod(place, len(across.labels))
    return (
        f"{words_of(across)} {across.labels[number]}, {words_of(upwards)} {upwards.labels[row]}:"
        f" {figure(estimate, shown.told_decimals, shown.told_unit)}"
    )


def _extremes(data: SweepData, shown: Shown, axes: Sequence[Axis]) -> str:
    """Where a figure is least and most over the axes and policies drawn."""
    series = [each for each in _series(data, axes, shown) if np.isfinite(each[1]).any()]
    if not series:
        return "No cell has this figure."
    ends = []
    for pick, best in ((np.nanargmin, np.nanmin), (np.nanargmax, np.nanmax)):
        policy, values, errors = series[int(pick([best(values) for _, values, _ in series]))]
        place = tuple(map(int, np.unravel_index(int(pick(values)), values.shape)))
        at = [f"{words_of(each)} {each.labels[number]}" for each, number in zip(axes, place, strict=True)]
        estimate = Estimate(float(values[place]), float(errors[place]), 0)
        where = ", ".join([*at, *filter(None, [policy])])
        ends.append(f"{figure(estimate, shown.told_decimals, shown.told_unit)} ({where})")
    return f"From {ends[0]} to {ends[1]}."


def _fixed(data: SweepData, axes: Sequence[Axis]) -> str:
    """Axes that are not drawn, and the point that stands for them."""
    drawn = {each.name for each in axes} | ({data.policies.name} if data.policies else set())
    fixed = [
        f"{each.title} {each.labels[0]}"
        for each in data.axes
        if each.name not in drawn and len(each.labels) > 1
    ]
    return f" Drawn at {listed(fixed)}; all cells are in the table." if fixed else ""


def _hundredfold(estimate: Estimate) -> Estimate:
    return Estimate(100.0 * estimate.value, 100.0 * estimate.standard_error, estimate.draws)


def _key(shown: Shown) -> str:
    return shown.key.replace("_", "-")
