"""Noise-corrected RSA: the formula by a plain loop, equal populations, gaps, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr

from alignment.ceilings import noise_corrected_rsa, released_score
from alignment.ceilings.rdm_predictivity import correlation_rdms
from alignment.similarity import rdm


def recording(n_repetitions=8, n_stimuli=6, n_neuroids=20, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, n_neuroids))
    return signal, signal + noise * rng.standard_normal((n_repetitions, n_stimuli, n_neuroids))


@pytest.mark.parametrize(("method", "correlation"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_components_are_those_of_a_plain_loop(method, correlation):
    _, source = recording(seed=1, n_repetitions=7)
    _, trials = recording(seed=2)
    found = noise_corrected_rsa(source, trials, method=method, n_halves=4, seed=30)

    def between(first, second):
        return correlation(pdist(first, "correlation"), pdist(second, "correlation")).statistic

    for number in range(4):
        halves = {}
        for name, values in (("x", source), ("y", trials)):
            order = list(range(len(values)))
            np.random.RandomState(30 + number).shuffle(order)
            half = len(values) // 2
            halves[name] = values[order[:half]].mean(axis=0), values[order[half:]].mean(axis=0)
        assert found.r_xy[number, 0, 0] == pytest.approx(between(source.mean(axis=0), trials.mean(axis=0)), rel=1e-10)
        assert found.r_xx[number, 0, 0] == pytest.approx(between(*halves["x"]), rel=1e-10)
        assert found.r_yy[number, 0, 0] == pytest.approx(between(*halves["y"]), rel=1e-10)
    assert found.r_xy.shape == (4, 1, 1)


def test_true_pattern_reaches_one_after_correction():
    signal, trials = recording(n_stimuli=40, n_neuroids=100, noise=2.0)
    found = noise_corrected_rsa(signal, trials, average="components", n_halves=50)
    assert found.r_xy[0, 0, 0] < 0.9
    assert found.value == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(found.r_xx, 1)


def test_noiseless_copies_are_one_in_every_component():
    signal, trials = recording(noise=0.0)
    found = noise_corrected_rsa([trials, trials], trials, n_halves=3)
    for component in (found.r_xy, found.r_xx, found.r_yy, found.corrected):
        np.testing.assert_allclose(component, 1, atol=1e-12)
    assert noise_corrected_rsa(signal, trials, n_halves=3).value == pytest.approx(1)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.1, 100), shift=st.floats(-10, 10), order=st.permutations(range(6)))
def test_unit_of_the_responses_and_order_of_the_stimuli_do_not_matter(scale, shift, order):
    signal, trials = recording()
    plain = noise_corrected_rsa(signal, trials, n_halves=3)
    moved = noise_corrected_rsa(scale * signal[order] + shift, 2 * trials[:, order], n_halves=3)
    np.testing.assert_allclose(moved.corrected, plain.corrected, atol=1e-9)


def test_rdms_are_those_of_the_package_and_nan_for_constant_patterns():
    signal, _ = recording()
    np.testing.assert_allclose(correlation_rdms(signal), rdm(signal), atol=1e-12)
    signal[2] = 0.3
    distances = correlation_rdms(np.stack([signal, recording()[0]]))
    assert distances.shape == (2, 15)
    assert np.isnan(distances[0]).sum() == 5
    assert np.isfinite(distances[1]).all()


def test_half_without_a_response_has_no_value():
    """A stimulus that only one half of the trials showed, the others being zero, has no pattern in the other half."""
    _, trials = recording(n_repetitions=4)
    trials[1:, 3] = 0
    found = noise_corrected_rsa(recording()[0], trials, n_halves=6)
    assert np.isnan(found.r_yy).all()
    assert np.isnan(found.value)
    assert np.isnan(released_score(found))


def test_unequal_repetitions_are_declared():
    signal, trials = recording()
    trials[5:, :3] = np.nan
    with pytest.raises(ValueError, match="trials has 180 NaN among 960 responses; declare them"):
        noise_corrected_rsa(signal, trials)
    each = noise_corrected_rsa(signal, trials, missing="halve each", n_halves=40)
    assert each.n_halves_skipped == 0
    assert each.value == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "cosine"}, "method must be one of pearson, spearman, received 'cosine'"),
        ({"missing": "drop"}, "missing must be one of"),
        ({"correction": "none"}, "correction must be one of"),
        ({"average": "median"}, "average must be one of"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        noise_corrected_rsa(*recording(), **options)


def test_sources_that_do_not_fit_are_refused():
    signal, trials = recording()
    with pytest.raises(ValueError, match=r"source has \[5\] stimuli and trials 6"):
        noise_corrected_rsa(signal[:5], trials)
    with pytest.raises(ValueError, match="are too small: RDMs are compared with at least 3 stimuli and 2 neuroids"):
        noise_corrected_rsa(signal, trials[..., :1])
    with pytest.raises(ValueError, match="are too small"):
        noise_corrected_rsa(signal[:2], trials[:, :2])
