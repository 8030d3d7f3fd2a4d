"""Endpoint errors of estimators of optical flow on scenes of known motion, by kind of scene, with intervals over scenes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from ..training.samples import Batch

NO_MOTION = "no motion"
REGIONS = ("all", "moving", "edges")
# Pixels per frame from which on a pixel counts as moving, and neighbours as moving differently.
MOVING, JUMP = 0.05, 0.5
EDGE_RADIUS = 2


class FlowScenes(Protocol):
    """Scenes to judge on, such as the held-out part of `neuromodels.motion.training_data.motion_scenes`."""

    kinds: Sequence[str]
    flow_frame: int

    def __len__(self) -> int:
        """Number of scenes."""

    def batch(self, rows: Sequence[int]) -> Batch:
        """Scenes by number: ``x`` ``(scene, time, channel, row, col)``, ``flow`` and ``kind``."""


class FlowEstimator(Protocol):
    """What gives flow: a motion network, a baseline of two frames, anything with these three."""

    n_frames: int
    flow_frame: int

    def flow(self, clips: Any) -> Any:
        """Flow ``(batch, 2, row, col)`` of clips ``(batch, n_frames, channel, row, col)``, from ``flow_frame`` to the next."""


def scene_errors(estimators: Mapping[str, FlowEstimator], scenes: FlowScenes, *, batch_size: int = 16) -> xr.DataArray:
    """Mean endpoint error of each estimator in each scene; that of no motion stands first.

    Each estimator sees the frames that put its ``flow_frame`` on that of the scenes. A network is given tensors, in
    evaluation mode and without gradient; all else arrays.

    Parameters
    ----------
    estimators
        By name.
    scenes
        To judge on.
    batch_size
        Scenes at a time.

    Returns
    -------
    xarray.DataArray
        ``(estimator, region, scene)`` in pixels per frame, with the coordinate ``kind`` along ``scene``. Regions are all
        pixels, those that move, and the edges: pixels within 2 of a jump of the true flow of at least 0.5 pixels per frame
        between neighbours. NaN where a scene has no pixel of a region.

    Raises
    ------
    ValueError
        If there is no estimator, one has the name of no motion, or one needs frames that the scenes do not have.
    """
    if not estimators or NO_MOTION in estimators:
        raise ValueError(f"estimators are {sorted(estimators)}; give at least one, none of which is {NO_MOTION!r}.")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; give at least 1.")
    found: list[np.ndarray] = []
    kinds: list[str] = []
    for start in range(0, len(scenes), batch_size):
        batch = scenes.batch(range(start, min(start + batch_size, len(scenes))))
        truth = batch["flow"].numpy()
        regions = _regions(truth)
        flows = [np.zeros_like(truth)]
        flows += [_flow(name, one, batch["x"], scenes.flow_frame) for name, one in estimators.items()]
        found.append(np.stack([_means(np.hypot(*np.moveaxis(flow - truth, 1, 0)), regions) for flow in flows]))
        kinds += [scenes.kinds[int(kind)] for kind in batch["kind"]]
    return xr.DataArray(
        np.concatenate(found, axis=2),
        dims=("estimator", "region", "scene"),
        coords={"estimator": [NO_MOTION, *estimators], "region": list(REGIONS), "kind": ("scene", kinds)},
        name="endpoint_error",
        attrs={"units": "pixels per frame"},
    )


def errors_by_kind(errors: xr.DataArray, *, n_resamples: int = 2000, level: float = 0.95, seed: int = 0) -> xr.Dataset:
    """Means over scenes of each kind and over all scenes, with intervals over scenes.

    Parameters
    ----------
    errors
        Of `scene_errors`.
    n_resamples
        Draws of scenes with replacement; all estimators share a draw.
    level
        Coverage of the percentile intervals.
    seed
        Of the draws.

    Returns
    -------
    xarray.Dataset
        ``(estimator, region, kind)``, the last kind being ``"all"``: ``mean``, ``low`` and ``high`` in pixels per frame;
        ``ratio``, ``ratio_low`` and ``ratio_high``, the mean divided by that of no motion; ``n_scenes`` ``(kind,)``.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    if n_resamples < 1 or not 0 < level < 1:
        raise ValueError(
            f"n_resamples is {n_resamples} and level {level}; give at least 1 draw and a level between 0 and 1."
        )
    names = np.asarray(errors["kind"])
    kinds = [*dict.fromkeys(names.tolist()), "all"]
    rng = np.random.default_rng(seed)
    tables = []
    for kind in kinds:
        values = errors.values[..., names == kind] if kind != "all" else errors.values
        drawn = rng.integers(values.shape[-1], size=(n_resamples, values.shape[-1]))
        means = _mean_of_known(values)
        resampled = np.stack([_mean_of_known(values[..., rows]) for rows in drawn])
        tables.append([means, *_interval(resampled, level), *_ratios(means, resampled, level)])
    names_of = ("mean", "low", "high", "ratio", "ratio_low", "ratio_high")
    stacked = np.moveaxis(np.array(tables), 0, -1)
    dims = ("estimator", "region", "kind")
    return xr.Dataset(
        {
            **{name: (dims, table) for name, table in zip(names_of, stacked, strict=True)},
            "n_scenes": ("kind", [len(names) if kind == "all" else int((names == kind).sum()) for kind in kinds]),
        },
        coords={"estimator": errors["estimator"].values, "region": errors["region"].values, "kind": kinds},
        attrs={"units": "pixels per frame", "level": level},
    )


def paired_difference(
    errors: xr.DataArray, first: str, second: str, *, n_resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> xr.Dataset:
    """Error of one estimator less that of another in the same scenes, below 0 where the first is better.

    Parameters
    ----------
    errors
        Of `scene_errors`.
    first, second
        Names of estimators.
    n_resamples, level, seed
        As in `errors_by_kind`.

    Returns
    -------
    xarray.Dataset
        ``(region, kind)``: ``mean``, ``low`` and ``high`` in pixels per frame.
    """
    difference = errors.sel(estimator=[first]) - errors.sel(estimator=second, drop=True)
    table = errors_by_kind(difference, n_resamples=n_resamples, level=level, seed=seed)
    return table[["mean", "low", "high"]].isel(estimator=0, drop=True)


def _flow(name: str, estimator: FlowEstimator, clips: Tensor, flow_frame: int) -> np.ndarray:
    first = flow_frame - estimator.flow_frame
    last = first + estimator.n_frames
    if first < 0 or last > clips.shape[1]:
        raise ValueError(
            f"{name!r} needs {estimator.n_frames} frames, {estimator.flow_frame} of them before frame {flow_frame}, and a "
            f"scene has {clips.shape[1]}; generate longer scenes."
        )
    seen = clips[:, first:last]
    if not isinstance(estimator, torch.nn.Module):
        return np.asarray(estimator.flow(seen.numpy()))
    reference = next(estimator.parameters())
    estimator.eval()
    with torch.no_grad():
        flow: Tensor = estimator.flow(seen.to(reference.device, reference.dtype))
    return flow.float().cpu().numpy()


def _regions(truth: np.ndarray) -> np.ndarray:
    """Masks ``(region, scene, row, col)`` of the pixels whose flow ``(scene, 2, row, col)`` is known."""
    speed = np.hypot(truth[:, 0], truth[:, 1])
    known = np.isfinite(speed)
    edges = np.zeros_like(known)
    for axis in (2, 3):
        step = np.diff(truth, axis=axis)
        jump = np.hypot(step[:, 0], step[:, 1]) >= JUMP
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis - 1], second[axis - 1] = slice(None, -1), slice(1, None)
        edges[tuple(first)] |= jump
        edges[tuple(second)] |= jump
    for _ in range(EDGE_RADIUS - 1):
        padded = np.pad(edges, ((0, 0), (1, 1), (1, 1)))
        edges = edges | padded[:, :-2, 1:-1] | padded[:, 2:, 1:-1] | padded[:, 1:-1, :-2] | padded[:, 1:-1, 2:]
    return np.stack([known, known & (speed > MOVING), known & edges])


def _means(lengths: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Means ``(region, scene)`` of ``(scene, row, col)``; NaN where a region is empty."""
    counts = regions.sum(axis=(2, 3))
    sums = np.where(regions, lengths, 0.0).sum(axis=(2, 3))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    counts = known.sum(axis=-1)
    return np.where(counts > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(counts, 1), np.nan)


def _interval(resampled: np.ndarray, level: float) -> np.ndarray:
    edges = [(1 - level) / 2, (1 + level) / 2]
    unknown = np.isnan(resampled).all(axis=0)
    bounds: np.ndarray = np.nanquantile(np.where(unknown, 0.0, resampled), edges, axis=0)
    return np.where(unknown, np.nan, bounds)


def _ratios(means: np.ndarray, resampled: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratios = means / means[0], resampled / resampled[:, :1]
    low, high = _interval(np.where(np.isfinite(ratios), ratios, np.nan), level)
    return ratio, low, high
