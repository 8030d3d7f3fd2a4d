"""Behaviour read out of a model's features, as Brain-Score's own models do it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .stimuli import presentation_coords

if TYPE_CHECKING:
    from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly

# Brain-Score's strength of regularisation of the classifier.
CLASSIFIER_C = 1e-3
Features = Callable[[pd.DataFrame], np.ndarray]


def probabilities(
    fitting: np.ndarray, labels: Sequence[str], features: Features
) -> Callable[[pd.DataFrame], "BehavioralAssembly"]:
    """Probability of each label: z-scored features, multinomial logistic regression with C = 1e-3 (newton-cg).

    Parameters
    ----------
    fitting
        ``(stimulus, unit)`` or ``(stimulus, step, unit)`` features of the fitting stimuli.
    labels
        Label of each fitting stimulus.
    features
        Features of the stimuli that are shown later.

    Returns
    -------
    callable
        From a stimulus set to an assembly ``(presentation, choice)``; choices in order of their first occurrence.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    choices = list(dict.fromkeys(labels))
    if len(choices) < 2:
        raise ValueError(f"the fitting stimuli have {len(choices)} label(s); a choice needs at least two.")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg", C=CLASSIFIER_C))
    classifier.fit(fitting.reshape(len(fitting), -1), [choices.index(label) for label in labels])

    def behave(stimuli: pd.DataFrame) -> "BehavioralAssembly":
        from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly

        values = classifier.predict_proba(features(stimuli))
        coords = {**presentation_coords(stimuli), "choice": ("choice", np.array(choices))}
        return BehavioralAssembly(values, coords=coords, dims=["presentation", "choice"])

    return behave


def odd_one_out(features: Features) -> Callable[[pd.DataFrame], "BehavioralAssembly"]:
    """The stimulus of each triplet that is outside of its most similar pair; similarity is the dot product.

    Every three consecutive stimuli are a triplet. The value is the stimulus_id of the odd one, as Brain-Score's models
    give it.
    """

    def behave(stimuli: pd.DataFrame) -> "BehavioralAssembly":
        from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly

        ids = stimuli["stimulus_id"].to_numpy()
        if len(ids) % 3:
            raise ValueError(f"{len(ids)} stimuli are no triplets; task odd_one_out takes three consecutive ones each.")
        triplets, values = ids.reshape(-1, 3), features(stimuli)
        values = values.reshape(len(triplets), 3, -1)
        first, second, third = values[:, 0], values[:, 1], values[:, 2]
        pairs = [(first * second).sum(-1), (first * third).sum(-1), (second * third).sum(-1)]
        odd = 2 - np.argmax(np.stack(pairs), axis=0)
        names = np.array(["|".join(map(str, triplet)) for triplet in triplets])
        return BehavioralAssembly(
            [triplets[np.arange(len(triplets)), odd]],
            # A second coordinate: Brain-Score would lose the name of one that is alone.
            coords={
                "stimulus_id": ("presentation", names),
                "triplet_num": ("presentation", np.arange(len(names))),
            },
            dims=["choice", "presentation"],
        )

    return behave
