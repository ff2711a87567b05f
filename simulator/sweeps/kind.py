"""What tells the folder of a sweep from that of a run: asked by many who then need nothing else of sweeps."""

from __future__ import annotations

from pathlib import Path

from simulator.results.manifest import format_of
from simulator.results.places import place

FORMAT, FORMAT_VERSION = "unwind-sweep", 1


def is_sweep_folder(folder: str | Path) -> bool:
    """Whether a folder holds a sweep, rather than a run."""
    return format_of(place(folder)) == FORMAT
