"""Files are read back before they count as written: in pieces, to the last byte, and no byte beyond."""

from __future__ import annotations

import io

import pytest

from simulator.results import places


@pytest.mark.parametrize("data", [b"", b"1", b"1234", b"12345", b"12345678"])
def test_a_file_says_what_was_written_and_nothing_else(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(places, "PIECE", 4)

    def says(found: bytes) -> bool:
        return places._says(io.BufferedRandom(io.BytesIO(found)), data)  # type: ignore[arg-type]

    assert says(data)
    assert not says(data + b"9")
    assert not says(data + b"12345")
    for place in range(len(data)):
        assert not says(data[:place])
        assert not says(data[:place] + b"x" + data[place + 1 :])
