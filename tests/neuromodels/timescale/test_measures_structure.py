"""Time constants, dimensionality and connectivity, against arrays whose measures are known; and every figure is drawn."""

import numpy as np
import pytest
import torch

from neuromodels.timescale import GatedConfig, GatedRNN, LeakyConfig, LeakyRNN
from neuromodels.timescale import measures_connectivity as weights
from neuromodels.timescale import measures_network_timescales as timescales
from neuromodels.timescale import measures_time_constants as taus
from neuromodels.timescale.measures_ablation import ablation, plot_ablation
from neuromodels.timescale.measures_accuracy import accuracy, plot_accuracy, stream_accuracy
from neuromodels.timescale.measures_activity import random_digits
from neuromodels.timescale.measures_autocorrelation import autocorrelation, plot_autocorrelation
from neuromodels.timescale.measures_dimensionality import dimensionality, plot_dimensionality
from neuromodels.timescale.measures_generalisation import generalisation, plot_generalisation
from neuromodels.timescale.measures_perturbation import perturbation, plot_perturbation
from neuromodels.timescale.memory_network import MemoryNetwork


class PlantedStates(MemoryNetwork):
    """States that are some independent signals times a matrix."""

    def __init__(self, loadings):
        super().__init__(units=loadings.shape[1], heads=1, inputs=1, answers=(2,))
        self.loadings = loadings
        self.random = torch.Generator().manual_seed(0)
        self._draw_readout(2, self.random)

    def states(self, x, *, start=None):
        steps = x.shape[1] + 1
        return 3 + torch.randn(len(x), steps, len(self.loadings), generator=self.random) @ self.loadings


def small(**options):
    return LeakyRNN(LeakyConfig(units=20, heads=2, answers=(2, 3), **options), seed=0)


def test_planted_dimensions_are_counted():
    q = torch.linalg.qr(torch.randn(20, 20, generator=torch.Generator().manual_seed(1)))[0]
    found = dimensionality(PlantedStates(q[:5]), trials=3, steps=6000, burn_in=50)
    assert (found["count"] == 5).all() and (found["published_index"] == 4).all()
    np.testing.assert_allclose(found["participation_ratio"], 5, rtol=0.01)
    scaled = q[:4] * torch.tensor([2.0, 1.0, 1.0, 0.1])[:, None]
    found = dimensionality(PlantedStates(scaled), trials=2, steps=6000, burn_in=50)
    np.testing.assert_allclose(found["share"][:, :3], [[4 / 6.01, 5 / 6.01, 6 / 6.01]] * 2, atol=0.02)
    assert found.attrs["count"] == 3
    np.testing.assert_allclose(found["participation_ratio"], 6.01**2 / 18.0001, rtol=0.03)


def test_dimensions_are_those_of_a_principal_component_analysis():
    network = small()
    found = dimensionality(network, trials=2, steps=700, burn_in=100)
    with torch.no_grad():
        states = network.states(random_digits(2, 700, seed=0))[:, 100:].double().numpy()
    for trial, of_trial in enumerate(states):
        values = np.linalg.svd(of_trial - of_trial.mean(0), compute_uv=False) ** 2
        np.testing.assert_allclose(found["share"][trial], values.cumsum() / values.sum(), atol=1e-4)
        assert found["count"][trial] == 1 + np.flatnonzero(values.cumsum() / values.sum() > 0.9)[0]


def test_a_network_that_stands_still_has_no_dimensions():
    found = dimensionality(PlantedStates(torch.zeros(2, 4)), trials=2, steps=300, burn_in=10)
    assert np.isnan(found["count"]).all() and np.isnan(found.attrs["participation_ratio"])
    with pytest.raises(ValueError, match="threshold is a share"):
        dimensionality(small(), threshold=1.0)


def test_weights_are_those_off_the_diagonal():
    network = LeakyRNN(LeakyConfig(units=3, heads=1, answers=(2,)), seed=0)
    with torch.no_grad():
        network.recurrent_weight.copy_(torch.tensor([[9.0, 2, 0], [0.5, 9, -1], [0, -3, 9]]))
    found = weights.connectivity(network)
    assert found["mean"] == pytest.approx(-1.5 / 6)
    assert found["sd"] == pytest.approx(np.std([2, 0, 0.5, -1, 0, -3]))
    assert found["frobenius_norm"] == pytest.approx(np.sqrt(14.25))
    assert found["spectral_radius"] == pytest.approx(2)  # eigenvalues 0, 2 and -2
    assert found["share_negative"] == pytest.approx(2 / 6)
    np.testing.assert_allclose(found["received"], [2, -0.5, -3])
    np.testing.assert_allclose(found["excitation"] + found["inhibition"], found["received"])
    np.testing.assert_allclose(found["sent"], [0.5, -1, -1])


def test_rank_correlation_of_input_and_timescale():
    connections = weights.connectivity(small())
    fitted = timescales.network_timescales(autocorrelation(small(), trials=3, steps=400, burn_in=50))
    rising = fitted.assign(timescale=("unit", 2.0 + connections["received"].values.argsort().argsort()))
    found = weights.input_against_timescale(connections, rising)
    assert found["r"].sel(input="received") == pytest.approx(1) and found.attrs["units"] == 20
    none = weights.input_against_timescale(connections, fitted.assign(timescale=("unit", np.full(20, 0.5))))
    assert np.isnan(none["r"]).all()
    with pytest.raises(ValueError, match="give both of one network"):
        weights.input_against_timescale(connections, fitted.isel(unit=slice(3)))


def test_time_constants_are_told_before_the_clamp_and_after_the_softplus():
    clamped, free, fixed = small(), small(timescales="free"), small(timescales="fixed", tau=3.0)
    with torch.no_grad():
        clamped.tau[:2] = torch.tensor([0.999, 2.5])
    table = taus.time_constants_table(
        {"clamped": clamped, "free": free, "fixed": fixed}, {"clamped": 4, "free": 4, "fixed": 9}
    )
    assert table["share_below_1"].values.tolist() == [0.05, 0, 0]
    assert table["largest"][0] == 2.5 and table["mean"][2] == 3 and table["sd"][2] == 0
    np.testing.assert_allclose(table["time_constant"][1], free.time_constants().detach(), rtol=1e-6)
    over = taus.time_constants_over_n(table)
    assert over["networks"].values.tolist() == [2, 1]
    assert over["mean"][0] == pytest.approx(float(table["mean"][:2].mean()))
    assert over["mean_spread"][0] == pytest.approx(float(table["mean"][:2].std()))


def test_tables_refuse_what_cannot_be_compared():
    with pytest.raises(ValueError, match="at least one network"):
        taus.time_constants_table({})
    other = LeakyRNN(LeakyConfig(units=5, heads=1), seed=0)
    with pytest.raises(ValueError, match=r"\[5, 20\] units"):
        taus.time_constants_table({"a": small(), "b": other})
    gated = GatedRNN(GatedConfig(units=5, heads=1), seed=0)
    with pytest.raises(ValueError, match="have no time constants of their own"):
        taus.time_constants_table({"a": gated})
    with pytest.raises(ValueError, match="connectivity takes a leaky network"):
        weights.connectivity(gated)


def test_every_measure_has_a_figure():
    network = small()
    correlation = autocorrelation(network, trials=4, steps=400, burn_in=50)
    fitted = timescales.network_timescales(correlation)
    connections = weights.connectivity(network)
    table = taus.time_constants_table({"a": network, "b": small(timescales="free")}, {"a": 2, "b": 3})
    drawn = [
        plot_autocorrelation(correlation),
        timescales.plot_network_timescales(fitted),
        timescales.plot_autocorrelation_fit(fitted, 3),
        plot_dimensionality(dimensionality(network, trials=2, steps=300, burn_in=50)),
        weights.plot_connectivity(connections),
        weights.plot_input_against_timescale(weights.input_against_timescale(connections, fitted)),
        taus.plot_time_constants(table),
        taus.plot_time_constants_over_n(taus.time_constants_over_n(table)),
        plot_accuracy(accuracy(network, sequences=100)),
        plot_accuracy(stream_accuracy(network, streams=2, steps=50)),
        plot_generalisation(generalisation(network, [2, 3, 4], head=0, sequences=100)),
    ]
    for axes in drawn:
        assert axes.get_xlabel() and axes.get_ylabel() and axes.get_legend() is not None
        axes.figure.canvas.draw()


def test_figures_of_cut_and_changed_networks():
    network = LeakyRNN(LeakyConfig(units=4, heads=1, activation="relu", answers=(2,)), seed=0)
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        network.tau.fill_(1.0)
        # Right about parity of 2 whenever the last digit is 1 and the one before is 0.
        network.input_weight[0] = 1
        network.readout_weight[0, 1, 0] = 1
        network.readout_bias[0, 1] = -0.5
        network.recurrent_weight[1, 0] = 1
        network.readout_weight[0, 1, 1] = -0.75
    for axes in (
        plot_ablation(ablation(network, units=1, streams=3, steps=300)),
        plot_perturbation(perturbation(network, "weights", (0, 0.1, 1), draws=3, steps=300), label="network"),
    ):
        assert axes.get_xlabel() and axes.get_ylabel() and axes.get_legend() is not None
        axes.figure.canvas.draw()
