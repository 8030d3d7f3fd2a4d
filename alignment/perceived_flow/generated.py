"""Second-order motion in clips that were generated: a model's flow against the truth, beside what people reach.

The films that people judged were not published, so that a new model cannot be shown them. What can be asked is whether it sees
the motion of such regions at all, as people do: their judgements correlate with the truth almost perfectly.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

import data
from data.errors import DataNotAvailableError
from data.motion.judged_flow import trials_of, truth_of

from ..inference import bootstrap_weights, draw_interval, small_sample_factor
from ..inference.permutation import permutation_p
from .at_places import FlowModel, around, flow_of_clip, refuse_without_flow
from .ceilings import weighted_r
from .formulas import endpoint_error, joined
from .lucas_kanade import LucasKanade

OBSERVED = "motion/second-order"
# What the experiment calls a modulation that generators call otherwise.
NAME_THERE = {
    "water": "water-waves",
    "phase": "scrambled-phase",
    "warp": "random-warping",
    "drift_balanced": "drift-balanced",
}
FEWEST = 3


def score_generated(
    model: FlowModel,
    clips: Sequence[xr.Dataset],
    *,
    places: Sequence[tuple[int, int]] | None = None,
    window: int = 3,
    n_boot: int = 1000,
    n_permutations: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Correlation of a model's flow with the truth in each modulation, beside Lucas-Kanade's and that of observers.

    Each clip is judged at one place in its middle frame. Observers saw other films, of regions of the same kinds that are
    larger: theirs is the level to reach, not a score on these clips.

    Parameters
    ----------
    model
        See `FlowModel`.
    clips
        At least three of each modulation, each with ``frames`` ``(time, channel, row, col)``, ``flow`` ``(time, component, row,
        col)`` and the attribute ``modulation``, as ``simulators.vision.modulated_region`` makes them.
    places
        ``(row, col)`` of each clip; by default the middle of the moving pixels of the judged frame, or the moving pixel
        that is nearest to it.
    window
        Side of the square of pixels around a place over which the model's flow is averaged; odd.
    n_boot, n_permutations, seed
        Resamples of the clips of a modulation, permutations of the model's vectors among them, and the seed.

    Returns
    -------
    xarray.Dataset
        Along ``modulation``: ``r`` with bounds ``_low`` and ``_high`` and ``p``, ``epe`` (pixels per frame),
        ``lucas_kanade_r``, ``observers_r`` (mean response of all, with the truth of their films), ``observer_r`` (mean over
        single observers), ``n_clips``; scalars ``mean_r`` and ``observers_mean_r`` over these modulations and
        ``leave_one_out_r``, the correlation of each observer with the mean of the others, averaged over all modulations of
        the experiment. Observers' are NaN, with a note, where the experiment is not on this machine, and for modulations that
        it has not. Along ``clip``: ``row``, ``col``, ``modulation_of`` and, along ``component``, ``truth`` and ``seen``.

    Raises
    ------
    TypeError
        If the model estimates no flow.
    ValueError
        If a modulation has fewer than three clips, nothing moves in one, a place is outside, or a clip is too short.
    """
    refuse_without_flow(model)
    names = [str(clip.attrs.get("modulation", "")) for clip in clips]
    kinds = list(dict.fromkeys(names))
    few = [kind for kind in kinds if names.count(kind) < FEWEST]
    if not kinds or few or window < 1 or window % 2 == 0:
        raise ValueError(
            f"score_generated needs at least {FEWEST} clips of each modulation, named by the attribute 'modulation', and an "
            f"odd window; there are {', '.join(f'{names.count(kind)} of {kind!r}' for kind in kinds) or 'none'}, window "
            f"{window}."
        )
    if places is not None and len(places) != len(clips):
        raise ValueError(f"there are {len(places)} places for {len(clips)} clips; give one each.")
    plain, vectors = LucasKanade(), np.empty((3, len(clips), 2))
    at = np.empty((len(clips), 2), dtype=int)
    for number, clip in enumerate(clips):
        frame = clip.sizes["time"] // 2
        flow = clip["flow"].isel(time=frame).transpose("component", "row", "col").values.astype(float)
        at[number] = _middle(flow, number) if places is None else places[number]
        place = int(at[number, 0]), int(at[number, 1])
        shown = clip["frames"].assign_attrs(flow_frame=frame)
        flows = [flow_of_clip(one, shown, f"{number} ({names[number]})") for one in (model, plain)]
        vectors[0, number] = around(flow, *place, 1)
        vectors[1:, number] = [around(one, *place, window) for one in flows]
    if not np.isfinite(vectors).all():
        raise ValueError(
            f"{(~np.isfinite(vectors)).sum()} components of true or seen motion at the places are not finite."
        )
    truth, seen, beside = vectors
    rows = [np.flatnonzero(np.array(names) == kind) for kind in kinds]
    found = [_agreement(seen[some], truth[some], n_boot, n_permutations, seed) for some in rows]
    people, notes = _observers(kinds)
    columns: dict[str, object] = {
        name: ("modulation", [one[name] for one in found]) for name in ("r", "r_low", "r_high", "p", "epe")
    }
    columns |= {
        "lucas_kanade_r": ("modulation", [_r(beside[some], truth[some]) for some in rows]),
        "n_clips": ("modulation", [len(some) for some in rows]),
        "mean_r": float(np.mean([one["r"] for one in found])),
        "modulation_of": ("clip", names),
        "row": ("clip", at[:, 0]),
        "col": ("clip", at[:, 1]),
        "truth": (("clip", "component"), truth),
        "seen": (("clip", "component"), seen),
    }
    return xr.Dataset(
        columns | people,
        coords={"modulation": kinds, "component": ["right", "down"]},
        attrs={
            "model": getattr(model, "name", type(model).__name__),
            "window": window,
            "n_boot": n_boot,
            "n_permutations": n_permutations,
            "seed": seed,
            "notes": notes,
        },
    )


def _agreement(seen: np.ndarray, truth: np.ndarray, n_boot: int, n_permutations: int, seed: int) -> dict[str, float]:
    """R over both components with its interval over clips, p of permuted clips, and the mean end-point error."""
    rng = np.random.default_rng(seed)
    value = _r(seen, truth)
    weights = bootstrap_weights(len(truth), None, n_boot, seed)
    draws = weighted_r(joined(seen), joined(truth), weights)
    low, high = draw_interval(draws, value, factor=small_sample_factor(len(truth)))
    null = np.array([_r(seen[rng.permutation(len(seen))], truth) for _ in range(n_permutations)])
    p = permutation_p(null, np.asarray(value), exact=False, alternative="greater")
    epe = float(endpoint_error(seen, truth))
    return {"r": value, "r_low": max(float(low), -1.0), "r_high": min(float(high), 1.0), "p": float(p), "epe": epe}


def _observers(kinds: Sequence[str]) -> tuple[dict[str, object], str]:
    """What people reach in the experiment, and a note where it is not here."""
    nothing = np.full(len(kinds), np.nan)
    people, single, leave_one_out, note = nothing.copy(), nothing.copy(), float("nan"), ""
    try:
        dataset = data.load_dataset(OBSERVED, offline=True)
    except DataNotAvailableError as missing:
        note = str(missing)
    else:
        trials, truth = trials_of(dataset), truth_of(dataset)
        column = dataset.stimuli.table["modulation"].to_numpy(dtype=str)
        each = []
        for kind in np.unique(column):
            some = column == kind
            pairs = [(trials[k, some], np.delete(trials, k, axis=0)[:, some].mean(axis=0)) for k in range(len(trials))]
            each.append(np.mean([_r(*pair) for pair in pairs]))
            for place in (number for number, name in enumerate(kinds) if NAME_THERE.get(name, name) == kind):
                people[place] = _r(trials[:, some].mean(axis=0), truth[some])
                single[place] = np.mean([_r(one[some], truth[some]) for one in trials])
        leave_one_out = float(np.mean(each))
        unknown = [kind for kind, value in zip(kinds, people, strict=True) if np.isnan(value)]
        note = f"The experiment has no modulation {', '.join(unknown)}." if unknown else ""
    mean = float(people.mean())
    return {
        "observers_r": ("modulation", people),
        "observer_r": ("modulation", single),
        "observers_mean_r": mean,
        "leave_one_out_r": leave_one_out,
    }, note


def _r(one: np.ndarray, other: np.ndarray) -> float:
    return float(weighted_r(joined(one), joined(other), np.ones((1, len(one))))[0])


def _middle(flow: np.ndarray, number: int) -> np.ndarray:
    """Row and column of the moving pixel that is nearest to the mean of all moving ones."""
    moving = np.argwhere(np.nan_to_num(np.hypot(*flow)) > 0)
    if not len(moving):
        raise ValueError(f"nothing moves in the middle frame of clip {number}; give a place, or another clip.")
    return np.asarray(moving[((moving - moving.mean(axis=0)) ** 2).sum(axis=1).argmin()])
