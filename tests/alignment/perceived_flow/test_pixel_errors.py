"""Errors of flow at every pixel: by hand, by a plain loop, for models that have too few frames, and on real films."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot

from alignment.perceived_flow import flow_errors, plot_flow_errors
from alignment.perceived_flow.pixel_errors import angular_errors, endpoint_errors, flow_colours
from data.motion import flow_sequence
from neuromodels import create_model

SHAPE = (40, 70)


class Model:
    """Sees the flow that it was given."""

    name, n_frames, flow_frame = "test/model", 2, 0

    def __init__(self, flow):
        self._flow = flow

    def flow(self, clips):
        return self._flow[None]


class Long(Model):
    n_frames, flow_frame = 15, 7


def film(name="film", seed=0, holes=True):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(2, *SHAPE))
    if holes:
        truth[:, 3:9, 20:30] = np.nan
    frames = rng.random((3, 1, *SHAPE), dtype=np.float32)
    return xr.Dataset(
        {"frames": (("time", "channel", "row", "col"), frames), "flow": (("component", "row", "col"), truth)},
        attrs={"name": name, "flow_frame": 1},
    )


def test_errors_are_those_of_a_plain_loop():
    found = film()
    truth = found["flow"].values
    flow = np.nan_to_num(truth) + np.random.default_rng(1).normal(size=truth.shape)
    distance, angle = [], []
    for row in range(SHAPE[0]):
        for col in range(SHAPE[1]):
            (u, v), (a, b) = truth[:, row, col], flow[:, row, col]
            if np.isfinite(u) and np.isfinite(v):
                distance.append(((a - u) ** 2 + (b - v) ** 2) ** 0.5)
                cosine = (u * a + v * b + 1) / ((u * u + v * v + 1) * (a * a + b * b + 1)) ** 0.5
                angle.append(np.degrees(np.arccos(cosine)))
    errors = flow_errors({"mine": Model(flow)}, [found], n_boot=20).sel(flow_of="mine")
    assert errors["endpoint_error"].item() == pytest.approx(np.mean(distance))
    assert errors["angular_error_deg"].item() == pytest.approx(np.mean(angle))
    assert errors["n_pixels"].item() == len(distance) and errors["n_blocks"].item() == 6


def test_known_angles():
    right, still = np.zeros((2, 1, 1)), np.zeros((2, 1, 1))
    right[0] = 1
    assert angular_errors(right, still).item() == pytest.approx(45)
    assert angular_errors(right, -right).item() == pytest.approx(90)
    assert angular_errors(right, right).item() == 0
    tiny = right * (1 + 1e-10)  # which the arc cosine would call 0
    assert angular_errors(tiny, right).item() == pytest.approx(np.degrees(0.5e-10), rel=1e-3)
    assert endpoint_errors(right, -right).item() == 2


def test_the_truth_has_no_error_and_no_motion_has_its_speed():
    found = film()
    truth = found["flow"].values
    errors = flow_errors({"truth": Model(np.nan_to_num(truth))}, [found], n_boot=20)
    assert errors["endpoint_error"].sel(flow_of="truth").item() == 0
    assert errors["endpoint_error"].sel(flow_of="zero flow").item() == pytest.approx(np.nanmean(np.hypot(*truth)))
    assert errors["flow_of"].values.tolist() == ["truth", "Lucas-Kanade", "zero flow"]


def test_intervals_hold_the_expected_error_of_block_noise():
    """Errors that are shared by blocks: intervals over blocks cover their mean, those over pixels would not."""
    covered = []
    for seed in range(40):
        found = film(seed=seed, holes=False)
        rng = np.random.default_rng(seed)
        error = rng.exponential(size=(5, 9)).repeat(8, axis=0).repeat(8, axis=1)[:40, :70]
        flow = found["flow"].values + np.stack([error, np.zeros(SHAPE)])
        each = flow_errors({"mine": Model(flow)}, [found], block=8, n_boot=200, seed=seed).sel(flow_of="mine")
        covered.append(each["endpoint_error_low"].item() <= 1 <= each["endpoint_error_high"].item())
    assert np.mean(covered) >= 0.85


def test_a_model_without_enough_frames_is_named():
    errors = flow_errors(
        {"long": Long(None), "mine": Model(np.zeros((2, *SHAPE)))}, [film("a"), film("b", 1)], n_boot=5
    )
    assert np.isnan(errors["endpoint_error"].sel(flow_of="long")).all()
    assert np.isnan(errors["endpoint_error_mean"].sel(flow_of="long"))
    assert np.isfinite(errors["endpoint_error_mean"].sel(flow_of="mine"))
    assert "needs 7 frames before and 7 after" in errors["lacking"].sel(flow_of="long", sequence="b").item()
    assert errors["lacking"].sel(flow_of="mine").values.tolist() == ["", ""]
    assert "long on a: needs 7 frames" in errors.attrs["notes"] and "long on b" in errors.attrs["notes"]


def test_what_does_not_fit_is_said():
    flow = np.zeros((2, *SHAPE))
    with pytest.raises(ValueError, match="a model is called 'zero flow'"):
        flow_errors({"zero flow": Model(flow)}, [film()])
    with pytest.raises(ValueError, match="films have equal names"):
        flow_errors({}, [film(), film()])
    with pytest.raises(ValueError, match="needs films and a block"):
        flow_errors({}, [])
    with pytest.raises(TypeError, match="estimates no optical flow"):
        flow_errors({"no": object()}, [film()])
    with pytest.raises(ValueError, match="the flow of bad is not finite"):
        flow_errors({"bad": Model(flow * np.nan)}, [film()])
    unknown = film()
    unknown["flow"][:] = np.nan
    with pytest.raises(ValueError, match="is known at no pixel"):
        flow_errors({}, [unknown])


def test_colours():
    flow = np.zeros((2, 1, 5))
    flow[:, 0] = [[2, 0, -2, 0, np.nan], [0, -2, 0, 0, 0]]
    right, up, left, still, unknown = flow_colours(flow, 2.0)[0]
    np.testing.assert_allclose([right, left], [[1, 0, 0], [0, 1, 1]], atol=1e-6)
    np.testing.assert_allclose(up, [0.5, 1, 0], atol=1e-6)
    assert still.tolist() == [1, 1, 1] and unknown.tolist() == [0.5] * 3


def test_figure_shows_truth_flow_and_error():
    axes = plot_flow_errors(Model(np.zeros((2, *SHAPE))), film(), name="nothing")
    assert [ax.get_title().split(",")[0] for ax in axes] == ["film", "nothing", "error"]
    pyplot.close("all")


def test_part_of_a_real_film(real_data):
    whole = flow_sequence("motion/middlebury.rubberwhale").isel(row=slice(120, 280), col=slice(150, 350))
    pair = whole.isel(time=slice(3, 5)).assign_attrs(name="two frames", flow_frame=0)
    errors = flow_errors({"FFV1MT": create_model("motion/ffv1mt", n_levels=3)}, [whole, pair], n_boot=100)
    end = errors["endpoint_error"].to_pandas()
    assert end.loc["Lucas-Kanade"].iloc[0] == end.loc["Lucas-Kanade"].iloc[1]
    high = errors["endpoint_error_high"].sel(flow_of=["FFV1MT", "Lucas-Kanade"]).values[:, 0]
    assert (high < errors["endpoint_error_low"].sel(flow_of="zero flow").values[0]).all()
    assert errors.attrs["notes"].startswith("FFV1MT on two frames: needs 2 frames before")


@pytest.mark.slow
def test_whole_real_films(real_data):
    films = [flow_sequence(f"motion/middlebury.{name}") for name in ("rubberwhale", "venus")]
    end = flow_errors({"FFV1MT": create_model("motion/ffv1mt")}, films, n_boot=100)["endpoint_error"].to_pandas()
    np.testing.assert_allclose(end.loc["zero flow"], [1.256, 3.802], atol=5e-4)
    np.testing.assert_allclose(end.loc["Lucas-Kanade"], [0.278, 0.605], atol=0.01)
    assert end.loc["FFV1MT"].iloc[0] == pytest.approx(0.301, abs=0.01)
