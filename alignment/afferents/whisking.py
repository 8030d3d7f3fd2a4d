"""Phase, amplitude and set point of a whisker's angle, and the bouts in which it whisks."""

import numpy as np
import xarray as xr
from scipy.signal import butter, hilbert, sosfiltfilt

BAND_HZ = (4.0, 25.0)
ORDER = 4
LEAST_AMPLITUDE_DEG = 10.0


def whisking_phase(
    angle_deg: np.ndarray,
    rate_hz: float,
    *,
    band_hz: tuple[float, float] = BAND_HZ,
    least_amplitude_deg: float = LEAST_AMPLITUDE_DEG,
) -> xr.Dataset:
    """Take a whisker's angle apart.

    The phase is that of the analytic signal (Hilbert transform) of the angle after a Butterworth band-pass of fourth order
    run forth and back. A whisk lasts from one -pi to the next; its amplitude is the range of the angle inside it, its set
    point the middle of that range. A whisk counts as whisking where its amplitude is at least ``least_amplitude_deg``.

    Parameters
    ----------
    angle_deg
        ``(presentation, time)`` or ``(time,)`` [deg], larger when protracted.
    rate_hz
        Samples per second.
    band_hz
        Edges of the band-pass.
    least_amplitude_deg
        Range of the angle within a whisk from which on the animal whisks.

    Returns
    -------
    xarray.Dataset
        ``(presentation, time)``: ``phase_rad`` from -pi to pi (0 most protracted, negative while protracting),
        ``amplitude_deg``, ``setpoint_deg``, ``whisk`` (number over all presentations; the pieces before the first and after
        the last -pi are whisks too) and ``whisking``.

    Raises
    ------
    ValueError
        If angles are missing or too few, or the band does not lie between 0 and half of the rate.

    References
    ----------
    Hill, Curtis, Moore, Kleinfeld 2011, Neuron 72:344 (Hilbert transform of the band-passed angle). Moore et al. 2015, PLoS
    Biology 13:e1002253.
    """
    angle = np.atleast_2d(np.asarray(angle_deg, dtype=float))
    low, high = band_hz
    if not 0 < low < high < rate_hz / 2:
        raise ValueError(f"band_hz must lie between 0 and {rate_hz / 2:g} Hz, half of the rate, received {band_hz}.")
    if angle.ndim != 2 or angle.shape[1] < 2 * rate_hz / low or not np.isfinite(angle).all():
        raise ValueError(
            f"angle_deg must be finite (presentation, time) of at least two cycles of {low:g} Hz, received shape "
            f"{angle.shape}; fill gaps of tracking first."
        )
    passed = sosfiltfilt(butter(ORDER, band_hz, "bandpass", fs=rate_hz, output="sos"), angle, axis=1)
    phase = np.angle(hilbert(passed, axis=1))
    whisk = whisk_numbers(phase)
    first, last = (function.reduceat(angle.ravel(), _starts(whisk)) for function in (np.minimum, np.maximum))
    amplitude, setpoint = (last - first)[whisk], ((last + first) / 2)[whisk]
    dims = ("presentation", "time")
    return xr.Dataset(
        {
            "phase_rad": (dims, phase),
            "amplitude_deg": (dims, amplitude),
            "setpoint_deg": (dims, setpoint),
            "whisk": (dims, whisk),
            "whisking": (dims, amplitude >= least_amplitude_deg),
        },
        coords={"time_ms": ("time", np.arange(angle.shape[1]) * 1000 / rate_hz)},
        attrs={"rate_hz": rate_hz, "band_hz": band_hz, "least_amplitude_deg": least_amplitude_deg},
    )


def whisk_numbers(phase_rad: np.ndarray) -> np.ndarray:
    """Number of the whisk of each sample ``(presentation, time)``; a new one begins where the phase jumps back by over pi."""
    new = np.diff(phase_rad, axis=1, prepend=np.inf) < -np.pi
    new[:, 0] = True
    return np.asarray(np.cumsum(new.ravel()).reshape(new.shape) - 1)


def phase_features(angle_deg: np.ndarray, rate_hz: float) -> np.ndarray:
    """What a neuron tuned to phase alone needs to know: two harmonics of the phase while whisking, and whether it whisks.

    Parameters
    ----------
    angle_deg
        ``(time,)`` [deg], as in `whisking_phase`.
    rate_hz
        Samples per second.

    Returns
    -------
    numpy.ndarray
        ``(time, 5)``: w cos f, w sin f, w cos 2f, w sin 2f, w for phase f and w = 1 while whisking, else 0. Phase and whisking
        are those of whole whisks, so they depend on what comes after a sample too.
    """
    found = whisking_phase(angle_deg, rate_hz)
    phase, active = found["phase_rad"].values[0], found["whisking"].values[0].astype(float)
    waves = [wave(k * phase) for k in (1, 2) for wave in (np.cos, np.sin)]
    return np.stack([*waves, np.ones_like(phase)], axis=1) * active[:, None]


def _starts(whisk: np.ndarray) -> np.ndarray:
    """First sample of each whisk in the series of all presentations."""
    return np.flatnonzero(np.diff(whisk.ravel(), prepend=-1))
