"""Speed: recovered curves and exponents, scipy as an oracle, classes of ideal units, textures of a model."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from alignment.physiology import speed_independence, speed_tuning
from alignment.physiology.speed import _LogGaussian

SF = 2.0 ** np.arange(-2, 3)
TF = 2.0 ** np.arange(0, 5)
ACROSS, UP = (axis.ravel() for axis in np.meshgrid(SF, TF, indexing="ij"))


def surface(xi, sf0=0.9, tf0=4.5, sf_width=1.2, tf_width=0.8, height=20.0):
    across = np.log2(ACROSS / sf0)
    up = np.log2(UP / tf0) - (xi + 1) * across
    return height * np.exp(-((across / sf_width) ** 2) / 2 - (up / tf_width) ** 2 / 2)


@pytest.fixture(scope="session")
def over_grid(respond):
    def put(values, **more):
        return respond(values, spatial_frequency_cpd=ACROSS, temporal_frequency_hz=UP, **more)

    return put


def test_exponent_and_peak_are_recovered(over_grid):
    exponents = [0.0, -1.0, -0.4, 0.3]
    found = speed_independence(over_grid(np.stack([surface(xi) for xi in exponents], axis=1)))
    np.testing.assert_allclose(found["xi"], exponents, atol=2e-3)
    np.testing.assert_allclose(found["preferred_spatial_frequency_cpd"], 0.9, rtol=1e-3)
    np.testing.assert_allclose(found["preferred_temporal_frequency_hz"], 4.5, rtol=1e-3)
    np.testing.assert_allclose(found["preferred_speed_deg_per_s"], 5, rtol=2e-3)
    np.testing.assert_allclose(found["sf_width_octaves"], 1.2, rtol=1e-2)
    np.testing.assert_allclose(found["tf_width_octaves"], 0.8, rtol=1e-2)
    assert found["class"].values[:2].tolist() == ["speed-tuned", "independent"]
    np.testing.assert_allclose(found["r2"], 1, atol=1e-6)


def test_fit_is_as_good_as_that_of_scipy():
    rng = np.random.default_rng(0)
    observed = np.stack([surface(xi) for xi in (-0.7, -0.2, 0.1)]) + rng.normal(0, 2, (3, 25))
    model = _LogGaussian(SF, TF)
    free, held, error = model.fit(observed)
    for k in range(3):
        best = min(
            least_squares(
                lambda p, k=k: model.curve(p[None])[0] - observed[k],
                [observed[k].max(), 0, 2, np.log(w), np.log(w), xi],
                bounds=(model.low, np.where(np.isinf(model.high), 1e3, model.high)),
            ).cost
            for w in (0.7, 1.5)
            for xi in (-1, 0)
        )
        assert error[k] <= 2 * best * (1 + 1e-5)
        for xi, parameters in held.items():
            assert parameters[k, 5] == xi
            assert ((model.curve(parameters[k : k + 1]) - observed[k]) ** 2).sum() >= error[k] - 1e-9
    np.testing.assert_allclose(((model.curve(free) - observed) ** 2).sum(axis=1), error)


def test_blank_is_taken_away(over_grid, respond):
    import xarray as xr

    shown = over_grid((surface(0.0) + 7)[:, None], contrast=np.ones(25))
    blank = respond(np.full((1, 1), 7.0), spatial_frequency_cpd=[np.nan], temporal_frequency_hz=[0.0], contrast=[0.0])
    found = speed_independence(xr.concat([shown, blank], "stimulus"))
    assert found["xi"].item() == pytest.approx(0, abs=2e-3)
    np.testing.assert_allclose(found["fitted"].values.ravel(), surface(0.0) + 7, atol=1e-2)


def test_still_gratings_are_left_out(respond):
    sf, tf = (axis.ravel() for axis in np.meshgrid(SF, np.append(0.0, TF), indexing="ij"))
    values = np.where(tf > 0, 1.0, 5.0)
    values[tf > 0] = surface(-1.0)
    found = speed_independence(respond(values[:, None], spatial_frequency_cpd=sf, temporal_frequency_hz=tf))
    assert found["xi"].item() == pytest.approx(-1, abs=2e-3)
    assert found.sizes["tf"] == 5


def test_trials_give_intervals_and_shares(over_grid):
    rng = np.random.default_rng(1)
    mean = np.stack([surface(0.0), surface(-1.0)], axis=1)
    found = speed_independence(over_grid(rng.poisson(mean[:, None], (25, 10, 2)).astype(float)), n_boot=60)
    assert found["class"].values.tolist() == ["speed-tuned", "independent"]
    assert (found["xi_low"] < found["xi"]).all()
    assert (found["xi"] < found["xi_high"]).all()
    assert found["class_share"].values[0, 0] > 0.8
    assert found["class_share"].values[1, 1] > 0.8


def test_silent_unit_has_no_class(over_grid):
    found = speed_independence(over_grid(np.stack([surface(0.0), np.zeros(25)], axis=1)))
    assert found["class"].values.tolist() == ["speed-tuned", "undefined"]
    assert np.isnan(found["xi"].values[1])


def test_too_few_frequencies(respond):
    sf, tf = (axis.ravel() for axis in np.meshgrid(SF[:2], TF, indexing="ij"))
    with pytest.raises(ValueError, match="at least 3 spatial and 3 temporal"):
        speed_independence(respond(np.ones((10, 1)), spatial_frequency_cpd=sf, temporal_frequency_hz=tf))


SPEEDS = 2.0 ** np.arange(-2, 6)


def test_speed_curves_are_recovered(respond):
    truth = [(1.0, 10.0, 3.0, 1.2), (0.0, 5.0, 12.0, 0.7)]
    values = np.stack([b + a * np.exp(-(np.log2(SPEEDS / v) ** 2) / 2 / w**2) for b, a, v, w in truth], axis=1)
    found = speed_tuning(respond(values, speed_deg_per_s=SPEEDS))
    np.testing.assert_allclose(found["preferred_speed_deg_per_s"], [3, 12], rtol=1e-3)
    np.testing.assert_allclose(found["bandwidth_octaves"], 2 * np.sqrt(2 * np.log(2)) * np.array([1.2, 0.7]), rtol=1e-3)
    np.testing.assert_allclose(found["fitted"], values, atol=1e-3)


def test_unit_that_prefers_more_is_said(respond):
    found = speed_tuning(respond(np.stack([SPEEDS, np.zeros(8)], axis=1), speed_deg_per_s=SPEEDS))
    assert found["preferred_speed_deg_per_s"].values[0] == pytest.approx(32)
    assert np.isnan(found["preferred_speed_deg_per_s"].values[1])
    assert "1 of 2 units prefer the lowest or highest speed" in found.attrs["notes"]


def test_model_units_prefer_the_texture_speeds_that_they_should(real_data, respond):
    with np.load(real_data / "motion" / "reference_outputs" / "simoncelli_heeger.npz", allow_pickle=False) as arrays:
        responses = respond(arrays["texture_speed_mt"], speed_deg_per_s=arrays["speed"])
    found = speed_tuning(responses)
    peak = responses["speed_deg_per_s"].values[responses.values.argmax(axis=0)]
    assert (np.abs(np.log2(found["preferred_speed_deg_per_s"].values / peak)) < 0.75).all()
    assert np.all(np.diff(found["preferred_speed_deg_per_s"].values) > 0)


def test_speeds_must_be_positive(respond):
    with pytest.raises(ValueError, match="at least 4 speeds above 0"):
        speed_tuning(respond(np.ones((4, 1)), speed_deg_per_s=[0.0, 1.0, 2.0, 4.0]))
