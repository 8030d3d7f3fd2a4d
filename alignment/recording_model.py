"""A recording as a model: how well one animal, or a whole group, predicts another is the score to beat."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data.dataset import NeuralDataset
from data.stimuli import StimulusSet

from .trials import arrange_trials


class RecordingModel:
    """The trial-averaged responses of one recording, offered as the only layer of a model.

    Scored on the recording of another animal with the same stimuli it gives the inter-animal consistency under the same
    folds, mapping and ceiling as any network. Its own noise is in the score: it is a lower bound of what a noiseless
    animal would reach, see `alignment.ceilings.inter_animal_consistency` for the correction of both sides.

    Parameters
    ----------
    source
        Its responses must cover the stimuli that it will be shown; identity is by ``stimulus_id``.
    """

    layers = ("responses",)
    committed_layer = "responses"

    def __init__(self, source: NeuralDataset) -> None:
        self.source = source
        self.name = f"recording:{source.name}"
        self.input_spec: Mapping[str, Any] = source.stimuli.spec
        trials = arrange_trials(source.responses, source.stimuli, source.name, missing="average", drop_invalid=True)
        self._patterns = dict(zip(source.stimuli.ids, trials.mean, strict=True))

    @property
    def revision(self) -> str:
        """Hash of the averaged responses."""
        content = hashlib.sha256("\n".join([self.name, *self._patterns]).encode())
        content.update(np.ascontiguousarray(np.stack(list(self._patterns.values()))).data)
        return content.hexdigest()

    def refuse_itself(self, dataset: NeuralDataset) -> None:
        """Raise ValueError if that is the recording itself, which it would predict through its own noise."""
        mine, theirs = self.source.responses, dataset.responses
        if mine is not None and theirs is not None and mine.shape == theirs.shape and mine.equals(theirs):
            raise ValueError(
                f"{self.name} is asked for its own responses: a recording predicts itself through the noise of both sides; "
                "score it on another recording, or see SplitHalfCeiling for its reliability."
            )

    def record_set(self, stimuli: StimulusSet, layers: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Responses ``(stimulus, neuroid)`` to the stimuli of these ids.

        Raises
        ------
        ValueError
            If a stimulus was not shown to this animal.
        """
        absent = [name for name in stimuli.ids if name not in self._patterns]
        if absent:
            raise ValueError(
                f"{self.source.name} has no response to {len(absent)} of {len(stimuli)} stimuli of {stimuli.name!r} (first: "
                f"{absent[0]!r}); score it on a recording with the same stimuli."
            )
        return {"responses": np.stack([self._patterns[name] for name in stimuli.ids])}

    def record(self, stimuli: Any, layers: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Refused: a recording knows stimuli by their ids, not by their content."""
        raise ValueError(f"{self.name} knows stimuli by id; record it with a StimulusSet through record_activations.")
