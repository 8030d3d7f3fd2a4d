import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion, map_coordinates

from simulators.vision import (
    Display,
    display_of,
    glass_shapes,
    nontexture_shapes,
    shiny_shapes,
    textured_sprites,
    training_grating,
    water_scene,
)
from simulators.vision.trajectories import LARGEST_SPEED, WALK_STEP, circle, oscillation, places, random_walk, straight

DISPLAY = Display(72, 80)
MAKERS = [nontexture_shapes, textured_sprites, training_grating, shiny_shapes, glass_shapes, water_scene]


def seen_next(clip, frame, name="frames"):
    """What each pixel of a frame looks like, and which object it is, in the next frame where its flow leads."""
    flow = clip["flow"].values[frame].astype(float)
    rows, cols = np.indices(flow.shape[1:])
    at = [rows + flow[1], cols + flow[0]]
    picture = map_coordinates(clip["frames"].values[frame + 1, 0].astype(float), at, order=1, mode="nearest")
    label = map_coordinates(clip["segmentation"].values[frame + 1], at, order=0, mode="constant", cval=-1)
    return picture, label


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_seeds_determine_every_bit(make, channels):
    one, again, other = (make(DISPLAY, 4, seed=seed, channels=channels) for seed in (3, 3, 4))
    assert one["frames"].shape == (4, channels, 72, 80) and display_of(one) == DISPLAY
    assert one.identical(again)
    assert not np.array_equal(one["frames"].values, other["frames"].values)
    assert one.attrs["seed"] == 3
    assert float(one["frames"].min()) >= 0 and float(one["frames"].max()) <= 1


@pytest.mark.parametrize("make", MAKERS)
def test_no_centre_is_faster_than_asked_for(make):
    for seed in range(4):
        clip = make(DISPLAY, 5, seed=seed, max_speed=1.5)
        speed = np.hypot(*clip["flow"].values.transpose(1, 0, 2, 3))
        assert np.isfinite(speed).all() and speed.max() <= 1.5 + 1e-4


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_moves_at_speed_zero(make):
    assert abs(make(DISPLAY, 3, seed=1, max_speed=0.0)["flow"].values).max() < 1e-4


@pytest.mark.parametrize("make", [nontexture_shapes, textured_sprites])
def test_sprites_look_the_same_where_their_flow_leads(make):
    errors, changes = [], []
    for seed in range(6):
        clip = make(DISPLAY, 9, seed=seed, max_speed=3.0)
        labels = clip["segmentation"].values
        for frame in (0, 4, 7):
            picture, after = seen_next(clip, frame)
            now = clip["frames"].values[frame, 0]
            # Pixels whose neighbours belong to the same object, before and after: the border is a mixture.
            same = after == labels[frame]
            inner = same & np.logical_or.reduce(
                [
                    binary_erosion(labels[frame] == k, iterations=2) & binary_erosion(after == k, iterations=2)
                    for k in np.unique(labels[frame])
                ]
            )
            moving = inner & (np.hypot(*clip["flow"].values[frame]) > 0.3)
            errors.append(abs(picture - now)[moving])
            changes.append(abs(clip["frames"].values[frame + 1, 0] - now)[moving])
    error, change = np.concatenate(errors).mean(), np.concatenate(changes).mean()
    assert len(np.concatenate(errors)) > 3000
    # Textures are read between their pixels, once to be painted and once to be compared.
    assert error < 0.005 if make is nontexture_shapes else error < 0.35 * change


def test_turning_and_growing_sprites_too():
    errors, wrong = [], []
    for seed in range(6):
        clip = textured_sprites(DISPLAY, 6, seed=seed, max_speed=1.0, rotation_deg=6, zoom=0.05)
        picture, after = seen_next(clip, 3)
        labels = clip["segmentation"].values[3]
        inner = np.logical_or.reduce(
            [
                binary_erosion(labels == k, iterations=2) & binary_erosion(after == k, iterations=2)
                for k in np.unique(labels)[1:]
            ]
        )
        now = clip["frames"].values[3, 0]
        errors.append(abs(picture - now)[inner])
        wrong.append(abs(clip["frames"].values[4, 0] - now)[inner])
    assert np.concatenate(errors).mean() < 0.5 * np.concatenate(wrong).mean()


@pytest.mark.parametrize("make", [nontexture_shapes, textured_sprites, shiny_shapes, glass_shapes, water_scene])
def test_each_object_has_one_velocity_and_the_nearest_is_seen(make):
    clip = make(DISPLAY, 5, seed=7)
    flow, labels = clip["flow"].values[2], clip["segmentation"].values[2]
    for k in np.unique(labels):
        assert flow[:, labels == k].std(axis=1).max() < 1e-4
    # Where an object vanishes on its way, a nearer one hides it.
    _, after = seen_next(clip, 2)
    inside = binary_erosion(after >= 0, iterations=2)
    gone = inside & (labels > 0) & (after != labels)
    edge = ~np.logical_or.reduce([binary_erosion(labels == k, iterations=2) for k in np.unique(labels)])
    assert (after[gone & ~edge] > labels[gone & ~edge]).all()


def test_light_on_shiny_shapes_does_not_follow_them():
    """What a surface shows does not travel with it: matt sprites look the same where the flow leads, these do not."""

    def ratio(make):
        errors, changes = [], []
        for seed in range(8):
            clip = make(DISPLAY, 4, seed=seed, max_speed=3.0)
            picture, after = seen_next(clip, 1)
            labels = clip["segmentation"].values[1]
            inner = np.logical_or.reduce(
                [np.zeros_like(labels, dtype=bool)]
                + [
                    binary_erosion(labels == k, iterations=2) & binary_erosion(after == k, iterations=2)
                    for k in np.unique(labels)[1:]
                ]
            ) & (np.hypot(*clip["flow"].values[1]) > 0.5)
            now = clip["frames"].values[1, 0]
            errors.append(abs(picture - now)[inner])
            changes.append(abs(clip["frames"].values[2, 0] - now)[inner])
        return np.concatenate(errors).mean() / np.concatenate(changes).mean()

    assert ratio(textured_sprites) < 0.4
    assert ratio(shiny_shapes) > 0.6


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_gratings_move_with_their_label(seed):
    display = Display(48, 48)
    clip = training_grating(display, 3, seed=seed)
    facts = clip.attrs
    angle = np.deg2rad(facts["direction_deg"])
    speed = display.pixels_per_frame(facts["speed_deg_per_s"])
    np.testing.assert_allclose(
        clip["flow"].values[1, :, 5, 7], [speed * np.cos(angle), -speed * np.sin(angle)], atol=1e-5
    )
    assert facts["temporal_frequency_hz"] <= 0.4 * display.rate_hz + 1e-9
    across, down = np.meshgrid(np.arange(48), np.arange(48))
    frequency = facts["spatial_frequency_cpd"] / display.pixels_per_degree
    place = across * np.cos(angle) - down * np.sin(angle) - 2 * speed
    want = 0.5 + 0.5 * facts["contrast"] * np.cos(2 * np.pi * frequency * place + np.deg2rad(facts["phase_deg"]))
    np.testing.assert_allclose(clip["frames"].values[2, 0], want, atol=2e-4)


def test_shapes_are_uniform_but_for_a_fifth():
    uniform = []
    for seed in range(12):
        clip = nontexture_shapes(DISPLAY, 1, seed=seed)
        labels, frame = clip["segmentation"].values[0], clip["frames"].values[0, 0]
        for k in np.unique(labels)[1:]:
            inner = binary_erosion(labels == k, iterations=2)
            if inner.sum() > 20:
                uniform.append(frame[inner].std() < 1e-3)
    assert 0.6 < np.mean(uniform) < 0.98
    assert frame[labels == 0].std() < 0.05


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_frames": 0}, "n_frames is 0"),
        ({"channels": 2}, "channels is 2; give 1"),
        ({"max_speed": -1.0}, "max_speed is -1"),
        ({"max_speed": np.nan}, "max_speed is nan"),
    ],
)
@pytest.mark.parametrize("make", MAKERS)
def test_numbers_that_no_scene_can_have_are_refused(make, options, words):
    with pytest.raises(ValueError, match=words):
        make(DISPLAY, **options)


def test_unknown_glass_is_refused():
    with pytest.raises(ValueError, match="surface_kind 'ice' is not known; give one of clear, frosted, dynamic"):
        glass_shapes(DISPLAY, surface_kind="ice")


def test_published_ways_have_the_published_speeds():
    rng = np.random.default_rng(0)
    for _ in range(50):
        going_round = circle(10, LARGEST_SPEED, rng)
        speeds, angles = np.hypot(*going_round.T), np.unwrap(np.arctan2(*going_round.T))
        assert np.ptp(speeds) < 1e-9 and 10 <= speeds[0] <= 27.5
        assert np.ptp(np.diff(angles)) < 1e-9 and abs(angles[1] - angles[0]) <= 2 * np.pi / 30
        assert abs(oscillation(10, LARGEST_SPEED, rng)[:, 0]).max() <= 27.5 / 40
        assert np.hypot(*random_walk(10, 2.0, rng).T).max() <= 2 + 1e-12
        assert np.ptp(straight(4, 3.0, rng), axis=0).max() == 0
    steps = np.diff(random_walk(4000, 10 * LARGEST_SPEED, rng), axis=0)
    assert steps.std() == pytest.approx(10 * WALK_STEP, rel=0.1)


def test_a_way_is_where_it_should_be_at_its_frame():
    velocities = np.random.default_rng(0).normal(size=(6, 2))
    way = places(velocities, np.array([3.0, 4.0]), 2)
    np.testing.assert_allclose(way[2], [3, 4])
    np.testing.assert_allclose(np.diff(way, axis=0), velocities)
