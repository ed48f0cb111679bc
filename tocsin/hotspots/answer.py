"""What a method answers, and how it leaves the house: small counts withheld, each file whole or not there."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from exports.disclosure import SMALLEST_SHOWN, withhold_small_counts
from exports.figures import save_figure
from exports.geopackage import write_geopackage
from exports.raster import write_raster
from hotspots.layers import areas_layer
from hotspots.points import Bools, Floats
from incidents.files import replacing_file
from rasterize.grid import Grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNT = "count"
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Scores:
    """How a method ranks places, for judging it as a forecast.

    Args:
        risk: Higher where more is to be expected, ``(*places)``; NaN where nothing is said.
        again: The same from some of the incidents, chosen by a mask ``(incidents,)``; None where that makes no sense.
    """

    risk: Floats
    again: Callable[[Bools], Floats] | None = None


@dataclass(frozen=True)
class Answer:
    """A method's result.

    Args:
        summary: What was found, in a few words, e.g. ``12 of 400 cells hot``.
        figures: Numbers, settings and remarks, for the JSON.
        pictures: Figures by the end of their file name; ``""`` is the map.
        bands: Values of cells or areas by name.
        grid: The cells of ``bands``, or None for areas.
        layer: Hulls or areas that are not those of ``bands``.
        scores: How it ranks places, where it does.
    """

    summary: str
    figures: Mapping[str, Any]
    pictures: "Mapping[str, Figure]"
    bands: Mapping[str, Floats] = field(default_factory=dict)
    grid: Grid | None = None
    layer: gpd.GeoDataFrame | None = None
    scores: Scores | None = None


@dataclass(frozen=True)
class Released:
    """Bands as they may leave the house.

    Args:
        bands: Values by name; withheld counts are NaN.
        withheld: Number of places whose count is withheld; None where there is no band of counts.
    """

    bands: dict[str, Floats]
    withheld: int | None


def release_bands(bands: Mapping[str, Floats]) -> Released:
    """Withhold small counts of incidents in the band ``count``, and whatever would give them away by subtraction.

    Where even that would not hide them, no count is released at all, zeros included. Statistics of a place and its
    neighbors stay as they are: they say where incidents gather, which is what is asked. They are sums over
    neighborhoods, so that a reader who also knows the neighbors can solve for counts; files with them are for those
    who may see the counts, unless cells are large enough.
    """
    if COUNT not in bands:
        return Released(dict(bands), None)
    counts = bands[COUNT]
    known = np.isfinite(counts)
    safe = withhold_small_counts(counts[known].astype(np.int64))
    shown = np.full(counts.shape, np.nan)
    if safe.total is not None:
        shown[known] = safe.shown
    return Released({**bands, COUNT: shown}, int(np.count_nonzero(known & np.isnan(shown))))


def describe_bands(bands: Mapping[str, Floats]) -> dict[str, dict[str, float | int | None]]:
    """Range, mean and number of places of each band; places at most 0.05 of each p."""
    return {name: _describe_band(name, values) for name, values in bands.items()}


def _describe_band(name: str, values: Floats) -> dict[str, float | int | None]:
    known = values[np.isfinite(values)]
    told: dict[str, float | int | None] = {"places": int(known.size)}
    for word, measure in (("min", np.min), ("max", np.max), ("mean", np.mean)):
        told[word] = float(measure(known)) if known.size else None
    if name.startswith("p") and (name == "p" or name.startswith("p_")):
        told["significant"] = int(np.count_nonzero(known <= SIGNIFICANT))
    return told


def write_answer(
    answer: Answer, common: Mapping[str, Any], *, polygons: gpd.GeoDataFrame, stem: str, folder: Path
) -> dict[str, Any]:
    """Write map data, pictures and, last, the JSON of figures.

    Args:
        answer: What to write.
        common: What every result says of its incidents.
        polygons: The areas of ``answer.bands`` where there is no grid.
        stem: Name of the files without their ends.
        folder: Where they go.

    Returns:
        What the JSON says.

    Raises:
        StoreError: A file could not be written; those before it are in place, the JSON is not.
    """
    released = release_bands(answer.bands)
    files = _write_places(answer, released, common, polygons, folder / stem)
    for end, figure in answer.pictures.items():
        files.append(folder / f"{stem}{end}.png")
        save_figure(figure, files[-1])
    told = {"method": stem, **common, **answer.figures, "bands": describe_bands(released.bands)}
    told["disclosure"] = {"smallest_shown": SMALLEST_SHOWN, "counts_withheld": released.withheld}
    files.append(folder / f"{stem}.json")
    told["files"] = [str(file) for file in files]
    plain: dict[str, Any] = _plain(told)
    with replacing_file(files[-1]) as aside:
        aside.write_text(json.dumps(plain, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return plain


def _write_places(
    answer: Answer, released: Released, common: Mapping[str, Any], polygons: gpd.GeoDataFrame, stem: Path
) -> list[Path]:
    """The GeoTIFF of cells and the GeoPackage of areas or hulls, as far as there are any."""
    raster, layer = stem.with_name(f"{stem.name}.tif"), stem.with_name(f"{stem.name}.gpkg")
    files = []
    if answer.grid is not None and released.bands:
        tags = {name: str(common[name]) for name in ("city", "categories", "from", "to", "as_of")}
        write_raster(raster, released.bands, grid=answer.grid, tags=tags)
        files.append(raster)
    shapes = answer.layer
    if shapes is None and answer.grid is None and released.bands:
        shapes = areas_layer(polygons, released.bands)
    if shapes is not None:
        write_geopackage(layer, shapes)
        files.append(layer)
    return files


def _plain(value: Any) -> Any:
    """Numbers and texts that JSON knows; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
