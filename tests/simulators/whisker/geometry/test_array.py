import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.geometry.array import (
    CURVED_PLATE_POSE,
    STANDARD_SWEEP_POSE,
    WhiskerArray,
    mouse_array,
    rat_array,
)
from simulators.whisker.geometry.frames import rotation
from simulators.whisker.geometry.names import whisker_names
from simulators.whisker.geometry.shape import link_angles, whiskit_link_angles

MIRROR = np.array([-1.0, 1.0, 1.0])
coordinates = st.tuples(*[st.floats(-50, 50)] * 3)
turns = st.tuples(*[st.floats(-180, 180)] * 3)


def published_run(real_data, name):
    with np.load(real_data / "whiskers/reference_runs" / f"{name}.npz") as run:
        return {key: run[key] for key in run}


def array_of_run(real_data, name, run):
    """The array and pose of a published run, with the emergence angles that it started from."""
    folder = real_data / "whiskers"
    if name.startswith("mouse"):
        array = mouse_array(source=folder / "mouse/sim_array_average_mouse.csv", preset="whiskit")
        array = array.posed(*STANDARD_SWEEP_POSE)
    else:
        array = rat_array(source=folder / "rat/sim_array_average_rat.csv", preset="whiskit")
    array = array.subset([str(name) for name in run["names"]])
    whiskers = tuple(
        dataclasses.replace(whisker, azimuth_deg=azimuth, elevation_deg=elevation, roll_deg=roll)
        for whisker, (azimuth, elevation, roll) in zip(
            array.whiskers, np.degrees(run["base_euler_rad"]).tolist(), strict=True
        )
    )
    if name.startswith("mouse"):
        assert whiskers[0].azimuth_deg == pytest.approx(array.whiskers[0].azimuth_deg, abs=1e-9)
    return dataclasses.replace(array, whiskers=whiskers)


@pytest.mark.parametrize(
    "name",
    ["mouse_RC2_peg", "rat_RC2_peg", "mouse_array_sphere", "mouse_array_box_standard_sweep", "rat_array_peg_passive",
     "rat_array_whisk_free"],
)  # fmt: skip
def test_published_runs_start_where_our_array_stands(real_data, name):
    run = published_run(real_data, name)
    array = array_of_run(real_data, name, run)
    np.testing.assert_allclose(array.base_points_mm(), run["base_pos0_mm"], atol=1e-5)
    np.testing.assert_allclose(array.base_rotations(), run["link0_rotation0"], atol=1e-5)
    rotations, points = array.base_rotations(), array.base_points_mm()
    for number, whisker in enumerate(array.whiskers):
        start, stop = run["link_offset"][number : number + 2]
        centres = run["link_xyz"][0][start + 1 : stop]
        length = whisker.length_mm / len(centres)
        direction = np.cumsum(whiskit_link_angles(whisker.curvature_per_mm, whisker.length_mm, len(centres)))
        links = length * np.stack([np.cos(direction), np.sin(direction), np.zeros_like(direction)], axis=1)
        ours = points[number] + (np.cumsum(links, axis=0) - links / 2) @ rotations[number].T
        # single precision, and tables of angles with five digits
        np.testing.assert_allclose(ours, centres, atol=1e-4)


def test_standard_sweep_puts_the_mouse_where_the_published_program_has_it(real_data):
    table = real_data / "whiskers/mouse/sim_array_average_mouse.csv"
    array = mouse_array(source=table, preset="whiskit").posed(*STANDARD_SWEEP_POSE)
    np.testing.assert_allclose(array.base_points_mm().mean(axis=0), [0.82, -0.24, -2.11], atol=0.006)


@pytest.mark.parametrize("build", [mouse_array, rat_array])
@pytest.mark.parametrize("preset", ["proper", "whiskit"])
@settings(max_examples=20, deadline=None)
@given(position=coordinates, orientation=turns, seed=st.one_of(st.none(), st.integers(0, 1000)))
def test_left_is_the_mirror_image_of_right(build, preset, position, orientation, seed):
    right = build("right", preset=preset, scatter_seed=seed).posed(position, orientation)
    left = right.mirrored()
    assert left.names == tuple("L" + name[1:] for name in right.names)
    np.testing.assert_allclose(left.base_points_mm(), right.base_points_mm() * MIRROR, atol=1e-12)
    np.testing.assert_allclose(left.centre_lines_mm(7), right.centre_lines_mm(7) * MIRROR, atol=1e-12)
    frames = right.base_rotations() * MIRROR[:, None] * np.array([1.0, 1.0, -1.0])
    np.testing.assert_allclose(left.base_rotations(), frames, atol=1e-12)
    assert left.mirrored() == right
    if seed is None and preset == "proper":
        assert left.posed((0, 0, 0)) == build("left", preset=preset)


@settings(max_examples=30, deadline=None)
@given(coordinates, turns, st.lists(st.floats(0.05, 5.0), min_size=2, max_size=25))
def test_chain_in_the_base_frame_meets_the_centre_line(position, orientation, spacing):
    array = rat_array("both", names="RC1 LE3").posed(position, orientation)
    for number, whisker in enumerate(array.whiskers):
        arcs = np.concatenate([[0.0], np.cumsum(spacing)])
        arcs *= whisker.length_mm / arcs[-1]
        chain = link_angles(whisker.curvature_per_mm, arcs)
        node, nodes = array.base_points_mm()[number], []
        frame = array.base_rotations()[number] @ rotation(2, np.degrees(chain.offset_rad))
        for length, angle in zip(chain.lengths_mm, chain.rest_rad, strict=True):
            frame = frame @ rotation(2, np.degrees(angle))
            node = node + length * frame[:, 0]
            nodes.append(node)
        # the closed form: points (0, -x, -A x^2) turned by Rz(theta) Rx(-phi) Ry(-zeta)
        u = link_closed_form(whisker, arcs[1:])
        turned = rotation(2, whisker.azimuth_deg) @ rotation(0, -whisker.elevation_deg) @ rotation(1, -whisker.roll_deg)
        expected = array.base_points_mm()[number] + u @ (array.head_rotation() @ turned).T
        np.testing.assert_allclose(nodes, expected, atol=1e-10)
        np.testing.assert_allclose(array.centre_lines_mm(2)[number, -1], expected[-1], atol=1e-10)


def link_closed_form(whisker, arcs):
    """Points (0, -x, -A x^2) at arc lengths, x by bisection."""
    a, low, high = whisker.curvature_per_mm, np.zeros_like(arcs), arcs.copy()
    for _ in range(80):
        x = (low + high) / 2
        short = x / 2 * np.sqrt(1 + (2 * a * x) ** 2) + np.arcsinh(2 * a * x) / (4 * a) < arcs
        low, high = np.where(short, x, low), np.where(short, high, x)
    return np.stack([np.zeros_like(x), -x, -a * x**2], axis=1)


def test_whiskers_leave_the_face_outwards_and_fan_from_caudal_to_rostral():
    array = mouse_array("both")
    axes = array.base_rotations()[:, :, 0]
    right = np.array([name[0] == "R" for name in array.names])
    assert (axes[right, 0] > 0).all() and (axes[~right, 0] < 0).all()
    row = [array.names.index(f"RC{column}") for column in range(7)]
    assert (np.diff(axes[row, 1]) > 0).all()
    np.testing.assert_allclose(np.linalg.det(array.base_rotations()), 1, atol=1e-12)


def test_head_pose_turns_about_the_heads_origin():
    array = mouse_array(preset="whiskit", names="RC1")
    np.testing.assert_allclose(array.base_points_mm()[0], np.add(array.whiskers[0].base_point_mm, (0, 13, 1.5)))
    x, y, z = array.base_points_mm()[0]
    np.testing.assert_allclose(
        array.posed((1, 2, 3), (0, 0, 90)).base_points_mm()[0], (1 - y, 2 + x, 3 + z), atol=1e-12
    )
    np.testing.assert_allclose(array.posed((0, 0, 0), (90, 0, 0)).base_points_mm()[0], (x, -z, y), atol=1e-12)
    assert rat_array(preset="whiskit").array_offset_mm == (0.0, 26.0, 4.0)
    assert mouse_array().array_offset_mm == rat_array().array_offset_mm == (0.0, 0.0, 0.0)
    assert mouse_array().posed(*CURVED_PLATE_POSE).head_position_mm == (-5.0, -10.0, 0.0)


def test_centre_lines_are_as_long_as_the_whiskers():
    array = rat_array()
    lines = array.centre_lines_mm(2001)
    drawn = np.linalg.norm(np.diff(lines, axis=1), axis=2).sum(axis=1)
    np.testing.assert_allclose(drawn, [whisker.length_mm for whisker in array.whiskers], rtol=1e-6)
    np.testing.assert_array_equal(lines[:, 0], array.base_points_mm())


def test_numbers_of_whiskers_and_subsets():
    assert len(mouse_array()) == len(rat_array()) == 30 and len(mouse_array("both")) == 60
    assert len(rat_array(source="towal2011")) == 31
    assert rat_array(names=whisker_names("rat_27")).names == whisker_names("rat_27")
    array = mouse_array("both")
    assert array.subset("LC1 RC1").names == ("LC1", "RC1")
    assert array.subset("RC1").whiskers[0] is array.whiskers[array.names.index("RC1")]


def test_taper_and_modulus_are_chosen_apart_from_the_preset():
    proper, halved = mouse_array(names="RC1"), mouse_array(names="RC1", taper="whiskit", youngs_modulus_pa=5e9)
    (one,), (other,) = proper.whiskers, halved.whiskers
    assert other.tip_radius_mm == pytest.approx(one.tip_radius_mm / 2) and other.youngs_modulus_pa == 5e9
    assert dataclasses.replace(other, tip_radius_mm=one.tip_radius_mm, youngs_modulus_pa=3.3e9) == one
    (program,) = mouse_array(names="RC1", preset="whiskit").whiskers
    assert program.tip_radius_mm == other.tip_radius_mm
    assert (program.density_base_kg_m3, program.density_tip_kg_m3) == (630.0, 845.0)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="preset 'beam' is not known; give proper or whiskit"):
        mouse_array(preset="beam")
    with pytest.raises(ValueError, match="taper 'cone' is not known"):
        mouse_array(taper="cone")
    with pytest.raises(ValueError, match="side 'up' is not known"):
        mouse_array("up")
    with pytest.raises(ValueError, match="'LC1' names no whisker here .*; there are RA0-4"):
        mouse_array(names="LC1")
    with pytest.raises(ValueError, match="no built-in array of the mouse .regression."):
        mouse_array(source="towal2011")
    with pytest.raises(ValueError, match="towal2011 has neither a whiskit preset nor scatter"):
        rat_array(source="towal2011", preset="whiskit")
    with pytest.raises(ValueError, match="youngs_modulus_pa of whisker RA0 is 0"):
        mouse_array(youngs_modulus_pa=0)
    whisker = mouse_array().whiskers[0]
    with pytest.raises(ValueError, match="at least one whisker"):
        WhiskerArray(())
    with pytest.raises(ValueError, match="RA0 is in the array twice"):
        WhiskerArray((whisker, whisker))
    with pytest.raises(ValueError, match="head_position_mm is .*; give three finite numbers"):
        WhiskerArray((whisker,), (0.0, np.nan, 0.0))
    with pytest.raises(ValueError, match="n_points is 1"):
        mouse_array().centre_lines_mm(1)
