"""A comparison in a notebook: verdicts in sentences, and the differences from the base side by side."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.analysis.comparison_words import (
    DETECTABLE,
    HEADLINES,
    UNITLESS,
    answer_sentence,
    change_lines,
    errors_in_words,
    verdict_sentences,
)
from simulator.analysis.contrast import Contrast, Side
from simulator.results.summary import shown
from simulator.results.summary_html import STYLE, escaped, html_table


def comparison_html(base: Side, contrasts: Sequence[Contrast]) -> str:
    """A comparison as an HTML fragment, every name escaped."""
    parts = [f"<div class='unwind'>{STYLE}<p>{escaped(answer_sentence(contrasts, base.label))}</p>"]
    for contrast in contrasts:
        changes = "; ".join(change_lines(contrast))
        parts.append(f"<p><strong>{escaped(contrast.side.label)} less {escaped(base.label)}</strong><br>")
        parts.append(
            f"<small>{escaped(changes)}</small><br>{escaped(' '.join(verdict_sentences(contrast)))}</p>"
        )
    rows = []
    for key in HEADLINES:
        compared = [contrast.row(key) for contrast in contrasts]
        measure = compared[0].measure
        unit = "" if measure.unit in UNITLESS else f", {measure.unit}"
        differences = [
            shown(row.difference, measure.decimals) + ("" if row.verdict in DETECTABLE else " =")
            for row in compared
        ]
        rows.append((f"{measure.label}{unit}", [shown(compared[0].base, measure.decimals), *differences]))
    headings = [base.label, *(contrast.side.label for contrast in contrasts)]
    parts.append(html_table("The base, and differences from it", headings, rows))
    parts.append(
        f"<p><small>{escaped(errors_in_words(contrasts))} = no detectable difference.</small></p></div>"
    )
    return "".join(parts)
