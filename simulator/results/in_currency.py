"""What is told of a market, with the sign of the currency in which it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from simulator.units import Currency

Told = TypeVar("Told")


def in_currency(told: Told, code: str) -> Told:
    """Texts, and what is made of them, with the sign of a market's currency before amounts, written in dollars.

    Dataclasses, tuples, lists and mappings are looked through. A part that is ``is_quoted`` stays as its source has it.

    Examples
    --------
    >>> in_currency({"unit": "$bn", "value": 5.0}, "CNY")
    {'unit': '¥bn', 'value': 5.0}
    """
    return told if code == "USD" else cast(Told, _told_in(Currency(code), told))


def _told_in(currency: Currency, told: Any) -> Any:
    if getattr(told, "is_quoted", False):
        return told
    if isinstance(told, str):
        return currency.shown(told)
    if is_dataclass(told) and not isinstance(told, type):
        return replace(
            told, **{entry.name: _told_in(currency, getattr(told, entry.name)) for entry in fields(told)}
        )
    if isinstance(told, Mapping):
        return {_told_in(currency, key): _told_in(currency, below) for key, below in told.items()}
    if isinstance(told, list | tuple):
        parts = [_told_in(currency, below) for below in told]
        return type(told)(*parts) if hasattr(told, "_fields") else type(told)(parts)
    return told
