from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from simulator.drivers import user_arrays
from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.random_streams import normals
from simulator.drivers.user_arrays import read_user_arrays

CURVE = normals(1, "arrays of a test", 0, 6, 70).reshape(6, 10, 7)
VOLATILITY = np.linspace(0.5, 2.0, 60).reshape(6, 10)


def written(folder: Path, kind: str, **arrays: np.ndarray) -> Path:
    path = folder / f"paths.{kind}"
    if kind == "npz":
        np.savez(path, **arrays)
    else:
        xarray = pytest.importorskip("xarray")
        dims = ("path", "day", "tenor")
        variables = {name: (dims[: values.ndim], values) for name, values in arrays.items()}
        xarray.Dataset(variables).to_netcdf(path, engine="scipy")
    return path


@pytest.mark.parametrize("kind", ["npz", "nc"])
def test_arrays_come_back_as_written(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, curve_change_bp=CURVE, volatility_multiplier=VOLATILITY)
    arrays = read_user_arrays(path)
    assert np.array_equal(arrays.curve_change_bp, CURVE)
    assert np.array_equal(arrays.volatility_multiplier, VOLATILITY)
    block = draw_block(DriverSpec("arrays", arrays=arrays), 1, 2, 3, 8)
    assert np.array_equal(block.curve_change_bp, CURVE[2:5, :8])
    assert np.array_equal(block.volatility_multiplier, VOLATILITY[2:5, :8])


def test_volatility_is_one_where_not_given(tmp_path: Path) -> None:
    arrays = read_user_arrays(written(tmp_path, "npz", curve_change_bp=CURVE.astype(np.float32)))
    assert np.array_equal(arrays.volatility_multiplier, np.ones((6, 10)))
    assert arrays.curve_change_bp.dtype == np.float64


def spoiled(array: np.ndarray, value: float) -> np.ndarray:
    copy = array.copy()
    copy[1, 2, ...] = value
    return copy


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"curve": CURVE},
            "paths.npz: no variable curve_change_bp; allowed: curve_change_bp (path, day, tenor) in bp.",
        ),
        (
            {"curve_change_bp": CURVE[0]},
            "paths.npz: curve_change_bp has the shape (10, 7); allowed: 3 dimensions.",
        ),
        (
            {"curve_change_bp": CURVE[:, :, :6]},
            "paths.npz: curve_change_bp has the shape (6, 10, 6); allowed: (path, day, 7), the tenors"
            " (2, 3, 5, 7, 10, 20, 30) years in this order.",
        ),
        (
            {"curve_change_bp": CURVE[:0]},
            "paths.npz: curve_change_bp has the shape (0, 10, 7); allowed: (path, day, 7)",
        ),
        (
            {"curve_change_bp": spoiled(CURVE, np.nan)},
            "paths.npz: curve_change_bp[1, 2, 0] is nan, and 7 values in all are out of bounds; allowed:"
            " -3000 to 3000; a blank (NaN) is not.",
        ),
        ({"curve_change_bp": spoiled(CURVE, np.inf)}, "paths.npz: curve_change_bp[1, 2, 0] is inf, and 7"),
        ({"curve_change_bp": spoiled(CURVE, 5e3)}, "paths.npz: curve_change_bp[1, 2, 0] is 5000.0, and 7"),
        (
            {"curve_change_bp": CURVE.astype(str)},
            "paths.npz: curve_change_bp holds <U32; allowed: plain numbers.",
        ),
        ({"curve_change_bp": CURVE.astype(complex)}, "paths.npz: curve_change_bp holds complex128;"),
        (
            {"curve_change_bp": CURVE, "volatility_multiplier": VOLATILITY[:, :9]},
            "paths.npz: volatility_multiplier has the shape (6, 9); allowed: (6, 10), the paths and days of"
            " curve_change_bp.",
        ),
        (
            {"curve_change_bp": CURVE, "volatility_multiplier": spoiled(VOLATILITY, 0.0)},
            "paths.npz: volatility_multiplier[1, 2] is 0.0, and 1 values in all are out of bounds;",
        ),
        (
            {"curve_change_bp": CURVE, "tenor_years": np.array([1, 2, 3, 5, 7, 10, 30])},
            "paths.npz: tenor_years is [1, 2, 3, 5, 7, 10, 30]; allowed: [2, 3, 5, 7, 10, 20, 30].",
        ),
    ],
)
def test_faults_are_named(tmp_path: Path, arrays: dict, message: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011
        read_user_arrays(written(tmp_path, "npz", **arrays))
    assert str(fault.value).startswith(message)


def test_too_many_paths_are_refused(tmp_path: Path) -> None:
    spec = DriverSpec("arrays", arrays=read_user_arrays(written(tmp_path, "npz", curve_change_bp=CURVE)))
    with pytest.raises(ValueError, match=r"6 paths of 10 days; allowed: at least the 7 paths of 10 days"):
        draw_block(spec, 1, 4, 3, 10)
    with pytest.raises(ValueError, match=r"allowed: at least the 1 paths of 11 days"):
        draw_block(spec, 1, 0, 1, 11)


@pytest.mark.parametrize("kind", ["npz", "nc"])
@pytest.mark.parametrize(
    "content", [b"", b"CDF\x01 broken", b"PK\x03\x04 broken", b"\x89HDF\r\n\x1a\n broken"]
)
def test_damaged_files_give_one_message(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / f"paths.{kind}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"paths.{kind}: (cannot be read as|is no classic netCDF)"):
        read_user_arrays(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in .pkl; allowed: a file of arrays, .npy, .npz or .nc"):
        read_user_arrays(tmp_path / "paths.pkl")


class Payload:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.mark,))


def test_pickled_objects_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    path = tmp_path / "paths.npz"
    np.savez(path, curve_change_bp=np.array([Payload(mark)], dtype=object))
    with pytest.raises(ValueError, match=r"paths.npz: curve_change_bp holds object; allowed: plain numbers"):
        read_user_arrays(path)
    assert not mark.exists()


def test_oversized_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_arrays, "BYTES_MAX", 1_000)
    for kind in ("npz", "nc"):
        path = written(tmp_path, kind, curve_change_bp=CURVE)
        with pytest.raises(
            ValueError, match=rf"paths.{kind}: curve_change_bp has 0.0 GiB of values; allowed:"
        ):
            read_user_arrays(path)


def test_a_lying_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "paths.npz"
    header = (
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 7), }"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("curve_change_bp.npy", header.ljust(127) + b"\n" + b"\x00" * 64)
    with pytest.raises(ValueError, match=r"paths.npz: curve_change_bp has .* GiB of values"):
        read_user_arrays(path)
