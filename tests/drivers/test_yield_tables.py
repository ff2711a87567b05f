"""Yields as they come: whatever form a file has, its figures are those of the plain file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.history import read_yields, replayed_window
from simulator.drivers.rates import TENOR_YEARS

DAYS = [date(2020, 3, day) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)]
YIELDS = {day: [0.5 + 0.07 * place + 0.11 * n for n in range(7)] for place, day in enumerate(DAYS)}


def table(heads: list[str], day: str = "%Y-%m-%d", mark: str = ",", order: int = 1) -> str:
    rows = [mark.join([each.strftime(day), *(f"{x:.2f}" for x in YIELDS[each])]) for each in DAYS[::order]]
    return "\n".join([mark.join(heads), *rows]) + "\n"


def plain() -> str:
    return table(["date", *(f"y{tenor}" for tenor in TENOR_YEARS)])


def treasury(years: str, day: str) -> str:
    """With columns that no one needs, the newest day first, in quotes, as the Treasury's site gives it."""
    lines = table(["Date", *(years.format(tenor) for tenor in TENOR_YEARS)], day, order=-1).splitlines()
    return "".join(
        f"{line},{extra}\n" for line, extra in zip(lines, ['"1 Mo"', *["1.25"] * len(DAYS)], strict=True)
    )


def fred(nothing: str, holiday: bool = True) -> str:
    lines = table(["observation_date", *(f"DGS{tenor}" for tenor in TENOR_YEARS)]).splitlines()
    return (
        "\n".join([*lines[:6], *(["2020-03-08" + f",{nothing}" * 7] if holiday else []), *lines[6:]]) + "\n"
    )


FORMS: dict[str, Callable[[], str]] = {
    "Treasury, of now": lambda: treasury("{} Yr", "%m/%d/%Y"),
    "Treasury, in long words": lambda: treasury("{} Year", "%m/%d/%Y"),
    "Treasury, two digits of the year": lambda: treasury("{} yr", "%m/%d/%y"),
    "Treasury, XML names": lambda: treasury("BC_{}YEAR", "%Y-%m-%d"),
    "FRED, points for nothing": lambda: fred("."),
    "FRED, blank holidays": lambda: fred(""),
    "semicolons, decimal commas, European days": lambda: (
        table(["Date", *(f"y{tenor}" for tenor in TENOR_YEARS)], "%d.%m.%Y", ";")
        .replace(".", ",")
        .replace(",03,2020", ".03.2020")
    ),
    "tabs": lambda: plain().replace(",", "\t"),
    "newest first": lambda: table(["date", *(f"y{tenor}" for tenor in TENOR_YEARS)], order=-1),
    "per cent signs": lambda: plain().replace("0.50", "0.50%"),
    "byte order mark, Windows lines": lambda: "\ufeff" + plain().replace("\n", "\r\n"),
}


def read(folder: Path, text: str) -> tuple[list[str], list[list[float]]]:
    (folder / "y.csv").write_bytes(text.encode())
    history = read_yields(folder / "y.csv")
    return [str(day) for day in history.dates], history.yields_bp.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_figures_of_the_plain_file(form: str, tmp_path: Path) -> None:
    assert FORMS[form]() != plain()
    assert read(tmp_path, FORMS[form]()) == read(tmp_path, plain())


def test_another_figure_is_seen(tmp_path: Path) -> None:
    """The planted error."""
    assert read(tmp_path, plain().replace("0.50", "0.51", 1)) != read(tmp_path, plain())


STRESS = """Scenario Name,Date,Real GDP growth,3-month Treasury rate,5-year Treasury yield,10-year Treasury yield,BBB corporate yield
Adverse,2025 Q1,1.0,4.00,4.00,4.50,6.50
Adverse,2025 Q2,-3.0,2.00,3.00,4.00,7.50
Adverse,2025 Q3,-1.0,1.00,2.00,3.50,8.00
"""  # noqa: E501


def test_a_stress_test_is_laid_from_quarter_to_quarter(tmp_path: Path) -> None:
    file = tmp_path / "stress.csv"
    file.write_text(STRESS)
    history = read_yields(file)
    assert (str(history.dates[0]), str(history.dates[-1])) == ("2025-02-17", "2025-08-15")
    assert "3 quarters" in history.note
    at = [str(day) for day in history.dates].index("2025-05-15")
    two, ten, thirty = (TENOR_YEARS.index(tenor) for tenor in (2, 10, 30))
    assert history.yields_bp[at, [ten, thirty]].tolist() == pytest.approx([400.0, 400.0])
    assert history.yields_bp[at, two] == pytest.approx(200.0 + 100.0 * (2.0 - 0.25) / 4.75)
    halfway = [str(day) for day in history.dates].index("2025-07-01")
    assert history.yields_bp[halfway, ten] == pytest.approx(400.0 - 50.0 * 47 / 92)
    change, volatility = replayed_window(history, "2025-05-15", 20)
    assert volatility.tolist() == [1.0] * 20
    assert (np.diff(change[:, ten]) < 0.0).all()
    spec = DriverSpec(kind="replay", history=history, opening="2025-05-15", noise_scale=0.0)
    credit = draw_block(spec, 1, 0, 1, 20).credit_change_bp[0]
    spread = {
        day: bbb - ten for day, bbb, ten in (("2025-05-15", 750.0, 400.0), ("2025-08-15", 800.0, 350.0))
    }
    a_day = 2.0 * (spread["2025-08-15"] - spread["2025-05-15"]) / 92
    assert credit[0] == pytest.approx(a_day)
    assert credit[4] == pytest.approx(7 * a_day)  # Thursday to Thursday


def test_files_without_credit_leave_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "stress.csv"
    file.write_text(STRESS.replace("BBB corporate yield", "Mortgage rate"))
    assert read_yields(file).credit_bp is None
