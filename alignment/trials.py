"""From presentations to trials: one array ``(repetition, stimulus, neuroid)``, gaps as declared, nothing dropped unsaid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from data.stimuli import StimulusSet

Missing = Literal["refuse", "average"]


@dataclass(frozen=True)
class Trials:
    """Responses of one protocol, ready to be averaged and halved.

    Attributes
    ----------
    values : xarray.DataArray
        ``(repetition, stimulus, neuroid)`` in the order of the stimulus table; NaN where a repetition is missing. Time
        bins are further neuroids, told apart by ``time_bin_start_ms`` and ``time_bin_end_ms``.
    left_out : tuple of str
        ids of neuroids that were left out because they had gaps or never changed.
    notes : tuple of str
        Sentences on what is missing.
    n_missing : int
        Single responses that are absent although their stimulus was shown to others or in other repetitions.
    """

    values: xr.DataArray
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    n_missing: int

    @property
    def mean(self) -> np.ndarray:
        """``(stimulus, neuroid)`` mean over the repetitions that are there."""
        values = self.values.values
        if self.n_missing == 0:
            return values.mean(axis=0)
        return np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)


def arrange_trials(
    responses: xr.DataArray | None,
    stimuli: StimulusSet,
    name: str,
    *,
    neuroids: Sequence[str] | None = None,
    missing: Missing = "refuse",
    drop_invalid: bool = False,
) -> Trials:
    """Sort presentations into trials.

    Parameters
    ----------
    responses
        ``(presentation, neuroid[, time_bin])`` with ``stimulus_id`` and ``repetition`` per presentation.
    stimuli
        Their stimuli; the table's order becomes the order of the trials.
    name
        Dataset, for messages.
    neuroids
        ids of the neuroids to keep, in this order.
    missing
        ``"refuse"`` unequal repetitions and NaN, or ``"average"`` the repetitions that are there.
    drop_invalid
        Leave out neuroids that have no response at all to some stimulus, or the same to all, instead of refusing them.

    Raises
    ------
    ValueError
        For ids without a partner, unequal repetitions, gaps and constant neuroids that were not declared.
    """
    if missing not in get_args(Missing):
        raise ValueError(f"missing must be one of {', '.join(get_args(Missing))}, received {missing!r}.")
    if responses is None:
        raise ValueError(f"{name} holds dissimilarities, no responses; only a benchmark with metric='rsa' can use it.")
    if neuroids is not None:
        responses = _chosen(responses, neuroids, name)
    flat = _flat_time(responses)
    ids = flat["stimulus_id"].values.astype(str)
    _check_ids(ids, stimuli, name)
    counts = pd.Series(ids).value_counts()
    unequal = counts.nunique() != 1
    if unequal and missing == "refuse":
        raise ValueError(
            f"stimuli of {name} are repeated between {counts.min()} and {counts.max()} times; average what is there with "
            "missing='average' in the benchmark, or drop the extra repetitions."
        )
    values = _cube(flat.values, ids, flat["repetition"].values, stimuli.ids, int(counts.max()))
    shown = np.arange(len(values))[:, None] < counts.loc[stimuli.ids].to_numpy()
    absent = len(stimuli) * int(counts.max()) - len(ids)
    gaps = int(np.isnan(values).sum()) - absent * values.shape[2]
    keep, left_out = _valid(values, shown, flat["neuroid_id"].values.astype(str), name, missing, drop_invalid)
    notes = []
    if unequal:
        notes.append(
            f"stimuli were repeated between {counts.min()} and {counts.max()} times; the mean is over what is there."
        )
    if missing == "average" and gaps:
        notes.append(
            f"{gaps} of {flat.size} single responses are NaN; the mean is over the repetitions that are there."
        )
    if left_out:
        unique = list(dict.fromkeys(left_out))
        notes.append(f"{len(left_out)} neuroids with NaN or constant responses were left out: {', '.join(unique[:5])}.")
    coords = {str(key): ("neuroid", coord.values) for key, coord in flat.coords.items() if coord.dims == ("neuroid",)}
    array = xr.DataArray(
        values,
        dims=("repetition", "stimulus", "neuroid"),
        coords={**coords, "stimulus_id": ("stimulus", np.asarray(stimuli.ids))},
        attrs=responses.attrs,
    ).isel(neuroid=keep)
    return Trials(array, tuple(left_out), tuple(notes), int(np.isnan(array.values).sum()))


def no_trials(stimuli: StimulusSet) -> Trials:
    """Trials of a dataset without responses."""
    values = xr.DataArray(
        np.empty((0, len(stimuli), 0)),
        dims=("repetition", "stimulus", "neuroid"),
        coords={"stimulus_id": ("stimulus", np.asarray(stimuli.ids))},
    )
    return Trials(values, (), (), 0)


def _chosen(responses: xr.DataArray, neuroids: Sequence[str], name: str) -> xr.DataArray:
    known = responses["neuroid_id"].values.tolist()
    absent = [one for one in neuroids if one not in known]
    if absent:
        raise ValueError(f"{name} has no neuroid {absent[0]!r}; it has {', '.join(known[:8])}.")
    return responses.isel(neuroid=[known.index(one) for one in neuroids])


def _flat_time(responses: xr.DataArray) -> xr.DataArray:
    """Time bins become neuroids: a response in a bin is what a mapping predicts and a ceiling belongs to."""
    if responses.ndim == 2:
        return responses
    responses = responses.transpose("presentation", "neuroid", "time_bin")
    n_neuroids, n_bins = responses.shape[1:]
    coords: dict[str, tuple[str, np.ndarray]] = {}
    for key, coord in responses.coords.items():
        if coord.dims == ("presentation",):
            coords[str(key)] = ("presentation", coord.values)
        elif coord.dims == ("neuroid",):
            coords[str(key)] = ("neuroid", np.repeat(coord.values, n_bins))
        elif coord.dims == ("time_bin",):
            coords[str(key)] = ("neuroid", np.tile(coord.values, n_neuroids))
    values = responses.values.reshape(len(responses), -1)
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords, attrs=responses.attrs)


def _check_ids(ids: np.ndarray, stimuli: StimulusSet, name: str) -> None:
    shown, known = set(ids.tolist()), set(stimuli.ids)
    unknown = sorted(shown - known)
    absent = [key for key in stimuli.ids if key not in shown]
    if unknown or absent:
        raise ValueError(
            f"presentations and stimuli of {name} do not match: {len(unknown)} presentation ids are no stimulus "
            f"(first: {unknown[:1]}), {len(absent)} stimuli have no presentation (first: {absent[:1]}); mend the ids."
        )


def _cube(
    values: np.ndarray, ids: np.ndarray, repetition: np.ndarray, order: Sequence[str], n_repetitions: int
) -> np.ndarray:
    """``(repetition, stimulus, neuroid)``; repetitions of a stimulus in the order of their numbers, NaN after the last."""
    place = pd.Index(order).get_indexer(pd.Index(ids))
    rows = np.lexsort((np.asarray(repetition), place))
    starts = np.searchsorted(place[rows], np.arange(len(order)))
    rank = np.arange(len(rows)) - starts[place[rows]]
    dtype = np.result_type(values.dtype, np.float32)
    cube = np.full((n_repetitions, len(order), values.shape[1]), np.nan, dtype=dtype)
    cube[rank, place[rows]] = values[rows]
    return cube


def _valid(
    values: np.ndarray, shown: np.ndarray, ids: np.ndarray, name: str, missing: Missing, drop: bool
) -> tuple[np.ndarray, list[str]]:
    """Positions of neuroids that can be scored, and the ids of the others; ``shown (repetition, stimulus)``."""
    finite = np.isfinite(values)
    infinite = np.isinf(values).any(axis=(0, 1))
    # Where nothing is averaged, every stimulus has as many repetitions as any other: all that is not finite is a gap.
    enough = finite.any(axis=0).all(axis=0) if missing == "average" else finite.all(axis=(0, 1))
    gappy = ~enough | infinite
    count = np.maximum(finite.sum(axis=0), 1)
    means = np.where(finite, values, 0).sum(axis=0) / count
    constant = ~gappy & (np.ptp(means, axis=0) == 0)
    bad = gappy | constant
    if bad.any() and not drop:
        first = int(np.flatnonzero(bad)[0])
        gaps = int((shown & ~finite[..., first]).sum())
        state = f"{gaps} NaN or infinite among {int(shown.sum())} responses" if gappy[first] else "a constant response"
        average = "" if missing == "average" or constant[first] else "average over gaps with missing='average', "
        raise ValueError(
            f"neuroid {str(ids[first])!r} of {name} has {state} ({int(bad.sum())} of {len(ids)} neuroids are like this); "
            f"mend the data, {average}or leave such neuroids out with drop_invalid=True (`--drop-invalid`): the score then "
            "says which."
        )
    if bad.all():
        raise ValueError(f"no neuroid of {name} has finite, varying responses; nothing can be scored.")
    return np.flatnonzero(~bad), ids[bad].tolist()
