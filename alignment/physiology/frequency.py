"""Tuning to spatial and temporal frequency."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .conditions import Conditions, Variables, arrange, bounded

AXES = ("spatial_frequency_cpd", "temporal_frequency_hz")


def sf_tf_tuning(
    responses: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Response of each unit over spatial and temporal frequency, its preferred pair, and whether the two separate.

    Where several directions were shown, each unit is read at its own: the one with the largest response summed over the grid.
    Preferred frequencies are those of the largest response, moved to the top of the parabola through its two neighbours in
    log2 frequency; a peak at the edge of the grid stays there and is counted in the notes. With singular values s_k of the
    grid, the separability index is s_1^2 / sum s_k^2, 1 for a product of a spatial and a temporal curve.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` of gratings with ``spatial_frequency_cpd`` and
        ``temporal_frequency_hz``, every combination of the two in every direction.
    average_over, n_boot, seed
        As in `direction_tuning`.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``preferred_spatial_frequency_cpd``, ``preferred_temporal_frequency_hz``, ``preferred_speed_deg_per_s``
        (their ratio), ``separability``, each with bounds ``_low`` and ``_high`` (NaN for a single response to each stimulus);
        noise lowers the separability index, which its interval (basic bootstrap) makes up for and may so lie above it;
        ``direction_deg`` that was read, NaN if the stimuli state none. Along ``sf``, ``tf`` and ``unit``: ``response``.

    Raises
    ------
    ValueError
        If there are fewer than two of either frequency, or combinations are missing.

    References
    ----------
    Depireux, Simon, Klein & Shamma 2001, Journal of Neurophysiology 85:1220 (separability index).
    """
    table, grids, drawn, axes, direction = frequency_grids(responses, average_over, n_boot, seed)
    silent = table.constant()
    peak, drawn_peak = _peaks(grids, *axes), _peaks(drawn, *axes)
    factor = table.factor if table.repeated else 1.0
    found: Variables = {}
    names = ("preferred_spatial_frequency_cpd", "preferred_temporal_frequency_hz")
    with np.errstate(invalid="ignore", divide="ignore"):
        speed, drawn_speed = (pair[1] / pair[0] for pair in (peak, drawn_peak))
    for name, value, draws in zip(
        (*names, "preferred_speed_deg_per_s"), (*peak, speed), (*drawn_peak, drawn_speed), strict=True
    ):
        found |= bounded(name, np.where(silent, np.nan, value), draws, factor)
    found |= _reflected("separability", np.where(silent, np.nan, separability(grids)), separability(drawn), factor)
    best = grids.reshape(-1, grids.shape[-1]).argmax(axis=0)
    place = np.unravel_index(best, grids.shape[:2])
    at_edge = np.any([(k == 0) | (k == n - 1) for k, n in zip(place, grids.shape[:2], strict=True)], axis=0) & ~silent
    if at_edge.any():
        table.notes.append(
            f"{int(at_edge.sum())} of {len(at_edge)} units respond most at the edge of the grid; their peak may be beyond."
        )
    found["response"] = (("sf", "tf", "unit"), grids)
    found["direction_deg"] = ("unit", direction)
    coords = {AXES[0]: ("sf", axes[0]), AXES[1]: ("tf", axes[1])}
    return table.finish(found, coords, n_boot=len(drawn), seed=seed)


def frequency_grids(
    responses: xr.DataArray, average_over: Sequence[str], n_boot: int, seed: int
) -> tuple[Conditions, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The trials, ``(sf, tf, unit)``, draws ``(boot, sf, tf, unit)``, both axes, and the direction read, ``(unit,)``.

    Raises
    ------
    ValueError
        As `sf_tf_tuning`.
    """
    several = "direction_deg" in responses.coords and "direction_deg" not in average_over
    names = ("direction_deg", *AXES) if several else AXES
    # Speed follows from both frequencies, so that it is no further fact.
    table = arrange(responses, names, average_over=(*average_over, "speed_deg_per_s"))
    keys = [np.unique(table.axes[name], return_inverse=True) for name in names]
    shape = tuple(len(key[0]) for key in keys)
    if min(shape[-2:]) < 2 or table.n_conditions != np.prod(shape):
        raise ValueError(
            f"frequency tuning needs every combination of at least 2 spatial and 2 temporal frequencies"
            f"{' in every direction' if several else ''}; there are {table.n_conditions} of {int(np.prod(shape))}."
        )
    place = np.ravel_multi_index([key[1].ravel() for key in keys], shape)
    order = np.argsort(place)

    def gridded(values: np.ndarray) -> np.ndarray:
        return values[..., order, :].reshape(*values.shape[:-2], *shape, values.shape[-1])

    grids, drawn = gridded(table.means()), gridded(table.draws(n_boot, seed))
    direction = np.full(grids.shape[-1], np.nan)
    if several:
        best = grids.sum(axis=(1, 2)).argmax(axis=0)
        direction = keys[0][0][best].astype(float)
        units = np.arange(grids.shape[-1])
        grids = np.moveaxis(grids[best, :, :, units], 0, -1)
        drawn = np.moveaxis(drawn[:, best, :, :, units], 0, -1)
    return table, grids, drawn, (keys[-2][0].astype(float), keys[-1][0].astype(float)), direction


def separability(grids: np.ndarray) -> np.ndarray:
    """s_1^2 / sum s_k^2 of the singular values of grids ``(..., sf, tf, unit)``; NaN for a grid of zeros."""
    values = np.linalg.svd(np.moveaxis(grids, -1, -3), compute_uv=False) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(values[..., 0] / values.sum(axis=-1))


def _reflected(name: str, value: np.ndarray, draws: np.ndarray, factor: float) -> Variables:
    """Basic bootstrap interval, 2 value - quantiles, at most 1: for what noise always lowers, in the draws once more."""
    found = bounded(name, value, np.minimum(2 * value - draws, 1.0) if len(draws) else draws, factor)
    return found | {f"{name}_high": ("unit", np.minimum(found[f"{name}_high"][1], 1.0))}


def _peaks(grids: np.ndarray, sf: np.ndarray, tf: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Preferred frequencies ``(..., unit)`` of grids ``(..., sf, tf, unit)``."""
    if not grids.size:
        empty = np.empty((0, grids.shape[-1]))
        return empty, empty
    flat = grids.reshape(*grids.shape[:-3], -1, grids.shape[-1])
    row, col = np.unravel_index(flat.argmax(axis=-2), (len(sf), len(tf)))
    along_sf = np.take_along_axis(grids, col[..., None, None, :], axis=-2)[..., 0, :]
    along_tf = np.take_along_axis(grids, row[..., None, None, :], axis=-3)[..., 0, :, :]
    return _top(along_sf, sf, row), _top(along_tf, tf, col)


def _top(curves: np.ndarray, axis: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Place of the top of the parabola through the three points around the largest of ``(..., point, unit)``."""
    inside = (best > 0) & (best < len(axis) - 1)
    middle = np.clip(best, 1, max(len(axis) - 2, 1))
    if len(axis) < 3:
        return axis[best]
    with np.errstate(divide="ignore"):
        log = np.log2(axis)
    x = [log[middle + step] for step in (-1, 0, 1)]
    y = [np.take_along_axis(curves, (middle + step)[..., None, :], axis=-2)[..., 0, :] for step in (-1, 0, 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
        bend = (right - left) / (x[2] - x[0])
        top = (x[0] + x[1]) / 2 - left / (2 * bend)
    good = inside & np.isfinite(top) & (bend < 0)
    return np.where(good, 2.0 ** np.where(good, top, 0.0), axis[best])
