"""Results as a NetCDF file (version 3, 64-bit offsets), which any program of the field reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.places import shown

if TYPE_CHECKING:
    import xarray as xr

#: The file is built in memory; beyond this it is refused.
BYTES_MAX = 2 * 10**9


def netcdf_bytes(dataset: xr.Dataset, folder: Path, variables: Sequence[str] = ()) -> bytes:
    """A dataset as NetCDF.

    Parameters
    ----------
    dataset
        Results of a run or a sweep, as they are opened.
    folder
        Where they come from, for messages.
    variables
        Names of what is wanted; everything by default.

    Raises
    ------
    OutputError
        If a name is not there, or the file would be larger than 2 GB.
    """
    unknown = [name for name in variables if name not in dataset.data_vars]
    if unknown:
        known = ", ".join(map(str, dataset.data_vars))
        raise OutputError(
            f"--variable: found {', '.join(unknown)}; {shown(folder)} has {known}.",
            BAD_INPUT,
        )
    chosen = dataset[list(variables)] if variables else dataset
    if chosen.nbytes > BYTES_MAX:
        raise OutputError(
            f"{shown(folder)}: NetCDF of {chosen.nbytes / 1e9:,.1f} GB, which is built in memory; allowed are"
            f" {BYTES_MAX / 1e9:.0f} GB. Choose variables with --variable, or open the Zarr store itself.",
            BAD_INPUT,
        )
    plain = chosen.map(_plain, keep_attrs=True).assign_coords(
        {name: _plain(values) for name, values in chosen.coords.items()}
    )
    for values in plain.variables.values():
        values.encoding = {}
        values.attrs = {name: _attribute(value) for name, value in values.attrs.items() if value is not None}
    plain.attrs = {name: _attribute(value) for name, value in dataset.attrs.items() if value is not None}
    return bytes(plain.to_netcdf(engine="scipy", format="NETCDF3_64BIT"))


def _plain(values: xr.DataArray) -> xr.DataArray:
    """Numbers and texts that the format knows: texts as fixed characters, whole numbers of four bytes, no truths."""
    kind = values.dtype.kind
    if kind in "OTU":
        return values.copy(data=np.array(values.values.tolist(), dtype=np.str_).reshape(values.shape))
    if kind == "b":
        return values.astype(np.int8)
    if kind in "iu" and values.dtype.itemsize > 4:
        return values.astype(np.int32)
    return values


def _attribute(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
