"""Sizes of motion networks: layers in order, and what is refused."""

import pytest

from neuromodels.errors import UnknownNameError
from neuromodels.motion.network_config import MotionConfig


def test_layers_of_one_and_two_pathways():
    assert MotionConfig(iterations=2).layers == ("v1", "mt", "context", "flow-0", "flow-1", "flow-2")
    assert MotionConfig(pathways=2, iterations=1).layers == (
        *("v1", "mt", "context", "flow-0", "flow-1"),
        *("v1-second-order", "fused", "mt-dual", "context-dual", "flow-dual-1"),
    )
    assert (MotionConfig().committed_layer, MotionConfig(pathways=2).committed_layer) == ("mt", "mt-dual")
    assert MotionConfig().channels == 256


def test_lists_become_tuples():
    assert MotionConfig(widths=[4, 8, 16]).widths == (4, 8, 16)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pathways": 3}, r"pathways must be 1 \(luminance\) or 2 \(with second order\), received 3"),
        ({"iterations": 0}, "iterations must be a whole number of at least 1, received 0"),
        ({"levels": True}, "levels must be a whole number"),
        ({"widths": (4, 8)}, "widths must be 3 numbers"),
        ({"widths": (4, 8, 0.5)}, "widths must be a whole number of at least 1, received 0.5"),
        ({"levels": 3, "units_per_level": 5}, "multiple of 8, received 3 x 5"),
        ({"method": "fast"}, "method is 'fast'; it must be one of auto, plain, fft"),
        ({"as_published": 1}, "as_published must be true or false, received 1"),
        ({"as_published": None}, "as_published must be true or false, received None"),
        ({"streamed": "yes"}, "streamed must be true, false or None, received 'yes'"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ValueError, match=words):
        MotionConfig(**options)


def test_unknown_options_name_the_closest():
    with pytest.raises(UnknownNameError, match="motion network option 'iteration'; closest: iterations"):
        MotionConfig.with_options({}, iteration=3)
