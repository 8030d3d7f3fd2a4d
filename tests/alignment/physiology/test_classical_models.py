"""The analyses on models of motion: classes of V1 and MT, preferred directions as the models state them, linear filters."""

import numpy as np
import pytest
import xarray as xr

from alignment.physiology import (
    contrast_response,
    direction_tuning,
    pattern_component,
    phase_modulation,
    receptive_field,
    select_stimuli,
    unit_responses,
)
from neuromodels import create_model
from simulators.vision import Display, make_clip, stack_clips

DISPLAY = Display(n_rows=37, n_cols=37, pixels_per_degree=8.0, rate_hz=24.0)
CPP = 0.1536543  # cycles per pixel and per frame that V1 units of speed 1 prefer


def moving(*directions, kind="grating", contrast=1.0, direction_deg=0.0, n_frames=15):
    x, y = (8 * axis for axis in DISPLAY.grid())
    t = np.arange(n_frames)[:, None, None]
    waves = [np.cos(2 * np.pi * CPP * (np.cos(np.deg2rad(d)) * x + np.sin(np.deg2rad(d)) * y - t)) for d in directions]
    frames = 0.5 + contrast / 2 * np.mean(waves, axis=0) if waves else np.full((n_frames, 37, 37), 0.5)
    facts = {"kind": kind, "contrast": contrast, "temporal_frequency_hz": CPP * 24}
    return make_clip(frames, DISPLAY, facts=facts | ({"direction_deg": direction_deg} if waves else {}))


@pytest.fixture(scope="module")
def stimuli():
    degrees = [float(d) for d in range(0, 360, 30)]
    gratings = [moving(d, direction_deg=d) for d in degrees]
    plaids = [moving(d - 60, d + 60, kind="plaid", direction_deg=d) for d in degrees]
    return stack_clips([*gratings, *plaids, moving(kind="uniform", contrast=0.0)])


@pytest.fixture(scope="module")
def model():
    return create_model("motion/simoncelli-heeger")


def test_v1_is_component_and_mt_of_speed_one_is_pattern(stimuli, model):
    v1 = pattern_component(unit_responses(model, stimuli, "v1"))
    mt = pattern_component(unit_responses(model, stimuli, "mt"))
    assert (v1["class"] == "component").all()
    speed = model.units("mt")["speed_ppf"].values
    assert (mt["class"].values[speed == 1] == "pattern").all()


def test_single_units_are_as_far_apart_as_published(stimuli):
    model = create_model("motion/simoncelli-heeger", v1_units=((0.0, 1.0),), mt_units=((0.0, 1.0),))
    shown = stimuli.isel(stimulus=slice(0, 24))
    v1, mt = (pattern_component(unit_responses(model, shown, layer, border=0)) for layer in ("v1", "mt"))
    np.testing.assert_allclose([v1["z_pattern"].item(), v1["z_component"].item()], [0.82, 16.15], atol=0.1)
    np.testing.assert_allclose([mt["z_pattern"].item(), mt["z_component"].item()], [3.63, 0.40], atol=0.1)


@pytest.mark.parametrize("layer", ["v1", "mt"])
def test_units_prefer_what_the_model_says(stimuli, model, layer):
    tuning = direction_tuning(select_stimuli(unit_responses(model, stimuli, layer), kind="grating"))
    stated = model.units(layer)["preferred_direction_deg"].values
    known = np.isfinite(tuning["preferred_direction_deg"].values) & np.isfinite(stated)
    away = (tuning["preferred_direction_deg"].values - stated + 180) % 360 - 180
    assert known.sum() >= 18
    np.testing.assert_allclose(away[known], 0, atol=5)


def test_contrast_of_a_rendered_grating_reaches_half_at_a_twentieth():
    model = create_model("motion/simoncelli-heeger", v1_units=((0.0, 1.0),))
    clips = stack_clips([moving(0.0, contrast=c) for c in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)])
    found = contrast_response(unit_responses(model, clips, "v1"))
    assert found["c50"].item() == pytest.approx(0.05, abs=0.003)
    assert found["exponent"].item() == pytest.approx(2, abs=0.05)


def test_linear_units_are_simple_when_rectified_and_energy_is_complex():
    model = create_model("motion/simoncelli-heeger", v1_units=((0.0, 1.0),))
    clips = stack_clips([moving(0.0, direction_deg=0.0, n_frames=40)])
    linear = unit_responses(model, clips, "v1_linear", reduce="centre", keep_time=True)
    energy = unit_responses(model, clips, "v1", reduce="centre", keep_time=True)
    simple, smooth = phase_modulation(linear.clip(min=0)), phase_modulation(energy)
    np.testing.assert_allclose(simple["f1_f0"], np.pi / 2, rtol=0.05)
    assert simple["class"].values.tolist() == ["simple"] * linear.sizes["unit"]
    assert smooth["f1_f0"].values.max() < 0.1


def test_noise_recovers_the_linear_filter_where_and_when_it_is():
    model = create_model("motion/simoncelli-heeger", v1_units=((0.0, 1.0),))
    rng = np.random.default_rng(0)
    noise = xr.DataArray(
        rng.uniform(size=(40, 40, 1, 37, 37)).astype(np.float32),
        dims=("stimulus", "time", "channel", "row", "col"),
        attrs={"unit": "luminance, 0 to 1", "rate_hz": 24.0},
    )
    responses = unit_responses(model, noise, "v1_linear", reduce="centre", keep_time=True)
    field = receptive_field(noise, responses, n_lags=9).isel(unit=0)
    # An impulse shows the filter itself: one bright pixel in one frame, the answers of all places and times around it.
    impulse = np.full((1, 17, 1, 45, 45), 0.5, np.float32)
    impulse[0, 8, 0, 22, 22] = 1.0
    answer = np.asarray(model.record(impulse, ["v1_linear"])["v1_linear"])[0, :, 0]
    base = np.asarray(model.record(np.full_like(impulse, 0.5), ["v1_linear"])["v1_linear"])[0, :, 0]
    shape = (answer - base)[:9, 14:23, 14:23][:, ::-1, ::-1]  # (lag, row, col), turned as a convolution turns it
    seen = field["average"].values[:, 14:23, 14:23]
    assert np.corrcoef(shape.ravel(), seen.ravel())[0, 1] > 0.7
    np.testing.assert_allclose([field["centre_row"].item(), field["centre_col"].item()], 18, atol=1.0)
