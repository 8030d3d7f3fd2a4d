"""The planted barrel cortex scored with networks by name: the one that made it reaches its ceiling, others do not."""

import pytest

import alignment
from alignment.inference import compare_scores
from neuromodels import create_model

pytestmark = pytest.mark.filterwarnings(
    "ignore:the largest of", "ignore:stimuli were repeated", "ignore:.*responses are NaN"
)


@pytest.fixture(scope="module")
def scores():
    """Layer conv4 of three small networks."""
    networks = {"true": ("tactile/small-ugrnn", 15), "seed": ("tactile/small-ugrnn", 1), "cell": ("tactile/small", 15)}
    return {
        key: alignment.score(create_model(name, seed=seed), "tactile/planted-rsa", layers=["conv4"], cache=False)
        for key, (name, seed) in networks.items()
    }


def test_the_network_that_made_it_reaches_its_ceiling(scores):
    row = scores["true"].row("conv4")
    assert row["ceiled_ci_low"] <= 1 <= row["ceiled_ci_high"]
    assert row["p"] == pytest.approx(1 / 720)


@pytest.mark.parametrize("wrong", ["seed", "cell"])
def test_another_network_is_below_it(scores, wrong):
    row = scores[wrong].row("conv4")
    assert row["ceiled_ci_high"] < 0.9
    assert compare_scores(scores["true"], scores[wrong], "conv4").low > 0
