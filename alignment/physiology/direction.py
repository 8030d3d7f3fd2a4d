"""Tuning to the direction of motion."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..inference import permutation_test
from .conditions import Conditions, Variables, arrange, bounded, bounded_angle, known_mean
from .curve_fits import explained, fit_curves

EVEN = 1e-3  # degrees by which sampled directions may miss an even division of the circle


def direction_tuning(
    responses: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    n_permutations: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Direction curve of each unit, its preferred direction, width and selectivity.

    With mean responses r_k to directions d_k that divide the circle evenly::

        preferred direction          arg sum r_k exp(i d_k)
        direction selectivity        |sum r_k exp(i d_k)|  / sum |r_k|
        orientation selectivity      |sum r_k exp(2i d_k)| / sum |r_k|
        direction index              1 - r(null) / r(preferred), preferred the largest r_k, null the opposite direction
        curve                        b + a exp(kappa (cos(d - m) - 1))

    The fitted curve is not narrower than the sampling can show (full width at half height at least the spacing of the
    directions), and b is not negative unless a response is.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with ``direction_deg``; see `unit_responses` and
        `recorded_responses`. Rows of equal direction are trials: repeats, or stimuli of other phase or seed.
    average_over
        Facts other than direction that may differ between trials, such as ``("temporal_frequency_hz",)``.
    n_boot, seed
        Resamples of the trials of each direction, and their seed. A model that answers a stimulus always alike has no
        intervals: NaN.
    n_permutations
        Permutations of the directions among trials.

    Returns
    -------
    xarray.Dataset
        Along ``direction`` and ``unit``: ``response``, ``fitted`` and ``n_trials`` (along ``direction``). Along ``unit``:
        ``preferred_direction_deg``, ``preferred_direction_fit_deg``, ``bandwidth_deg`` (full width of the fitted curve at
        half of its height), ``direction_index``, ``direction_index_fit`` (the same of the fitted curve),
        ``direction_selectivity``, ``orientation_selectivity``, ``preferred_orientation_deg`` (of bars: 90 degrees from the
        axis of motion, 0 to 180), ``r2`` of the fit; each but ``r2`` with bounds ``_low`` and ``_high``. With trials also
        ``direction_index_null`` and ``direction_selectivity_null`` (means under permutation) and ``p`` of the selectivity.
        The direction index of an untuned noisy unit is well above 0, because its preferred direction is chosen as the
        largest: compare it with its null.

    Raises
    ------
    ValueError
        If directions are fewer than four, do not divide the circle evenly, or trials of one direction differ otherwise.

    References
    ----------
    Albright 1984, Journal of Neurophysiology 52:1106 (direction index). Swindale 1998, Biological Cybernetics 78:45 (von Mises
    curves). Ringach, Shapley & Hawken 2002, Journal of Neuroscience 22:5639 (vector selectivity).
    """
    table = arrange(responses, ["direction_deg"], average_over=average_over)
    degrees = even_directions(table.axes["direction_deg"])
    means, silent = table.means(), table.constant()
    draws = table.draws(n_boot, seed)
    found: Variables = {
        "response": (("direction", "unit"), means),
        "n_trials": ("direction", table.counts),
    }
    measured, drawn = vector_measures(means, degrees), vector_measures(draws, degrees)
    curve, drawn_curve = _fitted(means, draws, degrees)
    factor = table.factor if table.repeated else 1.0
    for name, period in (("preferred_direction_deg", 360.0), ("preferred_orientation_deg", 180.0)):
        found |= bounded_angle(name, _known(measured[name], silent), drawn[name], factor, period)
    found |= bounded_angle(
        "preferred_direction_fit_deg", _known(curve["peak_deg"], silent), drawn_curve["peak_deg"], factor
    )
    for name in ("direction_index", "direction_selectivity", "orientation_selectivity"):
        found |= bounded(name, _known(measured[name], silent), drawn[name], factor)
    for name in ("bandwidth_deg", "direction_index_fit"):
        found |= bounded(name, _known(curve[name], silent), drawn_curve[name], factor)
    found["r2"] = ("unit", _known(curve["r2"], silent))
    found["fitted"] = (("direction", "unit"), np.where(silent, np.nan, curve["fitted"]))
    for name in ("baseline", "amplitude", "kappa"):
        found[f"fit_{name}"] = ("unit", _known(curve[name], silent))
    if table.repeated and n_permutations:
        found |= _permuted(table, degrees, silent, n_permutations, seed)
    return table.finish(found, {"direction_deg": ("direction", degrees)}, n_boot=len(draws), seed=seed)


def even_directions(degrees: np.ndarray) -> np.ndarray:
    """The directions as they are, if they divide the circle evenly.

    Raises
    ------
    ValueError
        If they are fewer than four or do not.
    """
    if len(degrees) < 4:
        raise ValueError(f"direction tuning needs at least 4 directions over the circle, received {degrees.tolist()}.")
    steps = np.diff(np.append(np.sort(degrees % 360), np.sort(degrees % 360)[0] + 360))
    if np.abs(steps - 360 / len(degrees)).max() > EVEN:
        raise ValueError(
            f"directions {degrees.tolist()} do not divide the circle evenly, which vector sums take for granted; keep those "
            "that do with `select_stimuli`."
        )
    return degrees


def vector_measures(means: np.ndarray, degrees: np.ndarray) -> dict[str, np.ndarray]:
    """Indices of curves ``(..., direction, unit)`` by vector sums; see `direction_tuning`."""
    radians = np.deg2rad(degrees)
    once = np.einsum("...du,d->...u", means, np.exp(1j * radians))
    twice = np.einsum("...du,d->...u", means, np.exp(2j * radians))
    total = np.abs(means).sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "preferred_direction_deg": np.rad2deg(np.angle(once)) % 360,
            "preferred_orientation_deg": (np.rad2deg(np.angle(twice)) / 2 + 90) % 180,
            "direction_selectivity": np.abs(once) / total,
            "orientation_selectivity": np.abs(twice) / total,
        }
        opposite = _opposites(degrees)
        if opposite is None:
            found["direction_index"] = np.full(total.shape, np.nan)
        else:
            best = means.argmax(axis=-2)
            null = np.take_along_axis(means, opposite[best][..., None, :], axis=-2)[..., 0, :]
            found["direction_index"] = 1 - null / means.max(axis=-2)
    return found


def von_mises(parameters: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Curve b + a exp(kappa (cos(d - m) - 1)) for rows (b, a, ln kappa, m in radians), ``(fit, direction)``."""
    b, a, log_kappa, m = (column[:, None] for column in parameters.T)
    return np.asarray(b + a * np.exp(np.exp(log_kappa) * (np.cos(np.deg2rad(degrees) - m) - 1)))


def _known(values: np.ndarray, silent: np.ndarray) -> np.ndarray:
    return np.where(silent, np.nan, values)


def _opposites(degrees: np.ndarray) -> np.ndarray | None:
    """``(direction,)`` place of the opposite direction, None where it was not shown."""
    if len(degrees) % 2:
        return None
    return np.asarray(np.abs((degrees[None] - degrees[:, None]) % 360 - 180).argmin(axis=1))


def _fitted(
    means: np.ndarray, draws: np.ndarray, degrees: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Fitted curves of the units, and of every draw, begun at the unit's own."""
    n_units = means.shape[1]
    narrowest = np.log(2) / (1 - np.cos(np.pi / len(degrees)))
    scale = np.where(np.abs(means).max(axis=0) > 0, np.abs(means).max(axis=0), 1.0)
    observed = (means / scale).T
    height, floor = np.ptp(observed, axis=1), observed.min(axis=1)
    angle = np.deg2rad(vector_measures(means, degrees)["preferred_direction_deg"])
    top = np.deg2rad(degrees)[observed.argmax(axis=1)]
    starts = np.stack(
        [
            np.stack([np.maximum(floor, 0), height, np.full(n_units, np.log(min(kappa, narrowest))), place], axis=-1)
            for kappa in (0.5, 2.0, 6.0)
            for place in (angle, top)
        ],
        axis=1,
    )
    low = np.tile([0.0, 0.0, np.log(0.01), -20.0], (n_units, 1))
    low[floor < 0, 0] = -np.inf
    high = np.array([np.inf, np.inf, np.log(narrowest), 20.0])

    def curve(parameters: np.ndarray) -> np.ndarray:
        return von_mises(parameters, degrees)

    best, error = fit_curves(curve, observed, starts, low, high)
    found = _shape(best, scale)
    found["r2"] = explained(observed, error)
    found["fitted"] = (von_mises(best, degrees) * scale[:, None]).T
    if not len(draws):
        return found, {name: np.empty((0, n_units)) for name in found}
    rows = (draws / scale).transpose(0, 2, 1).reshape(-1, len(degrees))
    again = np.tile(best, (len(draws), 1))
    drawn, _ = fit_curves(curve, rows, again[:, None], np.tile(low, (len(draws), 1)), high)
    shapes = _shape(drawn, np.tile(scale, len(draws)))
    return found, {name: values.reshape(len(draws), n_units) for name, values in shapes.items()}


def _shape(parameters: np.ndarray, scale: np.ndarray) -> dict[str, np.ndarray]:
    b, a, log_kappa, m = parameters.T
    kappa = np.exp(log_kappa)
    trough = np.exp(-2 * kappa)
    half = np.clip(1 + np.log((1 + trough) / 2) / kappa, -1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = 1 - (b + a * trough) / (b + a)
    return {
        "peak_deg": np.rad2deg(m) % 360,
        "bandwidth_deg": 2 * np.rad2deg(np.arccos(half)),
        "direction_index_fit": index,
        "baseline": b * scale,
        "amplitude": a * scale,
        "kappa": kappa,
    }


def _permuted(table: Conditions, degrees: np.ndarray, silent: np.ndarray, n_permutations: int, seed: int) -> Variables:
    """Both indices with directions shuffled among trials."""
    values = np.nan_to_num(table.trials)
    known = np.isfinite(table.trials).astype(float)
    member = (table.code[None] == np.arange(table.n_conditions)[:, None]).astype(float)  # (condition, trial)

    def index(name: str, stack: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.einsum("ct,ptu->pcu", member, values[stack]) / np.einsum("ct,ptu->pcu", member, known[stack])
        return vector_measures(means, degrees)[name]

    found: Variables = {}
    batch = max(1, min(256, (1 << 22) // values.size))
    for name in ("direction_index", "direction_selectivity"):
        result = permutation_test(
            lambda stack, name=name: index(name, stack),  # type: ignore[misc]
            len(values),
            n_permutations=n_permutations,
            vectorised=True,
            batch=batch,
            seed=seed,
        )
        found[f"{name}_null"] = ("unit", _known(known_mean(result.null), silent))
    found["p"] = ("unit", _known(result.p, silent))
    return found
