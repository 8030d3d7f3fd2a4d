"""Contacts at one instant against calculation by hand and dense matrices."""

import numpy as np
import pytest

from simulators.whisker.solids import Plane, Sphere, pack_solids
from simulators.whisker.solver.friction import revise_contacts
from simulators.whisker.solver.recursion import CHANGE_SIZE, EXTRA_SIZE, LINK_SIZE, SHIFT_SIZE
from simulators.whisker.solver.touching import (
    CONTACT_SIZE,
    SEEN_SIZE,
    find_contacts,
    load_links,
    sum_contacts,
)

N = 3
LENGTHS, RADII = np.full(N, 2.0), np.array([0.1, 0.08, 0.06, 0.04])
STIFFNESS, RELAXATION, SLIP = 500.0, 0.05, 1e-3
# Change of position and of velocity per change of acceleration.
SPRING, DAMPER = 0.01, 0.2


class Straight:
    """Three links of 2 mm along x from the world's origin, and objects."""

    def __init__(self, solids, poses, friction=0.0):
        self.table = pack_solids(solids)
        self.poses = np.zeros((len(solids), 19))
        self.poses[:, 9] = 1.0
        for pose, (position, velocity) in zip(self.poses, poses, strict=True):
            pose[0:3], pose[3:6] = position, velocity
        self.base, self.link = np.zeros(19), np.zeros((N, LINK_SIZE))
        self.base[9] = 1.0
        self.link[:, 0] = 1.0
        self.link[:, 9] = [0.0, 2.0, 4.0]
        self.shift = np.zeros((N, SHIFT_SIZE))
        self.friction = np.full(len(solids), friction)
        self.clear, self.seen = np.full((len(solids), N), -1.0), np.full((len(solids), N, SEEN_SIZE), 0.5)
        self.seen[:, :, 8:11], self.seen[:, :, 11:] = 0.0, -1.0
        self.travel = np.zeros(len(solids))
        self.contacts = np.zeros((len(solids) * N, CONTACT_SIZE))

    def find(self, pressed=0.0):
        """Contacts, where the last step left a normal force of ``pressed``."""
        self.seen[:, :, 8] = pressed
        count = find_contacts(
            self.table, np.arange(len(self.poses)), self.friction, self.poses, self.base, self.link, self.shift,
            LENGTHS, RADII, STIFFNESS, RELAXATION, SLIP, self.clear, self.seen, self.travel, self.contacts,
        )  # fmt: skip
        return self.contacts[:count]

    def revise(self, contacts, change, attempt=0):
        return revise_contacts(
            contacts, len(contacts), SPRING, DAMPER, STIFFNESS, RELAXATION, SLIP, change, attempt, self.seen
        )  # fmt: skip


def ball_under(arc, depth, offset=0.0, radius=1.0):
    """A ball whose top presses ``depth`` into a whisker along x at ``arc``, and where it is."""
    thick = np.interp(arc, [0, 2, 4, 6], RADII)
    return Sphere(radius, contact_offset_mm=offset), (arc, 0.0, depth - radius - offset - thick)


@pytest.mark.parametrize("offset", [0.0, 0.25])
@pytest.mark.parametrize(("arc", "link"), [(3.0, 1), (2.2, 1), (4.5, 2), (0.6, 0)])
def test_a_ball_pushes_by_depth_times_stiffness(arc, link, offset):
    solid, position = ball_under(arc, 0.02, offset)
    found = Straight([solid], [(position, (0, 0, 0))]).find()
    one = found[np.abs(found[:, 13] - (arc - 2 * link) / 2) < 0.02]
    # The taper moves the nearest point by radius times slope, 0.01 mm.
    assert len(one) == 1
    assert one[0, 0] == link and one[0, 1] == 1.0
    np.testing.assert_allclose(one[0, 2:5], [arc, 0, 0], atol=0.015)
    np.testing.assert_allclose(one[0, 5:8], [0, 0, 1], atol=0.012)
    np.testing.assert_allclose(one[0, 14], -0.02, atol=1e-4)
    np.testing.assert_allclose(one[0, 8], STIFFNESS * 0.02, rtol=6e-3)


def test_the_tip_touches_as_a_ball_of_its_radius():
    # Beside the tip, so that the nearest point is the tip itself.
    solid, position = Sphere(1.0), np.array([6.6, 0.0, 0.8])
    depth = 0.01
    position[0] = 6.0 + np.sqrt((1.04 - depth) ** 2 - 0.8**2)
    found = Straight([solid], [(position, (0, 0, 0))]).find()
    assert found[:, 0].tolist() == [2.0] and found[0, 13] == 1.0
    np.testing.assert_allclose(found[0, [8, 14]], [STIFFNESS * depth, -depth], rtol=1e-9)
    out = np.array([6.0, 0, 0]) - position
    np.testing.assert_allclose(found[0, 2:8], [6, 0, 0, *(out / np.linalg.norm(out))], atol=1e-12)


def test_damper_and_friction_follow_the_velocity_between_whisker_and_object():
    # The object rises at 0.3 and slides at 0.4 mm/ms; the whisker turns about y by 0.1 rad/ms at 3 mm: 0.3 down.
    solid, position = ball_under(3.0, 0.02, radius=2.0)
    scene = Straight([solid], [(position, (0.0, 0.4, 0.3))], friction=0.5)
    scene.link[:, 13] = 0.1
    one = scene.find(pressed=7.0)
    one = one[(one[:, 0] == 1) & (one[:, 13] < 1)][0]
    np.testing.assert_allclose(one[8], STIFFNESS * (-one[14] + RELAXATION * 0.6), rtol=5e-3)
    np.testing.assert_allclose(one[9:12], [0, -0.4, 0], atol=7e-3)
    # Drag begins from the normal force that the last step left.
    np.testing.assert_allclose(one[12], 0.5 * 7.0 / 0.4, rtol=2e-3)


def test_slow_sliding_is_viscous():
    solid, position = ball_under(3.0, 0.02)
    for slow, expected in ((0.0, 0.5 / SLIP), (0.5 * SLIP, 0.5 / SLIP), (20 * SLIP, 0.025 / SLIP)):
        scene = Straight([solid], [(position, (0, slow, 0))], friction=0.5)
        np.testing.assert_allclose(scene.find(pressed=7.0)[0, 12], expected * 7.0, rtol=1e-3)


def test_what_moves_apart_does_not_push():
    solid, position = ball_under(3.0, 0.02)
    one = Straight([solid], [(position, (0, 0.4, -10.0))], friction=0.5).find()[0]
    assert one[8] < 0 and one[1] == 0.0 and one[12] == 0.0


def test_shift_carries_gap_and_velocity_to_the_predicted_state():
    solid, position = ball_under(3.0, 0.02, radius=2.0)
    scene = Straight([solid], [(position, (0, 0, 0))])
    before = scene.find()[0].copy()
    # A turn about y of -0.01 rad lifts the point at 3 mm by 0.03 mm; its rate, by 0.3 mm/ms.
    scene.shift[:, 1], scene.shift[:, 7] = -0.01, -0.1
    after = scene.find()[0]
    np.testing.assert_allclose(after[14] - before[14], 0.03, rtol=1e-2)
    np.testing.assert_allclose(after[8] - before[8], -STIFFNESS * (0.03 + RELAXATION * 0.3), rtol=1e-2)
    assert after[1] == 0.0


def test_far_links_are_left_out_until_they_can_have_come_near():
    scene = Straight([Sphere(1.0)], [((3.0, 0.0, -1.5), (0, 0, 0))])
    assert len(scene.find()) == 0
    known = scene.clear.copy()
    np.testing.assert_allclose(known[0, 1], 0.5 - 0.07, atol=1e-3)
    scene.clear[0, 1] = 0.4  # Not looked at again, so kept.
    scene.poses[0, 2] += 0.2
    scene.travel[0] = 0.2
    assert len(scene.find()) == 0 and scene.clear[0, 1] == 0.4
    scene.poses[0, 2] += 0.3
    scene.travel[0] = 0.5
    assert len(scene.find()) == 1
    # A link that moved by itself is looked at again as well.
    scene = Straight([Sphere(1.0)], [((3.0, 0.0, -1.5), (0, 0, 0))])
    scene.find()
    scene.link[:, 11] -= 0.5
    assert len(scene.find()) == 1


def test_a_plane_touches_every_link_that_enters_it():
    found = Straight([Plane()], [((0, 0, -0.07), (0, 0, 0))]).find()
    # The nearer, thicker ends of the links have radii 0.1, 0.08, 0.06.
    np.testing.assert_array_equal(found[:, 0], [0, 1, 2])
    np.testing.assert_allclose(found[:, 14], [-0.03, -0.01, 0.01], atol=1e-12)
    np.testing.assert_array_equal(found[:, 1], [1, 1, 0])


def touching_at_two_places():
    solids, places = zip(*(ball_under(arc, 0.02) for arc in (3.0, 5.1)), strict=True)
    scene = Straight(list(solids), [(place, (0.0, 0.2, 0.0)) for place in places], friction=0.4)
    contacts = scene.find(pressed=9.0)
    assert contacts[:, 1].sum() >= 2
    return scene, contacts


def dense_gain(one, drag):
    """Normal and tangential gain, and the (6, 6) matrix of a contact, from a Jacobian."""
    p, normal = one[2:5], one[5:8]
    cross = np.array([[0, -p[2], p[1]], [p[2], 0, -p[0]], [-p[1], p[0], 0]])
    to_velocity = np.hstack([-cross, np.eye(3)])
    along, across = STIFFNESS * (SPRING + RELAXATION * DAMPER), drag * DAMPER
    gain = along * np.outer(normal, normal) + across * (np.eye(3) - np.outer(normal, normal))
    return along, across, to_velocity.T @ gain @ to_velocity


def loaded(scene, contacts, free=None):
    # What the last attempt left where there are contacts; elsewhere the forces without contacts and no gain.
    free = np.zeros((N, 6)) if free is None else free
    extra, touched = np.zeros((N, EXTRA_SIZE)), contacts[:, 0].astype(int)
    extra[touched] = np.nan
    scene.link[:, 24:30] = free
    scene.link[touched, 24:30] = np.nan
    load_links(contacts, len(contacts), SPRING, DAMPER, STIFFNESS, RELAXATION, free, scene.link, extra)
    return extra


def test_forces_and_gains_on_links_are_those_of_a_jacobian():
    scene, contacts = touching_at_two_places()
    free = np.random.default_rng(0).normal(size=(N, 6))
    extra = loaded(scene, contacts, free)
    force, matrix = free.copy(), np.zeros((N, 6, 6))
    for one in contacts[contacts[:, 1] == 1]:
        push = one[8] * one[5:8] - one[12] * one[9:12]
        force[int(one[0])] -= np.concatenate([np.cross(one[2:5], push), push])
        along, across, dense = dense_gain(one, one[12])
        np.testing.assert_allclose(one[15:17], [along, across], rtol=1e-12)
        matrix[int(one[0])] += dense
    np.testing.assert_allclose(scene.link[:, 24:30], force, atol=1e-12)
    rows, columns = np.triu_indices(3)
    np.testing.assert_allclose(extra[:, 0:6], matrix[:, :3, :3][:, rows, columns], atol=1e-9)
    np.testing.assert_allclose(extra[:, 6:15], matrix[:, :3, 3:].reshape(N, 9), atol=1e-9)
    np.testing.assert_allclose(extra[:, 15:21], matrix[:, 3:, 3:][:, rows, columns], atol=1e-9)


def test_contacts_that_the_solved_motion_opens_let_go_and_may_come_back_early():
    scene, contacts = touching_at_two_places()
    loaded(scene, contacts)
    change = np.zeros((N, CHANGE_SIZE))
    before = contacts[:, 1].copy()
    # Link 2 flies off.
    change[2, 7] = 50.0
    assert scene.revise(contacts, change)
    np.testing.assert_array_equal(contacts[contacts[:, 0] == 2, 1], 0.0)
    change[2, 7] = 0.0
    scene.revise(contacts, change, attempt=4)
    np.testing.assert_array_equal(contacts[contacts[:, 0] == 2, 1], 0.0)
    assert scene.revise(contacts, change, attempt=3)
    np.testing.assert_array_equal(contacts[:, 1], before)


def test_drag_settles_on_the_solved_normal_force_and_sliding_speed():
    scene, contacts = touching_at_two_places()
    loaded(scene, contacts)
    change = np.zeros((N, CHANGE_SIZE))
    change[:, 7], change[:, 6] = 0.1, 0.5
    assert scene.revise(contacts, change)
    for one in contacts[contacts[:, 1] == 1]:
        normal = one[5:8]
        moved = np.array([0.0, 0.5, 0.1])
        pressed = one[8] - STIFFNESS * (SPRING + RELAXATION * DAMPER) * (normal @ moved)
        sliding = one[9:12] + DAMPER * (moved - normal * (normal @ moved))
        np.testing.assert_allclose(one[12], 0.4 * pressed / np.linalg.norm(sliding), rtol=1e-12)
        np.testing.assert_allclose(scene.seen[int(one[18]), int(one[0]), 8], pressed, rtol=1e-12)
        np.testing.assert_allclose(
            scene.seen[int(one[18]), int(one[0]), 9], one[14] + SPRING * (normal @ moved), rtol=1e-12
        )
    # With that drag nothing is left to change.
    assert not scene.revise(contacts, change)


def test_summed_forces_are_those_that_were_solved_with():
    scene, contacts = touching_at_two_places()
    loaded(scene, contacts)
    drags = contacts[:, 12].copy()
    change = np.zeros((N, CHANGE_SIZE))
    change[:, 7] = 0.1
    contacts[:, 12] = 1e6  # What a next solve would take.
    total, arcs = np.zeros(8), np.array([0.0, 2.0, 4.0, 6.0])
    sum_contacts(contacts, len(contacts), DAMPER, change, scene.base, arcs, total)
    forces, points, places = [], [], []
    for one, drag in zip(contacts, drags, strict=True):
        if one[1] == 0:
            continue
        along, across, _ = dense_gain(one, drag)
        normal, moved = one[5:8], np.array([0.0, 0.0, 0.1])
        across_part = moved - normal * (normal @ moved)
        forces.append(normal * (one[8] - along * (normal @ moved)) - drag * one[9:12] - across * across_part)
        points.append(one[2:5])
        places.append(2 * one[0] + 2 * one[13])
    sizes = np.linalg.norm(forces, axis=1)
    np.testing.assert_allclose(total[0:3], np.sum(forces, axis=0), rtol=1e-12)
    np.testing.assert_allclose(total[3:6], sizes @ points, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(total[6:8], [sizes @ places, sizes.sum()], rtol=1e-12)
