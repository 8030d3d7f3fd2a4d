"""Similarity of measured properties: of two numbers, and of the distributions of a property over units."""

from dataclasses import dataclass

import numpy as np


def value_delta(model: float, person: float, *, scale: float = 1.0) -> float:
    """Similarity of two numbers, exp(-scale |model - person|): 1 for equal ones, towards 0 for far ones.

    Parameters
    ----------
    model, person
        The numbers, in the same unit.
    scale
        Positive; the similarity falls to 1/e over a difference of 1 / scale.

    References
    ----------
    brain-score/vision, metric ``value_delta``.
    """
    if not scale > 0 or not np.isfinite([model, person, scale]).all():
        raise ValueError(f"value_delta needs finite numbers and a positive scale, received {model}, {person}, {scale}.")
    return float(np.exp(-scale * abs(model - person)))


@dataclass(frozen=True)
class DistributionSimilarity:
    """Similarity of two distributions over resamples.

    Attributes
    ----------
    value, error
        Mean and standard deviation (ddof 0) over resamples of the model's units.
    raw
        ``(boot,)``.
    observed
        Similarity of the two histograms as they are, without resampling.
    n_outside
        Values of model and data beyond the bins, which count in the outermost bins.
    """

    value: float
    error: float
    raw: np.ndarray
    observed: float
    n_outside: int


def ks_similarity(
    model_values: np.ndarray, data_values: np.ndarray, bins: np.ndarray, *, n_boot: int = 1000, seed: int = 0
) -> DistributionSimilarity:
    """1 - D / D_max for the Kolmogorov-Smirnov distance D of two histograms.

    D = max |P - Q| for the cumulative histograms P of the model and Q of the data; D_max is the largest D that any
    histogram could have from Q: all values in the first or all in the last bin. Each resample draws as many of the model's
    values as there are data values, with replacement.

    Parameters
    ----------
    model_values, data_values
        ``(unit,)`` a property of each unit, finite.
    bins
        ``(bin + 1,)`` increasing edges, at least two bins.
    n_boot
        Resamples.
    seed
        Seed of the resamples.

    References
    ----------
    Marques, Schrimpf, DiCarlo 2021, doi 10.1101/2021.03.01.433495; brain-score/vision, metric ``ks_similarity``, which does
    not seed its resamples.
    """
    edges = np.array(bins, dtype=float)
    model, data = np.array(model_values, dtype=float).ravel(), np.array(data_values, dtype=float).ravel()
    if edges.ndim != 1 or len(edges) < 3 or not (np.diff(edges) > 0).all():
        raise ValueError(f"bins must be at least three increasing edges, received {edges.tolist()}.")
    for who, values in (("model", model), ("data", data)):
        if len(values) == 0 or not np.isfinite(values).all():
            raise ValueError(
                f"values of the {who} must be finite and at least one, received {len(values)} with "
                f"{int((~np.isfinite(values)).sum())} not finite; leave these units out."
            )
    if n_boot < 1:
        raise ValueError(f"n_boot must be at least 1, received {n_boot}.")
    outside = sum(int(((values < edges[0]) | (values > edges[-1])).sum()) for values in (model, data))
    p, q = (np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values) for values in (model, data))
    # Drawing values with replacement and counting them is drawing the counts.
    drawn = np.random.default_rng(seed).multinomial(len(data), p, size=n_boot) / len(data)
    raw = _similarity(drawn, q)
    return DistributionSimilarity(float(raw.mean()), float(raw.std()), raw, float(_similarity(p[None], q)[0]), outside)


def _similarity(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    below = np.cumsum(q)
    distance = np.abs(np.cumsum(p, axis=1) - below).max(axis=1)
    return np.asarray(1 - distance / max(1 - below[0], below[-2]))
