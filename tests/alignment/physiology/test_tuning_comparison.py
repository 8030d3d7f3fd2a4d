"""Curves of models beside those of neurons: planted tuning, exact p over turns, the ceiling, and real MT neurons."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot
from scipy import stats

from alignment.physiology import (
    compare_tuning,
    neurometric_function,
    plot_tuning_comparison,
    recorded_responses,
    select_stimuli,
)
from data.catalogue import load_dataset

DEGREES = np.arange(0, 360, 45.0)


def responses(curves, n_trials=1, noise=0.0, seed=0):
    """Trials of curves ``(direction, unit)``."""
    rng = np.random.default_rng(seed)
    values = np.repeat(curves, n_trials, axis=0)
    values = values + noise * rng.normal(size=values.shape)
    return xr.DataArray(
        values, dims=("stimulus", "unit"), coords={"direction_deg": ("stimulus", np.repeat(DEGREES, n_trials))}
    )


def tuned(*peaks, kappa=2.0):
    return np.exp(kappa * (np.cos(np.deg2rad(DEGREES[:, None] - np.array(peaks))) - 1))


def test_r_is_pearsons_and_p_counts_turns_by_a_plain_loop():
    rng = np.random.default_rng(1)
    model, neurons = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    found = compare_tuning(responses(model), responses(neurons), n_boot=0)
    for unit in range(3):
        for neuron in range(2):
            turns = [stats.pearsonr(model[:, unit], np.roll(neurons[:, neuron], k)).statistic for k in range(8)]
            assert found["r"][unit, neuron].item() == pytest.approx(turns[0])
            assert found["p"][unit, neuron].item() == np.mean(np.array(turns) >= turns[0])
            assert found["r_turned"][unit, neuron].item() == pytest.approx(np.mean(turns[1:]))


def test_the_unit_of_the_same_direction_is_found():
    found = compare_tuning(responses(tuned(0, 90, 180)), responses(tuned(90), 20, 0.2), n_boot=200)
    assert found["best_unit"].item() == 1
    assert found["p"].values[:, 0].tolist()[1] == 1 / 8
    assert found["r_low"][1, 0] < found["r_ceiled"][1, 0] * found["ceiling"][0] < found["r_high"][1, 0] + 1e-9
    assert found["p"][0, 0] > 1 / 8 and found["p"][2, 0] > 1 / 8


def test_units_all_around_the_circle_find_one_for_every_turn():
    found = compare_tuning(responses(tuned(*DEGREES)), responses(tuned(90), 20, 0.01), n_boot=0)
    assert found["best_unit"].item() == 2 and found["best_r"].item() > 0.99
    assert found["best_p"].item() > 0.1


def test_the_ceiling_is_what_the_true_curve_reaches():
    truth = tuned(90)
    reached, ceilings = [], []
    for seed in range(60):
        found = compare_tuning(responses(truth), responses(truth, 6, 0.6, seed), n_boot=0, n_halvings=20)
        reached.append(found["r"].item())
        ceilings.append(found["ceiling"].item())
    assert np.nanmean(ceilings) == pytest.approx(np.mean(reached), abs=0.05)


def test_p_of_an_unrelated_unit_is_uniform():
    rng = np.random.default_rng(0)
    found = compare_tuning(responses(rng.normal(size=(8, 40))), responses(rng.normal(size=(8, 40))), n_boot=0)
    counts = np.bincount((8 * found["p"].values.ravel()).round().astype(int), minlength=9)[1:]
    assert stats.chisquare(counts).pvalue > 0.001


def test_single_trials_leave_no_ceiling_and_no_interval():
    found = compare_tuning(responses(tuned(0)), responses(tuned(0)))
    assert np.isnan(found["ceiling"]).all() and np.isnan(found["r_low"]).all() and found["r"].item() == pytest.approx(1)


def test_flat_curves_have_no_r():
    found = compare_tuning(responses(np.ones((8, 1))), responses(tuned(0)), n_boot=0)
    assert np.isnan(found["r"].item()) and np.isnan(found["p"].item()) and np.isnan(found["best_p"].item())


def test_other_directions_are_refused():
    other = responses(tuned(0)).assign_coords(direction_deg=("stimulus", DEGREES + 10))
    with pytest.raises(ValueError, match="curves are compared at equal ones"):
        compare_tuning(other, responses(tuned(0)))


@pytest.mark.parametrize("cell", [1, 2, 3, 4])
def test_real_neurons_agree_with_themselves_and_have_high_ceilings(real_data, cell):
    trials = select_stimuli(recorded_responses(load_dataset(f"motion/mt-rdk.cell{cell}")), experiment="direction")
    odd, even = (trials.isel(stimulus=trials["repetition"].values % 2 == part) for part in (1, 0))
    found = compare_tuning(odd, even, n_boot=50)
    assert found["r"].item() > 0.9 and found["p"].item() == 1 / 8
    assert 0.95 < found["ceiling"].item() <= 1


def test_figure_has_both_curves_and_both_neurometric_functions(real_data):
    trials = recorded_responses(load_dataset("motion/mt-rdk.cell1"))
    curves = select_stimuli(trials, experiment="direction")
    found = compare_tuning(responses(tuned(0, 180)), curves, n_boot=10)
    dots = neurometric_function(select_stimuli(trials, experiment="coherence"), n_boot=10, n_permutations=10)
    both = xr.concat([dots, dots], "unit")
    axes = plot_tuning_comparison(found, neurometric=(both, dots))
    assert len(axes) == 2 and found["best_unit"].item() == 1
    assert axes[0].get_title().startswith(f"r = {float(found['r'][1, 0]):.2f}")
    assert [line.get_label() for line in axes[0].lines] == ["cell1"]
    assert len(plot_tuning_comparison(found, unit=0)) == 1
    pyplot.close("all")
