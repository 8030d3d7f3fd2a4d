"""Bad angles, lengths and seeds through every generator that takes them, and motion that is stated by the way it goes."""

import inspect

import numpy as np
import pytest

from simulators.vision import KINDS, Display, missing_fundamental
from simulators.vision.kinds import generator_of

DISPLAY = Display(n_rows=48, n_cols=48, pixels_per_degree=8, rate_hz=30)
SMALL = {
    "barber-pole": {"length_deg": 4.0},
    "occluded-diamond": {"radius_deg": 1.5, "occluder_deg": 0.8, "orbit_deg": 0.3},
    "image": {"image": np.linspace(0, 1, 6400).reshape(80, 80)},
}
WRONG = {
    "direction_deg": (np.nan, np.inf),
    "orientation_deg": (np.nan, np.inf),
    "pole_deg": (np.nan, np.inf),
    "phase_deg": (np.nan, np.inf),
    "contrast": (np.nan, np.inf, -0.1),
    "second_contrast": (np.nan,),
    "dot_diameter_deg": (np.nan, np.inf),
    "check_px": (np.nan, np.inf, 1.5, 0),
    "rotation_deg": (-1.0, np.nan, np.inf),
    "zoom": (-0.1, np.nan, 1.0),
    "speed_px_per_frame": (np.nan, np.inf),
    "seed": (-1, 1.5),
    "n_frames": (0, -1, 1.5, np.nan, np.inf),
}
# What the sentence of a refusal holds besides the number itself.
LEAVES_OUT_NAN = {("grating-sum", "contrast")}
OF_US = ("give", "whole ones", "is not known", "would leave", "is none")
CASES = [
    (kind, name, value)
    for kind in sorted(KINDS)
    for name in inspect.signature(generator_of(kind)).parameters
    for value in WRONG.get(name, ())
    if not ((kind, name) in LEAVES_OUT_NAN and np.isnan(value))
]


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_wrong_number_is_refused_in_a_sentence(kind, name, value):
    given = {"n_frames": 2, **SMALL.get(kind, {}), name: value}
    with pytest.raises(ValueError, match="|".join(OF_US)):
        generator_of(kind)(DISPLAY, **given)


@pytest.mark.parametrize(
    "kind", ["grating", "plaid", "missing-fundamental", "contrast-modulated", "flicker-modulated", "drift-balanced"]
)
def test_a_negative_temporal_frequency_is_stated_as_motion_the_other_way(kind):
    clip = generator_of(kind)(DISPLAY, n_frames=3, direction_deg=-60.0, temporal_frequency_hz=-2.0)
    assert clip.attrs["direction_deg"] == 120 and clip.attrs["temporal_frequency_hz"] == 2
    right, down = clip["flow"].values[0, :, 24, 24]
    assert np.rad2deg(np.arctan2(-down, right)) == pytest.approx(120)
    assert np.hypot(right, down) == pytest.approx(DISPLAY.pixels_per_frame(clip.attrs["speed_deg_per_s"]))
    turned = dict(direction_deg=120.0, temporal_frequency_hz=2.0)
    same = generator_of(kind)(DISPLAY, n_frames=3, **turned)
    if kind in ("grating", "plaid"):
        np.testing.assert_allclose(clip["frames"], same["frames"], atol=1e-6)


@pytest.mark.parametrize("kind", ["contrast-modulated", "motion-defined", "plaid", "modulated-region"])
def test_directions_are_stated_within_one_turn(kind):
    clip = generator_of(kind)(DISPLAY, n_frames=2, direction_deg=-90.0)
    assert 0 <= clip.attrs["direction_deg"] < 360


def test_a_square_wave_of_temporal_frequency_0_stands_still():
    clip = missing_fundamental(DISPLAY, n_frames=4, temporal_frequency_hz=0.0)
    assert (clip["frames"] == clip["frames"][0]).all()
    assert clip.attrs["speed_deg_per_s"] == 0 and clip.attrs["temporal_frequency_hz"] == 0
    assert "perceived_direction_deg" not in clip.attrs
