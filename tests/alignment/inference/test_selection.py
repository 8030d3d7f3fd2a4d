"""The best of several layers: bias of the maximum and what is left of it after correction."""

import numpy as np
import pytest

from alignment.inference import corrected_maximum


def simulate(n_layers, spread, n_simulations=400, n_boot=300):
    """True worth of the chosen layer, its observed score and its corrected score, averaged; standard errors are 1."""
    rng = np.random.default_rng(0)
    truth = spread * np.arange(n_layers)
    rows = []
    for _ in range(n_simulations):
        values = truth + rng.standard_normal(n_layers)
        found = corrected_maximum(values, draws=values + rng.standard_normal((n_boot, n_layers)))
        rows.append((truth[found.index], found.maximum, found.corrected))
    return np.mean(rows, axis=0)


@pytest.mark.parametrize("n_layers", [5, 20])
def test_equal_layers_keep_a_quarter_to_a_third_of_the_bias(n_layers):
    worth, maximum, corrected = simulate(n_layers, 0.0)
    assert maximum - worth > 1
    assert 0.2 < (corrected - worth) / (maximum - worth) < 0.4


def test_a_clear_winner_needs_no_correction():
    worth, maximum, corrected = simulate(4, 8.0)
    assert maximum == pytest.approx(worth, abs=0.15)
    assert corrected == pytest.approx(maximum, abs=0.02)


def test_optimism_equals_a_plain_loop():
    rng = np.random.default_rng(1)
    values, draws = rng.standard_normal(5), rng.standard_normal((50, 5)) + 3
    centred = draws - draws.mean(axis=0) + values
    expected = np.mean([draw[draw.argmax()] - values[draw.argmax()] for draw in centred])
    found = corrected_maximum(values, draws=draws)
    assert found.optimism == pytest.approx(expected)
    assert found.corrected == pytest.approx(values.max() - expected)
    assert (found.index, found.maximum, found.n_candidates) == (values.argmax(), values.max(), 5)
    assert np.isnan([found.expected_null_maximum, found.above_null, found.p]).all()


def test_null_gives_the_expected_maximum_and_its_p():
    null = np.random.default_rng(2).standard_normal((999, 10))
    found = corrected_maximum(np.append(np.zeros(9), 5.0), null=null)
    assert found.expected_null_maximum == pytest.approx(1.54, abs=0.06)  # mean of the largest of 10 normal numbers
    assert found.above_null == pytest.approx(5 - found.expected_null_maximum)
    assert found.p == 1 / 1000
    assert np.isnan([found.optimism, found.corrected]).all()


def test_one_layer_is_not_corrected_on_average():
    found = corrected_maximum(np.array([0.3]), draws=np.random.default_rng(3).standard_normal((200, 1)))
    assert found.corrected == pytest.approx(0.3, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither draws nor null were given"),
        ({"draws": np.zeros((3, 2))}, r"draws must be finite with one column for each of 3 layers, received \(3, 2\)"),
        ({"null": np.full((3, 3), np.nan)}, "null must be finite"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        corrected_maximum(np.zeros(3), **options)


def test_values_must_be_finite():
    with pytest.raises(ValueError, match="values must be finite"):
        corrected_maximum(np.array([np.nan]), null=np.zeros((2, 1)))
