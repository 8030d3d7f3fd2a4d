import numpy as np
import pytest

from simulators.vision import Display, drifting_grating, moving_texture, reverse_phi, uniform_clip
from simulators.vision.contrast_reversal import reverse_phi_texture

DISPLAY = Display(32, 32, pixels_per_degree=8, rate_hz=16)


def test_every_second_frame_is_inverted_about_the_mean():
    clip = moving_texture(DISPLAY, n_frames=5)
    inverted = reverse_phi(clip)
    np.testing.assert_array_equal(inverted["frames"][::2], clip["frames"][::2])
    np.testing.assert_allclose(inverted["frames"][1::2] - 0.5, 0.5 - clip["frames"][1::2], atol=1e-7)
    np.testing.assert_array_equal(inverted["flow"], clip["flow"])
    assert inverted.attrs["perceived_direction_deg"] == 180 and inverted.attrs["kind"] == "reverse phi of texture"
    np.testing.assert_array_equal(inverted["frames"], reverse_phi_texture(DISPLAY, n_frames=5)["frames"])


def test_twice_is_as_it_was():
    clip = drifting_grating(DISPLAY, contrast=0.7)
    np.testing.assert_allclose(reverse_phi(reverse_phi(clip))["frames"], clip["frames"], atol=1e-7)


def test_a_quarter_cycle_drift_turns_into_the_opposite_one():
    """Inversion adds half a cycle to every step: a step of +1/4 becomes one of -1/4."""
    forward = drifting_grating(DISPLAY, temporal_frequency_hz=4)
    backward = drifting_grating(DISPLAY, temporal_frequency_hz=-4)
    np.testing.assert_allclose(reverse_phi(forward)["frames"], backward["frames"], atol=1e-6)


def test_clips_without_direction_have_none_perceived():
    assert "perceived_direction_deg" not in reverse_phi(uniform_clip(DISPLAY)).attrs


def test_inversions_that_leave_luminance_are_refused():
    with pytest.raises(ValueError, match=r"inverted about 0.5 this clip runs .* to 1.2, .*give another mean_luminance"):
        reverse_phi(uniform_clip(DISPLAY, luminance=0.2) - 0.4)
    with pytest.raises(ValueError, match="inverted about 0.2"):
        reverse_phi(uniform_clip(DISPLAY, luminance=0.5), mean_luminance=0.2)
