"""Paths through samples: the spline where it serves, no swing where it does not, slopes against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from simulators.whisker.motion import quaternions as qt
from simulators.whisker.motion.smooth_path import limited_slopes, path_through, rotation_path

PARTS = np.linspace(0, 1, 41)


def inside(times):
    """(T - 1, 41) times from each sample to the next."""
    return times[:-1, None] + PARTS * np.diff(times)[:, None]


def excess(times, values, path):
    """(T - 1,) by how much the path leaves the range of the two samples around it, and what it may leave it by."""
    between = path.at(inside(times).ravel())[0][:, 0].reshape(-1, len(PARTS))
    low, high = np.minimum(values[:-1], values[1:]), np.maximum(values[:-1], values[1:])
    steps = np.pad(np.abs(np.diff(values)), 1, constant_values=np.inf)
    allowed = 5 / 8 * np.minimum(steps[:-2], steps[2:]) if len(values) >= 5 else np.zeros(len(values) - 1)
    return np.maximum(between.max(axis=1) - high, low - between.min(axis=1)), allowed


def through(times, values):
    return path_through(np.asarray(times, dtype=float), np.asarray(values, dtype=float)[:, None])


@st.composite
def way_points(draw):
    """Any times and values: even or not, whole numbers (stops and corners) or not, or a wave."""
    count = draw(st.integers(2, 14))
    widths = draw(
        st.one_of(
            st.just([1.0] * (count - 1)),
            st.lists(st.floats(1e-3, 1.0), min_size=count - 1, max_size=count - 1),
        )
    )
    values = draw(
        st.one_of(
            st.lists(st.integers(0, 3).map(float), min_size=count, max_size=count),
            st.lists(st.floats(-100, 100), min_size=count, max_size=count),
            st.tuples(st.floats(0.1, 1.5), st.floats(0, 6)).map(
                lambda wave: [float(np.sin(wave[0] * k + wave[1])) for k in range(count)]
            ),
        )
    )
    return np.concatenate([[0.0], np.cumsum(widths)]), np.array(values)


@settings(max_examples=300, deadline=None)
@given(way_points())
def test_path_leaves_the_range_of_its_neighbours_only_at_peaks_that_are_shown(points):
    times, values = points
    swing, allowed = excess(times, values, through(times, values))
    assert (swing <= allowed + 1e-9 * (1 + np.ptp(values))).all()
    # Where the curvature of the samples around an interval changes sign nothing is a peak.
    if len(times) >= 6:
        bends = np.sign(np.diff(np.diff(values) / np.diff(times)))
        for row in range(2, len(values) - 3):
            if abs(bends[row - 2 : row + 2].sum()) < 4:
                assert swing[row] <= 1e-9 * (1 + np.ptp(values))


@settings(max_examples=100, deadline=None)
@given(way_points())
def test_path_meets_its_samples_mirrors_exactly_and_is_no_faster_than_said(points):
    times, values = points
    path, image = through(times, values), through(times, -values)
    np.testing.assert_allclose(path.at(times)[0][:, 0], values, atol=1e-12)
    np.testing.assert_array_equal(image.slopes, -path.slopes)
    between = inside(times).ravel()
    np.testing.assert_array_equal(image.at(between)[0], -path.at(between)[0])
    rates = np.abs(path.at(between)[1][:, 0]).reshape(-1, len(PARTS)).max(axis=1)
    np.testing.assert_allclose(path.top_speeds(1), rates, rtol=0.01, atol=1e-9 + 0.01 * rates.max())
    # No faster than four times the steepest step around.
    steep = np.pad(np.abs(np.diff(values) / np.diff(times)), 1)
    around = np.maximum(np.maximum(steep[:-2], steep[2:]), steep[1:-1])
    assert (rates <= 4 * around + 1e-9).all()


@pytest.mark.parametrize(("times", "values"), [
    ([0, 0.001, 1.0], [0, 15, 15]),
    ([0, 0.1, 0.2, 0.6, 1], [20, 0, 0, 0, 0]),
    ([0, 0.05, 0.1, 0.2, 0.4], [0, 40, 40, 40, 40]),
    ([0, 1, 2, 3, 4, 5], [0, 0, 10, 10, 0, 0]),
    ([0, 1, 2, 3], [0, 10, 10, 0]),
    ([0, 0.001, 1, 1.001], [0, 15, 15, 0]),
    ([0, 1, 2, 3, 4, 5, 6], [0, 10, 0, 10, 0, 10, 0]),
])  # fmt: skip
def test_stops_corners_and_uneven_way_points_do_not_swing_out(times, values):
    times, values = np.array(times, dtype=float), np.array(values, dtype=float)
    spline = CubicSpline(times, values)(inside(times))
    assert spline.max() > values.max() + 0.2 or spline.min() < values.min() - 0.2
    assert excess(times, values, through(times, values))[0].max() < 1e-12


@pytest.mark.parametrize("phase", [0.0, 0.37, 1.3])
@pytest.mark.parametrize("per_cycle", [12.1, 25, 62.5, 125])
def test_a_closely_sampled_wave_gets_the_spline(per_cycle, phase):
    times = np.arange(0, 8, 1 / per_cycle)
    wave = np.sin(2 * np.pi * times + phase)
    path = through(times, wave)
    inner = slice(8, -8)
    np.testing.assert_array_equal(path.slopes[inner, 0], CubicSpline(times, wave)(times, 1)[inner])
    fine = np.linspace(1.0, 7.0, 4001)
    error = path.at(fine)[0][:, 0] - np.sin(2 * np.pi * fine + phase)
    assert np.abs(error).max() < 8 / per_cycle**4


def test_error_falls_with_the_fourth_power_of_the_spacing():
    fine = np.linspace(0.05, 0.95, 3001)
    errors = []
    for count in (81, 161):
        times = np.linspace(0, 1, count)
        errors.append(
            np.abs(through(times, np.exp(np.sin(9 * times))).at(fine)[0][:, 0] - np.exp(np.sin(9 * fine))).max()
        )
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.2)


def test_jitter_and_lost_frames_keep_the_accuracy():
    rng = np.random.default_rng(0)
    times = np.arange(250) / 500 + np.pad(rng.uniform(-0.15, 0.15, 248), 1) / 500
    times = np.delete(times, rng.choice(np.arange(5, 240), 12, replace=False))
    fine = np.linspace(0.02, 0.47, 4001)
    values, rates = through(times, np.sin(50 * times)).at(fine)
    assert np.sqrt(np.mean((values[:, 0] - np.sin(50 * fine)) ** 2)) < 5e-5
    assert np.sqrt(np.mean((rates[:, 0] / 50 - np.cos(50 * fine)) ** 2)) < 5e-4


def test_rates_are_continuous_and_linear_data_stay_linear():
    times = np.array([0, 0.1, 0.13, 0.5, 0.9, 1.0])
    path = through(times, 3 - 7 * times)
    np.testing.assert_allclose(path.at(np.linspace(0, 1, 50))[1], -7, rtol=1e-12)
    path = through(times, [0, 5, 5, -3, 8, 8])
    before, after = path.at(times[1:-1] - 1e-12)[1], path.at(times[1:-1] + 1e-12)[1]
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_top_speed_is_that_between_samples():
    path = through([0, 1, 2, 3], [0, 0, 10, 10])
    np.testing.assert_allclose(path.top_speeds(1), [0, 15, 0], atol=1e-12)
    both = path_through(np.arange(4.0), np.outer([0, 0, 10, 10], [0.6, 0.8, 0.0, 0.1, 0.0, 0.0]))
    np.testing.assert_allclose(both.top_speeds(3), [0, 15, 0], atol=1e-12)


def test_slopes_within_the_limits_are_kept():
    times, secants = np.arange(4.0), np.array([[1.0], [2.0], [1.5]])
    wished = np.array([[0.5], [2.9], [4.4], [1.0]])
    np.testing.assert_array_equal(limited_slopes(times, secants, wished), wished)
    np.testing.assert_array_equal(limited_slopes(times, secants, 9 + wished)[:, 0], [3, 3, 4.5, 4.5])
    np.testing.assert_array_equal(limited_slopes(times, secants, -wished), 0 * wished)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-89, 89), min_size=1, max_size=10),
    st.lists(st.floats(1e-2, 1), min_size=10, max_size=10),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1)),
)
def test_turns_about_one_axis_do_not_swing_out(steps, widths, axis):
    axis = np.array(axis) / np.linalg.norm(axis)
    angles = np.deg2rad(np.concatenate([[0.0], np.cumsum(steps)]))
    times = np.concatenate([[0.0], np.cumsum(widths[: len(steps)])])
    path = rotation_path(times, qt.continuous(qt.from_rotation_vector(angles[:, None] * axis)))
    for row, instants in enumerate(inside(times)):
        values = path.at(instants)[0]
        start = qt.from_rotation_vector(angles[row] * axis)
        turned = qt.to_rotation_vector(
            qt.multiply(values / np.linalg.norm(values, axis=1, keepdims=True), qt.conjugate(start))
        )
        np.testing.assert_allclose(np.cross(turned, axis), 0, atol=1e-12)
        ends = sorted([0.0, angles[row + 1] - angles[row]])
        around = [abs(np.deg2rad(steps[k])) for k in (row - 1, row + 1) if 0 <= k < len(steps)]
        # Each component has its own limits, and the steps of all are in proportion.
        allowed = (5 / 8 * min(around) if len(steps) >= 4 else 0.0) + 1e-9
        assert ends[0] - allowed <= (turned @ axis).min() and (turned @ axis).max() <= ends[1] + allowed


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(2, 4), st.booleans())
def test_few_turns_about_any_axes_stay_within_their_steps(seed, count, even):
    rng = np.random.default_rng(seed)
    quaternions = [qt.from_rotation_vector(rng.normal(size=3))]
    for _ in range(count - 1):
        axis = rng.normal(size=3)
        step = qt.from_rotation_vector(rng.uniform(0, np.pi / 2) * axis / np.linalg.norm(axis))
        quaternions.append(qt.multiply(step, quaternions[-1]))
    times = np.arange(count) * 1.0 if even else np.cumsum(10 ** rng.uniform(-2, 0, count))
    quaternions = qt.continuous(np.array(quaternions))
    path = rotation_path(times, quaternions)
    for row, instants in enumerate(inside(times)):
        values = path.at(instants)[0]
        values = values / np.linalg.norm(values, axis=1, keepdims=True)
        ends = quaternions[row], quaternions[row + 1]
        step = np.linalg.norm(qt.to_rotation_vector(qt.multiply(ends[1], qt.conjugate(ends[0]))))
        for end in ends:
            turned = np.linalg.norm(qt.to_rotation_vector(qt.multiply(values, qt.conjugate(end))), axis=1)
            assert turned.max() <= step + 1e-9


@pytest.mark.parametrize(("rate_hz", "angle_rad", "share"), [(200, 1e-5, 3e-4), (500, 3e-7, 2e-5), (1000, 2e-8, 2e-6)])
def test_a_closely_sampled_turn_is_followed(rate_hz, angle_rad, share):
    def turns(times):
        vectors = np.stack([0.4 * np.sin(50 * times), 0.2 * np.cos(40 * times), 0.3 * np.sin(30 * times + 1)], axis=-1)
        return qt.multiply(qt.from_rotation_vector(vectors), qt.from_rotation_vector(np.array([0.7, 0.1, -0.3])))

    times = np.arange(rate_hz + 1) / rate_hz
    path = rotation_path(times, turns(times))
    fine = np.linspace(0.05, 0.95, 3001)
    values, rates = path.at(fine)
    square = (values**2).sum(axis=1, keepdims=True)
    apart = qt.to_rotation_vector(qt.multiply(values / np.sqrt(square), qt.conjugate(turns(fine))))
    assert np.linalg.norm(apart, axis=1).max() < angle_rad
    spin = 2 * qt.multiply(rates, qt.conjugate(values))[:, 1:] / square
    step = 1e-6
    wanted = 2 * qt.multiply((turns(fine + step) - turns(fine - step)) / (2 * step), qt.conjugate(turns(fine)))[:, 1:]
    assert np.abs(spin - wanted).max() < share * np.abs(wanted).max()
