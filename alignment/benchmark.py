"""A benchmark: a dataset, what of it is used, folds, ceiling and normalisation, all of it stated."""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

import data
from data.dataset import DatasetInfo, NeuralDataset
from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .trials import Missing, Trials, arrange_trials, no_trials

if TYPE_CHECKING:
    from .baselines import Baseline
    from .ceilings import Ceiling
    from .layer_target import LayerTarget
    from .mappings import Mapping
    from .metrics import Similarity
    from .network_timescales import TimescaleHierarchy, TimescaleMatch
    from .over_time import OverTime
    from .perceived_flow import PerceivedFlow
    from .relation_ceiling import RelationCeiling
    from .rendering import Rendering
    from .surrogates import Surrogate
    from .trial_halves import RelationHalves

Normalisation = Literal["r/c", "noise-corrected", "none"]
Direction = Literal["model to brain", "brain to model"]


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
        ``"r/c"``: ceiled = mean over folds of r, divided by the ceiling, per neuroid; ``"noise-corrected"``: the metric
        `LayerTarget` corrects for the noise of the animal and of the fit itself; ``"none"``: a ceiling, if there is one, is
        shown beside the raw score and divides nothing.
    metric
        A mapping (`alignment.mappings`), a similarity (`alignment.metrics`), `alignment.layer_target.LayerTarget`,
        `alignment.perceived_flow.PerceivedFlow`, or of timescales `alignment.network_timescales.TimescaleMatch` and
        `TimescaleHierarchy`, as an object or by name; see `make_metric` for the names.
    direction
        ``"model to brain"`` predicts neuroids from a layer; ``"brain to model"`` predicts the units of one layer from the
        neuroids (reverse predictivity).
    missing
        ``"refuse"`` unequal repetitions and NaN, or ``"average"`` the repetitions that are there and count the gaps.
    protocol_notes
        Sentences that belong to the protocol, such as how the responses were filtered.
    published
        Numbers of others, for the report.
    rendering
        What draws the stimuli for a model where the recording stored their parameters alone, see `alignment.rendering`.
    nuisance
        Columns of the stimulus table that stand in the null model in place of length and position, such as contrast.
    over_time
        How time bins are scored, moment by moment, see `alignment.over_time`; a stimulus is then one moment.
    baselines
        Null models in place of length and position and of OASM, which belong to lists of stimuli.
    surrogates
        Recordings that never were, on which the same model is scored beside the real one, see `alignment.surrogates`.
    data_options
        Choices with which the dataset is opened, see `data.load_dataset`; set by `with_data_options`.
    """

    name: str
    dataset: "str | NeuralDataset"
    citation: str = ""
    version: int = 1
    split: str | SplitSpec = ""
    neuroids: tuple[str, ...] | None = None
    context: bool = False
    ceiling: "Ceiling | RelationCeiling | RelationHalves | None" = None
    normalisation: Normalisation = "none"
    metric: "Mapping | Similarity | LayerTarget | PerceivedFlow | TimescaleMatch | TimescaleHierarchy | str" = "ridge"
    direction: Direction = "model to brain"
    missing: Missing = "refuse"
    published: tuple[PublishedNumber, ...] = ()
    protocol_notes: tuple[str, ...] = ()
    rendering: "Rendering | None" = None
    nuisance: tuple[str, ...] = ()
    over_time: "OverTime | None" = None
    baselines: "tuple[Baseline, ...]" = ()
    surrogates: "tuple[Surrogate, ...]" = ()
    data_options: Table[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.normalisation not in get_args(Normalisation):
            raise ValueError(
                f"benchmark {self.name!r}: normalisation must be one of {', '.join(get_args(Normalisation))}, received "
                f"{self.normalisation!r}."
            )
        if self.ceiling is None and self.normalisation == "r/c" and not self.by_place:
            raise ValueError(
                f"benchmark {self.name!r}: normalisation {self.normalisation!r} needs a ceiling; give one, or use 'none'."
            )
        if self.by_animal != (self.normalisation == "noise-corrected") or (self.by_animal and self.ceiling is not None):
            raise ValueError(
                f"benchmark {self.name!r}: normalisation 'noise-corrected' and the metric LayerTarget go together, without "
                f"another ceiling; received {self.normalisation!r} and {self.ceiling and self.ceiling.kind}."
            )
        if self.by_place and self.ceiling is not None:
            raise ValueError(
                f"benchmark {self.name!r}: the metric PerceivedFlow takes its ceiling from the observers; leave out "
                f"ceiling={self.ceiling.kind}."
            )
        for value, kind, what in ((self.direction, Direction, "direction"), (self.missing, Missing, "missing")):
            if value not in get_args(kind):
                raise ValueError(
                    f"benchmark {self.name!r}: {what} must be one of {', '.join(get_args(kind))}, received {value!r}."
                )
        if self.direction == "brain to model" and self.ceiling is not None:
            raise ValueError(
                f"benchmark {self.name!r}: a ceiling belongs to the recording, but direction 'brain to model' predicts "
                "units of the model, which have no noise; use ceiling=None."
            )

    @property
    def dataset_name(self) -> str:
        """Name of the dataset."""
        return self.dataset if isinstance(self.dataset, str) else self.dataset.name

    @property
    def info(self) -> DatasetInfo:
        """Facts about the dataset, without opening it."""
        return data.dataset_info(self.dataset) if isinstance(self.dataset, str) else self.dataset.info

    def load(self, *, offline: bool | None = None) -> NeuralDataset:
        """Open the dataset, a stimulus per moment where it is scored over time; see ``data.load_dataset`` for the errors."""
        if isinstance(self.dataset, NeuralDataset):
            opened = self.dataset
        else:
            opened = data.load_dataset(self.dataset, offline=offline, options=self.data_options)
        if self.over_time is None:
            return opened
        from .over_time import unfold

        return unfold(opened, lead_in=self.over_time.lead_in, group=self.over_time.group)

    def with_data_options(self, options: Table[str, Any]) -> "Benchmark":
        """The same on a recording that is opened with other choices; name and protocol say so.

        Parameters
        ----------
        options
            Such as ``{"unusable": "leave out"}`` or ``{"as_released": True}`` for ``tactile/rodgers2022``.

        Raises
        ------
        ValueError
            If the dataset has no such option.

        Examples
        --------
        >>> from alignment import load_benchmark
        >>> load_benchmark("tactile/rodgers2022-rsa").with_data_options({"as_released": True}).name
        'tactile/rodgers2022-rsa.as-released'
        """
        from data.catalogue import dataset_options

        known = dataset_options(self.dataset) if isinstance(self.dataset, str) else {}
        for key in options:
            if key not in known:
                raise ValueError(
                    f"the recording of {self.name} has no option {key!r}; its options: {', '.join(known) or 'none'}."
                )
        chosen = {key: value for key, value in options.items() if value != known[key]}
        names = [key if value is True else f"{key}-{value}" for key, value in chosen.items()]
        return replace(
            self,
            name=".".join([self.name, *(re.sub(r"[^a-z0-9]+", "-", one.lower()) for one in names)]),
            data_options={**self.data_options, **chosen},
            protocol_notes=(
                *self.protocol_notes,
                *(f"The recording is opened with {key} = {value!r}." for key, value in chosen.items()),
            ),
        )

    def split_spec(
        self, dataset: NeuralDataset, split: str | SplitSpec | None = None, responses: np.ndarray | None = None
    ) -> SplitSpec:
        """The split to use: the one asked for, else the benchmark's, else the dataset's first, else one that cannot leak.

        Parameters
        ----------
        dataset
            Its splits are known by name, and so are those of Brain-Score and of papers (`alignment.list_named_splits`).
        split
            Name or description.
        responses
            ``(stimulus, neuroid)``, which tell a recording whose neighbouring presentations are alike; see
            `alignment.safe_split`.
        """
        chosen = split or self.split or next(iter(dataset.splits), "")
        if isinstance(chosen, SplitSpec):
            return chosen
        if chosen in dataset.splits:
            return dataset.splits[chosen]
        table, group = dataset.stimuli.table_with_content(), dataset.stimuli.group
        if not chosen:
            from .leakage import safe_split

            return safe_split(table, responses, group=group)
        from .named_splits import list_named_splits, named_split

        if chosen in list_named_splits():
            return named_split(chosen, table)
        raise data.UnknownNameError(
            f"dataset {dataset.name!r} has no split {chosen!r}; it has: {', '.join(dataset.splits) or 'none'}; known for every "
            f"dataset: {', '.join(list_named_splits())}."
        )

    def trials(self, dataset: NeuralDataset, *, drop_invalid: bool = False) -> Trials:
        """Responses as trials ``(repetition, stimulus, neuroid)`` in the order of the stimulus table.

        Parameters
        ----------
        dataset
            Its responses must hold every stimulus of the table.
        drop_invalid
            Leave out neuroids with NaN or constant responses instead of refusing them.
        """
        if dataset.rdms is not None:
            return no_trials(dataset.stimuli)
        return arrange_trials(
            dataset.responses,
            dataset.stimuli,
            dataset.name,
            neuroids=self.neuroids,
            missing=self.missing,
            drop_invalid=drop_invalid,
        )

    @property
    def by_animal(self) -> bool:
        """Whether every layer is scored with every animal."""
        from .layer_target import LayerTarget

        return isinstance(self.metric, LayerTarget)

    @property
    def layer_target(self) -> "LayerTarget":
        """How every layer is scored with every animal; ValueError where it is not."""
        from .layer_target import LayerTarget

        if not isinstance(self.metric, LayerTarget):
            raise ValueError(f"{self.name} has the metric {self.metric!r}, which does not score layers with animals.")
        return self.metric

    @property
    def by_place(self) -> bool:
        """Whether a model's optical flow is compared with what observers saw at places in films."""
        from .perceived_flow import PerceivedFlow

        return isinstance(self.metric, PerceivedFlow)

    @property
    def perceived_flow(self) -> "PerceivedFlow":
        """How flow is compared with observers; ValueError where it is not."""
        from .perceived_flow import PerceivedFlow

        if not isinstance(self.metric, PerceivedFlow):
            raise ValueError(
                f"{self.name} has the metric {self.metric!r}, which compares no optical flow with observers."
            )
        return self.metric

    @property
    def by_timescale(self) -> bool:
        """Whether the timescales of a model's states are compared with a table of timescales."""
        from .network_timescales import TimescaleHierarchy, TimescaleMatch

        return isinstance(self.metric, (TimescaleMatch, TimescaleHierarchy))

    @property
    def timescales(self) -> "TimescaleMatch | TimescaleHierarchy":
        """How timescales are compared; ValueError where they are not."""
        from .network_timescales import TimescaleHierarchy, TimescaleMatch

        if not isinstance(self.metric, (TimescaleMatch, TimescaleHierarchy)):
            raise ValueError(f"{self.name} has the metric {self.metric!r}, which compares no timescales.")
        return self.metric

    @property
    def ceiling_words(self) -> str:
        """How the ceiling is obtained, in one sentence."""
        if self.by_timescale:
            from .network_timescales import TimescaleMatch

            return (
                "the same score between two random halves of the neurons, mean over halvings"
                if isinstance(self.metric, TimescaleMatch)
                else "the score of a timescale that rises along the hierarchy all the way, whatever its values"
            )
        if self.by_place:
            return (
                "none"
                if self.normalisation == "none"
                else "root of the reliability of the mean over observers (Spearman-Brown)"
            )
        if self.by_animal:
            return "root of the split-half reliability of each animal, in the correction for noise"
        return self.ceiling.describe() if self.ceiling else "none"

    def make_metric(self) -> "Mapping | Similarity":
        """The mapping or similarity as an object; ValueError where every layer is scored with every animal."""
        from .layer_target import LayerTarget
        from .metrics import make_metric
        from .network_timescales import TimescaleHierarchy, TimescaleMatch
        from .perceived_flow import PerceivedFlow

        if isinstance(self.metric, (TimescaleMatch, TimescaleHierarchy)):
            raise ValueError(
                f"{self.name} compares timescales, which is no mapping or similarity; use alignment.score."
            )
        if isinstance(self.metric, (LayerTarget, PerceivedFlow)):
            what = "compares flow with observers" if self.by_place else "scores every layer with every animal"
            raise ValueError(
                f"{self.name} {what}, which is no mapping or similarity of its own; use alignment.score, or a benchmark with "
                "another metric."
            )
        return make_metric(self.metric) if isinstance(self.metric, str) else self.metric

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

    def protocol(self, spec: SplitSpec | None, *, responses: bool = True) -> list[str]:
        """The protocol in words, in the order of execution; ``responses`` False for a dataset of dissimilarities.

        No split (None) belongs to the metrics `LayerTarget`, with folds of its own, and to those that fit nothing.
        """
        from .metrics import protocol_steps

        steps = []
        if self.context:
            steps.append("Each text is shown after the earlier texts of its group, joined by spaces.")
        if self.rendering:
            steps.append(self.rendering.words)
        steps += (*(self.over_time.words if self.over_time else ()), *self.protocol_notes)
        if responses and not self.by_timescale:
            steps.append("Responses to repetitions of a stimulus are averaged.")
        if self.by_timescale:
            steps += self.timescales.protocol_steps()
        elif spec is None:
            steps += (self.perceived_flow if self.by_place else self.layer_target).protocol_steps()
        else:
            steps += protocol_steps(self.make_metric(), spec, reverse=self.direction == "brain to model")
            if self.over_time and self.over_time.between:
                from .between_sequences import WORDS

                steps[-1] = WORDS
        steps += [
            f"Ceiling: {self.ceiling_words}.",
            "Ceiled score: "
            + {
                "r/c": "raw divided by the ceiling, per set of places; not clipped."
                if self.by_place
                else "raw divided by the ceiling, per neuroid before the median; not clipped.",
                "noise-corrected": "raw corrected for the noise of the animal and of the fit; mean over animals, each weighed "
                "by its squared ceiling; not clipped.",
                "none": "none, so the raw score stands alone.",
            }[self.normalisation],
        ]
        return steps
