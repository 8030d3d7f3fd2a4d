"""Figures draw the numbers of their analysis, with units on the axes."""

import io

import numpy as np
import pytest
import xarray as xr

from alignment.physiology import (
    coherence_response,
    contrast_response,
    direction_tuning,
    neurometric_function,
    pattern_component,
    phase_modulation,
    plot_coherence_response,
    plot_contrast_response,
    plot_direction_tuning,
    plot_neurometric_function,
    plot_pattern_component,
    plot_phase_modulation,
    plot_receptive_field,
    plot_sf_tf_tuning,
    plot_speed_independence,
    plot_speed_tuning,
    receptive_field,
    sf_tf_tuning,
    speed_independence,
    speed_tuning,
)

TWELVE = np.arange(0, 360, 30.0)
CURVE = 2 + 20 * np.exp(2 * (np.cos(np.deg2rad(TWELVE - 90)) - 1))
FREQUENCY = 2.0 ** np.arange(5)


def poisson(mean, n_trials=6, silent=True):
    values = np.random.default_rng(0).poisson(mean[:, None], (len(mean), n_trials)).astype(float)
    return np.stack([values, 0 * values], axis=-1) if silent else values[..., None]


def drawn(axis):
    axis.figure.savefig(io.BytesIO())
    return axis


@pytest.mark.parametrize("unit", [0, 1])
def test_direction(respond, unit):
    tuning = direction_tuning(respond(poisson(CURVE), direction_deg=TWELVE), n_boot=20, n_permutations=9)
    axis = drawn(plot_direction_tuning(tuning, unit))
    assert axis.get_xlabel() == "direction of motion [deg], 0 right, 90 up"
    np.testing.assert_allclose(axis.lines[0].get_ydata(), tuning["response"].values[:, unit])
    assert len(axis.lines) == (3 if unit == 0 else 1)
    if unit == 0:
        fitted = np.interp(TWELVE, axis.lines[1].get_xdata(), axis.lines[1].get_ydata())
        np.testing.assert_allclose(fitted, tuning["fitted"].values[:, 0], rtol=1e-3)


@pytest.mark.parametrize("unit", [0, 1])
def test_frequency_and_speed(respond, unit):
    sf, tf = (axis.ravel() for axis in np.meshgrid(FREQUENCY, FREQUENCY, indexing="ij"))
    mean = 30 * np.exp(-(np.log2(sf / 4) ** 2) / 2 - np.log2(tf / sf) ** 2)
    responses = respond(poisson(mean), spatial_frequency_cpd=sf, temporal_frequency_hz=tf)
    axis = drawn(plot_sf_tf_tuning(sf_tf_tuning(responses, n_boot=0), unit))
    assert axis.get_xlabel() == "spatial frequency [cycles/deg]"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["1", "2", "4", "8", "16"]
    result = speed_independence(responses, n_boot=5)
    axis = drawn(plot_speed_independence(result))
    assert axis.get_ylabel() == "Z speed-tuned"
    speed = speed_tuning(respond(poisson(mean[sf == 4]), speed_deg_per_s=FREQUENCY / 4), n_boot=20)
    axis = drawn(plot_speed_tuning(speed, unit))
    assert axis.get_xlabel() == "speed [deg/s]"


@pytest.mark.parametrize("unit", [0, 1])
def test_contrast(respond, unit):
    contrast = np.array([0, 0.05, 0.1, 0.3, 1.0])
    responses = respond(poisson(2 + 30 * contrast**2 / (contrast**2 + 0.01)), contrast=contrast).assign_attrs(
        unit="spikes/s"
    )
    found = contrast_response(responses, n_boot=20)
    axis = drawn(plot_contrast_response(found, unit))
    assert axis.get_ylabel() == "response [spikes/s]"
    np.testing.assert_allclose(axis.lines[0].get_ydata(), found["response"].values[1:, unit])


def test_classes_are_counted(respond):
    plaid = np.roll(CURVE, 2) + np.roll(CURVE, -2)
    mean = np.stack([np.concatenate([CURVE, second]) for second in (CURVE, plaid, 0 * plaid + 3)], axis=1)
    result = pattern_component(respond(mean, kind=["grating"] * 12 + ["plaid"] * 12, direction_deg=np.tile(TWELVE, 2)))
    axis = drawn(plot_pattern_component(result))
    texts = [text.get_text() for text in axis.get_legend().get_texts()]
    assert texts == ["pattern (1)", "component (1)", "unclassified (0)"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("Z component", "Z pattern")
    point = axis.lines[0]
    assert point.get_xdata()[0] == result["z_component"].values[0]


@pytest.mark.parametrize("unit", [0, 1])
def test_dots(respond, unit):
    coherence, direction = (axis.ravel() for axis in np.meshgrid([0.0, 0.1, 0.3, 1.0], [0.0, 180.0], indexing="ij"))
    values = poisson(10 + 8 * coherence * np.cos(np.deg2rad(direction)), 15)
    responses = respond(values, coherence=coherence, direction_deg=direction)
    axis = drawn(plot_coherence_response(coherence_response(responses, n_boot=20), unit))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["preferred", "null"]
    axis = drawn(plot_neurometric_function(neurometric_function(responses, n_boot=20, n_permutations=9), unit))
    assert axis.get_xlabel() == "coherence"
    single = coherence_response(respond(values[:, 0], coherence=coherence, direction_deg=direction))
    drawn(plot_coherence_response(single, unit))


@pytest.mark.parametrize("unit", [0, 1])
def test_receptive_field(unit):
    stimuli = xr.DataArray(np.random.default_rng(0).normal(size=(500, 5, 6)), dims=("time", "row", "col"))
    values = np.stack([stimuli.values[:, 2, 3], np.zeros(500)], axis=1)
    field = receptive_field(stimuli, xr.DataArray(values, dims=("time", "unit")), n_lags=2)
    axis = drawn(plot_receptive_field(field, unit))
    assert axis.get_title() == "0 frames before the response"
    assert plot_receptive_field(field, unit, lag=1).get_title() == "1 frames before the response"


def test_phase():
    t = np.arange(60) / 60
    values = np.stack([1 + np.cos(2 * np.pi * 3 * t), np.ones(60), 0 * t], axis=-1)[None]
    responses = xr.DataArray(
        values,
        dims=("stimulus", "time", "unit"),
        coords={"temporal_frequency_hz": ("stimulus", [3.0])},
        attrs={"rate_hz": 60.0},
    )
    axis = drawn(plot_phase_modulation(phase_modulation(responses)))
    assert axis.get_ylabel() == "units (of 3)"
    assert sum(patch.get_height() for patch in axis.patches) == 2


def test_an_axis_that_is_given_is_used(respond):
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    tuning = direction_tuning(respond(CURVE[:, None], direction_deg=TWELVE))
    assert plot_direction_tuning(tuning, ax=axis) is axis
