import numpy as np
import pytest
import trimesh

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.geometry.frames import head_rotation
from simulators.whisker.solids import Sphere
from simulators.whisker.stimuli.extent import turned_extent_mm
from simulators.whisker.stimuli.objects import ProceduralObjects
from simulators.whisker.stimuli.passage import clear_passage, gap_to_array_mm, whisker_segments
from simulators.whisker.stimuli.placement import posed_for_sweeps

ARRAY = posed_for_sweeps(mouse_array())
OBJECTS = ProceduralObjects(1, ["box", "chair", "cone", "curved_plate", "star"])


def whisker_points():
    ends = whisker_segments(ARRAY)
    return np.concatenate(ends[:2]), np.concatenate(ends[2:])


def distance_of(points, solid, rotation, position):
    """Unsigned distance of world points to the surface, by another library."""
    vertices, faces = solid.surface()
    mesh = trimesh.Trimesh(vertices @ rotation.T + position, faces, process=False)
    return trimesh.proximity.closest_point_naive(mesh, points)[1]


@pytest.mark.parametrize("item", OBJECTS.objects, ids=lambda item: item.category)
def test_passage_starts_clear_near_and_ends_out_of_reach(item):
    solid, rotation = OBJECTS.solid(item.object_id, 30.0), head_rotation((20.0, 0.0, 30.0))
    path = clear_passage(solid, rotation, ARRAY, distance_mm=5.0, height_mm=-3.0)
    points, radii = whisker_points()
    gaps = distance_of(points, solid, rotation, path.start_mm) - radii
    assert path.reaches_array
    assert gaps.min() >= 1.0 - 1e-6
    assert 1.0 <= path.clearance_mm <= 1.02 + 1e-9
    # Surfaces of pictures and points along the whiskers are coarser than the gap itself.
    assert gaps.min() < 1.35
    low, high = turned_extent_mm(solid, rotation)
    assert path.start_mm[0] + low[0] == pytest.approx(5.0)
    assert path.start_mm[2] + (low[2] + high[2]) / 2 == pytest.approx(-3.0)
    end = np.array(path.start_mm) - [0, path.length_mm, 0]
    lengths = np.array([whisker.length_mm for whisker in ARRAY.whiskers])
    assert (distance_of(ARRAY.base_points_mm(), solid, rotation, end) > lengths).all()
    assert end[1] + high[1] < points[:, 1].min() - 1.0


def test_the_asked_clearance_is_kept_with_the_contact_offset():
    near, far = Sphere(8.0), Sphere(8.0, contact_offset_mm=0.5)
    for solid, clearance in ((near, 0.2), (near, 3.0), (far, 1.0)):
        path = clear_passage(solid, np.eye(3), ARRAY, distance_mm=5.0, height_mm=0.0, clearance_mm=clearance)
        points, radii = whisker_points()
        gaps = np.linalg.norm(points - path.start_mm, axis=1) - 8.0 - radii - solid.contact_offset_mm
        assert clearance <= path.clearance_mm <= clearance + 0.02 + 1e-9
        assert clearance - 1e-9 <= gaps.min() < clearance + 0.1


def test_an_object_that_passes_by_says_so():
    path = clear_passage(Sphere(5.0), np.eye(3), ARRAY, distance_mm=40.0, height_mm=0.0)
    assert not path.reaches_array
    assert path.clearance_mm > 1.0 and path.length_mm > 0


def test_overlap_is_negative():
    middle = ARRAY.centre_lines_mm(3)[0, 1]
    assert gap_to_array_mm(Sphere(2.0), np.eye(3), middle, ARRAY) < -2.0


def test_one_whisker_is_passed_sooner_than_the_array():
    solid = Sphere(8.0)
    whole = clear_passage(solid, np.eye(3), ARRAY, distance_mm=5.0, height_mm=0.0)
    alone = clear_passage(solid, np.eye(3), ARRAY.subset("RC4"), distance_mm=5.0, height_mm=0.0)
    assert alone.length_mm < whole.length_mm


def test_clearance_must_be_positive():
    with pytest.raises(ValueError, match="clearance_mm is 0"):
        clear_passage(Sphere(5.0), np.eye(3), ARRAY, distance_mm=5.0, height_mm=0.0, clearance_mm=0.0)
