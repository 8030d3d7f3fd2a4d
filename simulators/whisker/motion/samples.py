"""Checks and cleaning of sampled motion: times, gaps, low-pass, jumps."""

import numpy as np

from .smooth_path import SmoothPath

_TIME_TOLERANCE_S = 1e-9


def checked_times(times_s: np.ndarray) -> np.ndarray:
    """Sample times ``(T,)`` as float64.

    Raises
    ------
    ValueError
        If fewer than two, not finite, or not increasing.
    """
    times = np.array(times_s, dtype=np.float64)
    if times.ndim != 1 or len(times) < 2:
        raise ValueError(f"times_s must be one list of at least two samples, received shape {times.shape}.")
    if not np.isfinite(times).all():
        raise ValueError(f"times_s holds a value that is not finite at row {int(np.argmin(np.isfinite(times)))}.")
    steps = np.diff(times)
    if not (steps > 0).all():
        row = int(np.argmax(steps <= 0))
        raise ValueError(
            f"times_s must increase: {times[row + 1]:.9g} s follows {times[row]:.9g} s at row {row + 1}; sort the rows and "
            "drop doubles."
        )
    return times


def checked_values(name: str, values: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """Values as float64 of the given shape (None: any length); NaN marks a missing sample, infinity is refused."""
    array = np.array(values, dtype=np.float64)
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        wanted = tuple("any" if size is None else size for size in shape)
        raise ValueError(f"{name} must have the shape {wanted}, received {array.shape}.")
    if np.isinf(array).any():
        raise ValueError(f"{name} holds an infinite value at row {int(np.argwhere(np.isinf(array))[0, 0])}.")
    return array


def checked_rotations(quaternions: np.ndarray) -> np.ndarray:
    """Quaternions ``(T, 4)`` of length 1 to 1e-3, brought to unit length; rows with NaN stay as they are."""
    lengths = np.linalg.norm(quaternions, axis=1)
    off = np.abs(np.nan_to_num(lengths, nan=1.0) - 1)
    if (off > 1e-3).any():
        row = int(np.argmax(off))
        raise ValueError(f"quaternions must have unit length, row {row} has {lengths[row]:.6g}; normalise them.")
    return quaternions / lengths[:, None]


def fill_gaps(name: str, times_s: np.ndarray, values: np.ndarray, max_gap_s: float) -> tuple[np.ndarray, int]:
    """Fill missing samples by straight lines in time.

    Parameters
    ----------
    name
        What the values are, for the message.
    times_s
        ``(T,)`` increasing.
    values
        ``(T, ...)``, missing samples NaN.
    max_gap_s
        Longest time between the two samples around a gap that is filled; 0 refuses every gap.

    Returns
    -------
    tuple
        Filled values and the number of values filled.

    Raises
    ------
    ValueError
        If a gap is longer, or touches the first or the last sample.
    """
    columns = values.reshape(len(values), -1).copy()
    filled = 0
    for column in columns.T:
        missing = np.isnan(column)
        if not missing.any():
            continue
        known = np.flatnonzero(~missing)
        if missing[0] or missing[-1]:
            raise ValueError(f"{name} is missing in the first or the last row; cut the recording to where it is known.")
        before, after = known[:-1], known[1:]
        lengths = np.where(after - before > 1, times_s[after] - times_s[before], 0.0)
        longest = int(np.argmax(lengths))
        if lengths[longest] > max_gap_s + _TIME_TOLERANCE_S:
            raise ValueError(
                f"{name} is missing between {times_s[before[longest]]:.6g} and {times_s[after[longest]]:.6g} s, longer than "
                f"max_gap_s={max_gap_s}; complete the recording or allow longer gaps."
            )
        column[missing] = np.interp(times_s[missing], times_s[known], column[known])
        filled += int(missing.sum())
    return columns.reshape(values.shape), filled


def low_pass(times_s: np.ndarray, values: np.ndarray, smoothing_hz: float) -> np.ndarray:
    """Zero-phase low-pass: a second-order Butterworth filter run forwards and backwards.

    The amplitude at ``smoothing_hz`` is halved (-3 dB per pass).

    Parameters
    ----------
    times_s
        ``(T,)``, equally spaced to 1 %.
    values
        ``(T, ...)``, finite.
    smoothing_hz
        Corner frequency, below half the sample rate.

    Raises
    ------
    ValueError
        If the samples are not equally spaced, too few, or the corner is out of range.
    """
    from scipy.signal import butter, sosfiltfilt

    steps = np.diff(times_s)
    rate_hz = 1.0 / steps.mean()
    if (np.abs(steps * rate_hz - 1) > 0.01).any():
        raise ValueError(
            f"smoothing_hz needs equally spaced samples, received steps of {steps.min()} to {steps.max()} s; resample "
            "the recording or leave smoothing_hz out."
        )
    if not 0 < smoothing_hz < rate_hz / 2:
        raise ValueError(
            f"smoothing_hz must lie between 0 and half the sample rate ({rate_hz / 2} Hz), received {smoothing_hz}."
        )
    sections = butter(2, smoothing_hz, fs=rate_hz, output="sos")
    pad = min(len(times_s) - 1, int(np.ceil(3 * rate_hz / smoothing_hz)))
    return sosfiltfilt(sections, values, axis=0, padlen=pad)


def refuse_jumps(name: str, path: SmoothPath, size: int, limit: float, unit: str) -> None:
    """Refuse a path that is too fast anywhere, between its samples too.

    Parameters
    ----------
    name
        What moves.
    path
        The path.
    size
        Columns of the path that describe one body.
    limit
        Highest speed, in ``unit``.
    unit
        For the message.

    Raises
    ------
    ValueError
        If the speed exceeds the limit.
    """
    speeds, times_s = path.top_speeds(size), path.times_s
    row = int(np.argmax(speeds))
    if speeds[row] > limit:
        raise ValueError(
            f"{name} jumps between {times_s[row]:.6g} and {times_s[row + 1]:.6g} s: a speed of {speeds[row]:.6g} {unit}, "
            f"the limit is {limit:.6g}; repair the samples, smooth them or raise the limit."
        )


def within(times_s: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """The times, rounding at both ends taken off.

    Raises
    ------
    ValueError
        If a time lies outside ``[start_s, end_s]``.
    """
    if len(times_s) and not (
        times_s.min() >= start_s - _TIME_TOLERANCE_S and times_s.max() <= end_s + _TIME_TOLERANCE_S
    ):
        raise ValueError(
            f"the samples cover {start_s:.6g} to {end_s:.6g} s, the motion is asked for from {times_s.min():.6g} to "
            f"{times_s.max():.6g} s; give longer samples or a shorter duration."
        )
    return np.clip(times_s, start_s, end_s)
