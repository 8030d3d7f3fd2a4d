"""Shared by the tests of layer-by-target matrices: unrelated and related patterns of few dimensions, and their recordings."""

import numpy as np
import pytest


def low_rank(rng, rank, n_neuroids, n_stimuli=6):
    """Patterns of ``rank`` dimensions, variance about 1."""
    return rng.standard_normal((n_stimuli, rank)) @ rng.standard_normal((rank, n_neuroids)) / np.sqrt(rank)


def recording(rng, signal, noise, n_repetitions=10):
    """Noisy trials of a signal."""
    return signal + noise * rng.standard_normal((n_repetitions, *signal.shape))


@pytest.fixture
def planted():
    """Two animals that share a pattern, a layer that has it, and two that do not."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((6, 30))
    animals = {name: recording(rng, signal, 1.0, 8) for name in ("first", "second")}
    layers = {"true": signal, "other": rng.standard_normal((6, 200)), "third": rng.standard_normal((6, 200))}
    return layers, animals
