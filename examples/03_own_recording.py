"""How do I score my own network against my own recording? Arrays in, a score out, in ten lines."""

import numpy as np
import torch

import alignment
from alignment.plots import plot_neuroids

# Replace these by your images (stimulus, ...) and single responses (repetition, stimulus, neuroid): here gratings of random
# orientation and phase, and neuroids with random receptive fields and noise.
rng = np.random.default_rng(0)
row, col = np.mgrid[0:16, 0:16] / 16
angle, phase = rng.uniform(0, np.pi, (120, 1, 1)), rng.uniform(0, 2 * np.pi, (120, 1, 1))
images = np.sin(6 * np.pi * (col * np.cos(angle) + row * np.sin(angle)) + phase)[:, None]
drive = np.maximum(images.reshape(120, -1) @ rng.standard_normal((256, 30)) / 16, 0)
trials = drive + 0.5 * rng.standard_normal((8, 120, 30))

benchmark = alignment.benchmark_from_arrays("vision/mine", images, trials, unit="spikes/s", citation="me, 2026")
torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Conv2d(1, 32, 7), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten())
score = alignment.score(alignment.TorchModel(network, layers=["1", "2"]), benchmark)
print(score)
for layer in score.layers:
    print(f"{layer:>8}: ceiled {score.row(layer)['ceiled']:.3f}")
plot_neuroids(score).figure.savefig("03_own_recording.png", dpi=150)
