"""Intervals and bias correction by simulation: which timescales could have given the estimate at hand."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

from .autocorrelations import Statistic
from .profiles import Profile

POOL = 20  # simulated trials per recorded one, from which simulated recordings draw theirs
LEAST_POOL = 600
MOST_VALUES = 3_000_000  # of one pool: 24 MB
MOST_WEIGHTS = 10_000_000  # draws of pools at once: 80 MB
WIDEN = 1.6

Simulate = Callable[[float], Profile]


@dataclass(frozen=True)
class Calibrated:
    """A corrected estimate with its interval.

    Attributes
    ----------
    tau_ms
        The timescale that is as often too short as too long for simulated recordings to fit like the one at hand; NaN
        if there is none in the bounds.
    low_ms, high_ms
        0 and infinity where the bounds are reached.
    """

    tau_ms: float
    low_ms: float
    high_ms: float


Invert = Callable[[Profile, Simulate, tuple[float, float], float], Calibrated]


def simulated_statistics(
    statistic: Statistic,
    trials: Callable[[int], np.ndarray],
    n_trials: int,
    n_bins: int,
    n_sets: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The statistic of simulated recordings ``(set, lag)``, each of trials drawn from one simulated pool.

    Parameters
    ----------
    statistic
        What is computed.
    trials
        From a number to so many simulated trials ``(trial, bin)``.
    n_trials, n_bins
        Of one recording.
    n_sets
        Recordings.
    rng
        For the draws.
    """
    size = int(np.clip(min(MOST_VALUES / n_bins, MOST_WEIGHTS / n_sets), 5 * n_trials, POOL * n_trials))
    size = max(size, LEAST_POOL)
    rows = rng.integers(0, size, (n_sets, n_trials)) + np.arange(n_sets)[:, None] * size
    weights = np.bincount(rows.ravel(), minlength=n_sets * size).reshape(n_sets, size)
    block = int(np.clip(MOST_WEIGHTS / n_bins**2, 100, size))
    total = sum(
        weights[:, first : first + block] @ statistic.features(trials(min(block, size - first)))
        for first in range(0, size, block)
    )
    return statistic.combine(np.asarray(total) / n_trials)


def calibrate(observed: Profile, simulate: Simulate, bounds_ms: tuple[float, float], level: float) -> Calibrated:
    """Invert simulations: an interval of all timescales that fit the recording no worse than recordings made with them.

    A timescale t belongs to the interval if the signed root of its excess error (`Profile.root`) in recordings
    simulated with t is at most, and at least, the one at hand with probabilities above (1 - level) / 2 each. It holds
    the truth with probability ``level`` however biased or skewed the estimator is, as long as the model behind the
    simulations holds, and is open where no timescale up to the bound is too long or too short. The corrected estimate
    is where both probabilities are equal, so that it is as often too long as too short.

    Parameters
    ----------
    observed
        The fit of the recording, one set.
    simulate
        From a timescale [ms] to the fits of simulated recordings.
    bounds_ms
        Timescales considered.
    level
        Nominal coverage.

    References
    ----------
    Neyman 1937, Philosophical Transactions of the Royal Society A 236:333 (intervals by inversion of tests).
    """
    search = _Search(observed, simulate)
    floor, ceiling = (float(np.log(bound)) for bound in bounds_ms)
    tail = float(norm.ppf((1 - level) / 2))
    start = float(np.clip(np.log(observed.tau_ms[0]), floor, ceiling))
    step = 1.5 * search.visit(start)
    for end, side, name in ((ceiling, 1, "at_most"), (floor, -1, "at_least")):
        place, width = start, step
        while search.places[place][name] > tail and place != end:
            place = float(np.clip(place + side * width, floor, ceiling))
            width *= WIDEN
            search.visit(place)
    wanted = (("at_most", tail), ("at_least", tail), ("middle", 0.0))
    for _ in range(2):
        for name, target in wanted:
            place = search.crossing(name, target)
            if np.isfinite(place) and np.abs(np.array(list(search.places)) - place).min() > 0.02 * step:
                search.visit(place)
    high, low, middle = (search.crossing(name, target) for name, target in wanted)
    return Calibrated(
        float(np.exp(middle)) if np.isfinite(middle) else np.nan,
        float(np.exp(low)) if np.isfinite(low) else 0.0,
        float(np.exp(high)) if np.isfinite(high) else np.inf,
    )


@dataclass
class _Search:
    """Normal scores of the recording among simulated ones, at every timescale tried so far (natural logarithms)."""

    observed: Profile
    simulate: Simulate
    places: dict[float, dict[str, float]] = field(default_factory=dict)

    def visit(self, place: float) -> float:
        """Simulate at one timescale; the spread of the logarithms of the estimates there."""
        tau = float(np.exp(place))
        made = self.simulate(tau)
        found, here = made.root(tau), float(self.observed.root(tau)[0])
        below, equal = (found < here).mean(), (found == here).mean()
        shares = {"at_most": below + equal, "at_least": 1 - below, "middle": below + equal / 2}
        edge = 0.5 / len(found)
        self.places[place] = {name: float(norm.ppf(np.clip(p, edge, 1 - edge))) for name, p in shares.items()}
        inner = np.log(made.tau_ms[np.isfinite(made.tau_ms)])
        spread = float(np.subtract(*np.quantile(inner, [0.84, 0.16])) / 2) if len(inner) else 1.0
        return float(np.clip(spread, 0.02, 0.7))

    def crossing(self, name: str, target: float) -> float:
        """Where a score, made monotone over timescales, reaches its target; infinite where it never does."""
        from sklearn.isotonic import isotonic_regression

        x = np.array(sorted(self.places))
        z = np.array([self.places[place][name] for place in x])
        rising = name == "at_least"
        z = isotonic_regression(z, increasing=rising) - target
        if not rising:
            x, z = -x[::-1], z[::-1]
        if z[0] >= 0 or z[-1] < 0:
            return np.inf
        at = int((z >= 0).argmax())
        share = -z[at - 1] / (z[at] - z[at - 1])
        place = float(x[at - 1] + share * (x[at] - x[at - 1]))
        return place if rising else -place
