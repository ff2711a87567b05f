"""A page as a document of Word (docx), to be written on: headings, text and tables as such, figures as pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.report.figure import Figure
from simulator.report.images import draw_images
from simulator.report.page import Block, Failure, Page, PageTable, Prose, Story

if TYPE_CHECKING:
    from docx.document import Document

#: Width of the text of a sheet with its margins, and the size of letters in tables by their number of columns.
MARGIN_CM, TEXT_CM = 2.0, 17.0
TABLE_PT, WIDE_TABLE_PT, COLUMNS_OF_WIDE = 8.5, 6.5, 8
#: Rows of a table that a reader turns over; longer ones, and what the page folds, are in the page and its exports.
ROWS_MAX = 60
#: Letters of a column's longest text that count when columns share the width of a table; its longest word counts whole.
LETTERS_MAX, AIR = 24, 5
TABLE_STYLE = "Light List Accent 1"


def word_bytes(page: Page) -> bytes:
    """A page as a docx file.

    Raises
    ------
    OutputError
        If there is no browser to draw the figures.
    ImportError
        If python-docx is not installed.
    """
    import docx
    from docx.shared import Cm

    pictures = draw_images(page, "png") if any(page.blocks("figure")) else {}
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = page.title, "Unwind"
    for sheet in document.sections:
        sheet.page_width, sheet.page_height = Cm(TEXT_CM + 2 * MARGIN_CM), Cm(29.7)
        sheet.left_margin = sheet.right_margin = sheet.top_margin = sheet.bottom_margin = Cm(MARGIN_CM)
    document.add_heading(page.title, 0)
    if page.subtitle:
        document.add_paragraph(page.subtitle, style="Subtitle")
    document.add_paragraph(page.status).runs[0].bold = not page.is_complete
    if page.summary or page.headlines:
        document.add_heading("In short", 1)
    for said in page.summary:
        document.add_paragraph(said)
    for headline in page.headlines:
        point = document.add_paragraph(style="List Bullet")
        point.add_run(f"{headline.label}: {headline.value} {headline.error}. ").bold = True
        point.add_run(headline.sentence)
    for section in page.sections:
        document.add_heading(section.title, 1)
        if section.lead:
            document.add_paragraph(section.lead)
        for block in section.blocks:
            _add(document, block, pictures)
    document.add_heading("What this document is of", 1)
    _add_rows(document, ("", ""), page.facts)
    for said in page.footer:
        document.add_paragraph(said)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _add(document: Document, block: Block, pictures: Mapping[str, bytes]) -> None:
    if isinstance(block, Figure):
        _add_picture(document, block, pictures[f"{block.key}.png"])
    elif isinstance(block, PageTable | Story) and block.is_folded:
        document.add_paragraph(f"{block.title}: on the page of the report.")
    elif isinstance(block, PageTable):
        document.add_heading(block.title, 2)
        if block.caption:
            document.add_paragraph(block.caption)
        shown = block.rows[:ROWS_MAX]
        _add_rows(
            document, block.headings, [[cell.text for cell in row] for row in shown], block.holds_numbers
        )
        if len(block.rows) > ROWS_MAX:
            document.add_paragraph(
                f"The first {ROWS_MAX} of {len(block.rows):,} rows: all are on the page of the report."
            )
    elif isinstance(block, Prose):
        for paragraph in block.paragraphs:
            document.add_paragraph(paragraph, style="List Bullet" if block.is_list else None)
    elif isinstance(block, Story):
        document.add_heading(block.title, 2)
        for day, sentences in block.days:
            document.add_heading(day, 3)
            for sentence in sentences:
                document.add_paragraph(sentence, style="List Bullet")
    elif isinstance(block, Failure):
        document.add_paragraph(f"Missing here: {block.name} ({block.error}).")


def _add_picture(document: Document, figure: Figure, drawn: bytes) -> None:
    """A figure as the page draws it on a sheet, title and note in it, with words for readers who cannot see it."""
    from docx.shared import Cm

    picture: Any = document.add_picture(io.BytesIO(drawn), width=Cm(TEXT_CM))
    picture._inline.docPr.set("descr", f"{figure.title}. {figure.alt}")


def _add_rows(
    document: Document, headings: Any, rows: Any, holds_numbers: tuple[bool, ...] | None = None
) -> None:
    """A table with a heading that every sheet repeats, figures flush right."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Cm, Pt

    right = holds_numbers or (False,) * len(headings)
    size = Pt(WIDE_TABLE_PT if len(headings) >= COLUMNS_OF_WIDE else TABLE_PT)
    has_headings = any(headings)
    table = document.add_table(rows=0, cols=len(headings), style=TABLE_STYLE)
    table.autofit = False
    written = ([headings] if has_headings else []) + list(rows)
    shares = [_letters(column) for column in zip(*written, strict=True)]
    widths = [Cm(TEXT_CM * share / sum(shares)) for share in shares]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for texts in written:
        for cell, text, is_right, width in zip(table.add_row().cells, texts, right, widths, strict=True):
            cell.width = width
            paragraph = cell.paragraphs[0]
            paragraph.add_run(text).font.size = size
            paragraph.paragraph_format.space_after = Pt(0)
            if is_right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if has_headings:
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    document.add_paragraph()


def _letters(column: tuple[str, ...]) -> int:
    """How wide a column should be: as its longest text below the heading, within reason, and as its longest word."""
    word = max((len(word) for text in column for word in text.split()), default=0)
    return max(word, min(LETTERS_MAX, max(map(len, column[1:]), default=0))) + AIR
