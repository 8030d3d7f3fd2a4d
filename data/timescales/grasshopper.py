"""An auditory receptor of a grasshopper under amplitude-modulated tones: the spikes come with the package ``nitime``."""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import LocatedFile, locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "timescale/grasshopper"
# Sound to its file number, and from the headers of the spike files the cut-off of its modulation [Hz] and its intensity [dB].
SOUNDS = {"modulated-200hz": (1, 200, 76.4286), "modulated-800hz": (2, 800, 71.2)}
SAMPLE_US, N_SAMPLES, BIN_US = 50, 200_000, 2000
# Between the softest and the loudest moment of either sound.
RANGE_DB = 36.0


def _file(name: str, sha256: str, n_bytes: int, words: str) -> DataFile:
    return DataFile(f"grasshopper_{name}.txt", None, sha256, n_bytes, words)


INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, grasshopper auditory receptor, 2 x 10 s of an amplitude-modulated tone, 1797 spikes",
    citation=(
        "Rokem, Watzl, Gollisch, Stemmler, Herz, Samengo 2006, Journal of Neurophysiology 95:2541-2552, doi "
        "10.1152/jn.00891.2005 (data set ia-1 of crcns.org); copy: nipy/nitime"
    ),
    licence="BSD-3-Clause, as the package nitime that carries the files",
    access="package",
    how_to_get="The files lie in the folder data of the package nitime (0.11 or later).",
    units="spikes in 2 ms",
    files=(
        _file("stimulus1", "4b47a4cbca8c5f694f87dd510db608a868dffbaba96845199c8afa545a4c37fa", 3_627_459, "sound 1"),
        _file("spike_times1", "840014ad9a8f591d02ab108bcbd46715badb3459e0ef7eac95fdd661ff134e3d", 7_695, "spikes 1"),
        _file("stimulus2", "69f257a8e7a5019897111b07f9cd317b136357d256e99682d40c09d5add18e6a", 3_627_474, "sound 2"),
        _file("spike_times2", "389e5dccb709fbe0552589ff2e0b64e15d46665e4d2d4172071f2175c8641541", 7_216, "spikes 2"),
    ),
    package="nitime/data",
    notes=(
        "Locusta migratoria, one cell, recorded intracellularly. A tone of 2.5 kHz whose level is Gaussian noise (SD 6 "
        "dB) up to 200 or 800 Hz; that both runs are of the same cell is what the documentation of nitime says. The "
        "stimulus is the level in bins of 2 ms, from 0 (softest moment of the sound) to 1 (loudest, 36 dB more), each "
        "sound by itself: the headers state intensities of 76.4 and 71.2 dB. Each sound was played once in these files, "
        "so that no ceiling can be estimated."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the recording: a presentation per sound, its level and the spikes in bins of 2 ms."""
    located = {one.file.path: one for one in locate_all(info)}
    level = np.stack([_level(located[f"grasshopper_stimulus{number}.txt"]) for number, _, _ in SOUNDS.values()])
    counts = np.stack([_counts(located[f"grasshopper_spike_times{number}.txt"]) for number, _, _ in SOUNDS.values()])
    start_ms = np.arange(level.shape[1]) * BIN_US / 1000
    names = list(SOUNDS)
    table = pd.DataFrame(
        {
            "stimulus_id": names,
            "cutoff_hz": [cutoff for _, cutoff, _ in SOUNDS.values()],
            "intensity_db": [intensity for _, _, intensity in SOUNDS.values()],
        }
    )
    stimuli = xr.DataArray(
        level[..., None],
        dims=("stimulus", "time", "channel"),
        coords={"stimulus_id": ("stimulus", names), "time_ms": ("time", start_ms)},
        attrs={"rate_hz": 1e6 / BIN_US},
    )
    responses = make_responses(
        counts[:, None],
        presentation={"stimulus_id": names},
        neuroid={"neuroid_id": ["receptor"], "region": ["auditory nerve"]},
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + BIN_US / 1000},
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=stimuli),
        splits={},
        provenance={path: one.sha256 for path, one in located.items()},
    )


def spike_times_ms() -> dict[str, np.ndarray]:
    """Spike times [ms] after the onset of each sound.

    Raises
    ------
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    located = {one.file.path: one for one in locate_all(INFO)}
    return {
        name: _spikes_us(located[f"grasshopper_spike_times{number}.txt"]) / 1000
        for name, (number, _, _) in SOUNDS.items()
    }


def _level(located: LocatedFile) -> np.ndarray:
    """Level ``(bin,)`` from 0 to 1; the file holds sample times [us] and amplitudes relative to the largest."""
    amplitude = pd.read_csv(located.path, sep=r"\s+", header=None, dtype=float)[1].to_numpy()
    if len(amplitude) != N_SAMPLES:
        raise ValueError(
            f"{located.path} has {len(amplitude)} samples, {N_SAMPLES} are expected; install nitime again."
        )
    level = np.clip(1 + 20 * np.log10(amplitude) / RANGE_DB, 0, 1)
    return np.asarray(level.reshape(-1, BIN_US // SAMPLE_US).mean(axis=1))


def _spikes_us(located: LocatedFile) -> np.ndarray:
    return np.loadtxt(located.path, comments="#")


def _counts(located: LocatedFile) -> np.ndarray:
    return np.bincount((_spikes_us(located) // BIN_US).astype(int), minlength=N_SAMPLES * SAMPLE_US // BIN_US)


register_dataset(INFO, load)
