"""Which of two predictions a response follows, by partial correlations; used for plaids and for speed."""

import numpy as np

CRITERION = 1.28  # one-sided 90 % of the normal distribution
NEAREST = 1 - 1e-9  # correlations nearer to 1 are perfect but for rounding; their Z would be infinite


def rival_z(observed: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """Partial correlations of a response with two rival predictions and their Fisher Z.

    With r_1, r_2 the correlations of the response with the predictions and r_12 that between them, over n stimuli::

        R_1 = (r_1 - r_2 r_12) / sqrt((1 - r_2^2) (1 - r_12^2)),   Z_1 = atanh(R_1) sqrt(n - 3)

    Parameters
    ----------
    observed, first, second
        ``(..., stimulus, unit)``.

    Returns
    -------
    dict
        ``r_1``, ``r_2``, ``partial_1``, ``partial_2``, ``z_1``, ``z_2``, each ``(..., unit)``; NaN where the response or a
        prediction is constant, or both predictions are the same.

    Raises
    ------
    ValueError
        For fewer than four stimuli.

    References
    ----------
    Movshon, Adelson, Gizzi & Newsome 1985, in Pattern Recognition Mechanisms, 117-151. Smith, Majaj & Movshon 2005, Nature
    Neuroscience 8:220 (Fisher Z, criterion 1.28).
    """
    n_stimuli = observed.shape[-2]
    if n_stimuli < 4:
        raise ValueError(f"partial correlations need at least 4 stimuli, received {n_stimuli}.")
    r_1, r_2, r_12 = _correlation(observed, first), _correlation(observed, second), _correlation(first, second)
    found = {"r_1": r_1, "r_2": r_2}
    for name, own, other in (("1", r_1, r_2), ("2", r_2, r_1)):
        with np.errstate(invalid="ignore", divide="ignore"):
            partial = (own - other * r_12) / np.sqrt((1 - other**2) * (1 - r_12**2))
        partial = np.where(np.abs(r_12) >= NEAREST, np.nan, np.clip(partial, -NEAREST, NEAREST))
        found[f"partial_{name}"] = partial
        found[f"z_{name}"] = np.arctanh(partial) * np.sqrt(n_stimuli - 3)
    return found


def rival_class(z_first: np.ndarray, z_second: np.ndarray, names: tuple[str, str, str]) -> np.ndarray:
    """Name of the prediction that wins, ``(...)``: Z_1 - max(Z_2, 0) > 1.28 or the reverse, else the third name.

    ``"undefined"`` where a Z is.
    """
    first, second, neither = names
    with np.errstate(invalid="ignore"):
        chosen = np.where(
            z_first - np.maximum(z_second, 0) > CRITERION,
            first,
            np.where(z_second - np.maximum(z_first, 0) > CRITERION, second, neither),
        )
    return np.where(np.isnan(z_first) | np.isnan(z_second), "undefined", chosen)


def class_shares(classes: np.ndarray, names: tuple[str, str, str]) -> np.ndarray:
    """``(class, unit)`` share of draws ``(boot, unit)`` that fall into each class; NaN without draws."""
    if not len(classes):
        return np.full((3, classes.shape[1]), np.nan)
    return np.stack([(classes == name).mean(axis=0) for name in names])


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson r over stimuli, at most a hair below 1 in size; NaN where a side is constant but for rounding."""
    a, b = (values - values.mean(axis=-2, keepdims=True) for values in (one, other))
    length_a, length_b = np.sqrt((a**2).sum(axis=-2)), np.sqrt((b**2).sum(axis=-2))
    varies = (length_a > 1e-10 * np.abs(one).max(axis=-2)) & (length_b > 1e-10 * np.abs(other).max(axis=-2))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (a * b).sum(axis=-2) / (length_a * length_b)
    return np.where(varies, np.clip(r, -NEAREST, NEAREST), np.nan)
