"""The maps that a network sees: by hand, against plain loops over the densified windows, and what stays hidden."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnn.examples import PictureExamples, WarningExamples
from cnn.features import window_features
from cnn.history import history_maps
from cnn.inputs import RATE_FLOOR, MapInputs, Scaling, smooth_maps
from cnn.labels import label_issues, resolve_target
from cnn.settings import Target
from rasterize.paint import MapPainter
from rasterize.tensors import Densifier

VIOLENT = ("homicide", "shooting")
IMPENDING = Target(VIOLENT)
NOWCAST = Target(VIOLENT, framing="nowcast")
BLIND = Target(VIOLENT, framing="nowcast", own_dots=False)
HALF_LIVES = (7.0, 91.0)
HISTORY = slice(-2 - 4, -2)


def maps_of(tensor, target=IMPENDING, stack=2, scaling=None):
    windows = resolve_target(target, tensor)
    return MapInputs(tensor, windows, stack=stack, half_lives_days=HALF_LIVES, scaling=scaling)


def test_a_small_map_by_hand(town, fill):
    rows = [
        (4, 1, 1, 0, 3, 5),  # the newest window: three shootings in NW, on record at its end
        (4, 5, 5, 1, 1, 6),  # a robbery in SE that is on record one window later
        (3, 2, 2, 2, 1, 5),  # a theft the window before
        (4, -1, -1, 2, 1, 5),  # a theft without a place
    ]
    inputs = maps_of(fill(town(), rows))
    maps = inputs.maps(np.array([5]))[0]
    assert maps.shape == (8, 8, inputs.channels) == (8, 8, 2 * 3 + 1 + 4 + 2)
    events = {tuple(place): maps[tuple(place)] for place in np.argwhere(maps[..., :6]).tolist()}
    assert events == {(1, 1, 0): np.log1p(np.float32(3)), (2, 2, 5): np.log1p(np.float32(1))}
    rim = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (3, 3)]
    assert [tuple(cell) for cell in np.argwhere(maps[..., 6]).tolist()] == rim
    np.testing.assert_array_equal(maps[..., -2], inputs.tensor.overlay.inside)
    np.testing.assert_array_equal(maps[..., -1], inputs.tensor.overlay.outline)


def outlined(tensor, window, issue, channels):
    """The dynamic overlay of one window by a loop over entries and cells."""
    drawn, entries = np.zeros((8, 8)), tensor.entries
    for k in range(len(entries)):
        known = issue is None or entries.known[k] <= issue
        if entries.window[k] == window and known and entries.area[k] >= 0 and entries.channel[k] in channels:
            inside = tensor.overlay.labels == entries.area[k]
            drawn[inside & tensor.overlay.outline] = 1
    return drawn


@settings(max_examples=30, deadline=None)
@given(data=st.data(), target=st.sampled_from([IMPENDING, NOWCAST, BLIND]), stack=st.integers(1, 4))
def test_maps_agree_with_a_loop_over_densified_windows(tensors, data, target, stack):
    tensor = data.draw(tensors)
    issues = np.array(data.draw(st.lists(st.integers(1, 48), min_size=1, max_size=5)), dtype=np.int64)
    inputs = maps_of(tensor, target, stack)
    found = inputs.maps(issues)
    shown = [1, 2] if target is BLIND else [0, 1, 2]
    densify = Densifier(tensor, capacity=1)
    slow = history_maps(tensor, (np.array([0]), np.arange(3)), HALF_LIVES).maps
    for place, issue in enumerate(issues):
        known = issue if target is IMPENDING else None
        for age in range(stack):
            limit = None if known is None else np.array([known])
            counts = densify(np.array([issue - 1 - age]), issues=limit)[0][..., shown]
            np.testing.assert_allclose(
                found[place][..., age * len(shown) : (age + 1) * len(shown)], np.log1p(counts), rtol=1e-6
            )
        np.testing.assert_array_equal(
            found[place][..., stack * len(shown)], outlined(tensor, issue - 1, known, shown)
        )
        day = (issue if target is IMPENDING else issue - 1) // 12
        np.testing.assert_allclose(
            found[place][..., HISTORY], np.log(slow[day] + RATE_FLOOR), rtol=1e-5, atol=1e-5
        )


def test_every_batch_is_fresh(town, fill):
    inputs = maps_of(fill(town(), [(4, 1, 1, 0, 3, 5)]))
    first = inputs.maps(np.array([5, 6]))
    before = first.copy()
    inputs.maps(np.array([9]))[:] = 7
    np.testing.assert_array_equal(first, before)
    np.testing.assert_array_equal(inputs.maps(np.array([5, 6])), before)


def examples_of(tensor, target):
    """Everything that a network or a baseline is given, by name."""
    windows = resolve_target(target, tensor)
    features = window_features(tensor, windows)
    maps = maps_of(tensor, target, stack=1)
    labels = label_issues(tensor, windows)
    hidden = tuple(tensor.channels[index] for index in windows.hidden)
    painter = MapPainter(tensor, shape=(32, 32), hidden=hidden)
    offset = features.recent[:, 0].astype(np.float64)
    seen = (
        WarningExamples(maps, features.calendar, offset, labels),
        PictureExamples(painter, windows.as_of, labels),
    )
    return lambda issues: {
        "recent": features.recent[issues],
        "lags": features.lags[issues],
        **seen[0].inputs(issues),
        **seen[1].inputs(issues),
    }


def without_target_in(tensor, window):
    entries = tensor.entries
    return tensor.with_entries(entries.where((entries.window != window) | (entries.channel != 0)))


@settings(max_examples=30, deadline=None)
@given(data=st.data(), issue=st.integers(1, 48))
def test_a_blind_nowcast_does_not_depend_on_the_target_in_its_window(town, fill, tensors, data, issue):
    tensor = data.draw(tensors)
    events = data.draw(
        st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 2)), min_size=1)
    )
    others = without_target_in(tensor, issue - 1).entries
    rows = np.stack([others.window, others.row, others.col, others.channel, others.count, others.known], 1)
    added = [(issue - 1, row, col, 0, 1, issue + delay) for row, col, delay in events]
    busy = fill(town(), [*map(tuple, rows.tolist()), *added])
    quiet = without_target_in(busy, issue - 1)
    assert label_issues(busy, resolve_target(BLIND, busy))[issue] == 1
    assert label_issues(quiet, resolve_target(BLIND, quiet))[issue] == 0
    seen, unseen = (examples_of(one, BLIND)(np.array([issue])) for one in (busy, quiet))
    for name in seen:
        np.testing.assert_array_equal(seen[name], unseen[name], err_msg=name)
    open_eyed = (examples_of(one, NOWCAST)(np.array([issue])) for one in (busy, quiet))
    shown, missing = open_eyed
    assert not np.array_equal(shown["maps"], missing["maps"])
    assert not np.array_equal(shown["picture"], missing["picture"])
    for name in set(seen) - {"maps", "picture"}:
        np.testing.assert_array_equal(shown[name], missing[name], err_msg=name)


def test_a_blind_nowcast_still_has_the_past_of_the_target(town, fill):
    tensor = fill(town(), [(3, 1, 1, 0, 1, 4)])
    empty = town()
    seen, unseen = (examples_of(one, BLIND)(np.array([20])) for one in (tensor, empty))
    for name in ("maps", "log_prior", "recent", "lags"):
        assert not np.array_equal(seen[name], unseen[name]), name


def test_scaling_by_hand(town, fill):
    tensor = fill(town(), [(0, 1, 1, 0, 1, 1), (13, 2, 2, 1, 2, 14)])
    inputs = maps_of(tensor)
    issues = np.array([13, 14, 30])
    scaling = inputs.measure_scaling(issues)
    inside = np.stack(
        [inputs.maps(np.array([day * 12]))[0][tensor.overlay.inside][:, HISTORY] for day in (1, 2)]
    )
    np.testing.assert_allclose(scaling.mean, inside.reshape(-1, 4).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scaling.spread, inside.reshape(-1, 4).std(axis=0), rtol=1e-4)
    scaled = maps_of(tensor, scaling=Scaling(scaling.mean, 2 * scaling.spread)).maps(np.array([30]))
    plain = inputs.maps(np.array([30]))
    np.testing.assert_allclose(
        scaled[..., HISTORY],
        (plain[..., HISTORY] - scaling.mean) / (2 * scaling.spread),
        rtol=1e-4,
        atol=1e-5,
    )
    others = [k for k in range(inputs.channels) if k not in range(*HISTORY.indices(inputs.channels))]
    np.testing.assert_array_equal(scaled[..., others], plain[..., others])


def test_a_channel_that_does_not_vary_is_not_blown_up(town):
    scaling = maps_of(town()).measure_scaling(np.arange(1, 20))
    np.testing.assert_allclose(scaling.spread, 1e-3)
    np.testing.assert_allclose(scaling.mean, np.log(RATE_FLOOR), rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_prior_is_a_distribution_over_the_city(tensors, data):
    tensor = data.draw(tensors)
    share = np.exp(maps_of(tensor).log_prior(np.arange(49)).astype(np.float64))
    np.testing.assert_allclose(share.sum(axis=(1, 2)), 1.0, atol=1e-5)
    inside = tensor.overlay.inside
    assert (share[:, ~inside] < 1e-10).all()
    assert (share[:, inside] >= 0.05 / 36 * 0.999).all()


def test_the_prior_is_even_at_first_and_then_gathers_where_events_were(town, fill):
    inputs = maps_of(fill(town(), [(3, 2, 2, 0, 1, 4), (3, 5, 5, 1, 9, 4)]))
    even, gathered = np.exp(inputs.log_prior(np.array([11, 12])))
    np.testing.assert_allclose(even[inputs.tensor.overlay.inside], 1 / 36, rtol=1e-5)
    assert np.unravel_index(gathered.argmax(), (8, 8)) == (2, 2)
    # 400 m are 1.6 cells: the next cell has exp(-0.5 / 1.6 ** 2) of the peak, beside the even twentieth.
    even_part = 0.05 / 36
    ratio = (gathered[2, 3] - even_part) / (gathered[2, 2] - even_part)
    assert ratio == pytest.approx(np.exp(-0.5 / 1.6**2), rel=1e-4)


def test_smoothing_by_hand():
    found = smooth_maps(np.array([[[0.0, 0, 1, 0, 0]]], dtype=np.float32), sigma_cells=0.5)
    weights = np.exp(-2.0 * np.arange(-2, 3) ** 2.0)
    centre = weights[2] / weights.sum()
    np.testing.assert_allclose(found[0, 0], centre * weights / weights.sum(), rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    sigma=st.floats(0.2, 3.0),
    row=st.integers(0, 30),
    col=st.integers(0, 30),
    count=st.integers(1, 9),
)
def test_smoothing_keeps_mass_that_is_inside_and_commutes_with_shifts(sigma, row, col, count):
    reach = int(np.ceil(3 * sigma))
    assume(reach <= min(row, col) and max(row, col) + reach < 30)
    maps = np.zeros((1, 31, 31), dtype=np.float32)
    maps[0, row, col] = count
    smooth = smooth_maps(maps, sigma_cells=sigma)
    assert smooth.sum() == pytest.approx(count, rel=1e-5)
    centred = np.zeros_like(maps)
    centred[0, 15, 15] = count
    shifted = np.roll(smooth_maps(centred, sigma_cells=sigma), (row - 15, col - 15), axis=(1, 2))
    np.testing.assert_allclose(smooth, shifted, rtol=1e-6)


def test_mass_at_the_rim_is_lost_and_not_reflected():
    corner = np.zeros((1, 9, 9), dtype=np.float32)
    corner[0, 0, 0] = 1
    smooth = smooth_maps(corner, sigma_cells=1.0)
    whole = smooth_maps(np.pad(corner, ((0, 0), (9, 0), (9, 0))), sigma_cells=1.0)
    np.testing.assert_allclose(smooth, whole[:, 9:, 9:], rtol=1e-6)
    assert smooth.sum() < 0.6


def test_pictures_are_those_of_the_window_before_the_issue(town, fill):
    tensor = fill(town(), [(4, 1, 1, 0, 1, 5), (4, 5, 5, 1, 1, 6)])
    painter = MapPainter(tensor, shape=(32, 32))
    labels = label_issues(tensor, resolve_target(IMPENDING, tensor))
    issues = np.array([5, 4])
    known = PictureExamples(painter, True, labels)
    picture = known.inputs(issues)["picture"]
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture * 255, painter(np.array([4, 3]), issues=issues), atol=1e-4)
    everything = PictureExamples(painter, False, labels).inputs(issues)["picture"]
    np.testing.assert_allclose(everything * 255, painter(np.array([4, 3])), atol=1e-4)
    assert not np.array_equal(picture, everything)
    assert known.targets(issues)["city"].tolist() == [[0.0], [1.0]]


def test_targets_of_the_warning_net(town, fill):
    tensor = fill(town(), [(4, 1, 1, 0, 2, 5), (4, -1, -1, 0, 1, 5)])
    windows = resolve_target(IMPENDING, tensor)
    labels = label_issues(tensor, windows)
    features = window_features(tensor, windows)
    examples = WarningExamples(maps_of(tensor), features.calendar, np.arange(49.0), labels)
    targets = examples.targets(np.array([4, 5]))
    assert targets["city"].tolist() == [[1.0], [0.0]]
    assert targets["surface"].shape == (2, 64)
    assert targets["surface"].sum(axis=1).tolist() == [2.0, 0.0]
    assert targets["surface"][0, 9] == 2.0
    inputs = examples.inputs(np.array([4, 5]))
    assert {name: value.dtype for name, value in inputs.items()} == dict.fromkeys(inputs, np.float32)
    assert inputs["offset"].tolist() == [[4.0], [5.0]]
    assert replace(examples, offset=np.zeros(49)).inputs(np.array([4]))["offset"].tolist() == [[0.0]]
