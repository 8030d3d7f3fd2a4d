"""Neural Signal Archive 2004.6: neurons of macaque MT under drifting gratings of several contrasts and directions."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ..access import own_files, sha256_of
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet
from .text_trials import TextTrials, read_text_trials

NAME = "motion/nsa2004.6"
# Before that, spikes belong to the grating shown before: there was no gap between gratings.
LATENCY_MS = 30.0

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, macaque MT, up to 57 neurons, drifting gratings of several contrasts and directions",
    citation="Neural Signal Archive, nsa2004.6, Contrast response and direction tuning in macaque MT/V5, New York University",
    licence="none stated",
    access="own copy",
    how_to_get=(
        "The files of neuralsignal.org/data/04/nsa2004.6.html, unpacked: text of the format T1, one file per neuron and "
        "experiment; folders below are searched."
    ),
    units="spikes/s",
    pattern="**/*",
    notes=(
        "Anaesthetised. Each file is a neuroid, its name the file's without the ending; it saw only the stimuli of its own "
        "file and is NaN elsewhere. Rates leave out the first 30 ms of a trial, in which spikes belong to the grating before. "
        "Parameters stand in the stimulus table under the names of the files, and numbers there are as stored."
    ),
)


def load(info: DatasetInfo, *, latency_ms: float = LATENCY_MS) -> NeuralDataset:
    """Open all files: a presentation per trial, a stimulus per file and set of parameters.

    Parameters
    ----------
    info
        Facts.
    latency_ms
        Start of each trial that is left out.
    """
    paths = [path for path in own_files(info) if path.is_file()]
    parts = [_presentations(read_text_trials(path), path, latency_ms) for path in paths]
    rows = pd.concat(parts, ignore_index=True)
    facts = [name for name in rows if name not in ("stimulus_id", "file", "rate_hz")]
    table = rows[["stimulus_id", "file", *facts]].drop_duplicates("stimulus_id", ignore_index=True)
    names = [path.stem for path in paths]
    values = np.where(rows["file"].to_numpy()[:, None] == np.array(names), rows["rate_hz"].to_numpy()[:, None], np.nan)
    responses = make_responses(
        values,
        presentation={
            "stimulus_id": rows["stimulus_id"].to_numpy(dtype=str),
            "repetition": rows.groupby("stimulus_id").cumcount().to_numpy(),
        },
        neuroid={"neuroid_id": names, "region": np.full(len(names), "MT")},
        unit=info.units,
    )
    codes = xr.DataArray(
        np.arange(len(table), dtype=np.float32)[:, None],
        dims=("stimulus", "descriptor"),
        coords={"stimulus_id": ("stimulus", table["stimulus_id"].to_numpy(dtype=str)), "descriptor": ["number"]},
        attrs={"unit": "number of the row, not an image"},
    )
    stimuli = StimulusSet(info.name, table, group="file", arrays=codes)
    return NeuralDataset(info, responses, stimuli, {}, {path.name: sha256_of(path) for path in paths})


def _presentations(trials: TextTrials, path: Path, latency_ms: float) -> pd.DataFrame:
    """One row per trial: its stimulus, parameters and rate."""
    first, last = trials.start_s + latency_ms / 1000, trials.start_s + trials.duration_s
    if not first < last:
        raise ValueError(
            f"latency_ms is {latency_ms:g}, but trials of {path.name} last {1000 * trials.duration_s:g} ms."
        )
    columns = {name: _numbers(values) for name, values in trials.parameters.items()}
    shown = zip(*trials.parameters.values(), strict=True) if columns else [()] * len(trials.spikes_s)
    ids = ["|".join((path.stem, *each)) for each in shown]
    rates = [((one >= first) & (one < last)).sum() / (last - first) for one in trials.spikes_s]
    return pd.DataFrame({"stimulus_id": ids, "file": path.stem, **columns, "rate_hz": rates})


def _numbers(values: list[str]) -> list[float] | list[str]:
    try:
        return [float(value) for value in values]
    except ValueError:
        return values


register_dataset(INFO, load)
