"""Gaps at the start against brute force; refusing and pushing what overlaps."""

import numpy as np
import pytest

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray, mouse_array
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.pluck import static_shape
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Box, Cylinder, Mesh, Plane, Sphere
from simulators.whisker.solver.clearance import cleared, start_gaps_mm

ARRAY = mouse_array(names=["RC0", "RC1", "RD3"])
MECHANICS = Mechanics(n_links=7)


def whisker_points(array, whisker, per_link=200):
    """Points along the links of a whisker at rest, world, and the radius at each."""
    chain = MECHANICS.chain(array.whiskers[whisker])
    nodes = static_shape(array.whiskers[whisker], MECHANICS).nodes_mm @ array.base_rotations()[whisker].T
    share = np.linspace(0, 1, per_link)
    lines = nodes[:-1, None] + share[:, None] * np.diff(nodes, axis=0)[:, None]
    radii = chain.radii_mm[:-1, None] + share * np.diff(chain.radii_mm)[:, None]
    return lines.reshape(-1, 3) + array.base_points_mm()[whisker], radii.ravel()


def still(solid, position):
    return SceneObject(solid, RigidMotion.fixed(position))


def test_gaps_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    centre = ARRAY.centre_lines_mm(5).mean(axis=(0, 1))
    objects = [still(Sphere(1.0, contact_offset_mm=0.2), centre + rng.normal(scale=3, size=3)) for _ in range(12)]
    gaps = start_gaps_mm(Scene(ARRAY, tuple(objects)), MECHANICS)
    assert gaps.shape == (3, 12)
    for w in range(3):
        points, radii = whisker_points(ARRAY, w)
        for o, item in enumerate(objects):
            away = np.linalg.norm(points - item.motion.at(np.zeros(1)).position_mm, axis=1) - radii - 1.2
            if away.min() < 1.0:
                np.testing.assert_allclose(gaps[w, o], away.min(), atol=2e-3)
            else:
                assert 1.0 - 1e-9 <= gaps[w, o] <= away.min() + 1e-6


def test_a_clear_scene_is_handed_back_itself():
    scene = Scene(ARRAY, (still(Sphere(1.0), (50, 0, 0)),))
    assert cleared(scene, MECHANICS) is scene and cleared(scene, MECHANICS, "push") is scene
    assert cleared(Scene(ARRAY), MECHANICS, "push").objects == ()


def test_whisking_starts_from_where_the_bases_are_at_time_0():
    # The same ball overlaps the whiskers at rest but not those drawn back.
    tip = ARRAY.centre_lines_mm(2)[1, 1]
    ball = still(Sphere(0.5), tip)
    with pytest.raises(ValueError, match=r"ball|object 0"):
        cleared(Scene(ARRAY, (ball,)), MECHANICS)
    scene = Scene(ARRAY, (ball,), whisking(ARRAY))
    assert cleared(scene, MECHANICS) is scene


@pytest.mark.parametrize("name", ["", "cup"])
def test_overlaps_are_refused_by_name(name):
    tip = ARRAY.centre_lines_mm(2)[1, 1]
    item = SceneObject(Sphere(0.5), RigidMotion.linear(tip, (0, -30, 0)), name)
    with pytest.raises(
        ValueError, match=f"{name or 'object 0'} starts inside the array: it overlaps 1 whiskers \\(RC1\\)"
    ):
        cleared(Scene(ARRAY, (item,)), MECHANICS)


def test_touching_is_no_overlap_but_a_little_less_is():
    one = WhiskerArray((mouse_array(names=["RC1"]).whiskers[0],))
    tip, up = one.centre_lines_mm(2)[0, 1], one.base_rotations()[0][:, 2]
    gap = start_gaps_mm(Scene(one, (still(Sphere(1.0), tip + 1.5 * up),)), MECHANICS)[0, 0]
    assert 0.4 < gap < 0.5
    for left, clear in ((1e-5, True), (-1e-5, False)):
        scene = Scene(one, (still(Sphere(1.0), tip + (1.5 - gap + left) * up),))
        if clear:
            assert cleared(scene, MECHANICS) is scene
        else:
            with pytest.raises(ValueError, match="by up to 0.00 mm"):
                cleared(scene, MECHANICS)


@pytest.mark.parametrize(
    "solid", [Sphere(3.0), Box((10.0, 8.0, 6.0)), Cylinder(1.0, 40.0), Mesh(*Box((5.0, 5.0, 5.0)).surface()), Plane()],
    ids=lambda solid: type(solid).__name__,
)  # fmt: skip
@pytest.mark.parametrize("velocity", [(0, -30, 0), (-5, -20, 10)])
def test_pushed_objects_are_one_mm_clear_on_their_own_path(solid, velocity):
    centre = ARRAY.centre_lines_mm(3)[:, 1:].mean(axis=(0, 1))
    # A plane looks back along the path.
    turned = (90.0, 0.0, 0.0) if isinstance(solid, Plane) else (10.0, 20.0, 30.0)
    scene = Scene(
        ARRAY, (SceneObject(solid, RigidMotion.linear(centre, velocity, turned), "it"), still(Sphere(1), (60, 0, 0)))
    )
    pushed = cleared(scene, MECHANICS, "push")
    gaps = start_gaps_mm(pushed, MECHANICS)
    assert 1.0 - 1e-6 <= gaps[:, 0].min() < 1.06
    assert pushed.objects[1] is scene.objects[1]
    assert (pushed.duration_s, pushed.rate_hz, pushed.array) == (scene.duration_s, scene.rate_hz, scene.array)
    shift = pushed.objects[0].motion.at(np.zeros(1)).position_mm[0] - centre
    np.testing.assert_allclose(shift / np.linalg.norm(shift), -np.array(velocity) / np.linalg.norm(velocity), atol=1e-9)
    # No shorter push would have done: half a millimetre less is less than a millimetre clear.
    less = RigidMotion.linear(centre + shift - 0.5 * shift / np.linalg.norm(shift), velocity, turned)
    assert start_gaps_mm(Scene(ARRAY, (SceneObject(solid, less),)), MECHANICS).min() < 1.0


def test_what_cannot_be_pushed_is_refused():
    tip = ARRAY.centre_lines_mm(2)[1, 1]
    with pytest.raises(ValueError, match="does not move"):
        cleared(Scene(ARRAY, (still(Sphere(0.5), tip),)), MECHANICS, "push")
    # A plane that moves along itself never comes clear.
    along = SceneObject(Plane(), RigidMotion.linear(tip + [0, 0, 1], (0, -30, 0)))
    with pytest.raises(ValueError, match="not clear of the array within 1000 mm"):
        cleared(Scene(ARRAY, (along,)), MECHANICS, "push")
    with pytest.raises(ValueError, match="overlap 'shove' is not known"):
        cleared(Scene(ARRAY), MECHANICS, "shove")
