"""A page of a market in yuan: amounts have its sign, and what is quoted has that of its source."""

from simulator.report.page import Cell, Headline, Page, PageTable, Prose, Section, render
from simulator.results.in_currency import in_currency

TABLE = PageTable("amounts", "Amounts, $bn", ["position, $bn"], [[Cell("$5bn", 5.0)]])
QUOTED = PageTable("sources", "Sources", ["source"], [[Cell("dealers take 11.5% of $58bn")]], is_quoted=True)
PAGE = Page(
    title="Futures",
    subtitle="Hedgers sell.",
    facts=[("Outstanding", "$3tn")],
    status="Complete",
    is_complete=True,
    summary=["Funds sell $7bn."],
    headlines=[Headline("sold", "$7bn", "", "Each $100bn sold costs 3 bp.")],
    sections=[Section("all", "All", [TABLE, QUOTED, Prose(["Dealers hold $2bn."])])],
)


def test_amounts_of_a_page_have_the_sign_of_the_market() -> None:
    told = in_currency(PAGE, "CNY")
    html = render(told)
    for text in ("¥3tn", "¥7bn", "¥100bn", "¥5bn", "¥2bn", "position, ¥bn"):
        assert text in html
    assert "11.5% of $58bn" in html
    assert (
        told.sections[0].blocks[0].rows[0][0].value == 5.0
    )  # figures themselves are those of the market already


def test_a_page_in_dollars_is_left_as_it_is() -> None:
    assert in_currency(PAGE, "USD") is PAGE
