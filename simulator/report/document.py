"""Reports as files: HTML, a PDF that a browser prints, or a document of Word, as the file is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from simulator.report.images import print_pdf
from simulator.report.page import Page, render, write_made
from simulator.report.word import word_bytes

#: What a report is written as, by the ending of its file; HTML under every other name.
FORMATS: Mapping[str, Callable[[Page], bytes]] = {
    "html": lambda page: render(page).encode(),
    "pdf": print_pdf,
    "docx": word_bytes,
}


def write_document(page: Page, file: Path) -> Path:
    """Write a page as its file is named, as ``write_made`` does, and return its path.

    Raises
    ------
    OutputError
        If there is no browser for what needs one.
    """
    return write_made(page, file, FORMATS.get(file.suffix[1:], FORMATS["html"])(page))
