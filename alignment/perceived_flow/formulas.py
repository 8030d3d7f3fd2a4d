"""How alike two sets of motion vectors are, and whether a model shares what people see beyond the truth."""

import numpy as np


def joined(flow: np.ndarray) -> np.ndarray:
    """Vectors ``(..., place, 2)`` as one list of numbers ``(..., 2 place)``: all rightward parts, then all vertical ones.

    A correlation over this list changes when upward and downward are exchanged, because both parts share one mean: published
    numbers are reproduced in the convention of their source only.
    """
    flow = np.asarray(flow, dtype=float)
    if flow.ndim < 2 or flow.shape[-1] != 2:
        raise ValueError(f"motion vectors have shape {flow.shape}; give (place, 2), right and down.")
    return np.swapaxes(flow, -1, -2).reshape(*flow.shape[:-2], -1)


def correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson r of numbers along the last axis; NaN where one side does not vary."""
    one, other = (
        values - values.mean(axis=-1, keepdims=True) for values in (np.asarray(one, float), np.asarray(other, float))
    )
    norm = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norm > 0, (one * other).sum(axis=-1) / norm, np.nan)


def partial_correlation(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Pearson r of two lists of numbers with a third held constant.

    Parameters
    ----------
    one, other, given
        ``(..., number)``.

    Returns
    -------
    numpy.ndarray
        (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)); NaN where one side is the third one, or constant.
    """
    r_xy, r_xz, r_yz = correlation(one, other), correlation(one, given), correlation(other, given)
    rest = (1 - r_xz**2) * (1 - r_yz**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(rest > 1e-24, (r_xy - r_xz * r_yz) / np.sqrt(rest), np.nan)


def speeds(flow: np.ndarray) -> np.ndarray:
    """Lengths of the vectors ``(..., place)``."""
    return np.hypot(flow[..., 0], flow[..., 1])


def directions(flow: np.ndarray, about: np.ndarray | None = None) -> np.ndarray:
    """Directions in rad ``(..., place)`` from 0 to 2 pi, or to within pi of those of ``about`` if that is given.

    Where the circle is cut open matters for linear correlations: with 0 to 2 pi people and truth of slowed Sintel correlate
    by 0.965, with -pi to pi by 0.958.
    """
    angle = np.arctan2(flow[..., 1], flow[..., 0])
    if about is None:
        return angle % (2 * np.pi)
    centre = directions(about)
    return centre + np.angle(np.exp(1j * (angle - centre)))


def endpoint_error(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean distance between the ends of vectors ``(..., place, 2)``, in their unit."""
    return speeds(np.asarray(one, float) - np.asarray(other, float)).mean(axis=-1)


def direction_error(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean angle between vectors, degrees without sign."""
    turned = directions(one, other) - directions(other)
    return np.degrees(np.abs(turned)).mean(axis=-1)


def consistency_index(model: np.ndarray, human: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Relative consistency index of each place: do model and people err the same way, and about as much?

    Parameters
    ----------
    model, human, truth
        ``(..., place, 2)``.

    Returns
    -------
    numpy.ndarray
        ``(..., place)``: |G-R| / (|G|+|R|) cos(R-G, M-G) |M-G| / (|M-G|+|M-R|) with truth G, human R, model M; between -1
        and 1; NaN where people or the model are exactly right, for then there is no direction of error.

    References
    ----------
    Yang, Sun, Fukiage, Nishida 2025, HuPerFlow, CVPR, and its released code.
    """
    model, human, truth = (np.asarray(flow, dtype=float) for flow in (model, human, truth))
    human_error, model_error, apart = human - truth, model - truth, model - human
    size_human, size_model = speeds(human_error), speeds(model_error)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (human_error * model_error).sum(axis=-1) / (size_human * size_model)
        relative = size_human / (speeds(truth) + speeds(human))
        return relative * cosine * size_model / (size_model + speeds(apart))


def agreement(model: np.ndarray, human: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Every formula that the field quotes, of one set of places.

    Parameters
    ----------
    model, human, truth
        ``(place, 2)`` vectors, right and down, in one unit.

    Returns
    -------
    dict of str to float
        ``r_human``, ``r_truth`` and ``partial_r`` (model and human given the truth) of the components; the same with the
        prefix ``speed_`` and ``direction_`` (directions to within pi of the truth, linear correlation); ``epe_human``,
        ``epe_truth``; ``direction_error_human``, ``direction_error_truth`` in degrees; ``rci``, mean over the places where it
        is defined, and ``rci_undefined``, how many are not.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than three places, or a value is not finite.
    """
    model, human, truth = (np.asarray(flow, dtype=float) for flow in (model, human, truth))
    if not (model.shape == human.shape == truth.shape) or model.ndim != 2 or model.shape[1] != 2 or len(model) < 3:
        raise ValueError(
            f"model, human and truth have shapes {model.shape}, {human.shape}, {truth.shape}; give three (place, 2) of at "
            "least three places."
        )
    for name, flow in (("model", model), ("human", human), ("truth", truth)):
        if not np.isfinite(flow).all():
            raise ValueError(
                f"{(~np.isfinite(flow).all(axis=1)).sum()} motion vectors of the {name} are not finite; leave these places out."
            )
    kinds = {
        "": (joined(model), joined(human), joined(truth)),
        "speed_": (speeds(model), speeds(human), speeds(truth)),
        "direction_": (directions(model, truth), directions(human, truth), directions(truth)),
    }
    found: dict[str, float] = {}
    for prefix, (x, y, z) in kinds.items():
        found[f"{prefix}r_human"] = float(correlation(x, y))
        found[f"{prefix}r_truth"] = float(correlation(x, z))
        found[f"{prefix}partial_r"] = float(partial_correlation(x, y, z))
    index = consistency_index(model, human, truth)
    defined = np.isfinite(index)
    found |= {
        "epe_human": float(endpoint_error(model, human)),
        "epe_truth": float(endpoint_error(model, truth)),
        "direction_error_human": float(direction_error(model, human)),
        "direction_error_truth": float(direction_error(model, truth)),
        "rci": float(index[defined].mean()) if defined.any() else float("nan"),
        "rci_undefined": float((~defined).sum()),
    }
    return found
