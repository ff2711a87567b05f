"""The store of a run: one Zarr v3 array a variable, one block of paths a chunk, written whole or not at all.

Arrays have the dimensions path, day, then trade, channel, call, fund or dealer; day 0 is the opening, the
same on every path of a parameter set. A chunk is compressed by Blosc, with a CRC-32C at the end: a flipped bit or a
cut file raises when it is read. A *missing* chunk reads as NaN without a word, by the rules of Zarr: whether a run is
whole is the ledger's to say.

Chunks are encoded here and not by the Zarr library, whose cost for fifty small arrays a block was that of
simulating the block; the bytes are the same, and every other reader of Zarr opens them.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.results.layout import STATUS, STOPPED_ON_DAY, Array, Field, Layout
from simulator.results.places import get, put
from simulator.results.places import names as listing

#: Prices are noise to a compressor but for their exponents, which a shuffle of bytes puts together: LZ4 then takes half
#: the time of Zstandard, and less room (``python -m benchmarks.compression``).
CODEC, LEVEL = "lz4", 5
#: CRC-32C of any bytes with their own CRC-32C behind them, lowest byte first.
WITH_ITS_CHECKSUM = 0x48674BC7
#: Bytes of the header of Blosc.
HEADER = 16
_CHUNK = re.compile(r"c\.([0-9]{1,9})")


class BlockRecords(Protocol):
    """Records of one block, as the engine leaves them: ``engine.records.Records``."""

    @property
    def status(self) -> NDArray[np.int64]: ...  # noqa: D102

    def of(self, name: str) -> NDArray[np.floating]: ...  # noqa: D102

    def with_opening(self, name: str, opening: BlockRecords) -> NDArray[np.floating]: ...  # noqa: D102


class Written(NamedTuple):
    """What became of a block: the hash of its numbers, its bytes on disk, and the numbers as stored."""

    sha256: str
    stored_bytes: int
    arrays: dict[str, Array]


class DamagedBlockError(Exception):
    """A block on disk is not what was written; the message says which array and how."""


@dataclass(frozen=True)
class Store:
    """A store that is being written.

    Parameters
    ----------
    folder
        ``results.zarr`` of the run.
    opening
        Records of the opening day: of one path that stands for all, or of each path of a block; one day.
    """

    folder: Path
    layout: Layout
    opening: BlockRecords


def write_block(store: Store, first_path: int, records: BlockRecords) -> Written:
    """Write one block of paths, each file read back, and return the hash of its numbers.

    Parameters
    ----------
    first_path
        Number of the block's first path: a multiple of the chunk.
    records
        A whole block, or what is left at the end of the run.

    Raises
    ------
    OSError
        If it cannot be written, or is not on the disk as written.
    ValueError
        If the records are no block of this store: two writers of one chunk would lose paths.
    """
    layout = store.layout
    paths = len(records.status)
    if first_path % layout.chunk or paths != min(layout.chunk, layout.paths - first_path):
        raise ValueError(
            f"block of {paths} paths from path {first_path}: found no chunk of the store; allowed are"
            f" blocks of {layout.chunk} that start at a multiple of it."
        )
    block = first_path // layout.chunk
    digest = hashlib.sha256()
    arrays, chunks = {}, {}
    for field, values in block_arrays(store, records):
        arrays[field.variable.name] = values
        hash_array(digest, field, values)
        chunks[_chunk_file(field, block)] = _encode(values, layout.chunk)
    put(store.folder, chunks)
    return Written(digest.hexdigest(), sum(map(len, chunks.values())), arrays)


def hash_block(store: Store, records: BlockRecords) -> Written:
    """The numbers of a block as they would be stored, and their hash; nothing is written."""
    digest = hashlib.sha256()
    arrays = {}
    for field, values in block_arrays(store, records):
        arrays[field.variable.name] = values
        hash_array(digest, field, values)
    return Written(digest.hexdigest(), 0, arrays)


def block_arrays(store: Store, records: BlockRecords) -> Iterator[tuple[Field, Array]]:
    """The arrays of a block as they are stored, shape (path, day, …), the opening first; in the records' own memory."""
    for field in store.layout.fields():
        dtype, name = store.layout.data_type(field), field.variable.name
        if name == STATUS.name:
            yield field, records.status[:, 0].astype(dtype)
        elif name == STOPPED_ON_DAY.name:
            yield field, records.status[:, 1].astype(dtype) + dtype.type(1)  # day 0 is the opening
        elif "day" in field.dims:
            yield field, records.with_opening(name, store.opening).astype(dtype, copy=False)
        else:
            yield field, records.of(name).astype(dtype, copy=False)


def hash_array(digest: hashlib._Hash, field: Field, values: Array) -> None:
    """Add one array of a block to the block's hash: its name, format and numbers."""
    digest.update(f"{field.variable.name} {values.dtype.str} {values.shape};".encode())
    digest.update(np.ascontiguousarray(values).data)


def _encode(values: Array, chunk: int) -> bytes:
    """Bytes of a Zarr chunk: little-endian numbers, compressed; a short last block is filled up."""
    if len(values) < chunk:
        fill = np.nan if values.dtype.kind == "f" else 0
        values = np.concatenate(
            [values, np.full((chunk - len(values), *values.shape[1:]), fill, values.dtype)]
        )
    return compress(np.ascontiguousarray(values).data, values.itemsize)


def compress(data: bytes | memoryview, itemsize: int) -> bytes:
    """Numbers of so many bytes each, compressed, with a CRC-32C at the end."""
    import google_crc32c

    blosc = _blosc()
    packed: bytes = blosc.compress(data, CODEC.encode(), LEVEL, blosc.SHUFFLE, typesize=itemsize)
    checksum: int = google_crc32c.value(packed)
    return packed + checksum.to_bytes(4, "little")


def decompress(data: bytes, size: int) -> NDArray[np.uint8]:
    """What was compressed, of so many bytes: a few bytes can claim to be any number of them.

    Raises
    ------
    DamagedBlockError
        If the checksum is wrong, or it is not so many bytes compressed as written.
    """
    import google_crc32c

    if google_crc32c.value(data) != WITH_ITS_CHECKSUM:
        raise DamagedBlockError("its checksum is wrong")
    packed = memoryview(data)[:-4]
    # Blosc believes what its header says of both lengths.
    said = (int.from_bytes(packed[4:8], "little"), int.from_bytes(packed[12:HEADER], "little"))
    if len(packed) < HEADER or said != (size, len(packed)):
        raise DamagedBlockError("it has the wrong size or is not compressed as written")
    unpacked = np.empty(size, np.uint8)
    try:
        _blosc().decompress(packed, unpacked)
    except (RuntimeError, ValueError) as error:
        raise DamagedBlockError("it is not compressed as written") from error
    return unpacked


@cache
def _blosc() -> ModuleType:
    """The compressor, in the thread that calls it: threads of its own would wait for those that play paths."""
    from numcodecs import blosc

    blosc.use_threads = False
    module: ModuleType = blosc
    return module


def _decode(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    return decompress(data, math.prod(shape) * dtype.itemsize).view(dtype).reshape(shape)


def _chunk_name(field: Field, block: int) -> str:
    return ".".join(["c", str(block), *["0"] * (len(field.dims) - 1)])


def _chunk_file(field: Field, block: int) -> str:
    return f"{field.variable.name}/{_chunk_name(field, block)}"


def read_block(
    folder: Path, layout: Layout, block: int, names: Collection[str] | None = None
) -> dict[str, Array]:
    """The arrays of one block by name, checked against their checksums; without the fill of a short block.

    Parameters
    ----------
    names
        Arrays wanted; all by default.

    Raises
    ------
    DamagedBlockError
        If a chunk is missing, cut or changed.
    """
    return {field.variable.name: values for field, values in _read_fields(folder, layout, block, names)}


def _read_fields(
    folder: Path, layout: Layout, block: int, names: Collection[str] | None = None
) -> Iterator[tuple[Field, Array]]:
    paths = min(layout.chunk, layout.paths - block * layout.chunk)
    fields = [field for field in layout.fields() if names is None or field.variable.name in names]
    files = get(folder, [_chunk_file(field, block) for field in fields])
    for field in fields:
        name, data = field.variable.name, files.pop(_chunk_file(field, block))
        if isinstance(data, FileNotFoundError):
            raise DamagedBlockError(f"{name}: the chunk of block {block} is missing") from data
        if isinstance(data, OSError):
            raise data
        try:
            values = _decode(data, layout.data_type(field), layout.chunk_shape(field))
        except (DamagedBlockError, RuntimeError, ValueError) as error:
            raise DamagedBlockError(f"{name}: the chunk of block {block} is damaged: {error}") from error
        yield field, values[:paths]


def block_sha256(folder: Path, layout: Layout, block: int) -> str:
    """Hash of the numbers of a block as they stand on the disk, as `write_block` returned it.

    Raises
    ------
    DamagedBlockError
        If a chunk is missing, cut or changed.
    """
    digest = hashlib.sha256()
    for field, values in _read_fields(folder, layout, block):
        hash_array(digest, field, values)
    return digest.hexdigest()


def results_digest(folder: Path, layout: Layout) -> str:
    """Hash of all numbers of a store, path after path: the same for any size of blocks.

    Raises
    ------
    DamagedBlockError
        If a chunk is missing, cut or changed.
    """
    digests = {field.variable.name: hashlib.sha256() for field in layout.fields()}
    for block in range(layout.blocks):
        for field, values in _read_fields(folder, layout, block):
            digests[field.variable.name].update(np.ascontiguousarray(values).data)
    return hashlib.sha256("".join(digest.hexdigest() for digest in digests.values()).encode()).hexdigest()


def blocks_on_disk(folder: Path, layout: Layout) -> set[int]:
    """Blocks of which every chunk exists: one listing an array, no chunk is opened."""
    found: set[int] | None = None
    for field in layout.fields():
        chunks = _chunks(listing(folder / field.variable.name), field, layout.blocks)
        found = set(chunks) if found is None else found & set(chunks)
    return found or set()


def _chunks(files: Collection[str], field: Field, blocks: int) -> dict[int, str]:
    """Files that are chunks of an array, by block."""
    numbers = (int(found[1]) for found in map(_CHUNK.match, files) if found is not None)
    chunks = {block: _chunk_name(field, block) for block in numbers if block < blocks}
    return {block: name for block, name in chunks.items() if name in files}


def strays(folder: Path, layout: Layout) -> list[str]:
    """Files in a store that are no chunk, no coordinate and no metadata."""
    fields = {field.variable.name: field for field in layout.fields()}
    arrays = [*fields, *(coordinate.name for coordinate in layout.coordinates())]
    found = listing(folder) - set(arrays) - {"zarr.json"}
    for name in arrays:
        files = listing(folder / name)
        chunks = _chunks(files, fields[name], layout.blocks).values() if name in fields else ["c.0"]
        found |= {f"{name}/{file}" for file in files - set(chunks) - {"zarr.json"}}
    return sorted(found)
