import numpy as np
import pytest
import trimesh

from simulators.whisker.geometry.frames import rotation
from simulators.whisker.motion import quaternions
from simulators.whisker.solids import CurvedPlate
from simulators.whisker.stimuli.plates import SHAPES, plate

UNIT_MM = 55 / 1.60239
PROFILE = ("whiskers", "stimuli", "curved_plate_profile.csv")


def world_surface(stimulus):
    pose = stimulus.motion.at(np.zeros(1))
    vertices, faces = stimulus.solid.surface()
    return trimesh.Trimesh(vertices @ quaternions.to_matrix(pose.quaternion)[0].T + pose.position_mm[0], faces)


@pytest.mark.parametrize("shape", SHAPES)
def test_arc_and_published_outline_agree(real_data, shape):
    ours = plate(shape, "medium")
    pose = ours.motion.at(np.zeros(1))
    to_own = quaternions.to_matrix(pose.quaternion)[0]
    published = world_surface(plate(shape, "medium", profile=real_data.joinpath(*PROFILE)))
    for points, mesh in ((published.vertices, world_surface(ours)), (world_surface(ours).vertices, published)):
        off = trimesh.proximity.closest_point_naive(mesh, points[::3])[1]
        along = np.abs(((points[::3] - pose.position_mm[0]) @ to_own)[:, 1])
        # The published ends are cut askew.
        assert off[along < along.max() - 1.5].max() < 0.015 * UNIT_MM
        assert off.max() < 0.025 * UNIT_MM


def test_outer_arc_lies_within_the_stated_tolerance(real_data):
    points = np.loadtxt(real_data.joinpath(*PROFILE), delimiter=",", skiprows=1)[:, 1:]
    solid = plate("convex", "close").solid
    radius = solid.radius_mm + solid.thickness_mm / 2
    off = np.linalg.norm(points - [-0.771, -1.653], axis=1) * UNIT_MM - radius
    assert np.abs(off).max() < 0.015 * UNIT_MM
    chord = 2 * radius * np.sin(np.radians(solid.angle_deg / 2))
    assert chord == pytest.approx(np.linalg.norm(points[0] - points[-1]) * UNIT_MM, abs=0.1)


def test_size_is_the_published_one():
    solid = plate("concave", "far").solid
    assert isinstance(solid, CurvedPlate)
    assert solid.height_mm == pytest.approx(17.4, abs=0.05)
    assert 1.56 < solid.thickness_mm < 1.73
    half = plate("concave", "far", diagonal_mm=27.5).solid
    assert half.radius_mm == pytest.approx(solid.radius_mm / 2)


def test_plates_stand_where_the_published_rule_puts_them(real_data):
    """The origin of the outline's frame, at y less than asked by the reach of the turned outline below it."""
    outline = np.loadtxt(real_data.joinpath(*PROFILE), delimiter=",", skiprows=1)[:, 1:]
    outline = np.concatenate([outline, outline + [-0.020447, -0.046006]]) * UNIT_MM
    for shape, turn, shift in (("concave", -25.0, 0.0), ("convex", 155.0, 1.0)):
        turned = outline @ rotation(2, turn)[:2, :2].T
        for distance, x, y in (("close", -1.0, 21.0), ("medium", 0.0, 22.0), ("far", 1.0, 23.0)):
            stimulus = plate(shape, distance, profile=real_data.joinpath(*PROFILE))
            position = stimulus.motion.at(np.zeros(1)).position_mm[0]
            expected = [x + shift - turned[:, 0].min(), y + turned[:, 1].min(), 3 + (0.2513 - 0.2566) / 2 * UNIT_MM]
            np.testing.assert_allclose(position, expected, atol=1e-3)


def test_convex_bulges_and_concave_opens_towards_the_animal():
    for shape, sign in (("convex", 1), ("concave", -1)):
        stimulus = plate(shape, "medium")
        pose = stimulus.motion.at(np.zeros(1))
        animal = -pose.position_mm[0] @ quaternions.to_matrix(pose.quaternion)[0]
        assert sign * animal[0] > 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("i,x\n0,1\n", "needs x and y"),
        ("", "needs x and y"),
        ("x,y\n0,1\n1,1\n", "2 points"),
        ("x,y\n0,1\n1,1\n1,nan\n", "finite"),
    ],
)
def test_broken_outlines_are_refused(tmp_path, text, message):
    (tmp_path / "profile.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        plate("convex", "close", profile=tmp_path / "profile.csv")


def test_unknown_plates_are_refused():
    with pytest.raises(ValueError, match="distances"):
        plate("convex", "near")
    with pytest.raises(ValueError, match="diagonal_mm is -1"):
        plate("convex", "close", diagonal_mm=-1)
