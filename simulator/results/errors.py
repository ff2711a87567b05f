"""What can go wrong with results on disk: an error with a message for the user and its exit code."""

from __future__ import annotations

import errno
import re
from pathlib import Path

BAD_INPUT, UNFINISHED, ENVIRONMENT, UNREPORTED, INTERRUPTED = 2, 3, 4, 5, 130

#: Scheme and user of a URL, and the password after them, up to the last *@* of the word.
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*):\S*@", re.IGNORECASE)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class OutputError(Exception):
    """Results that cannot be written or used: *where: what was found; what is allowed or what to do*."""

    def __init__(self, message: str, exit_code: int = ENVIRONMENT) -> None:
        super().__init__(masked(message))
        self.exit_code = exit_code


class LostClusterError(OutputError):
    """The cluster went away in the middle of a run: what was finished is kept, and the run can be resumed."""


def disk_error(error: OSError, folder: str | Path) -> OutputError:
    """The message for a failed write or read: no room, no permission, or the system's own words."""
    place = error.filename or folder
    if error.errno in _NO_ROOM:
        what = "no room left on the disk. Free some space, or choose another folder with -o"
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
        what = "writing is not permitted. Change the permissions, or choose another folder with -o"
    else:
        means = "storage and network" if "://" in str(place) else "disk"
        what = f"{error.strerror or error}. Check the {means}, or choose another folder with -o"
    return OutputError(f"{plain(str(place))}: {what}.")


def masked(text: str) -> str:
    """A text with ``***`` in place of each password in a URL.

    Examples
    --------
    >>> masked("Resume with: unwind run calm -o ftp://anna:secret@host/calm")
    'Resume with: unwind run calm -o ftp://anna:***@host/calm'
    """
    return _PASSWORD.sub(r"\1:***@", text)


def plain(text: str) -> str:
    """One line of text that is safe on a terminal: control and direction characters become question marks.

    Examples
    --------
    >>> plain("calm" + chr(27) + "[31m")
    'calm?[31m'
    """
    return "".join(character if character.isprintable() else "?" for character in text)
