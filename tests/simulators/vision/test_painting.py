"""Compiled painting against an independent one that interpolates with scipy."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from simulators.vision import Display
from simulators.vision.painting import HIGHLIGHT_ABOVE, HIGHLIGHT_STEEPNESS, MIRROR_CONTRAST, Objects, paint, ripple
from simulators.vision.sprites import Scene, Texture

SMALL = Display(40, 48)


def squashed(value):
    return value / np.sqrt(1 + value**2)


def looked_up(field, u, v):
    return map_coordinates(field.astype(float), [v, u], order=1, mode="grid-wrap")


def painted_plainly(field, objects, n_frames, n_channels, shape):
    frames = np.zeros((n_frames, n_channels, *shape))
    flow, labels = np.zeros((n_frames, 2, *shape)), np.zeros((n_frames, *shape), dtype=int)
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(float)
    for frame in range(n_frames):
        for k in range(len(objects.reach)):
            x, y, angle, zoom = objects.pose[k, frame]
            x2, y2, angle2, zoom2 = objects.pose[k, frame + 1]
            local = (cols - x + 1j * (rows - y)) * np.exp(-1j * angle) / zoom
            u, v = local.real, local.imag
            middle = (objects.masks.shape[1] - 1) / 2
            cover = np.ones(shape)
            if k:
                cover = map_coordinates(objects.masks[k].astype(float), [v + middle, u + middle], order=1, cval=0.0)
            grain = objects.grain[k]
            place = objects.place[k]
            pattern = squashed(objects.sharpness[k] * looked_up(field, place[0] + grain * u, place[1] + grain * v))
            around = looked_up(
                field, grain * (cols - objects.glide[k, frame, 0]), grain * (rows - objects.glide[k, frame, 1])
            )
            grain, right, down = objects.relief[k, frame]
            to_x = cols + objects.bend[k] * looked_up(field, right + grain * u, down + grain * v)
            to_y = rows + objects.bend[k] * looked_up(field, down - grain * v, right + grain * u)
            behind = frames[frame].copy()
            for channel in range(n_channels):
                own = objects.base[k, channel] + objects.tint[k, channel] * pattern
                own = own + objects.mirror[k] * (0.5 + MIRROR_CONTRAST * squashed(2 * around) - own)
                seen = map_coordinates(behind[channel], [to_y, to_x], order=1, mode="nearest")
                own = own + objects.clear[k] * (seen - own)
                own = own + objects.gloss[k] * np.maximum(0, squashed(HIGHLIGHT_STEEPNESS * (around - HIGHLIGHT_ABOVE)))
                frames[frame, channel] += cover * (np.clip(own, 0, 1) - frames[frame, channel])
            after = x2 + 1j * y2 + local * zoom2 * np.exp(1j * angle2)
            inside = cover >= 0.5
            flow[frame, 0][inside] = (after.real - cols)[inside]
            flow[frame, 1][inside] = (after.imag - rows)[inside]
            labels[frame][inside] = k
    return frames, flow, labels


def a_scene(n_channels, seed=4, n_frames=3):
    rng = np.random.default_rng(seed)
    scene = Scene(SMALL, n_frames, rng, 3.0, n_channels)
    texture = Texture(0.3, 2.0, 0.6)
    scene.add(rng.normal(size=(n_frames, 2)), texture=texture, rotation=0.02)
    scene.add(rng.normal(size=(n_frames, 2)), radius=12, texture=texture, rotation=0.1, zoom=1.03)
    scene.add(rng.normal(size=(n_frames, 2)), radius=9, shape="ellipse", gloss=0.6, mirror=0.4, texture=texture)
    scene.add(rng.normal(size=(n_frames, 2)), radius=14, clear=0.8, bend=3, gloss=0.2, relief_drift=0.4)
    return scene


def objects_of(scene):
    """The table that the scene hands to the painter."""
    seen = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulators.vision.sprites.paint", lambda field, objects, *rest: seen.update(it=objects))
        scene.painted()
    return seen["it"]


@pytest.mark.parametrize("n_channels", [1, 3])
def test_compiled_painting_equals_the_plain_one(n_channels):
    scene = a_scene(n_channels)
    plain = painted_plainly(scene.field, objects_of(scene), 3, n_channels, (40, 48))
    painted = scene.painted()
    assert len(np.unique(painted.labels)) >= 3
    np.testing.assert_allclose(painted.frames, plain[0], atol=2e-5)
    same = painted.labels == plain[2]
    assert same.mean() > 0.999  # a cover of just a half may fall on either side
    np.testing.assert_allclose(np.where(same[:, None], painted.flow - plain[1], 0), 0, atol=1e-4)


def test_water_shows_what_lies_beside():
    rng = np.random.default_rng(0)
    scene = Scene(SMALL, 2, rng, 1.0)
    frames = rng.random((2, 3, 20, 24)).astype(np.float32)
    relief = np.stack([np.full((2, 2), 0.3), *rng.uniform(0, 90, (2, 2, 2))], axis=-1)
    wet = frames.copy()
    ripple(scene.field, wet, 1.5, relief, np.empty_like(frames[0]))
    rows, cols = np.mgrid[:20, :24].astype(float)
    for frame in range(2):
        shifts = [
            1.5 * looked_up(scene.field, part[1] + part[0] * cols, part[2] + part[0] * rows) for part in relief[frame]
        ]
        for channel in range(3):
            at = [rows + shifts[1], cols + shifts[0]]
            want = map_coordinates(frames[frame, channel].astype(float), at, order=1, mode="nearest")
            np.testing.assert_allclose(wet[frame, channel], want, atol=2e-5)


def test_places_far_to_the_left_and_above_repeat_the_texture():
    scene = Scene(SMALL, 1, np.random.default_rng(0), 0.0)
    scene.add(np.zeros((1, 2)), texture=Texture(0.3))
    objects = objects_of(scene)
    pictures = []
    for turns in (0, -7, 5):
        moved = Objects(**{**objects._asdict(), "place": objects.place + turns * len(scene.field)})
        frames, flow = np.zeros((1, 1, 40, 48), np.float32), np.zeros((1, 2, 40, 48), np.float32)
        labels, line = np.zeros((1, 40, 48), np.int32), np.zeros((4, 48), np.float32)
        paint(scene.field, moved, frames, flow, labels, line, frames[0].copy())
        pictures.append(frames)
    np.testing.assert_allclose(pictures[1], pictures[0], atol=1e-6)
    np.testing.assert_allclose(pictures[2], pictures[0], atol=1e-6)
