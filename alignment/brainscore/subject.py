"""A language model of ours as a Brain-Score artificial subject: it digests text and is recorded."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.stimuli import StimulusSet

from ..activations import record_activations
from ..protocol import RecordableModel
from .environment import require_brainscore
from .layers import Layers, layer_map

if TYPE_CHECKING:
    from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly, NeuroidAssembly

REGIONS = ("language_system", "language_system_left_hemisphere", "language_system_right_hemisphere")
TASKS = ("next_word", "reading_times")
Behaviour = Callable[[Sequence[str], Sequence[str]], npt.ArrayLike]


def as_artificial_subject(
    model: RecordableModel,
    *,
    layers: Layers = None,
    identifier: str | None = None,
    tasks: Mapping[str, Behaviour] | None = None,
    batch_size: int = 64,
) -> "LanguageSubject":
    """A subject that Brain-Score's language benchmarks can be called with.

    Parameters
    ----------
    model
        A model that takes texts, see `RecordableModel`; what its layers give for a text stands for the whole text.
    layers
        One layer for every region, or region to layer (or several). By default the committed or only layer.
    identifier
        Identifier in Brain-Score; the model's name, with ``-`` for ``/``, by default.
    tasks
        ``next_word`` or ``reading_times`` to a function of the contexts (each ends with its part) and the parts, which
        returns one value per part: the next word, or milliseconds (surprisal). By default the model's own methods of these
        names, if it has them.
    batch_size
        Texts per forward pass.

    Raises
    ------
    ValueError
        If the model does not take texts, or for a layer that it lacks.
    """
    return LanguageSubject(model, layers, identifier, tasks, batch_size)


class LanguageSubject:
    """What `as_artificial_subject` returns.

    Attributes
    ----------
    identifier : str
        Identifier in Brain-Score, which sets it anew when it loads a model by name.
    region_layer_mapping : dict
        Layers per region.
    """

    def __init__(
        self,
        model: RecordableModel,
        layers: Layers,
        identifier: str | None,
        tasks: Mapping[str, Behaviour] | None,
        batch_size: int,
    ) -> None:
        if model.input_spec.get("kind") != "text":
            raise ValueError(
                f"model {model.name!r} takes {dict(model.input_spec)!r}, and a language subject reads texts; use "
                "as_brain_model for other inputs."
            )
        everywhere, named = layer_map(model, layers)
        self.identifier = identifier or model.name.replace("/", "-")
        self.region_layer_mapping = {region: [everywhere] for region in REGIONS} if everywhere else named
        self._model, self._batch_size = model, batch_size
        own = {task: getattr(model, task) for task in TASKS if callable(getattr(model, task, None))}
        self._tasks: dict[str, Behaviour] = {**own, **(tasks or {})}
        self._task: str | None = None
        self._recordings: list[tuple[str, str]] = []

    def start_behavioral_task(self, task: str) -> None:
        """Return behaviour from now on.

        Raises
        ------
        ValueError
            If the model cannot do the task.
        """
        if task not in self._tasks:
            raise ValueError(
                f"{self.identifier!r} cannot do {task!r}; it can do {', '.join(self._tasks) or 'no task'}. A model without a "
                "readout of words has none: give the model a method of that name, or pass tasks={...}."
            )
        self._task = task

    def start_neural_recording(self, recording_target: str, recording_type: str) -> None:
        """Record a region (``language_system``, ...) as ``fMRI`` or ``ECoG`` from now on, beside earlier ones."""
        if recording_target not in self.region_layer_mapping:
            raise ValueError(
                f"{self.identifier!r} has no layer for {recording_target!r}, only for "
                f"{', '.join(self.region_layer_mapping)}; name one in layers={{...}}."
            )
        if (recording_target, recording_type) not in self._recordings:
            self._recordings.append((recording_target, recording_type))

    def digest_text(
        self, text: str | Sequence[str] | np.ndarray
    ) -> "dict[str, NeuroidAssembly | BehavioralAssembly | None]":
        """Read a text, or the parts of one.

        Parameters
        ----------
        text
            One part, or a list whose parts are read one after the other, each after all earlier ones. Separate calls share
            nothing.

        Returns
        -------
        dict
            ``"neural"``: assembly ``(presentation, neuroid)``, and ``"behavior"``: assembly ``(presentation)``; None for
            what was not asked for. Presentations have ``stimulus`` (the part), ``context`` (what was read up to its end)
            and ``part_number``; Brain-Score's benchmarks add ``stimulus_id`` themselves and fail if it is there.
        """
        require_brainscore("language")
        from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly

        parts = [text] if isinstance(text, str) else [str(part) for part in text]
        if not parts:
            raise ValueError(f"{self.identifier!r} was given no text; pass at least one part.")
        if not self._recordings and self._task is None:
            raise ValueError(f"call start_neural_recording or start_behavioral_task on {self.identifier!r} first.")
        contexts = [join_context(parts[: number + 1]) for number in range(len(parts))]
        coords: dict[str, tuple[str, npt.ArrayLike]] = {
            "stimulus": ("presentation", parts),
            "context": ("presentation", contexts),
            "part_number": ("presentation", np.arange(len(parts))),
        }
        behaviour = None
        if self._task is not None:
            values = np.asarray(self._tasks[self._task](contexts, parts))
            if values.shape != (len(parts),):
                raise ValueError(
                    f"task {self._task!r} gave shape {values.shape} for {len(parts)} parts; one value per part."
                )
            behaviour = BehavioralAssembly(values, coords=coords, dims=["presentation"])
        return {"behavior": behaviour, "neural": self._record(contexts, coords) if self._recordings else None}

    def _record(self, contexts: list[str], coords: Mapping[str, tuple[str, npt.ArrayLike]]) -> "NeuroidAssembly":
        from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly

        table = pd.DataFrame({"stimulus_id": [f"{number:06d}" for number in range(len(contexts))], "text": contexts})
        wanted = [
            (target, kind, layer) for target, kind in self._recordings for layer in self.region_layer_mapping[target]
        ]
        layers = list(dict.fromkeys(layer for _, _, layer in wanted))
        with warnings.catch_warnings():
            if len(contexts) == 1:
                warnings.simplefilter("ignore")  # a single text is constant over texts
            stimuli = StimulusSet(f"{self.identifier} digest", table)
            recorded = record_activations(self._model, stimuli, layers, batch_size=self._batch_size)
        blocks = [recorded[layer].values for _, _, layer in wanted]
        widths = [block.shape[1] for block in blocks]
        columns = {"region": 0, "recording_type": 1, "layer": 2}
        neuroid = {name: np.repeat([one[at] for one in wanted], widths) for name, at in columns.items()}
        number = np.concatenate([np.arange(width) for width in widths])
        several = len(self._recordings) > 1
        prefix = [f"{target}.{kind}--{layer}" if several else layer for target, kind, layer in wanted]
        ids = [f"{name}--{unit}" for name, unit in zip(np.repeat(prefix, widths), number, strict=True)]
        flat = {**neuroid, "neuron_number_in_layer": number, "neuroid_id": np.array(ids)}
        return NeuroidAssembly(
            np.concatenate(blocks, axis=1),
            coords={**coords, **{name: ("neuroid", values) for name, values in flat.items()}},
            dims=["presentation", "neuroid"],
        )


def join_context(parts: Sequence[str]) -> str:
    """Parts of a text joined by spaces, without empty parts and without spaces before punctuation, as Brain-Score does."""
    return re.sub(r"\s+([.,!?;:])", r"\1", " ".join(part for part in parts if part.strip()))
