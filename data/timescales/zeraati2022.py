"""Zeraati, Engel & Levina 2022: the spike-count autocorrelation of a monkey's session, and the timescales that fit it."""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "timescale/zeraati2022-autocorrelation"
SESSION = "fixation"

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, spike-count autocorrelation of one monkey session during fixation, lags to 3 s",
    citation=(
        "Zeraati, Engel, Levina 2022, A flexible Bayesian framework for unbiased estimation of timescales, Nature "
        "Computational Science 2:193-204, doi 10.1038/s43588-022-00214-3; data of roxana-zeraati/abcTau"
    ),
    licence="BSD-3-Clause",
    access="own copy",
    how_to_get=(
        "The arrays are those of paper_figures_data/fig6 of github.com/roxana-zeraati/abcTau: lag_ms, autocorr, and the "
        "accepted samples abc_one_tau and abc_two_tau."
    ),
    units="spikes^2 in 1 ms",
    files=(
        DataFile(
            "recordings/monkey_spikecount_autocorr.npz",
            None,
            "fa34b7db4fa70a55bb0b1bd7461265602094cb75792e177b34a2adf1eb3862fb",
            43_195,
            "autocorrelation and samples of fits",
        ),
    ),
    folder="timescales",
    notes=(
        "The response at a lag is the autocorrelation there, not normalised: counts scatter like Poisson counts, so that "
        "lag 0 stands far above lag 1. The last lag of the file has no value and is left out."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the curve: one neuroid, the session, with a time bin per lag."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        lag_ms, curve = arrays["lag_ms"].astype(float), arrays["autocorr"].astype(float)
    known = np.isfinite(curve)
    lag_ms, curve = lag_ms[known], curve[known]
    responses = make_responses(
        curve[None, None],
        presentation={"stimulus_id": [SESSION]},
        neuroid={"neuroid_id": ["session"], "region": ["visual cortex"]},
        time_bin={"time_bin_start_ms": lag_ms, "time_bin_end_ms": lag_ms + 1},
        unit=info.units,
    )
    none = xr.DataArray(
        np.zeros((1, 1), np.float32), dims=("stimulus", "descriptor"), attrs={"unit": "none: the animal fixated"}
    )
    stimuli = StimulusSet(info.name, pd.DataFrame({"stimulus_id": [SESSION]}), arrays=none)
    return NeuralDataset(info, responses, stimuli, {}, {located.file.path: located.sha256})


def accepted_samples() -> dict[str, np.ndarray]:
    """Samples that the authors' Bayesian fits accepted.

    Returns
    -------
    dict
        ``"one"``: ``(sample,)`` timescales [ms]; ``"two"``: ``(sample, 3)`` shorter and longer timescale [ms] and the
        weight of the shorter one.

    Raises
    ------
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    (located,) = locate_all(INFO)
    with np.load(located.path, allow_pickle=False) as arrays:
        return {"one": arrays["abc_one_tau"][0].astype(float), "two": arrays["abc_two_tau"].T.astype(float)}


register_dataset(INFO, load)
