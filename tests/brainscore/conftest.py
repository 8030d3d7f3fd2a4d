"""Models and recordings for the tests that need Brain-Score itself; nothing of it is imported here."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from alignment.brainscore import isolated
from data import DatasetInfo, NeuralDataset, SplitSpec, StimulusSet, make_responses

INFO = DatasetInfo(
    name="test/golden",
    summary="made by the test",
    citation="nobody",
    licence="none",
    access="own copy",
    how_to_get="It is made by the test.",
    units="1",
)
VISION = SplitSpec("brainscore", "stratified-shuffle", 10, seed=1, train_fraction=0.9, stratify="object_name")


@pytest.fixture(autouse=True)
def _away_from_home(tmp_path):
    """Brain-Score writes nothing outside of the test's folder and runs no pip."""
    with isolated(tmp_path / "brain-score"):
        yield


class Echo:
    """A model whose layer ``same`` is its input and whose layer ``twice`` is twice that; arrays of ``shape``."""

    def __init__(self, shape: Sequence[int], name: str = "test/echo", committed: str | None = "same") -> None:
        self.name, self.revision, self.committed_layer = name, f"{name} 1", committed
        self.layers = ("same", "twice")
        self.input_spec: Mapping[str, object] = {"kind": "array", "shape": list(shape)}
        self.calls: list[tuple[int, ...]] = []

    def record(self, stimuli: np.ndarray, layers: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        values = np.asarray(stimuli)
        self.calls.append(values.shape)
        made = {"same": values, "twice": 2 * values}
        return {layer: made[layer] for layer in layers or self.layers}


class Reader:
    """A model of texts: its layer counts five letters and the length."""

    name, revision, committed_layer = "test/reader", "reader 1", "letters"
    layers = ("letters",)
    input_spec: Mapping[str, object] = {"kind": "text"}

    def __init__(self) -> None:
        self.read: list[str] = []

    def record(self, stimuli: Sequence[str], layers: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        self.read += list(stimuli)
        return {"letters": np.array([[*(text.count(one) for one in "aeiou"), len(text)] for text in stimuli], float)}


@pytest.fixture(scope="session")
def echo() -> type[Echo]:
    """Class of a model that gives back its input."""
    return Echo


@pytest.fixture
def reader() -> Reader:
    """Model that counts letters."""
    return Reader()


@pytest.fixture
def golden_dataset(golden) -> Callable[..., NeuralDataset]:
    """Factory of a golden case as a recording; its stimuli are the features, so that `Echo` predicts from them."""

    def make(case: str, *, repetitions: bool = False) -> NeuralDataset:
        inputs = golden(f"{case}_inputs.npz")
        ids, n_neuroids = inputs["stimulus_id"].astype(str), inputs["Y"].shape[1]
        table = pd.DataFrame({"stimulus_id": ids, "object_name": inputs["object_name"].astype(str)})
        trials = inputs["trials"] if repetitions else inputs["Y"][None]
        responses = make_responses(
            trials.reshape(-1, *trials.shape[2:]),
            presentation={
                "stimulus_id": np.tile(ids, len(trials)),
                "object_name": np.tile(table["object_name"].to_numpy(), len(trials)),
                "repetition": np.repeat(np.arange(len(trials)), len(ids)),
            },
            neuroid={
                "neuroid_id": [f"n{unit:04d}" for unit in range(n_neuroids)],
                "region": np.full(n_neuroids, "IT"),
            },
            unit="1",
        )
        arrays = xr.DataArray(inputs["X"], dims=("stimulus", "feature"))
        return NeuralDataset(INFO, responses, StimulusSet(case, table, arrays=arrays), {"brainscore": VISION})

    return make
