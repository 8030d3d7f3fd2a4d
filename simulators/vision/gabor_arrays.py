"""Multi-aperture arrays: many Gabors in fixed windows whose carriers drift as one global motion demands of each."""

import numpy as np
import xarray as xr

from .apertures import Aperture, make_aperture
from .clip import Fact, make_clip
from .display import Display
from .grating_rendering import refuse_contrasts
from .parameters import refuse_infinite, seeded

NOISE, SIGNAL = 1, 2
# Beyond this many standard deviations a Gabor is below 1/2000 of its peak.
REACH_SD = 4.0


def gabor_array(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    speed_deg_per_s: float = 4.0,
    coherence: float = 1.0,
    spatial_frequency_cpd: float = 2.0,
    spacing_deg: float = 1.0,
    sd_deg: float = 0.18,
    contrast: float = 0.9,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
    seed: int = 0,
) -> xr.Dataset:
    """A grid of Gabors at random orientations; each carrier drifts by the global velocity's part along its normal.

    No Gabor tells the motion, all of them together do: the carrier of one whose normal is ``n`` drifts at ``v . n``.
    A noise Gabor drifts as if the global motion went in a random direction of its own at the same speed.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg, speed_deg_per_s
        Global velocity; 0 = rightward, counter-clockwise.
    coherence
        Share of signal Gabors, 0 to 1.
    spatial_frequency_cpd
        Of every carrier.
    spacing_deg
        Between the middles of neighbours on a square grid about the middle of the display.
    sd_deg
        Standard deviation of the Gaussian windows.
    contrast
        Michelson contrast at the middle of a Gabor.
    mean_luminance
        Luminance between the Gabors.
    aperture
        Window on the whole array, see `make_aperture`.
    seed
        Of orientations, phases and noise.

    Returns
    -------
    xarray.Dataset
        As `make_clip`. Segmentation 1 on noise and 2 on signal Gabors (where the window is above a half); the flow there
        is the global velocity on signal Gabors, NaN elsewhere.

    Raises
    ------
    ValueError
        If a carrier would drift above the Nyquist limit, the windows overlap to more than full contrast, or a parameter
        is out of range.

    References
    ----------
    Amano K, Edwards M, Badcock DR, Nishida S (2009) Adaptive pooling of visual motion signals by the human visual system
    revealed with a novel multi-element stimulus. Journal of Vision 9(3):4.
    """
    if not 0 <= coherence <= 1:
        raise ValueError(f"coherence is {coherence}; give the share of signal Gabors, 0 to 1.")
    refuse_infinite(direction_deg=direction_deg)
    for name, value in (
        ("speed_deg_per_s", speed_deg_per_s),
        ("spatial_frequency_cpd", spatial_frequency_cpd),
        ("spacing_deg", spacing_deg),
        ("sd_deg", sd_deg),
    ):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} of a Gabor array is {value}; give a positive number.")
    display.refuse_aliasing(spatial_frequency_cpd, spatial_frequency_cpd * speed_deg_per_s)
    times = display.times(n_frames)
    rng = seeded(seed)
    centres = _grid(display, spacing_deg, sd_deg)
    normal, phase, noise_direction = 2 * np.pi * rng.random((3, len(centres)))
    is_signal = rng.permutation(len(centres)) < np.floor(coherence * len(centres) + rng.random())
    towards = np.where(is_signal, np.deg2rad(direction_deg), noise_direction)
    drift_hz = spatial_frequency_cpd * speed_deg_per_s * np.cos(towards - normal)

    across, up = display.grid()
    x, y = across[0], up[:, 0]
    waves = np.zeros((n_frames, display.n_rows, display.n_cols), np.float32)
    windows = np.zeros((display.n_rows, display.n_cols))
    labels = np.zeros((display.n_rows, display.n_cols), np.int32)
    for number, (right, top) in enumerate(centres):
        near = np.ix_(abs(y - top) <= REACH_SD * sd_deg, abs(x - right) <= REACH_SD * sd_deg)
        dx, dy = x[near[1]] - right, y[near[0]] - top
        window = np.exp(-(dx**2 + dy**2) / (2 * sd_deg**2))
        along = dx * np.cos(normal[number]) + dy * np.sin(normal[number])
        carrier = 2 * np.pi * spatial_frequency_cpd * along + phase[number]
        turn = (2 * np.pi * drift_hz[number] * times)[:, None, None]
        waves[(slice(None), *near)] += np.cos(turn) * (window * np.cos(carrier)) + np.sin(turn) * (
            window * np.sin(carrier)
        )
        windows[near] += window
        labels[near] = np.where(window > 0.5, SIGNAL if is_signal[number] else NOISE, labels[near])
    refuse_contrasts(contrast, mean_luminance)
    _refuse_overlap(float(windows.max()), contrast, mean_luminance)
    weights = make_aperture(display, aperture)
    labels *= weights > 0
    frames = np.clip(mean_luminance * (1 + contrast * waves * weights), 0, 1)  # of rounding alone
    step, angle = display.pixels_per_frame(speed_deg_per_s), np.deg2rad(direction_deg)
    velocity = step * np.array([np.cos(angle), -np.sin(angle)])
    flow = np.where(labels == SIGNAL, velocity[:, None, None], np.nan)
    facts: dict[str, Fact] = {
        "kind": "gabor array",
        "direction_deg": direction_deg % 360,
        "speed_deg_per_s": speed_deg_per_s,
        "coherence": coherence,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "contrast": contrast,
        "spacing_deg": spacing_deg,
        "sd_deg": sd_deg,
        "n_gabors": len(centres),
        "n_signal": int(is_signal.sum()),
        "seed": seed,
    }
    return make_clip(
        frames,
        display,
        flow=np.broadcast_to(flow, (n_frames, *flow.shape)),
        segmentation=np.broadcast_to(labels, frames.shape),
        facts=facts,
    )


def _grid(display: Display, spacing_deg: float, sd_deg: float) -> np.ndarray:
    """Places (gabor, 2), right and up, of the grid points whose Gabors are on the display to two standard deviations."""
    axes = []
    for name, n_pixels in (("width", display.n_cols), ("height", display.n_rows)):
        half = n_pixels / display.pixels_per_degree / 2 - 2 * sd_deg
        if half < 0:
            raise ValueError(
                f"a Gabor of sd_deg {sd_deg:g} does not fit the {name} of this display, "
                f"{n_pixels / display.pixels_per_degree:g} deg; make it smaller."
            )
        count = int(2 * half / spacing_deg) + 1
        axes.append((np.arange(count) - (count - 1) / 2) * spacing_deg)
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)


def _refuse_overlap(highest: float, contrast: float, mean_luminance: float) -> None:
    limit = min(1.0, 1 / mean_luminance - 1)
    if contrast * highest > limit + 1e-6:
        raise ValueError(
            f"Gabors of contrast {contrast:g} overlap to {contrast * highest:.3g} about a mean luminance of "
            f"{mean_luminance:g} and would leave luminance of 0 to 1; give a contrast of at most "
            f"{np.floor(1000 * limit / highest) / 1000:g}, a larger spacing_deg or a smaller sd_deg."
        )
