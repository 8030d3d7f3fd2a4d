"""Halves for a noise correction, and one fit for many targets where it equals many fits."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Lasso, LinearRegression, Ridge, RidgeCV

from alignment.ceilings.halved_fits import (
    as_recording,
    as_source,
    cross_predictions,
    fits_neuroids_apart,
    halve,
    halved_predictions,
    usable_seeds,
)
from alignment.folds import Fold
from alignment.mappings import NeuroidRidge

ROWS = np.arange(40)
FOLDS = [Fold(np.setdiff1d(ROWS, ROWS[k::4]), ROWS[k::4]) for k in range(4)]


def problem(seed=0, n_repetitions=5):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((40, 3))
    return x, x @ rng.standard_normal((3, 4)) + rng.standard_normal((n_repetitions, 40, 4))


@pytest.mark.parametrize("n_repetitions", [2, 5, 6])
def test_halves_are_shuffled_repetitions(n_repetitions):
    _, trials = problem(n_repetitions=n_repetitions)
    order = list(range(n_repetitions))
    np.random.RandomState(7).shuffle(order)
    first, second = halve(trials, 7, "refuse")
    np.testing.assert_allclose(first, trials[order[: n_repetitions // 2]].mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(second, trials[order[n_repetitions // 2 :]].mean(axis=0), rtol=1e-13)
    for mine, plain in zip(halve(trials, 7, "halve each"), (first, second), strict=True):
        np.testing.assert_array_equal(mine, plain)


def test_stimulus_halves_its_own_repetitions():
    _, trials = problem(n_repetitions=6)
    trials[np.random.default_rng(1).random(trials.shape) < 0.3] = np.nan
    trials[:2] = problem(n_repetitions=6)[1][:2]
    code = np.where(np.isfinite(trials), 2.0 ** np.arange(6)[:, None, None], np.nan)
    first, second = halve(code, 3, "halve each")
    count = np.isfinite(trials).sum(axis=0)
    members = [(first * (count // 2)).round().astype(int), (second * (count - count // 2)).round().astype(int)]
    assert (members[0] & members[1] == 0).all()
    np.testing.assert_array_equal(members[0] | members[1], np.nansum(code, axis=0).astype(int))


def test_skipped_halvings_are_those_with_an_empty_half():
    _, trials = problem(n_repetitions=4)
    trials[2:, 3] = np.nan
    seeds = usable_seeds([trials], 40, 100, "skip")
    for seed in range(100, 140):
        order = list(range(4))
        np.random.RandomState(seed).shuffle(order)
        assert (seed in seeds) == ((order.index(0) < 2) != (order.index(1) < 2))
    assert usable_seeds([trials], 3, 100, "halve each") == [100, 101, 102]


def test_impossible_halvings_are_refused():
    _, trials = problem(n_repetitions=4)
    trials[1:, 3] = np.nan
    with pytest.raises(ValueError, match="all 20 halvings leave some stimulus"):
        usable_seeds([trials], 20, 0, "skip")
    with pytest.raises(ValueError, match="4 pairs of stimulus and neuroid have a single repetition"):
        usable_seeds([trials], 20, 0, "halve each")
    with pytest.raises(ValueError, match="n_halves must be at least 1, received 0"):
        usable_seeds([trials], 0, 0, "skip")


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        (np.ones((1, 5, 2)), r"trials must be \(repetition, stimulus, neuroid\) with at least 2 repetitions"),
        (np.ones((5, 2)), "received shape"),
        (np.full((2, 5, 2), np.inf), "trials has 20 infinite responses"),
        (np.full((2, 5, 2), np.nan), "trials has 20 NaN among 20 responses; declare them with missing='halve each'"),
    ],
)
def test_unusable_recordings_are_refused(trials, message):
    with pytest.raises(ValueError, match=message):
        as_recording(trials, "trials", "refuse")


def test_absent_stimuli_are_refused_however_gaps_are_declared():
    _, trials = problem()
    trials[:, 3, 2] = np.nan
    with pytest.raises(ValueError, match="no response at all for 1 pairs"):
        as_recording(trials, "trials", "halve each")


def test_sources_are_features_or_recordings():
    x, trials = problem()
    assert as_source(x, "refuse") is not None
    assert [one.shape for one in as_source(trials, "refuse")] == [trials.shape]
    assert [one.shape for one in as_source([trials, trials[:3]], "refuse")] == [trials.shape, trials[:3].shape]
    with pytest.raises(ValueError, match="finite features.*with 1 values that are not finite"):
        as_source(np.where(np.arange(120).reshape(40, 3) == 5, np.nan, x), "skip")


def test_which_mappings_fit_each_neuroid_alone():
    apart = [Ridge(1.0), LinearRegression(), NeuroidRidge()]
    together = [Ridge(solver="sag"), RidgeCV(), PLSRegression(), LinearRegression(positive=True), Lasso()]
    assert all(map(fits_neuroids_apart, apart))
    assert not any(map(fits_neuroids_apart, together))


@pytest.mark.parametrize(
    "mapping", [Ridge(1.0), LinearRegression(), NeuroidRidge([0.1, 1.0, 10.0]), PLSRegression(2), RidgeCV()]
)
def test_stacked_targets_give_what_separate_fits_give(mapping, monkeypatch):
    x, trials = problem()
    seeds = [1, 2, 3]
    full, pairs = halved_predictions(x, trials, seeds, FOLDS, mapping, None, "refuse")
    for made, expected in zip(full, cross_predictions(x, trials.mean(axis=0), FOLDS, mapping), strict=True):
        np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-11)
    found = list(pairs)
    assert len(found) == 3
    for seed, (halves, made) in zip(seeds, found, strict=True):
        for half, target, predicted in zip(halve(trials, seed, "refuse"), halves, made, strict=True):
            np.testing.assert_array_equal(half, target)
            for one, expected in zip(predicted, cross_predictions(x, half, FOLDS, mapping), strict=True):
                np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-11)
    monkeypatch.setattr("alignment.ceilings.halved_fits.MAX_STACKED", 2 * trials[0].size)
    again = list(halved_predictions(x, trials, seeds, FOLDS, mapping, None, "refuse")[1])
    for (_, made), (_, blocked) in zip(found, again, strict=True):
        np.testing.assert_allclose(np.concatenate(made[0]), np.concatenate(blocked[0]), rtol=1e-9, atol=1e-11)


def test_pooled_recordings_are_halved_with_the_target():
    x, trials = problem()
    _, other = problem(1, 6)
    full, pairs = halved_predictions([trials, other], trials, [5], FOLDS, Ridge(1.0), None, "refuse")
    pooled = np.concatenate([trials.mean(axis=0), other.mean(axis=0)], axis=1)
    np.testing.assert_allclose(full[0], cross_predictions(pooled, trials.mean(axis=0), FOLDS, Ridge(1.0))[0])
    ((_, made),) = pairs
    for side in (0, 1):
        source = np.concatenate([halve(trials, 5, "refuse")[side], halve(other, 5, "refuse")[side]], axis=1)
        expected = cross_predictions(source, halve(trials, 5, "refuse")[side], FOLDS, Ridge(1.0))
        np.testing.assert_allclose(made[side][1], expected[1])
