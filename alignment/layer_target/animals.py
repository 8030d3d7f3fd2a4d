"""A recording taken apart into its animals, and what keeps them from being compared."""

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset


def animals_of(trials: xr.DataArray, name: str) -> dict[str, np.ndarray]:
    """Animal to trials ``(repetition, stimulus, neuroid)``, without repetitions that the animal does not have.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` with ``subject`` per neuroid.
    name
        Of the recording, for messages.

    Raises
    ------
    ValueError
        For fewer than 2 animals, or an animal with a single unit.
    """
    subject = trials["subject"].values.astype(str) if "subject" in trials.coords else np.full(trials.shape[2], "all")
    found = {}
    for animal in np.unique(subject):
        values = trials.values[:, :, subject == animal]
        if values.shape[2] < 2:
            raise ValueError(
                f"animal {str(animal)!r} of {name} has 1 neuroid; RDMs and medians need at least 2: leave the animal out."
            )
        found[str(animal)] = values[np.isfinite(values).any(axis=(1, 2))]
    if len(found) < 2:
        raise ValueError(
            f"{name} has the animals {', '.join(found)}; a score with an interval over animals needs at least 2 (give every "
            "neuroid its 'subject'), or use layer_target_rsa for one."
        )
    return found


def check_shown(dataset: NeuralDataset) -> None:
    """Raise ValueError, naming animal and stimulus, unless every animal was shown every stimulus."""
    responses = dataset.responses
    if responses is None or "subject" not in responses.coords:
        return
    ids, subject = responses["stimulus_id"].values.astype(str), responses["subject"].values.astype(str)
    there = np.isfinite(responses.values)
    for animal in np.unique(subject):
        mine = there[:, subject == animal].any(axis=1)
        absent = [name for name in dataset.stimuli.ids if not mine[ids == name].any()]
        if absent:
            raise ValueError(
                f"animal {str(animal)!r} of {dataset.name} has no response to {', '.join(absent)}, which others were shown; "
                "animals are compared over the same stimuli: leave the animal or the stimuli out."
            )


def check_repeated(trials: xr.DataArray, name: str) -> None:
    """Raise ValueError, naming the first, where a neuroid has a single repetition of a stimulus: it has no halves.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` with ``stimulus_id`` per stimulus and ``neuroid_id`` per neuroid.
    name
        Of the recording.
    """
    single = np.isfinite(trials.values).sum(axis=0) == 1
    if single.any():
        stimulus, neuroid = np.argwhere(single)[0]
        raise ValueError(
            f"neuroid {str(trials['neuroid_id'].values[neuroid])!r} of {name} has a single repetition of "
            f"{str(trials['stimulus_id'].values[stimulus])!r}, which cannot be halved ({int(single.any(axis=0).sum())} of "
            f"{single.shape[1]} neuroids are like this); leave such neuroids out, where the recording can be opened so with "
            "unusable='leave out' (`--set unusable='leave out'`)."
        )
