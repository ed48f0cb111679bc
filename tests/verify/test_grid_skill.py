"""Grids: skill in time told apart from skill in space, and the gate that must not be fooled by a static map."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify import grid_scores
from verify.bootstrap import GridMetric, Metric
from verify.evaluation import evaluate_grid
from verify.grid_bootstrap import bootstrap_grid
from verify.grid_scores import active_cells_auc, pooled_auc, within_cell_auc, within_time_auc
from verify.probability_scores import roc_auc
from verify.report import render_markdown


def make_city(seed=0, steps=280, cells=400, swing=0.0):
    """A grid on which most cells never see an event; ``swing`` makes the risk rise and fall in time."""
    rng = np.random.default_rng(seed)
    place = np.where(rng.random(cells) < 0.1, rng.uniform(0.02, 0.15, cells), 2e-5)
    time = np.exp(swing * np.sin(np.arange(steps) * 2 * np.pi / 7))
    truth = np.clip(place * time[:, None] / time.mean(), 0.0, 0.9)
    return truth, np.broadcast_to(place, truth.shape), rng.random(truth.shape) < truth


def days(steps):
    return np.datetime64("2015-01-05") + np.arange(steps)


def auc_by_groups(forecasts, labels):
    """Right pairs over all pairs of each row, summed over rows, by comparing every pair."""
    right = pairs = 0.0
    for forecast, label in zip(forecasts, labels, strict=True):
        gap = forecast[label][:, None] - forecast[~label][None, :]
        right, pairs = right + (gap > 0).sum() + 0.5 * (gap == 0).sum(), pairs + gap.size
    return right / pairs if pairs else math.nan


def test_example_in_the_docs_is_true():
    assert doctest.testmod(grid_scores).failed == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_comparing_every_pair(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 12, 2))
    forecasts, labels = rng.integers(0, 5, shape) / 4.0, rng.random(shape) < rng.random()
    assert within_time_auc(forecasts, labels) == pytest.approx(auc_by_groups(forecasts, labels), nan_ok=True)
    assert within_cell_auc(forecasts, labels) == pytest.approx(
        auc_by_groups(forecasts.T, labels.T), nan_ok=True
    )
    pooled = pooled_auc(forecasts, labels)
    assert pooled == pytest.approx(auc_by_groups([forecasts.ravel()], [labels.ravel()]), nan_ok=True)


@given(st.integers(0, 2**32 - 1))
def test_what_depends_on_place_alone_knows_no_time_and_the_reverse(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random((9, 4, 5)) < 0.2
    labels[:2, 0, 0] = True, False
    labels[0, :2, 1] = True, False
    assert within_cell_auc(np.broadcast_to(rng.random((4, 5)), labels.shape), labels) == 0.5
    assert within_time_auc(np.broadcast_to(rng.random((9, 1, 1)), labels.shape), labels) == 0.5


def test_active_cells_are_those_given_or_those_with_an_event():
    truth, _, labels = make_city()
    seen = labels.any(axis=0)
    assert active_cells_auc(truth, labels) == roc_auc(truth[:, seen].ravel(), labels[:, seen].ravel())
    assert active_cells_auc(truth, labels, active=np.ones(400, dtype=bool)) == pooled_auc(truth, labels)
    assert math.isnan(active_cells_auc(truth, labels, active=np.zeros(400, dtype=bool)))


def test_every_grid_replicate_is_the_score_of_its_days():
    truth, _, labels = make_city(steps=60, cells=50, swing=0.5)
    rng = np.random.default_rng(2)
    forecast, blocks = np.round(truth + 0.02 * rng.random(truth.shape), 2), rng.permutation(60) // 10
    scores = bootstrap_grid({"f": forecast}, labels, blocks, replicates=20, rng=np.random.default_rng(3))
    draws = np.random.default_rng(3).multinomial(6, np.full(6, 1 / 6), size=20)
    seen = labels.any(axis=0)
    for replicate, drawn in enumerate(draws):
        rows = np.repeat(np.arange(60), drawn[blocks])
        found = {metric: values[replicate] for metric, values in scores.replicates["f"].items()}
        assert found[Metric.AUC] == pytest.approx(pooled_auc(forecast[rows], labels[rows]))
        assert found[GridMetric.WITHIN_CELL_AUC] == pytest.approx(
            within_cell_auc(forecast[rows], labels[rows])
        )
        assert found[GridMetric.WITHIN_TIME_AUC] == pytest.approx(
            within_time_auc(forecast[rows], labels[rows])
        )
        active = active_cells_auc(forecast[rows], labels[rows], active=seen)
        assert found[GridMetric.ACTIVE_CELLS_AUC] == pytest.approx(active)
    assert scores.values["f"][GridMetric.WITHIN_CELL_AUC] == pytest.approx(within_cell_auc(forecast, labels))


def test_parts_of_the_ladder_and_of_the_grid_do_not_matter(monkeypatch):
    truth, _, labels = make_city(steps=60, cells=50)
    blocks = np.arange(60) // 10
    whole = bootstrap_grid({"f": truth}, labels, blocks, replicates=5, rng=np.random.default_rng(3))
    monkeypatch.setattr("verify.grid_bootstrap.COMPARISONS_AT_ONCE", 100)
    monkeypatch.setattr("verify.bootstrap.COUNTS_AT_ONCE", 20)
    parts = bootstrap_grid({"f": truth}, labels, blocks, replicates=5, rng=np.random.default_rng(3))
    for metric in whole.metrics:
        np.testing.assert_allclose(
            whole.replicates["f"][metric], parts.replicates["f"][metric], err_msg=metric
        )


def test_the_gate_tells_that_a_static_map_knows_no_time():
    truth, static, labels = make_city()
    found = evaluate_grid(
        "static_map",
        {"constant": np.full(truth.shape, labels.mean()), "static_map": static},
        labels,
        days(280),
        question="?",
        rng=np.random.default_rng(0),
        replicates=200,
    )
    assert found.scores["static_map"][Metric.AUC].value > 0.9
    assert found.verdict.skill
    assert found.verdict.temporal_skill is False
    assert found.verdict.text.startswith("beats the best baseline (constant) by 0.0")
    assert found.verdict.text.endswith(
        "in log score (nats per cell and window); no temporal skill shown: within-cell AUC 0.5000 [0.5000, 0.5000], "
        "so it tells places apart at most, not times"
    )
    assert "no temporal skill shown" in render_markdown(found).splitlines()[0]
    assert found.to_json()["temporal_skill"] is False


def test_the_gate_tells_that_a_constant_knows_nothing():
    truth, static, labels = make_city()
    found = evaluate_grid(
        "constant",
        {"constant": np.full(truth.shape, labels.mean()), "static_map": static},
        labels,
        days(280),
        question="?",
        rng=np.random.default_rng(0),
        replicates=50,
    )
    assert found.verdict.text.startswith("no skill shown: ")
    assert "no temporal skill shown" in found.verdict.text


def test_the_gate_lets_pass_what_knows_when():
    truth, static, labels = make_city(swing=0.8)
    forecasts = {"static_map": static, "truth": truth}
    found = evaluate_grid(
        "truth", forecasts, labels, days(280), question="?", rng=np.random.default_rng(0), replicates=200
    )
    assert found.verdict.skill
    assert found.verdict.temporal_skill is True
    assert "; temporal skill: within-cell AUC 0." in found.verdict.text
    as_json = found.to_json()
    assert as_json["difference_to_best_baseline"]["within_cell_auc"]["lo"] > 0.0
    assert list(as_json["models"]["truth"])[:5] == [str(metric) for metric in Metric]
    assert as_json["hotspots"]["truth"]["share"] == [0.005, 0.01, 0.02, 0.05]
    assert "AUC within cells (when)" in render_markdown(found)
    assert "Events caught by flagging the riskiest cells" in render_markdown(found)


def test_bad_grids_are_refused_with_their_remedy():
    truth, _, labels = make_city(steps=20, cells=5)
    rng = np.random.default_rng(0)
    with pytest.raises(
        DataError, match=r"^Expected forecasts and labels of one shape \(time, cell\) or \(time, row, col\)\."
    ):
        within_cell_auc(truth[0], labels[0])
    with pytest.raises(DataError, match=r"^Expected 5 active cells as bool\. Received: int64 \(5,\)\.$"):
        active_cells_auc(truth, labels, active=[1, 0, 0, 0, 0])
    with pytest.raises(NoPositivesError, match=r"^Expected both events and non-events to score a forecast\."):
        bootstrap_grid({"f": truth}, labels & False, np.arange(20), rng=rng)
    with pytest.raises(DataError, match=r"^Expected probabilities in \[0, 1\]\."):
        bootstrap_grid({"f": truth + 1.0}, labels, np.arange(20), rng=rng)
    with pytest.raises(ConfigError, match=r"^Expected at least one forecast\."):
        bootstrap_grid({}, labels, np.arange(20), rng=rng)
