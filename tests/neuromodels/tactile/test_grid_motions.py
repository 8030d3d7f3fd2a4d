"""Motions of the whisker grid: a group, on the places of whiskers, that turns forces and moments as physics does."""

import numpy as np
import pytest
import torch

from neuromodels.tactile.grid_motions import (
    MOUSE_ABSENT,
    N_MOTIONS,
    motion_matrix,
    motion_tables,
    moved_from,
    place_index,
    silenced,
)
from simulators.whisker import mouse_array
from simulators.whisker.output.views import N_COLUMNS, POSITIONS, ROWS
from simulators.whisker.stimuli import posed_for_sweeps


def test_matrices_are_the_eight_symmetries_of_the_square():
    matrices = [motion_matrix(motion) for motion in range(N_MOTIONS)]
    assert len({matrix.tobytes() for matrix in matrices}) == 8
    for matrix in matrices:
        np.testing.assert_array_equal(matrix @ matrix.T, np.eye(3))
        np.testing.assert_array_equal(matrix[0], [1, 0, 0])
    keys = {matrix.tobytes() for matrix in matrices}
    assert all((one @ other).tobytes() in keys for one in matrices for other in matrices)


def test_motions_are_those_that_are_named():
    rostral, dorsal = np.eye(3, dtype=int)[1:]
    np.testing.assert_array_equal(motion_matrix(4) @ rostral, dorsal)
    np.testing.assert_array_equal(motion_matrix(4) @ dorsal, -rostral)
    np.testing.assert_array_equal(motion_matrix(1) @ rostral, -rostral)
    np.testing.assert_array_equal(motion_matrix(2) @ dorsal, -dorsal)
    # The quarter turn comes first: rostral becomes dorsal, which becomes ventral.
    np.testing.assert_array_equal(motion_matrix(6) @ rostral, -dorsal)


def test_places_of_whiskers_are_those_of_the_published_view():
    places = {f"{row}{column}" for row in ROWS for column in range(N_COLUMNS)}
    assert places - set(POSITIONS) == set(MOUSE_ABSENT)
    assert [place_index(name) for name in ("A0", "B0", "E6")] == [0, 7, 34]


def test_grid_lies_along_the_axes_of_the_world_in_the_pose_of_the_sweeps():
    # Least squares of base points on column and row, against y and z.
    points = posed_for_sweeps(mouse_array()).base_points_mm()
    place = np.array([[1, int(name[1]) - 3, 2 - ROWS.index(name[0])] for name in POSITIONS])
    steps = np.linalg.lstsq(place, points, rcond=None)[0][1:]
    along = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    assert np.degrees(np.arccos(along[0, 1])) < 7
    assert np.degrees(np.arccos(along[1, 2])) < 3
    spread = np.linalg.norm(points - points.mean(0)) / np.sqrt(30)
    residual = points - place @ np.linalg.lstsq(place, points, rcond=None)[0]
    assert np.linalg.norm(residual) / np.sqrt(30) < 0.2 * spread


@pytest.mark.parametrize("motion", range(N_MOTIONS))
def test_place_moves_as_the_matrix_says(motion):
    matrix = motion_matrix(motion)[1:, 1:]
    source = moved_from(motion, absent=())
    for place in range(35):
        row, column = divmod(place, 7)
        there = matrix @ (column - 3, 2 - row)
        to_row, to_column = 2 - there[1], 3 + there[0]
        if 0 <= to_row < 5 and 0 <= to_column < 7:
            assert source[to_row * 7 + to_column] == place


@pytest.mark.parametrize("motion", range(N_MOTIONS))
def test_nothing_comes_to_stand_where_no_whisker_is(motion):
    source = moved_from(motion)
    empty = [place_index(name) for name in MOUSE_ABSENT]
    assert (source[empty] == -1).all()
    taken = source[source >= 0]
    assert len(set(taken)) == len(taken)
    assert not set(taken) & set(empty)
    assert len(silenced(motion)) == 30 - len(taken)


def test_whiskers_that_fall_silent_are_as_documented():
    counts = [len(silenced(motion)) for motion in range(N_MOTIONS)]
    assert counts[:4] == [0, 5, 3, 5]
    assert set(counts[4:]) == {8, 9}
    assert silenced(2) == ("D5", "D6", "E5")
    # The rat has E6 in place of E0.
    assert silenced(2, ("A5", "A6", "B5", "B6", "E0")) == ("A0", "D5", "D6", "E5", "E6")


@pytest.mark.parametrize("motion", range(N_MOTIONS))
def test_moment_of_a_turned_force_is_the_turned_moment(motion):
    rng = np.random.default_rng(motion)
    lever, force = rng.normal(size=(2, 35, 3))
    frame = np.concatenate([force, np.cross(lever, force)], axis=1).T
    source, sign = (table[motion].numpy() for table in motion_tables(()))
    moved = (frame.reshape(-1)[source] * sign).reshape(6, 35)
    matrix, places = motion_matrix(motion), moved_from(motion, absent=())
    for place, origin in enumerate(places):
        if origin < 0:
            assert not moved[:, place].any()
            continue
        turned_lever, turned_force = matrix @ lever[origin], matrix @ force[origin]
        np.testing.assert_allclose(moved[:3, place], turned_force, atol=1e-12)
        np.testing.assert_allclose(moved[3:, place], np.cross(turned_lever, turned_force), atol=1e-12)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 2), (3, 3), (1, 2), (4, 4), (4, 1), (5, 6), (7, 4)])
def test_tables_compose_as_matrices(first, second):
    source, sign = motion_tables(())
    frame = torch.randn(6, 5, 7, dtype=torch.float64)
    # Within the middle square no motion loses anything.
    frame[..., 0] = frame[..., -1] = 0
    moved = frame.reshape(-1)
    for motion in (first, second):
        moved = moved[source[motion]] * sign[motion]
    product = motion_matrix(second) @ motion_matrix(first)
    (same,) = [motion for motion in range(N_MOTIONS) if (motion_matrix(motion) == product).all()]
    assert torch.equal(moved, frame.reshape(-1)[source[same]] * sign[same])


def test_four_quarter_turns_are_none():
    source, sign = motion_tables()
    frame = torch.randn(6, 5, 7)
    moved = frame.reshape(-1)
    for _ in range(4):
        moved = moved[source[4]] * sign[4]
    moved = moved.reshape(6, 5, 7)
    kept = moved != 0
    assert torch.equal(moved[kept], frame[kept])
    # All of the square but the orbits of its empty places, A5 and B5: 8 places.
    assert kept[0].sum() == 17


@pytest.mark.parametrize(
    ("name", "message"), [("F1", "'F1' is not on the grid"), ("A7", "'A7'"), ("", "''"), ("A12", "'A12'")]
)
def test_unknown_places_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        place_index(name)


def test_unknown_motion_is_refused():
    with pytest.raises(ValueError, match="motion 8 is not known; the grid has the motions 0 to 7"):
        motion_matrix(8)
