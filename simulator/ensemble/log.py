"""The log of a run: what happened and when, one JSON object a line, beside the results.

For people who ask afterwards why a run took so long or stopped; no program of ours reads it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.results.errors import masked
from simulator.results.places import is_local, put_durably, read_bytes

LOG = "run"
#: Behind a URL a log is an object that is written anew: not more often than this, in seconds.
WRITE_EVERY_S = 30.0


class RunLog:
    """Writes what happens to a run."""

    def __init__(self, handler: logging.Handler) -> None:
        self._logger = logging.Logger("unwind.run")
        self._logger.addHandler(handler)

    def note(self, event: str, **facts: Any) -> None:
        """Write that something happened."""
        self._logger.info(event, extra={"facts": facts})

    def warn(self, event: str, **facts: Any) -> None:
        """Write that something went wrong."""
        self._logger.warning(event, extra={"facts": facts})


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return masked(json.dumps(said | getattr(record, "facts", {}), default=str))


class _File(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - a log must never end a run
        pass


class _Object(logging.Handler):
    """A log behind a URL, where nothing can be appended to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._text = ""
        with suppress(FileNotFoundError):
            self._text = read_bytes(file).decode(errors="replace")
        self._written = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        self._text += self.format(record) + "\n"
        if time.monotonic() - self._written > WRITE_EVERY_S:
            self.flush()

    def flush(self) -> None:
        self._written = time.monotonic()
        with suppress(OSError):  # a log must never end a run
            put_durably(self._file, self._text.encode())


@contextmanager
def logging_to(folder: Path, shard: str = "") -> Iterator[RunLog]:
    """The log of a run, or of a shard of it, appended to what is there."""
    file = folder / (f"{LOG}-{shard}.log" if shard else f"{LOG}.log")
    handler: logging.Handler = _File(file, encoding="utf-8") if is_local(folder) else _Object(file)
    handler.setFormatter(_Lines())
    try:
        yield RunLog(handler)
    finally:
        handler.flush()
        handler.close()
