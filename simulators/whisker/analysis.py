"""Readings of whisker recordings: ringing, contacts, agreement of two recordings."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

# Of the fit: samples per swing and samples at most, lags, poles tried.
_SAMPLES_PER_SWING = 40
_FEWEST_SAMPLES, _MOST_SAMPLES = 800, 2000
_MOST_LAGS = 400
_MOST_POLES = 10
# Explaining less than this of the trace is no reason for another pole.
_FINE_ENOUGH = 1e-3
_WEAKEST = 0.05


class RingDown(NamedTuple):
    """Damped modes of a free motion, the lowest first.

    Parameters
    ----------
    frequency_hz
        (mode,) damped frequencies: swings per second.
    damping_ratio
        (mode,) share of critical damping.
    amplitude
        (mode,) at the first sample, unit of the trace.
    residual
        Root mean square of what the fit does not explain over the standard deviation of the trace.
    """

    frequency_hz: np.ndarray
    damping_ratio: np.ndarray
    amplitude: np.ndarray
    residual: float

    @property
    def natural_frequency_hz(self) -> np.ndarray:
        """(mode,) frequencies without the damping, as `beams.modes.natural_frequencies_hz` gives them."""
        return self.frequency_hz / np.sqrt(1 - self.damping_ratio**2)


class ContactEpisode(NamedTuple):
    """One uninterrupted touch.

    Parameters
    ----------
    whisker
        Its name.
    onset_s, release_s
        Start of the first and end of the last interval with contact; the recording's end where it is cut off.
    """

    whisker: str
    onset_s: float
    release_s: float


def ring_down(trace: np.ndarray, rate_hz: float, n_modes: int | None = None) -> RingDown:
    """Natural modes of a free motion, read from its trace.

    Damped sinusoids and plain decays, overdamped modes among them, are fitted together. They are the poles of the trace's
    shift-invariant signal space, which needs no starting values and tells frequencies apart where a spectrum would join
    them. Of 2 to 10 poles so many are taken as the Bayesian information criterion finds worth their while. Modes are
    given that carry at least a twentieth of the trace's standard deviation.

    Parameters
    ----------
    trace
        (time,) displacement, or (time, axis) path, of which the component along its longest extent is taken. Starts when
        the whisker is let go; the end, where all is still, is left out. Where a curved whisker swings in both planes, read
        them one by one: in the plane of its curvature it is a little slower, and both together beat.
    rate_hz
        Samples per second.
    n_modes
        Give this number of modes, the lowest; ``None`` gives all that are found.

    Returns
    -------
    RingDown
        Modes by rising natural frequency. A mode that is overdamped, or too weak, is not among them. Swings far from
        rest are not harmonic: they show as further modes at multiples of the lowest.

    Raises
    ------
    ValueError
        If the trace is not finite, too short, constant, or does not swing in ``n_modes`` modes, at least in one.

    References
    ----------
    Roy & Kailath (1989), IEEE Trans. ASSP 37, 984: the method (ESPRIT). Schwarz (1978), Ann. Statist. 6, 461: the
    criterion.
    """
    trace = np.asarray(trace, dtype=float)
    if trace.ndim not in (1, 2) or not np.isfinite(trace).all():
        raise ValueError(f"trace has the shape {trace.shape}; give finite values (time,) or (time, axis).")
    if n_modes is not None and n_modes < 1:
        raise ValueError(f"n_modes is {n_modes}; give at least one mode, or None for all that are found.")
    if len(trace) < 16:
        raise ValueError(f"trace has {len(trace)} samples; give at least 16.")
    if not np.ptp(trace, axis=0).any():
        raise ValueError(f"trace is constant at {trace[0]}; start it where the whisker is let go.")
    samples, stride = _thinned(_along_extent(trace), rate_hz)
    fit = _best_fit(samples, stride / rate_hz)
    parts = fit.parts.std(axis=0) / samples.std()
    modes = np.flatnonzero((parts >= _WEAKEST) & (fit.rates.real < 0))
    modes = modes[np.argsort(np.abs(fit.rates[modes]))]
    wanted = 1 if n_modes is None else n_modes
    if len(modes) < wanted:
        raise ValueError(
            f"trace swings in {len(modes)} of {wanted} mode{'s' * (wanted > 1)} asked for; a mode that is missing is "
            f"overdamped, or carries less than {_WEAKEST:.0%} of the trace."
        )
    rates = fit.rates[modes[:n_modes]]
    # A mean over a block is lower than its first sample.
    in_block = np.exp(rates[None] * np.arange(stride)[:, None] / rate_hz).mean(axis=0)
    return RingDown(
        np.imag(rates) / (2 * np.pi),
        -np.real(rates) / np.abs(rates),
        fit.amplitudes[modes[:n_modes]] / np.abs(in_block),
        fit.residual,
    )


class _Fit(NamedTuple):
    """Swinging poles of a trace: (mode,) complex rates 1/s and amplitudes, (time, mode) what each adds to the trace."""

    rates: np.ndarray
    amplitudes: np.ndarray
    parts: np.ndarray
    residual: float


def _along_extent(trace: np.ndarray) -> np.ndarray:
    """(time,) component of a path along its longest extent."""
    if trace.ndim == 1:
        return trace
    path = trace - trace.mean(axis=0)
    return path @ np.linalg.svd(path, full_matrices=False)[2][0]


def _thinned(trace: np.ndarray, rate_hz: float) -> tuple[np.ndarray, int]:
    """Means over blocks of what is not yet still, about rest, and the samples in a block.

    Means keep the poles of damped sinusoids and hold back what lies above the modes.
    """
    moved = trace - trace[len(trace) * 19 // 20 :].mean()
    energy = np.cumsum(moved**2)
    n_moving = int(np.searchsorted(energy, (1 - 1e-8) * energy[-1])) + 1
    moved = moved[: max(n_moving, 16)]
    padded = 4 * len(moved)
    peak = int(np.abs(np.fft.rfft(moved - moved.mean(), padded)).argmax())
    per_swing = padded / max(peak, 1)
    stride = max(1, min(int(per_swing / _SAMPLES_PER_SWING), len(moved) // _FEWEST_SAMPLES))
    return moved[: len(moved) // stride * stride].reshape(-1, stride).mean(axis=1)[:_MOST_SAMPLES], stride


def _best_fit(samples: np.ndarray, step_s: float) -> _Fit:
    """The fit of so many poles as lower the Bayesian information criterion most."""
    n = len(samples)
    lags = min(n // 2, _MOST_LAGS)
    space = np.linalg.svd(np.lib.stride_tricks.sliding_window_view(samples, lags).T, full_matrices=False)[0]
    fits = [_fit(samples, step_s, space[:, :count]) for count in range(2, min(_MOST_POLES, n // 4) + 1)]
    costs = [np.log(fit.residual**2 + _FINE_ENOUGH**2) + 2 * k * np.log(n) / n for k, fit in enumerate(fits, start=2)]
    return fits[int(np.argmin(costs))]


def _fit(samples: np.ndarray, step_s: float, space: np.ndarray) -> _Fit:
    """Poles of a signal space ``(lag, pole)`` and their least-squares weights in the samples."""
    poles = np.linalg.eigvals(np.linalg.lstsq(space[:-1], space[1:], rcond=None)[0]).astype(complex)
    swinging = np.log(poles[poles.imag > 0]) / step_s
    # What grows is noise, or an offset.
    falling = np.minimum(np.log(poles[(poles.imag == 0) & (poles.real > 0)].real) / step_s, 0.0)
    times = step_s * np.arange(len(samples))[:, None]
    waves = np.exp(swinging * times)
    columns = np.concatenate([waves.real, waves.imag, np.exp(falling * times)], axis=1)
    weights = np.linalg.lstsq(columns, samples, rcond=None)[0]
    cosine, sine = weights[: len(swinging)], weights[len(swinging) : 2 * len(swinging)]
    left = samples - columns @ weights
    return _Fit(
        swinging,
        np.hypot(cosine, sine),
        waves.real * cosine + waves.imag * sine,
        float(np.sqrt(np.mean(left**2)) / samples.std()),
    )


def contact_episodes(recording: "xr.Dataset", *, shortest_gap_s: float = 0.0) -> tuple[ContactEpisode, ...]:
    """Every touch of every whisker, by whisker, then by time.

    Parameters
    ----------
    recording
        With ``contact`` (time, whisker).
    shortest_gap_s
        Shorter losses of contact do not end an episode.

    Returns
    -------
    tuple of ContactEpisode
        Empty where nothing was touched.

    Raises
    ------
    ValueError
        If the gap is negative.
    """
    if shortest_gap_s < 0:
        raise ValueError(f"shortest_gap_s is {shortest_gap_s}; it may not be negative.")
    ends = recording["time"].values
    interval = _interval_s(recording)
    episodes = []
    for name, touched in zip(recording["whisker"].values, recording["contact"].values.T, strict=True):
        edges = np.diff(np.concatenate([[0], touched.astype(int), [0]]))
        onsets, releases = ends[np.flatnonzero(edges == 1)] - interval, ends[np.flatnonzero(edges == -1) - 1]
        # An onset starts an episode if it comes late enough after the last release.
        kept = np.concatenate([[True], onsets[1:] - releases[:-1] >= shortest_gap_s - 1e-12])[: len(onsets)]
        last = np.concatenate([kept[1:], [True]])[: len(onsets)]
        episodes += [
            ContactEpisode(str(name), float(on), float(off))
            for on, off in zip(onsets[kept], releases[last], strict=True)
        ]
    return tuple(episodes)


def moving_average(values: np.ndarray, n_samples: int) -> np.ndarray:
    """Mean over every window of ``n_samples`` neighbours in time.

    Parameters
    ----------
    values
        (time, ...).
    n_samples
        Width of the window.

    Returns
    -------
    ndarray
        (time - n_samples + 1, ...), whole windows only.

    Raises
    ------
    ValueError
        If the window is empty or longer than the values.
    """
    if not 1 <= n_samples <= len(values):
        raise ValueError(f"a window of {n_samples} samples does not fit {len(values)} values; take 1 to {len(values)}.")
    return np.lib.stride_tricks.sliding_window_view(values, n_samples, axis=0).mean(axis=-1)


def compare_recordings(first: "xr.Dataset", second: "xr.Dataset", *, window_s: float = 0.0) -> "xr.Dataset":
    """Agreement of two recordings of the same scene, ``first`` measured against ``second``.

    Parameters
    ----------
    first, second
        Recordings of the same whiskers at the same times.
    window_s
        Width of the moving average of forces and moments before they are compared; 0 compares them as recorded.

    Returns
    -------
    xr.Dataset
        By whisker: ``onset_difference`` and ``release_difference`` (ms, of the first onset and the last release, NaN where
        either never touches), ``force_rms`` and ``moment_rms`` (root mean square of the length of the difference, over the
        greatest length in ``second``), ``peak_force_ratio`` and ``peak_moment_ratio`` (greatest lengths, first over
        second). By whisker and axis: ``force_correlation`` and ``moment_correlation``, NaN where one does not vary.

    Raises
    ------
    ValueError
        If whiskers, times or units differ.
    """
    import xarray as xr

    for name in ("whisker", "time"):
        a, b = first[name].values, second[name].values
        if len(a) != len(b) or not (np.allclose(a, b, atol=1e-9, rtol=0) if name == "time" else (a == b).all()):
            raise ValueError(
                f"the recordings differ in {name}: {_span(a)} and {_span(b)}; take the same scene and rate."
            )
    for name in ("force", "moment"):
        units = first[name].attrs.get("unit"), second[name].attrs.get("unit")
        if units[0] != units[1]:
            raise ValueError(f"{name} is in {units[0]} and in {units[1]}; convert one of them.")
    n_samples = max(1, round(window_s / _interval_s(first)))
    columns: dict[str, tuple] = {
        "onset_difference": ("whisker", 1e3 * (_edge(first, 0) - _edge(second, 0)), {"unit": "ms"}),
        "release_difference": ("whisker", 1e3 * (_edge(first, 1) - _edge(second, 1)), {"unit": "ms"}),
    }
    for name in ("force", "moment"):
        a, b = (moving_average(recording[name].values, n_samples) for recording in (first, second))
        longest_a, longest_b = (np.linalg.norm(values, axis=-1).max(axis=0) for values in (a, b))
        rms = np.sqrt((np.linalg.norm(a - b, axis=-1) ** 2).mean(axis=0))
        columns[f"{name}_rms"] = ("whisker", _ratio(rms, longest_b), {"unit": "1"})
        columns[f"peak_{name}_ratio"] = ("whisker", _ratio(longest_a, longest_b), {"unit": "1"})
        columns[f"{name}_correlation"] = (("whisker", "axis"), _correlation(a, b), {"unit": "1"})
    return xr.Dataset(columns, coords={"whisker": first["whisker"].values, "axis": first["axis"].values})


def _interval_s(recording: "xr.Dataset") -> float:
    return 1.0 / recording.attrs["rate_hz"]


def _edge(recording: "xr.Dataset", which: int) -> np.ndarray:
    """(whisker,) start of the first (0) or end of the last (1) interval with contact, s, NaN without."""
    touched, ends = recording["contact"].values, recording["time"].values
    rows = np.argmax(touched, axis=0) if which == 0 else len(touched) - 1 - np.argmax(touched[::-1], axis=0)
    times = ends[rows] - (_interval_s(recording) if which == 0 else 0.0)
    return np.where(touched.any(axis=0), times, np.nan)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson correlation over the first axis, NaN where one side does not vary."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return _ratio((a * b).sum(axis=0), np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))


def _span(values: np.ndarray) -> str:
    return f"{len(values)} from {values[0]} to {values[-1]}" if len(values) else "none"
