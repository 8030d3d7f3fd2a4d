"""Goris, Simoncelli & Movshon 2015: macaque V1 and V2 neurons under sums of drifting gratings.

One dataset per neuron, ``motion/goris2015.<unit>``. Conditions differ in the directions and contrasts of up to nine gratings;
the temporal frequency of each grating is drawn anew in every trial, see `grating_components`.
"""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import dataset_info, register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from ..stimuli import StimulusSet

FAMILY = "motion/goris2015"
BLANK = "blank"
COMPONENT = {
    "direction_deg": "orientation_deg",
    "spatial_frequency_cpd": "spatial_freq_cpd",
    "temporal_frequency_hz": "temporal_freq_hz",
    "contrast": "contrast",
    "phase_deg": "phase",
}
FACTS = ("size_deg", "x_deg", "y_deg", "latency_ms", "spont_rate_hz")

# Conditions of one family differ in direction alone. Some conditions were shown under two numbers: ``condition`` is the first
# of those with equal gratings, so that they stay together. Folds over conditions leave neighbouring directions of the same
# family in training; those over families ask for tuning to mixtures that were never seen.
SPLITS = {
    "family4": SplitSpec("family4", "group-kfold", 4, seed=0, group="family"),
    "condition10": SplitSpec("condition10", "group-kfold", 10, seed=0, group="condition"),
}

# unit: area, trials, SHA-256, bytes
UNITS = {
    "m620r12": ("V2", 1760, "465129fdd333853ec22f3259dff7e38167834cb072d1c5806ac1c65ba63b3f8f", 43_945),
    "m620r35": ("V1", 1760, "029ce96d122cdc71208f5af603304a995ab6833120deb8d67b3b717a8ad40026", 193_025),
    "m624l54": ("V1", 1760, "62d952c9c9d742f7c878c9a3f84cffd69ca12b2753a3aaa02ed6cd3b8d7050cc", 121_030),
    "m625r62": ("V1", 1442, "8002aec31cfb1873d892048f6eb6d6ce0d7bd5f0a415ef7873f7a612ea9106cf", 25_322),
}


def info_of(unit: str) -> DatasetInfo:
    """Facts about one neuron's recording."""
    area, n_trials, sha256, n_bytes = UNITS[unit]
    return DatasetInfo(
        name=f"{FAMILY}.{unit}",
        summary=f"electrophysiology, macaque {area} neuron, {n_trials} trials of sums of up to nine drifting gratings ({unit})",
        citation=(
            "Goris, Simoncelli, Movshon 2015, Neuron 88:819-831, doi 10.1016/j.neuron.2015.10.009; data by lacerbi/infbench, "
            "matlab/problems/goris2015"
        ),
        licence="repository GPL-3; its authors state the permission of R. Goris for the data, so they are not to be passed on",
        access="own copy",
        how_to_get=(
            f"The arrays are those of {unit}_tp.mat and {unit}_sf.mat of github.com/lacerbi/infbench, "
            "matlab/problems/goris2015: per trial orientation_deg, temporal_freq_hz, spatial_freq_cpd, phase and contrast of "
            "nine components, block_id, spike_count, duration_s, spikes, and the run over spatial frequency as sf_*."
        ),
        units="spikes/s",
        splits=SPLITS,
        files=(DataFile(f"{unit}.npz", None, sha256, n_bytes, "gratings and spikes of every trial"),),
        folder="recordings/macaque_v1v2_grating_mixtures",
        notes=(
            "Anaesthetised. The stored orientations run over the circle and are drift directions; whether they count "
            "counter-clockwise the source does not say. The temporal frequency of every grating differs from trial to trial "
            "of one condition, so that repetitions are not of the same picture. Each trial counts 1 s; the response lags by "
            "the stored latency."
        ),
    )


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one neuron: a presentation per trial, one stimulus per condition, all blanks as one stimulus."""
    (located,) = locate_all(info)
    unit = info.name.partition(".")[2]
    with np.load(located.path, allow_pickle=False) as arrays:
        parts = {name: _column(arrays, name) for name in COMPONENT}
        block = arrays["block_id"].astype(int)
        counts, seconds = arrays["spike_count"].astype(int), arrays["duration_s"].astype(float)
        area = str(arrays["area"])
        facts = {name: [float(arrays[name])] for name in FACTS}
    shown = parts["contrast"] > 0
    blank = ~shown.any(axis=1)
    ids = np.where(blank, BLANK, [f"condition{number:03d}" for number in block])
    kept, first = np.unique(ids, return_index=True)
    table = pd.DataFrame({"stimulus_id": kept, **_conditions(parts, shown, first)})
    codes = xr.DataArray(
        np.stack([np.where(shown[first], parts[name][first], 0.0) for name in _CONSTANT], axis=1).astype(np.float32),
        dims=("stimulus", "quantity", "component"),
        coords={"stimulus_id": ("stimulus", kept.astype(str)), "quantity": list(_CONSTANT)},
        attrs={"unit": "parameters, not images; contrast 0 where there is no grating"},
    )
    equal = np.unique(codes.values.reshape(len(kept), -1), axis=0, return_index=True, return_inverse=True)
    table["condition"] = kept[equal[1]][equal[2].ravel()]
    responses = make_responses(
        (counts / seconds)[:, None],
        presentation={
            "stimulus_id": ids,
            "repetition": pd.Series(ids).groupby(ids).cumcount().to_numpy(),
            "block": block,
            "n_spikes": counts,
            "duration_s": seconds,
            "temporal_frequency_hz": np.where(blank, np.nan, parts["temporal_frequency_hz"][:, 0]),
        },
        neuroid={"neuroid_id": [unit], "region": [area], **facts},
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=codes),
        splits=SPLITS,
        provenance={located.file.path: located.sha256},
    )


def grating_components(name: str) -> xr.Dataset:
    """The gratings of every trial of one neuron, for rendering, and its run over spatial frequency.

    Parameters
    ----------
    name
        Dataset, such as ``"motion/goris2015.m620r35"``.

    Returns
    -------
    xarray.Dataset
        Along ``presentation`` (the order of the dataset's responses) and ``component``: ``direction_deg``,
        ``spatial_frequency_cpd``, ``temporal_frequency_hz``, ``contrast``, ``phase_deg``; NaN, and contrast 0, where there
        is no grating. Along ``sf``: ``sf_cpd`` that were tested in a run of their own, ``sf_rate_hz`` (mean),
        ``sf_rate_variance`` and ``sf_n_trials``; ``sf_direction_deg`` of that run.

    Raises
    ------
    ValueError
        If the dataset is another.
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    if name.removeprefix(f"{FAMILY}.") not in UNITS:
        raise ValueError(
            f"{name!r} has no gratings; those that have: {', '.join(f'{FAMILY}.{unit}' for unit in UNITS)}."
        )
    (located,) = locate_all(dataset_info(name))
    with np.load(located.path, allow_pickle=False) as arrays:
        parts = {fact: _column(arrays, fact) for fact in COMPONENT}
        shown = parts["contrast"] > 0
        found = {
            fact: (("presentation", "component"), values if fact == "contrast" else np.where(shown, values, np.nan))
            for fact, values in parts.items()
        }
        run = {
            "sf_cpd": arrays["sf_tested_cpd"],
            "sf_rate_hz": arrays["sf_rate_hz"],
            "sf_rate_variance": arrays["sf_rate_var"],
            "sf_n_trials": arrays["sf_n"],
        }
        direction = float(arrays["sf_orientation_deg"])
    return xr.Dataset({**found, **{key: ("sf", values.astype(float)) for key, values in run.items()}}).assign(
        sf_direction_deg=direction
    )


# What is the same in every trial of a condition.
_CONSTANT = ("direction_deg", "spatial_frequency_cpd", "contrast", "phase_deg")


def _column(arrays: np.lib.npyio.NpzFile, fact: str) -> np.ndarray:
    """One quantity ``(trial, component)``; directions from 0 to 360, contrast 0 where a component is absent."""
    # Decimal places of what was set, which float32 would spoil.
    values = np.round(arrays[COMPONENT[fact]].astype(float), 7)
    if fact == "direction_deg":
        return values % 360
    return np.nan_to_num(values) if fact == "contrast" else values


def _conditions(parts: dict[str, np.ndarray], shown: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of the condition table: the centre grating, how many there are, and how widely they spread."""
    shown = shown[first]
    contrast, direction = parts["contrast"][first], parts["direction_deg"][first]
    n_components, total = shown.sum(axis=1), contrast.sum(axis=1)
    blank = n_components == 0
    away = (direction - direction[:, :1] + 180) % 360 - 180
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.where(shown, contrast * away**2, 0.0).sum(axis=1) / total)
    family = [
        BLANK if n == 0 else f"{n} gratings, contrast {c:.2f}, spread {s:.0f} deg"
        for n, c, s in zip(n_components, total, spread, strict=True)
    ]
    return {
        "family": np.array(family),
        "kind": np.where(blank, "uniform", np.where(n_components == 1, "grating", "grating sum")),
        "n_components": n_components,
        "direction_deg": np.where(blank, np.nan, direction[:, 0]),
        "spread_deg": np.where(blank, np.nan, spread),
        "spatial_frequency_cpd": np.where(blank, np.nan, parts["spatial_frequency_cpd"][first, 0]),
        "contrast": total,
    }


for _unit in UNITS:
    register_dataset(info_of(_unit), load)
