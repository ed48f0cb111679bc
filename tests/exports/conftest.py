"""A town of three neighborhoods, and what is said beside a forecast for it."""

from datetime import UTC, datetime

import geopandas as gpd
import pytest
from shapely.geometry import box

from exports.caption import RiskCaption


@pytest.fixture(scope="session")
def town() -> gpd.GeoDataFrame:
    """Three squares of 300 m in a row, in Maryland."""
    west, south = 430_000, 180_000
    squares = [box(west + start, south, west + start + 300, south + 300) for start in (0, 300, 600)]
    return gpd.GeoDataFrame({"area": ["West", "Middle", "East"]}, geometry=squares, crs="EPSG:26985")


@pytest.fixture(scope="session")
def caption() -> RiskCaption:
    return RiskCaption(
        city="test_ville",
        target="homicide or shooting",
        time_zone="America/New_York",
        issued_at=datetime(2015, 7, 5, 0, tzinfo=UTC),
        data_until=datetime(2015, 7, 4, 23, tzinfo=UTC),
        valid_from=datetime(2015, 7, 5, 0, tzinfo=UTC),
        valid_to=datetime(2015, 7, 5, 2, tzinfo=UTC),
        expires_at=datetime(2015, 7, 5, 2, tzinfo=UTC),
        probability=0.24,
        probability_lo=0.17,
        probability_hi=0.31,
        base_rate=0.12,
        has_skill=True,
    )
