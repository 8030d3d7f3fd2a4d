"""Random-dot kinematograms: dots of which a share moves together."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .apertures import Aperture, make_aperture
from .clip import Fact, make_clip
from .display import Display
from .dot_motion import DotPaths, Rule, move_dots
from .parameters import refuse_infinite, seeded

NOISE, SIGNAL = 1, 2
# Parts per side of a pixel over which the disc of a dot is averaged.
PARTS = 3


def random_dots(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    speed_deg_per_s: float = 2.0,
    coherence: float = 1.0,
    rule: Rule = "movshon-newsome",
    density_per_deg2: float = 2.0,
    dot_diameter_deg: float = 0.2,
    lifetime_frames: int | None = None,
    direction_sd_deg: float = 0.0,
    interleaved: bool = False,
    luminances: Sequence[float] = (1.0,),
    background: float = 0.5,
    aperture: Aperture = None,
    seed: int = 0,
) -> xr.Dataset:
    """A random-dot kinematogram with anti-aliased dots at sub-pixel places.

    Rules, of which Scase, Braddick and Raymond (1996) and Pilly and Seitz (2009) compare what is seen:

    - ``"movshon-newsome"``: in each frame another random share of the dots is signal; the others are put at random places.
    - ``"white-noise"``: a dot stays signal or noise; noise dots are put at random places in each frame.
    - ``"brownian"``: a dot stays signal or noise; noise dots walk at the speed of the signal, each step in a random direction.
    - ``"random-direction"``: a dot stays signal or noise; each noise dot keeps a random direction of its own for its life.

    Parameters
    ----------
    display
        The screen; the dots live on a periodic field that is larger than it by a dot.
    n_frames
        Length.
    direction_deg, speed_deg_per_s
        Velocity of the signal; 0 = rightward, counter-clockwise.
    coherence
        Share of signal dots, 0 to 1.
    rule
        What signal and noise dots do.
    density_per_deg2
        Dots per square degree in each frame.
    dot_diameter_deg
        Diameter, at least a pixel.
    lifetime_frames
        Showings after which a dot is put at a random place, at least 2; no limit by default.
    direction_sd_deg
        Scatter (standard deviation) of the direction of each step of a signal dot.
    interleaved
        Three sets of dots are shown in turn, each displaced by three steps from its last showing (Movshon and Newsome).
    luminances
        Luminance of the dots, dealt out in turn: ``(1,)`` white, ``(0, 1)`` half of them black.
    background
        Luminance between the dots and outside the aperture.
    aperture
        Window, see `make_aperture`.
    seed
        Of all draws.

    Returns
    -------
    xarray.Dataset
        As `make_clip`. Segmentation 1 where a noise dot is, 2 where a signal dot is that goes on; the flow is the velocity
        of the signal at the pixels of signal dots, NaN elsewhere. ``n_dots`` counts the dots of a frame on the field.

    Raises
    ------
    ValueError
        If a parameter is out of range, a dot is smaller than a pixel, or a step is half the field or more.

    References
    ----------
    Newsome WT, Pare EB (1988) J Neurosci 8:2201-2211. Scase MO, Braddick OJ, Raymond JE (1996) Vision Research
    36:2579-2586. Pilly PK, Seitz AR (2009) Vision Research 49:1599-1612.
    """
    display.times(n_frames)
    refuse_infinite(direction_deg=direction_deg, dot_diameter_deg=dot_diameter_deg)
    _refuse(display, coherence, speed_deg_per_s, density_per_deg2, dot_diameter_deg, lifetime_frames, direction_sd_deg)
    values = np.array([background, *luminances], dtype=float)
    if len(values) < 2 or not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"dots of luminance {list(luminances)} on {background:g} are none; give luminances of 0 to 1.")
    weights = make_aperture(display, aperture)
    margin = dot_diameter_deg + 1 / display.pixels_per_degree
    width, height = (n / display.pixels_per_degree + margin for n in (display.n_cols, display.n_rows))
    angle = np.deg2rad(direction_deg)
    step = speed_deg_per_s / display.rate_hz * np.array([np.cos(angle), np.sin(angle)])
    longest = abs(step) * (3 if interleaved else 1)
    if longest[0] >= width / 2 or longest[1] >= height / 2:
        raise ValueError(
            f"a step of {np.hypot(*longest):.4g} deg is half the field of {width:.4g} x {height:.4g} deg or more, where it "
            "looks like a step the other way; lower the speed."
        )
    n_dots = max(1, round(density_per_deg2 * width * height))
    paths = move_dots(
        n_frames,
        n_dots,
        (width, height),
        (float(step[0]), float(step[1])),
        rule=rule,
        coherence=coherence,
        lifetime_frames=lifetime_frames,
        direction_sd_deg=direction_sd_deg,
        interleaved=interleaved,
        rng=seeded(seed),
    )
    of_dot = np.resize(np.asarray(luminances, dtype=float), n_dots)
    frames, labels = draw_dots(display, paths, dot_diameter_deg, of_dot, background)
    frames = background + (frames - background) * weights
    labels = labels * (weights > 0)
    velocity = np.array([1, -1]) * step * display.pixels_per_degree
    flow = np.where((labels == SIGNAL)[:, None], velocity[:, None, None], np.nan)
    facts: dict[str, Fact] = {
        "kind": "dots",
        "direction_deg": direction_deg % 360,
        "speed_deg_per_s": speed_deg_per_s,
        "coherence": coherence,
        "contrast": float((values.max() - values.min()) / (values.max() + values.min())) if values.any() else 0.0,
        "rule": rule,
        "density_per_deg2": density_per_deg2,
        "dot_diameter_deg": dot_diameter_deg,
        "n_dots": n_dots,
        "direction_sd_deg": direction_sd_deg,
        "interleaved": int(interleaved),
        "seed": seed,
    }
    if lifetime_frames is not None:
        facts["lifetime_frames"] = lifetime_frames
    return make_clip(frames, display, flow=flow, segmentation=labels, facts=facts)


def draw_dots(
    display: Display, paths: DotPaths, diameter_deg: float, luminances: np.ndarray, background: float
) -> tuple[np.ndarray, np.ndarray]:
    """Frames and labels ``(time, row, col)`` of dots: discs, averaged over each pixel.

    Parameters
    ----------
    display
        The screen.
    paths
        Where the dots are.
    diameter_deg
        Of a dot.
    luminances
        One per dot. Where dots overlap, brighter ones lie over darker ones.
    background
        Luminance between them.

    Returns
    -------
    frames : numpy.ndarray
        Luminance.
    labels : numpy.ndarray
        0 background, 1 noise, 2 signal, where a dot covers at least half of a pixel; signal lies over noise.
    """
    n_frames = len(paths.places_deg)
    radius = diameter_deg * display.pixels_per_degree / 2
    places = paths.places_deg * [1, -1] * display.pixels_per_degree + [
        (display.n_cols - 1) / 2,
        (display.n_rows - 1) / 2,
    ]
    reach = np.arange(-int(np.ceil(radius + 0.5)), int(np.ceil(radius + 0.5)) + 1)
    pad = len(reach)
    centre = np.rint(places).astype(int)
    off = reach - (places - centre)[..., None]  # (time, dot, 2, reach)
    cover = _cover(off[:, :, 0, None, :], off[:, :, 1, :, None], radius)
    # Dots reach beyond the display by less than ``pad``; the rim is cut off at the end.
    shape = (n_frames, display.n_rows + 2 * pad, display.n_cols + 2 * pad)
    rows = centre[:, :, 1, None, None] + reach[:, None] + pad
    columns = centre[:, :, 0, None, None] + reach + pad
    frame = np.arange(n_frames)[:, None, None, None]
    index = (frame * shape[1] + rows) * shape[2] + columns
    frames, labels = np.full(shape, float(background)), np.zeros(shape, np.int32)
    for value in np.unique(luminances):
        chosen = luminances == value
        covered = np.zeros(frames.size)
        np.maximum.at(covered, index[:, chosen].ravel(), cover[:, chosen].ravel())
        frames += (value - frames) * covered.reshape(shape)
    kinds = np.where(paths.is_signal & ~paths.is_replaced, SIGNAL, NOISE)[:, :, None, None] * (cover >= 0.5)
    np.maximum.at(labels.ravel(), index.ravel(), kinds.ravel())
    inside = np.s_[:, pad : pad + display.n_rows, pad : pad + display.n_cols]
    return frames[inside], labels[inside]


def _cover(across: np.ndarray, down: np.ndarray, radius: float) -> np.ndarray:
    """Share of each pixel that a disc covers: the mean over parts of the pixel, with a border as wide as a part."""
    parts = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    # The border adds 1 / 12 of its width squared to the square of the radius.
    inner = np.sqrt(radius**2 - 1 / (12 * PARTS**2))
    cover = np.zeros(np.broadcast_shapes(across.shape, down.shape))
    for right in parts:
        for below in parts:
            cover += np.clip((inner - np.sqrt((across + right) ** 2 + (down + below) ** 2)) * PARTS + 0.5, 0, 1)
    return cover / PARTS**2


def _refuse(
    display: Display,
    coherence: float,
    speed: float,
    density: float,
    diameter: float,
    lifetime: int | None,
    direction_sd: float,
) -> None:
    for name, value in (("speed_deg_per_s", speed), ("direction_sd_deg", direction_sd)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} of the dots is {value}; give a number of at least 0.")
    if not 0 <= coherence <= 1:
        raise ValueError(f"coherence is {coherence}; give the share of signal dots, 0 to 1.")
    if not (np.isfinite(density) and density > 0):
        raise ValueError(f"density_per_deg2 is {density}; give a positive number of dots per square degree.")
    if not diameter * display.pixels_per_degree >= 1:
        raise ValueError(
            f"dots of {diameter:g} deg are smaller than a pixel of this display, {1 / display.pixels_per_degree:g} deg; "
            "enlarge them or raise pixels_per_degree."
        )
    if lifetime is not None and lifetime < 2:
        raise ValueError(f"lifetime_frames is {lifetime}; a dot must be shown at least 2 times to move, or give None.")
