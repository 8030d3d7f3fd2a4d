"""A model of ours as a Brain-Score model: it records regions and looks at stimulus sets."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..activations import record_activations
from ..protocol import RecordableModel
from .environment import require_brainscore
from .layers import Layers, layer_map
from .readout import odd_one_out, probabilities
from .stimuli import TEXT_COLUMNS, Preprocessing, from_stimulus_set, presentation_coords
from .time_bins import Bin, as_bins, overlap_weights

if TYPE_CHECKING:
    from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly, NeuroidAssembly

READOUT = "readout"
TASKS = ("passive", "probabilities", "odd_one_out")


def as_brain_model(
    model: RecordableModel,
    *,
    layers: Layers = None,
    identifier: str | None = None,
    visual_degrees: float = 8,
    read: Preprocessing | str | None = None,
    time_bins_ms: Sequence[Bin] | None = None,
    batch_size: int = 64,
) -> "BrainScoreModel":
    """A model that Brain-Score's neural benchmarks can be called with.

    Parameters
    ----------
    model
        Anything that records activations, see `RecordableModel`; a torch network through `TorchModel`.
    layers
        Which layer stands for a region: one layer for every region, or region to layer (or several, side by side). The
        entry ``"readout"`` is the layer of behavioural tasks. By default the model's committed or only layer. No layer
        is ever chosen by its score.
    identifier
        Identifier in Brain-Score; the model's name, with ``-`` for ``/``, by default.
    visual_degrees
        Width of the visual field that an input covers. Brain-Score rescales images whose width differs, and only images.
    read
        How stimuli are read: a function from paths to an array ``(stimulus, ...)``, needed for images, or the name of the
        column that holds texts or arrays. By default a column ``text`` or ``sentence``, else ``.npy`` and ``.txt`` files.
    time_bins_ms
        For a model over time: start and end of each of its steps relative to stimulus onset. The second axis of every
        recorded layer must count these steps, ``(stimulus, time, ...)``. None for a static model, whose response is
        repeated where several time bins are asked for.
    batch_size
        Stimuli per forward pass.

    Returns
    -------
    BrainScoreModel
        With ``identifier``, ``visual_degrees``, ``start_recording``, ``start_task`` and ``look_at``; it needs no base
        class and no registration: pass it to ``brainscore_vision.score_benchmark(benchmark, model)``.

    Raises
    ------
    ValueError
        For a layer that the model lacks, or if there are several layers and none is committed.
    """
    if time_bins_ms is not None:
        overlap_weights(time_bins_ms, [time_bins_ms[0]])  # refuses steps that are out of order
    return BrainScoreModel(model, layers, identifier, visual_degrees, read, time_bins_ms, batch_size)


class BrainScoreModel:
    """What `as_brain_model` returns.

    Attributes
    ----------
    identifier : str
        Identifier in Brain-Score.
    region_layer_map : dict
        Layers per region, as far as regions are named; Brain-Score writes it into a score's comment.
    """

    def __init__(
        self,
        model: RecordableModel,
        layers: Layers,
        identifier: str | None,
        visual_degrees: float,
        read: Preprocessing | str | None,
        time_bins_ms: Sequence[Bin] | None,
        batch_size: int,
    ) -> None:
        self.identifier = identifier or model.name.replace("/", "-")
        self._model, self._visual_degrees, self._read, self._batch_size = model, visual_degrees, read, batch_size
        self._steps = None if time_bins_ms is None else list(time_bins_ms)
        self._everywhere, self.region_layer_map = layer_map(model, layers)
        committed = getattr(model, "committed_layer", None)
        if self.region_layer_map and committed:
            self.region_layer_map.setdefault(READOUT, [str(committed)])
        self._region: str | None = None
        self._bins: list[Bin] = []
        self._behave: Callable[[pd.DataFrame], BehavioralAssembly] | None = None
        self._passive = False

    @property
    def layer_model(self) -> "BrainScoreModel":
        """The object itself: Brain-Score looks here for ``region_layer_map``."""
        return self

    def visual_degrees(self) -> float:
        """Width of the visual field that an input covers, in degrees."""
        return self._visual_degrees

    def start_recording(self, recording_target: str, time_bins: Sequence[Bin] | None = None) -> None:
        """Record a region in the given time bins (ms) from now on."""
        self._layers_of(str(recording_target))
        self._region, self._bins = str(recording_target), as_bins(time_bins)
        self._behave, self._passive = None, False

    def start_task(self, task: str, fitting_stimuli: pd.DataFrame | None = None, **unused: object) -> None:
        """Behave from now on: ``passive``, ``probabilities`` (fitted to ``image_label``) or ``odd_one_out``.

        Raises
        ------
        ValueError
            For another task, or ``probabilities`` without stimuli to fit.
        """
        if task not in TASKS:
            raise ValueError(
                f"task {task!r} is not offered for {self.identifier!r}; it can do {', '.join(TASKS)}. A label task needs "
                "the classes of one classifier, which a recorded model does not have."
            )
        self._passive, self._behave = task == "passive", None
        layers = self._layers_of(READOUT)
        if task == "probabilities":
            if fitting_stimuli is None or "image_label" not in fitting_stimuli:
                raise ValueError("task 'probabilities' needs fitting_stimuli with a column image_label; pass them.")
            labels = [str(label) for label in fitting_stimuli["image_label"]]
            self._behave = probabilities(self._features(fitting_stimuli, layers)[0], labels, self._readout)
        elif task == "odd_one_out":
            self._behave = odd_one_out(self._readout)

    def look_at(
        self, stimuli: "pd.DataFrame | Sequence[str | Path]", number_of_trials: int = 1
    ) -> "NeuroidAssembly | BehavioralAssembly | None":
        """Recordings of a stimulus set, or behaviour after `start_task`.

        Parameters
        ----------
        stimuli
            Brain-Score stimulus set, or paths.
        number_of_trials
            Ignored: a recorded model answers every trial alike.

        Returns
        -------
        NeuroidAssembly
            ``(presentation, neuroid[, time_bin])`` in the order of the stimuli; every column of the stimulus set is a
            coordinate, except columns of arrays. Without ``time_bin`` if at most one bin was asked for. None for the
            passive task.
        """
        require_brainscore("vision")
        if self._passive:
            return None
        shown = stimuli if isinstance(stimuli, pd.DataFrame) else _from_paths(stimuli)
        if self._behave is not None:
            return self._behave(shown)
        if self._region is None:
            raise ValueError(
                f"call start_recording(region, time_bins) or start_task(...) on {self.identifier!r} first."
            )
        layers = self._layers_of(self._region)
        values, unit_coords = self._features(shown, layers)
        region = np.full(values.shape[-1], self._region)
        return self._assembly(values, {**presentation_coords(shown), **unit_coords, "region": ("neuroid", region)})

    def _readout(self, stimuli: pd.DataFrame) -> np.ndarray:
        """Features ``(stimulus, unit)`` of the readout layer; steps of a model over time lie side by side."""
        values = self._features(stimuli, self._layers_of(READOUT))[0]
        return values.reshape(len(values), -1)

    def _layers_of(self, region: str) -> list[str]:
        if region in self.region_layer_map:
            return self.region_layer_map[region]
        if self._everywhere is None:
            raise ValueError(
                f"{self.identifier!r} has no layer for {region!r}, only for {', '.join(self.region_layer_map)}; name one in "
                "layers={...}: no layer is chosen by its score."
            )
        return [self._everywhere]

    def _features(
        self, stimuli: pd.DataFrame, layers: list[str]
    ) -> tuple[np.ndarray, dict[str, tuple[str, np.ndarray]]]:
        """Values ``(stimulus, unit)`` or ``(stimulus, step, unit)``, and coordinates of the units."""
        ids = stimuli["stimulus_id"].astype(str).to_numpy()
        # A stimulus may be shown more than once, in triplets for example; it is recorded once.
        _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        once = stimuli.iloc[np.sort(first)]
        rows = np.argsort(np.argsort(first))[inverse]
        kind = self._model.input_spec
        read, column = (None, self._read) if isinstance(self._read, str) else (self._read, None)
        dims = kind.get("dims") if kind.get("kind") == "array" else None
        if dims is not None and self._read is None:
            once = once.drop(columns=[key for key in TEXT_COLUMNS if key in once])  # captions beside the files
        ours = from_stimulus_set(once, preprocess=read, column=column, dims=dims)
        model = self._model if self._steps is None else _Stepwise(self._model, len(self._steps))
        with warnings.catch_warnings():
            if len(ours) == 1:
                warnings.simplefilter("ignore")  # one stimulus, as Brain-Score's estimate of memory shows, is constant
            recorded = record_activations(model, ours, layers, batch_size=self._batch_size)
        blocks, names, units = [], [], []
        for layer in layers:
            values = recorded[layer].values[rows]
            blocks.append(values if self._steps is None else values.reshape(len(values), len(self._steps), -1))
            names += [layer] * blocks[-1].shape[-1]
            units += list(range(blocks[-1].shape[-1]))
        coords = {
            "neuroid_id": ("neuroid", np.array([f"{layer}.{unit}" for layer, unit in zip(names, units, strict=True)])),
            "neuroid_num": ("neuroid", np.arange(len(names))),
            "layer": ("neuroid", np.array(names)),
            "model": ("neuroid", np.full(len(names), self.identifier)),
        }
        return np.concatenate(blocks, axis=-1), coords

    def _assembly(self, values: np.ndarray, coords: dict[str, tuple[str, np.ndarray]]) -> "NeuroidAssembly":
        from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly

        if self._steps is not None:
            if not self._bins:
                raise ValueError(f"{self.identifier!r} is a model over time; state time_bins in start_recording.")
            weights = overlap_weights(self._steps, self._bins).astype(values.dtype)
            values = np.einsum("bt,ptu->pub", weights, values)
        elif len(self._bins) > 1:
            values = np.repeat(values[..., None], len(self._bins), axis=-1)
        if len(self._bins) > 1:
            starts, ends = zip(*self._bins, strict=True)
            coords = {**coords, "time_bin_start": ("time_bin", np.array(starts))}
            coords["time_bin_end"] = ("time_bin", np.array(ends))
            return NeuroidAssembly(values, coords=coords, dims=["presentation", "neuroid", "time_bin"])
        values = values[..., 0] if values.ndim == 3 else values
        return NeuroidAssembly(values, coords=coords, dims=["presentation", "neuroid"])


class _Stepwise:
    """A model whose recordings are checked to hold one step per time bin on their second axis."""

    def __init__(self, model: RecordableModel, n_steps: int) -> None:
        self._model, self._n_steps = model, n_steps
        self.name, self.layers, self.input_spec = model.name, model.layers, model.input_spec
        # An own revision: what was cached without this check is not taken for checked.
        revision = model.revision
        self.revision = f"{revision} steps={n_steps}" if revision else ""

    def record(self, stimuli: Any, layers: Sequence[str] | None = None, *, batch_size: int = 64) -> Mapping[str, Any]:
        accepts = inspect.signature(self._model.record).parameters
        options = {"batch_size": batch_size} if "batch_size" in accepts else {}
        recorded = self._model.record(stimuli, layers, **options)
        for layer, values in recorded.items():
            if len(values.shape) < 2 or values.shape[1] != self._n_steps:
                raise ValueError(
                    f"layer {layer!r} of {self.name!r} has shape {tuple(values.shape)}; with time_bins_ms its second axis "
                    f"must count the {self._n_steps} steps: (stimulus, time, ...)."
                )
        return recorded


def _from_paths(paths: "Sequence[str | Path]") -> pd.DataFrame:
    from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet

    ids = [str(path) for path in paths]
    stimuli = BrainScoreStimulusSet({"stimulus_id": ids})
    stimuli.stimulus_paths = {key: Path(key) for key in ids}
    stimuli.identifier = "paths"
    return stimuli
