"""Small recordings with a known signal, and models that give back stored features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignment import Benchmark, SplitHalfCeiling
from data import DatasetInfo, NeuralDataset, SplitSpec, StimulusSet, make_responses

INFO = DatasetInfo(
    name="test/tiny",
    summary="made by the test",
    citation="nobody",
    licence="none",
    access="own copy",
    how_to_get="It is made by the test.",
    units="1",
)
SPLITS = {
    "grouped": SplitSpec("grouped", "group-kfold", 4, seed=0, group="passage"),
    "shuffled": SplitSpec("shuffled", "kfold", 4, seed=0),
}


class StoredModel:
    """A model whose activations per layer are given; it counts its recordings."""

    input_spec: Mapping[str, object] = {"kind": "text"}
    committed_layer: str | None = None

    def __init__(self, name: str = "test/stored", revision: str = "stored 1", **layers: np.ndarray) -> None:
        self.name, self.revision = name, revision
        self.features = layers
        self.layers = tuple(layers)
        self.calls: list[list[str]] = []

    def record(self, stimuli: Sequence, layers: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        wanted = list(layers or self.layers)
        self.calls.append(wanted)
        return {layer: self.features[layer] for layer in wanted}


def _make_dataset(
    n_stimuli: int = 48, n_neuroids: int = 4, n_repetitions: int = 2, *, noise: float = 0.5, seed: int = 0
) -> tuple[NeuralDataset, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "stimulus_id": [f"s{row:03d}" for row in range(n_stimuli)],
            "text": [f"{'word ' * (1 + row % 5)}number {row}." for row in range(n_stimuli)],
            "passage": np.arange(n_stimuli) // 4,
        }
    )
    signal = rng.standard_normal((n_stimuli, n_neuroids))
    values = signal + noise * rng.standard_normal((n_repetitions, *signal.shape))
    responses = make_responses(
        values.reshape(-1, n_neuroids),
        presentation={
            "stimulus_id": np.tile(table["stimulus_id"].to_numpy(dtype=str), n_repetitions),
            "repetition": np.repeat(np.arange(n_repetitions), n_stimuli),
        },
        neuroid={
            "neuroid_id": [f"n{unit}" for unit in range(n_neuroids)],
            "subject": [f"person {unit % 2}" for unit in range(n_neuroids)],
            "region": [f"area {unit // 2}" for unit in range(n_neuroids)],
        },
        unit="1",
    )
    stimuli = StimulusSet("tiny", table, group="passage")
    return NeuralDataset(INFO, responses, stimuli, SPLITS, {"generator": "the test"}), signal


@pytest.fixture(scope="session")
def stored_model() -> type[StoredModel]:
    """Class of a model whose activations are given."""
    return StoredModel


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., tuple[NeuralDataset, np.ndarray]]:
    """Factory of a small recording; returns it with its noiseless signal ``(stimulus, neuroid)``."""
    return _make_dataset


@pytest.fixture(scope="session")
def tiny() -> tuple[Benchmark, np.ndarray]:
    """Benchmark of 48 texts in 12 passages, 4 neuroids, 2 repetitions; and its noiseless signal."""
    dataset, signal = _make_dataset()
    return Benchmark("test/tiny-ridge", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c"), signal


@pytest.fixture(scope="session")
def with_responses() -> Callable[[NeuralDataset, np.ndarray], NeuralDataset]:
    """Function that puts other response values into a recording."""
    return lambda dataset, values: replace(dataset, responses=dataset.responses.copy(data=values))
