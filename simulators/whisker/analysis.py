"""Readings of whisker recordings: ringing, contacts, agreement of two recordings."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

_LONGEST_TRACE = 800


class RingDown(NamedTuple):
    """Damped modes of a free motion, the strongest first.

    Parameters
    ----------
    frequency_hz
        (mode,) damped frequencies.
    damping_ratio
        (mode,) share of critical damping.
    amplitude
        (mode,) at the first sample, unit of the trace.
    residual
        Root mean square of what the modes do not explain over that of the trace.
    """

    frequency_hz: np.ndarray
    damping_ratio: np.ndarray
    amplitude: np.ndarray
    residual: float


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


def ring_down(trace: np.ndarray, rate_hz: float, n_modes: int = 1) -> RingDown:
    """Fit damped sinusoids to a free motion about rest.

    The modes are the poles of the trace's shift-invariant signal space, which needs no starting values; frequencies that
    lie close together are told apart where a spectrum would join them.

    Parameters
    ----------
    trace
        (time,) displacement, starting when the whisker is let go; of more than 1600 samples, means over blocks are taken.
    rate_hz
        Samples per second.
    n_modes
        Modes that the trace holds.

    Returns
    -------
    RingDown
        Modes by falling amplitude.

    Raises
    ------
    ValueError
        If the trace is not finite, too short, constant, or does not oscillate in ``n_modes`` modes.

    References
    ----------
    Roy & Kailath (1989), IEEE Trans. ASSP 37, 984: the method (ESPRIT).
    """
    trace = np.asarray(trace, dtype=float)
    if trace.ndim != 1 or not np.isfinite(trace).all():
        raise ValueError(f"trace has the shape {trace.shape}; give one finite value per sample.")
    if n_modes < 1 or len(trace) < 8 * n_modes:
        raise ValueError(f"{len(trace)} samples and n_modes {n_modes}; give at least one mode and 8 samples for each.")
    if not np.ptp(trace) > 0:
        raise ValueError(f"trace is constant at {trace[0]}; start it where the whisker is let go.")
    # Means over blocks keep the poles of damped sinusoids and hold back what lies above the modes.
    stride = max(1, len(trace) // _LONGEST_TRACE)
    thinned, step_s = trace[: len(trace) // stride * stride].reshape(-1, stride).mean(axis=1), stride / rate_hz
    rows = len(thinned) // 2
    hankel = np.lib.stride_tricks.sliding_window_view(thinned, rows).T
    space = np.linalg.svd(hankel, full_matrices=False)[0][:, : 2 * n_modes]
    poles = np.linalg.eigvals(np.linalg.lstsq(space[:-1], space[1:], rcond=None)[0])
    rates = np.log(poles[np.imag(poles) > 0].astype(complex)) / step_s
    if len(rates) < n_modes:
        raise ValueError(f"trace oscillates in {len(rates)} modes where n_modes is {n_modes}; ask for fewer modes.")
    basis = np.exp(rates[None] * step_s * np.arange(len(thinned))[:, None])
    columns = np.concatenate([basis.real, basis.imag], axis=1)
    weights = np.linalg.lstsq(columns, thinned, rcond=None)[0]
    in_block = np.exp(rates[None] * np.arange(stride)[:, None] / rate_hz).mean(axis=0)
    amplitudes = np.hypot(weights[:n_modes], weights[n_modes:]) / np.abs(in_block)
    left = thinned - columns @ weights
    order = np.argsort(-amplitudes)
    return RingDown(
        np.imag(rates)[order] / (2 * np.pi),
        (-np.real(rates) / np.abs(rates))[order],
        amplitudes[order],
        float(np.sqrt(np.mean(left**2) / np.mean(thinned**2))),
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
