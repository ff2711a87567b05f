"""YAML 1.2 as written, with places; hostile texts refused with a reason and without harm."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from simulator.scenario.errors import ScenarioError, Source
from simulator.scenario.loading import load_scenario
from simulator.scenario.yaml_nodes import compose, decode
from tests.scenario.conftest import SHOP, Shop

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

#: Hostile bytes, and words of the refusal.
HOSTILE: dict[str, tuple[bytes | str, str]] = {
    "nothing": ("", "is empty"),
    "only a comment": ("# nothing\n", "is empty"),
    "only null": ("~\n", "is empty"),
    "only the start of a document": ("---\n", "is empty"),
    "list at the top": ("- a\n- b\n", "starts with a list of 2; allowed: keys with values"),
    "text at the top": ("hello\n", "starts with 'hello'"),
    "number at the top": ("42\n", "starts with 42"),
    "two documents": (SHOP + "---\n" + SHOP, "a second document; allowed: one document in a file"),
    "document after its end": (SHOP + "...\nname: b\n", "a second document"),
    "UTF-16 little-endian": (SHOP.encode("utf-16"), "is not UTF-8 (it looks like UTF-16)"),
    "UTF-16 big-endian": (SHOP.encode("utf-16-be"), "is not UTF-8 (it looks like UTF-16)"),
    "UTF-32": (SHOP.encode("utf-32"), "is not UTF-8"),
    "Latin-1": (SHOP.encode() + b"note: caf\xe9\n", "byte 0xe9 is not UTF-8"),
    "broken UTF-8": (b"name: \xff\xfe\xfd", "byte 0xff is not UTF-8"),
    "surrogate": (b"name: \xed\xa0\x80", "byte 0xed is not UTF-8"),
    "NUL": (SHOP + "note: a\x00b\n", "control character U+0000"),
    "escape character": (SHOP + "note: \x1b[31mred\n", "control character U+001B"),
    "C1 control": (SHOP + "note: a\x85b\n", "control character U+0085"),
    "escaped control": (SHOP + 'note: "a\\x07b"\n', "text with the character U+0007"),
    "escaped surrogate": (SHOP + 'note: "\\ud800"\n', "text with the character U+D800"),
    "escaped control in a key": (SHOP + '"a\\x1bb": 1\n', "text with the character U+001B"),
    "tabs": ("name: corner\nshelf:\n\tTY:\n\t\tcoupon: 4%\n", "Indent with spaces, not with tabs."),
    "python object": (SHOP + "note: !!python/object/apply:os.system [id]\n", "2002:python/object"),
    "local tag": (SHOP + "note: !shell id\n", "tag '!shell'"),
    "harmless tag": (SHOP + "note: !!str 5\n", "tag 'tag:yaml.org,2002:str'"),
    "set": (SHOP + "note: !!set {a, b}\n", "tag 'tag:yaml.org,2002:set'"),
    "binary": (SHOP + "note: !!binary aGVsbG8=\n", "tag 'tag:yaml.org,2002:binary'"),
    "tag of the root": ("!!map\n" + SHOP, "tag 'tag:yaml.org,2002:map'"),
    "unknown tag handle": (SHOP + "note: !e!x y\n", "this is not YAML: found undefined tag handle"),
    "YAML 1.1": ("%YAML 1.1\n---\n" + SHOP, "directive; allowed: YAML 1.2 without directives"),
    "YAML 9": ("%YAML 9.0\n---\n" + SHOP, "this is not YAML"),
    "tag directive": ("%TAG !e! tag:example.com,2000:\n---\n" + SHOP, "directive"),
    "merge key": (SHOP + "desk: {<<: {traders: 3}}\n", "merge key <<"),
    "merge of an alias": (SHOP + "a: &a {b: 1}\nc:\n  <<: *a\n", "merge key <<"),
    "duplicate key": (SHOP + "name: other\n", "the key stands here a second time, after line 1"),
    "duplicate nested key": (SHOP + "desk: {traders: 1, traders: 2}\n", "desk.traders: the key stands here"),
    "duplicate key in quotes": (SHOP + '"name": other\n', "the key stands here a second time"),
    "number as key": (SHOP + "1: a\n", "the key 1 is not text"),
    "boolean as key": (SHOP + "true: a\n", "the key true is not text"),
    "null as key": (SHOP + "~: a\n", "the key nothing is not text"),
    "list as key": (SHOP + "[a, b]: c\n", "the key a list of 2 is not text"),
    "mapping as key": (SHOP + "{a: b}: c\n", "the key a mapping is not text"),
    "explicit complex key": (SHOP + "? - a\n: b\n", "the key a list of 1 is not text"),
    "empty key": (SHOP + '"": c\n', "the key ''"),
    "endless key": (SHOP + "k" * 500 + ": c\n", "1 to 100 characters"),
    "dotted key": (SHOP + "desk.traders: 3\n", "contains a dot"),
    "infinity": (SHOP + "note: .inf\n", ".inf is not finite"),
    "not a number": (SHOP + "note: .NaN\n", ".NaN is not finite"),
    "huge exponent": (SHOP + "note: 1e400\n", "1e400 is not finite"),
    "huge negative exponent": (SHOP + "note: -1e999\n", "-1e999 is not finite"),
    "400 digits": (SHOP + f"note: {'9' * 400}\n", "a number of 400 characters"),
    "10,000 digits": (SHOP + f"note: {'9' * 10_000}\n", "a number of 10000 characters"),
    "alias bomb": (BOMB + SHOP, "too many values"),
    "alias without anchor": (SHOP + "note: *missing\n", "alias '*missing' has no anchor before it"),
    "alias of itself": (SHOP + "desk: &a {b: *a}\n", "alias '*a' has no anchor before it"),
    "alias as key of itself": (SHOP + "&a a: *a\n*a : b\n", "the key stands here a second time"),
    "too many aliases": (SHOP + "a: &a 1\nb: [" + ", ".join(["*a"] * 101) + "]\n", "too many aliases"),
    "5,000 brackets": (SHOP + "note: " + "[" * 5_000 + "\n", "nested too deeply"),
    "200,000 brackets": ("[" * 200_000, "nested too deeply"),
    "200,000 braces": ("{" * 200_000, "nested too deeply"),
    "deep blocks": ("\n".join(" " * depth + "a:" for depth in range(40)), "nested too deeply"),
    "deep list": ("- " * 5_000 + "a", "nested too deeply"),
    "20,001 values": ("a: [" + "1," * 20_001 + "]", "too many values"),
    "6 MB": (SHOP + "note: " + "x" * 6_000_000, "has 6.0 MB; allowed: a regular file of at most 2 MB"),
    "unclosed quote": (SHOP + "note: 'abc\n", "Close the quotation mark."),
    "unclosed brace": (SHOP + "desk: {traders: 3\n", "Close the mapping with }"),
    "bad escape": (SHOP + 'note: "\\q"\n', "found unknown escape character 'q'"),
    "percent first": (SHOP + "note: %abc\n", "Put text that starts with this character in quotes."),
    "at sign first": (SHOP + "note: @abc\n", "Put text that starts with this character in quotes."),
    "backtick first": (SHOP + "note: `abc`\n", "Put text that starts with this character in quotes."),
    "only an anchor": ("&a", "is empty"),
    "only an alias": ("*a", "has no anchor before it"),
    "only a tag": ("!", "tag '!'"),
    "binary junk": (bytes(range(256)), "is not UTF-8"),
    "an HTML page": ("<!DOCTYPE html><html><body>Not found</body></html>", "starts with '<!DOCTYPE html>"),
    "JSON list": ('[{"name": "x"}]', "starts with a list of 1"),
    "zip": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "control character U+0003"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_refused_with_a_reason(case: str, tmp_path: Path) -> None:
    data, words = HOSTILE[case]
    file = tmp_path / "hostile.yaml"
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    started = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, (), Shop)
    assert words in str(caught.value)
    assert time.process_time() - started < 10.0
    assert len(str(caught.value)) < 2_000


def test_the_corpus_is_large_enough() -> None:
    assert len(HOSTILE) >= 40


def test_a_bomb_does_not_fill_memory(tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(BOMB)
    tracemalloc.start()
    with pytest.raises(ScenarioError):
        load_scenario(file, (), Shop)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "# first\n\n" + text,
        lambda text: "---\n" + text,
        lambda text: "%YAML 1.2\n---\n" + text + "...\n",
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("  TY: {coupon: 4%}", "  TY:\n    coupon: 4%   # a comment\n"),
        lambda text: '{"name": "corner", "shelf": {"TY": {"coupon": "4%"}}}',
        lambda text: text + "desk: &d {traders: 3}\n",
    ],
    ids=["CRLF", "BOM", "comment", "start", "directive 1.2", "no newline", "block", "JSON", "anchor"],
)
def test_harmless_variants_are_read(change, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "shop.yaml"
    file.write_bytes(change(SHOP).encode())
    assert load_scenario(file, (), Shop).scenario.shelf["TY"].coupon == 0.04


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("y", "y"), ("true", True), ("False", False),
        ("tRue", "tRue"), ("~", None), ("null", None), ("nULL", "nULL"), ("'null'", "null"), ("010", "010"),
        ("0o17", "0o17"), ("0x1F", "0x1F"), ("0b11", "0b11"), ("1_000", "1_000"), ("12:30:45", "12:30:45"),
        ("2025-04-01", "2025-04-01"), ("2017-2019", "2017-2019"), ("1e-4", 1e-4), ("5e9", 5e9), ("1.", 1.0),
        (".5", 0.5), ("-0.25", -0.25), ("+7", 7), ("-7", -7), ("0", 0), ("'7'", "7"), ("1.2.3", "1.2.3"),
        ("25bp", "25bp"), ("+25bp", "+25bp"), ("3%", "3%"), ("$1.2bn", "$1.2bn"), ("10d", "10d"),
        ("6m", "6m"), ("NO", "NO"), ("20x", "20x"), ("1e", "1e"), ("e5", "e5"),
        ("-", [None]), ("- a", ["a"]), ("<<", "<<"), ("=", "="),
        ("[1, 2%]", [1, "2%"]), ("{a: 1}", {"a": 1}), ("Ⅷ", "Ⅷ"), ("１２", "１２"), ("٣", "٣"),
    ],
)  # fmt: skip
def test_plain_values_follow_yaml_1_2(text: str, value: object) -> None:
    found = compose(Source("text", text)).plain()
    assert found == value
    assert type(found) is type(value)


def test_every_value_knows_its_place() -> None:
    root = compose(Source("text", "a: 1\nb:\n  - x\n  - {c: 2}\n\nd:   three\n"))
    places = {
        "a": (1, 4),
        "b": (3, 3),
        "b.0": (3, 5),
        "b.1": (4, 5),
        "b.1.c": (4, 9),
        "d": (6, 6),
    }
    for key, (line, column) in places.items():
        node = root
        for part in key.split("."):
            child = node.child(part)
            assert child is not None
            node = child
        assert (node.place.line, node.place.column) == (line, column), key
    assert {name: place.line for name, place in root.key_places.items()} == {"a": 1, "b": 2, "d": 6}


def test_an_alias_is_its_anchor() -> None:
    root = compose(Source("text", "a: &a {b: 1}\nc: [*a, *a]\n"))
    assert root.plain() == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}
    assert root.size == 8


def test_all_collectable_problems_come_together() -> None:
    with pytest.raises(ScenarioError) as caught:
        compose(Source("text", "a: !x 1\na: .nan\n<<: 3\n2: b\nc: *c\n"))
    assert len(caught.value.problems) == 6


def test_decode_names_the_bad_byte() -> None:
    with pytest.raises(ScenarioError) as caught:
        decode("text", "aé: 1\nbb: ".encode() + b"\xe9\n")
    assert (
        str(caught.value)
        == "text:2:5: byte 0xe9 is not UTF-8. Save the file as UTF-8.\n    2 | bb: �\n      |     ^"
    )
