"""What chance gives with six stimuli: the maximum of unrelated layers and targets, and p values that are uniform."""

import numpy as np
import pytest
from scipy.stats import kstest

from alignment.ceilings import noise_corrected_rsa, spearman_brown
from alignment.layer_target import layer_target_ridge, layer_target_rsa

from .conftest import low_rank, recording


@pytest.fixture(scope="module")
def unrelated():
    """Matrices of 13 layers and 12 targets (11 animals and their pool) that have nothing in common, and reliabilities."""
    matrices, reliability = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        layers = {f"layer{number}": low_rank(rng, 2 + number % 2, 100) for number in range(13)}
        animals = {f"m{number}": recording(rng, low_rank(rng, 2 + number % 2, 200), 4.4) for number in range(11)}
        matrices.append(layer_target_rsa(layers, animals, rule="released", n_halves=10))
        found = [noise_corrected_rsa(layers["layer0"], trials, n_halves=10) for trials in animals.values()]
        reliability += [float(spearman_brown(one.r_yy.mean())) for one in found]
    return matrices, np.array(reliability)


def test_targets_are_as_reliable_as_supposed(unrelated):
    _, reliability = unrelated
    assert reliability.mean() == pytest.approx(0.8, abs=0.03)


def test_best_of_13_layers_and_12_targets_is_about_four_fifths_by_chance(unrelated):
    """Beside it stand the published maxima of the best model, 0.956, and of its untrained twin, 0.658."""
    matrices, _ = unrelated
    assert {one.values.shape for one in matrices} == {(13, 12)}
    assert {len(one.null) for one in matrices} == {720}
    chance = np.mean([one.expected_null_maximum for one in matrices])
    assert 0.79 < chance < 0.85
    # The null of each data set agrees with what independent data sets give.
    maxima = np.array([one.maximum.maximum for one in matrices])
    assert maxima.mean() == pytest.approx(chance, abs=3 * maxima.std() / np.sqrt(len(maxima)))
    assert 0.06 < maxima.std() < 0.12


def test_maxima_that_high_are_not_significant(unrelated):
    matrices, _ = unrelated
    corrected = np.array([one.maximum.p for one in matrices])
    assert np.mean(corrected < 0.05) <= 0.15
    # Without the correction nearly every matrix holds a "significant" entry.
    assert np.mean([np.nanmin(one.p) < 0.05 for one in matrices]) > 0.9


@pytest.mark.parametrize("rule", ["components", pytest.param("released", marks=pytest.mark.slow)])
def test_p_is_uniform_where_nothing_is_related(rule):
    corrected, single = [], []
    for seed in range(220):
        rng = np.random.default_rng(1000 + seed)
        layers = {str(number): low_rank(rng, 3, 12) for number in range(4)}
        animals = {name: recording(rng, low_rank(rng, 3, 40), 1.0, 6) for name in ("a", "b")}
        found = layer_target_rsa(layers, animals, rule=rule, n_halves=3)
        corrected.append(found.maximum.p)
        single.append(found.p[0, 0])
    for p in (corrected, single):
        p = np.array(p)[np.isfinite(p)]
        assert len(p) >= 200
        assert kstest(p, "uniform").pvalue > 0.01
        assert np.mean(p <= 0.05) < 0.09


@pytest.mark.slow
def test_p_of_ridge_is_uniform_where_nothing_is_related():
    corrected = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        layers = {str(number): low_rank(rng, 3, 12) for number in range(2)}
        animals = {"a": recording(rng, low_rank(rng, 3, 6), 0.3, 4)}
        corrected.append(layer_target_ridge(layers, animals, n_halves=1).maximum.p)
    assert kstest(corrected, "uniform").pvalue > 0.01
