import numpy as np
import pytest
import xarray as xr

from simulators import save_stimulus_set
from simulators.vision import Display, display_of, make_clip, stack_clips

SMALL = Display(6, 8, pixels_per_degree=2, rate_hz=20)


def frames(n=3, channels=1, seed=0):
    return np.random.default_rng(seed).random((n, channels, 6, 8), dtype=np.float32)


def test_grid_is_centred_with_right_and_up_positive():
    x, y = SMALL.grid()
    assert x[0].tolist() == [-1.75, -1.25, -0.75, -0.25, 0.25, 0.75, 1.25, 1.75]
    assert y[:, 0].tolist() == [1.25, 0.75, 0.25, -0.25, -0.75, -1.25]


def test_speeds_convert_back_and_forth():
    assert SMALL.pixels_per_frame(10) == 1.0
    assert SMALL.degrees_per_second(SMALL.pixels_per_frame(7.3)) == pytest.approx(7.3)


def test_frequencies_above_nyquist_are_refused_by_name():
    SMALL.refuse_aliasing(1.0, 10.0)
    with pytest.raises(
        ValueError, match=r"spatial frequency of 1.1 cycles/deg is above the Nyquist limit .*, 1 cycles"
    ):
        SMALL.refuse_aliasing(1.1)
    with pytest.raises(ValueError, match=r"temporal frequency of -11 Hz .*limit of this display, 10 Hz"):
        SMALL.refuse_aliasing(0.5, -11)


@pytest.mark.parametrize("field", ["n_rows", "n_cols", "pixels_per_degree", "rate_hz"])
def test_displays_are_positive(field):
    with pytest.raises(ValueError, match=f"{field} of a display is 0"):
        Display(**{field: 0})


def test_a_clip_states_its_units_and_its_truth():
    flow = np.zeros((3, 2, 6, 8))
    clip = make_clip(frames(), SMALL, flow=flow, segmentation=np.ones((3, 6, 8)), facts={"direction_deg": 90.0})
    assert clip["frames"].dims == ("time", "channel", "row", "col")
    assert clip["time"].values.tolist() == [0, 0.05, 0.1]
    assert (clip.attrs["rate_hz"], clip.attrs["pixels_per_degree"], clip.attrs["direction_deg"]) == (20, 2, 90)
    assert clip["flow"].attrs["unit"] == "pixels per frame" and clip["component"].values.tolist() == ["right", "down"]
    assert display_of(clip) == SMALL


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (frames()[:, :, :5], "frames have shape"),
        (np.zeros((3, 2, 6, 8)), "1 or 3 channels"),
        (frames() + 1, "luminance is between 0 and 1"),
        (np.full((3, 6, 8), np.nan), "not finite"),
    ],
)
def test_frames_that_are_no_luminance_are_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        make_clip(bad, SMALL)


def test_flow_of_another_size_is_refused():
    with pytest.raises(ValueError, match="flow has shape"):
        make_clip(frames(), SMALL, flow=np.zeros((3, 6, 8)))


def test_stacked_clips_are_a_stimulus_set(tmp_path):
    clips = [make_clip(frames(seed=s), SMALL, facts={"seed": s, "family": "noise"}) for s in range(2)]
    clips.append(make_clip(frames(seed=2), SMALL, facts={"family": "other", "speed": 1.5}))
    stack = stack_clips(clips)
    assert stack.sizes["stimulus"] == 3 and stack["family"].values.tolist() == ["noise", "noise", "other"]
    assert np.isnan(stack["seed"].values[2]) and stack["speed"].values[2] == 1.5
    assert display_of(stack) == SMALL
    save_stimulus_set(stack, tmp_path / "set.nc", name="set", generator={"seed": 0})
    with pytest.raises(ValueError, match="pixels_per_degree"):
        stack_clips([clips[0], make_clip(frames(), Display(6, 8, 4, 20))])
    with pytest.raises(ValueError, match="do not state rate_hz"):
        display_of(xr.DataArray(stack.values, dims=stack.dims))
