"""The template of a store: metadata and coordinates, written before the first block, checked before opening.

The metadata is written here, from the layout, so that what is written and what is expected are one thing. The
check runs before any library opens the store: codecs that run code, other formats and links are never touched.

Format: Zarr specification, version 3; the copy of all metadata in the root is the convention of the Zarr library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simulator.results.errors import OutputError
from simulator.results.layout import Array, Coordinate, Field, Layout
from simulator.results.places import get, is_local, make_folder, names, put, shown
from simulator.results.store import CODEC, LEVEL, DamagedBlockError, compress, decompress

METADATA, TEXT = "zarr.json", "string"
ROOT_ATTRIBUTES = {"Conventions": "CF-1.11", "title": "Unwind results"}


def create_template(folder: Path, layout: Layout) -> None:
    """Write the metadata and the coordinates of a store; no chunk of a path exists yet.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    for name in _all_arrays(layout):
        make_folder(folder / name)
    put(folder, dict(_files(layout)))


def repair_template(folder: Path, layout: Layout) -> list[str]:
    """Write metadata and coordinates anew where they are not what they must be; returns their names.

    The layout says what they are, to the last byte, and the ledger covers the numbers: nothing is lost.

    Raises
    ------
    OutputError
        If the store is a link or holds one, or what only another program can have put there.
    OSError
        If it cannot be written.
    """
    if not folder.is_symlink() and not folder.exists():  # deleted
        create_template(folder, layout)
    problem = foreign_to(folder, layout)
    if problem:
        raise _refused(folder, problem)
    wanted = dict(_files(layout))
    found = get(folder, wanted)
    injured = {}
    for name, data in wanted.items():
        if name == METADATA and _is_root(found[name], layout):
            continue  # with or without the copy of all metadata
        if found[name] != data:
            injured[name] = data
            make_folder((folder / name).parent)
    put(folder, injured)
    return sorted(injured)


def _files(layout: Layout) -> Iterator[tuple[str, bytes]]:
    """Everything in a store but its numbers, the root last: the rest is there."""
    for name, metadata in _all_arrays(layout).items():
        yield f"{name}/{METADATA}", _text(metadata)
    for coordinate in layout.coordinates():
        yield (
            f"{coordinate.name}/c.0",
            compress(_packed(coordinate.values), _itemsize(_data_type(coordinate))),
        )
    yield METADATA, _text(_root(layout))


def consolidate(folder: Path, layout: Layout) -> None:
    """Copy all metadata into the root of the store, once nothing changes: fewer requests to open it."""
    put(folder, {METADATA: _text(_consolidated(layout))})


def check_template(folder: Path, layout: Layout) -> None:
    """Refuse a store that is not what this project would write for the layout.

    Raises
    ------
    OutputError
        Naming the array and what is wrong.
    """
    problem = foreign_to(folder, layout) or next(injuries(folder, layout), "")
    if problem:
        raise _refused(folder, problem)


def injuries(folder: Path, layout: Layout) -> Iterator[str]:
    """What is wrong with the metadata and coordinates of a store, in words."""
    wanted = dict(_files(layout))
    found = get(folder, wanted)
    packed = {f"{coordinate.name}/c.0": _packed(coordinate.values) for coordinate in layout.coordinates()}
    for name, data in wanted.items():
        there = found[name]
        if isinstance(there, OSError):
            yield f"{name} cannot be read: {there.strerror or there}"
        elif name == METADATA:
            if not _is_root(there, layout):
                yield f"{name} is not what was written"
        elif name.endswith(METADATA):
            said = _parsed(there)
            expected = _parsed(data)
            assert isinstance(expected, dict)
            wrong = [key for key in expected if not isinstance(said, dict) or said.get(key) != expected[key]]
            if wrong:
                yield f"{name} has another {wrong[0]}"
        elif _unpacked(there, len(values := packed[name])) != values:
            yield f"{name.split('/')[0]} has other values than when it was written"


def foreign_to(folder: Path, layout: Layout) -> str:
    """What in a store only another program can have put there, links included; empty if nothing."""
    if folder.is_symlink() or not folder.is_dir():
        return "no folder of results"
    arrays = _all_arrays(layout)
    for name in sorted(names(folder)):
        entry = folder / name
        if entry.is_symlink() or name.startswith(".z") or (name not in arrays and entry.is_dir()):
            return f"{name} does not belong there"
    if is_local(folder):
        for name in arrays:
            if any(
                entry.startswith(".z") or (folder / name / entry).is_symlink()
                for entry in names(folder / name)
            ):
                return f"{name} holds a link or another format of Zarr"
    return ""


def _refused(folder: Path, problem: str) -> OutputError:
    return OutputError(
        f"{shown(folder)}: found a store that Unwind did not write, or that was damaged: {problem}. Repair it with"
        f" unwind resume {shown(folder.parent)}, run the scenario again with --overwrite, or choose another folder"
        " with -o. Links are not followed."
    )


def _is_root(found: bytes | OSError, layout: Layout) -> bool:
    said = _parsed(found) if isinstance(found, bytes) else None
    return said in (_root(layout), _consolidated(layout))


def _parsed(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unpacked(data: bytes, size: int) -> bytes | None:
    try:
        return decompress(data, size).tobytes()
    except DamagedBlockError:
        return None


def _consolidated(layout: Layout) -> dict[str, Any]:
    copied = {"kind": "inline", "must_understand": False, "metadata": _all_arrays(layout)}
    return _root(layout) | {"consolidated_metadata": copied}


def _root(layout: Layout) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {**ROOT_ATTRIBUTES, **layout.attributes},
    }


def _all_arrays(layout: Layout) -> dict[str, dict[str, Any]]:
    """Metadata of every array, by name."""
    arrays = {coordinate.name: _coordinate_metadata(coordinate) for coordinate in layout.coordinates()}
    return arrays | {field.variable.name: _field_metadata(field, layout) for field in layout.fields()}


def _coordinate_metadata(coordinate: Coordinate) -> dict[str, Any]:
    values = coordinate.values
    shape, data_type = list(values.shape), _data_type(coordinate)
    said = _metadata(shape, shape, data_type, [coordinate.dim])
    return said | {"fill_value": "" if data_type == TEXT else 0, "attributes": coordinate.attributes}


def _field_metadata(field: Field, layout: Layout) -> dict[str, Any]:
    dtype = layout.data_type(field)
    shape, chunk = list(layout.shape(field)), list(layout.chunk_shape(field))
    said = _metadata(shape, chunk, dtype.name, list(field.dims))
    fill = "NaN" if dtype.kind == "f" else 0
    return said | {"fill_value": fill, "attributes": layout.attributes_of(field)}


def _data_type(coordinate: Coordinate) -> str:
    """Name of the type of its values."""
    return TEXT if coordinate.values.dtype.kind == "T" else coordinate.values.dtype.name


def _itemsize(data_type: str) -> int:
    """Bytes of a value; texts have no size of their own."""
    return 1 if data_type == TEXT else np.dtype(data_type).itemsize


def _metadata(shape: list[int], chunk: list[int], data_type: str, dims: list[str]) -> dict[str, Any]:
    """What all arrays say; one file a chunk, all in the folder of the array."""
    numbers = {"name": "bytes", "configuration": {"endian": "little"}}
    compressed = {"cname": CODEC, "clevel": LEVEL, "shuffle": "shuffle", "blocksize": 0}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": [
            {"name": "vlen-utf8"} if data_type == TEXT else numbers,
            {"name": "blosc", "configuration": compressed | {"typesize": _itemsize(data_type)}},
            {"name": "crc32c"},
        ],
        "dimension_names": dims,
        "storage_transformers": [],
    }


def _packed(values: Array) -> bytes:
    """Little-endian numbers; or texts, each with its length before it, and their count before all (vlen-utf8)."""
    if values.dtype.kind != "T":
        return values.astype(values.dtype.newbyteorder("<")).tobytes()
    texts = [str(text).encode() for text in values]
    parts = [text for each in texts for text in (len(each).to_bytes(4, "little"), each)]
    return b"".join([len(texts).to_bytes(4, "little"), *parts])


def _text(metadata: dict[str, Any]) -> bytes:
    return json.dumps(metadata, indent=1).encode()
