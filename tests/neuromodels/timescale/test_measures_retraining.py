"""Training on another N, in a blink: the curve is that of the engine, and every N starts from the same network."""

import numpy as np
import pytest
import xarray as xr

from neuromodels import create_model
from neuromodels.timescale.measures_retraining import plot_retraining, retraining
from neuromodels.training import read_history

BLINK = (
    "training.steps_per_epoch=4",
    "training.evaluation_steps=2",
    "training.batch_size=8",
    "training.evaluation_batch_size=16",
)


@pytest.fixture(autouse=True)
def _no_curve(no_curve):
    """Runs draw no curve."""


@pytest.fixture
def network():
    return create_model("timescale/leaky-small", seed=0, units=10, heads=2, answers=(2, 3))


@pytest.fixture
def judged(monkeypatch):
    """An untrained network stands for one that was right about N = 3 this often."""

    def pretend(share):
        found = xr.Dataset({"accuracy": ("N", np.array([share]))})
        monkeypatch.setattr("neuromodels.timescale.measures_retraining.accuracy", lambda *a, **k: found)

    pretend(0.9)
    return pretend


def test_curves_are_those_of_the_runs(network, judged, tmp_path):
    found = retraining(network, [3, 4], tmp_path, changes=BLINK, epochs=3)
    for n in (3, 4):
        rows = read_history(tmp_path / f"N{n}")
        np.testing.assert_allclose(found["accuracy"].sel(N=n), [row[f"N{n}"] for row in rows])
    np.testing.assert_allclose(found["relative"], (found["last"] - 0.5) / 0.4)
    assert np.isnan(found["solved_after"]).all() and found.attrs["before"] == 3
    assert retraining(network, [3, 4], tmp_path, changes=BLINK, epochs=3).identical(found)
    plot_retraining(found).figure.canvas.draw()


def test_a_solved_n_ends_its_run(network, judged, tmp_path):
    found = retraining(network, [3], tmp_path, changes=(*BLINK, "task.threshold=0.1"), epochs=3)
    assert found["solved_after"].item() == 1
    assert np.isfinite(found["accuracy"][0, 0]) and np.isnan(found["accuracy"][0, 1:]).all()


def test_a_network_that_knows_nothing_is_refused_before_it_is_trained(network, judged, tmp_path):
    judged(0.5)
    with pytest.raises(ValueError, match="which is chance"):
        retraining(network, [3], tmp_path, changes=BLINK)
    assert not list(tmp_path.iterdir())
