"""What all tests share: how property tests draw, the order of folders, and that nothing compiles against a clock."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from simulator.ensemble.cores import pin_linear_algebra

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# As the command does, before NumPy is imported: several threads of a small product wait for each other more than they
# work, all the more where several processes test side by side.
pin_linear_algebra()

#: Property tests draw the same examples every time, unless ``--hypothesis-seed`` or the slow tests are asked for.
settings.register_profile("the same examples anywhere", deadline=None, derandomize=True)
settings.register_profile("other examples every time", deadline=None, database=None, print_blob=True)

#: Folders whose tests play paths, the longest first: no worker is to be left alone with one of them at the end.
PLAYING = (
    "ensemble", "report", "docs", "economics", "oracle", "sweeps", "estimation", "history", "analysis", "cli",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile"):
        return
    is_free = config.getoption("--hypothesis-seed") is not None or config.option.markexpr == "slow"
    settings.load_profile("other examples every time" if is_free else "the same examples anywhere")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest folders first; the order in a folder stays."""
    items.sort(key=lambda item: PLAYING.index(folder) if (folder := item.path.parent.name) in PLAYING else 99)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Compile before the first test that needs it, so that no test's time limit counts it."""
    is_playing = {item.path.parent.name for item in getattr(session, "items", ())} & set(PLAYING)
    if is_playing and not session.config.option.collectonly:
        from simulator.ensemble.compiling import compile_model

        compile_model()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser for the whole session: there can be one of its kind in a process."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


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
