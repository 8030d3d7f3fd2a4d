"""Tuning of a neuron to the phase of whisking: rates corrected for how long each phase lasted, and whether they are chance."""

import numpy as np
import xarray as xr

from ..correlation import weighted_pearson
from ..inference import bootstrap_weights, draw_interval, fold_factor, small_sample_factor
from .shifts import shift_p, shifted_sums
from .whisking import whisk_numbers


def phase_tuning(
    phase_rad: np.ndarray,
    spikes: np.ndarray,
    rate_hz: float,
    *,
    whisking: np.ndarray | None = None,
    n_bins: int = 16,
    r_bin_ms: float = 10.0,
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Tuning curve, its depth, information and null, and how well it predicts presentations that it has not seen.

    With n_b spikes during T_b seconds in phase bin b with centre f_b, rates r_b = n_b / T_b, shares p_b = T_b / sum T and
    mean rate R = sum p_b r_b::

        vector strength and preferred phase    |z| and arg z of z = sum r_b exp(i f_b) / sum r_b
        modulation depth                       (max r - min r) / (max r + min r)
        information                            sum p_b r_b / R log2(r_b / R)       [bit per spike]

    The vector strength is that of the rates, not of the spikes, which would be large for an untuned neuron wherever some
    phases last longer. Information is at least 0 for any finite sample, so it is shown beside its mean under the null: spikes
    and phase of all whisking samples, end to end, shifted circularly against each other, by every shift there is.

    Parameters
    ----------
    phase_rad
        ``(presentation, time)`` or ``(time,)``, from -pi to pi.
    spikes
        Counts of the same shape.
    rate_hz
        Samples per second.
    whisking
        Booleans of the same shape, the samples to use; all by default.
    n_bins
        Phase bins, at least 3.
    r_bin_ms
        Bins in which spikes and the rate predicted from phase are correlated.
    n_boot, seed
        Bootstrap draws over whisks, and their seed.

    Returns
    -------
    xarray.Dataset
        Along ``phase`` (bin centres in ``phase_rad``): ``rate_hz`` with ``rate_hz_low`` and ``rate_hz_high`` (95 % bootstrap
        interval over whisks), ``spikes``, ``occupancy_s``. Single values: ``vector_strength``, ``preferred_phase_rad`` and
        ``modulation_depth`` with bounds, ``information_bits``, ``information_null`` and ``p`` (share of shifts with as much
        information); with two presentations or more ``cv_bits_per_spike`` (leave one presentation out; over the constant
        rate of the others) and ``cv_r``, with bounds.

    Raises
    ------
    ValueError
        If shapes differ, no spike falls into whisking, or a phase bin was never visited.

    References
    ----------
    Skaggs et al. 1993, NIPS 5, equation 1 (information). Hill et al. 2011, Neuron 72:344, and Moore et al. 2015, PLoS Biology
    13:e1002253 (tuning to the phase of whisking).
    """
    phase, counts = np.atleast_2d(np.asarray(phase_rad, float)), np.atleast_2d(np.asarray(spikes, float))
    used = np.ones(phase.shape, bool) if whisking is None else np.atleast_2d(np.asarray(whisking, bool))
    if not phase.shape == counts.shape == used.shape:
        raise ValueError(
            f"phase, spikes and whisking must have one shape, received {phase.shape}, {counts.shape}, {used.shape}."
        )
    if n_bins < 3 or not (np.abs(phase[used]) <= np.pi + 1e-6).all():
        raise ValueError(f"phases must lie between -pi and pi and be cut into at least 3 bins, received {n_bins} bins.")
    place = phase_bin(phase, n_bins)
    whisk = np.unique(whisk_numbers(phase)[used], return_inverse=True)[1]
    shape = (int(whisk.max(initial=-1)) + 1, n_bins)
    flat = whisk * n_bins + place[used]
    time = np.bincount(flat, minlength=shape[0] * n_bins).reshape(shape) / rate_hz
    fired = np.bincount(flat, weights=counts[used], minlength=shape[0] * n_bins).reshape(shape)
    if not fired.sum() > 0 or not time.sum(axis=0).all():
        raise ValueError(
            f"a tuning curve needs spikes and every phase bin visited while whisking; there are {int(fired.sum())} spikes and "
            f"{int((time.sum(axis=0) == 0).sum())} of {n_bins} bins without a sample: use fewer bins, or more data."
        )
    centres = -np.pi + (np.arange(n_bins) + 0.5) * 2 * np.pi / n_bins
    rate = fired.sum(axis=0) / time.sum(axis=0)
    weights = bootstrap_weights(len(time), None, n_boot, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (weights @ fired) / (weights @ time)
    factor = small_sample_factor(len(time))
    low, high = draw_interval(drawn, rate, factor=factor)
    found: dict[str, object] = {
        "rate_hz": ("phase", rate),
        "rate_hz_low": ("phase", low),
        "rate_hz_high": ("phase", high),
        "spikes": ("phase", fired.sum(axis=0)),
        "occupancy_s": ("phase", time.sum(axis=0)),
    }
    found |= _shape_of(rate, drawn, centres, factor) | _information(place[used], counts[used], n_bins)
    if len(phase) > 1:
        found |= _cross_validated(place, counts, used, n_bins, rate_hz, r_bin_ms, n_boot, seed)
    return xr.Dataset(
        found,
        coords={"phase_rad": ("phase", centres)},
        attrs={"n_whisks": len(time), "n_spikes": int(fired.sum()), "r_bin_ms": r_bin_ms, "seed": seed},
    )


def phase_bin(phase_rad: np.ndarray, n_bins: int) -> np.ndarray:
    """Number of the phase bin, of ``n_bins`` equal ones from -pi."""
    return np.clip(((phase_rad + np.pi) / (2 * np.pi) * n_bins).astype(int), 0, n_bins - 1)


def information_bits(spikes: np.ndarray, occupancy: np.ndarray) -> np.ndarray:
    """Information of a spike on the bin [bit], from spikes ``(..., bin)`` and time in the bins ``(bin,)``."""
    share = occupancy / occupancy.sum()
    told = spikes / spikes.sum(axis=-1, keepdims=True)
    # Numbers of spikes are whole; what a Fourier transform leaves of 0 must not reach the logarithm.
    told = np.where(spikes > 0.5, told, 0.0)
    return np.asarray((told * np.log2(np.where(told > 0, told / share, 1.0))).sum(axis=-1))


def _shape_of(rate: np.ndarray, drawn: np.ndarray, centres: np.ndarray, factor: float) -> dict[str, float]:
    """Vector strength, preferred phase and modulation depth with bounds; the phase's bounds turn with it, so may pass pi."""

    def measures(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = rates @ np.exp(1j * centres) / rates.sum(axis=-1)
        top, bottom = rates.max(axis=-1), rates.min(axis=-1)
        return z, (top - bottom) / (top + bottom)

    z, depth = measures(rate)
    drawn_z, drawn_depth = measures(drawn[np.isfinite(drawn).all(axis=1)])
    preferred = float(np.angle(z))
    turned = preferred + np.angle(drawn_z * np.conj(z))
    found: dict[str, float] = {}
    for name, value, draws in (
        ("vector_strength", np.abs(z), np.abs(drawn_z)),
        ("preferred_phase_rad", preferred, turned),
        ("modulation_depth", depth, drawn_depth),
    ):
        low, high = draw_interval(draws, value, factor=factor)
        found |= {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def _information(place: np.ndarray, counts: np.ndarray, n_bins: int) -> dict[str, float]:
    inside = (place[None] == np.arange(n_bins)[:, None]).astype(float)
    every = information_bits(shifted_sums(counts, inside).T, inside.sum(axis=1))
    return {"information_bits": float(every[0]), "information_null": float(every.mean()), "p": shift_p(every)}


def _cross_validated(
    place: np.ndarray,
    counts: np.ndarray,
    used: np.ndarray,
    n_bins: int,
    rate_hz: float,
    r_bin_ms: float,
    n_boot: int,
    seed: int,
) -> dict[str, float]:
    """Each presentation predicted from the curve of the others; one chunk of a second of whisking is one bootstrap unit."""
    gain, expected, observed = [], [], []
    for tested in range(len(place)):
        train, test = used.copy(), used[tested]
        train[tested] = False
        if not test.any() or not counts[train].sum() > 0:
            raise ValueError(f"presentation {tested} has no whisking, or the others have no spikes; leave it out.")
        time = np.bincount(place[train], minlength=n_bins)
        mean = counts[train].mean()
        # Half a spike at the mean rate in every bin, so that no bin without spikes forbids them.
        curve = (np.bincount(place[train], weights=counts[train], minlength=n_bins) + 0.5) / (time + 0.5 / mean)
        predicted, y = curve[place[tested][test]], counts[tested][test]
        gain.append(y * np.log(predicted / mean) - predicted + mean)
        expected.append(predicted)
        observed.append(y)
    sizes = [max(1, int(len(one) / rate_hz)) for one in gain]
    offset = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chunk = [start + np.arange(len(one)) * n // len(one) for start, n, one in zip(offset, sizes, gain, strict=True)]
    weights = bootstrap_weights(sum(sizes), None, n_boot, seed)
    numbers = np.concatenate(chunk)
    nats, spikes = (np.bincount(numbers, weights=np.concatenate(values)) for values in (gain, observed))
    step = max(1, round(r_bin_ms * rate_hz / 1000))
    pooled = [_pooled(values, step) for values in (expected, observed)]
    middle = np.concatenate([one[: len(one) // step * step : step] for one in chunk])
    r_of = [weighted_pearson(pooled[0], pooled[1], w)[:, 0] for w in (np.ones((1, len(middle))), weights[:, middle])]
    factor = fold_factor(1, len(place) - 1) * small_sample_factor(sum(sizes))
    found: dict[str, float] = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = weights @ nats / (weights @ spikes) / np.log(2)
    for name, value, each in (
        ("cv_bits_per_spike", float(nats.sum() / spikes.sum() / np.log(2)), draws),
        ("cv_r", float(r_of[0][0]), r_of[1]),
    ):
        low, high = draw_interval(each, value, factor=factor)
        found |= {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def _pooled(values: list[np.ndarray], step: int) -> np.ndarray:
    """Sums over ``step`` whisking samples inside each presentation, as one column; incomplete ones are cut off."""
    return np.concatenate([one[: len(one) // step * step].reshape(-1, step).sum(axis=1) for one in values])[:, None]
