"""The public files that Unwind was made with, locked by their hashes.

Agencies revise what they publish: the same command on files of another day may give another market. The hashes of
the files behind the shipped markets stand in ``vintage.json``; who has others is told so, not refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from simulator.calibration.public_data import FILES
from simulator.scenario.files import file_sha256

LOCK = Path(__file__).with_name("vintage.json")


@dataclass(frozen=True)
class Vintage:
    """Name of a vintage, the month in which its files were read, and the SHA-256 of each file."""

    name: str
    files: Mapping[str, str]

    def others(self, found: Mapping[str, str]) -> list[str]:
        """Files that are not those of the vintage, in words."""
        return [
            f"{file} is not the file of the locked vintage {self.name} (SHA-256 {sha256[:12]}… instead of"
            f" {self.files[file][:12]}…)."
            for file, sha256 in found.items()
            if sha256 != self.files[file]
        ]


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder that an opening market is made from."""
    return {file: file_sha256(folder / file) for file in FILES}


def locked_vintage() -> Vintage:
    """The vintage that ships."""
    return Vintage(**json.loads(LOCK.read_text(encoding="utf-8")))


def lock(folder: Path, day: date) -> str:
    """Text of the lock of the files in a folder, as read on a day."""
    said = {"name": f"{day:%Y-%m}", "files": hashes(folder)}
    return json.dumps(said, indent=1) + "\n"
