import numpy as np
import pytest

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import quaternions
from simulators.whisker.stimuli.passage import gap_to_array_mm
from simulators.whisker.stimuli.rodgers import rodgers_stimuli


@pytest.fixture(scope="module")
def six():
    return rodgers_stimuli(mouse_array())


def gap_at_rest(stimulus):
    thing = stimulus.scene.objects[0]
    pose = thing.motion.at(np.zeros(1))
    rotation = quaternions.to_matrix(pose.quaternion)[0]
    return gap_to_array_mm(thing.solid, rotation, pose.position_mm[0], stimulus.scene.array)


def test_one_call_gives_six_named_scenes(six):
    assert [stimulus.name for stimulus in six] == [
        f"{shape}-{distance}" for shape in ("convex", "concave") for distance in ("close", "medium", "far")
    ]
    assert len({tuple(stimulus.labels.values()) for stimulus in six}) == 6
    for stimulus in six:
        assert len(stimulus.scene.array) == 30 and stimulus.scene.n_intervals == 1000
        assert stimulus.scene.array.head_orientation_deg == (0, 15, 0)
        assert stimulus.scene.objects[0].name == stimulus.name


def test_plates_start_clear_of_resting_whiskers_and_recede(six):
    gaps = np.array([gap_at_rest(stimulus) for stimulus in six]).reshape(2, 3)
    assert (gaps > 0.1).all()
    assert (np.diff(gaps, axis=1) > 0.5).all()


def test_whisking_is_the_published_sine_or_what_is_asked_for(six):
    times = np.linspace(0, 0.125, 126)
    protraction = six[0].scene.base_motion.at(times).protraction_deg
    assert protraction.max() == pytest.approx(35, abs=0.1) and protraction.min() == pytest.approx(-10, abs=0.1)
    slower = rodgers_stimuli(mouse_array(names="RC*"), duration_s=0.5, frequency_hz=4.0)[0].scene
    assert slower.base_motion.at(times).protraction_deg[-1, 0] == pytest.approx(35, abs=0.1)
    assert slower.duration_s == 0.5


def test_whiskers_reach_the_close_plates(six):
    """Swept as rigid bodies, the whiskers cross the plate while they protract."""
    for stimulus in (six[0], six[3]):
        scene = stimulus.scene
        rest = scene.base_motion.at(np.zeros(1))
        full = scene.base_motion.at(np.array([1 / 16]))
        lines = scene.array.centre_lines_mm(20)
        rotations = quaternions.to_matrix(full.quaternion[0])
        local = np.einsum("wij,wpi->wpj", scene.array.base_rotations(), lines - rest.position_mm[0][:, None])
        swept = full.position_mm[0][:, None] + np.einsum("wij,wpj->wpi", rotations, local)
        thing = scene.objects[0]
        pose = thing.motion.at(np.zeros(1))
        in_plate = (swept - pose.position_mm[0]) @ quaternions.to_matrix(pose.quaternion)[0]
        outward = np.hypot(in_plate[..., 0] + thing.solid.radius_mm, in_plate[..., 1]) - thing.solid.radius_mm
        within = (np.abs(in_plate[..., 2]) < thing.solid.height_mm / 2) & (np.abs(in_plate[..., 1]) < 25)
        beyond = outward < 0 if stimulus.shape == "convex" else outward > 0
        assert (within & beyond).any()
