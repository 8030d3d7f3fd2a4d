"""Random dots: the response as a function of coherence, and how well it tells the two directions apart."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..inference import permutation_p
from .conditions import Conditions, Variables, arrange, bounded, stratified_weights
from .curve_fits import explained, fit_curves
from .responses import select_stimuli

SLOPES = (0.1, 10.0)
SAME = 1e-6  # degrees


def coherence_response(
    responses: xr.DataArray,
    *,
    preferred_direction_deg: np.ndarray | float | None = None,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Mean response to each coherence in the preferred and in the opposite direction, with slopes.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` of dots with ``coherence`` (0 to 1) and ``direction_deg``. Each
        unit is read along one axis of motion, two opposite directions that were shown at the same coherences.
    preferred_direction_deg
        Of each unit, ``(unit,)`` or one for all, from `direction_tuning` on other trials: of the axes shown the nearest to
        it is read. By default that of the largest mean response at the highest coherence, which the same trials choose:
        chance is then above 0 there.
    average_over, n_boot, seed
        As in `direction_tuning`.

    Returns
    -------
    xarray.Dataset
        Along ``side`` (``"preferred"``, ``"null"``), ``coherence`` and ``unit``: ``response``. Along ``side`` and ``unit``:
        ``slope``, response per unit of coherence (least squares over conditions). Both with bounds ``_low`` and ``_high``,
        NaN for a single response to each stimulus. Along ``unit``: ``preferred_direction_deg``. Along ``side``,
        ``coherence`` and ``unit``: ``n_trials``.

    Raises
    ------
    ValueError
        If there are fewer than two coherences, one is outside 0 to 1, or no two opposite directions were shown at all of them.

    References
    ----------
    Britten, Shadlen, Newsome & Movshon 1993, Visual Neuroscience 10:1157.
    """
    table = _opposed(responses, average_over)
    pairs = _Pairs(table, preferred_direction_deg)
    means = pairs.sided(table.means())
    draws = pairs.sided(table.draws(n_boot, seed))
    silent = table.constant()
    factor = table.factor if table.repeated else 1.0
    dims = ("side", "coherence", "unit")
    found = bounded("response", means, draws, factor, dims)
    centred = pairs.levels - pairs.levels.mean()
    slope, drawn = (np.einsum("...scu,c->...su", values, centred) / (centred**2).sum() for values in (means, draws))
    found |= bounded("slope", np.where(silent, np.nan, slope), drawn, factor, ("side", "unit"))
    found["preferred_direction_deg"] = ("unit", pairs.preferred)
    found["n_trials"] = (dims, pairs.sided(np.repeat(table.counts[:, None], means.shape[-1], axis=1)))
    coords = {"coherence": pairs.levels, "side": ["preferred", "null"]}
    return table.finish(found, coords, n_boot=len(draws), seed=seed)


def neurometric_function(
    responses: xr.DataArray,
    *,
    preferred_direction_deg: np.ndarray | float | None = None,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    n_permutations: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """How well an ideal observer of one unit tells preferred from null motion, at each coherence.

    The performance at a coherence is the area under the receiver operating characteristic, the chance that a response to the
    preferred direction is larger than one to the null direction, ties counting half. Over coherence it is fitted by
    1 - 0.5 exp(-(c / alpha)^beta), least squares weighted with the trials; alpha, the threshold, is where it reaches
    1 - 0.5 / e = 0.816.

    Parameters
    ----------
    responses
        As for `coherence_response`, with at least two trials of each coherence and direction: repeats, or dots of other seeds.
    preferred_direction_deg, average_over
        As in `coherence_response`.
    n_boot, seed
        Resamples of the trials of each coherence and direction, and their seed.
    n_permutations
        Permutations of the two directions within each coherence.

    Returns
    -------
    xarray.Dataset
        Along ``coherence`` and ``unit``: ``performance`` with bounds ``_low`` and ``_high``, ``fitted``, ``n_trials``. Along
        ``unit``: ``threshold`` and ``slope`` (beta) with bounds, NaN where performance does not reach 0.816 by the highest
        coherence; ``r2``; ``mean_performance`` over coherences above 0, ``mean_performance_null``, its mean under
        permutation, and ``p``; ``preferred_direction_deg``. Where the preferred direction is chosen from the same trials it
        is chosen anew in every permutation.

    Raises
    ------
    ValueError
        As `coherence_response`, or if a condition has a single trial.

    References
    ----------
    Britten, Shadlen, Newsome & Movshon 1992, Journal of Neuroscience 12:4745.
    """
    table = _opposed(responses, average_over)
    pairs = _Pairs(table, preferred_direction_deg)
    n_units = table.trials.shape[1]
    silent = table.constant()
    value = np.empty((len(pairs.levels), n_units))
    drawn = np.empty((n_boot, *value.shape))
    null = np.empty((n_permutations, n_units))
    trials = np.empty(value.shape, int)
    rng = np.random.default_rng(seed)
    scored = pairs.levels > 0
    for unit in range(n_units):
        shuffled = np.empty((n_permutations, len(pairs.levels)))
        for level, (one, other) in enumerate(pairs.trials_of(unit)):
            if min(len(one), len(other)) < 2:
                raise ValueError(
                    f"coherence {pairs.levels[level]:g} has {len(one)} and {len(other)} trials in the two directions of unit "
                    f"{unit}; the neurometric function needs at least 2 of each: repeats, or dots of other seeds."
                )
            trials[level, unit] = len(one) + len(other)
            both = np.concatenate([one, other])
            larger = (both[:, None] > both[None]) + 0.5 * (both[:, None] == both[None])
            side = np.zeros(len(both), int)
            side[len(one) :] = 1
            value[level, unit] = _area(larger, (side == 0).astype(float)[None], (side == 1).astype(float)[None])[0]
            if n_boot:
                weights = stratified_weights(side, n_boot, seed + 1 + level)
                drawn[:, level, unit] = _area(larger, weights * (side == 0), weights * (side == 1))
            if n_permutations:
                first = (rng.permuted(np.tile(side, (n_permutations, 1)), axis=1) == 0).astype(float)
                shuffled[:, level] = _area(larger, first, 1 - first)
        if n_permutations and preferred_direction_deg is None:
            # The side that is called preferred was chosen at the top coherence; each permutation chooses its own.
            shuffled = np.where(shuffled[:, -1:] < 0.5, 1 - shuffled, shuffled)
        null[:, unit] = shuffled[:, scored].mean(axis=1)
    factor = table.factor if table.repeated else 1.0
    found = bounded("performance", value, drawn, factor, ("coherence", "unit"))
    for bound in ("performance_low", "performance_high"):
        found[bound] = (("coherence", "unit"), np.clip(found[bound][1], 0, 1))
    thresholds, above = _thresholds(
        pairs.levels[scored], value[scored], drawn[:, scored], trials[scored], silent, table
    )
    found |= thresholds
    fitted = np.full(value.shape, 0.5)
    fitted[scored] = above
    fitted[:, silent] = np.nan
    mean = np.where(silent, np.nan, value[scored].mean(axis=0))
    found |= {
        "fitted": (("coherence", "unit"), fitted),
        "n_trials": (("coherence", "unit"), trials),
        "mean_performance": ("unit", mean),
        "preferred_direction_deg": ("unit", pairs.preferred),
    }
    if n_permutations:
        found["mean_performance_null"] = ("unit", np.where(silent, np.nan, null.mean(axis=0)))
        found["p"] = ("unit", permutation_p(null, mean, exact=False, alternative="greater"))
    return table.finish(found, {"coherence": pairs.levels}, n_boot=n_boot, seed=seed)


def weibull(parameters: np.ndarray, coherence: np.ndarray) -> np.ndarray:
    """1 - 0.5 exp(-(c / alpha)^beta) for rows (ln alpha, ln beta), ``(fit, coherence)``, coherence above 0."""
    log_alpha, log_beta = (column[:, None] for column in parameters.T)
    power = np.exp(np.clip(np.exp(log_beta) * (np.log(coherence) - log_alpha), -50, 50))
    return np.asarray(1 - 0.5 * np.exp(-power))


def _opposed(responses: xr.DataArray, average_over: Sequence[str]) -> Conditions:
    """Trials of the directions that have an opposite one, both shown at every coherence."""
    table = arrange(responses, ["coherence", "direction_deg"], average_over=average_over)
    coherence, degrees = (table.axes[name].astype(float) for name in ("coherence", "direction_deg"))
    levels, shown = np.unique(coherence), np.unique(degrees)
    if levels.min() < 0 or levels.max() > 1:
        raise ValueError(f"coherence must be between 0 and 1, received {levels.tolist()}; divide per cent by 100.")
    whole = [d for d in shown if (degrees == d).sum() == len(levels)]
    kept = [d for d in whole if any(abs((o - d) % 360 - 180) < SAME for o in whole)]
    if len(levels) < 2 or not kept:
        raise ValueError(
            f"dots need two opposite directions at each of at least 2 coherences; there are {len(levels)} coherences, and "
            f"of the directions {shown.tolist()} these are complete: {[float(d) for d in whole]}."
        )
    if len(kept) < len(shown):
        table = arrange(
            select_stimuli(responses, blank=False, direction_deg=kept),
            ["coherence", "direction_deg"],
            average_over=average_over,
        )
        dropped = sorted(set(shown.tolist()) - set(kept))
        table.notes.append(f"Directions without an opposite at every coherence are left out: {dropped}.")
    return table


class _Pairs:
    """For each unit the two directions that it is read in, and the conditions that belong to them."""

    def __init__(self, table: Conditions, preferred: np.ndarray | float | None) -> None:
        self.table = table
        coherence, degrees = (table.axes[name].astype(float) for name in ("coherence", "direction_deg"))
        self.levels = np.unique(coherence)
        place = {(c, d): number for number, (c, d) in enumerate(zip(coherence, degrees, strict=True))}
        shown = np.unique(degrees)
        axes = [(d, o) for d in shown for o in shown if abs((o - d) % 360 - 180) < SAME]
        rows = {d: np.array([place[c, d] for c in self.levels]) for d, _ in axes}
        n_units = table.trials.shape[1]
        options = np.array([d for d, _ in axes])
        if preferred is None:
            top = np.stack([table.means()[rows[d][-1]] for d in options])
            chosen = options[top.argmax(axis=0)]
            table.notes.append("The preferred direction was chosen from the same trials.")
        else:
            wanted = np.broadcast_to(np.asarray(preferred, float), (n_units,))
            if not np.isfinite(wanted).all():
                raise ValueError("preferred_direction_deg holds NaN; leave out units without one.")
            chosen = options[np.abs((options[:, None] - wanted + 180) % 360 - 180).argmin(axis=0)]
        self.preferred = chosen
        opposite = dict(axes)
        # (side, level, unit)
        self.rows = np.stack([np.stack([rows[d], rows[opposite[d]]]) for d in chosen], axis=-1)

    def sided(self, values: np.ndarray) -> np.ndarray:
        """``(..., side, coherence, unit)`` of ``(..., condition, unit)``."""
        return np.asarray(values[..., self.rows, np.arange(self.rows.shape[-1])])

    def trials_of(self, unit: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Responses of a unit in its preferred and null direction, per coherence."""
        column = self.table.trials[:, unit]
        found = []
        for pair in self.rows[:, :, unit].T:
            one, other = (column[(self.table.code == condition) & np.isfinite(column)] for condition in pair)
            found.append((one, other))
        return found


def _area(larger: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Area under the ROC, ``(draw,)``, of ``(trial, trial)`` comparisons and how often each trial counts on either side."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(((one @ larger) * other).sum(axis=1) / (one.sum(axis=1) * other.sum(axis=1)))


def _thresholds(
    levels: np.ndarray,
    value: np.ndarray,
    drawn: np.ndarray,
    trials: np.ndarray,
    silent: np.ndarray,
    table: Conditions,
) -> tuple[Variables, np.ndarray]:
    """Thresholds and slopes with bounds, and the fitted curves ``(coherence, unit)``."""
    if len(levels) < 3:
        raise ValueError(f"a threshold needs at least 3 coherences above 0, received {levels.tolist()}.")
    low = np.log(np.array([levels.min() / 100, SLOPES[0]]))
    high = np.log(np.array([levels.max() * 100, SLOPES[1]]))
    observed, weights = value.T, trials.T.astype(float)
    starts = np.stack(
        [np.tile(np.log([alpha, beta]), (len(observed), 1)) for alpha in levels for beta in (0.7, 1.5, 4.0)], axis=1
    )

    def curve(parameters: np.ndarray) -> np.ndarray:
        return weibull(parameters, levels)

    best, error = fit_curves(curve, observed, starts, low, high, weights=weights)
    rows = drawn.transpose(0, 2, 1).reshape(-1, len(levels))
    again = np.tile(best, (len(drawn), 1))
    if len(drawn):
        again, _ = fit_curves(curve, rows, again[:, None], low, high, weights=np.tile(weights, (len(drawn), 1)))
    again = again.reshape(len(drawn), len(observed), 2)
    beyond = best[:, 0] > np.log(levels.max()) + 1e-9
    if (beyond & ~silent).any():
        table.notes.append(
            f"{int((beyond & ~silent).sum())} of {len(beyond)} units do not reach a performance of 0.816: no threshold."
        )
    unknown = beyond | silent
    found: Variables = {}
    factor = table.factor if table.repeated else 1.0
    for name, column in (("threshold", 0), ("slope", 1)):
        found |= bounded(name, np.where(unknown, np.nan, np.exp(best[:, column])), np.exp(again[..., column]), factor)
    found["r2"] = ("unit", np.where(silent, np.nan, explained(observed, error, weights)))
    return found, curve(best).T
