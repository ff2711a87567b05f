"""The ledger: a block counts when its line is whole, ours and on the disk; nothing else does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simulator.results.ledger import FinishedBlock, append_blocks, create_ledger, read_ledgers

KEY = "run"


def block(number: int) -> FinishedBlock:
    audit = ({"identity": "cash is conserved", "residual_bn": 1e-13, "day": 2, "path": 9, "stage": "x"},)
    return FinishedBlock(number, 8 * number, 8, f"{number:064x}", 100, 0.25, {"NOT_FINITE": number}, audit)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.jsonl"
    create_ledger(file)
    for number in (2, 0, 1):
        append_blocks(file, KEY, [block(number)])
    return file


def test_blocks_come_back_as_they_were(ledger: Path) -> None:
    found = read_ledgers(ledger.parent, KEY)
    assert found.blocks == {number: block(number) for number in (0, 1, 2)}
    assert found.broken_lines == ()


def test_a_ledger_is_not_begun_twice(ledger: Path) -> None:
    with pytest.raises(FileExistsError):
        create_ledger(ledger)


def test_every_line_is_forced_to_disk(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    append_blocks(ledger, KEY, [block(3)])
    assert synced == [ledger.stat().st_size]  # after the whole line was written, once


def test_wherever_a_write_is_cut_only_whole_lines_count(ledger: Path) -> None:
    data = ledger.read_bytes()
    for length in range(len(data)):
        ledger.write_bytes(data[:length])
        whole = data[:length].count(b"\n")
        # a last line that lacks nothing but its end of line is whole
        done = whole + (length > 0 and data[length : length + 1] == b"\n")
        assert len(read_ledgers(ledger.parent, KEY).blocks) == done


def test_writing_goes_on_after_a_torn_line(ledger: Path) -> None:
    data = ledger.read_bytes()
    ledger.write_bytes(data[:-20])
    append_blocks(ledger, KEY, [block(1)])
    found = read_ledgers(ledger.parent, KEY)
    assert set(found.blocks) == {0, 1, 2}
    assert found.broken_lines == ("ledger.jsonl, line 3",)


def test_any_edit_of_a_line_is_noticed(ledger: Path) -> None:
    lines = ledger.read_text().splitlines()
    entry = json.loads(lines[1])
    for change in ({"sha256": "f" * 64}, {"paths": 9}, {"stopped": {}}, {"check": "0" * 16}, {"more": 1}):
        ledger.write_text("\n".join([lines[0], json.dumps(entry | change), lines[2]]) + "\n")
        found = read_ledgers(ledger.parent, KEY)
        assert set(found.blocks) == {2, 1}
        assert found.broken_lines == ("ledger.jsonl, line 2",)


def test_lines_of_another_run_do_not_count(ledger: Path) -> None:
    found = read_ledgers(ledger.parent, "another run")
    assert found.blocks == {}
    assert found.broken_lines == (
        "ledger.jsonl, line 1",
        "ledger.jsonl, line 2",
        "ledger.jsonl, line 3",
    )


@pytest.mark.parametrize(
    "junk", [b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"check": 1}\n']
)
def test_junk_is_counted_and_left_out(ledger: Path, junk: bytes) -> None:
    ledger.write_bytes(junk + ledger.read_bytes())
    found = read_ledgers(ledger.parent, KEY)
    assert set(found.blocks) == {0, 1, 2}
    assert found.broken_lines == ("ledger.jsonl, line 1",)


def test_the_later_line_of_a_block_holds(ledger: Path) -> None:
    again = FinishedBlock(1, 8, 8, "e" * 64, 100, 0.5)
    append_blocks(ledger, KEY, [again])
    assert read_ledgers(ledger.parent, KEY).blocks[1] == again
