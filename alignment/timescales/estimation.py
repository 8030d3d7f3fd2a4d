"""From counts to timescales, unit by unit: what every estimator here shares once it has a statistic and a fit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .autocorrelations import Statistic
from .calibration import Calibrated, Invert, calibrate, simulated_statistics
from .counts import Noise, Recording, checked_units
from .profiles import Profile
from .surrogate_counts import Fluctuations

LEAST_SPIKES = 50
LONGEST = 5.0  # trials: slower than this a fluctuation is a straight line in a trial


@dataclass(frozen=True)
class Options:
    """What a user may choose for every estimator; see `across_trial_timescale`."""

    bin_ms: float
    bounds_ms: tuple[float, float] | None
    noise: Noise
    level: float
    n_simulations: int
    seed: int


@dataclass(frozen=True)
class Method:
    """One way from trials to a timescale.

    Attributes
    ----------
    statistic
        What is computed from the trials.
    fit
        From statistics ``(set, place)`` to timescales; what is calibrated.
    plain
        The fit that is commonly made, which knows of no bias.
    shown
        From the statistic ``(place,)`` to what a figure shows ``(shown place,)``, and its scale.
    """

    statistic: Statistic
    fit: Callable[[np.ndarray], Profile]
    plain: Callable[[np.ndarray], Profile]
    shown: Callable[[np.ndarray], tuple[np.ndarray, float]]


@dataclass(frozen=True)
class Units:
    """Checked counts of a recording with the timescales that are considered, and why units cannot be used."""

    counts: list[np.ndarray]
    reasons: list[str]
    bounds_ms: tuple[float, float]
    n_bins: int

    @classmethod
    def of(cls, counts: Recording, options: Options, least_trials: int) -> "Units":
        """Check everything that does not depend on the estimator."""
        units = checked_units(counts, options.noise)
        n_bins = units[0].shape[1]
        if any(unit.shape[1] != n_bins for unit in units):
            raise ValueError(f"units have {sorted({unit.shape[1] for unit in units})} bins; equal trials are needed.")
        bounds = checked_bounds(options.bounds_ms, options.bin_ms, n_bins * options.bin_ms)
        if not 0 < options.level < 1:
            raise ValueError(f"level must be between 0 and 1, received {options.level}.")
        reasons = [too_little(unit, options.noise, least_trials) for unit in units]
        refuse_if_all(reasons)
        return cls(units, reasons, bounds, n_bins)


def estimated(
    units: Units,
    method: Callable[[int], Method],
    fluctuations: Callable[[np.ndarray], Fluctuations],
    options: Options,
    invert: Invert = calibrate,
) -> tuple[dict[str, tuple[tuple[str, ...] | str, np.ndarray]], list[Profile]]:
    """Variables of the result along ``unit``, with what is shown along ``place``, and the plain fits.

    Parameters
    ----------
    units
        The recording.
    method
        From a number of trials to the method.
    fluctuations
        From counts ``(trial, bin)`` to what is simulated.
    options
        See `Options`.
    invert
        From an estimate and simulations to a corrected one with its interval.
    """
    found, plains, shown, scales, reasons = [], [], [], [], list(units.reasons)
    for number, counts in enumerate(units.counts):
        way = method(len(counts))
        values = way.statistic.of(counts)
        plain, best = (fit(values[None]) for fit in (way.plain, way.fit))
        one = Calibrated(np.nan, np.nan, np.nan)
        if not reasons[number] and np.isnan(best.tau_ms[0]):
            reasons[number] = "the autocorrelation does not decay: no timescale"
        if not reasons[number] and options.n_simulations:
            one = _calibrated(way, best, fluctuations(counts), units.bounds_ms, options, number, invert)
            reasons[number] = unresolved(one, options.bin_ms, units.n_bins * options.bin_ms)
        picture, scale = way.shown(values)
        found.append(one)
        plains.append(plain)
        shown.append(picture)
        scales.append(scale)
    used = np.array([not reason.startswith(("too few", "the signal")) for reason in reasons])

    def fitted(name: str) -> np.ndarray:
        return np.where(used, [getattr(fit, name)[0] for fit in plains], np.nan)

    return {
        "tau_ms": ("unit", np.array([one.tau_ms for one in found])),
        "tau_ms_low": ("unit", np.array([one.low_ms for one in found])),
        "tau_ms_high": ("unit", np.array([one.high_ms for one in found])),
        "tau_ms_uncorrected": ("unit", fitted("tau_ms")),
        "amplitude": ("unit", fitted("amplitude") / scales),
        "offset": ("unit", fitted("offset") / scales),
        "r2": ("unit", fitted("r2")),
        "n_spikes": ("unit", np.array([float(counts.sum()) for counts in units.counts])),
        "n_trials": ("unit", np.array([len(counts) for counts in units.counts])),
        "resolved": ("unit", np.array([not reason and options.n_simulations > 0 for reason in reasons])),
        "status": ("unit", np.array(reasons)),
        "shown": (("unit", "place"), np.stack(shown)),
    }, plains


def attributes(units: Units, options: Options) -> dict[str, float]:
    """What the numbers rest on."""
    return {
        "bin_ms": options.bin_ms,
        "shortest_ms": units.bounds_ms[0],
        "longest_ms": units.bounds_ms[1],
        "level": options.level,
        "n_simulations": options.n_simulations,
        "seed": options.seed,
    }


def _calibrated(
    way: Method,
    observed: Profile,
    fluctuations: Fluctuations,
    bounds_ms: tuple[float, float],
    options: Options,
    number: int,
    invert: Invert,
) -> Calibrated:
    rng = np.random.default_rng([options.seed, number])
    n_bins = len(fluctuations.mean)

    def simulate(tau_ms: float) -> Profile:
        def trials(size: int) -> np.ndarray:
            return fluctuations.simulate(tau_ms, size, rng)

        sets = simulated_statistics(way.statistic, trials, fluctuations.n_trials, n_bins, options.n_simulations, rng)
        return way.fit(sets)

    return invert(observed, simulate, bounds_ms, options.level)


def checked_bounds(bounds_ms: tuple[float, float] | None, bin_ms: float, trial_ms: float) -> tuple[float, float]:
    """Timescales considered [ms]; half a bin to five trials where none are given."""
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        raise ValueError(f"bin_ms must be a positive number of milliseconds, received {bin_ms}.")
    low, high = (bin_ms / 2, LONGEST * trial_ms) if bounds_ms is None else bounds_ms
    if not (bin_ms / 4 <= low < high < np.inf and high > 1.5 * low):
        raise ValueError(
            "bounds_ms must be two timescales, the second at least 1.5 times the first, and the first at least a quarter of a "
            f"bin of {bin_ms:g} ms; received {bounds_ms}."
        )
    return float(low), float(high)


def too_little(unit: np.ndarray, noise: Noise, least_trials: int) -> str:
    """Why nothing can be estimated of a unit; empty if something can."""
    if len(unit) < least_trials:
        return f"too few trials: {len(unit)}, at least {least_trials} are needed"
    if noise == "poisson" and unit.sum() < LEAST_SPIKES:
        return f"too few spikes: {int(unit.sum())}, at least {LEAST_SPIKES} are needed"
    return "" if np.ptp(unit) > 0 else "the signal is constant"


def refuse_if_all(reasons: list[str]) -> None:
    """Refuse a recording of which no unit can be used."""
    if all(reasons):
        which = "the only unit" if len(reasons) == 1 else f"none of {len(reasons)} units can be used; the first"
        raise ValueError(f"{which} has no timescale that could be estimated: {reasons[0]}.")


def unresolved(found: Calibrated, bin_ms: float, trial_ms: float) -> str:
    """What the data cannot tell, in one sentence; empty if the interval is closed."""
    short, long = found.low_ms == 0, not np.isfinite(found.high_ms)
    if short and long:
        return "the data exclude no timescale: too few spikes or trials, or no timescale"
    if long:
        return f"trials of {trial_ms:g} ms cannot tell the timescale from longer ones"
    return f"bins of {bin_ms:g} ms cannot tell the timescale from shorter ones" if short else ""
