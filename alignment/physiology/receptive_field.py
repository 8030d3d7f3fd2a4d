"""Receptive fields in space and time: the mean picture before a response, by white noise."""

from typing import Literal

import numpy as np
import xarray as xr

from .conditions import Variables

Null = Literal["normal", "permutation"]


def receptive_field(
    stimuli: xr.DataArray,
    responses: xr.DataArray,
    *,
    n_lags: int = 8,
    null: Null = "normal",
    alpha: float = 0.05,
    n_permutations: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """Response-triggered average of white noise, per unit, with the pixels that stand out from chance.

    With pictures s, responses r and their means, over n moments::

        average(lag, pixel) = sum_t (r_t - r) (s_(t - lag, pixel) - s) / sum_t |r_t - r|
        z(lag, pixel)       = correlation of r_t and s_(t - lag, pixel) times sqrt(n)

    The average is the mean of the noise that each unit of response adds; for spike counts it is the spike-triggered average up
    to a factor. Units that do not care about the sign of contrast (complex cells) have none, whatever their receptive field.

    Parameters
    ----------
    stimuli
        ``(stimulus, time, row, col)`` noise, uncorrelated over pixels and frames, with or without an axis ``channel`` of one;
        ``(time, row, col)`` for a single clip.
    responses
        ``(stimulus, time, unit)``, moment by moment, the last to the last frame; there may be fewer moments than frames, as
        in a model whose filters need some. Or ``(stimulus, unit)``, one response after each clip, as a model gives that
        averages over time. Without ``stimulus`` for a single clip.
    n_lags
        Frames back that are looked at, the frame of the response itself included.
    null
        ``"normal"``: the threshold is that of a normal z, Bonferroni over lags and pixels. ``"permutation"``: the largest
        |z| with responses permuted among clips, or within a single clip shifted in time; slower, and for whatever noise.
    alpha
        Chance that a unit without receptive field has any pixel that stands out.
    n_permutations, seed
        For ``"permutation"``.

    Returns
    -------
    xarray.Dataset
        Along ``lag`` (0 the latest), ``row``, ``col`` and ``unit``: ``average`` (luminance), ``z``, ``significant``. Along
        ``unit``: ``threshold`` of |z|, ``n_significant``, and where there are any ``peak_lag``, ``centre_row`` and
        ``centre_col`` (mean of the places that stand out, weighted with z^2; pixels), else NaN.

    Raises
    ------
    ValueError
        If shapes do not fit, or there are too few moments.

    References
    ----------
    Chichilnisky 2001, Network 12:199. Ringach & Shapley 2004, Cognitive Science 28:147.
    """
    frames, answers = _aligned(stimuli, responses)
    n_clips, n_frames, n_rows, n_cols = frames.shape
    n_times, n_units = answers.shape[1:]
    if not 1 <= n_lags <= n_frames:
        raise ValueError(f"n_lags is {n_lags}; the clips have {n_frames} frames.")
    if null not in ("normal", "permutation"):
        raise ValueError(f"null must be 'normal' or 'permutation', received {null!r}.")
    # Moments whose whole past was shown.
    first = max(0, n_lags - 1 - (n_frames - n_times))
    used = answers[:, first:]
    n_moments = n_clips * used.shape[1]
    if n_moments < 10:
        raise ValueError(f"an average needs at least 10 responses, received {n_moments}; show more noise.")
    pull = used - used.mean(axis=(0, 1))
    size = np.abs(pull).sum(axis=(0, 1))
    spread = np.sqrt((pull**2).mean(axis=(0, 1)))
    varies = spread > 1e-10 * np.abs(used).max(axis=(0, 1))
    centred = frames - frames.mean(axis=(0, 1))
    sums, deviation = _lagged_sums(centred, pull, n_lags)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(varies, sums / (deviation[..., None] * spread * np.sqrt(n_moments)), np.nan)
        average = np.where(varies, sums / size, np.nan)
    z = np.where(deviation[..., None] > 0, z, 0.0)
    if null == "normal":
        threshold = np.full(n_units, _normal_threshold(alpha, z[..., 0].size))
    else:
        threshold = _permuted_threshold(centred, pull, n_lags, deviation, spread, alpha, n_permutations, seed)
    with np.errstate(invalid="ignore"):
        significant = np.abs(z) > threshold
    found = {
        "average": (("lag", "row", "col", "unit"), average),
        "z": (("lag", "row", "col", "unit"), z),
        "significant": (("lag", "row", "col", "unit"), significant),
        "threshold": ("unit", np.where(varies, threshold, np.nan)),
        "n_significant": ("unit", significant.sum(axis=(0, 1, 2))),
        **_places(z, significant),
    }
    notes = []
    if not varies.all():
        notes.append(
            f"{int((~varies).sum())} of {n_units} units always respond alike and have no receptive field: NaN."
        )
    if empty := int((~significant.any(axis=(0, 1, 2)) & varies).sum()):
        notes.append(f"{empty} of {n_units} units have no pixel that stands out from chance.")
    coords: dict[str, object] = {"lag": np.arange(n_lags), "row": np.arange(n_rows), "col": np.arange(n_cols)}
    coords |= {str(name): coord for name, coord in responses.coords.items() if coord.dims == ("unit",)}
    attrs = {"n_units": n_units, "n_moments": n_moments, "null": null, "alpha": alpha, "seed": seed}
    result = xr.Dataset(found, coords=coords, attrs={**attrs, "notes": " ".join(notes)})
    if "rate_hz" in stimuli.attrs:
        result = result.assign_coords(lag_ms=("lag", np.arange(n_lags) * 1000 / float(stimuli.attrs["rate_hz"])))
    return result


def _aligned(stimuli: xr.DataArray, responses: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """``(stimulus, time, row, col)`` frames and ``(stimulus, time, unit)`` responses."""
    if "channel" in stimuli.dims:
        if stimuli.sizes["channel"] != 1:
            raise ValueError(f"noise has {stimuli.sizes['channel']} channels; give luminance.")
        stimuli = stimuli.isel(channel=0)
    if set(stimuli.dims) not in ({"stimulus", "time", "row", "col"}, {"time", "row", "col"}):
        raise ValueError(f"noise must be ([stimulus,] time, [channel,] row, col), received {tuple(stimuli.dims)}.")
    single = "stimulus" not in stimuli.dims
    frames = (stimuli.expand_dims("stimulus") if single else stimuli).transpose("stimulus", "time", "row", "col")
    answers = responses
    if single and "stimulus" not in answers.dims:
        answers = answers.expand_dims("stimulus")
    if "time" not in answers.dims:
        answers = answers.expand_dims("time")
    if set(answers.dims) != {"stimulus", "time", "unit"} or answers.sizes["stimulus"] != frames.sizes["stimulus"]:
        raise ValueError(
            f"responses {dict(responses.sizes)} do not fit noise {dict(stimuli.sizes)}; give ([stimulus,] [time,] unit) "
            "with the same stimuli."
        )
    answers = answers.transpose("stimulus", "time", "unit")
    if answers.sizes["time"] > frames.sizes["time"]:
        raise ValueError(
            f"there are {answers.sizes['time']} moments of response to {frames.sizes['time']} frames; bin the responses to "
            "frames."
        )
    values, picture = np.asarray(answers.values, float), np.asarray(frames.values, float)
    if not (np.isfinite(values).all() and np.isfinite(picture).all()):
        raise ValueError("noise and responses must be finite; leave out what was not recorded.")
    return picture, values


def _lagged_sums(centred: np.ndarray, pull: np.ndarray, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of response times picture ``(lag, row, col, unit)``, and the pictures' deviation ``(lag, row, col)``."""
    n_frames, n_rows, n_cols = centred.shape[1:]
    n_times, n_units = pull.shape[1:]
    sums = np.empty((n_lags, n_rows * n_cols, n_units))
    deviation = np.empty((n_lags, n_rows * n_cols))
    flat = pull.reshape(-1, n_units)
    for lag in range(n_lags):
        stop = n_frames - lag
        shown = centred[:, stop - n_times : stop].reshape(-1, n_rows * n_cols)
        sums[lag] = shown.T @ flat
        deviation[lag] = np.sqrt((shown**2).mean(axis=0))
    return sums.reshape(n_lags, n_rows, n_cols, n_units), deviation.reshape(n_lags, n_rows, n_cols)


def _normal_threshold(alpha: float, n_places: int) -> float:
    from scipy.special import ndtri

    return float(-ndtri(alpha / (2 * n_places)))


def _permuted_threshold(
    centred: np.ndarray,
    pull: np.ndarray,
    n_lags: int,
    deviation: np.ndarray,
    spread: np.ndarray,
    alpha: float,
    n_permutations: int,
    seed: int,
) -> np.ndarray:
    """``(unit,)`` quantile of the largest |z| with responses given to other pictures."""
    rng = np.random.default_rng(seed)
    n_moments = pull.shape[0] * pull.shape[1]
    largest = np.empty((n_permutations, pull.shape[2]))
    for number in range(n_permutations):
        if len(pull) >= 10:
            moved = pull[rng.permutation(len(pull))]
        else:
            moved = np.roll(pull, int(rng.integers(n_lags, pull.shape[1] - n_lags)), axis=1)
        sums, _ = _lagged_sums(centred, moved, n_lags)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.abs(sums) / (deviation[..., None] * spread * np.sqrt(n_moments))
        largest[number] = np.where(deviation[..., None] > 0, z, 0.0).max(axis=(0, 1, 2))
    return np.asarray(np.quantile(largest, 1 - alpha, axis=0))


def _places(z: np.ndarray, significant: np.ndarray) -> Variables:
    n_lags, n_rows, n_cols, n_units = z.shape
    weight = np.where(significant, np.nan_to_num(z) ** 2, 0.0)
    total = weight.sum(axis=(0, 1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        row = np.einsum("lrcu,r->u", weight, np.arange(n_rows)) / total
        col = np.einsum("lrcu,c->u", weight, np.arange(n_cols)) / total
    peak = weight.reshape(n_lags, -1, n_units).max(axis=1).argmax(axis=0)
    return {
        "peak_lag": ("unit", np.where(total > 0, peak, np.nan)),
        "centre_row": ("unit", row),
        "centre_col": ("unit", col),
    }
