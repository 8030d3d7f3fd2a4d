"""Whisking: the published recipe, its variation, both sides, and a run of the published program."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from simulators.whisker.geometry.array import mouse_array, rat_array, read_array
from simulators.whisker.geometry.frames import rotation
from simulators.whisker.motion import ELEVATION_PER_DEG, TORSION_PER_DEG, Rhythm, whisking
from simulators.whisker.motion import quaternions as qt
from simulators.whisker.motion.whisking import smooth_steps

RAT = rat_array("both")
TIMES = np.arange(1001) * 1e-3


def published(times):
    return 45 / 2 * np.cos(2 * np.pi * 8 * times + np.pi) + 25 / 2


def varied(**changes):
    options = {"amplitude_cv": 0.2, "frequency_cv": 0.15, "set_point_sd_deg": 4.0, "seed": 3}
    return Rhythm(**(options | changes))


def test_default_is_the_published_recipe():
    angle, rate, phase = Rhythm().at(TIMES)
    np.testing.assert_allclose(angle, published(TIMES), atol=1e-11)
    np.testing.assert_allclose(angle[0], -10)
    assert rate[0] == pytest.approx(0, abs=1e-10)
    assert angle.max() == pytest.approx(35, abs=0.01)
    assert np.abs(phase[np.argmax(angle)]) < 0.06 and abs(phase[0]) == pytest.approx(np.pi)
    assert (phase > -np.pi).all() and (phase <= np.pi).all()


def test_angular_velocity_is_that_of_the_published_table():
    """Rotation Rz(theta) Rx(-phi) Ry(-zeta), left Rz(-theta) Rx(-phi) Ry(zeta); rate from dO/dt O' by differences."""
    pose = whisking(RAT).at(TIMES)
    angle = published(TIMES)
    for index, whisker in enumerate(RAT.whiskers):
        side = -1 if whisker.side == "left" else 1
        theta = side * whisker.azimuth_deg + angle
        phi = whisker.elevation_deg + ELEVATION_PER_DEG[whisker.row] * angle
        zeta = side * whisker.roll_deg + TORSION_PER_DEG[whisker.row] * angle
        turned = rotation(2, side * theta) @ rotation(0, -phi) @ rotation(1, -side * zeta)
        change = (turned[2:] - turned[:-2]) / 2e-3
        skew = change @ np.swapaxes(turned[1:-1], 1, 2)
        expected = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=-1)
        # The differences of the table err by (2 pi 8 dt)^2 / 6.
        np.testing.assert_allclose(pose.angular_velocity_rad_s[1:-1, index], expected, atol=2e-3 * 25)
        # The whisker leaves along -y of the turned frame.
        np.testing.assert_allclose(qt.to_matrix(pose.quaternion[:, index])[..., 0], -turned[..., 1], atol=1e-12)


def test_run_of_the_published_program(real_data):
    with np.load(real_data / "whiskers" / "reference_runs" / "rat_array_whisk_free.npz") as run:
        names, times = [str(name) for name in run["names"]], run["t"].astype(float)
        starts, angles = run["link_offset"], np.rad2deg(run["base_euler_rad"])
        links = run["link_xyz"].astype(float)
    array = read_array(
        real_data / "whiskers" / "rat" / "sim_array_average_rat.csv", species="rat", convention="whiskit"
    ).subset(names)
    # Its rows hold each rate for a millisecond from the start on: half a millisecond behind the recipe.
    late = np.clip(times - 0.5e-3, 0, None)
    motion = whisking(array)
    at_start = motion.at([0.0]).protraction_deg[0, :, None] * motion.slopes + motion.emergence_deg
    np.testing.assert_allclose(at_start, angles, atol=1e-3)
    pose = motion.at(late)
    # Its head floats: 100 kg, moved by the whiskers over less than a micrometre.
    np.testing.assert_allclose(pose.position_mm, links[:, starts[:-1]], atol=1e-3)
    np.testing.assert_allclose(pose.position_mm[0], links[0, starts[:-1]], atol=1e-5)
    along = links[:, starts[:-1] + 1] - links[:, starts[:-1]]
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    cosine = (qt.to_matrix(pose.quaternion)[..., 0] * along).sum(axis=-1)
    apart = np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
    # Its bases turn within limits. RA0 and RA1 fall behind after 45 ms and stay so, as behind a stop.
    free = np.array([name not in ("RA0", "RA1") for name in names])
    assert apart[:, free].max() < 0.03
    assert apart[times < 0.045].max() < 0.03
    assert apart[:, ~free].max() > 0.5


def test_rates_are_derivatives_of_everything_that_varies(assert_rates_are_derivatives):
    curve = (np.array([0.0, 0.3, 0.9]), np.array([0.2, 1.0, 0.5]))
    middle = (np.array([0.1, 0.6]), np.array([0.0, 25.0]))
    motion = whisking(
        mouse_array("both", names="RB1 LD2"), envelope=curve, set_point_deg=middle, onset_s=0.2, start_phase_rad=0.7,
        amplitude_cv=0.2, frequency_cv=0.2, set_point_sd_deg=5, seed=1, left={"protraction_deg": 20.0},
    )  # fmt: skip
    assert_rates_are_derivatives(motion, np.linspace(0.01, 1.2, 101), tolerance=1e-4)


def test_seed_repeats_and_a_longer_motion_begins_the_same():
    angle = varied().at(TIMES)[0]
    np.testing.assert_array_equal(angle, varied().at(TIMES)[0])
    longer = varied().at(np.concatenate([TIMES, [30.0]]))[0]
    np.testing.assert_array_equal(angle, longer[:-1])
    assert np.abs(angle - varied(seed=4).at(TIMES)[0]).max() > 1
    # Each kind of variation has draws of its own.
    only = Rhythm(amplitude_cv=0.2, seed=3).at(TIMES)[0]
    none = Rhythm(amplitude_cv=0.2, frequency_cv=0.1, seed=3).at(np.zeros(1))[0]
    assert only[0] == none[0]


def test_variation_has_the_spread_asked_for():
    times = np.arange(3000) / 8
    rhythm = Rhythm(amplitude_cv=0.25, seed=0)
    extents = (rhythm.at(times)[0] - 12.5) / -22.5
    assert extents.mean() == pytest.approx(1, abs=0.02) and extents.std() == pytest.approx(0.25, abs=0.02)
    shifts = Rhythm(set_point_sd_deg=6.0, seed=0).at(times)[0] + 10
    assert shifts.mean() == pytest.approx(0, abs=0.4) and shifts.std() == pytest.approx(6, abs=0.4)
    phase = np.unwrap(Rhythm(frequency_cv=0.2, seed=0).at(np.arange(100_000) * 1e-3)[2])
    assert (np.diff(phase) > 0).all()
    assert (phase[-1] - phase[0]) / (2 * np.pi * 99.999) == pytest.approx(8, rel=0.02)


def test_acceleration_is_continuous():
    rhythm = varied(onset_s=0.3)
    times = np.arange(1, 16) / 8
    step = 1e-6
    before = (rhythm.at(times)[1] - rhythm.at(times - step)[1]) / step
    after = (rhythm.at(times + step)[1] - rhythm.at(times)[1]) / step
    np.testing.assert_allclose(after, before, atol=1e-3 * (2 * np.pi * 8) ** 2 * 22.5)


def test_onset_starts_from_rest_without_velocity():
    angle, rate, _ = varied(onset_s=0.4, start_phase_rad=1.0).at(np.array([0.0, 1e-4]))
    assert angle[0] == 0 and rate[0] == 0 and abs(angle[1]) < 1e-6
    late = np.array([0.5, 0.9])
    np.testing.assert_array_equal(varied(onset_s=0.4).at(late)[0], varied().at(late)[0])


def test_set_point_envelope_and_start():
    assert Rhythm(set_point_deg=30.0).at(TIMES)[0].mean() == pytest.approx(30, abs=0.1)
    quiet = Rhythm(envelope=([0.0, 0.5], [1.0, 0.0])).at(TIMES)[0]
    np.testing.assert_allclose(quiet[TIMES >= 0.5], 12.5)
    assert Rhythm(start_phase_rad=np.pi).at(np.zeros(1))[0] == pytest.approx(35)


def test_left_side_may_differ_and_shares_the_variation():
    array = mouse_array("both", names="RC1 LC1")
    same = whisking(array, amplitude_cv=0.3, seed=5).at(TIMES)
    np.testing.assert_array_equal(same.protraction_deg[:, 0], same.protraction_deg[:, 1])
    np.testing.assert_allclose(same.position_mm[:, 0], same.position_mm[:, 1] * [-1, 1, 1], atol=1e-12)
    unequal = whisking(array, left={"protraction_deg": 15.0}).at(TIMES)
    assert unequal.protraction_deg[:, 0].max() == pytest.approx(35, abs=0.01)
    assert unequal.protraction_deg[:, 1].max() == pytest.approx(15, abs=0.01)
    np.testing.assert_array_equal(unequal.phase_rad[:, 0], unequal.phase_rad[:, 1])


def test_protraction_moves_the_tips_forward_on_both_sides():
    pose = whisking(mouse_array("both", names="RC1 LC1")).at([0.0, 1 / 16])
    along = qt.to_matrix(pose.quaternion)[..., 0]
    assert (along[1, :, 1] > along[0, :, 1]).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=8),
    st.lists(st.floats(0.01, 3), min_size=8, max_size=8),
    st.floats(-1, 30),
)
def test_smooth_steps_meet_their_values_without_overshoot(values, widths, time):
    grid = np.cumsum(widths[: len(values)])
    values = np.array(values)
    met, rate, _ = smooth_steps(grid, values, grid)
    np.testing.assert_allclose(met, values, atol=1e-12)
    assert np.abs(rate).max() < 1e-9
    value, _, area = smooth_steps(grid, values, np.array([time]))
    assert values.min() - 1e-9 <= value[0] <= values.max() + 1e-9
    fine = np.linspace(grid[0], max(time, grid[0]), 20001)
    expected = trapezoid(smooth_steps(grid, values, fine)[0], fine) if time > grid[0] else values[0] * (time - grid[0])
    np.testing.assert_allclose(area[0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frequency_hz": 0.0}, "frequency_hz must be positive, received 0.0"),
        ({"protraction_deg": np.nan}, "protraction_deg must be finite"),
        ({"protraction_deg": 900.0}, "-180 to 180 degrees"),
        ({"protraction_deg": -20.0}, "lies behind retraction_deg=10.0"),
        ({"amplitude_cv": -0.1}, "amplitude_cv must not be negative"),
        ({"envelope": ([0, 1], [1, -1])}, "envelope must not be negative"),
        ({"envelope": ([1, 0], [1, 1])}, "increasing times"),
        ({"set_point_deg": ([0, 1], [1, np.inf])}, "set_point_deg holds a value that is not finite"),
        ({"speed": 3}, "no parameter 'speed'; known are frequency_hz"),
        ({"left": {"speed": 3}}, "no parameter 'speed'"),
    ],
)
def test_bad_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        whisking(RAT, **options)


def test_times_out_of_range_are_refused():
    with pytest.raises(ValueError, match="starts at time 0"):
        Rhythm().at(np.array([-0.1]))
    with pytest.raises(ValueError, match="more than 1000000"):
        Rhythm(frequency_hz=1e6).at(np.array([10.0]))
