"""Where results lie: a folder of this machine, or a URL of any kind that fsspec knows (``s3://``, ``gs://``, …).

Both are used as paths: a URL becomes a ``UPath``, which has the methods of ``pathlib.Path``. What differs is
here: durable writes, and many small files at once, which an object store serves side by side.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import Any, cast

from simulator.results.errors import BAD_INPUT, OutputError, masked, plain

#: Ending of a local file that is not yet whole.
PARTIAL = ".partial"
#: Bytes of a file that are read back at once: they stay in the processor's cache.
PIECE = 1 << 18
#: Most that a file of ours can have: no chunk is larger.
FILE_BYTES_MAX = 2**31
_LOCAL = ("file", "local")
#: What packages of fsspec are told. s3fs asks for the size of an object before it reads it, so as to read parts of a
#: large one side by side: ours are many and small, and are read side by side as they are.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {"s3": {"max_concurrency": 1}}
_known = threading.local()


def place(text: str | os.PathLike[str]) -> Path:
    """A folder of this machine, or a URL, as a path; what stands for a folder, such as results, will do.

    Raises
    ------
    OutputError
        If there is no such kind of URL here.

    Examples
    --------
    >>> place("outputs/calm"), place("memory://calm/a").name
    (PosixPath('outputs/calm'), 'a')
    """
    if isinstance(text, os.PathLike) and not isinstance(text, Path):
        text = os.fspath(text)
    if not isinstance(text, str):
        return text  # a path already, or a URL that became one
    protocol, separator, rest = text.partition("://")
    if not separator:
        return Path(text)
    if protocol in _LOCAL:
        return Path(rest)
    from upath import UPath

    try:
        options = _OPTIONS.get(protocol, {})
        found = UPath(text.rstrip("/"), use_listings_cache=False, **options)  # others write there too
        found.fs  # noqa: B018 - finds out whether the package for this kind is installed
    except (ValueError, ImportError) as error:
        raise OutputError(
            f"{protocol}://: cannot be used: {error}. Install the package of fsspec for it (such as s3fs, gcsfs or"
            " adlfs), or use a folder.",
            BAD_INPUT,
        ) from error
    except Exception as error:
        raise unreachable(text, error) from error
    return cast(Path, found)


def unreachable(text: str, error: Exception) -> OutputError:
    """The message for storage that does not answer."""
    return OutputError(
        f"{text}: cannot be reached: {error}. Check the address, the network and the credentials."
    )


def is_local(path: Path) -> bool:
    """Whether a path is one of this machine's."""
    return isinstance(path, Path)


def shown(path: Path) -> str:
    """A path or URL for a message: with its host, without a password."""
    if is_local(path):
        return str(path)
    remote = cast(Any, path)
    options = remote.storage_options
    if "host" not in options:
        return masked(str(path))
    port = f":{options['port']}" if "port" in options else ""
    return f"{remote.protocol}://{options['host']}{port}{remote.path}"


def file_system(path: Path) -> Any:
    """The file system of a URL, one for each thread: some keep a single connection that cannot be shared."""
    import fsspec

    remote = cast(Any, path)
    if remote.fs.async_impl:
        return remote.fs
    key = remote.protocol, repr(sorted(remote.storage_options.items()))
    systems = _known.__dict__.setdefault("systems", {})
    if key not in systems:
        systems[key] = fsspec.filesystem(remote.protocol, **remote.storage_options)
    return systems[key]


@contextmanager
def _asking(path: Path) -> Iterator[None]:
    """Make of what a package for some storage raises, of a kind of its own, an error of the system."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        told = f"the storage does not do what it was asked ({type(error).__name__}: {error})"
        raise OSError(errno.EIO, told, shown(path)) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless there is one; nothing is made where there are buckets.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if is_local(folder):
        folder.mkdir(parents=True, exist_ok=True)
    elif not _bucket(folder):
        with _asking(folder):
            file_system(folder).makedirs(cast(Any, folder).path, exist_ok=True)


def _bucket(folder: Path) -> str:
    """The bucket that a URL lies in; empty for folders, and for servers that have some."""
    return "" if is_local(folder) else str(cast(Any, folder).drive)


def names(folder: Path) -> set[str]:
    """Names of what is in a folder now; none if it does not exist.

    Raises
    ------
    OSError
        If the storage cannot be asked.
    """
    if is_local(folder):
        return set(os.listdir(folder)) if folder.is_dir() else set()
    system, where = file_system(folder), cast(Any, folder).path
    system.invalidate_cache(where)
    try:
        with _asking(folder):
            return {str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in system.ls(where, detail=False)}
    except FileNotFoundError:
        return set()


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder that exists, each whole or not at all, and read them back.

    Raises
    ------
    OSError
        If one cannot be written, or is not there as written.
    """
    if is_local(folder):
        for name, data in files.items():
            _put_local(folder / name, data)
        return
    if not files:
        return
    system, where = file_system(folder), cast(Any, folder).path
    wanted = {f"{where}/{name}": data for name, data in files.items()}
    with _asking(folder):
        system.pipe(wanted)
        found = system.cat(list(wanted), on_error="return")
    for file, data in wanted.items():
        if found.get(file) != data:
            raise OSError(errno.EIO, "what was read back is not what was written", file)


def _put_local(file: Path, data: bytes) -> None:
    partial = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        with partial.open("w+b") as stream:
            stream.write(data)
            stream.flush()
            stream.seek(0)
            if not _says(stream, data):
                raise OSError(errno.EIO, "what was read back is not what was written", str(file))
        os.replace(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        error.filename, error.filename2 = str(file), None
        raise


def _says(stream: BufferedRandom, data: bytes) -> bool:
    """Whether a file says this and no more, read in pieces: a copy of the whole would be new memory for each file."""
    whole, piece = memoryview(data), bytearray(PIECE)
    starts = range(0, len(data) + 1, PIECE)
    return all(piece[: stream.readinto(piece)] == whole[start : start + PIECE] for start in starts)


def get(folder: Path, wanted: Collection[str]) -> dict[str, bytes | OSError]:
    """Contents of files below a folder; an error in place of what cannot be read."""
    if is_local(folder):
        return {name: _get_local(folder / name) for name in wanted}
    if not wanted:
        return {}
    system, where = file_system(folder), cast(Any, folder).path
    with _asking(folder):
        found = system.cat([f"{where}/{name}" for name in wanted], on_error="return")
    return {name: _content(found.get(f"{where}/{name}")) for name in wanted}


def _get_local(file: Path) -> bytes | OSError:
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):  # a pipe would be waited for
            raise OSError(errno.EINVAL, "found something that is no file", str(file))
        if found.st_size > FILE_BYTES_MAX:
            raise OSError(errno.EFBIG, f"found more than {FILE_BYTES_MAX:,} bytes", str(file))
        return file.read_bytes()
    except OSError as error:
        return error


def _content(found: object) -> bytes | OSError:
    """What was read, or why not: only what the storage says is not there is missing."""
    if isinstance(found, bytes):
        return found
    if found is None or isinstance(found, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, f"cannot be read: {found}")
    return found if isinstance(found, OSError) else OSError(errno.EIO, f"cannot be read: {found}")


def read_bytes(file: Path) -> bytes:
    """Contents of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = get(file.parent, [file.name])[file.name]
    if isinstance(found, OSError):
        raise found
    return found


def exists(file: Path) -> bool:
    """Whether there is a file now."""
    return file.name in names(file.parent)


def put_unchecked(file: Path, data: bytes) -> None:
    """Write a file that others may overwrite at any time.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    if is_local(file):
        file.write_bytes(data)
        return
    with _asking(file):
        file_system(file).pipe_file(cast(Any, file).path, data)


def put_new(file: Path, data: bytes, tries: int = 3) -> bool:
    """Write a file behind a URL if there is none; returns whether it was written.

    Object stores decide that themselves, so that of two who ask at once one is told no. On other storage one looks,
    then writes.

    Parameters
    ----------
    tries
        How often to ask, where storage says that there is one and none is found.

    Raises
    ------
    OutputError
        If its bucket does not exist: to make one is not ours to do.
    OSError
        If it cannot be written.
    """
    system, where = file_system(file), cast(Any, file).path
    try:
        with _asking(file):
            system.pipe_file(where, data, mode="create")
    except FileNotFoundError as error:
        raise OutputError(
            f"{shown(file.parent)}: found no bucket {plain(_bucket(file))}. Check its name, or make it first.",
            BAD_INPUT,
        ) from error
    except OSError:
        if exists(file):
            return False
        if tries == 1:
            raise
        # There was one when the storage said no, and it was deleted since.
        return put_new(file, data, tries - 1)
    return True


def remove(file: Path) -> None:
    """Delete a file, if it exists.

    Raises
    ------
    OSError
        If it cannot be deleted.
    """
    if is_local(file):
        file.unlink(missing_ok=True)
    elif exists(file):
        with _asking(file):
            file_system(file).rm_file(cast(Any, file).path)


def move(entry: Path, to: Path) -> None:
    """Give a file, or a folder with all in it, another name in the same storage.

    Raises
    ------
    OSError
        If it cannot be moved.
    """
    if is_local(entry):
        os.rename(entry, to)
        return
    system, where, there = file_system(entry), cast(Any, entry).path, cast(Any, to).path
    with _asking(entry):
        for file in system.find(where):  # of a folder in a bucket there is nothing but its files
            target = there + file.removeprefix(where)
            if not _bucket(entry):
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.pipe_file(target, system.cat_file(file))
        system.rm(where, recursive=True)


def put_durably(file: Path, data: bytes) -> None:
    """Write or replace a file: whole, and on the disk when this returns; an older one stays otherwise.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    if not is_local(file):
        put(file.parent, {file.name: data})
        return
    partial = file.with_name(f"{file.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Force a folder's list of files to disk, so that a new or renamed file survives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Delete a folder of ours with everything in it, if it exists."""
    if is_local(folder):
        if folder.exists():
            shutil.rmtree(folder)
    elif names(folder):
        with _asking(folder):
            file_system(folder).rm(cast(Any, folder).path, recursive=True)


def sweep_partial(folder: Path) -> None:
    """Delete what a writer that died left half written in the folders of a local store."""
    if is_local(folder):
        for file in folder.glob(f"*/*{PARTIAL}"):
            file.unlink(missing_ok=True)
