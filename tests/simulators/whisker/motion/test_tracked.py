"""Tracked behaviour: replayed as recorded, cleaned as asked, refused where it jumps."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import RigidMotion, read_whisker_angles, tracked, tracked_from_csv, whisking
from simulators.whisker.motion import quaternions as qt

ARRAY = mouse_array("both", names="RC1 RB2 LC1")
TIMES = np.arange(251) * 2e-3
SWEEP = 20 * np.sin(2 * np.pi * 8 * TIMES)
ANGLES = SWEEP[:, None] + np.array([0.0, 5.0, -3.0])


def write_csv(folder, header, rows):
    file = folder / "angles.csv"
    file.write_text("\n".join([header, *(",".join(str(x) for x in row) for row in rows)]), encoding="utf-8")
    return file


def test_recorded_whisking_is_replayed():
    model = whisking(ARRAY, frequency_hz=8)
    recorded = model.at(TIMES).protraction_deg
    replay = tracked(ARRAY, TIMES, recorded)
    fine = np.linspace(0.005, 0.495, 333)
    wanted, got = model.at(fine), replay.at(fine)
    np.testing.assert_allclose(got.protraction_deg, wanted.protraction_deg, atol=1e-3)
    np.testing.assert_allclose(np.abs((got.quaternion * wanted.quaternion).sum(axis=-1)), 1, atol=1e-9)
    np.testing.assert_allclose(got.angular_velocity_rad_s, wanted.angular_velocity_rad_s, atol=0.05)
    np.testing.assert_allclose(replay.at(TIMES).protraction_deg, recorded, atol=1e-12)
    assert got.phase_rad is None and replay.filled_values == 0 and replay.end_s == TIMES[-1]


def test_rates_are_derivatives(assert_rates_are_derivatives):
    points = np.array([[3.0, 1, 0], [3.0, 2, 1], [-3.0, 1, 0]]) + 0.3 * np.sin(40 * TIMES)[:, None, None]
    head = RigidMotion.linear((1, 2, 3), (10, 20, 30), (5, 6, 7), (90, 80, -70))
    motion = tracked(ARRAY, TIMES, ANGLES, base_points_mm=points, head=head)
    assert_rates_are_derivatives(motion, np.linspace(0.01, 0.49, 41))
    assert_rates_are_derivatives(motion.mirrored(), np.linspace(0.01, 0.49, 41))


def test_one_angle_moves_all_and_azimuth_is_absolute_on_both_sides():
    together = tracked(ARRAY, TIMES, SWEEP).at(TIMES)
    np.testing.assert_allclose(together.protraction_deg, np.repeat(SWEEP[:, None], 3, axis=1), atol=1e-12)
    rest = np.abs([whisker.azimuth_deg for whisker in ARRAY.whiskers])
    absolute = tracked(ARRAY, TIMES, rest + ANGLES, angle="azimuth").at(TIMES)
    np.testing.assert_allclose(absolute.protraction_deg, ANGLES, atol=1e-12)


def test_base_points_alone_move_without_turning():
    points = np.array([[3.0, 1, 0], [3.0, 2, 1], [-3.0, 1, 0]]) + TIMES[:, None, None]
    pose = tracked(ARRAY.posed((1, 1, 1)), TIMES, base_points_mm=points).at(TIMES)
    np.testing.assert_allclose(pose.position_mm, points + 1, atol=1e-12)
    np.testing.assert_allclose(pose.velocity_mm_s, 1, atol=1e-9)
    np.testing.assert_allclose(qt.to_matrix(pose.quaternion[9]), ARRAY.base_rotations(), atol=1e-12)
    assert tracked(ARRAY, TIMES, base_points_mm=points).knots(0.5).position.shape == (3, 1001, 3)


def test_gaps_are_refused_or_filled_and_counted():
    holed = ANGLES.copy()
    holed[100:103, 1] = np.nan
    with pytest.raises(
        ValueError, match="whisker angle is missing between 0.198 and 0.206 s, longer than max_gap_s=0.0"
    ):
        tracked(ARRAY, TIMES, holed)
    with pytest.raises(ValueError, match=r"longer than max_gap_s=0\.006"):
        tracked(ARRAY, TIMES, holed, max_gap_s=0.006)
    motion = tracked(ARRAY, TIMES, holed, max_gap_s=0.008)
    assert motion.filled_values == 3
    np.testing.assert_allclose(motion.at(TIMES).protraction_deg, ANGLES, atol=1.0)
    holed[-1, 0] = np.nan
    with pytest.raises(ValueError, match="first or the last row"):
        tracked(ARRAY, TIMES, holed, max_gap_s=0.008)


def test_angles_and_base_points_that_stop_stay():
    times = np.array([0, 0.05, 0.1, 0.2, 0.4])
    angles = np.array([0.0, 40, 40, 40, 40])
    fine = np.linspace(0, 0.4, 801)
    assert CubicSpline(times, angles)(fine).max() > 46
    found = tracked(ARRAY, times, angles).at(fine).protraction_deg
    assert found.min() >= 0 and found.max() <= 40 + 1e-12
    points = np.array([[3.0, 1, 0], [3.0, 2, 1], [-3.0, 1, 0]]) + angles[:, None, None] / 40
    found = tracked(ARRAY, times, base_points_mm=points).at(fine).position_mm
    assert (found >= points[0] - 1e-12).all() and (found <= points[1] + 1e-12).all()


def test_smoothing_is_without_lag_and_halves_its_corner():
    slow, corner = np.sin(2 * np.pi * 5 * TIMES), np.sin(2 * np.pi * 40 * TIMES)
    inner = slice(60, -60)
    kept = tracked(ARRAY, TIMES, 20 * slow, smoothing_hz=40).at(TIMES).protraction_deg[inner, 0]
    np.testing.assert_allclose(kept, 20 * slow[inner], atol=0.02)
    halved = tracked(ARRAY, TIMES, 4 * corner, smoothing_hz=40).at(TIMES).protraction_deg[inner, 0]
    np.testing.assert_allclose(halved, 2 * corner[inner], atol=0.02)


def test_jumps_and_wrong_shapes_are_refused():
    jump = ANGLES.copy()
    jump[90:, 2] += 40
    with pytest.raises(
        ValueError, match="a whisker jumps between 0.178 and 0.18 s: a speed of .* deg/s, the limit is 10000"
    ):
        tracked(ARRAY, TIMES, jump)
    with pytest.raises(ValueError, match="the limit is 25000"):
        tracked(ARRAY, TIMES, jump, max_speed_deg_s=25_000)
    tracked(ARRAY, TIMES, jump, max_speed_deg_s=30_000)
    points = np.zeros((251, 3, 3))
    points[100:, 0] = 60
    with pytest.raises(ValueError, match="a base point jumps"):
        tracked(ARRAY, TIMES, base_points_mm=points)
    with pytest.raises(ValueError, match=r"shape \(251, 3\), received \(251, 2\)"):
        tracked(ARRAY, TIMES, ANGLES[:, :2])
    with pytest.raises(ValueError, match="must increase"):
        tracked(ARRAY, TIMES[::-1], ANGLES)
    with pytest.raises(ValueError, match="neither angles_deg nor base_points_mm"):
        tracked(ARRAY, TIMES)
    with pytest.raises(ValueError, match="'protraction' or 'azimuth', received 'theta'"):
        tracked(ARRAY, TIMES, ANGLES, angle="theta")


def test_too_short_a_recording_is_refused():
    with pytest.raises(ValueError, match="cover 0 to 0.5 s"):
        tracked(ARRAY, TIMES, ANGLES).knots(0.6)
    with pytest.raises(ValueError, match="cover 0.1 to 0.6 s"):
        tracked(ARRAY, TIMES + 0.1, ANGLES).knots(0.5)


@pytest.mark.parametrize("form", ["wide", "long", "shared"])
def test_tables_of_all_forms_are_read(tmp_path, form):
    names = ["LC1", "RA0", "RB2", "RC1"]
    angles = np.column_stack([ANGLES[:, 2], 9 + 0 * SWEEP, ANGLES[:, 1], ANGLES[:, 0]])
    if form == "wide":
        file = write_csv(tmp_path, "time_s," + ",".join(names), np.column_stack([TIMES + 7, angles]))
    elif form == "long":
        rows = [
            (t + 7, name, value)
            for t, row in zip(TIMES, angles, strict=True)
            for name, value in zip(names, row, strict=True)
        ]
        order = np.random.default_rng(0).permutation(len(rows))
        file = write_csv(tmp_path, "time_s,whisker,angle_deg", [rows[k] for k in order])
    else:
        file = write_csv(tmp_path, "time_s,angle_deg", np.column_stack([TIMES + 7, SWEEP]))
    table = read_whisker_angles(file)
    assert table.names == (() if form == "shared" else tuple(names))
    motion = tracked_from_csv(ARRAY, file, start_s=7.0)
    expected = np.repeat(SWEEP[:, None], 3, axis=1) if form == "shared" else ANGLES
    np.testing.assert_allclose(motion.at(TIMES[:-1]).protraction_deg, expected[:-1], atol=1e-9)


def test_missing_rows_of_a_long_table_are_gaps(tmp_path):
    rows = [(t, name, 1.0) for t in (0.0, 0.1, 0.2) for name in ("RC1", "RB2", "LC1")]
    file = write_csv(tmp_path, "time_s,whisker,angle_deg", [row for row in rows if row[:2] != (0.1, "RB2")])
    assert np.isnan(read_whisker_angles(file).angles_deg).sum() == 1
    assert tracked_from_csv(ARRAY, file, max_gap_s=0.3).filled_values == 1


def test_bad_tables_are_refused(tmp_path):
    with pytest.raises(ValueError, match="need time_s and at least one more"):
        read_whisker_angles(write_csv(tmp_path, "t,RC1", [(0, 1), (1, 2)]))
    with pytest.raises(ValueError, match="gives whisker RC1 two angles at 0.5 s"):
        read_whisker_angles(write_csv(tmp_path, "time_s,whisker,angle_deg", [(0.5, "RC1", 1), (0.5, "RC1", 2)]))
    with pytest.raises(ValueError, match="cell that is no number"):
        read_whisker_angles(write_csv(tmp_path, "time_s,RC1", [(0, "left"), (1, 2)]))
    with pytest.raises(ValueError, match="no angles of RB2, LC1, only of RC1; take the array's subset"):
        tracked_from_csv(ARRAY, write_csv(tmp_path, "time_s,RC1", [(0, 1), (1, 2)]))
