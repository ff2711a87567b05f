"""``unwind basis``: the file it writes, the table and map it prints, every problem in words, exit codes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from simulator.basis.bond_file import INPUT_COLUMNS
from simulator.basis.writing import OUTPUT_COLUMNS, safe_cell
from simulator.cli.basis import register
from tests.basis.test_rows import TYH2

HEADER = ",".join(INPUT_COLUMNS)
LINES = [f"TY,2002-03-01,{c},2,{m},2001-12-10,2002-03-28,{p},104.140625,1.73" for c, m, p, *_ in TYH2]


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)  # a program with one command would not ask for its name
    return CliRunner().invoke(app, ["basis", *map(str, arguments)])


def file_of(folder: Path, *lines: str) -> Path:
    path = folder / "bonds.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def problems_of(folder: Path, *lines: str) -> list[str]:
    """Messages of a file with problems, without the path each begins with."""
    path = file_of(folder, *lines)
    result = run(path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.output
    messages = result.stderr.splitlines()
    assert all(message.startswith(str(path)) for message in messages)
    return [message.removeprefix(str(path)) for message in messages]


def test_writes_the_same_rows_with_the_results_after_them(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    result = run(file_of(tmp_path, HEADER, *LINES), "-o", output)
    assert (result.exit_code, result.stdout) == (0, f"{output}: 7 rows written.\n")
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == (*INPUT_COLUMNS, *OUTPUT_COLUMNS)
    assert OUTPUT_COLUMNS[0] == "conversion_factor"
    assert OUTPUT_COLUMNS[-3:] == ("is_deliverable", "is_cheapest", "implied_repo_rank")
    for row, line, bond in zip(rows, LINES, TYH2, strict=True):
        assert ",".join(row[name] for name in INPUT_COLUMNS) == line
        assert float(row["conversion_factor"]) == bond[3]
        assert float(row["gross_basis"]) == pytest.approx(bond[4], abs=5e-4)
        assert float(row["net_basis"]) == pytest.approx(bond[5], abs=1e-3)
        assert float(row["implied_repo_pct"]) == pytest.approx(bond[6], abs=5e-3)
        assert float(row["net_basis_32nds"]) == pytest.approx(32.0 * float(row["net_basis"]), abs=1e-8)
    assert [row["is_cheapest"] for row in rows] == ["true"] + ["false"] * 6
    assert [row["implied_repo_rank"] for row in rows] == list("1234567")


def test_its_own_output_is_a_valid_input_and_comes_back_unchanged(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run(file_of(tmp_path, HEADER, *LINES), "-o", first)
    assert run(first, "-o", second).exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    assert run(first, "-o", first).exit_code == 0  # in place
    assert first.read_bytes() == second.read_bytes()


def test_other_columns_pass_through_and_formulas_are_disarmed(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    lines = [f"desk,{HEADER},@note", f"=cmd|' /C calc'!A0,{LINES[0]},-0.25", f'"a, ""b""",{LINES[1]},+x']
    assert run(file_of(tmp_path, *lines), "-o", output).exit_code == 0
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    place = len(INPUT_COLUMNS) + 1
    assert [row[0] for row in rows] == ["desk", "'=cmd|' /C calc'!A0", 'a, "b"']
    assert [row[place] for row in rows] == ["'@note", "-0.25", "'+x"]
    assert safe_cell("\tx") == "'\tx"
    assert safe_cell("2+2") == "2+2"


def test_prints_the_ranking_without_output(tmp_path: Path) -> None:
    result = run(file_of(tmp_path, HEADER, *reversed(LINES)))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 8
    assert lines[0].split()[:7] == [
        "contract",
        "delivery",
        "settlement",
        "coupon",
        "maturity",
        "clean",
        "factor",
    ]
    assert lines[0].endswith("gross   carry     net  net 32nds  implied repo %  rank")
    assert lines[1].split()[-4:] == ["11.93", "0.599", "1", "cheapest"]
    assert [line.split()[4] for line in lines[1:]] == [bond[1] for bond in TYH2]


def test_switch_map_names_the_bonds_by_the_files_own_column(tmp_path: Path) -> None:
    lines = [f"cusip,{HEADER}", *(f"BOND{place},{line}" for place, line in enumerate(LINES))]
    result = run(file_of(tmp_path, *lines), "--switch-map", "--parallel-bp", "120", "--slope-bp", "30")
    assert result.exit_code == 0
    text = result.stdout.splitlines()
    assert text[0] == "TY 2002-03, settlement 2001-12-10: cheapest to deliver when forward yields move"
    grid = [line.split() for line in text[3:11]]
    assert grid[0] == ["slope", *(f"{move:+d}" for move in range(-120, 121, 20))]
    assert [line[0] for line in grid[1:]] == ["+30", "+20", "+10", "+0", "-10", "-20", "-30"]
    today = grid[4][7]
    legend = {line.split()[0]: line for line in text[12:]}
    assert legend[today] == f"{today}  BOND0, 7.89 years, factor 1.0305, forward yield 5.294%"
    assert grid[4][1] < today < grid[4][13]  # shorter bonds at lower yields, longer ones at higher


def test_switch_map_draws_every_basket(tmp_path: Path) -> None:
    other = [line.replace("2001-12-10", "2001-12-11") for line in LINES]
    result = run(file_of(tmp_path, HEADER, *LINES, *other), "--switch-map", "-o", tmp_path / "out.csv")
    assert result.stdout.count("cheapest to deliver when forward yields move") == 2
    assert (tmp_path / "out.csv").exists()


def test_conversion_factor_given_is_checked(tmp_path: Path) -> None:
    lines = [f"{HEADER},conversion_factor", f"{LINES[0]},1.0305", f"{LINES[1]},", f"{LINES[2]},0.9719"]
    assert problems_of(tmp_path, *lines) == [
        ":4 conversion_factor is 0.9719, but the contract's rule gives 0.9718; correct the bond, empty the "
        "cell or use --given-factors."
    ]
    output = tmp_path / "out.csv"
    assert run(file_of(tmp_path, *lines[:3]), "-o", output).exit_code == 0
    with output.open(newline="", encoding="utf-8") as file:
        assert [row["conversion_factor"] for row in csv.DictReader(file)] == ["1.0305", "0.9999"]


CELLS = {
    "contract_kind": (
        "BUND",
        "is 'BUND', which is not a known contract; choose one of TU, Z3N, FV, TY, UXY, TWE, US, WN, G, TS, "
        "TF, T, TL.",
    ),
    "first_delivery_date": ("1 March", "is '1 March'; dates are written like 2025-06-30; rewrite it."),
    "coupon_pct": ("6 1/2", "is '6 1/2'; it must be a decimal number without unit; write it like 101.5."),
    "coupon_frequency": ("2.5", "is '2.5'; it must be the whole number of coupons a year; write 1 or 2."),
    "maturity_date": (
        "2010-02-30",
        "is '2010-02-30', which is no day; correct it.",
    ),
    "settlement_date": ("", "is empty; every row needs it; fill it in."),
    "delivery_date": (
        "03/04/2002",
        "is '03/04/2002', which may be day/month or month/day, and the file does not tell; write it like "
        "2025-06-30.",
    ),
    "clean_price": (
        "nan",
        "is 'nan'; a price is points, or points and thirty-seconds; write 101.5 or 101-16.",
    ),
    "futures_price": (
        "104-32",
        "is '104-32'; a price is points, or points and thirty-seconds; write 101.5 or 101-16.",
    ),
    "repo_rate_pct": ("1_73", "is '1_73'; it must be a decimal number without unit; write it like 101.5."),
}


def test_every_cell_that_does_not_parse_is_reported_at_once(tmp_path: Path) -> None:
    broken = ",".join(text for text, _ in CELLS.values())
    messages = problems_of(tmp_path, HEADER, LINES[0], broken)
    assert messages == [f":3 {name} {message}" for name, (_, message) in CELLS.items()]


def test_rows_that_make_no_sense_are_reported_with_their_lines(tmp_path: Path) -> None:
    matured = LINES[0].replace("2001-12-10", "2012-12-10")
    early = LINES[1].replace("2002-03-28", "2001-12-10").replace("105.7890625", "0")
    later = "delivery must be at least a day later; use a later delivery or the next contract."
    assert problems_of(tmp_path, HEADER, matured, "", early) == [
        ":2 settlement_date is 2012-12-10, but the bond matures on 2010-02-15; it must settle before it "
        "matures; drop the bond or correct the dates.",
        ":2 delivery_date is 2002-03-28, not after settlement_date 2012-12-10; " + later,
        ":4 delivery_date is 2001-12-10, not after settlement_date 2001-12-10; " + later,
        ":4 clean_price is 0; it must be positive; write points, 101.5 for 101-16.",
    ]


def test_header_problems(tmp_path: Path) -> None:
    header = HEADER.replace("clean_price", "clean price").replace("repo_rate_pct", "coupon_pct")
    assert problems_of(tmp_path, header, LINES[0]) == [
        ":1 'coupon_pct' stands 2 times in the header; a name may once; rename one.",
        ":1 clean_price is missing from the header; the column is required; rename 'clean price'.",
        ":1 repo_rate_pct is missing from the header; the column is required; add it.",
    ]


def test_files_that_are_not_tables(tmp_path: Path) -> None:
    assert problems_of(tmp_path, HEADER) == [
        ": has a header and no rows; it needs a header and one row a bond."
    ]
    assert problems_of(tmp_path) == [": is empty; it needs a header and one row a bond."]
    assert problems_of(tmp_path, HEADER, LINES[0] + ",1") == [
        ":2 has 11 cells, but the header has 10; add or remove commas."
    ]
    assert problems_of(tmp_path, HEADER, '"' + LINES[0]) == [
        ":2 is not CSV (unexpected end of data); check its quotes."
    ]
    missing = run(tmp_path / "nowhere.csv")
    assert missing.exit_code == 2
    assert missing.stderr.endswith(
        "cannot be read (No such file or directory); give the path of a CSV file.\n"
    )
    assert run(tmp_path).stderr.endswith("cannot be read (Is a directory); give the path of a CSV file.\n")
    (tmp_path / "latin.csv").write_bytes(b"\xe9" + HEADER.encode())
    assert "byte 0 is not UTF-8; save the file as UTF-8." in run(tmp_path / "latin.csv").stderr


def test_byte_order_mark_windows_lines_and_spaces_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(("\ufeff" + "\r\n".join([HEADER.replace(",", ", "), *LINES]) + "\r\n").encode())
    assert run(path).exit_code == 0


def test_many_problems_are_counted_rather_than_listed(tmp_path: Path) -> None:
    result = run(file_of(tmp_path, HEADER, *[LINES[0].replace("TY", "XX")] * 100))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 41
    assert result.stderr.splitlines()[-1] == "... and 60 more problems."


def test_output_that_cannot_be_written_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    result = run(file_of(tmp_path, HEADER, *LINES), "-o", tmp_path / "nowhere" / "out.csv")
    assert result.exit_code == 2
    assert "cannot be written (No such file or directory); choose a folder" in result.stderr
    result = run(file_of(tmp_path, HEADER, *LINES), "-o", tmp_path)
    assert result.exit_code == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bonds.csv"]


def test_help_does_not_load_the_compiler() -> None:
    program = (
        "import sys, typer; from simulator.cli.basis import register; register(typer.Typer());"
        "sys.exit(any(m in sys.modules for m in ('numpy', 'numba')))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=environment).returncode == 0


def test_prices_in_thirty_seconds_tickers_and_dates_are_read_as_markets_write_them(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run(file_of(tmp_path, HEADER, LINES[0]), "-o", first)
    written = "zn,1 March 2002,6.50,2,02/15/2010,12/10/2001,Mar 28 2002,109-01.25,104-04+,1.73"
    assert run(file_of(tmp_path, HEADER, written), "-o", second).exit_code == 0
    with first.open(newline="") as one, second.open(newline="") as two:
        found = [
            [row[name] for name in OUTPUT_COLUMNS] for row in (*csv.DictReader(one), *csv.DictReader(two))
        ]
    assert found[0] == found[1]


def test_bonds_that_the_contract_does_not_take_are_computed_marked_and_not_ranked(tmp_path: Path) -> None:
    """A two-year note has the highest implied repo of this file, and no ten-year note future takes it."""
    two_year = LINES[0].replace("2010-02-15", "2003-11-15").replace("109.0390625", "104")
    output = tmp_path / "out.csv"
    assert run(file_of(tmp_path, HEADER, two_year, *LINES), "-o", output).exit_code == 0
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert max(rows, key=lambda row: float(row["implied_repo_pct"])) is rows[0]
    assert [row["implied_repo_rank"] for row in rows] == list("01234567")
    assert [row["is_deliverable"] for row in rows] == ["false"] + ["true"] * 7
    assert [row["is_cheapest"] for row in rows] == ["false", "true"] + ["false"] * 6
    printed = run(tmp_path / "bonds.csv").stdout.splitlines()
    assert printed[8].endswith("not deliverable")
    assert printed[-1] == (
        "TY 2002-03 takes bonds with 6 years 6 months to 10 years left and issued for at most 10 years."
    )
    assert (
        run(tmp_path / "bonds.csv", "--switch-map").stdout
        == run(file_of(tmp_path, HEADER, *LINES), "--switch-map").stdout
    )


def test_issue_dates_tell_old_long_bonds_from_notes(tmp_path: Path) -> None:
    """With nine years left a bond once issued for thirty is no ten-year note; without issue dates it may be one."""
    lines = [f"{HEADER},issue_date", f"{LINES[0]},1980-02-15", f"{LINES[1]},1999-08-15", f"{LINES[2]},"]
    output = tmp_path / "out.csv"
    assert run(file_of(tmp_path, *lines), "-o", output).exit_code == 0
    with output.open(newline="", encoding="utf-8") as file:
        assert [row["is_deliverable"] for row in csv.DictReader(file)] == ["false", "true", "true"]


SLIPS = {
    "delivery after the month": (
        LINES[0].replace("2002-03-28", "2002-04-15"),
        "delivery_date is 2002-04-15; TY of March 2002 is delivered from 2002-03-01 to 2002-03-28; correct one "
        "of the two.",
    ),
    "coupon as a fraction": (
        LINES[0].replace("6.5,", "0.065,"),
        "coupon_pct is 0.065% a year; coupons are in per cent; if it is a fraction, write 6.5.",
    ),
    "repo as a fraction": (
        LINES[0].replace(",1.73", ",0.0173"),
        "repo_rate_pct is 0.0173% a year, and the basket implies 0.60%; rates are in per cent; if it is a "
        "fraction, write 1.73.",
    ),
    "price ten times too high": (
        LINES[0].replace("109.0390625", "1090.390625"),
        "clean_price is 1090.39, where the bond stands at 1090.39 and the converted future at 107.317; prices "
        "are points on 100 of face; check the decimal point.",
    ),
    "factors at 8%": (
        LINES[0]
        .replace("TY,2002-03-01", "TY,1999-12-01")
        .replace("2001-12-10,2002-03-28", "1999-11-10,1999-12-31"),
        "first_delivery_date is in December 1999; until March 2000 factors were prices at 8%, and this one is at "
        "6%; give the exchange's in conversion_factor and use --given-factors.",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_are_warned_of_and_computed(tmp_path: Path, slip: str) -> None:
    line, warning = SLIPS[slip]
    path = file_of(tmp_path, HEADER, line)
    result = run(path)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) >= 2
    assert result.stderr == f"Warning: {path}:2 {warning}\n"


def test_low_rates_of_2021_are_no_slip(tmp_path: Path) -> None:
    """Repo stood at 0.01% while the basket implied 0.1%: nothing is warned of, small coupons in eighths neither."""
    line = "TY,2021-06-01,0.125,2,2028-02-15,2021-05-10,2021-06-30,94,132-00,0.01"
    assert run(file_of(tmp_path, HEADER, line)).stderr == ""
