"""A memory recipe that trains in a blink."""

import pytest

from neuromodels.training import read_recipe

TINY = (
    "model.options.units=12",
    "data.odds=even",
    "training.steps_per_epoch=6",
    "training.evaluation_steps=2",
    "training.batch_size=8",
    "training.evaluation_batch_size=16",
    "training.epochs=4",
)


@pytest.fixture
def no_curve(monkeypatch):
    """Runs draw no curve: it takes a second."""
    monkeypatch.setattr("neuromodels.training.run.save_learning_curve", lambda *arguments: None)


@pytest.fixture
def tiny(no_curve):
    """A shipped recipe in small, with changes; a threshold of 0.3 is passed by guessing."""

    def make(name="small-multi", *changes):
        return read_recipe(f"timescale/{name}").with_changes([*TINY, *changes])

    return make
