"""A benchmark: a dataset, what of it is used, folds, ceiling and normalisation, all of it stated."""

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

import data
from data.dataset import NeuralDataset
from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .ceilings import Ceiling
from .mappings.ridge import ALPHAS

Normalisation = Literal["r/c", "none"]


@dataclass(frozen=True)
class PublishedNumber:
    """A number from the literature, to be seen beside a score."""

    model: str
    value: float
    what: str
    source: str


@dataclass(frozen=True)
class Benchmark:
    """A protocol that turns a model into a `Score`.

    Attributes
    ----------
    name
        ``family/dataset-metric``.
    dataset
        Registered name, or a `NeuralDataset` of your own.
    citation
        Publication of the data.
    version
        Raised whenever a score changes.
    split
        Default split: one of the dataset's names, or a `SplitSpec`.
    neuroids
        ids of the neuroids that are scored; all by default.
    context
        Whether a text is shown to the model after the earlier texts of its group, as it was read.
    ceiling
        How the ceiling is obtained, or None if the data allow none.
    normalisation
        ``"r/c"``: ceiled = mean over folds of r, divided by the ceiling, per neuroid; ``"none"`` without a ceiling.
    alphas
        Grid of penalties.
    published
        Numbers of others, for the report.
    """

    name: str
    dataset: str | NeuralDataset
    citation: str = ""
    version: int = 1
    split: str | SplitSpec = ""
    neuroids: tuple[str, ...] | None = None
    context: bool = False
    ceiling: Ceiling | None = None
    normalisation: Normalisation = "none"
    alphas: np.ndarray = field(default_factory=lambda: ALPHAS)
    published: tuple[PublishedNumber, ...] = ()

    def __post_init__(self) -> None:
        if (self.ceiling is None) != (self.normalisation == "none"):
            raise ValueError(
                f"benchmark {self.name!r}: normalisation {self.normalisation!r} does not fit ceiling {self.ceiling!r}; "
                "use 'none' exactly if there is no ceiling."
            )

    @property
    def dataset_name(self) -> str:
        """Name of the dataset."""
        return self.dataset if isinstance(self.dataset, str) else self.dataset.name

    def load(self, *, offline: bool | None = None) -> NeuralDataset:
        """Open the dataset; see ``data.load_dataset`` for the errors."""
        return data.load_dataset(self.dataset, offline=offline) if isinstance(self.dataset, str) else self.dataset

    def split_spec(self, dataset: NeuralDataset, split: str | SplitSpec | None = None) -> SplitSpec:
        """The split to use: the one asked for, else the benchmark's, else the dataset's first."""
        chosen = split or self.split or next(iter(dataset.splits), "")
        if isinstance(chosen, SplitSpec):
            return chosen
        if chosen not in dataset.splits:
            raise data.UnknownNameError(
                f"dataset {dataset.name!r} has no split {chosen!r}; it has: {', '.join(dataset.splits) or 'none'}."
            )
        return dataset.splits[chosen]

    def trials(self, dataset: NeuralDataset, *, drop_invalid: bool = False) -> tuple[xr.DataArray, list[str]]:
        """Responses as ``(repetition, stimulus, neuroid)`` in the order of the stimulus table.

        Parameters
        ----------
        dataset
            Its responses must hold every stimulus of the table, each equally often.
        drop_invalid
            Leave out neuroids with NaN or constant responses instead of refusing them.

        Returns
        -------
        tuple
            The array and the ids of neuroids that were left out.
        """
        responses = dataset.responses
        if responses.ndim == 3:
            raise ValueError(
                f"{self.name} scores one value per presentation; average the time bins of {dataset.name} first."
            )
        if self.neuroids is not None:
            known = responses["neuroid_id"].values.tolist()
            absent = [name for name in self.neuroids if name not in known]
            if absent:
                raise ValueError(f"{dataset.name} has no neuroid {absent[0]!r}; it has {', '.join(known[:8])}.")
            responses = responses.isel(neuroid=[known.index(name) for name in self.neuroids])
        trials = _by_repetition(responses, dataset.stimuli, dataset.name)
        return _valid_neuroids(trials, dataset.name, drop_invalid)

    def shown(self, stimuli: StimulusSet) -> StimulusSet:
        """The stimuli as the model gets them: with their context where the protocol asks for it."""
        if not self.context or stimuli.group is None:
            return stimuli
        if stimuli.arrays is not None:
            raise ValueError(
                f"{self.name} shows texts in context, but {stimuli.name!r} holds arrays; set context=False."
            )
        texts: list[str] = []
        earlier: dict[object, list[str]] = {}
        for group, text in zip(stimuli.table[stimuli.group], stimuli.items(), strict=True):
            parts = earlier.setdefault(group, [])
            parts.append(str(text))
            texts.append(re.sub(r"\s+([.,!?;:])", r"\1", " ".join(parts)))
        table: pd.DataFrame = stimuli.table.assign(text=texts)
        return StimulusSet(f"{stimuli.name}+context", table, group=stimuli.group)

    def protocol(self, spec: SplitSpec) -> list[str]:
        """The protocol in words, in the order of execution."""
        steps = []
        if self.context:
            steps.append("Each text is shown after the earlier texts of its group, joined by spaces.")
        steps += [
            "Responses to repetitions of a stimulus are averaged.",
            f"Folds: {spec.describe()}.",
            "Features are z-scored and responses centred with the training rows of each fold only.",
            f"Mapping: ridge regression, one penalty per neuroid from {len(self.alphas)} values between "
            f"{self.alphas[0]:g} and {self.alphas[-1]:g}, chosen by mean squared error over 5 inner folds of the training "
            f"rows ({f'no {spec.group} is divided' if spec.group else 'shuffled'}).",
            "Raw score: Pearson r between prediction and response per neuroid and fold (0 for a constant prediction), "
            "mean over folds, median over neuroids of a subject, mean over subjects.",
            f"Ceiling: {self.ceiling.describe() if self.ceiling else 'none'}.",
            "Ceiled score: "
            + (
                "r divided by the ceiling, per neuroid before the median; not clipped."
                if self.ceiling
                else "none, so the raw score stands alone."
            ),
        ]
        return steps


def _by_repetition(responses: xr.DataArray, stimuli: StimulusSet, name: str) -> xr.DataArray:
    ids = responses["stimulus_id"].values.astype(str)
    unknown = sorted(set(ids.tolist()) - set(stimuli.ids))
    absent = [key for key in stimuli.ids if key not in set(ids)]
    if unknown or absent:
        raise ValueError(
            f"presentations and stimuli of {name} do not match: {len(unknown)} presentation ids are no stimulus "
            f"(first: {unknown[:1]}), {len(absent)} stimuli have no presentation (first: {absent[:1]}); mend the ids."
        )
    table = pd.DataFrame({"stimulus": ids, "row": np.arange(len(ids))})
    counts = table["stimulus"].value_counts()
    if counts.nunique() != 1:
        raise ValueError(
            f"stimuli of {name} are repeated between {counts.min()} and {counts.max()} times; this protocol needs equal "
            "numbers: average them or drop the extra repetitions."
        )
    order = responses["repetition"].values.argsort(kind="stable")
    place = {key: number for number, key in enumerate(stimuli.ids)}
    order = order[np.argsort([place[key] for key in ids[order]], kind="stable")]
    values = responses.values[order].reshape(len(stimuli), int(counts.iloc[0]), -1).transpose(1, 0, 2)
    coords = {key: ("neuroid", coord.values) for key, coord in responses.coords.items() if coord.dims == ("neuroid",)}
    return xr.DataArray(
        values,
        dims=("repetition", "stimulus", "neuroid"),
        coords={**coords, "stimulus_id": ("stimulus", np.asarray(stimuli.ids))},
        attrs=responses.attrs,
    )


def _valid_neuroids(trials: xr.DataArray, name: str, drop: bool) -> tuple[xr.DataArray, list[str]]:
    ids = trials["neuroid_id"].values.astype(str)
    missing = ~np.isfinite(trials.values).all(axis=(0, 1))
    constant = ~missing & (np.ptp(np.where(missing, 0, trials.values).mean(axis=0), axis=0) == 0)
    bad = missing | constant
    if bad.any() and not drop:
        first = int(np.flatnonzero(bad)[0])
        gaps = int((~np.isfinite(trials.values[..., first])).sum())
        state = (
            f"{gaps} NaN or infinite among {trials.values[..., first].size} responses"
            if missing[first]
            else "a constant response"
        )
        raise ValueError(
            f"neuroid {str(ids[first])!r} of {name} has {state} ({int(bad.sum())} of {len(ids)} neuroids are like this); "
            "mend the data, or leave such neuroids out with drop_invalid=True (`--drop-invalid`): the score then says which."
        )
    if bad.all():
        raise ValueError(f"no neuroid of {name} has finite, varying responses; nothing can be scored.")
    return trials.isel(neuroid=np.flatnonzero(~bad)), ids[bad].tolist()
