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
    assert OUTPUT_COLUMNS[-2:] == ("is_cheapest", "implied_repo_rank")
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
        ":4 conversion_factor is 0.9719, but the contract's rule gives 0.9718; correct the bond or empty the "
        "cell."
    ]
    output = tmp_path / "out.csv"
    assert run(file_of(tmp_path, *lines[:3]), "-o", output).exit_code == 0
    with output.open(newline="", encoding="utf-8") as file:
        assert [row["conversion_factor"] for row in csv.DictReader(file)] == ["1.0305", "0.9999"]


CELLS = {
    "contract_kind": ("ZN", "is 'ZN', which is not a known contract; write TY for the 10-year note future."),
    "first_delivery_date": ("1 March", "is '1 March'; dates are written like 2025-06-30; rewrite it."),
    "coupon_pct": ("6 1/2", "is '6 1/2'; it must be a decimal number without unit; write it like 101.5."),
    "coupon_frequency": ("2.5", "is '2.5'; it must be the whole number of coupons a year; write 1 or 2."),
    "maturity_date": (
        "2010-02-30",
        "is '2010-02-30', which is no day; dates are year-month-day; correct it.",
    ),
    "settlement_date": ("", "is empty; every row needs it; fill it in."),
    "delivery_date": ("20020328", "is '20020328'; dates are written like 2025-06-30; rewrite it."),
    "clean_price": ("nan", "is 'nan'; it must be a decimal number without unit; write it like 101.5."),
    "futures_price": (
        "104-04+",
        "is '104-04+'; it must be a decimal number without unit; write it like 101.5.",
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
