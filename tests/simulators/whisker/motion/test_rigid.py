"""Motion of one body: exact cases, derivatives against differences, samples met, refusals."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.motion import RigidMotion
from simulators.whisker.motion import quaternions as qt

triples = st.lists(st.floats(-300, 300), min_size=3, max_size=3)
TIMES = np.arange(201) * 5e-3


def turns(times):
    return np.stack([np.sin(5 * times), 0.5 * np.cos(7 * times), 0.8 * times], axis=-1)


def path(times):
    return 10 * np.stack([np.sin(3 * times), np.cos(9 * times), times**2], axis=-1)


def sampled():
    return RigidMotion.sampled(TIMES, path(TIMES), qt.from_rotation_vector(turns(TIMES)))


def write_csv(folder, header, rows):
    file = folder / "path.csv"
    file.write_text("\n".join([header, *(",".join(str(x) for x in row) for row in rows)]), encoding="utf-8")
    return file


def test_fixed_body_stays():
    motion = RigidMotion.fixed((1, 2, 3), (0, 0, 90))
    pose = motion.at([0.0, 5.0])
    np.testing.assert_array_equal(pose.position_mm, [[1, 2, 3]] * 2)
    np.testing.assert_allclose(qt.rotate(pose.quaternion, np.array([1.0, 0, 0])), [[0, 1, 0]] * 2, atol=1e-15)
    assert not pose.velocity_mm_s.any() and not pose.angular_velocity_rad_s.any()
    assert motion.max_speed_mm_s(1.0) == 0


@settings(max_examples=30, deadline=None)
@given(triples, triples, triples, triples, st.floats(0, 5))
def test_linear_motion_is_exact(position, velocity, orientation, angular, time):
    pose = RigidMotion.linear(position, velocity, orientation, angular).at([time])
    np.testing.assert_allclose(pose.position_mm[0], np.array(position) + time * np.array(velocity), atol=1e-9)
    turned = qt.multiply(qt.from_rotation_vector(np.deg2rad(angular) * time), qt.from_orientation(orientation))
    assert abs(abs(pose.quaternion[0] @ turned) - 1) < 1e-12
    assert abs(np.linalg.norm(pose.quaternion) - 1) < 1e-12


def test_rates_are_derivatives(assert_rates_are_derivatives):
    times = np.linspace(0.1, 0.9, 23)
    assert_rates_are_derivatives(sampled(), times)
    assert_rates_are_derivatives(RigidMotion.linear((1, 2, 3), (4, 5, 6), (7, 8, 9), (100, -200, 300)), times)


def test_sampled_path_meets_its_samples_and_the_motion_between():
    motion = sampled()
    pose = motion.at(TIMES)
    np.testing.assert_allclose(pose.position_mm, path(TIMES), atol=1e-12)
    there = qt.from_rotation_vector(turns(TIMES))
    np.testing.assert_allclose(np.abs((pose.quaternion * there).sum(axis=1)), 1, atol=1e-12)
    between = TIMES[20:-21] + 2.5e-3
    pose = motion.at(between)
    np.testing.assert_allclose(pose.position_mm, path(between), atol=1e-5)
    apart = qt.multiply(pose.quaternion, qt.conjugate(qt.from_rotation_vector(turns(between))))
    assert np.linalg.norm(apart[:, 1:], axis=1).max() < 1e-7
    assert (motion.start_s, motion.end_s) == (0.0, 1.0)


@pytest.mark.parametrize(("step_deg", "tolerance"), [(5, 1e-8), (30, 1e-4)])
def test_constant_turn_through_samples_of_either_sign(step_deg, tolerance):
    speed = 40 * step_deg * np.array([0.48, 0.6, 0.64])
    constant = RigidMotion.linear((0, 0, 0), (3, 0, 0), (10, 20, 30), speed)
    times = np.linspace(0, 1, 41)
    pose = constant.at(times)
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(41, 1))
    fine = np.linspace(0, 1, 333)
    got = RigidMotion.sampled(times, pose.position_mm, signs * pose.quaternion).at(fine)
    apart = qt.multiply(got.quaternion, qt.conjugate(constant.at(fine).quaternion))
    assert 2 * np.linalg.norm(apart[:, 1:], axis=1).max() < tolerance
    spin = constant.angular_velocity_rad_s
    assert np.abs(got.angular_velocity_rad_s - spin).max() < 100 * tolerance * np.linalg.norm(spin)


def test_mirrored_motion_is_its_mirror_image_and_twice_is_itself(assert_rates_are_derivatives):
    mirror = np.diag([-1.0, 1.0, 1.0])
    times = np.linspace(0, 1, 7)
    for motion in (sampled(), RigidMotion.linear((1, 2, 3), (4, 5, 6), (7, 8, 9), (100, -200, 300))):
        pose, image, again = motion.at(times), motion.mirrored().at(times), motion.mirrored().mirrored().at(times)
        np.testing.assert_allclose(image.position_mm, pose.position_mm @ mirror)
        np.testing.assert_allclose(image.velocity_mm_s, pose.velocity_mm_s @ mirror)
        np.testing.assert_allclose(
            qt.to_matrix(image.quaternion), mirror @ qt.to_matrix(pose.quaternion) @ mirror, atol=1e-9
        )
        assert_rates_are_derivatives(motion.mirrored(), times[1:-1])
        for left, right in zip(pose, again, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-12)


def test_mirrored_path_is_exact():
    uneven = np.cumsum(np.random.default_rng(5).uniform(1e-3, 9e-3, 30))
    motion = RigidMotion.sampled(uneven, np.round(path(uneven)), qt.from_rotation_vector(np.round(turns(uneven), 1)))
    fine = np.linspace(uneven[0], uneven[-1], 501)
    pose, image = motion.at(fine), motion.mirrored().at(fine)
    np.testing.assert_array_equal(image.position_mm, pose.position_mm * [-1, 1, 1])
    np.testing.assert_array_equal(image.velocity_mm_s, pose.velocity_mm_s * [-1, 1, 1])
    np.testing.assert_allclose(image.quaternion, qt.mirrored(pose.quaternion), rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        image.angular_velocity_rad_s, pose.angular_velocity_rad_s * [1, -1, -1], rtol=1e-12, atol=1e-10
    )


def test_object_that_comes_and_stops_stays():
    """A peg moved in and held; way points far and near; a turn back and forth in few samples."""
    still = np.zeros(5)
    held = RigidMotion.sampled([0, 0.1, 0.2, 0.6, 1.0], np.stack([still + 9, [20, 0, 0, 0, 0], still - 2], axis=1))
    pose = held.at(np.linspace(0, 1, 1001))
    np.testing.assert_array_equal(pose.position_mm[:, [0, 2]], np.tile([9, -2], (1001, 1)))
    assert pose.position_mm[:, 1].min() >= 0 and not pose.velocity_mm_s[101:].any()
    near = RigidMotion.sampled([0, 0.001, 1.0], np.stack([[0, 15, 15], [0] * 3, [0] * 3], axis=1))
    assert near.at(np.linspace(0, 1, 2001)).position_mm[:, 0].max() == 15
    swung = RigidMotion.sampled(np.arange(6) * 0.1, np.zeros((6, 3)), qt.about_axis(2, np.deg2rad([0, 85] * 3)))
    angles = 2 * np.degrees(np.arctan2(*swung.at(np.linspace(0, 0.5, 501)).quaternion[:, [3, 0]].T))
    assert angles.min() >= -1e-9 and angles.max() <= 85 + 1e-9


def test_speed_between_samples_counts():
    # From rest to rest, 1.5 times the mean speed of 16 m/s.
    rest = np.zeros((4, 3))
    rest[2:, 0] = 16
    with pytest.raises(ValueError, match="the path jumps between 0.001 and 0.002 s: a speed of 24000 mm/s, the limit"):
        RigidMotion.sampled(np.arange(4) * 1e-3, rest)
    motion = RigidMotion.sampled(np.arange(4) * 1e-3, rest, max_speed_mm_s=24_001)
    assert motion.at(np.array([0.0015])).velocity_mm_s[0, 0] == pytest.approx(24_000)
    assert motion.max_speed_mm_s(0.003) >= 24_000 * (1 - 1e-12)


def test_highest_speed_counts_the_turn_of_outer_points():
    motion = RigidMotion.linear((0, 0, 0), (3, 4, 0), angular_velocity_deg_s=(0, 0, 180))
    assert motion.max_speed_mm_s(1.0) == pytest.approx(5)
    assert motion.max_speed_mm_s(1.0, radius_mm=10) == pytest.approx(5 + 10 * np.pi)
    steep = RigidMotion.sampled(TIMES, np.stack([TIMES**2 * 100, 0 * TIMES, 0 * TIMES], axis=1))
    assert steep.max_speed_mm_s(1.0) == pytest.approx(200)


def test_motion_survives_pickling():
    motion = pickle.loads(pickle.dumps(sampled()))  # noqa: S301
    np.testing.assert_array_equal(motion.at([0.3]).quaternion, sampled().at([0.3]).quaternion)


@pytest.mark.parametrize("shape", ["plain", "quaternions", "angles"])
def test_csv_round_trip(tmp_path, shape):
    positions = path(TIMES)
    degrees = np.stack([30 * np.sin(TIMES), 20 * TIMES, -170 * TIMES], axis=1)
    turned = qt.from_orientation(degrees)
    header, columns = {
        "plain": ("time_s,x_mm,y_mm,z_mm", []),
        "quaternions": ("time_s,x_mm,y_mm,z_mm,qw,qx,qy,qz", [-turned]),
        "angles": ("time_s,x_mm,y_mm,z_mm,roll_deg,pitch_deg,yaw_deg", [degrees]),
    }[shape]
    file = write_csv(tmp_path, header, np.column_stack([TIMES + 3, positions, *columns]))
    motion = RigidMotion.from_csv(file, start_s=3.0)
    times = np.linspace(0, 1, 37)
    expected = RigidMotion.sampled(TIMES, positions, None if shape == "plain" else turned).at(times)
    np.testing.assert_allclose(motion.at(times).position_mm, expected.position_mm, atol=1e-9)
    np.testing.assert_allclose(np.abs((motion.at(times).quaternion * expected.quaternion).sum(axis=1)), 1)
    assert motion.filled_values == 0


def test_gaps_of_a_table_are_refused_or_filled_and_counted(tmp_path):
    positions = np.column_stack([10 * TIMES, 5 * TIMES, 0 * TIMES])
    turned = RigidMotion.linear((0, 0, 0), (0, 0, 0), angular_velocity_deg_s=(0, 0, 40)).at(TIMES).quaternion
    rows = [list(row) for row in np.column_stack([TIMES, positions, turned])]
    rows[50][1] = rows[51][1] = rows[80][5] = ""
    file = write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm,qw,qx,qy,qz", rows)
    with pytest.raises(ValueError, match="position is missing between 0.245 and 0.26 s"):
        RigidMotion.from_csv(file)
    motion = RigidMotion.from_csv(file, max_gap_s=0.02)
    assert motion.filled_values == 2 + 4
    np.testing.assert_allclose(motion.at(TIMES).position_mm, positions, atol=1e-9)
    np.testing.assert_allclose(np.abs((motion.at(TIMES).quaternion * turned).sum(axis=1)), 1, atol=1e-7)


def test_smoothing_keeps_slow_motion_and_takes_noise(tmp_path):
    rng = np.random.default_rng(2)
    clean = np.column_stack([5 * np.sin(2 * np.pi * 2 * TIMES), 0 * TIMES, 0 * TIMES])
    noisy = clean + 0.2 * rng.standard_normal(clean.shape)
    file = write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm", np.column_stack([TIMES, noisy]))
    smooth = RigidMotion.from_csv(file, smoothing_hz=15).at(TIMES).position_mm
    assert np.sqrt(np.mean((smooth - clean)[20:-20] ** 2)) < 0.5 * np.sqrt(np.mean((noisy - clean) ** 2))


BAD = TIMES.copy()
BAD[5] = BAD[4]
JUMP = path(TIMES)
JUMP[100:, 0] += 150
HOLE = path(TIMES)
HOLE[3, 1] = np.nan
FLIP = qt.from_orientation(np.where(TIMES[:, None] > 0.5, [0.0, 0.0, 120.0], [0.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((BAD, path(TIMES)), "times_s must increase: 0.02 s follows 0.02 s at row 5"),
        ((TIMES[:1], path(TIMES[:1])), "at least two samples"),
        ((TIMES * np.nan, path(TIMES)), "not finite"),
        ((TIMES, HOLE), "positions_mm is NaN at row 3"),
        ((TIMES, path(TIMES) + np.inf), "infinite"),
        ((TIMES, path(TIMES)[:, :2]), r"shape \(201, 3\), received \(201, 2\)"),
        ((TIMES, JUMP), "jumps between 0.495 and 0.5 s: a speed of .* mm/s, the limit is 20000"),
        ((TIMES, path(TIMES), 2 * FLIP), "unit length, row 0 has 2"),
        ((TIMES, path(TIMES), FLIP), "orientation jumps between 0.5 and 0.505 s: a turn of 120 degrees"),
    ],
)
def test_bad_samples_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RigidMotion.sampled(*arguments)


def test_bad_numbers_and_tables_are_refused(tmp_path):
    with pytest.raises(ValueError, match="velocity_mm_s must be three finite numbers"):
        RigidMotion.linear((0, 0, 0), (0, np.nan, 0))
    with pytest.raises(ValueError, match="30000 mm/s fast"):
        RigidMotion.linear((0, 0, 0), (0, 30_000, 0))
    with pytest.raises(ValueError, match="either nothing more, qw"):
        RigidMotion.from_csv(write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm,yaw", np.zeros((3, 5))))
    with pytest.raises(ValueError, match="cell that is no number"):
        RigidMotion.from_csv(write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm", [(0, 0, 0, 0), (1, "north", 0, 0)]))
    uneven = write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm", [(t, 0, 0, 0) for t in (0, 0.1, 0.3, 0.4)])
    with pytest.raises(ValueError, match="equally spaced"):
        RigidMotion.from_csv(uneven, smoothing_hz=2)
    with pytest.raises(ValueError, match="half the sample rate"):
        RigidMotion.from_csv(
            write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm", np.zeros((4, 4)) + np.arange(4)[:, None]), smoothing_hz=2
        )
    with pytest.raises(ValueError, match="first or the last row"):
        RigidMotion.from_csv(write_csv(tmp_path, "time_s,x_mm,y_mm,z_mm", [(0, "", 0, 0), (1, 0, 0, 0)]), max_gap_s=5)


def test_too_short_for_the_scene_is_refused():
    motion = RigidMotion.sampled(TIMES, path(TIMES))
    motion.knots(1.0)
    with pytest.raises(ValueError, match="cover 0 to 1 s, the motion is asked for from 0 to 1.5 s"):
        motion.knots(1.5)
    with pytest.raises(ValueError, match="duration_s must be positive"):
        motion.knots(-1.0)
    with pytest.raises(ValueError, match="more than 20000000"):
        RigidMotion.linear((0, 0, 0), (0, 0, 0), angular_velocity_deg_s=(0, 0, 1e9)).knots(10.0)
