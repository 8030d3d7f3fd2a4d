import numpy as np
import pytest
from PIL import Image

from simulators.vision import Display, occluded_diamond

DISPLAY = Display(128, 128, pixels_per_degree=16, rate_hz=30)


def frames_of(clip):
    return clip["frames"].values[:, 0].astype(float)


def test_the_diamond_moves_as_its_flow_says():
    clip = occluded_diamond(DISPLAY, occluders="none", n_frames=24)
    across, up = DISPLAY.grid()
    line = frames_of(clip) - 0.5
    weight = line.sum(axis=(1, 2))
    centres = np.stack([(line * across).sum(axis=(1, 2)), (line * up).sum(axis=(1, 2))], axis=1) / weight[:, None]
    turn = 2 * np.pi * np.arange(24) / 24
    np.testing.assert_allclose(centres, 0.36 * np.stack([np.cos(turn), np.sin(turn)], axis=1), atol=2e-3)
    labels, flow = clip["segmentation"].values, clip["flow"].values
    for t in range(23):
        on, off = flow[t][:, labels[t] == 1], flow[t][:, labels[t] == 0]
        step = (centres[t + 1] - centres[t]) * [16, -16]
        np.testing.assert_allclose(on, np.broadcast_to(step[:, None], on.shape), atol=0.05)
        assert not off.any()


def test_one_circle_closes_and_clockwise_is_its_mirror():
    clip = occluded_diamond(DISPLAY, n_frames=25)
    np.testing.assert_allclose(frames_of(clip)[24], frames_of(clip)[0], atol=1e-6)
    clockwise = occluded_diamond(DISPLAY, n_frames=25, turns_clockwise=True)
    np.testing.assert_allclose(frames_of(clockwise), frames_of(clip)[:, ::-1], atol=1e-6)


def test_the_bars_are_the_same_with_and_without_visible_occluders():
    seen, unseen, none = (occluded_diamond(DISPLAY, occluders=how) for how in ("visible", "invisible", "none"))
    line = seen["segmentation"].values == 1
    np.testing.assert_array_equal(line, unseen["segmentation"].values == 1)
    assert (frames_of(seen) == frames_of(unseen))[line].mean() > 0.9  # but for pixels that the occluders' rims share
    assert (none["segmentation"].values == 1).sum() > 1.5 * line.sum()
    assert set(np.unique(unseen["segmentation"])) == {0, 1} and set(np.unique(seen["segmentation"])) == {0, 1, 2}
    occluder = seen["segmentation"].values == 2
    np.testing.assert_allclose(np.median(frames_of(unseen)[occluder]), 0.5)
    np.testing.assert_allclose(np.median(frames_of(seen)[occluder]), 0.7, atol=1e-6)
    assert occluder[0].sum() / 256 == pytest.approx(4 * 2 * 1.3**2, rel=0.02)  # area in square degrees


def test_the_corners_are_never_seen():
    across, up = DISPLAY.grid()
    clip = occluded_diamond(DISPLAY, occluders="invisible")
    for x, y in ((2.6, 0), (0, 2.6), (-2.6, 0), (0, -2.6)):
        near = np.hypot(across - x, up - y) < 0.6
        assert (frames_of(clip)[:, near] == 0.5).all()


def test_it_can_be_the_demonstration_of_published_networks(real_data):
    folder = real_data / "motion" / "demo_motion_integration"
    demo = np.stack([np.asarray(Image.open(file).convert("L")) for file in sorted(folder.glob("*.png"))]) / 255
    demo = demo.reshape(len(demo), 320, 2, 320, 2).mean(axis=(2, 4))
    # Measured on the clip: pixels, and the phase from when each side is furthest out.
    clip = occluded_diamond(
        Display(320, 320, pixels_per_degree=40, rate_hz=30), n_frames=len(demo), radius_deg=209 / 80,
        line_deg=12.3 / 80, occluder_deg=102 / 80, orbit_deg=29 / 80, period_s=24 / 30, phase_deg=-30,
        line_luminance=230 / 255, occluder_luminance=179 / 255, background=128 / 255,
    )  # fmt: skip
    frames = frames_of(clip)
    assert np.corrcoef(frames.ravel(), demo.ravel())[0, 1] > 0.97  # its occluders have trimmed corners
    ours, theirs = frames > 0.8, demo > 0.8
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.87


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"occluders": "glass"}, "occluders is 'glass'; give one of visible, invisible, none"),
        ({"line_luminance": 1.2}, "luminance of the line is 1.2"),
        ({"orbit_deg": 0}, "orbit_deg of the diamond is 0"),
        ({"line_deg": 0.05}, "thinner than a pixel of this display, 0.0625 deg"),
        ({"occluder_deg": 0.4}, "do not hide the corners on a circle of 0.36 deg"),
        ({"period_s": 0.05}, "temporal frequency of 20 Hz is above the Nyquist limit"),
        ({"radius_deg": 3}, "reach 4.3 deg from the middle of a display that ends at 4"),
        ({"n_frames": 0}, "n_frames is 0"),
    ],
)
def test_diamonds_that_cannot_be_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        occluded_diamond(DISPLAY, **options)
