"""Baselines: what each learns, that none looks ahead, and that calibration wraps any of them."""

import numpy as np
import pytest

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.baselines import (
    BoostedTrees,
    CalendarRecentLogistic,
    Calibrated,
    Constant,
    HourOfWeek,
    WindowFeatures,
    default_baselines,
)
from verify.logistic import sigmoid
from verify.probability_scores import log_score, roc_auc


def make_windows(seed=0, count=4000):
    """Two-hour windows whose risk follows the hour of the day, the recent rate and one lag."""
    rng = np.random.default_rng(seed)
    hour_of_week = (np.arange(count) * 2) % 168
    angle = 2 * np.pi * hour_of_week / 24
    calendar = np.column_stack([np.sin(angle), np.cos(angle)]).astype(np.float32)
    recent = rng.gamma(4.0, 0.25, (count, 1)).astype(np.float32)
    lags = rng.poisson(1.0, (count, 6)).astype(np.float32)
    risk = sigmoid(-2.0 + calendar[:, 1] + 0.5 * (recent[:, 0] - 1) + 1.6 * (lags[:, 2] > 1))
    names = {"calendar": ("sin", "cos"), "recent": ("rate",), "lags": tuple(f"lag{k}" for k in range(6))}
    features = WindowFeatures(hour_of_week, calendar, recent, lags, names)
    return features, rng.random(count) < risk


def fit_all(features, labels):
    train, later = slice(0, 2500), slice(2500, 3200)
    calibration = features.rows(later), labels[later]
    return [b.fit(features.rows(train), labels[train], calibration=calibration) for b in default_baselines()]


def test_the_constant_is_the_training_rate():
    features, labels = make_windows()
    fitted = Constant().fit(features.rows(slice(0, 100)), labels[:100])
    assert fitted.predict(features).tolist() == [labels[:100].mean()] * len(features)


def test_hour_of_week_by_hand():
    # Two windows at hour 0 of Monday (1 event), two at hour 0 of Tuesday (none); prior of 2 windows.
    # Overall 1/4; hour 0: (1 + 2/4) / (4 + 2) = 1/4; Monday 00: (1 + 2/4) / (2 + 2); Tuesday 00: (0 + 2/4) / 4.
    empty = np.zeros((4, 0), dtype=np.float32)
    features = WindowFeatures(np.array([0, 0, 24, 24]), empty, empty, empty)
    fitted = HourOfWeek(prior_windows=2.0).fit(features, [1, 0, 0, 0])
    assert fitted.rates[[0, 24]] == pytest.approx([0.375, 0.125])
    # An hour of the week never seen has the rate of its hour of the day; an hour never seen the overall rate.
    assert fitted.rates[[48, 5]] == pytest.approx([0.25, 0.25])


def test_hour_of_week_recovers_rates_with_enough_windows():
    rng = np.random.default_rng(1)
    hours = np.tile(np.arange(168), 3000)
    rates = 0.1 + 0.2 * rng.random(168)
    empty = np.zeros((hours.size, 0), dtype=np.float32)
    fitted = HourOfWeek().fit(
        WindowFeatures(hours, empty, empty, empty), rng.random(hours.size) < rates[hours]
    )
    assert np.abs(fitted.rates - rates).max() < 0.05


def test_each_step_up_the_ladder_learns_more():
    features, labels = make_windows(seed=2, count=9000)
    test = slice(3200, 9000)
    losses = [log_score(f.predict(features.rows(test)), labels[test]) for f in fit_all(features, labels)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] - losses[-1] > 0.02


def test_names_are_unique_and_kept_by_calibration():
    names = [baseline.name for baseline in default_baselines()]
    assert names == ["constant", "hour_of_week", "calendar_recent_logistic", "boosted_trees"]
    features, labels = make_windows()
    assert [fitted.name for fitted in fit_all(features, labels)] == names


def test_a_prediction_depends_on_nothing_but_its_own_row():
    features, labels = make_windows()
    for fitted in fit_all(features, labels):
        whole = fitted.predict(features.rows(slice(3200, 4000)))
        shuffled = np.random.default_rng(0).permutation(800) + 3200
        assert fitted.predict(features.rows(shuffled)).tolist() == whole[shuffled - 3200].tolist()


def test_nothing_after_the_split_changes_a_fit():
    features, labels = make_windows()
    other, _ = make_windows(seed=9)
    late = slice(3200, None)
    changed = WindowFeatures(
        features.hour_of_week,
        *(
            np.concatenate([old[:3200], new[late]])
            for old, new in (
                (features.calendar, other.calendar),
                (features.recent, other.recent),
                (features.lags, other.lags),
            )
        ),
    )
    flipped = labels.copy()
    flipped[late] = ~flipped[late]
    for before, after in zip(fit_all(features, labels), fit_all(changed, flipped), strict=True):
        early = features.rows(slice(0, 3200))
        assert before.predict(early).tolist() == after.predict(early).tolist()


def test_calibration_repairs_a_changed_base_rate():
    features, labels = make_windows(count=14_000)
    rng = np.random.default_rng(3)
    doubled = labels | (rng.random(labels.size) < 0.3)
    train, later, test = slice(0, 2000), slice(2000, 8000), slice(8000, 14_000)
    plain = CalendarRecentLogistic().fit(features.rows(train), labels[train])
    repaired = Calibrated(CalendarRecentLogistic()).fit(
        features.rows(train), labels[train], calibration=(features.rows(later), doubled[later])
    )
    last = features.rows(test)
    assert (
        abs(repaired.predict(last).mean() - doubled[test].mean())
        < 0.03
        < doubled[test].mean() - plain.predict(last).mean()
    )
    assert roc_auc(repaired.predict(last), labels[test]) == pytest.approx(
        roc_auc(plain.predict(last), labels[test])
    )


def test_trees_choose_their_number_in_order_of_time_and_do_little_on_noise():
    features, labels = make_windows()
    assert BoostedTrees().fit(features, labels).trees > 10
    noise = np.random.default_rng(0).random(labels.size) < 0.2
    forecast = (
        BoostedTrees()
        .fit(features.rows(slice(0, 3000)), noise[:3000])
        .predict(features.rows(slice(3000, None)))
    )
    assert log_score(forecast, noise[3000:]) < log_score(np.full(1000, 0.2), noise[3000:]) + 0.01


def test_trees_read_missing_lags():
    features, labels = make_windows()
    lags = features.lags.copy()
    lags[::3, 0] = np.nan
    holes = WindowFeatures(features.hour_of_week, features.calendar, features.recent, lags)
    assert np.isfinite(BoostedTrees(most_trees=5).fit(holes, labels).predict(holes)).all()


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"hour_of_week": np.array([0, 168])},
            r"^Expected hours of the week in \[0, 168\)\. Received: 0 to 168\.",
        ),
        (
            {"hour_of_week": np.array([0.0, 1.0])},
            r"^Expected hours of the week as integers of shape \(n,\)\.",
        ),
        (
            {"lags": np.zeros((3, 1), np.float32)},
            r"^Expected lags of shape \(2, columns\)\. Received: \(3, 1\)\.",
        ),
        ({"recent": np.full((2, 1), np.nan, np.float32)}, r"^Expected finite calendar and recent features\."),
        (
            {"names": {"lags": ("a", "b")}},
            r"^Expected 1 names for lags\. Received: 2\. Name every column once\.$",
        ),
        ({"names": {"lag": ("a",)}}, r"^Expected names for calendar, recent and lags\. Received: lag\.$"),
    ],
)
def test_features_that_do_not_fit_are_refused(change, message):
    one = np.zeros((2, 1), np.float32)
    sound = {"hour_of_week": np.array([0, 1]), "calendar": one, "recent": one, "lags": one, "names": {}}
    with pytest.raises(DataError, match=message):
        WindowFeatures(**(sound | change))


def test_fits_that_cannot_be_are_refused():
    features, labels = make_windows(count=200)
    with pytest.raises(DataError, match=r"^Expected 200 labels, one per window\. Received: 199\."):
        Constant().fit(features, labels[1:])
    with pytest.raises(NoPositivesError, match=r"^Expected both events and non-events to fit a baseline\."):
        HourOfWeek().fit(features, np.zeros(200))
    with pytest.raises(NoPositivesError, match=r"to grow trees before the tail that chooses their number\."):
        BoostedTrees().fit(features, np.arange(200) >= 190)
    with pytest.raises(ConfigError, match=r"^Expected a calibration block for constant\. Received: none\."):
        Calibrated(Constant()).fit(features, labels)
    with pytest.raises(ConfigError, match=r"^Expected tail between 0 and 1\. Received: 1\.0\. Use 0\.2\.$"):
        BoostedTrees(tail=1.0)
    with pytest.raises(ConfigError, match=r"^Expected prior_windows > 0\. Received: 0\. Use 50\.$"):
        HourOfWeek(prior_windows=0)
