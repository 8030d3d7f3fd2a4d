"""Stimulus sets and whole recordings of Brain-Score as ours, and our stimuli as theirs.

Brain-Score names one file per stimulus. Files of numbers (``.npy``) and texts (``.txt``, or a column) are read here;
anything else, images above all, needs the preprocessing that its model was made with.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data.dataset import DatasetInfo, NeuralDataset
from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .assemblies import from_assembly
from .environment import BrainScoreEnvironmentError, require_any, torchvision_advice

if TYPE_CHECKING:
    from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet

Preprocessing = Callable[[Sequence[Path]], npt.ArrayLike]
TEXT_COLUMNS = ("text", "sentence")
FACTS = "neuromodels"  # what only our stimulus sets state, kept in the attributes of theirs


def from_stimulus_set(
    stimulus_set: pd.DataFrame,
    *,
    preprocess: Preprocessing | None = None,
    column: str | None = None,
    dims: Sequence[str] | None = None,
    group: str | None = None,
    name: str | None = None,
) -> StimulusSet:
    """Stimuli from a Brain-Score stimulus set.

    Parameters
    ----------
    stimulus_set
        Table with ``stimulus_id``; ``stimulus_paths`` maps ids to files.
    preprocess
        Takes paths and returns an array ``(stimulus, ...)``; needed for images and any other file that is neither
        ``.npy`` nor ``.txt``.
    column
        Column that holds the stimuli themselves: texts, or one array per row. By default ``text`` or ``sentence`` if
        the table has one, else the files are read.
    dims
        Names of an array's axes after ``stimulus``.
    group
        Column whose values mark stimuli that belong together.
    name
        Name for provenance; the identifier of the stimulus set by default.

    Raises
    ------
    ValueError
        If the stimuli can be had neither from a column nor from files that are read here.
    """
    facts = dict(stimulus_set.attrs.get(FACTS, {}))
    table = pd.DataFrame({str(key): stimulus_set[key].to_numpy() for key in stimulus_set})
    label = str(name or getattr(stimulus_set, "identifier", None) or "Brain-Score stimuli")
    group = group or facts.get("group")
    if "stimulus_id" not in table:
        raise ValueError(f"stimulus set {label!r} has no column stimulus_id, only {', '.join(map(str, table))}.")
    content = _content(stimulus_set, table, preprocess, column, label)
    if isinstance(content, list):
        return StimulusSet(label, table.drop(columns=_unhashable(table)).assign(text=content), group=group)
    if len(content) != len(table):
        raise ValueError(
            f"preprocessing gave {len(content)} rows for {len(table)} stimuli of {label!r}; it must return one row per path."
        )
    axes = dims or facts.get("dims") or [f"axis_{number}" for number in range(1, content.ndim)]
    if len(axes) != content.ndim - 1:
        raise ValueError(f"dims {list(axes)} do not fit stimuli of shape {content.shape[1:]}; name every axis once.")
    attrs = {key: facts[key] for key in ("rate_hz", "unit") if key in facts}
    arrays = xr.DataArray(content, dims=("stimulus", *axes), attrs=attrs)
    return StimulusSet(label, table.drop(columns=_unhashable(table)), group=group, arrays=arrays)


def to_stimulus_set(
    stimuli: StimulusSet, folder: str | Path, *, identifier: str | None = None
) -> "BrainScoreStimulusSet":
    """Brain-Score stimulus set from stimuli; one file per stimulus is written.

    Parameters
    ----------
    stimuli
        Texts or arrays.
    folder
        Where a folder named after the identifier is made, with ``.txt`` or ``.npy`` files.
    identifier
        By default the name with a hash of the content, so that Brain-Score's caches, which go by identifiers, cannot
        confuse two versions of a set.
    """
    require_any()
    from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet

    label = identifier or f"{_safe(stimuli.name)}-{stimuli.content_hash()[:12]}"
    place = Path(folder) / _safe(label)
    place.mkdir(parents=True, exist_ok=True)
    paths = {}
    for number, (key, item) in enumerate(zip(stimuli.ids, stimuli.items(), strict=True)):
        file = place / f"{number:06d}_{_safe(key)[:80]}"
        if isinstance(item, str):
            file = file.with_name(f"{file.name}.txt")
            file.write_text(item, encoding="utf-8")
        else:
            file = file.with_name(f"{file.name}.npy")
            np.save(file, item, allow_pickle=False)
        paths[key] = file
    table = stimuli.table.assign(stimulus_id=stimuli.ids)
    if stimuli.arrays is None:
        table = table.assign(text=list(stimuli.items()))
    made = BrainScoreStimulusSet(table.reset_index(drop=True))
    made.stimulus_paths = paths
    made.identifier = label
    facts = {key: value for key, value in stimuli.spec.items() if key in ("dims", "rate_hz", "unit")}
    made.attrs[FACTS] = {**facts, **({"group": stimuli.group} if stimuli.group else {})}
    return made


def dataset_from_assembly(
    assembly: xr.DataArray,
    *,
    name: str,
    citation: str,
    licence: str = "none stated",
    stimuli: StimulusSet | pd.DataFrame | None = None,
    preprocess: Preprocessing | None = None,
    group: str | None = None,
    splits: Mapping[str, SplitSpec] | None = None,
) -> NeuralDataset:
    """Recording from a Brain-Score assembly and its stimulus set.

    Parameters
    ----------
    assembly
        See `from_assembly`.
    name, citation, licence
        Facts that a score quotes.
    stimuli
        Our stimuli or a Brain-Score stimulus set; the assembly's attribute ``stimulus_set`` by default. Stimuli that were
        not presented are left out.
    preprocess, group
        See `from_stimulus_set`.
    splits
        Named splits; by default ten folds that keep groups together or, without groups, Brain-Score's ten random draws
        of 90 % (seed 1).
    """
    given = assembly.attrs.get("stimulus_set") if stimuli is None else stimuli
    if given is None:
        raise ValueError(f"the assembly of {name!r} has no attribute stimulus_set; pass stimuli=...")
    if not isinstance(given, StimulusSet):
        given = from_stimulus_set(given, preprocess=preprocess, group=group)
    responses = from_assembly(assembly)
    shown = set(responses["stimulus_id"].values.astype(str).tolist())
    rows = np.array([key in shown for key in given.ids])
    arrays = None if given.arrays is None else given.arrays.isel(stimulus=np.flatnonzero(rows))
    table = given.table[rows].reset_index(drop=True)
    kept = StimulusSet(given.name, table, group=group or given.group, arrays=arrays)
    info = DatasetInfo(
        name=name,
        summary=f"recording of {responses.sizes['neuroid']} neuroids from a Brain-Score assembly",
        citation=citation,
        licence=licence,
        access="own copy",
        how_to_get="It was handed over as a Brain-Score assembly.",
        units=str(responses.attrs["unit"]),
    )
    return NeuralDataset(info, responses, kept, dict(splits or _default_splits(kept)))


def presentation_coords(stimuli: pd.DataFrame) -> dict[str, tuple[str, np.ndarray]]:
    """Every column of a stimulus set as a presentation coordinate, and the path of each file; at least two."""
    coords: dict[str, tuple[str, np.ndarray]] = {}
    without = _unhashable(stimuli)
    for column in stimuli:
        values = stimuli[column].to_numpy()
        if str(column) not in without:
            coords[str(column)] = ("presentation", values)
    paths = getattr(stimuli, "stimulus_paths", None)
    if paths and "stimulus_path" not in coords:
        coords["stimulus_path"] = ("presentation", np.array([str(paths[key]) for key in stimuli["stimulus_id"]]))
    if len(coords) < 2:
        coords["presentation_num"] = ("presentation", np.arange(len(stimuli)))
    return coords


def _default_splits(stimuli: StimulusSet) -> dict[str, SplitSpec]:
    if stimuli.group is None:
        source = "Brain-Score's draws without stratification"
        return {"shuffled": SplitSpec("shuffled", "shuffle", 10, seed=1, train_fraction=0.9, source=source)}
    n_groups = stimuli.table[stimuli.group].nunique()
    return {
        "grouped": SplitSpec("grouped", "group-kfold", max(2, min(10, n_groups)), seed=1, group=stimuli.group),
    }


def _content(
    stimulus_set: pd.DataFrame, table: pd.DataFrame, preprocess: Preprocessing | None, column: str | None, label: str
) -> list[str] | np.ndarray:
    if preprocess is not None:
        return _preprocessed(preprocess, _paths(stimulus_set, table, label))
    if column is not None and column not in table:
        raise ValueError(f"stimulus set {label!r} has no column {column!r}, only {', '.join(map(str, table))}.")
    chosen = column or next((key for key in TEXT_COLUMNS if key in table), None)
    if chosen is not None:
        values = table[chosen].tolist()
        if all(isinstance(value, str) for value in values):
            return list(values)
        if column is None:
            raise ValueError(
                f"column {chosen!r} of stimulus set {label!r} holds rows that are no texts; name a column."
            )
        return np.stack([np.asarray(value) for value in values])
    paths = _paths(stimulus_set, table, label)
    kinds = sorted({path.suffix.lower() for path in paths})
    if kinds == [".npy"]:
        return np.stack([np.load(path, allow_pickle=False) for path in paths])
    if kinds == [".txt"]:
        return [path.read_text(encoding="utf-8") for path in paths]
    raise ValueError(
        f"stimulus set {label!r} has files of type {', '.join(kinds)}; .npy and .txt are read as they are, others need "
        "preprocess=..., a function from paths to an array (stimulus, ...) as the model takes it."
    )


def _paths(stimulus_set: pd.DataFrame, table: pd.DataFrame, label: str) -> list[Path]:
    known = getattr(stimulus_set, "stimulus_paths", None)
    if known is None:
        raise ValueError(
            f"stimulus set {label!r} has neither a column {' or '.join(map(repr, TEXT_COLUMNS))} nor stimulus_paths; pass "
            "column=... for a column that holds texts or arrays."
        )
    return [Path(known[key]) for key in table["stimulus_id"]]


def _preprocessed(preprocess: Preprocessing, paths: list[Path]) -> np.ndarray:
    try:
        made = preprocess(paths)
    except RuntimeError as error:
        advice = torchvision_advice(error)
        if not advice:
            raise
        raise BrainScoreEnvironmentError(f"preprocessing of {len(paths)} stimuli failed: {error}. {advice}") from error
    return np.asarray(made.detach().cpu() if hasattr(made, "detach") else made)


def _unhashable(table: pd.DataFrame) -> list[str]:
    """Columns of arrays or lists: they are the stimuli, and cannot stand in a table of labels."""
    return [str(key) for key in table if len(table) and isinstance(table[key].iloc[0], (np.ndarray, list, dict))]


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)
