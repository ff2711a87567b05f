"""The store of a run: one Zarr v3 array a variable, one block of paths a chunk, written whole or not at all.

Arrays have the dimensions path, day, then trade, channel, call, fund or dealer; day 0 is the opening, the
same on every path. A chunk is Zstandard with a CRC-32C at the end: a flipped bit or a cut file raises
when it is read. A *missing* chunk reads as NaN without a word, by the rules of Zarr: whether a run is
whole is the ledger's to say.

Chunks are encoded here and not by the Zarr library, whose cost for fifty small arrays a block was that of
simulating the block; the bytes are the same, and every other reader of Zarr opens them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.results.calendar import trading_dates
from simulator.results.errors import OutputError
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, CALLS, OF_MARKET, SALES, Variable

Array = NDArray[Any]

STATUS = Variable("status", "1", "why the path stopped; 0 when it finished")
STOPPED_ON_DAY = Variable("stopped_on_day", "1", "day on which the path stopped; 0 when it finished")

# Level 1: prices are mostly noise to a compressor, and higher levels take twice the time for a percent.
ZSTD_LEVEL = 1
PARTIAL = ".partial"
CODECS = ("bytes", "zstd", "crc32c", "vlen-utf8")
DATA_TYPES = ("float32", "float64", "int8", "int32", "int64", "string")


class BlockRecords(Protocol):
    """Packed records of one block, as the engine leaves them: ``engine.records.Records``."""

    @property
    def by_trade(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def of_market(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def sales(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def calls(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def by_fund(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def by_dealer(self) -> NDArray[np.floating]: ...  # noqa: D102
    @property
    def status(self) -> NDArray[np.int64]: ...  # noqa: D102


class Field(NamedTuple):
    """One stored array: what it is, its dimensions, and where it stands in the packed records."""

    variable: Variable
    dims: tuple[str, ...]
    group: str
    place: int | None  # on the axis of variables; none when the group is one variable


@dataclass(frozen=True)
class Layout:
    """Size and labels of a store.

    Parameters
    ----------
    paths, days, block
        Paths of the run, trading days after the opening, and paths in a block.
    opening
        Date of day 0.
    trades, channels, calls, funds, dealers
        Names along the dimensions; no funds and dealers when agents are not kept one by one.
    statuses
        Names of the status codes, from 0.
    precision
        ``"float32"`` or ``"float64"``.
    attributes
        What the dataset says of itself: scenario, seed, hashes.
    """

    paths: int
    days: int
    block: int
    opening: date
    trades: tuple[str, ...]
    channels: tuple[str, ...]
    calls: tuple[str, ...]
    funds: tuple[str, ...]
    dealers: tuple[str, ...]
    statuses: tuple[str, ...]
    precision: str
    attributes: Mapping[str, str | int]

    @property
    def chunk(self) -> int:
        """Paths in a chunk: a block, or all paths when there are fewer."""
        return min(self.block, self.paths)

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names along each labelled dimension that the store has."""
        named = {"trade": self.trades, "channel": self.channels, "call": self.calls}
        return named | ({"fund": self.funds, "dealer": self.dealers} if self.funds else {})

    def fields(self) -> Iterator[Field]:
        """The stored arrays, in the order in which they are written and hashed."""
        for place, variable in enumerate(BY_TRADE):
            yield Field(variable, ("path", "day", "trade"), "by_trade", place)
        for place, variable in enumerate(OF_MARKET):
            yield Field(variable, ("path", "day"), "of_market", place)
        yield Field(SALES, ("path", "day", "channel"), "sales", None)
        yield Field(CALLS, ("path", "day", "call"), "calls", None)
        if self.funds:
            for place, variable in enumerate(BY_FUND):
                yield Field(variable, ("path", "day", "fund"), "by_fund", place)
            for place, variable in enumerate(BY_DEALER):
                yield Field(variable, ("path", "day", "dealer"), "by_dealer", place)
        yield Field(STATUS, ("path",), "status", 0)
        yield Field(STOPPED_ON_DAY, ("path",), "status", 1)

    def data_type(self, field: Field) -> np.dtype[Any]:
        """Number format in which an array is stored, little-endian."""
        status = {STATUS.name: "<i1", STOPPED_ON_DAY.name: "<i4"}
        return np.dtype(status.get(field.variable.name, {"float32": "<f4", "float64": "<f8"}[self.precision]))

    def bytes_of_path(self) -> int:
        """Bytes of one path before compression."""
        sizes = {"path": 1, "day": self.days + 1} | {
            name: len(names) for name, names in self.labels().items()
        }
        return sum(
            self.data_type(field).itemsize * int(np.prod([sizes[name] for name in field.dims]))
            for field in self.fields()
        )


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
        Records of the opening day: one path, one day.
    """

    folder: Path
    layout: Layout
    opening: BlockRecords


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
    attributes = {"Conventions": "CF-1.11", "title": "Unwind results", **layout.attributes}
    group = zarr.create_group(folder, zarr_format=3, attributes=attributes)
    sizes = {"path": layout.paths, "day": layout.days + 1}
    for name, names in layout.labels().items():
        sizes[name] = len(names)
        labels = np.array(names, np.dtypes.StringDType())
        said: dict[str, Any] = {"long_name": f"name of the {name}"}
        group.create_array(name, data=labels, dimension_names=[name], attributes=said, **coding)
    for name, values, said in _calendar(layout):
        group.create_array(name, data=values, dimension_names=["day"], attributes=said, **coding)
    for field in layout.fields():
        shape = tuple(sizes[name] for name in field.dims)
        dtype = layout.data_type(field)
        group.create_array(
            field.variable.name,
            shape=shape,
            chunks=(layout.chunk, *shape[1:]),
            dtype=dtype,
            fill_value=np.nan if dtype.kind == "f" else 0,
            dimension_names=list(field.dims),
            attributes=_attributes(field, layout),
            **coding,
        )


def _calendar(layout: Layout) -> Iterator[tuple[str, Array, dict[str, Any]]]:
    dates = trading_dates(layout.opening, layout.days)
    said = {"long_name": "trading day; 0 is the opening", "units": "1"}
    yield "day", np.arange(layout.days + 1, dtype=np.int32), said
    since = np.array([(day - layout.opening).days for day in dates], np.int32)
    said = {
        "long_name": "date of the trading day",
        "standard_name": "time",
        "units": f"days since {layout.opening.isoformat()}",
        "calendar": "proleptic_gregorian",
    }
    yield "date", since, said


def _attributes(field: Field, layout: Layout) -> dict[str, Any]:
    said: dict[str, Any] = {"long_name": field.variable.meaning, "units": field.variable.unit}
    if "day" in field.dims:
        said["coordinates"] = "date"
    if field.variable == STATUS:
        said |= {"flag_values": list(range(len(layout.statuses))), "flag_meanings": " ".join(layout.statuses)}
    return said


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
    stored_bytes = 0
    arrays = {}
    for field, values in block_arrays(store, records):
        arrays[field.variable.name] = values
        hash_array(digest, field, values)
        data = _encode(values, layout.chunk)
        _write_whole(_chunk_file(store.folder, field, block), data)
        stored_bytes += len(data)
    return Written(digest.hexdigest(), stored_bytes, arrays)


def block_arrays(store: Store, records: BlockRecords) -> Iterator[tuple[Field, Array]]:
    """The arrays of a block as they are stored, shape (path, day, …), the opening first."""
    for field in store.layout.fields():
        dtype = store.layout.data_type(field)
        packed = getattr(records, field.group)
        if field.group == "status":
            yield (
                field,
                packed[:, field.place].astype(dtype) + dtype.type(field.place),
            )  # day 0 is the opening
            continue
        opening = getattr(store.opening, field.group)[0, 0]
        if field.place is not None:
            packed, opening = packed[:, :, field.place], opening[field.place]
        values = np.empty((packed.shape[0], packed.shape[1] + 1, *packed.shape[2:]), dtype)
        values[:, 0] = opening
        values[:, 1:] = packed
        yield field, values


def hash_array(digest: hashlib._Hash, field: Field, values: Array) -> None:
    """Add one array of a block to the block's hash: its name, format and numbers."""
    digest.update(f"{field.variable.name} {values.dtype.str} {values.shape};".encode())
    digest.update(np.ascontiguousarray(values).data)


def _encode(values: Array, chunk: int) -> bytes:
    """Bytes of a Zarr chunk: little-endian numbers, Zstandard, CRC-32C; a short last block is filled up."""
    import google_crc32c
    from numcodecs.zstd import Zstd

    if len(values) < chunk:
        fill = np.nan if values.dtype.kind == "f" else 0
        values = np.concatenate(
            [values, np.full((chunk - len(values), *values.shape[1:]), fill, values.dtype)]
        )
    data: bytes = Zstd(level=ZSTD_LEVEL).encode(np.ascontiguousarray(values))
    checksum: int = google_crc32c.value(data)
    return data + checksum.to_bytes(4, "little")


def _decode(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    import google_crc32c
    from numcodecs.zstd import Zstd

    if len(data) < 4 or google_crc32c.value(data[:-4]).to_bytes(4, "little") != data[-4:]:
        raise DamagedBlockError("its checksum is wrong")
    numbers = np.frombuffer(Zstd().decode(data[:-4]), dtype)
    if numbers.size != int(np.prod(shape)):
        raise DamagedBlockError("it has the wrong size")
    return numbers.reshape(shape)


def _chunk_file(folder: Path, field: Field, block: int) -> Path:
    return folder / field.variable.name / ".".join(["c", str(block), *["0"] * (len(field.dims) - 1)])


def _write_whole(file: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, and read it back."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}{PARTIAL}")
    try:
        partial.write_bytes(data)
        if partial.read_bytes() != data:
            raise OSError(errno.EIO, "what was read back is not what was written", str(file))
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


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
    sizes = {"path": layout.chunk, "day": layout.days + 1}
    sizes |= {name: len(names) for name, names in layout.labels().items()}
    for field in layout.fields():
        if names is not None and field.variable.name not in names:
            continue
        shape = tuple(sizes[name] for name in field.dims)
        try:
            values = _decode(_chunk_file(folder, field, block).read_bytes(), layout.data_type(field), shape)
        except FileNotFoundError as error:
            raise DamagedBlockError(
                f"{field.variable.name}: the chunk of block {block} is missing"
            ) from error
        except (DamagedBlockError, RuntimeError, ValueError) as error:
            raise DamagedBlockError(
                f"{field.variable.name}: the chunk of block {block} is damaged: {error}"
            ) from error
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
    for block in range(-(-layout.paths // layout.chunk)):
        for field, values in _read_fields(folder, layout, block):
            digests[field.variable.name].update(np.ascontiguousarray(values).data)
    return hashlib.sha256("".join(digest.hexdigest() for digest in digests.values()).encode()).hexdigest()


def blocks_on_disk(folder: Path, layout: Layout) -> set[int]:
    """Blocks of which every chunk exists: one listing an array, no chunk is opened."""
    found = None
    for field in layout.fields():
        try:
            names = os.listdir(folder / field.variable.name)
        except FileNotFoundError:
            return set()
        parts = (name.split(".") for name in names if name.startswith("c.") and not name.endswith(PARTIAL))
        blocks = {int(part[1]) for part in parts if len(part) > 1 and part[1].isdecimal()}
        found = blocks if found is None else found & blocks
    return found or set()


def sweep_partial_files(folder: Path) -> int:
    """Delete what killed writers left half-written; returns how many files."""
    partial = list(folder.rglob(f"*{PARTIAL}"))
    for file in partial:
        file.unlink(missing_ok=True)
    return len(partial)


def consolidate(folder: Path) -> None:
    """Copy all metadata into the root of the store, once nothing changes: fewer requests to open it."""
    import zarr

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(folder, zarr_format=3)


def check_metadata(folder: Path) -> None:
    """Refuse a store that is not of this project's making, before any library opens it.

    Only plain numbers and names in known codecs, no other format of Zarr, no links.

    Raises
    ------
    OutputError
        Naming the array and what is wrong.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise OutputError(
            f"{folder}: found no folder of results there. Check the path; links are not followed."
        )
    try:
        if _metadata(folder / "zarr.json").get("node_type") != "group":
            raise ValueError("no Zarr v3 group")
        for entry in sorted(folder.iterdir()):
            if entry.is_symlink() or entry.name in (".zarray", ".zgroup", ".zmetadata", ".zattrs"):
                raise ValueError(f"{entry.name} does not belong to a Zarr v3 store")
            if entry.is_dir():
                _check_array(entry)
    except (ValueError, OSError) as error:
        raise OutputError(
            f"{folder}: found a store that Unwind did not write: {error}. It was not opened."
        ) from error


def _check_array(folder: Path) -> None:
    metadata = _metadata(folder / "zarr.json")
    codecs = metadata.get("codecs")
    names = (
        [codec.get("name") for codec in codecs if isinstance(codec, dict)] if isinstance(codecs, list) else []
    )
    if (
        (folder / "zarr.json").is_symlink()
        or (folder / ".zarray").exists()
        or metadata.get("node_type") != "array"
    ):
        raise ValueError(f"{folder.name} is no Zarr v3 array")
    if not names or any(name not in CODECS for name in names) or metadata.get("storage_transformers"):
        raise ValueError(f"{folder.name} has codecs {names}")
    if metadata.get("data_type") not in DATA_TYPES:
        raise ValueError(f"{folder.name} has data type {metadata.get('data_type')!r}")


def _metadata(file: Path) -> dict[str, Any]:
    metadata = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(metadata, dict) or metadata.get("zarr_format") != 3:
        raise ValueError(f"{file.parent.name} has no metadata of Zarr v3")
    return metadata
