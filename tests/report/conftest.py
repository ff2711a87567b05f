"""What a page must never do in a real browser."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.patience import is_late

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
READY_MS = 600_000


@pytest.fixture
def opened(browser: Browser) -> Callable[..., Any]:
    """Open a file, wait until all is drawn, and hold it to silence: no error, no request, no dialog."""

    @contextmanager
    def open_file(file: Path, **options: Any) -> Iterator[Page]:
        context = browser.new_context(**({"viewport": WIDE, "accept_downloads": True} | options))
        page = context.new_page()
        faults: list[str] = []
        page.on("console", lambda said: faults.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: _note_request(request.url, file, faults))
        page.goto(file.resolve().as_uri())
        page.wait_for_selector("html[data-ready=true]", state="attached", timeout=READY_MS)
        yield page
        context.close()
        assert faults == []

    return open_file


def _note_request(address: str, file: Path, faults: list[str]) -> None:
    if not address.startswith(("data:", "blob:")) and address != file.resolve().as_uri():
        faults.append(f"request: {address}")


def saved_csv(page: Page, key: str) -> list[list[str]]:
    """Rows of the CSV that a figure's or table's button saves."""
    with page.expect_download() as download:
        page.locator(f"[data-csv={key}]").click()
    assert download.value.suggested_filename == f"{key}.csv"
    return rows_of(Path(download.value.path()).read_text(encoding="utf-8-sig"))


def all_saved_csvs(page: Page) -> dict[str, list[list[str]]]:
    """Rows of every CSV by key, caught on their way: Chromium stops a row of more than ten downloads."""
    texts = page.evaluate(
        """async () => {
          const [make, click, caught] = [URL.createObjectURL, HTMLAnchorElement.prototype.click, {}];
          let last = null;
          URL.createObjectURL = (blob) => { last = blob; return "blob:none"; };
          HTMLAnchorElement.prototype.click = () => {};
          for (const button of document.querySelectorAll("[data-csv]")) {
            button.click();
            caught[button.dataset.csv] = await last.text();
          }
          [URL.createObjectURL, HTMLAnchorElement.prototype.click] = [make, click];
          return caught;
        }"""
    )
    return {key: rows_of(text.removeprefix("\ufeff")) for key, text in texts.items()}


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def eventually(page: Page, expression: str, within_s: float = 10.0) -> None:
    """Wait until an expression holds; the page's own policy forbids Playwright's way of waiting."""
    since = time.monotonic()
    while not page.evaluate(expression):
        assert not is_late(since, within_s), expression
        page.wait_for_timeout(50)


def undrawn(page: Page) -> list[str]:
    """Figures with a panel in which nothing is drawn."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll(".plot")]
            .filter((plot) => !plot.querySelector(".trace path, .points path, .hm image, .imagelayer image"))
            .map((plot) => plot.closest("figure").id)"""
        )
    )
