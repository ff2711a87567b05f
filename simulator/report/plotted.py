"""Figures of a page for Python users: Plotly figures that a notebook also shows where no script runs."""

from __future__ import annotations

import base64
import warnings
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from simulator.report.figure import Figure, plotly_figure
from simulator.report.images import draw_images
from simulator.report.page import Page, Section
from simulator.results.errors import OutputError

if TYPE_CHECKING:
    import plotly.graph_objects as go

PNG = "image/png"


class PageFigures:
    """The figures of a page by name: their titles, what they say, and how they look."""

    def __init__(self, page: Page) -> None:
        if page.failures:
            warnings.warn(f"Not among the figures: {'; '.join(page.failures)}", stacklevel=4)
        self.page = page
        self.by_key: dict[str, Figure] = {figure.key: figure for figure in page.blocks("figure")}

    @property
    def titles(self) -> dict[str, str]:
        """Titles by name."""
        return {key: figure.title for key, figure in self.by_key.items()}

    def caption(self, key: str) -> str:
        """What a figure says, with numbers."""
        return self._named(key).caption

    def plot(self, key: str, panel: int = 0) -> go.Figure:
        """A panel of a figure for Plotly, with its picture beside it.

        Raises
        ------
        KeyError
            If there is no such figure or panel; the message names those that there are.
        ImportError
            If Plotly is not installed.
        """
        figure = self._named(key)
        if not 0 <= panel < len(figure.panels):
            raise KeyError(f"{key} has no drawing {panel}; allowed: 0 to {len(figure.panels) - 1}")
        alone = replace(self.page, sections=[Section("figure", "", [figure])])
        return _plotted()(plotly_figure(figure, panel), _Picture(alone, figure, panel))

    def _named(self, key: str) -> Figure:
        if key not in self.by_key:
            raise KeyError(f"{key!r} is no figure of the report; allowed: {', '.join(self.by_key)}")
        return self.by_key[key]


class _Picture:
    """A panel as a PNG, drawn by the browser of this machine when it is first asked for; none without one."""

    def __init__(self, page: Page, figure: Figure, panel: int) -> None:
        self.page = page
        self.name = f"{figure.key}-{panel + 1}.png" if len(figure.panels) > 1 else f"{figure.key}.png"

    @cached_property
    def png(self) -> bytes | None:
        try:
            return draw_images(self.page, "png")[self.name]
        except OutputError:
            return None


@cache
def _plotted() -> Any:
    """The class of the figures: made when Plotly is first needed."""
    import plotly.graph_objects as go

    class Plotted(go.Figure):  # type: ignore[misc]
        """A Plotly figure that carries its picture, which viewers without JavaScript show."""

        def __init__(self, data: Any = None, picture: _Picture | None = None, **more: Any) -> None:
            super().__init__(data, **more)
            self._picture = picture

        def _repr_mimebundle_(self, *given: Any, **named: Any) -> dict[str, Any]:
            shown = dict(super()._repr_mimebundle_(*given, **named) or {})
            png = self._picture.png if self._picture is not None else None
            return shown if png is None else shown | {PNG: base64.b64encode(png).decode()}

        def _ipython_display_(self) -> None:
            from IPython.display import display  # there wherever this is called

            display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]

    return Plotted
