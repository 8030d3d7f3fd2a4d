"""Null models that stand beside every score: what can be had without any knowledge of the stimuli's content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.ndimage import gaussian_filter1d

from data.stimuli import StimulusSet


class Baseline(Protocol):
    """Features from the stimulus table alone."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    @property
    def standardised(self) -> bool:
        """Whether the features are z-scored before the regression, as a model's are."""
        ...

    def describe(self) -> str:
        """What the features are, in one sentence."""
        ...

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """Features ``(stimulus, feature)``."""
        ...


@dataclass(frozen=True)
class RandomFeatures:
    """Independent Gaussian numbers, as many per stimulus as the scored layer has units."""

    width: int
    seed: int = 0
    name: str = "random features"
    standardised: bool = True

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return f"{self.width} independent Gaussian numbers per stimulus (seed {self.seed})"

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, width)``."""
        # A sequence of its own: a model that is itself the first draw of default_rng(0) must not meet itself here.
        return np.random.default_rng([self.seed, 0x6E756C6C]).standard_normal((len(stimuli), self.width))


@dataclass(frozen=True)
class NuisanceModel:
    """Length and position: how long a stimulus is and where in its group it stands.

    Attributes
    ----------
    n_tokens
        The scored model's own length measure, or None.
    """

    n_tokens: Callable[[Sequence[str]], Sequence[int]] | None = None
    name: str = "length + position"
    standardised: bool = True

    def describe(self) -> str:
        """What the features are, in one sentence."""
        tokens = ", the model's tokens" if self.n_tokens else ""
        return (
            f"number of characters, words{tokens} (texts) or mean and SD (arrays); one column per position in the group "
            "where there are groups"
        )

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, feature)``."""
        items = stimuli.items()
        if isinstance(items, np.ndarray):
            flat = items.reshape(len(items), -1)
            columns = [flat.mean(axis=1), flat.std(axis=1)]
        else:
            columns = [
                np.array([len(text) for text in items]),
                np.array([len(text.split()) for text in items]),
            ]
            if self.n_tokens is not None:
                columns.append(np.asarray(self.n_tokens(items)))
        position = positions_in_group(stimuli)
        if position is not None:
            columns += [position == value for value in np.unique(position)]
        return np.stack(columns, axis=1).astype(float)


@dataclass(frozen=True)
class TableColumns:
    """Numbers of the stimulus table that are no merit of a model: how strong a stimulus is, how much there is of it.

    Attributes
    ----------
    columns
        Of the stimulus table; missing values count as 0.
    """

    columns: tuple[str, ...]
    standardised: bool = True

    @property
    def name(self) -> str:
        """The columns."""
        return " + ".join(self.columns)

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return f"{self.name} of the stimulus"

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, column)``."""
        return np.nan_to_num(stimuli.table[list(self.columns)].to_numpy(dtype=float))


@dataclass(frozen=True)
class ModelInput:
    """What the model is shown, mean over time where there is time: what its layers must add something to."""

    name: str = "model input"
    standardised: bool = False

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return "the stimulus arrays themselves, mean over time"

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, feature)``; ValueError for texts."""
        if stimuli.arrays is None:
            raise ValueError(f"stimuli {stimuli.name!r} are texts; ModelInput takes arrays.")
        arrays = stimuli.arrays.mean("time") if "time" in stimuli.arrays.dims else stimuli.arrays
        return np.asarray(arrays.values, dtype=np.float64).reshape(len(stimuli), -1)


@dataclass(frozen=True)
class MomentAlone:
    """Which moment it is, neighbours alike: the time course that all sequences have in common.

    Attributes
    ----------
    sigma
        Width of the Gaussian over moments.
    """

    sigma: float = 2.0
    name: str = "time alone"
    standardised: bool = False

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return f"one column per moment of a sequence, smoothed over moments (sigma {self.sigma:g}), the same in all sequences"

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, moment)``."""
        if "moment" not in stimuli.table:
            raise ValueError(f"stimuli {stimuli.name!r} are no moments of sequences; MomentAlone belongs to OverTime.")
        moment = stimuli.table["moment"].to_numpy()
        found, codes = np.unique(moment, return_inverse=True)
        return gaussian_filter1d(np.eye(len(found)), self.sigma, axis=1, mode="reflect")[codes]


@dataclass(frozen=True)
class DelayedInput:
    """What the model is shown, now and some steps ago: what its own memory must add something to.

    Attributes
    ----------
    delays
        In steps, from 0; no more than the lead-in of the benchmark.
    name
        Name in reports.
    """

    delays: tuple[int, ...]
    name: str = "delayed input"
    standardised: bool = True

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return f"the input itself {', '.join(map(str, self.delays))} steps before"

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(moment, delay x channel)`` of stimuli that are moments with their past; see `alignment.over_time.unfold`."""
        arrays = stimuli.arrays
        if arrays is None or "time" not in arrays.dims or arrays.sizes["time"] <= max(self.delays):
            raise ValueError(
                f"stimuli {stimuli.name!r} hold no past of {max(self.delays)} steps; give the benchmark a lead-in of as many."
            )
        past = arrays.transpose("stimulus", "time", ...).values[:, [-1 - delay for delay in self.delays]]
        return np.asarray(past, dtype=np.float64).reshape(len(stimuli), -1)


@dataclass(frozen=True)
class OasmModel:
    """Orthogonal autocorrelated sequences: neighbours in a group are alike, different groups are orthogonal.

    For each run of K consecutive stimuli of one group, the K x K identity smoothed along rows by a
    Gaussian (reflecting border), on feature columns of its own. Without groups all stimuli are one run. It knows
    nothing of the stimuli, so whatever it scores is a leak between training and test folds. The features are not
    z-scored: a column's scale is part of who is alike whom.

    Attributes
    ----------
    sigma
        Width of the Gaussian in stimuli.

    References
    ----------
    Feghhi, Hadidi, Song, Blank, Kao 2024; Hadidi, Feghhi et al. 2025, doi 10.1101/2025.03.09.642245.
    """

    sigma: float = 1.0
    name: str = "OASM"
    standardised: bool = False

    def describe(self) -> str:
        """What the features are, in one sentence."""
        return (
            f"orthogonal autocorrelated sequences, one block per group of consecutive stimuli, sigma {self.sigma:g}, "
            "not z-scored"
        )

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        """``(stimulus, stimulus)``, block diagonal."""
        n = len(stimuli)
        groups = np.zeros(n) if stimuli.group is None else stimuli.table[stimuli.group].to_numpy()
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        features = np.zeros((n, n))
        for start, stop in zip(starts, np.r_[starts[1:], n], strict=True):
            block = np.eye(stop - start)
            if self.sigma > 0:
                block = gaussian_filter1d(block, self.sigma, axis=1, mode="reflect")
            features[start:stop, start:stop] = block
        return features


def positions_in_group(stimuli: StimulusSet) -> np.ndarray | None:
    """Position of each stimulus within its group, from 0; None without groups."""
    if stimuli.group is None:
        return None
    return stimuli.table.groupby(stimuli.group).cumcount().to_numpy()
