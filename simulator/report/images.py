"""Figures of a page as SVG or PNG files, drawn by a browser of this machine from the very page.

The page is opened without a window; a script of ours asks Plotly for an image of each panel and leaves them in the
document, which the browser prints. Nothing is downloaded, and nothing but the page is opened.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_to_bytes

from markupsafe import escape

from simulator.report.page import Page, asset, policy, render
from simulator.results.errors import OutputError

Format = Literal["svg", "png"]

BROWSER = "UNWIND_BROWSER"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
#: A browser that has not finished after so many seconds is given up.
PATIENCE_SECONDS = 180
#: What the browser may spend of its own clock, which does not run while it works.
BUDGET_MILLISECONDS = 60_000
FOUND = re.compile(r'<pre id="images">(.*?)</pre>', re.DOTALL)


def draw_images(page: Page, kind: Format) -> dict[str, bytes]:
    """Every panel of every figure of a page as an image, by file name.

    Raises
    ------
    OutputError
        If there is no browser, or it cannot draw the page.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="unwind-images-") as folder:
        file = Path(folder) / "page.html"
        file.write_text(_page_that_draws(page, kind), encoding="utf-8")
        printed = _printed(browser, file, Path(folder))
    found = FOUND.search(printed)
    if found is None:
        raise OutputError(f"{browser}: it did not draw the figures. Name another browser in ${BROWSER}.")
    images = json.loads(html.unescape(found.group(1)))
    return {f"{name}.{kind}": _bytes_of(address) for name, address in images.items()}


def print_pdf(page: Page) -> bytes:
    """A page as a PDF, printed by the browser.

    Raises
    ------
    OutputError
        If there is no browser, or it cannot print the page.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="unwind-pdf-") as folder:
        file, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        file.write_text(render(page), encoding="utf-8")
        _run(browser, Path(folder), f"--print-to-pdf={printed}", "--no-pdf-header-footer", file.as_uri())
        if not printed.is_file():
            raise OutputError(f"{browser}: it did not print the page. Name another browser in ${BROWSER}.")
        return printed.read_bytes()


def find_browser() -> str:
    """A Chromium: the one that ``$UNWIND_BROWSER`` names, the first known name on the path, or Playwright's own.

    Raises
    ------
    OutputError
        If there is none.
    """
    named = os.environ.get(BROWSER, "")
    wanted = (named,) if named else BROWSERS
    found = next(filter(None, map(shutil.which, wanted)), None) or ("" if named else _of_playwright())
    if not found:
        raise OutputError(
            f"Figures: found no browser to draw them ({', '.join(wanted)}). Install Chromium (Debian: apt install"
            ' chromium; or pip install "unwind-simulator[pdf]", then playwright install chromium), or name one in'
            f" ${BROWSER}; tables and data need none."
        )
    return found


def _of_playwright() -> str:
    """The Chromium that Playwright keeps, if it is installed; else nothing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return ""
    with sync_playwright() as playwright:
        browser = str(playwright.chromium.executable_path)
    return browser if Path(browser).is_file() else ""


def _printed(browser: str, file: Path, folder: Path) -> str:
    return _run(browser, folder, "--dump-dom", file.as_uri())


def _run(browser: str, folder: Path, *arguments: str) -> str:
    """Let the browser do something with a page, without a window, and return what it printed."""
    command = [
        browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900",
        f"--virtual-time-budget={BUDGET_MILLISECONDS}", *arguments,
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # the sandbox refuses the superuser; the page is our own
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise OutputError(f"{browser}: it did not draw the figures in {PATIENCE_SECONDS} seconds.") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise OutputError(
            f"{browser}: it cannot be run ({error}). Name another browser in ${BROWSER}."
        ) from error
    return done.stdout.decode("utf-8", "replace")


def _page_that_draws(page: Page, kind: Format) -> str:
    """The page with the script that draws, allowed by its hash."""
    script = f"window.imageFormat = {json.dumps(kind)};\n{asset('images.js')}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = policy().replace("script-src ", f"script-src 'sha256-{digest}' ")
    text = render(page).replace(str(escape(policy())), str(escape(allowed)))
    before, end, after = text.rpartition("</body>")
    return f"{before}<script>{script}</script>\n{end}{after}"


def _bytes_of(address: str) -> bytes:
    """What a data address holds."""
    heading, _, content = address.partition(",")
    return base64.b64decode(content) if heading.endswith(";base64") else unquote_to_bytes(content)
