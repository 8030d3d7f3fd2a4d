"""Network timescales: known processes and networks, the choice of model, and what is told of all units."""

import numpy as np
import pytest
import torch
import xarray as xr

from neuromodels.timescale import LeakyConfig, LeakyRNN
from neuromodels.timescale.measures_autocorrelation import autocorrelation
from neuromodels.timescale.measures_network_timescales import (
    network_timescales,
    population_timescale,
    timescale_summary,
)

LAGS = np.arange(41)


def correlations(curves):
    curves = np.atleast_2d(curves)
    return xr.Dataset({"unit": (("unit", "lag"), curves), "population": ("lag", curves[0])}, coords={"lag": LAGS})


def test_planted_timescales_and_models_come_back():
    rng = np.random.default_rng(0)
    taus = np.array([0.5, 2.0, 5.0, 20.0])
    one = np.exp(-LAGS / taus[:, None])
    two = 0.6 * np.exp(-LAGS / 1.5) + 0.4 * np.exp(-LAGS / np.array([8.0, 15.0])[:, None])
    curves = np.concatenate([one, two])
    found = network_timescales(correlations(curves + 1e-4 * rng.normal(size=curves.shape)))
    np.testing.assert_allclose(found["timescale"], [*taus, 8, 15], rtol=0.01)
    assert (found["model"].values[4:] == "double").all()
    assert not found["at_bound"].any()
    assert found["model"].values[:4].tolist().count("single") >= 3


@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize("tau", [2.0, 8.0])
def test_the_timescale_of_a_single_linear_unit_is_that_of_its_leak(tau, as_published):
    network = LeakyRNN(LeakyConfig(units=1, heads=1, timescales="fixed", tau=tau), seed=0)
    with torch.no_grad():
        network.input_weight.fill_(1.0)
        network.input_bias.fill_(1.0)
        network.recurrent_bias.zero_()
    data = autocorrelation(network, trials=200, steps=3000, odds="even")
    found = network_timescales(data, as_published=as_published)
    # What is left after a step is 1 - 1/tau: in continuous time the timescale is shorter than tau.
    assert float(found["long"][0, 0]) == pytest.approx(-1 / np.log(1 - 1 / tau), rel=0.03)
    assert float(population_timescale(data)["long"][0, 0]) == pytest.approx(float(found["long"][0, 0]), rel=0.01)


def test_criteria_are_those_of_the_residual():
    found = network_timescales(correlations(np.exp(-LAGS / 4.0) + 0.01 * np.cos(LAGS)))
    residual = found["residual"].values
    np.testing.assert_allclose(found["aic"], 2 * np.array([2, 4]) + 31 * np.log(residual / 31))
    np.testing.assert_allclose(found["bic"], np.log(31) * np.array([2, 4]) + 31 * np.log(residual / 31))


def test_bic_never_takes_a_double_where_aic_takes_a_single():
    rng = np.random.default_rng(0)
    curves = np.exp(-LAGS / 3.0) + 0.02 * rng.normal(size=(60, 41))
    aic, bic = (network_timescales(correlations(curves), criterion=name) for name in ("aic", "bic"))
    assert not ((bic["model"] == "double") & (aic["model"] == "single")).any()
    agree = (aic["model"].values == bic["model"].values).mean()
    assert aic.attrs["aic_and_bic_agree"] == pytest.approx(agree)


def test_what_is_told_of_all_units():
    found = network_timescales(correlations(np.exp(-LAGS / np.array([[0.3], [2.0], [6.0], [1e6]]))))
    summary = timescale_summary(found)
    assert summary["share_up_to_1"] == 0.25 and summary["share_at_largest"] == 0.25
    assert summary["median"] == pytest.approx(6, rel=1e-3)
    assert summary["mean"] == pytest.approx(36, rel=1e-3)
    assert found["at_bound"].values.tolist() == [False, False, False, True]
    assert {key: found.attrs[key] for key in summary} == summary


def test_a_unit_that_never_changes_has_no_timescale():
    curves = np.exp(-LAGS / np.array([[2.0], [3.0]]))
    curves[1] = np.nan
    found = network_timescales(correlations(curves))
    assert np.isnan(found["timescale"][1]) and found["model"][1] == ""
    assert found.attrs["mean"] == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": "r2"}, 'criterion must be "aic" or "bic"'),
        ({"n_lags": 41}, "from 5 to 40"),
        ({"n_lags": 4}, "from 5"),
    ],
)
def test_what_cannot_be_done_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        network_timescales(correlations(np.exp(-LAGS / 2.0)), **options)
