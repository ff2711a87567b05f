"""The user's own paths of yields and volatility, read from an npz, Zarr or netCDF file.

Whoever has a rate model of their own can drive the market with it. Nothing in such a file may run code:
pickled objects and codecs that are not plain compression are refused before any value is decoded.

Variables: `curve_change_bp` (path, day, tenor), cumulative change of the fundamental par curve since the
opening in bp; optional `volatility_multiplier` (path, day), volatility relative to the opening; optional
`tenor_years` (tenor,), which must be the model's own.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.drivers.random_streams import Floats
from simulator.drivers.rates import TENOR_COUNT, TENOR_YEARS

CURVE, VOLATILITY, TENORS = "curve_change_bp", "volatility_multiplier", "tenor_years"
CURVE_CHANGE_BP_MAX = 3_000.0
# judgement: twice the fall of the ten-year yield from 1981 to 2020; beyond it a unit is wrong.
MULTIPLIER_MAX = 100.0
BYTES_MAX = 8 * 2**30
PLAIN_CODECS = frozenset(
    {"bytes", "transpose", "sharding_indexed", "crc32c", "zstd", "gzip", "zlib", "blosc", "lz4"}
)


class _RefusedError(ValueError):
    """A file that could be read, and must not be."""


@dataclass(frozen=True)
class UserArrays:
    """Checked arrays of the user.

    Parameters
    ----------
    source
        Name of the file, for messages.
    curve_change_bp
        Shape (path, day, tenor), bp.
    volatility_multiplier
        Shape (path, day).
    """

    source: str
    curve_change_bp: Floats
    volatility_multiplier: Floats

    def block(self, first_path: int, path_count: int, day_count: int) -> tuple[Floats, Floats]:
        """Curve changes and multipliers of one block of paths and the first `day_count` days.

        Raises
        ------
        ValueError
            If the file holds fewer paths or days.
        """
        paths, days = self.volatility_multiplier.shape
        if first_path + path_count > paths or day_count > days:
            raise ValueError(
                f"{self.source}: found {paths} paths of {days} days; the run asks for paths {first_path} to"
                f" {first_path + path_count - 1} and {day_count} days; ask for fewer or enlarge the file."
            )
        rows = slice(first_path, first_path + path_count)
        return self.curve_change_bp[rows, :day_count], self.volatility_multiplier[rows, :day_count]


def read_user_arrays(path: Path | str) -> UserArrays:
    """Read and check a file of the user's paths: `.npz`, `.nc` or a Zarr folder `.zarr`.

    Raises
    ------
    ValueError
        With file, variable, what was found and what is allowed.
    """
    path = Path(path)
    readers = {".npz": _npz_arrays, ".nc": _netcdf_arrays, ".zarr": _zarr_arrays}
    if path.suffix not in readers:
        raise ValueError(
            f"{path.name}: found a file ending in {path.suffix or 'nothing'}; allowed are"
            f" {', '.join(readers)}."
        )
    if not path.exists():
        raise ValueError(f"{path.name}: found no such file; looked in {path.parent}.")
    return checked_arrays(path.name, readers[path.suffix](path))


def checked_arrays(source: str, arrays: Mapping[str, Any]) -> UserArrays:
    """Check shapes, types and bounds; a missing multiplier is one everywhere.

    Raises
    ------
    ValueError
        With source, variable, what was found and what is allowed.
    """
    if CURVE not in arrays:
        raise ValueError(f"{source}: found no variable {CURVE}; it is required.")
    curve = _checked(source, CURVE, arrays[CURVE], 3, -CURVE_CHANGE_BP_MAX, CURVE_CHANGE_BP_MAX)
    if curve.shape[2] != TENOR_COUNT or 0 in curve.shape:
        raise ValueError(
            f"{source}: {CURVE} has shape {curve.shape}; allowed is (path, day, {TENOR_COUNT}) with the"
            f" tenors {TENOR_YEARS} years in this order."
        )
    if TENORS in arrays and tuple(np.asarray(arrays[TENORS]).ravel().tolist()) != TENOR_YEARS:
        raise ValueError(
            f"{source}: {TENORS} is {np.asarray(arrays[TENORS]).tolist()}; allowed is {list(TENOR_YEARS)}."
        )
    if VOLATILITY not in arrays:
        return UserArrays(source, curve, np.ones(curve.shape[:2]))
    multiplier = _checked(source, VOLATILITY, arrays[VOLATILITY], 2, 1e-3, MULTIPLIER_MAX)
    if multiplier.shape != curve.shape[:2]:
        raise ValueError(
            f"{source}: {VOLATILITY} has shape {multiplier.shape}; allowed is {curve.shape[:2]}, the paths"
            f" and days of {CURVE}."
        )
    return UserArrays(source, curve, multiplier)


def _checked(source: str, name: str, found: Any, ndim: int, lowest: float, highest: float) -> Floats:
    values = np.asarray(found)
    if values.dtype.kind not in "fiu":
        raise ValueError(f"{source}: {name} holds {values.dtype}; allowed are plain numbers.")
    if values.ndim != ndim:
        raise ValueError(f"{source}: {name} has shape {values.shape}; allowed are {ndim} dimensions.")
    values = np.ascontiguousarray(values, dtype=np.float64)
    # NaN fails both comparisons, so it is caught here too.
    wrong = ~((values >= lowest) & (values <= highest))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{source}: {name}{list(place)} is {values[place]}, and {int(wrong.sum())} values in all are out"
            f" of bounds; allowed is {lowest:g} to {highest:g}; a blank (NaN) is not."
        )
    return values


def _check_size(source: str, byte_count: int) -> None:
    if byte_count > BYTES_MAX:
        raise _RefusedError(
            f"{source}: found {byte_count / 2**30:.1f} GiB of values; allowed are {BYTES_MAX / 2**30:g} GiB;"
            " split the paths over several runs."
        )


def _npz_arrays(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(path.name, sum(member.file_size for member in archive.infolist()))
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name in (CURVE, VOLATILITY, TENORS)}
    except _RefusedError:
        raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, MemoryError) as fault:
        raise ValueError(
            f"{path.name}: not a readable npz file ({fault}); write plain float arrays with numpy.savez."
        ) from None


def _netcdf_arrays(path: Path) -> dict[str, Any]:
    import xarray as xr

    with path.open("rb") as file:
        is_classic = file.read(3) == b"CDF"
    try:
        engine = "scipy" if is_classic else "h5netcdf"
        with xr.open_dataset(path, engine=engine, decode_times=False) as dataset:
            _check_size(path.name, dataset.nbytes)
            return {name: dataset[name].values for name in (CURVE, VOLATILITY, TENORS) if name in dataset}
    except _RefusedError:
        raise
    except Exception as fault:  # whatever the readers raise on a damaged file
        raise ValueError(
            f"{path.name}: not a readable netCDF file ({type(fault).__name__}); write classic netCDF, or"
            " install h5netcdf to read netCDF-4."
        ) from None


def _zarr_arrays(path: Path) -> dict[str, Any]:
    import zarr

    try:
        group = zarr.open_group(str(path), mode="r")
        found = {name: group[name] for name in (CURVE, VOLATILITY, TENORS) if name in group}
        return {name: _zarr_values(path.name, name, array) for name, array in found.items()}
    except _RefusedError:
        raise
    except Exception as fault:  # whatever the reader raises on damaged metadata or chunks
        raise ValueError(
            f"{path.name}: not a readable Zarr group ({type(fault).__name__}: {fault}); write it anew."
        ) from None


def _zarr_values(source: str, name: str, array: Any) -> Any:
    if not hasattr(array, "metadata") or not hasattr(array, "shape"):
        raise _RefusedError(f"{source}: {name} is a group; it must be an array.")
    foreign = sorted(set(_codec_names(array.metadata.to_dict())) - PLAIN_CODECS)
    if foreign:
        raise _RefusedError(
            f"{source}: {name} is stored with {', '.join(foreign)}; allowed are plain numbers compressed with"
            f" {', '.join(sorted(PLAIN_CODECS))}."
        )
    _check_size(source, math.prod(array.shape) * 8)
    return array[:]


def _codec_names(metadata: Any) -> Iterator[str]:
    """Names of all codecs, filters and compressors anywhere in an array's metadata, sharded ones included."""
    for field in ("codecs", "index_codecs", "filters", "compressor"):
        value = metadata.get(field)
        for codec in value if isinstance(value, list | tuple) else [value] if value else []:
            description = codec if isinstance(codec, dict) else getattr(codec, "get_config", dict)()
            yield str(description.get("name") or description.get("id"))
            if isinstance(description.get("configuration"), dict):
                yield from _codec_names(description["configuration"])
