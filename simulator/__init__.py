"""Unwind: a Monte Carlo systemic-stress simulator of the US Treasury market."""

__version__ = "0.1.0"
