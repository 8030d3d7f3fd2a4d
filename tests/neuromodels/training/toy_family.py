"""A small network and data sets with which the engine is tested, also in processes of their own."""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from neuromodels.recording import Recordable
from neuromodels.registry import register_model
from neuromodels.training import kinds
from neuromodels.training.samples import TensorSamples

NAME = "toy/net"


class Net(Recordable, nn.Module):
    """x (batch, time, channel, row, col) -> mean over time -> features -> logits."""

    layers = ("hidden",)
    input_spec = {"kind": "array", "shape": (3, 2, 2, 3), "dims": ("time", "channel", "row", "col")}

    def __init__(self, seed, n_classes=4, width=8, dropout=0.0, batch_norm=False):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = nn.Linear(12, width)
            self.norm = nn.LayerNorm(width)
            self.batch_norm = nn.BatchNorm1d(width) if batch_norm else None
            self.dropout = nn.Dropout(dropout)
            self.decoder = nn.Linear(width, n_classes)
        self.feature_size = width

    def features_over_time(self, x):
        encoded = self.encoder(x.flatten(2))
        if self.batch_norm is not None:
            encoded = self.batch_norm(encoded.transpose(1, 2)).transpose(1, 2)
        return self.tap("hidden", torch.tanh(self.norm(encoded)))

    def features(self, x):
        return self.features_over_time(x).mean(dim=1)

    def forward(self, x):
        return self.decoder(self.dropout(self.features(x)))


def toy_net(*, seed, **overrides):
    """Small network for tests."""
    return Net(seed, **overrides)


def blobs(part, *, n=32, n_classes=4, noise=0.5, bad_label=None):
    """Classes around random centres; the parts share centres and nothing else."""
    centres = torch.randn(n_classes, 3, 2, 2, 3, generator=torch.Generator().manual_seed(1))
    drawn = torch.Generator().manual_seed({"train": 2, "validation": 3, "test": 4}[part])
    label = torch.arange(n) % n_classes
    x = centres[label] + noise * torch.randn(n, 3, 2, 2, 3, generator=drawn)
    if bad_label is not None and part == "train":
        label[5] = bad_label
    return TensorSamples({"x": x, "label": label}, n_classes=n_classes)


def countable(part, **options):
    """Blobs that say which option of a network their number of classes is."""
    samples = blobs(part, **options)
    samples.class_options = {"n_classes": samples.n_classes}
    return samples


class Deadly:
    """Kills the process when so many batches were read."""

    def __init__(self, samples, reads):
        self.samples, self.left, self.n_classes = samples, reads, samples.n_classes

    def __len__(self):
        return len(self.samples)

    def batch(self, rows):
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.samples.batch(rows)


def deadly(part, *, seed=0):
    """The blobs; with TOY_READS in the environment, training samples that kill after so many batches."""
    reads = os.environ.get("TOY_READS")
    return Deadly(blobs(part), int(reads)) if reads and part == "train" else blobs(part)


class Trials:
    """Generated trials of two classes."""

    n_classes = 2

    def draw(self, n, generator):
        label = torch.randint(0, 2, (n,), generator=generator)
        x = (2.0 * label - 1)[:, None, None, None, None] + torch.randn(n, 3, 2, 2, 3, generator=generator)
        return {"x": x, "label": label}


def trials(part):
    return Trials()


def jitter(*, size=0.1):
    """Noise per sample."""
    return lambda x, generator: x + size * torch.randn(x.shape, generator=generator)


class TwoSides:
    """Turns every second call's samples around: two views without chance."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x, generator):
        self.calls += 1
        return x.flip(-1) * 1.1 if self.calls % 2 else x


def enter():
    register_model(NAME, paper="none", layers=("hidden",))(toy_net)
    own = {f"toy/{name}": f"{__name__}:{name}" for name in ("blobs", "trials", "deadly", "countable")}
    kinds.OURS["neuromodels.training_data"].update(own)
    kinds.OURS["neuromodels.augmentations"].update({"jitter": f"{__name__}:jitter", "sides": f"{__name__}:TwoSides"})


def main(plan):
    """Train each recipe of a JSON file: folder, recipe, and whether to resume."""
    from neuromodels.training import Recipe, run, train

    enter()
    run.save_learning_curve = lambda *arguments: None
    for folder, recipe, resume in json.loads(Path(plan).read_text(encoding="utf-8")):
        train(Recipe.from_dict(recipe), folder, resume=resume)


if __name__ == "__main__":
    main(sys.argv[1])
