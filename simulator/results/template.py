"""The template of a store: metadata and coordinates, written before the first block, checked before opening.

The metadata is written here, from the layout, so that what is written and what is expected are one thing. The
check runs before any library opens the store: codecs that run code, other formats and links are never touched.

Format: Zarr specification, version 3; the copy of all metadata in the root is the convention of the Zarr library.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.results.errors import OutputError
from simulator.results.layout import Array, Coordinate, Field, Layout
from simulator.results.store import ZSTD_LEVEL, DamagedBlockError, compress, decompress

METADATA = "zarr.json"
ROOT_ATTRIBUTES = {"Conventions": "CF-1.11", "title": "Unwind results"}
COMPRESSORS = [
    {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}},
    {"name": "crc32c"},
]


def create_template(folder: Path, layout: Layout) -> None:
    """Write the metadata and the coordinates of a store; no chunk of a path exists yet.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir()
    for name, metadata in _all_arrays(layout).items():
        (folder / name).mkdir()
        _write_metadata(folder / name, metadata)
    for coordinate in layout.coordinates():
        (folder / coordinate.name / "c.0").write_bytes(compress(_packed(coordinate.values)))
    _write_metadata(folder, _root(layout))  # last: the rest is there


def consolidate(folder: Path, layout: Layout) -> None:
    """Copy all metadata into the root of the store, once nothing changes: fewer requests to open it."""
    copied = {"kind": "inline", "must_understand": False, "metadata": _all_arrays(layout)}
    _write_metadata(folder, _root(layout) | {"consolidated_metadata": copied})


def check_template(folder: Path, layout: Layout) -> None:
    """Refuse a store that is not what this project would write for the layout.

    Raises
    ------
    OutputError
        Naming the array and what is wrong.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise OutputError(f"{folder}: found no folder of results there. Links are not followed.")
    try:
        expected = _all_arrays(layout)
        _check_metadata(folder, _root(layout))
        for entry in sorted(folder.iterdir()):
            is_stray = entry.is_dir() and entry.name not in expected
            if is_stray or entry.is_symlink() or entry.name.startswith(".z"):
                raise ValueError(f"{entry.name} does not belong there")
        for name, metadata in expected.items():
            if any(entry.is_symlink() or entry.name.startswith(".z") for entry in (folder / name).iterdir()):
                raise ValueError(f"{name} holds a link or another format of Zarr")
            _check_metadata(folder / name, metadata)
        for coordinate in layout.coordinates():
            _check_coordinate(folder, coordinate)
    except (ValueError, OSError, RecursionError, DamagedBlockError) as error:
        raise OutputError(
            f"{folder}: found a store that Unwind did not write, or that was damaged: {error}. Run the"
            " scenario again with --overwrite, or choose another folder with -o."
        ) from error


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
    is_text = values.dtype.kind == "T"
    shape = list(values.shape)
    said = _metadata(shape, shape, "string" if is_text else values.dtype.name, [coordinate.dim])
    return said | {"fill_value": "" if is_text else 0, "attributes": coordinate.attributes}


def _field_metadata(field: Field, layout: Layout) -> dict[str, Any]:
    dtype = layout.data_type(field)
    shape, chunk = list(layout.shape(field)), list(layout.chunk_shape(field))
    said = _metadata(shape, chunk, dtype.name, list(field.dims))
    fill = "NaN" if dtype.kind == "f" else 0
    return said | {"fill_value": fill, "attributes": layout.attributes_of(field)}


def _metadata(shape: list[int], chunk: list[int], data_type: str, dims: list[str]) -> dict[str, Any]:
    """What all arrays say; one file a chunk, all in the folder of the array."""
    numbers = {"name": "bytes", "configuration": {"endian": "little"}}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": [{"name": "vlen-utf8"} if data_type == "string" else numbers, *COMPRESSORS],
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


def _check_metadata(folder: Path, expected: dict[str, Any]) -> None:
    found = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    for key, value in expected.items():
        if not isinstance(found, dict) or found.get(key) != value:
            raise ValueError(f"{folder.name} has another {key}")


def _check_coordinate(folder: Path, coordinate: Coordinate) -> None:
    """Compare a coordinate with what it must be: no ledger covers it."""
    if decompress((folder / coordinate.name / "c.0").read_bytes()) != _packed(coordinate.values):
        raise ValueError(f"{coordinate.name} has other values than when it was written")


def _write_metadata(folder: Path, metadata: dict[str, Any]) -> None:
    (folder / METADATA).write_text(json.dumps(metadata, indent=1), encoding="utf-8")
