"""Every refusal, word by word: where it is, what was found, what is allowed, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from tests.scenario.conftest import COMPLETE, SHOP, Shop

Refusal = Callable[..., str]

#: What is added to a correct scenario, and the refusal it brings.
MISTAKES = {
    "unknown key": (
        "desk: {capitl: $2bn}",
        "shop.yaml:4:8: desk.capitl: unknown key; allowed: capital, leverage, is_open, style, traders,"
        " clients."
        " Did you mean capital?\n    4 | desk: {capitl: $2bn}\n      |        ^",
    ),
    "key of another section": (
        "leverage: 3x",
        "shop.yaml:4:1: leverage: unknown key; allowed: name, note, desk, shelf, weights, holidays, events."
        " Write it as desk.leverage.\n    4 | leverage: 3x\n      | ^",
    ),
    "extends inside a section": (
        "desk: {extends: other.yaml}",
        "shop.yaml:4:8: desk.extends: unknown key; allowed: capital, leverage, is_open, style, traders,"
        " clients."
        " Write extends at the top of the file.\n    4 | desk: {extends: other.yaml}\n      |        ^",
    ),
    "no unit": (
        "desk: {capital: 900}",
        "shop.yaml:4:17: desk.capital: 900 has no unit; allowed: dollars or yuan (¥) with k, mn, bn or tn, $0bn "
        "to $10tn."
        " Write $900mn.\n    4 | desk: {capital: 900}\n      |                 ^",
    ),
    "too large": (
        "desk: {leverage: 200x}",
        "shop.yaml:4:18: desk.leverage: 200x is too large; allowed: 1x to 100x.\n"
        "    4 | desk: {leverage: 200x}\n      |                  ^",
    ),
    "too small": (
        "desk: {leverage: 0.5x}",
        "shop.yaml:4:18: desk.leverage: 0.5x is too small; allowed: 1x to 100x.\n"
        "    4 | desk: {leverage: 0.5x}\n      |                  ^",
    ),
    "figure in a mapping": (
        "weights: {TY: 120%}",
        "shop.yaml:4:15: weights.TY: 120% is too large; allowed: 0% to 100%.\n"
        "    4 | weights: {TY: 120%}\n      |               ^",
    ),
    "figure in a list": (
        "holidays: [3d, 100d]",
        "shop.yaml:4:16: holidays.1: 100d is too large; allowed: 1d to 99d.\n"
        "    4 | holidays: [3d, 100d]\n      |                ^",
    ),
    "too many entries": (
        "holidays: [1d, 2d, 3d, 4d]",
        "shop.yaml:4:1: holidays: has 4 entries; allowed: up to 3 entries.\n"
        "    4 | holidays: [1d, 2d, 3d, 4d]\n      | ^",
    ),
    "not true or false": (
        "desk: {is_open: no}",
        "shop.yaml:4:17: desk.is_open: 'no' stands here; allowed: true or false. Write false.\n"
        "    4 | desk: {is_open: no}\n      |                 ^",
    ),
    "no such choice": (
        "desk: {style: fsat}",
        "shop.yaml:4:15: desk.style: 'fsat' stands here; allowed: fast or slow. Did you mean fast?\n"
        "    4 | desk: {style: fsat}\n      |               ^",
    ),
    "quoted number": (
        'desk: {traders: "5"}',
        "shop.yaml:4:17: desk.traders: '5' is text; allowed: a whole number without unit, 1 to 50."
        ' Write 5, without quotes or unit.\n    4 | desk: {traders: "5"}\n      |                 ^',
    ),
    "number for a text": (
        "note: 2020",
        "shop.yaml:4:7: note: 2020 stands here; allowed: text."
        ' Write it in quotes: "2020".\n    4 | note: 2020\n      |       ^',
    ),
    "list for a section": (
        "desk: [1, 2]",
        "shop.yaml:4:1: desk: a list of 2 stands here; allowed: keys with values, indented below it.\n"
        "    4 | desk: [1, 2]\n      | ^",
    ),
    "empty section": (
        "desk:\nholidays: [1d]",
        "shop.yaml:4:1: desk: no value; allowed: keys with values, indented below it."
        " Write something below it, or delete the line.\n    4 | desk:\n      | ^",
    ),
    "empty figure": (
        "desk:\n  capital:\n  leverage: 3x",
        "shop.yaml:5:3: desk.capital: no value; allowed: dollars or yuan (¥) with k, mn, bn or tn, $0bn to $10tn."
        " Write for example $350mn or $1.2bn.\n    5 |   capital:\n      |   ^",
    ),
    "unknown kind of event": (
        "events: [{type: raly, day: 3d}]",
        "shop.yaml:4:17: events.0.type: 'raly' is not a kind; allowed: rally, closure. Did you mean rally?\n"
        "    4 | events: [{type: raly, day: 3d}]\n      |                 ^",
    ),
    "event without a kind": (
        "events:\n  - day: 3d",
        "shop.yaml:5:5: events.0.type: is missing; allowed: rally, closure. Add type: rally or another.\n"
        "    5 |   - day: 3d\n      |     ^",
    ),
    "missing key of an event": (
        "events:\n  - {type: closure}\n  - type: rally",
        "shop.yaml:6:5: events.1.day: is missing; allowed: whole business days, in d, or weeks of five"
        " of them,"
        " in w, 1d to 100d. Add day: first day.\n    6 |   - type: rally\n      |     ^",
    ),
    "relation between fields": (
        "weights: {TX: 50%}",
        "shop.yaml:4:15: weights.TX: 'TX' is not on the shelf; allowed: TY. Did you mean TY?\n"
        "    4 | weights: {TX: 50%}\n      |               ^",
    ),
    "missing data file": (
        "desk: {clients: clients.csv}",
        "shop.yaml:4:17: desk.clients: 'clients.csv' does not exist; allowed: a file inside FOLDER/ ending in"
        " .csv or .npy or .npz or .nc. Check the path: it starts from the file that names it.\n"
        "    4 | desk: {clients: clients.csv}\n      |                 ^",
    ),
    "duplicate key": (
        "note: a\nnote: b",
        "shop.yaml:5:1: note: the key stands here a second time, after line 4. Delete one of the two.\n"
        "    5 | note: b\n      | ^",
    ),
    "tab": (
        "desk:\n\tcapital: $2bn",
        "shop.yaml:5:1: this is not YAML: found character '\\t' that cannot start any token."
        " Indent with spaces, not with tabs.\n    5 |  capital: $2bn\n      | ^",
    ),
    "colon in a text": (
        "note: first: second",
        "shop.yaml:4:12: this is not YAML: mapping values are not allowed here."
        " Put text that contains ': ' in quotes, and check the indentation.\n"
        "    4 | note: first: second\n      |            ^",
    ),
    "unclosed bracket": (
        "holidays: [1d, 2d\nnote: x",
        "shop.yaml:4:11: this is not YAML: expected ',' or ']', but got ':'."
        " Close the list with ], and separate its entries with commas.\n"
        "    4 | holidays: [1d, 2d\n      |           ^",
    ),
    "dotted key": (
        "desk.capital: $2bn",
        "shop.yaml:4:1: the key 'desk.capital' contains a dot; allowed: names without dots."
        " Write 'desk' and, indented below it, 'capital'.\n    4 | desk.capital: $2bn\n      | ^",
    ),
    "merge key": (
        "desk: {<<: {traders: 3}}",
        "shop.yaml:4:8: desk: merge key <<; allowed: YAML 1.2, which has none. Use extends, or repeat"
        " the keys.\n"
        "    4 | desk: {<<: {traders: 3}}\n      |        ^",
    ),
    "tag": (
        "note: !!python/name:os.system x",
        "shop.yaml:4:7: note: tag 'tag:yaml.org,2002:python/name:os.system'; allowed: plain values."
        " Delete the tag.\n    4 | note: !!python/name:os.system x\n      |       ^",
    ),
    "not finite": (
        "shelf2: .inf",
        "shop.yaml:4:9: shelf2: .inf is not finite; allowed: finite numbers. Write a number.\n"
        "    4 | shelf2: .inf\n      |         ^",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_and_its_message(mistake: str, refusal: Refusal, tmp_path: Path) -> None:
    addition, message = MISTAKES[mistake]
    assert refusal(SHOP + addition + "\n") == message.replace("FOLDER", tmp_path.name)


def test_a_missing_section_is_asked_for_at_the_top(refusal: Refusal) -> None:
    assert refusal("name: corner\n") == (
        "shop.yaml: shelf: is missing; allowed: names, each with its value below it, up to 4 entries."
        " Add shelf: bonds by name."
    )


def test_a_missing_key_is_asked_for_at_its_section(refusal: Refusal) -> None:
    assert refusal("name: corner\nshelf:\n  TY: {maturity: 3y}\n") == (
        "shop.yaml:3:3: shelf.TY.coupon: is missing; allowed: a rate a year in % or bp, 0% to 20%."
        " Add coupon: annual coupon.\n    3 |   TY: {maturity: 3y}\n      |   ^"
    )


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(refusal: Refusal) -> None:
    text = refusal(
        "name: Corner Shop\nshelf:\n  TY: {coupon: 4, matrity: 7y}\nweights: {TY: 3}\nholidays: 3d\n"
        "events:\n  - {type: rally, day: 0d, change: 5}\ndesk: {traders: 1.5, is_open: 1}\n"
    )
    places = re.findall(r"^shop\.yaml:(\d+):(\d+): (\S+):", text, re.MULTILINE)
    assert [(int(line), key) for line, _, key in places] == [
        (1, "name"),
        (3, "shelf.TY.coupon"),
        (3, "shelf.TY.matrity"),
        (4, "weights.TY"),
        (5, "holidays"),
        (7, "events.0.day"),
        (7, "events.0.change"),
        (8, "desk.traders"),
        (8, "desk.is_open"),
    ]


def test_several_relations_are_told_at_once(refusal: Refusal) -> None:
    text = refusal(SHOP + "weights: {TX: 60%, TV: 60%}\n")
    assert [line for line in text.splitlines() if line.startswith("shop")] == [
        "shop.yaml:4:1: weights: the weights add up to more than 100%; allowed: at most 100% in all.",
        "shop.yaml:4:15: weights.TX: 'TX' is not on the shelf; allowed: TY. Did you mean TY?",
        "shop.yaml:4:24: weights.TV: 'TV' is not on the shelf; allowed: TY. Did you mean TY?",
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("desk.capital=50", "--set: desk.capital: 50 has no unit; allowed: dollars or yuan (¥) with k, mn, bn "
        "or tn, $0bn to $10tn."
         " Write $50mn.\n    1 | desk.capital=50\n      |              ^"),
        ("dsk.capital=$5bn", "--set: dsk: unknown key; allowed: name, note, desk, shelf, weights,"
         " holidays, events."
         " Did you mean desk?\n    1 | dsk.capital=$5bn\n      | ^"),
        ("desk.captal=$5bn", "--set: desk.captal: unknown key; allowed: capital, leverage, is_open,"
         " style, traders,"
         " clients. Did you mean capital?\n    1 | desk.captal=$5bn\n      |      ^"),
        ("desk", "--set: 'desk' is not a setting; allowed: key=value. Write for example funds.count=80.\n"
         "    1 | desk\n      | ^"),
        ("desk..capital=3", "--set: 'desk..capital=3' is not a setting; allowed: key=value."
         " Write for example funds.count=80.\n    1 | desk..capital=3\n      | ^"),
        ("desk.capital=", "--set: desk.capital: has no value; allowed: key=value. Write it after the ="
         " sign.\n"
         "    1 | desk.capital=\n      | ^"),
        ("extends=other.yaml", "--set: extends: the parent cannot be set. Change it in the file.\n"
         "    1 | extends=other.yaml\n      | ^"),
        ("name.first=x", "--set: name.first: name holds 'corner', not keys. Set it as a whole.\n"
         "    1 | name.first=x\n      |      ^"),
        ("holidays.3=3d", "--set: holidays: a mapping stands here; allowed: a list.\n    1 |"
         " holidays.3=3d\n      | ^"),
        ("note=[", "--set: this is not YAML: expected the node content, but found '<stream end>'."
         " Check quotes and indentation.\n    1 | note=[\n      |       ^"),
    ],
)  # fmt: skip
def test_settings_on_the_command_line_are_refused_alike(
    override: str, message: str, refusal: Refusal
) -> None:
    assert refusal(SHOP, override) == message


def test_mistakes_of_all_settings_are_told_at_once(refusal: Refusal) -> None:
    text = refusal(SHOP, "desk", "name.x=3", "extends=a.yaml")
    assert [line for line in text.splitlines() if line.startswith("--set")] == [
        "--set: 'desk' is not a setting; allowed: key=value. Write for example funds.count=80.",
        "--set: name.x: name holds 'corner', not keys. Set it as a whole.",
        "--set: extends: the parent cannot be set. Change it in the file.",
    ]


def test_a_mistake_in_a_parent_is_told_at_the_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parent.yaml").write_text(SHOP + "desk: {capital: 3}\n")
    Path("child.yaml").write_text("extends: parent.yaml\nname: Child\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("child.yaml", (), Shop)
    assert [problem.summary for problem in caught.value.problems] == [
        "child.yaml:2:7: name: 'Child' does not fit; allowed: of the form ^[a-z-]{1,20}$.",
        "parent.yaml:4:17: desk.capital: 3 has no unit; allowed: dollars or yuan (¥) with k, mn, bn or tn, $0bn "
        "to $10tn."
        " Write $3bn.",
    ]


def test_records_for_other_programs(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP + "desk: {leverage: 200x}\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, (), Shop)
    assert caught.value.as_records() == [
        {
            "file": str(file),
            "line": 4,
            "column": 18,
            "key": "desk.leverage",
            "found": "200x is too large",
            "allowed": "1x to 100x",
            "advice": "",
        }
    ]


def test_nothing_of_a_scenario_reaches_the_terminal_raw(refusal: Refusal) -> None:
    """Escape sequences cannot come in; text that turns the reading direction is shown as an escape."""
    assert "\x1b" not in refusal(SHOP + 'desk: {style: "\\e[31mred"}\n')
    text = refusal(SHOP + "desk: {style: '\u202ered [bold]x[/bold]'}\n")
    assert "\u202e" not in text
    assert "\\u202ered [bold]x[/bold]" in text


def test_a_very_long_text_is_quoted_in_part_and_compared_with_nothing(refusal: Refusal) -> None:
    text = refusal(SHOP + f"desk: {{style: {'fast' * 100_000}}}\n")
    assert len(text) < 1_000
    assert "(400002 characters) stands here; allowed: fast or slow." in text


def test_very_many_problems_are_counted(refusal: Refusal) -> None:
    many = "".join(f"key{index}: 3\n" for index in range(5_000))
    lines = refusal(SHOP + many).splitlines()
    assert sum(line.startswith("shop.yaml:") for line in lines) == 100
    assert lines[-1] == "… and 4,900 more problems like these."
    doubled = "".join("note: x\n" for _ in range(5_000))
    assert refusal(SHOP + doubled).count("the key stands here a second time") == 100


#: A change to a complete scenario's market or to who names a part of it, and the refusal it brings.
MARKET_MISTAKES = {
    "bucket of a hedge": (
        "      kind: futures",
        "      kind: futures\n      bucket: TX",
        "31:15: market.hedges.TY.bucket: 'TX' is not a bucket of this market; allowed: one of TY. Did you mean TY?",
    ),
    "hedge named for no bucket": (
        "  hedges:\n    TY:",
        "  hedges:\n    TX:\n      contract: TY",
        "29:5: market.hedges.TX: 'TX' is not a bucket of this market; allowed: one of TY, or bucket: with one of"
        " these. Did you mean TY?",
    ),
    "hedge of a trade": (
        "      fund_packages",
        "      hedge: TYY\n      fund_packages",
        "37:14: market.trades.TY.hedge: 'TYY' is not a hedge of this market; allowed: one of TY. Did you mean TY?",
    ),
    "trade named for no hedge": (
        "  trades:\n    TY:",
        "  trades:\n    TV:",
        "36:5: market.trades.TV: 'TV' is not a hedge of this market; allowed: one of TY, or hedge: with one of"
        " these. Did you mean TY?",
    ),
    "funding of a trade": (
        "      fund_packages",
        "      funding: treasuries\n      fund_packages",
        "37:16: market.trades.TY.funding: 'treasuries' is not a funding of this market; allowed: one of treasury."
        " Did you mean treasury?",
    ),
    "hedge without a kind": (
        "      kind: futures\n",
        "",
        "29:5: market.hedges.TY.kind: is missing; allowed: futures, swap, cds. Add kind: futures or another.",
    ),
    "no kind of hedge": (
        "kind: futures",
        "kind: future",
        "30:13: market.hedges.TY.kind: 'future' is not a kind; allowed: futures, swap, cds. Did you mean futures?",
    ),
    "no contract": (
        "kind: futures",
        "kind: futures\n      contract: TYY",
        "31:17: market.hedges.TY.contract: 'TYY' is not a futures contract; allowed: one of TU, Z3N, FV, TY, UXY,"
        " TWE, US, WN, G, TS, TF, T, TL, or kind: swap or cds. Did you mean TY?",
    ),
    "key of another table": (
        "      volatility: 90bp",
        "      volatility: 90bp\n      exchange_margin: 2%",
        "22:7: market.buckets.TY.exchange_margin: unknown key; allowed: bonds, curve, volatility, daily_volume,"
        " dealer_inventory, asset_manager_bonds, foreign_bonds, central_bank_bonds, outstanding, credit."
        " Write it as market.hedges.NAME.exchange_margin.",
    ),
    "rate outside its funding": (
        "  fundings:",
        "  policy_rate: 3%\n  fundings:",
        "12:3: market.policy_rate: unknown key; allowed: 13 keys, which unwind explain market lists."
        " Write it as market.fundings.NAME.policy_rate.",
    ),
    "bucket of a sale": (
        "buckets: {TY: 100%}",
        "buckets: {TX: 100%}",
        "54:64: events.1.buckets.TX: 'TX' is not a bucket of this market; allowed: one of TY. Did you mean TY?",
    ),
    "bucket of an auction": (
        "  - type: redemption",
        "  - {type: auction, day: 1d, amount: $5bn, bucket: TYX}\n  - type: redemption",
        "50:52: events.0.bucket: 'TYX' is not a bucket of this market; allowed: one of TY. Did you mean TY?",
    ),
    "auction of no bucket": (
        "  - type: redemption",
        "  - {type: auction, day: 1d, amount: $5bn}\n  - type: redemption",
        "50:5: events.0: an auction of neither a bucket nor a maturity; allowed: either bucket: one of TY, or"
        " maturity: in years, as 10y.",
    ),
    "auction of a bucket and a maturity": (
        "  - type: redemption",
        "  - {type: auction, day: 1d, amount: $5bn, bucket: TY, maturity: 10y}\n  - type: redemption",
        "50:5: events.0: an auction of both; allowed: either bucket: one of TY, or maturity: in years, as 10y.",
    ),
    "hedges of a margin step": (
        "  - type: redemption",
        "  - {type: margin-step, day: 1d, multiple: 2x, hedges: [TY, TZ]}\n  - type: redemption",
        "50:61: events.0.hedges.1: 'TZ' is not a hedge of this market; allowed: one of TY. Did you mean TY?",
    ),
    "fundings of a change of rates": (
        "  - type: redemption",
        "  - {type: policy-rate-change, day: 1d, change: 5bp, fundings: [treasry]}\n  - type: redemption",
        "50:65: events.0.fundings.0: 'treasry' is not a funding of this market; allowed: one of treasury."
        " Did you mean treasury?",
    ),
    "buckets that the central bank buys": (
        "    mode: schedule",
        "    mode: schedule\n    buckets: {TYX: 50%}",
        "48:20: central_bank.outright.buckets.TYX: 'TYX' is not a bucket of this market; allowed: one of TY."
        " Did you mean TY?",
    ),
    "hedges that the central bank buys with": (
        "  outright:",
        "  hedged: {hedges: {TYX: 100%}}\n  outright:",
        "46:26: central_bank.hedged.hedges.TYX: 'TYX' is not a hedge of this market; allowed: one of TY."
        " Did you mean TY?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MARKET_MISTAKES)
def test_a_mistake_in_the_market_and_its_message(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part that names another is held to what stands in its table, with the nearest name as advice."""
    monkeypatch.chdir(tmp_path)
    before, after, message = MARKET_MISTAKES[mistake]
    text = COMPLETE.read_text()
    assert before in text
    Path("market.yaml").write_text(text.replace(before, after, 1))
    with pytest.raises(ScenarioError) as caught:
        load_scenario("market.yaml")
    assert message in [problem.summary.removeprefix("market.yaml:") for problem in caught.value.problems]


def test_no_message_has_two_full_stops_or_loses_its_mark() -> None:
    from simulator.scenario.errors import Problem

    assert Problem("", "yields.csv: no rows.", "", "Add some.").sentences == "yields.csv: no rows. Add some."
    assert Problem("", "no rows.", "one row.", "Add one").sentences == "no rows; allowed: one row. Add one."
    assert Problem("", "no rows", "", "Did you mean this?").sentences == "no rows. Did you mean this?"
