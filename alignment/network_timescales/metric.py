"""What a benchmark of timescales measures, and the noise that a network is driven with."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset


@dataclass(frozen=True)
class Noise:
    """Random digits that drive a network while its states are recorded.

    Attributes
    ----------
    n_sequences
        Sequences.
    n_steps
        Steps that are measured, each.
    lead_in
        Steps before them that are not.
    n_lags
        Lags of the autocorrelation, in steps.
    seed
        Of the digits.
    """

    n_sequences: int = 20
    n_steps: int = 1000
    lead_in: int = 100
    n_lags: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.n_sequences, self.n_steps, self.n_lags) < 1 or self.lead_in < 0 or self.n_steps < 10 * self.n_lags:
            raise ValueError(
                f"noise needs sequences of at least 10 times as many steps as lags, received {self.n_sequences} sequences of "
                f"{self.n_steps} steps, {self.n_lags} lags and a lead-in of {self.lead_in}."
            )

    def digits(self) -> np.ndarray:
        """``(sequence, time, 1)`` of 0 and 1, equally often."""
        shape = (self.n_sequences, self.lead_in + self.n_steps, 1)
        return np.random.default_rng(self.seed).integers(0, 2, shape).astype(np.float32)

    def describe(self) -> str:
        """In one sentence."""
        return (
            f"The model reads {self.n_sequences} sequences of {self.lead_in + self.n_steps} random digits (0 or 1, "
            f"equally often, seed {self.seed}); the first {self.lead_in} steps are not measured."
        )


FIT_WORDS = (
    "Timescale of a unit: A (exp(-k / tau) + B) with A > 0 is fitted by least squares to the autocorrelation of its "
    "state, lags 0 to {lags}; fits with R2 below 0.5, and tau below 0.25 or above {longest} steps, count as unresolved."
)
LONGEST = 3  # times the largest lag: what lies beyond cannot be told from a constant


@dataclass(frozen=True)
class TimescaleMatch:
    """Distribution of a network's timescales beside that of a recording, after one common factor.

    The score is 1 - W / W1: W the Wasserstein-1 distance of log10 tau between network and recording, W1 that of a network whose
    units all have the recording's median.

    Attributes
    ----------
    where
        Coordinates of the neuroids and their values: which of them make up the distribution.
    noise
        What drives the network.
    """

    where: tuple[tuple[str, str], ...] = ()
    noise: Noise = field(default_factory=Noise)
    name: str = "W1 skill"

    def chosen(self, dataset: NeuralDataset) -> xr.DataArray:
        """Timescales ``(neuroid,)`` [ms] of the neuroids that are asked for.

        Raises
        ------
        ValueError
            If there is none.
        """
        values = _timescales_of(dataset)
        kept = np.ones(len(values), bool)
        for coordinate, wanted in self.where:
            if coordinate not in values.coords:
                raise ValueError(
                    f"neuroids of {dataset.name} have no {coordinate!r}; they have {', '.join(map(str, values.coords))}."
                )
            kept &= values[coordinate].values == wanted
        if not kept.any():
            raise ValueError(f"{dataset.name} has no neuroid with {dict(self.where)}; mend the benchmark.")
        return values.isel(neuroid=np.flatnonzero(kept))

    def describe(self) -> str:
        """Formula in one sentence."""
        return (
            "1 - W / W1: W the Wasserstein-1 distance of log10 tau between the units of the network and the neurons, "
            "after the one factor (ms per step) that makes their medians equal, W1 the same for units that all have the median"
        )

    def protocol_steps(self) -> list[str]:
        """What is done, in the order of execution."""
        return [
            *_driven(self.noise),
            f"Raw score: {self.describe()}. 1 is the same distribution, 0 is one timescale for all.",
        ]


@dataclass(frozen=True, eq=False)
class Areas:
    """Timescales of areas, and their places in a hierarchy that was not made of these timescales.

    Attributes
    ----------
    name
        ``(area,)``.
    tau_ms
        ``(area,)`` [ms].
    position
        ``(area,)`` any number that rises along the hierarchy.
    """

    name: np.ndarray
    tau_ms: np.ndarray
    position: np.ndarray


@dataclass(frozen=True)
class TimescaleHierarchy:
    """Do a network's timescales rise over its layers as those of areas do over a hierarchy?

    Layers stand at equal steps from the lowest to the highest area, areas at their ranks; log tau of an area's model is
    that of the layers' medians, interpolated. The score is the Spearman correlation over areas.

    Attributes
    ----------
    areas
        From a dataset to its areas.
    words
        Where their order comes from.
    noise
        What drives the network.
    """

    areas: Callable[[NeuralDataset], Areas]
    words: str
    noise: Noise = field(default_factory=Noise)
    name: str = "Spearman"

    def describe(self) -> str:
        """Formula in one sentence."""
        return (
            "Spearman correlation over areas between their timescale and that of the model's layers, whose median log tau is "
            "interpolated at the area's rank in the hierarchy"
        )

    def protocol_steps(self) -> list[str]:
        """What is done, in the order of execution."""
        return [*_driven(self.noise), self.words, f"Raw score: {self.describe()}."]


def _driven(noise: Noise) -> list[str]:
    return [noise.describe(), FIT_WORDS.format(lags=noise.n_lags, longest=LONGEST * noise.n_lags)]


def _timescales_of(dataset: NeuralDataset) -> xr.DataArray:
    responses = dataset.responses
    if responses is None or responses.attrs.get("unit") != "ms" or responses.sizes["presentation"] != 1:
        raise ValueError(f"{dataset.name} is no table of timescales in ms; use one, such as timescale/zeisler2024.")
    return responses.isel(presentation=0)
