"""What all tests share: property tests draw the same examples every time, and no machine is too slow for them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("the same examples anywhere", deadline=None, derandomize=True)
settings.load_profile("the same examples anywhere")

Unwind = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def unwind(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Unwind:
    """Run the command in this process: exit code, standard output, standard error."""
    from simulator.cli import main as cli

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unwind", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run
