"""Medlock et al. 2024: mouse low-threshold mechanoreceptors under vibration, and the authors' fitted encoding model.

One dataset per neuron, ``tactile/medlock2024.<neuron>``: sweeps of 1 s of vibration and 0.5 s of rest, each combination of
frequency and amplitude once.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import dataset_info, register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

FAMILY = "tactile/medlock2024"
RATE_HZ = 10_000.0
SWEEP = 15_001  # samples of one sweep, both ends of its 1.5 s included
VIBRATION = slice(0, 9_900)  # inside the first second; the actuator is then set to 0
FREQUENCIES_HZ = (5, 10, 20, 30, 40, 50, 70, 100, 120, 160, 200, 250, 300, 350, 400)

# neuron: sweeps, SHA-256, bytes
NEURONS = {
    "neuron1": (44, "6ccdd10e44503e8d64c39ec7a9f852c3cd275b8c2c4421919345a06afb40342f", 660_665),
    "neuron2": (45, "ff85614585583cb9d4e12f81e4df3ebaf7dfbe6ace1b91e2024f68cec4d8492c", 842_546),
    "neuron3": (45, "f8f92b03328b8dc1551b647d36c7ee2163f59f4aed719ab523395352277a25bc", 845_468),
}


@dataclass(frozen=True)
class ReleasedGlm:
    """The authors' encoding model: log rate [spikes/s] = offset + stimulus filter * stimulus + history filter * spikes.

    Attributes
    ----------
    stimulus_filter
        ``(lag,)`` per V, lag 0 first.
    history_filter
        ``(lag,)`` per spike; its first entry, the lag of the spike's own sample, is 0.
    offset
        Log of spikes/s.
    rate_hz
        Samples per second of both filters.

    Notes
    -----
    The file stores the stimulus filter with the most recent sample last, as the toolbox of Weber & Pillow does; here it is
    turned. The spikes beside the filters are taken to be those that they were fitted to: the file names no part held out.

    References
    ----------
    Medlock et al. 2024. Weber & Pillow 2017, Neural Computation 29:3260, equations 1 and 2.
    """

    stimulus_filter: np.ndarray
    history_filter: np.ndarray
    offset: float
    rate_hz: float


def info_of(neuron: str) -> DatasetInfo:
    """Facts about one neuron's recording."""
    n_sweeps, sha256, n_bytes = NEURONS[neuron]
    return DatasetInfo(
        name=f"{FAMILY}.{neuron}",
        summary=f"electrophysiology, mouse low-threshold mechanoreceptor, {n_sweeps} vibrations of 5 to 400 Hz ({neuron})",
        citation=(
            "Medlock et al. 2024, Journal of Neuroscience, Encoding of vibrotactile stimuli by mechanoreceptors in rodent "
            "glabrous skin; data: ModelDB 2016218"
        ),
        licence="none stated",
        access="own copy",
        how_to_get=(
            f"The arrays are those of Filters/LTMR_glmfit-{neuron.capitalize()}.mat of ModelDB 2016218 "
            "(github.com/ModelDBRepository/2016218): stimulus, spikes, dt_ms, glm_k, glm_h, glm_dc."
        ),
        units="spikes in 0.1 ms",
        files=(
            DataFile(
                f"ltmr_{neuron}.npz", None, sha256, n_bytes, "stimulus and spikes at 10 kHz, the authors' filters"
            ),
        ),
        folder="recordings/rodent_ltmr_vibrotactile",
        notes=(
            "No combination of frequency and amplitude was repeated, so that no ceiling can be estimated. The stimulus is the "
            "actuator's signal as stored; its unit is read as V from the names of companion files. It is set to 0 in the rest "
            "between vibrations, so that it steps to the actuator's offset where a sweep begins. The frequency of a sweep is "
            "the peak of its spectrum, its amplitude half of the range."
        ),
    )


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one neuron's recording: a presentation per sweep, spikes per 0.1 ms."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        signal, spikes = arrays["stimulus"].reshape(-1, SWEEP), arrays["spikes"].reshape(-1, SWEEP)
    frequency = _frequencies_hz(signal[:, VIBRATION])
    amplitude = np.ptp(signal[:, VIBRATION], axis=1) / 2
    ids = [f"sweep{k:02d}.{hz}hz" for k, hz in enumerate(frequency)]
    start_ms = np.arange(SWEEP) * 1000 / RATE_HZ
    stimuli = xr.DataArray(
        signal,
        dims=("stimulus", "time"),
        coords={"stimulus_id": ("stimulus", np.array(ids)), "time_ms": ("time", start_ms)},
        attrs={"unit": "V", "rate_hz": RATE_HZ},
    )
    table = pd.DataFrame({"stimulus_id": ids, "frequency_hz": frequency, "amplitude_v": amplitude})
    responses = make_responses(
        spikes[:, None],
        presentation={"stimulus_id": ids},
        neuroid={"neuroid_id": [info.name.partition(".")[2]], "region": ["glabrous skin afferent"]},
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + 1000 / RATE_HZ},
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=stimuli),
        splits={},
        provenance={located.file.path: located.sha256},
    )


def released_glm(name: str) -> ReleasedGlm:
    """Open the authors' fitted model of one neuron.

    Parameters
    ----------
    name
        Dataset, such as ``"tactile/medlock2024.neuron1"``.

    Raises
    ------
    ValueError
        If the dataset has no such model.
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    if name.removeprefix(f"{FAMILY}.") not in NEURONS:
        raise ValueError(
            f"{name!r} has no released model; those that have: {', '.join(f'{FAMILY}.{neuron}' for neuron in NEURONS)}."
        )
    (located,) = locate_all(dataset_info(name))
    with np.load(located.path, allow_pickle=False) as arrays:
        return ReleasedGlm(
            arrays["glm_k"].astype(float)[::-1].copy(), arrays["glm_h"].astype(float), float(arrays["glm_dc"]), RATE_HZ
        )


def _frequencies_hz(vibration: np.ndarray) -> np.ndarray:
    """The applied frequency ``(sweep,)`` nearest to the peak of each spectrum."""
    n_samples = vibration.shape[1]
    swing = (vibration - vibration.mean(axis=1, keepdims=True)) * np.hanning(n_samples)
    peak = np.abs(np.fft.rfft(swing, axis=1)).argmax(axis=1) * RATE_HZ / n_samples
    applied = np.array(FREQUENCIES_HZ)
    return applied[np.abs(np.log(applied[None] / peak[:, None])).argmin(axis=1)]


for _neuron in NEURONS:
    register_dataset(info_of(_neuron), load)
