"""Surfaces on a grid as a cloud-optimised GeoTIFF, each band with its name.

Bands are ``(rows, cols)``, row 0 in the north, NaN where nothing is said.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from incidents.files import replacing_file
from rasterize.grid import Grid

Bands = Mapping[str, npt.NDArray[np.float64]]

SUFFIXES = (".tif", ".tiff")


def write_raster(path: Path, bands: Bands, *, grid: Grid, tags: Mapping[str, str] | None = None) -> int:
    """Write bands in double precision, so that reading gives back exactly what was computed.

    Counts of incidents are written as they are: pass them through ``exports.disclosure`` first.

    Args:
        path: Its place; ``.tif`` or ``.tiff``.
        bands: Values by name, ``(rows, cols)`` each; NaN is the file's value for nothing.
        grid: The cells; its CRS and origin go into the file.
        tags: What a reader should know beside the numbers, by name.

    Returns:
        Size of the file, bytes.

    Raises:
        ConfigError: Another suffix.
        DataError: No band, or one of another shape than the grid's.
        StoreError: The file could not be written.

    Reference:
        Cloud Optimized GeoTIFF, OGC 21-026.
    """
    import rasterio

    _check(path, bands, grid)
    profile = {
        "driver": "COG",
        "height": grid.rows,
        "width": grid.cols,
        "count": len(bands),
        "dtype": "float64",
        "crs": grid.crs,
        "transform": rasterio.Affine(*grid.transform),
        "nodata": np.nan,
        "compress": "deflate",
        # Of classes no mean may be taken, and of other bands the nearest value is at least a true one.
        "overview_resampling": "nearest",
    }
    with replacing_file(path) as aside, rasterio.open(aside, "w", **profile) as file:
        for number, (name, values) in enumerate(bands.items(), start=1):
            file.write(values.astype(np.float64), number)
            file.set_band_description(number, name)
        file.update_tags(**(tags or {}))
    return path.stat().st_size


def _check(path: Path, bands: Bands, grid: Grid) -> None:
    """Refuse another suffix, and bands that are not of the grid."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"Expected a raster ending in {' or '.join(SUFFIXES)}. Received: {path.name}. Change the name under --out."
        )
    wrong = {name: values.shape for name, values in bands.items() if values.shape != grid.shape}
    if wrong or not bands:
        raise DataError(
            f"Expected one or more bands of shape {grid.shape}. Received: {wrong or 'none'}. "
            "Pass surfaces on this grid."
        )
