"""F1/F0: analytic ratios over time and over phases, the stimulus that is read, and what holds no cycle."""

import numpy as np
import pytest
import xarray as xr

from alignment.physiology import phase_modulation

RATE = 60.0


def over_time(*curves, tf=(3.0,), n_frames=60, **attrs):
    t = np.arange(n_frames) / RATE
    values = np.stack([np.stack([curve(2 * np.pi * hz * t) for curve in curves], axis=-1) for hz in tf])
    return xr.DataArray(
        values,
        dims=("stimulus", "time", "unit"),
        coords={"temporal_frequency_hz": ("stimulus", list(tf))},
        attrs={"rate_hz": RATE, **attrs},
    )


def rectified(x):
    return np.maximum(np.cos(x + 0.7), 0)


def steady(x):
    return np.full_like(x, 3.0)


def mild(x):
    return 2 + 0.5 * np.sin(x)


def test_known_curves_have_their_ratios():
    found = phase_modulation(over_time(rectified, steady, mild, lambda x: 0 * x, n_frames=600))
    np.testing.assert_allclose(found["f1_f0"].values[:3], [np.pi / 2, 0, 0.25], atol=2e-3)
    assert found["class"].values.tolist() == ["simple", "complex", "complex", "undefined"]
    np.testing.assert_allclose(found["f1"].values[2], 0.5, atol=1e-9)
    assert "1 of 4 units have no positive mean" in found.attrs["notes"]


def test_only_whole_cycles_count():
    curve = over_time(mild, tf=(4.0,), n_frames=37)
    assert phase_modulation(curve)["f1_f0"].item() == pytest.approx(0.25, abs=1e-9)


def test_each_unit_is_read_at_its_best_stimulus():
    one = over_time(mild, rectified, tf=(2.0, 4.0, 6.0))
    gain = xr.DataArray([[1.0, 5.0], [9.0, 1.0], [2.0, 2.0]], dims=("stimulus", "unit"))
    found = phase_modulation((one * gain).assign_attrs(one.attrs))
    assert found["stimulus"].values.tolist() == [1, 0]
    assert found["f1_f0"].values[0] == pytest.approx(0.25)


def test_phases_take_the_place_of_time(respond):
    phases = np.arange(0, 360, 5.0)
    values = np.stack([f(np.deg2rad(phases)) for f in (rectified, steady, mild)], axis=1)
    responses = respond(
        np.concatenate([0.3 * values, values]),
        phase_deg=np.tile(phases, 2),
        direction_deg=np.repeat([90.0, 0.0], len(phases)),
    )
    found = phase_modulation(responses)
    np.testing.assert_allclose(found["f1_f0"], [np.pi / 2, 0, 0.25], atol=2e-3)
    assert found["class"].values.tolist() == ["simple", "complex", "complex"]


def test_repeats_give_intervals():
    rng = np.random.default_rng(0)
    single = over_time(mild, rectified)
    single = xr.concat([single.isel(unit=[0]), *[single.isel(unit=[1])] * 30], "unit")
    cube = single.expand_dims(repeat=12, axis=1) + 0.3 * rng.normal(size=(1, 12, 60, 31))
    found = phase_modulation(cube.assign_attrs(single.attrs), n_boot=200)
    assert (found["f1_f0_low"] < found["f1_f0"]).all()
    assert (found["f1_f0"] < found["f1_f0_high"]).all()
    truth = phase_modulation(single)["f1_f0"]
    inside = (found["f1_f0_low"] <= truth) & (truth <= found["f1_f0_high"])
    assert inside.values.mean() > 0.85


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        (over_time(mild, n_frames=10), "holds no whole cycle of 3 Hz"),
        (over_time(mild, tf=(0.0,)), "no whole cycle of 0 Hz"),
        (over_time(mild, rate_hz=None), "state no rate_hz"),
        (over_time(mild).drop_vars("temporal_frequency_hz"), "need the coordinate 'temporal_frequency_hz'"),
        (over_time(mild).mean("time"), "or .stimulus, unit. with the coordinate 'phase_deg'"),
    ],
)
def test_what_has_no_phase_is_refused(responses, message):
    with pytest.raises(ValueError, match=message):
        phase_modulation(responses)


def test_uneven_phases_are_refused(respond):
    with pytest.raises(ValueError, match="at least 3, evenly over 360 degrees"):
        phase_modulation(respond(np.ones((3, 1)), phase_deg=[0.0, 90.0, 180.0]))
