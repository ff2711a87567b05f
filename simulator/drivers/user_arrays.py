"""The user's own paths of yields and volatility, read from an npy, npz or netCDF file.

Whoever has a rate model of their own can drive the market with it. Nothing in such a file may run code, and none may
take more memory than it is worth: pickled objects and sizes that a file claims beyond what it holds are refused from
its first bytes, before any value is read.

Variables: `curve_change_bp` (path, day, tenor), cumulative change of the fundamental par curve since the
opening in bp, which an npy file holds alone; optional `volatility_multiplier` (path, day), volatility relative to the
opening; optional `tenor_years` (tenor,), which must be the model's own.
"""

from __future__ import annotations

import importlib.util
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from simulator.csv_file import DataError
from simulator.drivers.random_streams import Floats
from simulator.drivers.rates import TENOR_COUNT, TENOR_YEARS

CURVE, VOLATILITY, TENORS = "curve_change_bp", "volatility_multiplier", "tenor_years"
CURVE_CHANGE_BP_MAX = 3_000.0
# judgement: twice the fall of the ten-year yield from 1981 to 2020; beyond it a unit is wrong.
MULTIPLIER_MAX = 100.0
BYTES_MAX = 2 * 2**30
#: Changes that are all smaller than this are not in bp: over any horizon a path moves farther in a day.
FRACTION_BELOW_BP = 0.5
ARRAYS = ".npy, .npz or .nc"
ADVICE = "Save it with numpy.save, numpy.savez, or xarray's to_netcdf(..., engine='scipy')."


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

    def check_covers(self, path_count: int, day_count: int) -> None:
        """Refuse a run of more paths or days than the file holds."""
        paths, days = self.volatility_multiplier.shape
        if path_count > paths or day_count > days:
            found = f"{paths:,} paths of {days:,} days"
            wanted = f"at least the {path_count:,} paths of {day_count:,} days of the run"
            raise DataError(
                self.source, found, wanted, "Ask for fewer (paths, horizon), or enlarge the file."
            )

    def block(self, first_path: int, path_count: int, day_count: int) -> tuple[Floats, Floats]:
        """Curve changes and multipliers of one block of paths and the first `day_count` days.

        Raises
        ------
        DataError
            If the file holds fewer paths or days.
        """
        self.check_covers(first_path + path_count, day_count)
        rows = slice(first_path, first_path + path_count)
        return self.curve_change_bp[rows, :day_count], self.volatility_multiplier[rows, :day_count]


def read_user_arrays(path: Path | str) -> UserArrays:
    """Read and check a file of the user's paths: `.npy`, `.npz` or `.nc`.

    Raises
    ------
    DataError
        With file, variable, what was found and what is allowed.
    """
    path = Path(path)
    readers = {".npy": _npy_array, ".npz": _npz_arrays, ".nc": _netcdf_arrays}
    if path.suffix not in readers:
        raise DataError(
            path.name, f"ends in {path.suffix or 'nothing'}", f"a file of arrays, {ARRAYS}", ADVICE
        )
    return checked_arrays(path.name, readers[path.suffix](path))


def checked_arrays(source: str, arrays: Mapping[str, Any]) -> UserArrays:
    """Check shapes, types and bounds; a missing multiplier is one everywhere.

    Raises
    ------
    DataError
        With source, variable, what was found and what is allowed.
    """
    if CURVE not in arrays:
        found = f"no variable {CURVE}"
        raise DataError(
            source, found, f"{CURVE} (path, day, tenor) in bp", f"It holds {', '.join(arrays) or 'none'}."
        )
    curve = _checked(source, CURVE, arrays[CURVE], 3, -CURVE_CHANGE_BP_MAX, CURVE_CHANGE_BP_MAX)
    if curve.shape[2] != TENOR_COUNT or 0 in curve.shape:
        wanted = f"(path, day, {TENOR_COUNT}), the tenors {TENOR_YEARS} years in this order"
        raise DataError(source, f"{CURVE} has the shape {curve.shape}", wanted, _transposed(curve.shape))
    if TENORS in arrays and tuple(np.asarray(arrays[TENORS]).ravel().tolist()) != TENOR_YEARS:
        found = f"{TENORS} is {np.asarray(arrays[TENORS]).tolist()}"
        raise DataError(source, found, f"{list(TENOR_YEARS)}", "Put the tenors in this order.")
    largest = float(np.abs(curve).max())
    if 0.0 < largest < FRACTION_BELOW_BP:
        found = f"no change is larger than {largest:g} bp: they seem to be fractions or per cent"
        raise DataError(source, found, f"{CURVE} in bp", "Write 25.0 for 0.25%.")
    if VOLATILITY not in arrays:
        return UserArrays(source, curve, np.ones(curve.shape[:2]))
    multiplier = _checked(source, VOLATILITY, arrays[VOLATILITY], 2, 1e-3, MULTIPLIER_MAX)
    if multiplier.shape != curve.shape[:2]:
        wanted = f"{curve.shape[:2]}, the paths and days of {CURVE}"
        raise DataError(source, f"{VOLATILITY} has the shape {multiplier.shape}", wanted)
    return UserArrays(source, curve, multiplier)


def _transposed(shape: tuple[int, ...]) -> str:
    if TENOR_COUNT not in shape[:2]:
        return ""
    return f"The tenors stand in dimension {shape.index(TENOR_COUNT) + 1}: transpose the array."


def _checked(source: str, name: str, found: Any, ndim: int, lowest: float, highest: float) -> Floats:
    values = np.asarray(found)
    _check_kind(source, name, values.dtype, values.shape)
    if values.ndim != ndim:
        raise DataError(source, f"{name} has the shape {values.shape}", f"{ndim} dimensions")
    values = np.ascontiguousarray(values, dtype=np.float64)
    # NaN fails both comparisons, so it is caught here too.
    wrong = ~((values >= lowest) & (values <= highest))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            source,
            f"{name}{list(place)} is {values[place]}, and {int(wrong.sum()):,} values in all are out of bounds",
            f"{lowest:g} to {highest:g}; a blank (NaN) is not",
            "Check the unit, and fill what is missing.",
        )
    return values


def _check_kind(source: str, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Refuse what is no plain number, and what is too large, from what is said of an array alone."""
    if dtype.kind not in "fiu":
        raise DataError(source, f"{name} holds {dtype}", "plain numbers", "Save it as an array of floats.")
    size = math.prod(shape) * max(dtype.itemsize, 8)
    if size > BYTES_MAX:
        found = f"{name} has {size / 2**30:,.1f} GiB of values"
        raise DataError(
            source, found, f"up to {BYTES_MAX / 2**30:g} GiB", "Split the paths over several runs."
        )


def _npy_array(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {CURVE: _npy_values(path.name, CURVE, file, path.stat().st_size)}


def _npz_arrays(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            arrays: dict[str, Any] = {}
            for name in (CURVE, VOLATILITY, TENORS):
                if name in members:
                    with archive.open(members[name]) as file:
                        arrays[name] = _npy_values(path.name, name, file, members[name].file_size)
            # What stands beside them is named, never read.
            return arrays if CURVE in arrays else dict.fromkeys(members)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as fault:
        raise _unreadable(path, "npz", fault, "numpy.savez") from None


def _npy_values(source: str, name: str, file: IO[bytes], size: int) -> Any:
    """Values of one array, read once its head says that they are plain, fit, and are all there."""
    try:
        version = np.lib.format.read_magic(file)
        read_head = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}[
            version[0]
        ]
        shape, is_fortran, dtype = read_head(file)
    except (ValueError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error) as fault:
        raise _unreadable(Path(source), "npy", fault, "numpy.save") from None
    _check_kind(source, name, dtype, shape)
    needed = math.prod(shape) * dtype.itemsize
    held = file.read(needed) if needed <= size else b""
    if len(held) < needed:
        found = f"{name} claims {needed:,} bytes of values, and the file has fewer"
        raise DataError(source, found, "a whole file", "Write it anew.")
    values = np.frombuffer(held, dtype)
    return values.reshape(shape, order="F" if is_fortran else "C")


def _netcdf_arrays(path: Path) -> dict[str, Any]:
    import xarray as xr

    with path.open("rb") as file:
        is_classic = file.read(3) == b"CDF"
    if not is_classic and importlib.util.find_spec("h5netcdf") is None:
        found = "is no classic netCDF file, and h5netcdf, which reads others, is not installed"
        advice = "Write it with to_netcdf(..., engine='scipy'), or install h5netcdf."
        raise DataError(path.name, found, ARRAYS, advice)
    try:
        with xr.open_dataset(
            path, engine="scipy" if is_classic else "h5netcdf", decode_times=False
        ) as dataset:
            names = [name for name in (CURVE, VOLATILITY, TENORS) if name in dataset]
            for name in names:
                _check_kind(path.name, name, dataset[name].dtype, dataset[name].shape)
            return {name: dataset[name].values for name in names} or dict.fromkeys(map(str, dataset))
    except DataError:
        raise
    except Exception as fault:  # whatever the readers raise on a damaged file
        raise _unreadable(path, "netCDF", fault, "xarray's to_netcdf(..., engine='scipy')") from None


def _unreadable(path: Path, kind: str, fault: Exception, writer: str) -> DataError:
    found = f"cannot be read as {kind}: {type(fault).__name__}"
    return DataError(path.name, found, f"plain float arrays, {ARRAYS}", f"Write it anew with {writer}.")
