"""Shapley values: what each player adds to the whole, so that the parts add up.

A player's value is what it adds to those before it, averaged over all orders in which the players may come. Exact
values play every coalition once, 2^n games; sampled ones play the coalitions along random orders and know their
error. A game gives an array (one number a path, say): values are linear, so that each path has its own.

Sources: Shapley (1953), *A value for n-person games*; Castro, Gómez and Tejada (2009), *Computers & Operations
Research* 36, for sampled orders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: A game: what a coalition comes to.
Game = Callable[[frozenset[str]], Floats]


def exact(players: Sequence[str], game: Game) -> dict[str, Floats]:
    """Shapley value of every player, from all coalitions.

    Examples
    --------
    A left glove and two right ones, of which only pairs have a value:

    >>> pairs = lambda hands: np.array(float("left" in hands and len(hands) > 1))
    >>> {name: round(float(value), 3) for name, value in exact(["left", "right 1", "right 2"], pairs).items()}
    {'left': 0.667, 'right 1': 0.167, 'right 2': 0.167}
    """
    count = len(players)
    worth = {coalition: game(coalition) for coalition in coalitions(players)}
    values = {}
    for player in players:
        others = [name for name in players if name != player]
        values[player] = np.sum(
            [
                (worth[coalition | {player}] - worth[coalition]) / (count * comb(count - 1, len(coalition)))
                for coalition in coalitions(others)
            ],
            axis=0,
        )
    return values


def sampled(players: Sequence[str], game: Game, orders: int, seed: int = 0) -> dict[str, Floats]:
    """What every player adds to those before it in random orders, shape (order, …) of each.

    Orders come in pairs, each with its reverse, which evens out who comes early; the mean over orders is the
    estimate, and the spread between pairs is its error. A coalition that comes again is not played again.
    """
    random = np.random.default_rng(seed)
    played: dict[frozenset[str], Floats] = {}

    def worth(coalition: frozenset[str]) -> Floats:
        if coalition not in played:
            played[coalition] = game(coalition)
        return played[coalition]

    added: dict[str, list[Floats]] = {player: [] for player in players}
    order: list[int] = []
    for number in range(orders):
        order = order[::-1] if number % 2 else random.permutation(len(players)).tolist()
        before: frozenset[str] = frozenset()
        for place in order:
            after = before | {players[place]}
            added[players[place]].append(worth(after) - worth(before))
            before = after
    return {player: np.array(contributions) for player, contributions in added.items()}


def coalitions(players: Sequence[str]) -> list[frozenset[str]]:
    """All coalitions, from nobody to everybody."""
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]
