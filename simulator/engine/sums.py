"""Sums over funds in a fixed order that the processor can run in four lanes, and empty rows to start them from."""

from simulator.engine.parameters import Floats
from simulator.rule import phase


@phase
def row_total(values: Floats) -> float:
    """Sum of a row, in four interleaved partial sums: the same bits compiled or not, whatever the processor."""
    first = second = third = fourth = 0.0
    whole = values.shape[0] - values.shape[0] % 4
    for i in range(0, whole, 4):
        first += values[i]
        second += values[i + 1]
        third += values[i + 2]
        fourth += values[i + 3]
    for i in range(whole, values.shape[0]):
        first += values[i]
    return (first + second) + (third + fourth)


@phase
def empty(values: Floats) -> None:
    """Set a row to zero."""
    for i in range(values.shape[0]):
        values[i] = 0.0
