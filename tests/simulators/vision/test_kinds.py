"""What holds for every kind of moving stimulus in the table."""

import inspect

import numpy as np
import pytest

from simulators.vision import KINDS, Display, display_of, generator_of

DISPLAY = Display(64, 72, pixels_per_degree=8, rate_hz=24)
CLIP_FACTS = ("unit", "rate_hz", "pixels_per_degree", "mean_luminance")


def make(kind, display=DISPLAY, **options):
    generator = generator_of(kind)
    if "image" in inspect.signature(generator).parameters:
        options["image"] = np.random.default_rng(0).random((120, 160))
    return generator(display, **options)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_makes_a_clip_of_its_length_and_repeats_itself(kind):
    clip = make(kind, n_frames=16)
    assert clip["frames"].shape[0] == 16 and clip["frames"].shape[2:] == (64, 72)
    assert display_of(clip) == DISPLAY and clip["frames"].dtype == np.float32
    assert isinstance(clip.attrs["kind"], str) and clip.attrs["kind"]
    for name, value in clip.attrs.items():
        assert isinstance(value, bool | int | float | str), name
    np.testing.assert_array_equal(clip["frames"], make(kind, n_frames=16)["frames"])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_flow_agrees_with_direction_and_speed(kind):
    clip = make(kind, n_frames=16)
    if "flow" not in clip or "direction_deg" not in clip.attrs:
        return
    angle = np.deg2rad(clip.attrs["direction_deg"])
    step = DISPLAY.pixels_per_frame(clip.attrs["speed_deg_per_s"])
    flow = np.moveaxis(clip["flow"].values, 1, -1)
    flow = flow[~np.isnan(flow).any(axis=-1) & (flow != 0).any(axis=-1)]
    np.testing.assert_allclose(
        flow, np.broadcast_to([step * np.cos(angle), -step * np.sin(angle)], flow.shape), atol=1e-5
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_parameter_is_documented(kind):
    from simulators.vision.commands.options import parameter_words

    generator = generator_of(kind)
    names = list(inspect.signature(generator).parameters)
    words = parameter_words(generator)
    assert [name for name in names if not words.get(name)] == []


def test_the_nearest_name_is_proposed():
    with pytest.raises(ValueError, match="there is no moving stimulus 'plaids'; did you mean 'plaid'\\?"):
        generator_of("plaids")
    with pytest.raises(ValueError, match="no moving stimulus 'xyz' There are|no moving stimulus 'xyz'"):
        generator_of("xyz")
