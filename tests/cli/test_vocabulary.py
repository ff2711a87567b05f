"""``unwind explain`` knows every word of the guide: terms, kinds of events, measures, commands."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from simulator.cli.main import app
from simulator.cli.vocabulary import GLOSSARY, all_words, measure_words
from simulator.results.measures import MEASURES
from simulator.scenario import schema
from tests.conftest import Unwind

EVENTS = [
    name
    for kind in get_args(get_args(schema.Event)[0])
    for name in get_args(kind.model_fields["type"].annotation)
]


@pytest.mark.parametrize(
    ("word", "kind", "said"),
    [
        ("haircut", "term", "The part of a bond's value that a repo lender does not lend."),
        ("Swap spread", "term", "A bond's yield less the swap rate"),
        ("cash-futures basis", "term", "The gap between the price"),
        ("reverse repo", "term", "the same seen by the lender of cash"),
        ("auction", "event", "New issuance"),
        ("lender-withdrawal", "event", "Takes day"),
        ("dysfunction", "measure", "a basis moves more than 45 bp"),
        ("run", "command", "Run a scenario and keep its results"),
        ("sweep", "command", "unwind sweep --help"),
    ],
)
def test_a_word_is_explained(word: str, kind: str, said: str, unwind: Unwind) -> None:
    code, out, _ = unwind("explain", word)
    assert code == 0
    assert f"({kind})" in out
    assert said in " ".join(out.split())
    records = json.loads(unwind("explain", word, "--json")[1])
    assert kind in {record["kind"] for record in records}


def test_every_event_measure_term_and_command_is_known(unwind: Unwind) -> None:
    known = {(word.kind, word.name) for word in (*all_words(), *measure_words())}
    assert {("event", name) for name in EVENTS} <= known
    assert len(EVENTS) >= 20
    assert {("measure", key) for key in MEASURES} <= known
    assert GLOSSARY.is_file()
    assert sum(kind == "term" for kind, _ in known) >= 30
    for command in app.registered_commands:
        if not command.hidden and command.short_help:
            assert "(command)" in unwind("explain", str(command.name))[1]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("auctoin", "auction"),
        ("hiarcut", "haircut"),
        ("sweeep", "sweep"),
        ("events.auction.dya", "events.N.auction.day"),
    ],
)
def test_what_is_misspelt_gets_a_suggestion_that_one_may_type(word: str, near: str, unwind: Unwind) -> None:
    code, _, told = unwind("explain", word)
    assert (code, told.casefold().strip()) == (
        2,
        f"{word}: nothing is called so. did you mean {near}?".casefold(),
    )
    assert unwind("explain", near)[0] == 0


def test_nothing_that_is_said_would_be_a_redirection_in_a_shell(unwind: Unwind) -> None:
    for word in ("events", "market.hedges", "day", "auction", "dislocation"):
        out = unwind("explain", word)[1]
        assert "<" not in out
        assert ">" not in out
