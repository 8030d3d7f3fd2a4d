"""Pictures that are drawn for a recording whose own were not stored: parameters go in, activations come out.

The generators are found by name in the entry-point group ``neuromodels.stimuli``; this package imports none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from data.dataset import NeuralDataset
from data.stimuli import StimulusSet

from .activations import RECORDING_VERSION, _check_layers, check_stimuli
from .cache import ActivationCache
from .keys import Unkeyable, digest
from .physiology.responses import layer_values
from .protocol import RecordableModel

GROUP = "neuromodels.stimuli"


@dataclass(frozen=True)
class Pictures:
    """What is to be drawn, picture by picture.

    Attributes
    ----------
    stimulus_id
        ``(picture,)`` the stimulus that each picture shows; a stimulus may have several.
    parameters
        Name to ``(picture, ...)``, for the generator.
    """

    stimulus_id: np.ndarray
    parameters: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.parameters.items()}
        if set(lengths.values()) - {len(self.stimulus_id)}:
            raise ValueError(
                f"there are {len(self.stimulus_id)} pictures, but parameters of {lengths}; give one of each."
            )

    def __len__(self) -> int:
        return len(self.stimulus_id)


@dataclass(frozen=True)
class Rendering:
    """How a benchmark draws its stimuli.

    Attributes
    ----------
    kind
        Name in the entry-point group ``neuromodels.stimuli``: a function of the parameters and options that returns
        ``(picture, time, channel, row, col)`` with units in its attributes.
    pictures
        Parameters of the pictures of a dataset.
    options
        The same for all pictures. ``n_frames`` gives way to that of a model that takes one length only.
    words
        What is drawn, and what had to be assumed, in one sentence.
    """

    kind: str
    pictures: Callable[[NeuralDataset], Pictures]
    options: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


def list_generators() -> list[str]:
    """Names of the generators that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def rendered_activations(
    model: RecordableModel,
    rendering: Rendering,
    dataset: NeuralDataset,
    layers: Sequence[str] | None = None,
    *,
    batch_size: int = 16,
    cache: ActivationCache | bool = True,
    progress: bool = False,
) -> dict[str, xr.DataArray]:
    """Activations for drawn stimuli: averaged over time, the inner part of the map, and the pictures of a stimulus.

    Pictures are drawn and forgotten batch by batch.

    Parameters
    ----------
    model
        See `RecordableModel`; its ``layer_dims`` says what the axes of a layer are.
    rendering
        What draws them.
    dataset
        The recording.
    layers
        Subset of ``model.layers``; all by default.
    batch_size
        Pictures per forward pass.
    cache
        As in `record_activations`.
    progress
        Show a bar on stderr.

    Returns
    -------
    dict
        Layer to ``DataArray (presentation, neuroid)``, one row per stimulus of the dataset's table.

    Raises
    ------
    ValueError
        If the generator is not installed, a stimulus has no picture, or the pictures do not fit the model.
    """
    wanted = _check_layers(model, layers)
    pictures = rendering.pictures(dataset)
    absent = sorted(set(dataset.stimuli.ids) - set(pictures.stimulus_id.tolist()))
    if absent:
        raise ValueError(f"{len(absent)} stimuli of {dataset.name} have no picture, the first is {absent[0]!r}.")
    options = dict(rendering.options)
    if hasattr(model, "n_frames"):
        options["n_frames"] = model.n_frames
    store = ActivationCache() if cache is True else (cache or None)
    revision = model.revision
    content = (rendering.kind, options, {name: values.tolist() for name, values in pictures.parameters.items()})
    keys: dict[str, str] = {}
    try:
        shown = (pictures.stimulus_id.tolist(), _source_of(rendering.kind))
        keys = {
            layer: digest(RECORDING_VERSION, "rendered", model.name, revision, layer, content, shown, batch_size)
            for layer in wanted
            if store and revision
        }
    except Unkeyable:
        store = None
    kept = {layer: store.get(keys[layer]) if store and keys else None for layer in wanted}
    found = {
        layer: values for layer, values in kept.items() if values is not None and len(values) == len(dataset.stimuli)
    }
    missing = [layer for layer in wanted if layer not in found]
    if missing:
        recorded = _recorded(model, rendering.kind, options, pictures, missing, batch_size, progress)
        for layer, values in recorded.items():
            found[layer] = _means(values, pictures.stimulus_id, dataset.stimuli.ids)
            if store and keys:
                store.put(keys[layer], found[layer], {"model": model.name, "revision": revision, "layer": layer})
    facts = {"model": model.name, "revision": revision, "stimuli": dataset.stimuli.name}
    return {
        layer: xr.DataArray(
            found[layer],
            dims=("presentation", "neuroid"),
            coords={
                "stimulus_id": ("presentation", np.array(dataset.stimuli.ids)),
                "layer": ("neuroid", np.full(found[layer].shape[1], layer)),
                "unit": ("neuroid", np.arange(found[layer].shape[1])),
            },
            attrs=facts,
        )
        for layer in wanted
    }


def _generator(kind: str) -> Callable[..., xr.DataArray]:
    points = [point for point in entry_points(group=GROUP) if point.name == kind]
    if not points:
        raise ValueError(
            f"nothing that is installed draws {kind!r}; there are {', '.join(list_generators()) or 'none'}: install "
            "neuromodels again, so that its entry points are known."
        )
    generate: Callable[..., xr.DataArray] = points[0].load()
    return generate


def _source_of(kind: str) -> str:
    """Hash of the package that draws: other code may give other pictures."""
    import hashlib
    import inspect
    from pathlib import Path

    folder = Path(inspect.getfile(_generator(kind))).parent
    digested = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digested.update(path.read_bytes())
    return digested.hexdigest()


def _recorded(
    model: RecordableModel,
    kind: str,
    options: Mapping[str, Any],
    pictures: Pictures,
    layers: Sequence[str],
    batch_size: int,
    progress: bool,
) -> dict[str, np.ndarray]:
    generate = _generator(kind)
    parts: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    bar = tqdm(total=len(pictures), desc=f"{model.name} on {kind}", unit="clip", disable=not progress, leave=False)
    with bar:
        for start in range(0, len(pictures), batch_size):
            rows = slice(start, start + batch_size)
            drawn = generate({name: values[rows] for name, values in pictures.parameters.items()}, **options)
            ids = [f"picture{number}" for number in range(start, start + drawn.sizes["stimulus"])]
            shown = StimulusSet(kind, _table(ids), arrays=drawn.assign_coords(stimulus_id=("stimulus", ids)))
            check_stimuli(model, shown)
            values = model.record(shown.items(), list(layers))
            for layer in layers:
                parts[layer].append(layer_values(model, layer, values[layer]))
            bar.update(drawn.sizes["stimulus"])
    return {layer: np.concatenate(values) for layer, values in parts.items()}


def _table(ids: list[str]) -> Any:
    import pandas as pd

    return pd.DataFrame({"stimulus_id": ids})


def _means(values: np.ndarray, stimulus_id: np.ndarray, ids: Sequence[str]) -> np.ndarray:
    """Mean over the pictures of each stimulus, ``(stimulus, unit)``."""
    return np.stack([values[stimulus_id == name].mean(axis=0) for name in ids])
