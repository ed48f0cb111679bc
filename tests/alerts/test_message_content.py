"""What a warning says, in fields for programs and in words for people."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.messages import Abstention, CityWarning, Exercise, Severity, judge_severity
from alerts.settings import AlertSettings

AS_OF = datetime(2015, 7, 5, 0, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def warn(risk, feed, exercise=Exercise.LIVE, severity=Severity.ELEVATED, areas_named=2):
    return CityWarning(risk, feed, AS_OF, exercise, severity, areas_named)


def test_every_field_by_hand(evening, fresh):
    found = warn(evening, fresh).to_json()
    expected = {
        "status": "warning",
        "exercise": "live",
        "severity": "elevated",
        "area": "baltimore",
        "question": evening.question,
        "issued_at": "2015-07-04T20:00-04:00",
        "as_of": "2015-07-05T00:12+00:00",
        "valid_from": "2015-07-04T20:00-04:00",
        "valid_until": "2015-07-04T22:00-04:00",
        "expires": "2015-07-04T22:00-04:00",
        "probability": 0.314159,
        "interval_95": [0.25, 0.4],
        "base_rate": 0.16,
        "ratio_to_base_rate": 1.9635,
        "baseline_probability": 0.29,
        "areas": [{"area": "West", "share_of_risk": 0.5}, {"area": "East", "share_of_risk": 0.3}],
        "data_cutoff": "2015-07-04T18:30+00:00",
        "data_age_hours": 5.7,
        "report_times_are_assumed": True,
        "model_hash": "ab" * 32,
        "rule": "every_window/1",
        "skill": "Skill on 2015-01-01 to 2016-01-01: no skill shown.",
        "text": warn(evening, fresh).text,
    }
    assert {name: value for name, value in found.items() if name != "id"} == expected
    assert len(found["id"]) == 32


def test_the_words_by_hand(evening, fresh):
    assert warn(evening, fresh).text == (
        "baltimore, 2015-07-04 20:00 to 22:00 EDT: probability 31.4% (25.0% to 40.0%) of at least one reported "
        "homicide or shooting, 2.0 times the base rate of 16.0%. By calendar and recent rates alone: 29.0%. "
        "Skill on 2015-01-01 to 2016-01-01: no skill shown. Concerns areas, never persons. "
        "Expires 2015-07-04 22:00 EDT."
    )


def test_a_rare_event_is_not_called_impossible(evening, fresh):
    rare = replace(evening, probability=0.004, interval=(0.002, 0.007), base_rate=0.002)
    assert "probability 0.4% (0.2% to 0.7%)" in warn(rare, fresh).text


def test_an_exercise_says_so_first_and_in_its_field(evening, fresh):
    exercise = warn(evening, fresh, Exercise.TEST)
    assert exercise.text == "TEST. " + warn(evening, fresh).text
    assert exercise.to_json()["exercise"] == "test"


def test_no_surface_no_areas(evening, fresh):
    assert warn(replace(evening, area_shares={}), fresh).to_json()["areas"] == []


# The clock of New York changes on 8 March and 1 November 2015.
CLOCK_CHANGES = [
    ("2015-03-08 00:00", "2015-03-08 03:00", "2015-03-08 00:00 EST to 03:00 EDT"),
    ("2015-03-08 03:00", "2015-03-08 04:00", "2015-03-08 03:00 to 04:00 EDT"),
    ("2015-11-01 00:00", "2015-11-01 02:00", "2015-11-01 00:00 EDT to 02:00 EST"),
    ("2015-11-01 02:00", "2015-11-01 04:00", "2015-11-01 02:00 to 04:00 EST"),
    ("2015-07-04 22:00", "2015-07-05 00:00", "2015-07-04 22:00 to 2015-07-05 00:00 EDT"),
    ("2015-07-04 22:00", "2015-07-05 22:00", "2015-07-04 22:00 to 2015-07-05 22:00 EDT"),
    ("2015-10-31 22:00", "2015-11-01 22:00", "2015-10-31 22:00 EDT to 2015-11-01 22:00 EST"),
]


@pytest.mark.parametrize("start, end, words", CLOCK_CHANGES)
def test_the_window_in_words_is_unambiguous(evening, fresh, start, end, words):
    first, last = (datetime.fromisoformat(wall).replace(tzinfo=NEW_YORK) for wall in (start, end))
    text = warn(replace(evening, valid_from=first, valid_until=last), fresh).text
    assert text.startswith(f"baltimore, {words}: ")
    assert text.endswith(f"Expires {end} {words[-3:]}.")


@given(hours=st.integers(0, 8759), length=st.integers(1, 48))
def test_what_is_written_reads_back_as_the_same_window(evening, fresh, hours, length):
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    end = start + timedelta(hours=length)
    local = replace(
        evening, valid_from=start.astimezone(NEW_YORK), valid_until=end.astimezone(NEW_YORK), issued_at=start
    )
    found = json.loads(json.dumps(warn(local, fresh).to_json()))
    assert datetime.fromisoformat(found["valid_from"]) == start
    assert datetime.fromisoformat(found["valid_until"]) == end
    words = found["text"].removeprefix("baltimore, ").split(": ")[0].replace(" to ", " ").split(" ")
    offsets = {"EST": "-05:00", "EDT": "-04:00"}
    times = [word for word in words if word[2:3] == ":"]
    days = [word for word in words if word[4:5] == "-"]
    zones = [word for word in words if word in offsets]
    stamps = [
        f"{day}T{time}{offsets[zone]}"
        for day, time, zone in zip((days[0], days[-1]), times, (zones[0], zones[-1]), strict=True)
    ]
    assert [datetime.fromisoformat(stamp) for stamp in stamps] == [start, end]


def test_a_repeat_has_the_same_id_whatever_else_changed(evening, fresh):
    first = warn(evening, fresh)
    again = replace(evening, probability=0.9, interval=(0.8, 0.95), skill="", issued_at=AS_OF)
    assert warn(again, replace(fresh, newest_record=AS_OF), Exercise.TEST, Severity.HIGH, 0).id == first.id
    in_utc = {name: getattr(evening, name).astimezone(UTC) for name in ("valid_from", "valid_until")}
    assert warn(replace(evening, **in_utc), fresh).id == first.id


@pytest.mark.parametrize(
    "changes",
    [
        {"area": "chicago"},
        {"valid_from": datetime(2015, 7, 4, 18, tzinfo=NEW_YORK)},
        {"valid_until": datetime(2015, 7, 5, 0, tzinfo=NEW_YORK)},
        {"model_hash": "cd" * 32},
    ],
)
def test_another_area_window_or_model_has_another_id(evening, fresh, changes):
    assert warn(replace(evening, **changes), fresh).id != warn(evening, fresh).id


def test_another_rule_has_another_id(evening, fresh, monkeypatch):
    before = warn(evening, fresh).id
    monkeypatch.setattr("alerts.messages.RULE", "every_window/2")
    assert warn(evening, fresh).id != before


@pytest.mark.parametrize(
    "probability, severity",
    [
        (0.0, Severity.NORMAL),
        (0.374, Severity.NORMAL),
        (0.375, Severity.ELEVATED),
        (0.624, Severity.ELEVATED),
        (0.625, Severity.HIGH),
        (1.0, Severity.HIGH),
    ],
)
def test_severity_by_the_ratio_to_the_base_rate(evening, probability, severity):
    settings = AlertSettings(elevated_ratio=1.5, high_ratio=2.5)
    assert judge_severity(replace(evening, probability=probability, base_rate=0.25), settings) is severity


def test_severity_follows_the_settings(evening):
    eager = AlertSettings(elevated_ratio=1.0, high_ratio=1.1)
    assert judge_severity(evening, AlertSettings()) is Severity.ELEVATED
    assert judge_severity(evening, eager) is Severity.HIGH


def test_an_abstention_by_hand(fresh):
    abstention = Abstention("baltimore", "stale_data", "Because.", AS_OF, fresh, Exercise.TEST)
    found = abstention.to_json()
    assert {name: value for name, value in found.items() if name != "id"} == {
        "status": "abstained",
        "exercise": "test",
        "area": "baltimore",
        "as_of": "2015-07-05T00:12+00:00",
        "reason": "stale_data",
        "text": "No warning can be given, which does not mean that the risk is low. Because.",
        "data_cutoff": "2015-07-04T18:30+00:00",
        "data_age_hours": 5.7,
    }
    assert replace(abstention, exercise=Exercise.LIVE).to_json()["id"] == found["id"]
    assert replace(abstention, area="chicago").to_json()["id"] != found["id"]
    assert json.loads(json.dumps(found)) == found


@given(
    probability=st.floats(0, 1),
    base_rate=st.floats(1e-6, 1),
    shares=st.lists(st.floats(0, 1), max_size=8),
    named=st.integers(0, 10),
)
def test_any_message_survives_json(evening, fresh, probability, base_rate, shares, named):
    risk = replace(
        evening,
        probability=probability,
        base_rate=base_rate,
        area_shares={f"N{index}": share for index, share in enumerate(shares)},
    )
    found = warn(risk, fresh, areas_named=named).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert len(found["areas"]) == min(named, len(shares))
    assert found["probability"] == pytest.approx(probability, abs=1e-6)
