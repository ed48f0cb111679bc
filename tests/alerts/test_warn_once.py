"""When one look at the risk ends in a warning, in an abstention, or in a refusal."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.messages import Abstention, CityWarning, Exercise, Severity
from alerts.once import warn_once
from alerts.settings import AlertSettings
from incidents.errors import ConfigError

AS_OF = datetime(2015, 7, 5, 0, 12, tzinfo=UTC)
SETTINGS = AlertSettings(max_data_age_hours=48.0, areas_named=1)
ROOT = Path(__file__).parents[2]


def ask(source, as_of=AS_OF, settings=SETTINGS, exercise=Exercise.TEST):
    return warn_once(source, as_of, settings, area="baltimore", exercise=exercise)


def test_a_fresh_feed_gives_a_warning(source_of, evening):
    newest = AS_OF - timedelta(hours=3)
    warning = ask(source_of(AS_OF - timedelta(days=9), newest, AS_OF + timedelta(hours=1)))
    assert isinstance(warning, CityWarning)
    assert warning.risk == evening
    assert warning.feed.newest_record == newest
    assert (warning.as_of, warning.exercise) == (AS_OF, Exercise.TEST)
    assert warning.severity is Severity.ELEVATED
    assert [area["area"] for area in warning.to_json()["areas"]] == ["West"]


def test_the_limit_itself_is_fresh_and_a_microsecond_more_is_stale(source_of):
    limit = AS_OF - timedelta(hours=48)
    assert isinstance(ask(source_of(limit)), CityWarning)
    assert isinstance(ask(source_of(limit - timedelta(microseconds=1))), Abstention)


@given(age=st.timedeltas(timedelta(0), timedelta(days=9)), limit=st.floats(0, 200))
def test_stale_exactly_where_older_than_the_limit(source_of, age, limit):
    found = ask(source_of(AS_OF - age), settings=AlertSettings(max_data_age_hours=limit))
    assert isinstance(found, Abstention) == (age > timedelta(hours=limit))


def test_a_stale_feed_abstains_in_these_words(source_of):
    abstention = ask(source_of(datetime(2015, 7, 2, 21, 5, tzinfo=UTC)), exercise=Exercise.LIVE)
    assert isinstance(abstention, Abstention)
    assert abstention.reason == "stale_data"
    assert abstention.to_json()["exercise"] == "live"
    assert abstention.to_json()["data_age_hours"] == 51.12
    assert abstention.to_json()["text"] == (
        "No warning can be given, which does not mean that the risk is low. Expected an incident on record "
        "within 48 h before 2015-07-05 00:12 UTC. Received: the newest from 2015-07-02 21:05 UTC. Ingest newer "
        "files, or check the feed."
    )


def test_an_empty_feed_abstains(source_of):
    abstention = ask(source_of(AS_OF + timedelta(seconds=1)))
    assert isinstance(abstention, Abstention)
    assert "Received: none on record." in abstention.detail
    assert abstention.to_json()["data_cutoff"] is None
    assert abstention.to_json()["data_age_hours"] is None


def test_a_nowcast_is_refused(source_of):
    with pytest.raises(ConfigError) as refusal:
        ask(source_of(AS_OF, framing="nowcast"))
    assert str(refusal.value) == (
        "Expected a model of framing impending. Received: nowcast, which classifies what is already over. "
        "Train one with target.framing: impending."
    )


def test_the_room_loads_nothing_heavy():
    heavy = {"keras", "tensorflow", "geopandas", "scipy", "sklearn", "matplotlib", "statsmodels"}
    code = "import sys, alerts, alerts.once; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "alerts.once" in loaded
    assert loaded & heavy == set()
