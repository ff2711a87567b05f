"""The template of a store: metadata and coordinates, written before the first block, checked before opening.

The check compares every array with what this project would write. It runs before any library opens the store,
so that codecs that run code, other formats and links are never touched.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from simulator.results.errors import OutputError
from simulator.results.layout import Layout
from simulator.results.store import ZSTD_LEVEL

ROOT_ATTRIBUTES = {"Conventions": "CF-1.11", "title": "Unwind results"}


def create_template(folder: Path, layout: Layout) -> None:
    """Write the metadata and the coordinates of a store; no chunk of a path exists yet.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    coding: dict[str, Any] = {
        "compressors": [ZstdCodec(level=ZSTD_LEVEL), Crc32cCodec()],
        "chunk_key_encoding": {"name": "default", "separator": "."},
    }
    group = zarr.create_group(folder, zarr_format=3, attributes={**ROOT_ATTRIBUTES, **layout.attributes})
    for name, dim, values, said in layout.coordinates():
        group.create_array(name, data=values, dimension_names=[dim], attributes=said, **coding)
    for field in layout.fields():
        dtype = layout.data_type(field)
        group.create_array(
            field.variable.name,
            shape=layout.shape(field),
            chunks=layout.chunk_shape(field),
            dtype=dtype,
            fill_value=np.nan if dtype.kind == "f" else 0,
            dimension_names=list(field.dims),
            attributes=layout.attributes_of(field),
            **coding,
        )


def consolidate(folder: Path) -> None:
    """Copy all metadata into the root of the store, once nothing changes: fewer requests to open it."""
    import zarr

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(folder, zarr_format=3)


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
        expected = _expected_arrays(layout)
        if _metadata(folder).get("node_type") != "group":
            raise ValueError("it is no Zarr v3 group")
        for entry in sorted(folder.iterdir()):
            if (
                entry.is_symlink()
                or entry.name.startswith(".z")
                or (entry.is_dir() and entry.name not in expected)
            ):
                raise ValueError(f"{entry.name} does not belong there")
        for name, wanted in expected.items():
            _check_array(folder / name, wanted)
        _check_coordinates(folder, layout)
    except (ValueError, OSError, RecursionError) as error:
        raise OutputError(
            f"{folder}: found a store that Unwind did not write, or that was damaged: {error}. Run the"
            " scenario again with --overwrite, or choose another folder with -o."
        ) from error


def _expected_arrays(layout: Layout) -> dict[str, dict[str, Any]]:
    """Metadata that each array must have."""
    expected = {}
    for name, dim, values, said in layout.coordinates():
        is_text = values.dtype.kind == "T"
        data_type, serializer = ("string", "vlen-utf8") if is_text else (values.dtype.name, "bytes")
        shape = list(values.shape)
        expected[name] = _array_metadata(shape, shape, data_type, serializer, [dim], said)
    for field in layout.fields():
        dtype = layout.data_type(field)
        serializer = "bytes"
        shape, chunk = list(layout.shape(field)), list(layout.chunk_shape(field))
        said = layout.attributes_of(field)
        expected[field.variable.name] = _array_metadata(
            shape, chunk, dtype.name, serializer, list(field.dims), said
        )
    return expected


def _array_metadata(
    shape: list[int], chunk: list[int], data_type: str, serializer: str, dims: list[str], said: dict[str, Any]
) -> dict[str, Any]:
    return {
        "node_type": "array",
        "shape": shape,
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": [serializer, "zstd", "crc32c"],
        "storage_transformers": [],
        "dimension_names": dims,
        "attributes": said,
    }


def _check_array(folder: Path, wanted: dict[str, Any]) -> None:
    if any(entry.is_symlink() or entry.name.startswith(".z") for entry in folder.iterdir()):
        raise ValueError(f"{folder.name} holds a link or another format of Zarr")
    found = _metadata(folder)
    codecs = found.get("codecs")
    found["codecs"] = (
        [codec.get("name") for codec in codecs if isinstance(codec, dict)]
        if isinstance(codecs, list)
        else None
    )
    for key, value in wanted.items():
        if found.get(key) != value:
            raise ValueError(f"{folder.name} has {key} {found.get(key)!r}")


def _check_coordinates(folder: Path, layout: Layout) -> None:
    """Compare the coordinates with what they must be: no ledger covers them."""
    import zarr

    for name, _, values, _ in layout.coordinates():
        stored = zarr.open_array(folder / name, mode="r")
        if not np.array_equal(np.asarray(stored[:]), values):
            raise ValueError(f"{name} has other values than when it was written")


def _metadata(folder: Path) -> dict[str, Any]:
    metadata = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
    if not isinstance(metadata, dict) or metadata.get("zarr_format") != 3:
        raise ValueError(f"{folder.name} has no metadata of Zarr v3")
    return metadata
