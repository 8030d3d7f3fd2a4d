"""How do I score against my own recording? Arrays in, a benchmark out; here with simulated gratings and neuroids."""

import numpy as np
import pandas as pd
import torch
import xarray as xr

import alignment
import data
import simulators
from alignment.plots import plot_neuroids
from data.dataset import DatasetInfo, NeuralDataset

rng = np.random.default_rng(0)
n_stimuli, n_neuroids, n_repetitions = 120, 30, 8

# Stimuli: small gratings of random orientation and phase, saved and read back with their hash.
rows, cols = np.mgrid[0:16, 0:16] / 16
angle, phase = rng.uniform(0, np.pi, n_stimuli), rng.uniform(0, 2 * np.pi, n_stimuli)
images = np.stack(
    [np.sin(6 * np.pi * (cols * np.cos(a) + rows * np.sin(a)) + p) for a, p in zip(angle, phase, strict=True)]
)
arrays = xr.DataArray(
    images[:, None],
    dims=("stimulus", "channel", "row", "col"),
    coords={"stimulus_id": ("stimulus", [f"grating.{k:03d}" for k in range(n_stimuli)])},
    attrs={"unit": "contrast"},
)
path = simulators.save_stimulus_set(arrays, "gratings.nc", name="gratings", generator={"seed": 0})
stimuli = data.load_stimulus_set(path)

# Responses: random receptive fields, half-rectified, with noise; replace this by your recording.
drive = np.maximum(images.reshape(n_stimuli, -1) @ rng.standard_normal((256, n_neuroids)) / 16, 0)
trials = drive + 0.5 * rng.standard_normal((n_repetitions, n_stimuli, n_neuroids))
responses = data.make_responses(
    trials.reshape(-1, n_neuroids),
    presentation={
        "stimulus_id": np.tile(stimuli.ids, n_repetitions),
        "repetition": np.repeat(np.arange(n_repetitions), n_stimuli),
    },
    neuroid={"neuroid_id": [f"cell.{k}" for k in range(n_neuroids)], "subject": ["simulated"] * n_neuroids},
    unit="spikes/s",
)
info = DatasetInfo("vision/mine", "my recording", "me, 2026", "none stated", "own copy", "ask me", "spikes/s")
splits = {"kfold5": data.SplitSpec("kfold5", "kfold", 5, seed=0)}
recording = NeuralDataset(info, responses, stimuli, splits)
benchmark = alignment.Benchmark(
    "vision/mine-ridge", recording, ceiling=alignment.SplitHalfCeiling(), normalisation="r/c"
)

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Conv2d(1, 32, 7), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten())
score = alignment.score(alignment.TorchModel(network, layers=["1", "2"]), benchmark)
print(score)
print(pd.Series({layer: score.row(layer)["ceiled"] for layer in score.layers}, name="ceiled").round(3))

plot_neuroids(score).figure.savefig("03_own_recording.png", dpi=150)
