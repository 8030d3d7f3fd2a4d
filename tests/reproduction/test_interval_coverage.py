"""How often nominal 95 % intervals hold the planted value: correlations, crossed and nested designs, fitted mappings."""

import numpy as np
import pytest

from alignment.folds import Fold
from alignment.inference import (
    Design,
    bootstrap_correlation,
    compare_models,
    fold_factor,
    small_sample_factor,
)
from alignment.mappings import NeuroidRidge

pytestmark = pytest.mark.slow

NOMINAL = (0.93, 0.97)


def correlated(rng, n_stimuli, n_simulations, r, group_size=1):
    """Predicted and observed with correlation r, half of the variance shared by the stimuli of a group."""
    noise = rng.standard_normal((2, n_stimuli, n_simulations))
    if group_size > 1:
        shared = rng.standard_normal((2, n_stimuli // group_size, n_simulations))
        noise = np.sqrt(0.5) * (noise + np.repeat(shared, group_size, axis=1))
    return r * noise[0] + np.sqrt(1 - r**2) * noise[1], noise[0]


@pytest.mark.parametrize("method", ["percentile", "bc", "bca"])
@pytest.mark.parametrize(
    ("n_stimuli", "r", "group_size"), [(60, 0.0, 1), (60, 0.5, 1), (100, 0.8, 1), (200, 0.5, 1), (200, 0.5, 4)]
)
def test_correlation_of_one_neuroid(method, n_stimuli, r, group_size):
    groups = np.arange(n_stimuli) // group_size if group_size > 1 else None
    predicted, observed = correlated(np.random.default_rng(0), n_stimuli, 3000, r, group_size)
    factor = small_sample_factor(n_stimuli // group_size)
    # Each neuroid is a simulation of its own.
    found = bootstrap_correlation(predicted, observed, Design(groups=groups, pool="none"), method=method, factor=factor)
    assert NOMINAL[0] <= ((found.low <= r) & (r <= found.high)).mean() <= NOMINAL[1]


def population(rng, n_stimuli, r):
    """Responses of neuroids with correlations r to their predictions, 0.3 of the variance common to all neuroids."""

    def noise():
        shared, own = rng.standard_normal((n_stimuli, 1)), rng.standard_normal((n_stimuli, len(r)))
        return np.sqrt(0.3) * shared + np.sqrt(0.7) * own

    observed = noise()
    return r * observed + np.sqrt(1 - r**2) * noise(), observed


ANIMALS = np.repeat(np.arange(10), 6)
POPULATIONS = {
    "crossed, mean": (Design(("stimuli", "neuroids"), pool="mean"), "percentile"),
    "crossed, mean, BCa": (Design(("stimuli", "neuroids"), pool="mean"), "bca"),
    "crossed, median, BCa": (Design(("stimuli", "neuroids")), "bca"),
    "animals, mean": (Design(("stimuli", "animals"), animals=ANIMALS, pool="mean"), "percentile"),
    "animals, mean, BCa": (Design(("stimuli", "animals"), animals=ANIMALS, pool="mean"), "bca"),
}


def population_coverage(design, method, n_simulations=500):
    factor = 1.0 if design.animals is None else small_sample_factor(10)
    spread, centre = 0.3, 0.55
    truth = np.tanh(np.random.default_rng(99).normal(centre, spread, size=400_000))
    target = truth.mean() if design.pool == "mean" else np.tanh(centre)
    rng, inside = np.random.default_rng(1), 0
    for seed in range(n_simulations):
        z = centre + spread * rng.standard_normal(60)
        if design.animals is not None:
            z = centre + spread * (0.8 * rng.standard_normal(10)[design.animals] + 0.6 * rng.standard_normal(60))
        predicted, observed = population(rng, 150, np.tanh(z))
        found = bootstrap_correlation(predicted, observed, design, n_boot=500, method=method, factor=factor, seed=seed)
        inside += found.low <= target <= found.high
    return float(inside / n_simulations)


@pytest.mark.parametrize("name", POPULATIONS)
def test_stimuli_and_neuroids_or_animals_sampled(name):
    # 500 simulations have a standard error of 1 %, which the bounds leave room for.
    assert NOMINAL[0] - 0.01 <= population_coverage(*POPULATIONS[name]) <= NOMINAL[1] + 0.01


def test_median_over_neuroids_without_bias_correction_is_too_wide():
    assert population_coverage(Design(("stimuli", "neuroids")), "percentile") > 0.96


def predictions(features, responses, labels, groups):
    """Cross-validated predictions of ridge, in the order of the rows."""
    folds = [Fold(np.flatnonzero(labels != k), np.flatnonzero(labels == k)) for k in np.unique(labels)]
    fitted = NeuroidRidge().cross_predict(features, responses, folds, groups, inner=False)
    made = np.empty_like(responses)
    for fold, part in zip(folds, fitted.predictions, strict=True):
        made[fold.test] = part
    return made


# stimuli, features, neuroids, signal to noise, folds, stimuli per group
FITTED = {
    "no signal": (150, 50, 12, 0.0, 5, 1),
    "weak signal, more features than rows": (120, 200, 12, 0.3, 5, 1),
    "strong signal": (100, 50, 12, 1.0, 5, 1),
    "one neuroid": (100, 50, 1, 1.0, 5, 1),
    "groups": (200, 50, 12, 0.5, 5, 4),
    "ten folds": (150, 50, 12, 0.5, 10, 1),
}


def fitted_scores(name, n_simulations):
    """Score and draws of two equally informative models per simulation, with the factor of the fitted mapping.

    Responses follow three latent directions of the stimuli that all neuroids share, and 0.3 of their noise is common.
    """
    n_stimuli, n_features, n_neuroids, signal, n_folds, group_size = FITTED[name]
    rng = np.random.default_rng(2)
    scale = np.arange(1, n_features + 1) ** -0.5
    weights = rng.standard_normal((n_features, 3)) @ rng.standard_normal((3, n_neuroids))
    weights /= np.linalg.norm(scale[:, None] * weights, axis=0)
    n_groups = n_stimuli // group_size
    groups = np.arange(n_stimuli) // group_size

    def noise(width):
        own = rng.standard_normal((n_stimuli, width))
        if group_size == 1:
            return own
        return np.sqrt(0.5) * (own + rng.standard_normal((n_groups, width))[groups])

    factor = fold_factor(n_stimuli, n_stimuli * (1 - 1 / n_folds))
    related = groups if group_size > 1 else None
    pairs = []
    for seed in range(n_simulations):
        latent = scale * noise(n_features)
        responses = np.sqrt(signal) * latent @ weights + np.sqrt(0.7) * noise(n_neuroids) + np.sqrt(0.3) * noise(1)
        labels = (rng.permutation(n_groups) % n_folds)[groups]
        pair = []
        for _ in range(2):
            features = latent + 0.5 * scale * rng.standard_normal(latent.shape)
            made = predictions(features, responses, labels, related)
            pair.append(
                bootstrap_correlation(
                    made, responses, Design(groups=related), folds=labels, n_boot=600, factor=factor, seed=seed
                )
            )
        pairs.append(pair)
    return pairs, factor


def fitted_shares(name, n_simulations=300):
    """Shares: intervals that hold the value, the same without widening, equal models called different, gaps that hold 0.

    The planted value is what the same procedure scores on average over fresh stimuli.
    """
    pairs, factor = fitted_scores(name, n_simulations)
    target = np.mean([float(one.value) for pair in pairs for one in pair])
    covered, narrow, rejected, gaps = [], [], [], []
    for a, b in pairs:
        covered.append(a.low <= target <= a.high)
        narrow.append((a.low - a.value) / factor <= target - a.value <= (a.high - a.value) / factor)
        values, draws = {"a": float(a.value), "b": float(b.value)}, {"a": a.draws, "b": b.draws}
        gap = compare_models(values, draws, factor=factor, correction="none").pairs[0]
        rejected.append(gap.p <= 0.05)
        gaps.append(gap.low <= 0 <= gap.high)
    return tuple(float(np.mean(share)) for share in (covered, narrow, rejected, gaps))


@pytest.mark.parametrize("name", FITTED)
def test_cross_validated_ridge(name):
    covered, narrow, rejected, gaps = fitted_shares(name)
    # 300 simulations have a standard error of 1.3 %, which the bounds leave room for.
    assert NOMINAL[0] - 0.02 <= covered <= NOMINAL[1] + 0.02
    assert narrow < 0.93
    assert rejected <= 0.07
    assert NOMINAL[0] - 0.02 <= gaps
