"""The folder of a run: which one, whose it is, and one writer at a time.

A folder is written into when it is new or empty, or when its manifest says that it is this very run.
Nothing is ever deleted from a folder that has no manifest of ours, and only our own files from one that
has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

from simulator.results.errors import BAD_INPUT, OutputError, plain
from simulator.results.layout import Layout
from simulator.results.ledger import (
    FAILURES,
    LEDGER,
    FinishedBlock,
    Fits,
    create_ledger,
    has_ledger,
    is_of_another_run,
    ledger_file,
    read_ledgers,
    strike,
)
from simulator.results.locks import LOCK
from simulator.results.manifest import (
    INPUTS,
    MANIFEST,
    OTHER_CODE,
    OTHER_PROCESSOR,
    Manifest,
    differences,
    is_of_some_version,
    read_manifest,
    resumed_manifest,
    write_manifest,
)
from simulator.results.outcome_files import OUTCOMES, stray_outcomes
from simulator.results.places import (
    exists,
    is_local,
    make_folder,
    move,
    names,
    place,
    put,
    remove,
    remove_tree,
    shown,
    sweep_partial,
)
from simulator.results.store import strays
from simulator.results.template import create_template, repair_template

ROOT = Path("outputs")
STORE = "results.zarr"
#: Folder into which goes what was found in the store and is not ours: nothing of others is deleted.
SET_ASIDE = "set-aside"
SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class RunFolder:
    """A folder that this process may write a run into.

    Parameters
    ----------
    finished
        Blocks that the ledger says are on disk.
    broken_lines
        Lines of the ledger that count as not written, by file and number.
    shard
        Part of the run that this process writes, such as ``2-of-5``; empty for all of it.
    set_aside
        What did not belong into the store when it was opened, and was moved out of it.
    """

    path: Path
    manifest: Manifest
    finished: dict[int, FinishedBlock]
    broken_lines: tuple[str, ...] = ()
    shard: str = ""
    set_aside: tuple[str, ...] = ()

    @property
    def store(self) -> Path:
        """The Zarr store."""
        return self.path / STORE

    @property
    def ledger(self) -> Path:
        """The ledger of finished blocks that this process writes."""
        return ledger_file(self.path, self.shard)

    @cached_property
    def layout(self) -> Layout:
        """Size and labels of the store."""
        return self.manifest.store_layout()

    @property
    def is_complete(self) -> bool:
        """Whether every block is in the ledger."""
        return len(self.finished) == self.layout.blocks

    @property
    def paths_done(self) -> int:
        """Paths whose block is in the ledger."""
        return sum(block.paths for block in self.finished.values())


def choose_folder(name: str, chosen: str | Path | None) -> Path:
    """Folder for a run: what the user chose, a bare name inside ``outputs/``, or ``outputs/NAME``; or a URL.

    Raises
    ------
    OutputError
        If the last part is no plain name.
    """
    folder = ROOT / name if chosen is None else place(chosen)
    if is_local(folder) and folder.parent == Path() and not folder.is_absolute():
        folder = ROOT / folder
    last = name if chosen is None else place(chosen).name
    if not SAFE_NAME.fullmatch(last):
        raise OutputError(
            f"-o {plain(shown(folder))}: found {plain(last)!r} as the name of a run; allowed are"
            " 1 to 80 letters, digits, dots, dashes and underscores that begin with none of . and -.",
            BAD_INPUT,
        )
    return folder


def existing_folder(output: str) -> Path:
    """A folder of results that exists: as it was given, or by its name in ``outputs/``.

    Raises
    ------
    OutputError
        If there is none.
    """
    folder = place(output)
    if is_local(folder) and not folder.is_dir() and (ROOT / folder).is_dir():
        folder = ROOT / folder
    if not names(folder):
        raise OutputError(
            f"{plain(shown(folder))}: found no results of a run there. Check the path.", BAD_INPUT
        )
    return folder


def begin_or_resume(
    folder: Path,
    manifest: Manifest,
    *,
    overwrite: bool,
    shard: str = "",
    other_version: bool = False,
    data_files: Mapping[str, Path] | None = None,
) -> RunFolder:
    """Make a locked folder ready for a run: begin it, or find what is finished of this very run.

    Parameters
    ----------
    shard
        Part of the run that this process writes, such as ``2-of-5``.
    other_version
        Go on with a run that another version of the code, or another kind of processor, began.
    data_files
        Data files of the scenario, by reference, to keep copies of.

    Raises
    ------
    OutputError
        If the folder holds something else.
    OSError
        If it cannot be written.
    """
    if _is_used(folder):
        if not (overwrite and is_of_some_version(folder)):  # what no Unwind wrote is refused by reading it
            found = _manifest_of(folder, manifest)
            if not overwrite:
                found = _same_run(folder, found, manifest, other_version)
                if has_ledger(folder):
                    return _resumed(folder, found, shard, data_files or {})
        _delete_run(folder)
    try:
        layout = manifest.store_layout()
    except ValueError as error:
        block = min(manifest.layout["block"], manifest.layout["paths"])
        told = f"numerics.block: found {block:,} paths, which need more than a store can hold: {error}"
        raise OutputError(f"{told}. Use smaller blocks.") from error
    write_manifest(folder, manifest)
    _keep_inputs(folder, manifest, data_files or {})
    create_template(folder / STORE, layout)
    make_folder(folder / OUTCOMES)
    create_ledger(ledger_file(folder))  # last: it says that the rest is there
    return RunFolder(folder, manifest, {}, shard=shard)


def _resumed(folder: Path, found: Manifest, shard: str, data_files: Mapping[str, Path]) -> RunFolder:
    """A run to go on with: what is missing beside its blocks is made, what is not of it is set aside."""
    if is_of_another_run(folder, found.run_key):
        raise OutputError(
            f"{shown(folder / MANIFEST)}: found the manifest of another run than the blocks in the ledger; they"
            " are left as they are. Put back the manifest of their run, or replace it with --overwrite.",
            BAD_INPUT,
        )
    set_aside = () if shard else _tidy(folder, found)
    repair_template(folder / STORE, found.store_layout())
    make_folder(folder / OUTCOMES)
    _keep_inputs(folder, found, data_files)
    return replace(open_run(folder, shard), set_aside=set_aside)


def _same_run(folder: Path, found: Manifest, wanted: Manifest, other_version: bool) -> Manifest:
    """The manifest to go on with; refused if the folder holds another run."""
    if found.run_key == wanted.run_key:
        return found
    other = differences(found, wanted)
    if set(other) <= {OTHER_CODE, OTHER_PROCESSOR}:
        if other_version:
            resumed = resumed_manifest(found)
            write_manifest(folder, resumed)
            return resumed
        advice = "Go on all the same with unwind resume --other-version, choose another folder with -o,"
        if OTHER_PROCESSOR in other:
            why = "Its last bits would be those of another processor. Use one of the kind that began it."
            advice = f"{why} {advice}"
    else:
        advice = "Choose another folder with -o,"
    raise OutputError(
        f"{shown(folder)}: found another run there: {', '.join(other)} changed. {advice} or replace it with"
        " --overwrite.",
        BAD_INPUT,
    )


def _keep_inputs(folder: Path, manifest: Manifest, data_files: Mapping[str, Path]) -> None:
    """Copy the data files of the scenario, so that the folder alone is enough to finish the run."""
    if data_files:
        make_folder(folder / INPUTS)
    there = names(folder / INPUTS)
    for reference, file in data_files.items():
        copy = manifest.data_files[reference]
        if Path(copy).name not in there:
            put(folder, {copy: file.read_bytes()})


def open_run(folder: Path, shard: str = "") -> RunFolder:
    """A run that exists, to read it.

    Raises
    ------
    OutputError
        If there is none.
    """
    manifest = read_manifest(folder)
    try:
        ledger = read_ledgers(folder, manifest.run_key, fits_in(manifest.store_layout()))
    except OSError as error:
        raise OutputError(
            f"{shown(ledger_file(folder))}: cannot be read: {error.strerror}. Repair the run with unwind resume"
            f" {shown(folder)}."
        ) from error
    return RunFolder(folder, manifest, ledger.blocks, ledger.broken_lines, shard)


def fits_in(layout: Layout) -> Fits:
    """Which blocks are of a run."""
    return lambda finished: layout.has_block(finished.block, finished.first_path, finished.paths)


def _is_used(folder: Path) -> bool:
    return any(not name.startswith((LOCK, f"{MANIFEST}.")) for name in names(folder))


def _manifest_of(folder: Path, wanted: Manifest) -> Manifest:
    """The manifest of a folder; written anew if it is damaged and the ledger proves that it was the one wanted."""
    if not exists(folder / MANIFEST) and not _knows(folder, wanted):
        raise OutputError(
            f"{shown(folder)}: found files there that no run of Unwind wrote. Choose another folder with -o; this"
            " one is left as it is.",
            BAD_INPUT,
        )
    try:
        return read_manifest(folder)
    except OutputError:
        if not _knows(folder, wanted):
            raise
    write_manifest(folder, wanted)
    return wanted


def _knows(folder: Path, manifest: Manifest) -> bool:
    """Whether the ledger of a folder is of this very run: its lines carry a check of what they belong to."""
    return has_ledger(folder) and bool(read_ledgers(folder, manifest.run_key).blocks)


def _tidy(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Remove what a writer that died left behind: files half written, and broken lines of the ledgers.

    Returns what was not ours and was moved out of the store.
    """
    sweep_half_written(folder)
    ledgers = folder.glob(f"{LEDGER}*.jsonl") if is_local(folder) else [ledger_file(folder)]
    for file in ledgers:
        strike(file, manifest.run_key, fits=fits_in(manifest.store_layout()))
    failures = folder.glob(f"{FAILURES}*.jsonl") if is_local(folder) else [ledger_file(folder, kind=FAILURES)]
    for file in failures:
        strike(file, manifest.run_key)
    return tuple(_move_strays(folder, manifest.store_layout()))


def sweep_half_written(folder: Path) -> None:
    """Delete what writers that died left half written among the results of a run."""
    for each in (folder, folder / STORE):
        sweep_partial(each)


def _move_strays(folder: Path, layout: Layout) -> Iterator[str]:
    """Move what is not ours out of a run; on this machine also links, and folders in place of files."""
    yield from _moved(folder, _odd_outcomes(folder, layout))
    store = folder / STORE
    if is_local(folder):
        if store.is_symlink() or not store.is_dir():
            return
        yield from _move_odd_kinds(folder, layout)
    yield from _moved(folder, _in_store(strays(store, layout)))


def _move_odd_kinds(folder: Path, layout: Layout) -> Iterator[str]:
    """Move links, files in place of arrays, and what is no file among the chunks of a store of this machine."""
    store = folder / STORE
    arrays = {field.variable.name for field in layout.fields()} | {each.name for each in layout.coordinates()}
    tops = sorted(os.scandir(store), key=lambda entry: entry.name)
    odd = [entry.name for entry in tops if entry.is_symlink() or (entry.name in arrays) != entry.is_dir()]
    yield from _moved(folder, _in_store(odd))
    for name in sorted(arrays & names(store)):
        entries = sorted(os.scandir(store / name), key=lambda entry: entry.name)
        odd = [f"{name}/{entry.name}" for entry in entries if not entry.is_file(follow_symlinks=False)]
        yield from _moved(folder, _in_store(odd))


def _in_store(entries: Iterable[str]) -> Iterator[str]:
    return (f"{STORE}/{entry}" for entry in entries)


def _odd_outcomes(folder: Path, layout: Layout) -> list[str]:
    """What lies among the outcomes and is no file of ours; all of them if they are no folder of ours."""
    outcomes, here = folder / OUTCOMES, is_local(folder)
    if here and (outcomes.is_symlink() or (outcomes.exists() and not outcomes.is_dir())):
        return [OUTCOMES]
    strange = set(stray_outcomes(folder, layout))
    if here and outcomes.is_dir():
        strange |= {entry.name for entry in os.scandir(outcomes) if not entry.is_file(follow_symlinks=False)}
    return [f"{OUTCOMES}/{name}" for name in sorted(strange)]


def _moved(folder: Path, entries: Iterable[str]) -> Iterator[str]:
    """Move entries of a run aside, each under a name that is free."""
    for entry in entries:
        aside = folder / SET_ASIDE
        make_folder(aside)
        name = entry.removeprefix(f"{STORE}/").replace("/", ".")
        free = (f"{name}.{number}" if number else name for number in count())
        move(folder / entry, aside / next(text for text in free if text not in names(aside)))
        yield entry


def strike_from_ledgers(run: RunFolder, blocks: Collection[int]) -> None:
    """Let the ledgers of a run on this machine no longer say that some blocks are finished.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    for file in run.path.glob(f"{LEDGER}*.jsonl"):
        strike(file, run.manifest.run_key, blocks)


def _delete_run(folder: Path) -> None:
    """Delete our own files, the manifest last: a folder half deleted is still known as ours."""
    for name in (STORE, OUTCOMES):
        if (folder / name).is_symlink():
            raise OutputError(
                f"{folder / name}: found a link; it is left as it is. Choose another folder with -o."
            )
    if is_local(folder):
        for kind in (LEDGER, FAILURES):
            for file in [*folder.glob(f"{kind}-*-of-*.jsonl"), folder / f"{kind}.jsonl"]:
                file.unlink(missing_ok=True)
    else:
        for kind in (LEDGER, FAILURES):
            remove_tree(folder / kind)
    for name in (STORE, OUTCOMES):
        remove_tree(folder / name)
    remove(folder / MANIFEST)
