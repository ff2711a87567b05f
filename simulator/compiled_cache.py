"""Where compiled code is kept: a folder that nobody else can write, because whoever writes it runs code as us.

Numba unpickles what it finds in its cache. So a folder is used only if it, what lies in it and every folder
above it are this user's or the administrator's, and no one else may write there.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: What other users could do with a folder of these modes: put files into it, or take ours away.
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_OWN = "unwind"


class UnsafeFolderError(OSError):
    """Another user could have put something into a folder."""


def prepare_cache(name: str) -> tuple[Path, str]:
    """A folder for compiled code, and why it is not the usual one (empty if it is).

    The first that is safe and can be written: ``$UNWIND_CACHE``, the user's cache, this user's folder among the
    temporary ones, a fresh one that is deleted at the end. Processes started from here share it.

    Raises
    ------
    OSError
        If not even a temporary folder can be made.
    """
    refused: list[str] = []
    for base, own in _places():
        try:
            return _prepared(base, (own, name)), " ".join(refused)
        except OSError as error:
            refused.append(f"{error.filename or base}: {error.strerror or error}.")
    fresh = Path(tempfile.mkdtemp(prefix=f"{_OWN}-"))
    atexit.register(_delete, fresh, os.getpid())
    os.environ["UNWIND_CACHE"] = str(fresh)
    folder = fresh / _OWN / name
    folder.mkdir(mode=0o700, parents=True)
    return folder, " ".join(refused)


def _places() -> Iterator[tuple[Path, str]]:
    """Folders to look into, and the name of ours in each."""
    if chosen := os.environ.get("UNWIND_CACHE") or os.environ.get("XDG_CACHE_HOME"):
        yield Path(chosen), _OWN
    else:
        with suppress(RuntimeError):  # neither HOME nor an entry in the list of users, as in some containers
            yield Path.home() / ".cache", _OWN
    yield Path(tempfile.gettempdir()), f"{_OWN}-{_user()}"


def _prepared(base: Path, names: tuple[str, ...]) -> Path:
    """Our folder inside another one, made if need be, checked, and found to be writable."""
    base.mkdir(parents=True, exist_ok=True)
    folder = base.resolve()
    for above in (folder, *folder.parents):
        _check(above, is_ours=False)
    for name in names:
        folder /= name
        folder.mkdir(mode=0o700, exist_ok=True)
        _check(folder, is_ours=True)
    for place, folders, files in os.walk(folder):
        for entry in (*folders, *files):
            with suppress(FileNotFoundError):  # another process of ours put it in place or deleted it
                _check_owner(Path(place, entry))
    tempfile.TemporaryFile(dir=folder).close()
    return folder


def _check(folder: Path, *, is_ours: bool) -> None:
    """Refuse a folder into which another user can put files, or one of ours that is a link.

    In a folder with the sticky bit, such as the temporary one, others cannot touch what is ours.
    """
    found = _check_owner(folder, also_root=not is_ours)
    is_sticky = found.st_mode & stat.S_ISVTX and not is_ours
    if os.name == "posix" and found.st_mode & _WRITABLE_BY_OTHERS and not is_sticky:
        raise UnsafeFolderError(0, "found a folder that other users can write", str(folder))
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeFolderError(0, "found something that is no folder", str(folder))


def _check_owner(path: Path, *, also_root: bool = False) -> os.stat_result:
    found = path.lstat()
    if os.name == "posix" and found.st_uid not in ((_user(), 0) if also_root else (_user(),)):
        raise UnsafeFolderError(
            0, f"found something that belongs to another user ({found.st_uid})", str(path)
        )
    return found


def _user() -> int:
    """Number of the user in whose name files are made; 0 where users have none."""
    return os.geteuid() if os.name == "posix" else 0


def _delete(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a process forked from it
        shutil.rmtree(folder, ignore_errors=True)
