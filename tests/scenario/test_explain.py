"""A scenario told back, and what each parameter means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.scenario.errors import Problems
from simulator.scenario.explain import as_written, explain, find_parameters, reference_page, reference_rows
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Scenario
from tests.scenario.conftest import COMPLETE, SHOP, Shop


def test_every_value_is_told_as_written_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP + "holidays: [2d]\nevents:\n  - {type: rally, day: 1w}\n")
    rows = explain(load_scenario("shop.yaml", ["desk.capital=$1200mn"], Shop))
    assert [(row.key, row.value, row.origin, row.source) for row in rows] == [
        ("name", "corner", "shop.yaml:1", "story"),
        ("note", '""', "default", "story"),
        ("desk.capital", "$1.2bn", "--set", "judgement"),
        ("desk.leverage", "20x", "default", "judgement"),
        ("desk.is_open", "true", "default", "judgement"),
        ("desk.style", "fast", "default", "judgement"),
        ("desk.traders", "3", "default", "judgement"),
        ("desk.clients", '""', "default", "judgement"),
        ("shelf.TY.coupon", "4%", "shop.yaml:3", "prospectus"),
        ("shelf.TY.maturity", "10y", "default", "prospectus"),
        ("shelf.TY.factor", "null", "default", "exchange"),
        ("weights", "{}", "default", "judgement"),
        ("holidays.0", "2d", "shop.yaml:4", "calendar"),
        ("events.0.type", "rally", "shop.yaml:6", "story"),
        ("events.0.day", "5d", "shop.yaml:6", "story"),
        ("events.0.change", "25bp", "default", "story"),
    ]


def test_every_written_value_can_be_set_on_the_command_line() -> None:
    """Each row of the explanation is itself a setting that changes nothing."""
    loaded = load_scenario(COMPLETE)
    rows = [
        row
        for row in explain(loaded)
        if row.value not in ("null", '""', "{}", "[]") and "\n" not in row.value
    ]
    quoted = [f"{row.key}={row.value}" for row in rows]
    assert len(quoted) > 150
    assert load_scenario(COMPLETE, quoted).scenario == loaded.scenario


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("desk.leverage", ["desk.leverage"]),
        ("leverage", ["desk.leverage"]),
        ("shelf.TY.coupon", ["shelf.NAME.coupon"]),
        ("shelf.NAME.coupon", ["shelf.NAME.coupon"]),
        ("shelf", ["shelf.NAME.coupon", "shelf.NAME.maturity", "shelf.NAME.factor"]),
        ("events.0.day", ["events.N.<rally>.day"]),
        ("events.N.<rally>.day", ["events.N.<rally>.day"]),
        ("events.rally.day", ["events.N.<rally>.day"]),
        ("events.closure", ["events.N.<closure>.type", "events.N.<closure>.days"]),
        ("day", ["events.N.<rally>.day"]),
    ],
)
def test_parameters_are_found_by_key_section_or_name(key: str, found: list[str]) -> None:
    assert [path for path, _ in find_parameters(Shop, key)] == found


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("market.hedges.TY.horizon", ["market.hedges.NAME.<futures>.horizon"]),
        ("market.hedges.SWAP10.swap.bucket", ["market.hedges.NAME.<swap>.bucket"]),
        ("hedge_demand", [f"market.hedges.NAME.<{kind}>.hedge_demand" for kind in ("futures", "swap", "cds")]),
        ("market.fundings", [f"market.fundings.NAME.{key}" for key in ("policy_rate", "repo_spread", "haircut")]),
    ],
)  # fmt: skip
def test_parameters_of_the_market_are_found_with_and_without_their_kind(key: str, found: list[str]) -> None:
    assert [path for path, _ in find_parameters(Scenario, key)] == found


def test_a_hedge_is_told_with_its_kind_first() -> None:
    rows = explain(load_scenario("preset:us-treasury-2025-04-01", ["name=x"]))
    hedges = [(row.key, row.value) for row in rows if row.key.startswith("market.hedges.SWAP10")]
    assert hedges == [
        ("market.hedges.SWAP10.kind", "swap"),
        ("market.hedges.SWAP10.bucket", "UXY"),
        ("market.hedges.SWAP10.dislocation", "50bp"),
        ("market.hedges.SWAP10.cash_share", "50%"),
        ("market.hedges.SWAP10.exchange_margin", "2.71%"),
        ("market.hedges.SWAP10.hedge_demand", "$200bn"),
        ("market.hedges.SWAP10.dealer_packages", "$0bn"),
        ("market.hedges.SWAP10.margin_period", "null"),
        ("market.hedges.SWAP10.receivers", "$0bn"),
        ("market.hedges.SWAP10.payers", "$0bn"),
    ]


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("desk.leverge", "Did you mean desk.leverage?"),
        ("dsk", "Did you mean desk?"),
        ("qqqqq", "unwind schema --markdown lists all."),
        ("", "unwind schema --markdown lists all."),
    ],
)
def test_unknown_parameters_have_a_near_miss(key: str, advice: str) -> None:
    with pytest.raises(Problems) as caught:
        find_parameters(Shop, key)
    assert caught.value.problems[0].advice == advice


def test_reference_rows_are_in_words() -> None:
    rows = {row.key: row for row in reference_rows(Shop)}
    assert vars(rows["desk.capital"]) == {
        "key": "desk.capital",
        "unit": "$350mn or $1.2bn (USD bn)",
        "bounds": "$0bn to $10tn",
        "default": "$1.2bn",
        "source": "judgement",
        "doc": "own money",
        "prior": "",
    }
    assert rows["name"].default == "required"
    assert rows["weights"].unit == "mapping of 3% or 25bp (fraction)"
    assert rows["desk.style"].unit == "fast or slow"


def test_the_reference_page_has_every_parameter_once() -> None:
    page = reference_page(Scenario)
    rows = list(reference_rows(Scenario))
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(rows)
    for section in {row.key.rpartition(".")[0] for row in rows} - {""}:
        assert page.count(f"## `{section}`\n") == 1


def test_the_reference_page_of_the_docs_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "parameters.md"
    if not page.exists():
        pytest.skip("the reference page has not been written to docs/reference/parameters.md yet")
    assert page.read_text() == reference_page(Scenario), "unwind schema --markdown writes it anew"


def test_as_written_holds_plain_values_only() -> None:
    written = as_written(load_scenario(COMPLETE).scenario)
    assert written["market"]["buckets"]["TY"]["bonds"][1] == {
        "coupon": "3.5%",
        "maturity": "7.5y",
        "coupons_per_year": None,
        "conversion_factor": 0.86,
        "spread": "0bp",
    }
    assert written["funds"]["count"] == 5
    assert written["events"][1] == {
        "type": "foreign-sale",
        "day": "5d",
        "days": "1d",
        "amount": "$50bn",
        "buckets": {"TY": "100%"},
    }
