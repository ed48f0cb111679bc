"""Where a city's areas lie: polygon files read, checked and projected to metres.

A layer is a GeoDataFrame with one row per area, sorted by id: ``area`` (str), ``population`` (residents,
NaN where the file has none) and ``geometry`` in the projected CRS (metres).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from incidents.errors import CrsError, PolygonError
from incidents.source import PolygonLayer

if TYPE_CHECKING:
    import geopandas
    import pandas
    import pyproj

REPAIRED = "repaired_areas"
"""Key of ``GeoDataFrame.attrs`` that lists the ids of the polygons whose tiny faults were mended."""


def search_folders(
    *,
    config_folder: Path | None = None,
    data_folders: Iterable[Path] = (),
    incident_files: Iterable[Path] = (),
    polygon_folders: Iterable[Path] = (),
) -> tuple[Path, ...]:
    """Folders in which polygon files are looked for, in the documented order and without repeats."""
    folders = [
        *([config_folder] if config_folder else []),
        *data_folders,
        *(file.parent for file in incident_files),
        *polygon_folders,
    ]
    return tuple(dict.fromkeys(folders))


def find_polygon_file(file: str, search: Sequence[Path]) -> Path:
    """First existing polygon file: by its whole path in every folder, then by its bare name.

    Raises:
        PolygonError: No folder has it; the message lists where it was looked for.
    """
    whole = Path(file)
    tried = [folder / name for name in dict.fromkeys((whole, Path(whole.name))) for folder in search]
    if whole.is_absolute():
        tried = [whole]
    for candidate in tried:
        if candidate.is_file():
            return candidate
    looked = ", ".join(str(folder) for folder in search) or "no folder at all"
    raise PolygonError(
        f"Expected the polygon file {file}. Received: nothing of that name in {looked}. "
        "Download it from the city's portal into one of these folders, or name its folder in TOCSIN_DATA."
    )


def projected_crs(crs: str) -> pyproj.CRS:
    """The CRS of that name, if it is projected and in metres.

    Raises:
        CrsError: It is unknown, in degrees, or in another unit than metres.
    """
    import pyproj

    remedy = (
        "Name a projected CRS in metres in the city's YAML under crs, such as its UTM or state plane zone."
    )
    try:
        parsed = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(
            f"Expected a projected CRS in metres. Received: {crs}, which is unknown. {remedy}"
        ) from error
    if not parsed.is_projected:
        raise CrsError(f"Expected a projected CRS in metres. Received: {crs} (degrees). {remedy}")
    unit = parsed.axis_info[0]
    if unit.unit_conversion_factor != 1.0:
        raise CrsError(f"Expected a projected CRS in metres. Received: {crs} ({unit.unit_name}). {remedy}")
    return parsed


def load_layer(layer: PolygonLayer, *, crs: str, search: Sequence[Path]) -> geopandas.GeoDataFrame:
    """Read a polygon file, dissolve features of one id, check it, and project it.

    Invalid outlines whose repair moves less area than ``layer.sliver_m2`` are mended and listed in
    ``attrs["repaired_areas"]``; others are refused, because a self-intersection hides which side is inside.

    Args:
        layer: File, id and population property, largest overlap that counts as boundary noise.
        crs: Projected CRS in metres to which the polygons are brought.
        search: Folders, as from `search_folders`.

    Returns:
        ``area`` (str), ``population`` (float, NaN if unknown), ``geometry`` (metres), sorted by ``area``.

    Raises:
        PolygonError: The file is missing or unreadable, or polygons are invalid or overlap.
        CrsError: ``crs`` is not in metres, or the file does not say its own CRS.
    """
    target = projected_crs(crs)
    path = find_polygon_file(layer.file, search)
    features = _projected(_drop_empty(_read_features(path, layer), path), target, path)
    mended, repaired = _mend(features, path, layer.sliver_m2)
    areas = _dissolve(mended)
    check_overlaps(areas, path=path, sliver_m2=layer.sliver_m2)
    areas.attrs[REPAIRED] = repaired
    return areas


def _read_features(path: Path, layer: PolygonLayer) -> geopandas.GeoDataFrame:
    """Features as in the file, with columns ``area``, ``population`` and ``geometry``."""
    import geopandas as gpd
    import pyogrio

    try:
        read = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise PolygonError(
            f"Expected polygons in {path}. Received: {error}. Fetch the file again."
        ) from error
    if len(read) == 0:
        raise PolygonError(f"Expected polygons in {path}. Received: no features. Fetch the file again.")
    wanted = [name for name in (layer.id, layer.population) if name is not None]
    _check_properties(list(read.columns), wanted, path)
    ids = read[layer.id]
    if ids.isna().any():
        raise PolygonError(
            f"Expected features that all have the property {layer.id!r} in {path}. "
            f"Received: {len(read)} features, {int(ids.isna().sum())} without it. "
            "Name another property under id, or remove these features."
        )
    return gpd.GeoDataFrame(
        {
            "area": [_as_id(value) for value in ids],
            "population": _as_numbers(read[layer.population], path) if layer.population else np.nan,
        },
        geometry=read.geometry,
        crs=read.crs,
    )


def _as_numbers(values: pandas.Series[Any], path: Path) -> pandas.Series[float]:
    try:
        return values.astype(float)
    except (TypeError, ValueError) as error:
        raise PolygonError(
            f"Expected numbers of residents in {values.name!r} of {path}. Received: {error}. "
            "Name another property under population, or leave it out."
        ) from error


def _drop_empty(features: geopandas.GeoDataFrame, path: Path) -> geopandas.GeoDataFrame:
    """Leave out features without ground, which some portals add; refuse areas that have no other."""
    empty = features.geometry.isna() | features.geometry.is_empty
    lost = sorted(set(features["area"]) - set(features["area"][~empty]))
    if lost:
        raise PolygonError(
            f"Expected an outline for every area in {path}. Received: none for {', '.join(lost[:5])}. "
            "Remove these features, or fetch the file again."
        )
    return features[~empty].reset_index(drop=True)


def _as_id(value: Any) -> str:
    """Text of an id; whole numbers lose the ``.0`` that GDAL gives them."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _check_properties(present: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    """Refuse a file without the wanted properties, naming the nearest that it has."""
    for name in wanted:
        if name not in present:
            near = difflib.get_close_matches(name, present, n=3, cutoff=0.5) or list(present)
            raise PolygonError(
                f"Expected the property {name!r} in {path}. Received: {', '.join(near)}. "
                "Correct id or population of this layer in the city's YAML."
            )


def _projected(features: geopandas.GeoDataFrame, target: pyproj.CRS, path: Path) -> geopandas.GeoDataFrame:
    """Features in metres, or an error where the file's CRS is unknown or does not fit its coordinates."""
    if features.crs is None:
        raise CrsError(
            f"Expected a file that states its CRS. Received: none in {path}. "
            "Add the .prj file, or convert to GeoJSON in longitude and latitude."
        )
    moved = features.to_crs(target)
    if not np.isfinite(moved.total_bounds).all():
        raise CrsError(
            f"Expected coordinates in {features.crs.name} in {path}. Received: bounds "
            f"{[round(float(bound), 3) for bound in features.total_bounds]}, which are not. "
            "Correct the CRS that the file states."
        )
    return moved


def _mend(
    features: geopandas.GeoDataFrame, path: Path, sliver_m2: float
) -> tuple[geopandas.GeoDataFrame, list[str]]:
    """Valid polygons and the ids of those that were repaired; refuse faults larger than a sliver."""
    import shapely

    shapes = np.asarray(features.geometry.array, dtype=object)
    _refuse_other_shapes(features, shapes, path)
    broken = ~shapely.is_valid(shapes)
    if not broken.any():
        return features, []
    whole = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    change = _area_in_doubt(shapes[broken], whole)
    worst = int(np.argmax(change))
    if change[worst] > sliver_m2:
        name = features["area"][broken].iloc[worst]
        raise PolygonError(
            f"Expected valid polygons in {path}. Received: area {name!r} is invalid "
            f"({shapely.is_valid_reason(shapes[broken][worst])}), and {change[worst]:.0f} m2 of it are in doubt. "
            "Repair its outline (for example QGIS: Fix geometries), or raise sliver_m2 of this layer."
        )
    mended = shapes.copy()
    mended[broken] = whole
    return features.set_geometry(mended, crs=features.crs), sorted(features["area"][broken])


def _area_in_doubt(
    broken: npt.NDArray[np.object_], whole: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Square metres on which the two ways to read an invalid outline (lines or structure) disagree."""
    import shapely

    by_lines = shapely.make_valid(broken, method="linework")
    doubt: npt.NDArray[np.float64] = shapely.area(shapely.symmetric_difference(by_lines, whole))
    change: npt.NDArray[np.float64] = np.abs(shapely.area(broken) - shapely.area(whole))
    return np.maximum(doubt, change)


def _refuse_other_shapes(
    features: geopandas.GeoDataFrame, shapes: npt.NDArray[np.object_], path: Path
) -> None:
    """Refuse points and lines."""
    import shapely

    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6))
    if not polygonal.all():
        odd = int(np.argmin(polygonal))
        raise PolygonError(
            f"Expected polygons in {path}. "
            f"Received: {shapes[odd].geom_type} for area {features['area'].iloc[odd]!r}. "
            "Remove the feature, or name a polygon file."
        )


def _dissolve(features: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """One row per id, sorted; populations of the parts are added, an unknown part leaves it unknown."""
    import geopandas as gpd
    import shapely

    ids, first, group, parts = np.unique(
        features["area"].to_numpy(dtype=object), return_index=True, return_inverse=True, return_counts=True
    )
    shapes = np.asarray(features.geometry.array, dtype=object)
    merged = shapes[first]
    for row in np.flatnonzero(parts > 1):
        merged[row] = shapely.union_all(shapes[group == row])
    population = np.bincount(group, weights=features["population"].to_numpy(dtype=float))
    return gpd.GeoDataFrame({"area": ids, "population": population}, geometry=merged, crs=features.crs)


def check_overlaps(areas: geopandas.GeoDataFrame, *, path: Path, sliver_m2: float) -> None:
    """Refuse two areas that share more ground than boundary noise.

    Raises:
        PolygonError: Names the worst pair and its overlap in square metres.
    """
    import shapely

    shapes = np.asarray(areas.geometry.array, dtype=object)
    # Edges that are not shared exactly are cheap to find, and a clean layer has none.
    suspect = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    hits, others = shapely.STRtree(shapes).query(shapes[suspect], predicate="intersects")
    apart = suspect[hits] != others
    first, second = suspect[hits][apart], others[apart]
    if len(first) == 0:
        return
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    worst = int(np.argmax(shared))
    if shared[worst] > sliver_m2:
        names = sorted(areas["area"].iloc[[first[worst], second[worst]]])
        raise PolygonError(
            f"Expected areas that do not overlap by more than {sliver_m2:g} m2 in {path}. "
            f"Received: {names[0]!r} and {names[1]!r} share {shared[worst]:.0f} m2. "
            "Correct their outlines, or raise sliver_m2 of this layer."
        )
