# ruff: noqa: E501 - a case a line
"""A corpus of broken data files: ``unwind validate`` refuses each in one clear message, and so does whatever runs.

Every file is written by the test. Messages name the file, what was found, what is allowed and, where there is one thing
to do, that.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Unwind

TENORS = ("y2", "y3", "y5", "y7", "y10", "y20", "y30")
HEADING = "date," + ",".join(TENORS)
TRADES = "TU,FV,TY,UXY,US,WN"
#: Generous: on a busy machine a message may take a while, but never as long as a run.
SECONDS_MAX = 30.0


def days(first: date, count: int) -> list[date]:
    """Weekdays from a day on."""
    found = []
    while len(found) < count:
        if first.weekday() < 5:
            found.append(first)
        first += timedelta(days=1)
    return found


def yields(
    first: date = date(2019, 10, 1), count: int = 170, row: Callable[[int, date], str] | None = None
) -> str:
    """A good table of yields, or one with other rows."""
    cells = ",".join(["1.50", "1.52", "1.55", "1.60", "1.70", "1.90", "2.00"])
    rows = [row(n, day) if row else f"{day},{cells}" for n, day in enumerate(days(first, count))]
    return "\n".join([HEADING, *rows]) + "\n"


def changed(line: int, text: str) -> str:
    """The good table with one row replaced; line 1 is the heading."""
    lines = yields().splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """The good table with one cell of its third line replaced."""
    return changed(3, f"2019-10-02,{text},1.52,1.55,1.60,1.70,1.90,2.00")


def other_dates(form: str) -> str:
    return yields(row=lambda n, day: f"{day.strftime(form)},1.5,1.5,1.5,1.6,1.7,1.9,2.0")


def newest_first() -> str:
    heading, *rows = yields().splitlines()
    return "\n".join([heading, *reversed(rows)]) + "\n"


def transposed() -> str:
    rows = [line.split(",") for line in yields(count=30).splitlines()]
    return "\n".join(",".join(column) for column in zip(*rows, strict=True)) + "\n"


def quarters() -> str:
    ends = [f"{year}-{end}" for year in range(2010, 2026) for end in ("03-31", "06-30", "09-30", "12-31")]
    return "\n".join([HEADING, *(f"{day},1.5,1.5,1.5,1.6,1.7,1.9,2.0" for day in ends)]) + "\n"


def blank_holiday() -> str:
    return yields(row=lambda n, day: f"{day}," + ("," * 6 if day == date(2020, 2, 19) else "1,1,1,1,1,1,1"))


def gap() -> str:
    kept = [line for line in yields().splitlines() if not line.startswith("2020-03")]
    return "\n".join(kept) + "\n"


def fractions() -> str:
    return yields(row=lambda n, day: f"{day},0.015,0.015,0.016,0.017,0.018,0.019,0.020")


STRESS = "Date,3-month Treasury rate,5-year Treasury yield,10-year Treasury yield,BBB corporate yield\n"
REPLAY = "drivers: {{model: replay, file: {file}, start: '2020-02-18'}}"
BOOTSTRAP = "drivers: {{model: bootstrap, file: {file}}}"
ARRAYS = "drivers: {{model: arrays, file: {file}}}"
FUNDS = "funds: {{population: {file}}}"
OWN = "funds: {{add: {file}}}"
DEALERS = "dealers: {{population: {file}}}"
DESK = "dealers: {{add: {file}}}"
NETWORK = "dealers: {{count: 2, network: {file}}}\nfunds: {{count: 2}}"
LENDERS = "lenders: {{count: 2, network: {file}}}\ndealers: {{count: 2}}"


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def claims(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    """The head of an array that is not there."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue() + b"\0" * 64


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


CURVE = np.cumsum(np.full((4, 12, 7), 5.0), axis=1)
PICKLE = pickle.dumps(CURVE)
FUND = f"name,equity,{TRADES}\n"


def fund(*rows: str) -> str:
    return FUND + "".join(f"{row}\n" for row in rows)


#: What is broken: the scenario's section, the file's name, its content, and what the message must say.
BROKEN: dict[str, tuple[str, str, str | bytes, str]] = {
    # yields
    "wrong headings": (REPLAY, "y.csv", yields().replace("y2,", "two,", 1), r"y\.csv:1: no column y2; the heading has"),
    "no heading": (REPLAY, "y.csv", yields().partition("\n")[2], r"no column date, y2"),
    "heading twice": (REPLAY, "y.csv", yields().replace("y3", "y2", 1), r"the heading 'y2' stands twice"),
    "heading empty": (REPLAY, "y.csv", yields().replace("y3", "", 1), r"column 3 has no heading"),
    "a date out of its order": (REPLAY, "y.csv", changed(3, "02/18/2020,1,1,1,1,1,1,1"), r"y\.csv:4 date: 2019-10-03 comes after 2020-02-18"),
    "dates that are of two forms": (
        REPLAY, "y.csv", changed(3, "02/18/2020,1,1,1,1,1,1,1").replace("2019-10-03", "18/02/2020"), r"y\.csv:4 date: days and months change places"),
    "dates of which no one can tell the month": (REPLAY, "y.csv", changed(3, "03/04/2020,1,1,1,1,1,1,1"), r"'03/04/2020' is no date"),
    "european date out of its order": (REPLAY, "y.csv", changed(3, "18.02.2020,1,1,1,1,1,1,1"), r"comes after 2020-02-18"),
    "dates in words": (REPLAY, "y.csv", other_dates("%d %b %Y"), r"'01 Oct 2019' is no date"),
    "dates without dashes": (REPLAY, "y.csv", other_dates("%Y%m%d"), r"'20191001' is no date"),
    "dates with a time": (REPLAY, "y.csv", other_dates("%Y-%m-%dT00:00"), r"is no date"),
    "day that does not exist": (REPLAY, "y.csv", changed(3, "2020-02-30,1,1,1,1,1,1,1"), r"'2020-02-30' is no day of the calendar"),
    "year that is far away": (REPLAY, "y.csv", changed(3, "9999-12-30,1,1,1,1,1,1,1"), r"'9999-12-30' is too far away"),
    "day twice": (REPLAY, "y.csv", changed(3, "2019-10-01,1,1,1,1,1,1,1"), r"y\.csv:3 date: 2019-10-01 stands twice"),
    "quarters": (REPLAY, "y.csv", quarters(), r"rows are 9[12](\.\d)? days apart"),
    "quarters by name": (REPLAY, "y.csv", changed(2, "2019Q4,1,1,1,1,1,1,1"), r"'2019Q4' is no date"),
    "nan": (REPLAY, "y.csv", cell("nan"), r"y\.csv:3 y2: 'nan' is no number"),
    "infinite": (REPLAY, "y.csv", cell("inf"), r"'inf' is no number"),
    "decimal comma among points": (REPLAY, "y.csv", cell('"1,5"'), r"'1\.50' has a decimal point and '1,5' a decimal comma"),
    "thousands or decimals": (REPLAY, "y.csv", yields(row=lambda n, day: f"{day},1,1,1,1,1,1,1").replace(",", ";").replace(";1;", ";1,500;", 1), r"'1,500' may have thousands or decimals"),
    "a workbook by its name": (REPLAY, "y.xlsx", zipped("xl/workbook.xml", b"<x/>"), r"y\.xlsx.*allowed: .*\.csv"),
    "series of FRED that lack a tenor": (REPLAY, "y.csv", "observation_date,DGS10\n2020-01-02,1.5\n", r"no column y2, y3, y5, y7, y20, y30"),
    "stress test of two scenarios": (REPLAY, "y.csv", STRESS + "2025 Q1,4,4,4,6\n2025 Q2,4,4,4,6\n2025 Q1,4,4,4,6\n", r"y\.csv:4 date: 2025 Q1 comes after 2025 Q2.*Keep the rows of one scenario"),
    "stress test with months": (REPLAY, "y.csv", STRESS + "2025-01,4,4,4,6\n", r"'2025-01' is no quarter; allowed: a quarter as 2025 Q1"),
    "basis points": (REPLAY, "y.csv", cell("150"), r"150 is no yield; allowed: -5 to 30 per cent"),
    "fractions": (REPLAY, "y.csv", fractions(), r"no yield is above 0\.02 per cent: they seem to be fractions"),
    "fractions, bootstrap": (BOOTSTRAP, "y.csv", fractions(), r"they seem to be fractions.*Write 4\.25 for 4\.25%"),
    "on its side": (REPLAY, "y.csv", transposed(), r"lies on its side: turn its rows into columns"),
    "empty": (REPLAY, "y.csv", "", r"y\.csv is empty|y\.csv: is empty"),
    "blank lines alone": (REPLAY, "y.csv", "\n\n\n", r"is empty"),
    "heading alone": (REPLAY, "y.csv", HEADING + "\n", r"has no rows"),
    "one row": (REPLAY, "y.csv", yields(count=1), r"has 1 rows of yields"),
    "a cell too many": (REPLAY, "y.csv", changed(3, "2019-10-02,1,1,1,1,1,1,1,1"), r"y\.csv:3: 9 cells in the row; allowed: 8"),
    "a cell too few": (REPLAY, "y.csv", changed(3, "2019-10-02,1,1"), r"y\.csv:3: 3 cells in the row; allowed: 8"),
    "oversized cell": (REPLAY, "y.csv", cell("1" * 5_000), r"y\.csv:3: a cell of 5,000 characters"),
    "vast cell": (REPLAY, "y.csv", cell("1" * 200_000), r"y\.csv:3"),
    "open quotation mark": (REPLAY, "y.csv", cell('"1.5'), r"y\.csv:\d+: (cannot be read as CSV|a cell of)"),
    "latin-1": (REPLAY, "y.csv", yields().replace("y30", "y30,né", 1).encode("latin-1"), r"y\.csv:1: byte 0xe9 is not UTF-8"),
    "utf-16": (REPLAY, "y.csv", yields().encode("utf-16"), r"is not UTF-8 \(it looks like UTF-16\).*CSV UTF-8"),
    "utf-16 without mark": (REPLAY, "y.csv", yields().encode("utf-16-le"), r"it looks like UTF-16"),
    "control character": (REPLAY, "y.csv", cell("1\x07"), r"y\.csv:3: control character U\+0007"),
    "workbook renamed": (REPLAY, "y.csv", zipped("xl/workbook.xml", b"<x/>"), r"is a workbook or an archive, not text"),
    "web page": (REPLAY, "y.csv", "<!DOCTYPE html>\n<html>\n", r"no column date"),
    "begins after the opening": (REPLAY, "y.csv", yields(date(2020, 3, 2)), r"no day on or before 2020-02-18.*Choose another opening"),
    "begins days before the opening": (REPLAY, "y.csv", yields(date(2020, 2, 10)), r"\d+ daily changes before 2020-02-18; allowed: 20"),
    "ends too early": (REPLAY, "y.csv", yields(count=102), r"\d trading days after 2020-02-18, and 10 days after it are needed"),
    "opening in a gap": (REPLAY.replace("2020-02-18", "2020-03-25"), "y.csv", gap(), r"no row between 2020-02-28 and 2020-04-01"),
    "gap in the window": (REPLAY, "y.csv", gap(), r"no row between 2020-02-28 and 2020-04-01"),
    "window outside the file": (
        "drivers: {{model: bootstrap, file: {file}, start: '2001-01-01', end: '2002-01-01'}}", "y.csv", yields(),
        r"0 daily changes from 2001-01-01 to 2002-01-01.*the file covers 2019-10-01"),
    "blocks longer than the sample": (
        "drivers: {{model: bootstrap, file: {file}, block: 200d}}", "y.csv", yields(), r"blocks of 200 days"),
    "yields for arrays": (ARRAYS, "y.csv", yields(), r"y\.csv is no file for drivers\.model: arrays.*Choose model: replay"),
    "arrays for yields": (REPLAY, "a.npz", npz(curve_change_bp=CURVE), r"no file for drivers\.model: replay.*Choose model: arrays"),
    # arrays
    "too few paths": (ARRAYS, "a.npz", npz(curve_change_bp=CURVE[:2]), r"2 paths of 12 days; allowed: at least the 3 paths of 10 days"),
    "too few days": (ARRAYS, "a.npz", npz(curve_change_bp=CURVE[:, :5]), r"4 paths of 5 days"),
    "transposed array": (ARRAYS, "a.npy", npy(CURVE.transpose(2, 0, 1)), r"The tenors stand in dimension 1: transpose the array"),
    "six tenors": (ARRAYS, "a.npy", npy(CURVE[:, :, :6]), r"has the shape \(4, 12, 6\)"),
    "two dimensions": (ARRAYS, "a.npy", npy(CURVE[0]), r"has the shape \(12, 7\); allowed: 3 dimensions"),
    "no paths": (ARRAYS, "a.npy", npy(CURVE[:0]), r"has the shape \(0, 12, 7\)"),
    "objects": (ARRAYS, "a.npy", npy(CURVE.astype(object), allow_pickle=True), r"curve_change_bp holds object; allowed: plain numbers"),
    "objects in npz": (ARRAYS, "a.npz", npz(curve_change_bp=CURVE.astype(object)), r"holds object; allowed: plain numbers"),
    "pickle": (ARRAYS, "a.npy", PICKLE, r"a\.npy: cannot be read as npy"),
    "texts": (ARRAYS, "a.npy", npy(CURVE.astype(str)), r"holds <U\d+; allowed: plain numbers"),
    "complex numbers": (ARRAYS, "a.npy", npy(CURVE.astype(complex)), r"holds complex128"),
    "missing values": (ARRAYS, "a.npy", npy(np.where(CURVE == 10.0, np.nan, CURVE)), r"is nan, and 28 values in all are out of bounds"),
    "vast values": (ARRAYS, "a.npy", npy(CURVE * 1e6), r"values in all are out of bounds; allowed: -3000 to 3000"),
    "fractions in arrays": (ARRAYS, "a.npy", npy(CURVE / 1e4), r"they seem to be fractions or per cent; allowed: curve_change_bp in bp"),
    "array of a terabyte": (ARRAYS, "a.npy", claims((10**13, 12, 7)), r"GiB of values; allowed: up to 2 GiB"),
    "array of a terabyte, zipped": (ARRAYS, "a.npz", zipped("curve_change_bp.npy", claims((10**13, 12, 7))), r"GiB of values"),
    "array cut short": (ARRAYS, "a.npy", npy(CURVE)[:-100], r"claims 2,688 bytes of values, and the file has fewer"),
    "npz cut short": (ARRAYS, "a.npz", npz(curve_change_bp=CURVE)[:200], r"a\.npz: cannot be read as npz"),
    "npz without the variable": (ARRAYS, "a.npz", npz(curve=CURVE), r"no variable curve_change_bp.*It holds curve"),
    "volatility of another shape": (
        ARRAYS, "a.npz", npz(curve_change_bp=CURVE, volatility_multiplier=CURVE[:, :5, 0]), r"volatility_multiplier has the shape \(4, 5\)"),
    "tenors of another market": (
        ARRAYS, "a.npz", npz(curve_change_bp=CURVE, tenor_years=np.arange(7)), r"tenor_years is \[0, 1, 2, 3, 4, 5, 6\]"),
    "netcdf cut short": (ARRAYS, "a.nc", b"CDF\x01\x00\x00", r"a\.nc: cannot be read as netCDF"),
    "text called netcdf": (ARRAYS, "a.nc", b"hello", r"a\.nc: (is no classic netCDF file|cannot be read as netCDF)"),
    # populations
    "funds without equity column": (FUNDS, "f.csv", f"name,{TRADES}\nA,$1bn,,,,,\n", r"f\.csv:1: no column equity"),
    "funds without trades": (FUNDS, "f.csv", "name,equity\nA,$1bn\n", r"f\.csv:1: no column TU, FV, TY"),
    "own funds without trades": (OWN, "f.csv", "name,equity\nA,$1bn\n", r"f\.csv:1: no column of packages; allowed: a column for each trade held: TU, FV"),
    "own funds beyond the market": (OWN, "f.csv", "name,equity,TY\nA,$1bn,$900bn\n", r"f\.csv: funds hold \$900bn of TY, and all funds of the market hold \$[\d.]+bn.*Check the unit"),
    "own funds called as others": (OWN, "f.csv", "name,equity,TY\nfund 3,$1bn,$9bn\n", r"f\.csv: 'fund 3' is the name of another fund"),
    "own funds with shares that do not add up": (OWN, "f.csv", "name,equity,TY,dealer 1\nA,$1bn,$9bn,90%\n", r"f\.csv:2: the shares of A add up to 90%"),
    "own funds without a unit": (OWN, "f.csv", "name;equity;TY\nA;400;9.000\n", r"'9\.000' may have thousands or decimals"),
    "own funds, unit twice": (OWN, "f.csv", "name,equity ($mn),Equity,TY\nA,1,1,$9bn\n", r"the heading 'equity' stands twice"),
    "own funds with odd groups": (OWN, "f.csv", 'name,equity ($mn),TY ($mn)\nA,400,"1,50,000.0"\n', r"'1,50,000\.0' cannot be read"),
    "record of a fund that is not there": ("output: {{funds: [fund 61]}}\n# {file}", "f.csv", "", r"output\.funds\.0: 'fund 61' is not a fund of this market"),
    "record of a dealer twice": ("output: {{dealers: [dealer 1, dealer 1]}}\n# {file}", "f.csv", "", r"output\.dealers\.1: 'dealer 1' stands a second time"),
    "funds with an unknown column": (FUNDS, "f.csv", f"name,equity,{TRADES},size\nA,$1bn,,,$9bn,,,,\n", r"f\.csv:1: unknown column 'size'"),
    "fund without equity": (FUNDS, "f.csv", fund("A,,,,$9bn,,,"), r"f\.csv:2 equity: no value"),
    "fund with negative equity": (FUNDS, "f.csv", fund("A,-$1bn,,,$9bn,,,"), r"f\.csv:2 equity: '-\$1bn' is out of bounds"),
    "fund without units": (FUNDS, "f.csv", fund("A,4,,,160,,,"), r"f\.csv:2 TY: '160' has no unit.*Write \$160mn or \$160bn\."),
    "fund twice": (FUNDS, "f.csv", fund("A,$4bn,,,$9bn,,,", "A,$3bn,,,$9bn,,,"), r"f\.csv:3 name: 'A' stands a second time, after line 2"),
    "funds in words": (FUNDS, "f.csv", fund("A,four,,,$9bn,,,"), r"'four' cannot be read"),
    "funds with a cell too many": (FUNDS, "f.csv", fund("A,$4bn,,,$9bn,,,,,"), r"f\.csv:2: 10 cells in the row; allowed: 8"),
    "fund of a thousand trillions": (FUNDS, "f.csv", fund("A,$4bn,,,$9000tn,,,"), r"f\.csv:2 TY:"),
    "no funds": (FUNDS, "f.csv", FUND, r"f\.csv: has no rows"),
    "own dealer without share": (DESK, "d.csv", "name,size\nA,$1bn\n", r"d\.csv:1: .*share"),
    "own dealer with an amount": (DESK, "d.csv", "name,share\nA,$1bn\n", r"d\.csv:2 share: '\$1bn'"),
    "own dealers larger than all": (DESK, "d.csv", "name,share\nA,60%\nB,50%\n", r"d\.csv: shares add up to 110%"),
    "own dealer under another's name": (DESK, "d.csv", "name,share\ndealer 1,10%\n", r"d\.csv: 'dealer 1' is the name of another dealer"),
    "own dealer over its limit": (DESK, "d.csv", "name,share,opening_use\nA,10%,120%\n", r"d\.csv:2 opening_use: '120%' is out of bounds"),
    "dealers without size": (DEALERS, "d.csv", "name\nA\n", r"d\.csv:1: no column size"),
    "dealer twice": (DEALERS, "d.csv", "name,size\nA,$1bn\nA,$2bn\n", r"d\.csv:3 name: 'A' stands a second time"),
    "dealer of size nothing": (DEALERS, "d.csv", "name,size\nA,$0bn\n", r"d\.csv:2 size: '\$0bn' is out of bounds"),
    "network without a fund": (NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,60%,40%\n", r"n\.csv lacks fund 2"),
    "network with a stranger": (
        NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,60%,40%\nfund 2,50%,50%\nAlder,1%,99%\n", r"n\.csv has Alder"),
    "network with a fund twice": (
        NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,60%,40%\nfund 1,50%,50%\n", r"'fund 1' stands a second time"),
    "network that does not add up": (
        NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,60%,50%\nfund 2,50%,50%\n", r"n\.csv:2: the shares of fund 1 add up to 110%"),
    "network with a negative share": (
        NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,160%,-60%\nfund 2,50%,50%\n", r"n\.csv:2 dealer 1: '160%' is out of bounds"),
    "network without a dealer": (NETWORK, "n.csv", "name,dealer 1\nfund 1,100%\nfund 2,100%\n", r"no column dealer 2"),
    "lenders' network without a dealer": (
        LENDERS, "n.csv", "name,lender 1,lender 2\ndealer 1,60%,40%\n", r"n\.csv lacks dealer 2"),
}  # fmt: skip

SCENARIO = """
name: broken
extends: preset:us-treasury-2020-02-18
paths: 3
horizon: 10d
"""


def scenario(folder: Path, section: str, name: str, content: str | bytes) -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    file = folder / "broken.yaml"
    file.write_text(SCENARIO + section.format(file=name) + "\n")
    return file


def assert_clear(told: str, wanted: str) -> None:
    """One message with what it must contain, and nothing that only a program would say."""
    assert re.search(wanted, told, re.DOTALL), told
    assert "defect" not in told
    assert "Traceback" not in told
    assert "resume" not in told.lower()
    assert "report this file" not in told
    assert ".." not in told.replace("...", "").replace("to_netcdf(, ", "")
    assert ".;" not in told


def test_the_corpus_is_large() -> None:
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("what", BROKEN)
def test_validate_refuses_every_broken_file(what: str, tmp_path: Path, unwind: Unwind) -> None:
    section, name, content, wanted = BROKEN[what]
    file = scenario(tmp_path, section, name, content)
    begun = time.process_time()
    code, _, told = unwind("validate", str(file))
    assert code == 2, told
    assert_clear(told, wanted)
    assert time.process_time() - begun < SECONDS_MAX


GOOD = {
    "replay": (REPLAY, "y.csv", yields()),
    "replay with blank lines and a byte order mark": (REPLAY, "y.csv", "\ufeff" + yields() + "\n\n,,,,,,,\n"),
    "replay with windows line ends": (REPLAY, "y.csv", yields().replace("\n", "\r\n")),
    "headings in capitals": (REPLAY, "y.csv", yields().replace("date", "Date", 1)),
    "american dates": (REPLAY, "y.csv", other_dates("%m/%d/%Y")),
    "european dates": (REPLAY, "y.csv", other_dates("%d.%m.%Y")),
    "newest first": (REPLAY, "y.csv", newest_first()),
    "a point for nothing": (REPLAY, "y.csv", cell(".")),
    "N/A": (REPLAY, "y.csv", cell("N/A")),
    "per cent sign": (REPLAY, "y.csv", cell("1.5%")),
    "semicolons": (REPLAY, "y.csv", yields().replace(",", ";")),
    "semicolons and decimal commas": (REPLAY, "y.csv", yields().replace(",", ";").replace(".", ",")),
    "tabs": (REPLAY, "y.csv", yields().replace(",", "\t")),
    "blank row on a holiday": (REPLAY, "y.csv", blank_holiday()),
    "own funds as a spreadsheet writes them": (
        OWN,
        "f.csv",
        "\ufeffName;Equity ($mn);Free cash, mn;haircut (%);TY ($bn)\nA;1.500,5;300;2;9\nB;400;;0%;$4.000mn\n",
    ),
    "own funds with their dealers": (
        OWN,
        "f.csv",
        'name,equity,TY,dealer 1,dealer 2\nA,$1bn,"$9,000mn",60%,40%\nB,$1bn,-$1bn,,\n',
    ),
    "records of funds and dealers": (
        "output: {{funds: [fund 2], dealers: [dealer 1]}}\n# {file}",
        "f.csv",
        "",
    ),
    "bootstrap of a whole file": (BOOTSTRAP, "y.csv", yields()),
    "npy": (ARRAYS, "a.npy", npy(CURVE)),
    "npy in another order": (ARRAYS, "a.npy", npy(np.asfortranarray(CURVE.astype(np.float32)))),
    "npz": (ARRAYS, "a.npz", npz(curve_change_bp=CURVE, volatility_multiplier=np.ones((4, 12)))),
    "funds": (FUNDS, "f.csv", fund("A,$4bn,,,$9bn,,,", "B,$4bn,,,$9bn,,,")),
    "own dealer": (
        DESK + "\nevents: [{{type: limit-cut, day: 2d, share: 30%, dealers: [Ours, dealer 1]}}]",
        "d.csv",
        "name,share,opening_use\nOurs,8%,\n",
    ),
    "dealers": (DEALERS, "d.csv", "name,size\nA,$1bn\nB,$2bn\n"),
    "network": (NETWORK, "n.csv", "name,dealer 1,dealer 2\nfund 1,60%,40%\nfund 2,50%,50%\n"),
}


@pytest.mark.parametrize("what", GOOD)
def test_validate_accepts_good_files(what: str, tmp_path: Path, unwind: Unwind) -> None:
    section, name, content = GOOD[what]
    code, out, told = unwind("validate", str(scenario(tmp_path, section, name, content)))
    assert (code, "is valid" in out) == (0, True), told


def test_validate_accepts_netcdf(tmp_path: Path, unwind: Unwind) -> None:
    import xarray as xr

    dataset = xr.Dataset({"curve_change_bp": (("path", "day", "tenor"), CURVE)})
    dataset.to_netcdf(tmp_path / "a.nc", engine="scipy")
    file = scenario(tmp_path, ARRAYS, "a.nc", (tmp_path / "a.nc").read_bytes())
    assert unwind("validate", str(file))[0] == 0


def test_zarr_folders_are_refused_with_what_to_write(tmp_path: Path, unwind: Unwind) -> None:
    (tmp_path / "a.zarr").mkdir()
    file = tmp_path / "broken.yaml"
    file.write_text(SCENARIO + ARRAYS.format(file="a.zarr"))
    code, _, told = unwind("validate", str(file))
    assert (code, "to_netcdf" in told) == (2, True)


@pytest.mark.parametrize("what", ["day twice", "too few paths", "fund twice", "opening in a gap"])
@pytest.mark.parametrize("command", ["run", "sweep", "sweep --dry-run", "run --path 1"])
def test_whatever_runs_refuses_what_validate_refuses(
    what: str, command: str, tmp_path: Path, unwind: Unwind
) -> None:
    section, name, content, wanted = BROKEN[what]
    file = scenario(tmp_path, section, name, content)
    if command.startswith("sweep"):
        sweep = tmp_path / "sweep.yaml"
        sweep.write_text(
            "name: s\nscenario: broken.yaml\npaths: 3\naxes:\n"
            "  a: {kind: grid, parameter: funds.leverage, values: [8x, 9x]}\n"
        )
        file = sweep
    word, *options = command.split()
    code, _, told = unwind(word, str(file), *options, *([] if options else ["-o", str(tmp_path / "out")]))
    assert code == 2, told
    assert_clear(told, wanted)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [("validate",), ("sweep",), ("sweep", "--dry-run")])
def test_one_late_date_in_a_sweep_is_named_with_its_cell(
    command: tuple[str, ...], tmp_path: Path, unwind: Unwind
) -> None:
    scenario(tmp_path, REPLAY, "y.csv", yields())
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        "name: s\nscenario: broken.yaml\npaths: 3\naxes:\n"
        "  a: {kind: grid, parameter: drivers.start, values: ['2020-02-18', '2020-02-19', '2020-06-30']}\n"
    )
    word, *options = command
    code, _, told = unwind(word, str(sweep), *options)
    assert code == 2, told
    assert_clear(told, r"no day on or before|trading days after 2020-06-30")
    assert "In cell 2 (a 2020-06-30)" in told


# Hostile


def test_devices_pipes_and_folders_are_refused_unopened(tmp_path: Path, unwind: Unwind) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    for name, wanted in (
        ("/dev/zero", "is not relative"),
        ("pipe.csv", "is not a regular file"),
        ("folder.csv", "is not a regular file"),
        ("link.csv", "passes through a link"),
    ):
        for section in (REPLAY, FUNDS, DEALERS):
            file = tmp_path / "hostile.yaml"
            file.write_text(SCENARIO + section.format(file=name))
            code, _, told = unwind("validate", str(file))
            assert (code, wanted in told) == (2, True), told
    (tmp_path / "hostile.yaml").write_text(f"{SCENARIO}data_files: {{a: /dev/zero}}\n")
    code, _, told = unwind("validate", str(tmp_path / "hostile.yaml"))
    assert (code, "data_files: unknown key" in told) == (2, True)
    for name in ("/dev/zero", str(tmp_path / "pipe.csv"), str(tmp_path / "folder.csv")):
        assert unwind("validate", name)[0] == 2


@pytest.mark.parametrize(("section", "name"), [(REPLAY, "y.csv"), (ARRAYS, "a.npy"), (FUNDS, "f.csv")])
def test_files_of_ten_gigabytes_are_refused_unread(
    section: str, name: str, tmp_path: Path, unwind: Unwind
) -> None:
    file = scenario(tmp_path, section, name, b"")
    with (tmp_path / name).open("wb") as vast:
        vast.truncate(10**10)  # sparse: it takes no room
    code, _, told = unwind("validate", str(file))
    assert (code, "has 10,000.0 MB" in told) == (2, True), told


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("paths=10000000000000", "paths: 10000000000000 is too large"),
        ("horizon=10000000d", "horizon"),
        ("funds.count=10000000000", "funds.count"),
        ("numerics.block=1000000000000", "numerics.block"),
    ],
)
def test_vast_runs_are_refused_before_memory_is_taken(setting: str, wanted: str, unwind: Unwind) -> None:
    code, _, told = unwind("validate", "calm", "--set", setting)
    assert (code, wanted in told) == (2, True), told


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("market.date='2020-02-30'", "'2020-02-30' is no day of the calendar"),
        ("market.date='9999-12-30'", "'9999-12-30' is too far away; allowed: a day of the years 1900 to 2100"),
        ("market.date='0001-01-01'", "'0001-01-01' is too far away"),
        ("market.date='18/02/2020'", "'18/02/2020' is no date; allowed: a day as 2020-03-09: year, month, day. Write 2020-02-18."),
        ("drivers.start='2020-02-30'", "drivers.start: '2020-02-30' is no day of the calendar"),
        ("drivers.end=9999-12-30", "drivers.end: '9999-12-30' is too far away"),
    ],
)  # fmt: skip
def test_dates_that_do_not_exist_are_refused(setting: str, wanted: str, unwind: Unwind) -> None:
    code, _, told = unwind("validate", "calm", "--set", setting)
    assert (code, wanted in told) == (2, True), told


def test_a_population_is_never_held_against_a_stale_copy(tmp_path: Path, unwind: Unwind) -> None:
    file = scenario(tmp_path, REPLAY, "y.csv", yields())
    assert unwind("validate", str(file))[0] == 0
    shutil.move(tmp_path / "y.csv", tmp_path / "old.csv")
    (tmp_path / "y.csv").write_text(fractions())
    assert unwind("validate", str(file))[0] == 2
