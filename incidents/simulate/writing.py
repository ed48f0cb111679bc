"""The files of a simulated city: incidents, polygons, places, config, and the truth beside them."""

import gzip
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
import yaml

from incidents.errors import StoreError
from incidents.simulate.city import CRS, City, Points
from incidents.simulate.layout import DISTRICTS_FILE, INCIDENTS_FILE, NEIGHBORHOODS_FILE, PLACES_FILE, SOURCE
from incidents.simulate.recording import record_arrays, record_parameters
from incidents.simulate.settings import SimulationSettings
from incidents.simulate.simulation import SimulatedCity

_COMPRESSION = 4
"""gzip level: a third of the time of the default for 5% more bytes."""


def write_city(
    city: SimulatedCity, folder: Path, *, config: Mapping[str, object] | None = None
) -> tuple[Path, ...]:
    """Write a city and its truth into a folder; equal cities give equal bytes.

    All files are written aside first and then renamed, so that a failed write leaves no half file.

    Args:
        city: The simulated city.
        folder: Where to; made if need be, files of the same names are replaced.
        config: Keys of ``city.yaml``, whose ``simulation`` is replaced by the settings used; by default those
            of ``CitySource`` alone.

    Returns:
        ``incidents.csv.gz``, ``neighborhoods.geojson``, ``districts.geojson``, ``places.geojson`` (WGS84),
        ``city.yaml``, ``truth.json``, ``truth.npz``.

    Raises:
        StoreError: The folder cannot be written.
    """
    try:
        return _write_aside(_encode(city, SOURCE if config is None else config), folder)
    except OSError as error:
        raise StoreError(
            f"Expected a folder that can be written. Received: {folder} ({error.strerror}). "
            "Free space or name another folder."
        ) from error


def _write_aside(files: Mapping[str, bytes], folder: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as aside:
        for name, content in files.items():
            (Path(aside) / name).write_bytes(content)
        return tuple((Path(aside) / name).replace(folder / name) for name in files)


def _encode(city: SimulatedCity, config: Mapping[str, object]) -> dict[str, bytes]:
    settings = _plain_settings(city.settings)
    ground = city.intensity.city
    return {
        INCIDENTS_FILE: gzip.compress(city.reports.rows.write_csv().encode(), _COMPRESSION, mtime=0),
        NEIGHBORHOODS_FILE: _encode_neighborhoods(ground),
        DISTRICTS_FILE: _encode_districts(ground),
        PLACES_FILE: _encode_places(ground),
        "city.yaml": yaml.safe_dump({**config, "simulation": settings}, sort_keys=False).encode(),
        "truth.json": _encode_json({"settings": settings, **record_parameters(city)}),
        "truth.npz": record_arrays(city),
    }


def _plain_settings(settings: SimulationSettings) -> dict[str, object]:
    """Settings as YAML and JSON have them: mappings, lists, numbers and text."""
    plain: dict[str, object] = json.loads(json.dumps(asdict(settings), default=str))
    return plain


def _encode_json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()


def _encode_neighborhoods(city: City) -> bytes:
    properties = (
        {"id": f"N{number:04d}", "name": str(name), "population": int(people), "district": str(district)}
        for number, (name, people, district) in enumerate(
            zip(city.names, city.population, city.districts, strict=True), start=1
        )
    )
    return _encode_features(city.polygons, properties)


def _encode_districts(city: City) -> bytes:
    names, member = np.unique(city.districts, return_inverse=True)
    polygons = [shapely.union_all(city.polygons[member == district]) for district in range(names.size)]
    people = np.bincount(member, city.population).astype(int)
    properties = (
        {"name": str(name), "population": int(count)} for name, count in zip(names, people, strict=True)
    )
    return _encode_features(np.array(polygons), properties)


def _encode_places(city: City) -> bytes:
    points: Points = np.concatenate([np.empty((0, 2)), *(place.points for place in city.places)])
    properties = (
        {"kind": place.kind, "radius_m": place.radius_m, "rate_ratio": place.rate_ratio}
        for place in city.places
        for _ in place.points
    )
    return _encode_features(np.asarray(shapely.points(points)), properties)


def _encode_features(
    geometries: npt.NDArray[np.object_], properties: Iterable[Mapping[str, object]]
) -> bytes:
    """A GeoJSON feature collection in WGS84, to about a millimetre."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    degrees = shapely.transform(
        geometries, lambda points: np.round(np.column_stack(to_degrees.transform(*points.T)), 8)
    )
    features = [
        {"type": "Feature", "properties": each, "geometry": json.loads(geometry)}
        for each, geometry in zip(properties, shapely.to_geojson(degrees), strict=True)
    ]
    return _encode_json({"type": "FeatureCollection", "features": features})
