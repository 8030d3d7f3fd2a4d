"""Errors of models' optical flow in films whose true motion is known at every pixel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..inference import bootstrap_weights, draw_interval, small_sample_factor
from .at_places import FlowModel, flow_of_clip, frames_lacking, refuse_without_flow
from .lucas_kanade import LucasKanade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STILL = "zero flow"
MEASURES = ("endpoint_error", "angular_error_deg")


def endpoint_errors(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance between estimated and true vectors ``(row, col)`` of flows ``(2, row, col)``, in pixels."""
    return np.asarray(np.hypot(*(np.asarray(flow, float) - truth)))


def angular_errors(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Angle in degrees ``(row, col)`` between (u, v, 1) of the estimate and of the truth.

    References
    ----------
    Barron, Fleet, Beauchemin 1994, International Journal of Computer Vision 12:43-77, section 5.1.
    """
    one, other = (np.concatenate([np.asarray(part, float), np.ones((1, *part.shape[1:]))]) for part in (flow, truth))
    # The angle from both products: the arc cosine alone is blind to small angles.
    across = np.linalg.norm(np.cross(one, other, axis=0), axis=0)
    return np.asarray(np.degrees(np.arctan2(across, (one * other).sum(axis=0))))


def flow_errors(
    models: Mapping[str, FlowModel],
    sequences: Sequence[xr.Dataset],
    *,
    block: int = 32,
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """End-point and angular error of each model in each film, beside Lucas-Kanade's and those of no motion at all.

    Pixels without known motion do not count. Errors of neighbouring pixels go together, so that intervals draw square blocks
    of the picture, not pixels; all models are measured on the same draws. Films are not drawn.

    Parameters
    ----------
    models
        By name; see `FlowModel`.
    sequences
        ``frames`` ``(time, channel, row, col)`` and ``flow`` ``(component, row, col)``, right and down, with the attributes
        ``name`` and ``flow_frame``, as `data.motion.flow_sequence` opens them.
    block
        Side of a block, pixels.
    n_boot, seed
        Resamples of the blocks, and their seed.

    Returns
    -------
    xarray.Dataset
        Along ``flow_of`` (the models, ``Lucas-Kanade``, ``zero flow``) and ``sequence``: ``endpoint_error`` (mean, pixels per
        frame) and ``angular_error_deg``, each with ``_low`` and ``_high``; along ``flow_of``, their ``_mean`` over sequences;
        ``lacking``, why there is no number: a model that needs more frames than a film has is not left out but named, and
        its mean is NaN. Along ``sequence``: ``n_pixels`` whose motion is known, ``n_blocks``. Attribute ``notes``.

    Raises
    ------
    TypeError
        If a model estimates no flow.
    ValueError
        If a name is taken by a baseline or given twice, a film has no known motion, or a model's flow is not finite.
    """
    if not sequences or block < 1:
        raise ValueError(
            f"flow_errors needs films and a block of at least 1 pixel, received {len(sequences)} and {block}."
        )
    if taken := {STILL, LucasKanade().name} & set(models):
        raise ValueError(f"a model is called {sorted(taken)[0]!r}, as a baseline is; give another name.")
    names = [str(one.attrs["name"]) for one in sequences]
    if len(set(names)) < len(names):
        raise ValueError(f"films have equal names, {names}; give each its own.")
    for model in models.values():
        refuse_without_flow(model)
    rivals: dict[str, FlowModel | None] = {**models, LucasKanade().name: LucasKanade(), STILL: None}
    shape = (len(rivals), len(sequences))
    values = {f"{name}{part}": np.full(shape, np.nan) for name in MEASURES for part in ("", "_low", "_high")}
    lacking = np.full(shape, "", dtype=object)
    n_pixels, n_blocks = np.zeros(len(sequences), int), np.zeros(len(sequences), int)
    for column, sequence in enumerate(sequences):
        truth = sequence["flow"].transpose("component", "row", "col").values.astype(float)
        known = np.isfinite(truth).all(axis=0)
        if not known.any():
            raise ValueError(f"the motion of {names[column]} is known at no pixel; give another film.")
        number = _blocks(known, block)
        n_pixels[column], n_blocks[column] = known.sum(), number.max() + 1
        weights = bootstrap_weights(n_blocks[column], None, n_boot, seed)
        clip = sequence["frames"].assign_attrs(flow_frame=sequence.attrs["flow_frame"])
        for row, (name, rival) in enumerate(rivals.items()):
            if rival is not None and (reason := frames_lacking(rival, clip)):
                lacking[row, column] = reason
                continue
            flow = np.zeros_like(truth) if rival is None else flow_of_clip(rival, clip, names[column])
            if not np.isfinite(flow[:, known]).all():
                raise ValueError(
                    f"the flow of {name} is not finite at pixels of {names[column]} whose motion is known."
                )
            for measure, compute in zip(MEASURES, (endpoint_errors, angular_errors), strict=True):
                each = compute(flow, truth)[known]
                value, draws = each.mean(), _block_means(each, number, weights)
                low, high = draw_interval(draws, value, factor=small_sample_factor(n_blocks[column]))
                for part, bound in (("", value), ("_low", max(float(low), 0.0)), ("_high", high)):
                    values[f"{measure}{part}"][row, column] = bound
    dims = ("flow_of", "sequence")
    notes = [
        f"{name} on {film}: {why}."
        for name, line in zip(rivals, lacking, strict=True)
        for film, why in zip(names, line, strict=True)
        if why
    ]
    return xr.Dataset(
        {name: (dims, value) for name, value in values.items()}
        | {f"{name}_mean": ("flow_of", values[name].mean(axis=1)) for name in MEASURES}
        | {
            "lacking": (dims, lacking.astype(str)),
            "n_pixels": ("sequence", n_pixels),
            "n_blocks": ("sequence", n_blocks),
        },
        coords={"flow_of": list(rivals), "sequence": names},
        attrs={"block": block, "n_boot": n_boot, "seed": seed, "notes": " ".join(notes)},
    )


def flow_colours(flow: np.ndarray, largest: float) -> np.ndarray:
    """Colours ``(row, col, 3)`` from 0 to 1: hue for the direction, saturation for the speed; grey where unknown.

    Parameters
    ----------
    flow
        ``(2, row, col)``, right and down; rightward is red, hues run counter-clockwise.
    largest
        Speed of the full colour; faster ones have it too.
    """
    from matplotlib.colors import hsv_to_rgb

    known = np.isfinite(flow).all(axis=0)
    right, down = np.where(known, flow, 0)
    hue = np.arctan2(-down, right) / (2 * np.pi) % 1
    strength = np.clip(np.hypot(right, down) / largest, 0, 1)
    return np.where(known[..., None], hsv_to_rgb(np.stack([hue, strength, np.ones_like(hue)], axis=-1)), 0.5)


def plot_flow_errors(
    model: FlowModel, sequence: xr.Dataset, *, name: str = "", axes: "Sequence[Axes] | None" = None
) -> "Sequence[Axes]":
    """True flow, a model's flow and the length of its error, side by side.

    Parameters
    ----------
    model
        See `FlowModel`.
    sequence
        As for `flow_errors`.
    name
        Of the model, for the title; its own by default.
    axes
        Three axes to draw on; a new figure by default.

    Raises
    ------
    ValueError
        If the film has too few frames for the model.
    """
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
    truth = sequence["flow"].transpose("component", "row", "col").values.astype(float)
    clip = sequence["frames"].assign_attrs(flow_frame=sequence.attrs["flow_frame"])
    flow = flow_of_clip(model, clip, str(sequence.attrs["name"]))
    largest = float(np.nanmax(np.hypot(*truth))) or 1.0
    error = endpoint_errors(flow, truth)
    for ax, part in zip(axes, (truth, flow), strict=False):
        ax.imshow(flow_colours(part, largest))
    drawn = axes[2].imshow(error, cmap="viridis", vmin=0)
    titles = (
        str(sequence.attrs["name"]),
        name or str(getattr(model, "name", "model")),
        f"error, mean {np.nanmean(error):.2f}",
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
        ax.set_axis_off()
    assert axes[2].figure is not None
    axes[2].figure.colorbar(drawn, ax=axes[2], label="end-point error [pixels per frame]")
    return axes


def _blocks(known: np.ndarray, side: int) -> np.ndarray:
    """Number of the block, from 0 without gaps, of each known pixel, in the order of ``array[known]``."""
    rows, cols = (np.arange(n) // side for n in known.shape)
    number = rows[:, None] * (cols[-1] + 1) + cols
    return np.unique(number[known], return_inverse=True)[1].ravel()


def _block_means(values: np.ndarray, number: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over pixels ``(draw,)`` of blocks that count ``(draw, block)`` times."""
    totals, counts = np.bincount(number, weights=values), np.bincount(number)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weights @ totals / (weights @ counts))
