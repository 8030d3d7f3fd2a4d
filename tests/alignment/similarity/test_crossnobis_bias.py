"""Crossnobis distances of stimuli that are the same: zero on average, unless the precision was fitted to their noise."""

import numpy as np
import pytest

from alignment.similarity import noise_precision, rdm

N_NEUROIDS, N_REPETITIONS, N_STIMULI = 20, 5, 10


def recordings(n):
    """Trials of ``n`` recordings whose first two stimuli evoke the same; noise is shared between neuroids."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((N_NEUROIDS, N_NEUROIDS)) / np.sqrt(N_NEUROIDS)
    for _ in range(n):
        signal = rng.standard_normal((N_STIMULI, N_NEUROIDS))
        signal[1] = signal[0]
        yield signal + 2 * rng.standard_normal((N_REPETITIONS, N_STIMULI, N_NEUROIDS)) @ mixing


def z_of_mean(values):
    return np.mean(values) / (np.std(values, ddof=1) / np.sqrt(len(values)))


def test_precision_of_the_other_repetitions_leaves_no_bias():
    every = list(recordings(300))
    fitted = [rdm(trials, method="crossnobis", precision=noise_precision(trials))[0] for trials in every]
    held_out = [rdm(trials, method="crossnobis", precision="shrinkage_diag")[0] for trials in every]
    assert z_of_mean(fitted) > 4
    assert abs(z_of_mean(held_out)) < 3


def test_named_precision_is_the_plain_loop():
    (trials,) = recordings(1)
    expected = np.zeros((N_STIMULI, N_STIMULI))
    for left_out in range(N_REPETITIONS):
        others = np.delete(trials, left_out, axis=0)
        precision = noise_precision(others, method="shrinkage_eye")
        for i, j in np.ndindex(N_STIMULI, N_STIMULI):
            train = others.mean(axis=0)[i] - others.mean(axis=0)[j]
            test = trials[left_out][i] - trials[left_out][j]
            expected[i, j] += train @ precision @ test / (N_REPETITIONS * N_NEUROIDS)
    received = rdm(trials, method="crossnobis", precision="shrinkage_eye")
    np.testing.assert_allclose(received, expected[np.triu_indices(N_STIMULI, 1)], rtol=1e-9, atol=1e-12)


def test_named_precision_needs_three_complete_repetitions():
    (trials,) = recordings(1)
    with pytest.raises(ValueError, match="at least 3 complete repetitions, received 2 with 0 NaN"):
        rdm(trials[:2], method="crossnobis", precision="diag")
    trials[0, 0] = np.nan
    with pytest.raises(ValueError, match=f"received 5 with {N_NEUROIDS} NaN"):
        rdm(trials, method="crossnobis", precision="diag")
    with pytest.raises(ValueError, match="precision 'diag' by name needs repetitions"):
        rdm(trials[1], method="mahalanobis", precision="diag")
