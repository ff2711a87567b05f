"""The documentation site: built without network, every page on it, nothing loaded from elsewhere, no broken link."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
MKDOCS = Path(sys.executable).with_name("mkdocs")
#: Attributes through which a page loads something, by tag. Links that a reader may follow are not among them.
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}


BROKEN = "[nothing](nothing.md) and [nowhere](running.md#no-such-heading)"


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a repository, strictly and without a way out to the network."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return subprocess.run(
        [MKDOCS, "build", "--strict", "--site-dir", site],
        cwd=folder,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_the_repository_is_on_the_site(site: Path) -> None:
    sources = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "notebooks").glob("*.ipynb")]
    for source in sources:
        place = source.relative_to(ROOT / "docs").with_suffix("")
        page = place.parent if place.name == "README" else place
        file = f"{place}.html" if place.name != "README" else f"{page}/index.html"
        assert (site / file).is_file(), source
    assert (site / "changelog.html").is_file()
    assert (site / "contributing.html").is_file()


class Loaded(HTMLParser):
    """Everything that a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in LOADING:
            self.addresses.add(values.get(LOADING[tag]) or "")
        if tag == "link" and values.get("rel") != "canonical":
            self.addresses.add(values.get("href") or "")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = Loaded()
    for page in site.rglob("*.html"):
        loaded.feed(page.read_text(encoding="utf-8"))
    assert len(loaded.addresses) > 5
    outside = {address for address in loaded.addresses if re.match(r"(?:[a-z]+:)?//", address)}
    assert outside == set()
    for sheet in site.rglob("*.css"):
        assert not re.search(
            r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")
        ), sheet


def test_pages_written_for_the_repository_link_inside_the_site(site: Path) -> None:
    contributing = (site / "contributing.html").read_text(encoding="utf-8")
    assert 'href="architecture.html"' in contributing
    assert 'href="changelog.html"' in contributing


def test_the_search_works_from_a_folder_without_network(site: Path, browser: Browser) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_selector("[data-md-component=search] .md-search-result__meta", state="attached")
    page.wait_for_timeout(2_000)  # until the page listens to keys
    page.keyboard.press("f")
    page.wait_for_timeout(1_000)
    page.keyboard.type("haircut", delay=50)
    page.wait_for_selector(".md-search-result__item", state="attached", timeout=60_000)
    titles = " ".join(page.locator(".md-search-result__item").all_text_contents())
    context.close()
    assert "haircut" in titles.lower()


def test_broken_links_fail_the_build_and_are_named(tmp_path: Path) -> None:
    for name in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "guide" / "basis.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n{BROKEN}\n", encoding="utf-8")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    said = built.stdout + built.stderr
    assert "nothing.md" in said
    assert "no-such-heading" in said
