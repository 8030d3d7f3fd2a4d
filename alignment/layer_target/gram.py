"""Inner products of stimuli, centred on the training rows of every fold and order."""

import numpy as np

from .refits import FoldPlan


def stimulus_gram(features: np.ndarray, *, scaled: bool = False) -> np.ndarray:
    """Inner products ``(stimulus, stimulus)`` of centred features; scaled to a mean diagonal of 1 where asked for.

    The scale knows nothing of responses and is the same for every order of the stimuli.
    """
    centred = features - features.mean(axis=0)
    gram = centred @ centred.T
    level = np.trace(gram) / len(gram)
    return gram / level if scaled and level > 0 else gram


def centred_blocks(gram: np.ndarray, plan: FoldPlan) -> tuple[np.ndarray, np.ndarray]:
    """Training block ``(beginning, train, train)`` and test by training block of one fold, centred on its training rows."""
    inner = gram[plan.shown[:, :, None], plan.shown[:, None, :]]
    cross = gram[plan.asked[:, :, None], plan.shown[:, None, :]] - inner.mean(axis=-2, keepdims=True)
    centring = np.eye(inner.shape[-1]) - 1 / inner.shape[-1]
    return centring @ inner @ centring, cross @ centring
