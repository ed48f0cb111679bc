"""How the simulated city's files are to be read: the source keys of its config."""

from collections.abc import Mapping

from incidents.schema import ENFORCEMENT_CREATED, Origin
from incidents.simulate.city import CRS
from incidents.simulate.clock import TIME_ZONE
from incidents.simulate.reports import TIME_FORMAT, WORDINGS

INCIDENTS_FILE = "incidents.csv.gz"
NEIGHBORHOODS_FILE = "neighborhoods.geojson"
DISTRICTS_FILE = "districts.geojson"
PLACES_FILE = "places.geojson"

SOURCE: Mapping[str, object] = {
    "name": "simulated",
    "time_zone": TIME_ZONE,
    "crs": CRS,
    "layouts": {
        "simulated": {
            "format": "csv",
            "incident_id": "incident_id",
            "occurred": {"columns": ["occurred_at"], "format": TIME_FORMAT, "zone": "local"},
            "known": {"columns": ["reported_at"], "format": TIME_FORMAT, "zone": "local"},
            "offense": "offense",
            "detail": "detail",
            "longitude": "longitude",
            "latitude": "latitude",
            "district": "district",
            "place": "inside_outside",
            "weapon": "weapon",
        }
    },
    "categories": [
        {
            "category": category.value,
            "offense": f"^{wording.offense}$",
            "origin": (Origin.DISCOVERED if category in ENFORCEMENT_CREATED else Origin.REPORTED).value,
        }
        for category, wording in WORDINGS.items()
    ],
    "places": {"INSIDE": "indoors", "OUTSIDE": "outdoors"},
    "layers": {
        "neighborhood": {"file": NEIGHBORHOODS_FILE, "id": "name", "population": "population"},
        "district": {"file": DISTRICTS_FILE, "id": "name", "population": "population"},
    },
    "area_layer": "neighborhood",
}
"""The keys of ``CitySource`` for a simulated city, as plain YAML values."""
