"""A dataset from arrays in memory, or from a response file and a stimulus file of your own."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from .access import sha256_of
from .assembly import load_responses, make_responses
from .dataset import DatasetInfo, NeuralDataset
from .errors import DataNotAvailableError
from .splits import SplitSpec
from .stimuli import StimulusSet, load_stimulus_set


def dataset_from_arrays(
    name: str,
    stimuli: "StimulusSet | Sequence[str] | np.ndarray",
    responses: np.ndarray,
    *,
    group: npt.ArrayLike | None = None,
    neuroid: Mapping[str, npt.ArrayLike] | None = None,
    time_bin: Mapping[str, npt.ArrayLike] | None = None,
    unit: str = "1",
    citation: str = "none given",
    licence: str = "none stated",
    split: SplitSpec | None = None,
) -> NeuralDataset:
    """Dataset of your own arrays.

    Parameters
    ----------
    name
        ``family/name`` in lower case.
    stimuli
        Texts, an array ``(stimulus, ...)``, or a `StimulusSet`.
    responses
        ``(stimulus, neuroid)`` means or ``(repetition, stimulus, neuroid[, time_bin])`` single responses; NaN in a
        repetition that was not recorded for any neuroid leaves that presentation out, which the dataset's notes count.
    group
        ``(stimulus,)`` labels of stimuli that belong together (passage, story, movie): folds never divide them.
    neuroid
        Coordinates per neuroid such as ``subject`` and ``region``; ``neuroid_id`` is numbered unless given.
    time_bin
        ``time_bin_start_ms`` and ``time_bin_end_ms`` where there are four axes.
    unit
        Unit of the responses.
    citation, licence
        Of the recording.
    split
        Default split; unless given, scoring takes one that cannot leak.

    Raises
    ------
    ValueError
        If shapes do not fit each other.
    """
    if np.asarray(responses).dtype.kind not in "fiub":
        raise ValueError(
            f"responses of {name} must be real numbers, received type {np.asarray(responses).dtype}; convert them first."
        )
    values = np.asarray(responses, dtype=float)
    if values.ndim == 2:
        values = values[None]
    if values.ndim not in (3, 4) or (values.ndim == 4) != (time_bin is not None):
        raise ValueError(
            "responses must be (stimulus, neuroid) or (repetition, stimulus, neuroid[, time_bin]) with time_bin given "
            f"exactly if there are four axes, received shape {np.shape(responses)}."
        )
    n_repetitions, n_stimuli, n_neuroids = values.shape[:3]
    table = _stimuli(name, stimuli, group)
    if len(table) != n_stimuli:
        raise ValueError(f"{name} has {len(table)} stimuli, but responses to {n_stimuli}; give one row per stimulus.")
    flat = values.reshape(n_repetitions * n_stimuli, *values.shape[2:])
    shown = ~np.isnan(flat).all(axis=tuple(range(1, flat.ndim)))
    coords = dict(neuroid or {})
    coords.setdefault("neuroid_id", [f"n{number:0{len(str(n_neuroids - 1))}d}" for number in range(n_neuroids)])
    array = make_responses(
        flat[shown],
        presentation={
            "stimulus_id": np.tile(table.ids, n_repetitions)[shown],
            "repetition": np.repeat(np.arange(n_repetitions), n_stimuli)[shown],
        },
        neuroid=coords,
        time_bin=time_bin,
        unit=unit,
    )
    empty = int(np.count_nonzero(~shown))
    note = f"{empty} of {len(flat)} presentations hold no response at all and were left out." if empty else ""
    return _dataset(
        name,
        table,
        array,
        citation,
        licence,
        split,
        {"arrays": hashlib.sha256(np.ascontiguousarray(array.values).data).hexdigest()},
        note,
    )


def dataset_from_files(
    name: str,
    responses: str | Path,
    stimuli: str | Path,
    *,
    group: str | None = None,
    citation: str = "none given",
    licence: str = "none stated",
    split: SplitSpec | None = None,
) -> NeuralDataset:
    """Dataset of a response file and a stimulus file.

    Parameters
    ----------
    name
        ``family/name`` in lower case.
    responses
        netCDF file of `save_responses`.
    stimuli
        ``.nc`` file of ``simulators.save_stimulus_set`` (with its ``.json``), or a ``.csv`` table with columns
        ``stimulus_id`` and ``text``.
    group
        Column of stimuli that belong together.
    citation, licence, split
        As in `dataset_from_arrays`.

    Raises
    ------
    DataNotAvailableError
        If a file is missing.
    ValueError
        If a file is not what it should be.
    """
    paths = {"responses": Path(responses), "stimuli": Path(stimuli)}
    for what, path in paths.items():
        if not path.is_file():
            raise DataNotAvailableError(f"{what} of {name}: {path} does not exist; mend the path.")
    if paths["stimuli"].suffix == ".csv":
        try:
            table = pd.read_csv(paths["stimuli"], dtype={"stimulus_id": str})
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(f"stimuli of {name}: {paths['stimuli']} is no CSV table ({error}).") from None
        found = StimulusSet(paths["stimuli"].stem, table, group=group)
    else:
        loaded = load_stimulus_set(paths["stimuli"])
        found = StimulusSet(loaded.name, loaded.table, group=group or loaded.group, arrays=loaded.arrays)
    try:
        array = load_responses(paths["responses"])
    except OSError as error:
        raise ValueError(f"responses of {name}: {paths['responses']} is no netCDF file ({error}).") from None
    hashes = {f"{what}: {path.name}": sha256_of(path) for what, path in paths.items()}
    return _dataset(name, found, array, citation, licence, split, hashes)


def _stimuli(
    name: str, stimuli: "StimulusSet | Sequence[str] | np.ndarray", group: npt.ArrayLike | None
) -> StimulusSet:
    if group is not None and len(np.asarray(group)) != len(stimuli):
        raise ValueError(f"{name} has {len(stimuli)} stimuli and {len(np.asarray(group))} group labels; give one each.")
    if isinstance(stimuli, StimulusSet):
        if group is None:
            return stimuli
        return StimulusSet(stimuli.name, stimuli.table.assign(group=np.asarray(group)), "group", stimuli.arrays)
    n = len(stimuli)
    table = pd.DataFrame({"stimulus_id": [f"s{number:0{len(str(max(n - 1, 1)))}d}" for number in range(n)]})
    if group is not None:
        labels = pd.Series(np.asarray(group))
        if labels.isna().any():
            raise ValueError(f"{name} has stimuli without a group label; give every stimulus one.")
        table["group"] = labels.to_numpy()
    column = None if group is None else "group"
    if not isinstance(stimuli, np.ndarray):
        return StimulusSet(name, table.assign(text=list(stimuli)), column)
    dims = ("stimulus", *(f"axis_{number}" for number in range(1, stimuli.ndim)))
    return StimulusSet(name, table, column, xr.DataArray(stimuli, dims=dims))


def _dataset(
    name: str,
    stimuli: StimulusSet,
    responses: xr.DataArray,
    citation: str,
    licence: str,
    split: SplitSpec | None,
    provenance: dict[str, str],
    notes: str = "",
) -> NeuralDataset:
    info = DatasetInfo(
        name=name,
        summary=f"own recording, {responses.sizes['neuroid']} neuroids",
        citation=citation,
        licence=licence,
        access="own copy",
        how_to_get="It was given by its owner.",
        units=str(responses.attrs.get("unit", "1")),
        notes=notes,
        splits={split.name: split} if split else {},
    )
    return NeuralDataset(info, responses, stimuli, info.splits, provenance)
