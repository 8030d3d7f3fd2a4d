"""Designs of a bootstrap: what they accept, and how they say what is drawn."""

import numpy as np
import pytest

from alignment.inference import Design

PASSAGES, ANIMALS = np.arange(12) // 3, np.array(list("aabb"))


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (Design(), "12 stimuli drawn with replacement; 4 neuroids fixed; median over neuroids"),
        (
            Design(("stimuli", "neuroids"), groups=PASSAGES, pool="mean"),
            "4 whole groups of 12 stimuli drawn with replacement; 4 neuroids drawn independently of the stimuli (crossed); "
            "mean over neuroids",
        ),
        (
            Design(("stimuli", "animals"), animals=ANIMALS),
            "12 stimuli drawn with replacement; 2 animals drawn independently of the stimuli (crossed), each with all its "
            "neuroids; median over neuroids, mean over animals",
        ),
        (
            Design(("animals", "neuroids"), animals=ANIMALS),
            "12 stimuli fixed; 2 animals drawn, neuroids drawn inside each (nested); median over neuroids, mean over animals",
        ),
        (
            Design(("neuroids",), animals=ANIMALS),
            "12 stimuli fixed; 4 neuroids drawn inside each of 2 fixed animals; median over neuroids, mean over animals",
        ),
        (
            Design(("stimuli", "repetitions"), pool="none"),
            "12 stimuli drawn with replacement; repetitions drawn inside each stimulus (nested); each of 4 neuroids by itself",
        ),
    ],
)
def test_design_in_words(design, words):
    assert design.describe(12, 4) == words


def test_design_without_neuroids_in_words():
    assert Design().describe(12) == "12 stimuli drawn with replacement"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"over": ()}, "over must name some of stimuli, repetitions, neuroids, animals"),
        ({"over": "stimuli"}, "in a tuple, received 'stimuli'"),
        ({"over": ("voxels",)}, r"received \('voxels',\)"),
        ({"pool": "sum"}, "pool must be 'median', 'mean' or 'none', received 'sum'"),
        ({"over": ("animals",)}, "animals is None; give the animal of each neuroid"),
        ({"over": ("neuroids",), "pool": "none"}, "neuroids and animals cannot be resampled"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        Design(**options)


def test_groups_must_fit_the_stimuli():
    with pytest.raises(ValueError, match=r"groups has shape \(3,\), but there are 12 stimuli"):
        Design(groups=np.zeros(3)).group_codes(12)
