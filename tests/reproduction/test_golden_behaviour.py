"""Behavioural scores that Brain-Score gave for stored model probabilities and two-way choices."""

import numpy as np
import pytest

from alignment.behaviour import Choices, i1, i2n, value_delta

TOLERANCE = 1e-9


@pytest.mark.parametrize("metric", [i1, i2n])
def test_signatures_equal_the_stored_scores_and_ceilings(golden, metric):
    inputs = golden("behaviour_inputs.npz")
    choices = Choices.from_table({key[2:]: inputs[key] for key in inputs if key.startswith("t_")})
    assert len(choices) == 4800
    found = metric(inputs["prob"], choices, stimulus_id=inputs["image_id"], objects=inputs["objects"])
    expected = golden("brainscore_vision_expected.json")["behaviour"][metric.__name__]
    np.testing.assert_allclose(found.raw, expected["raw"], atol=TOLERANCE)
    np.testing.assert_allclose(found.ceiling_raw, expected["ceiling_raw"], atol=TOLERANCE)
    assert found.value == pytest.approx(expected["score"], abs=TOLERANCE)
    assert found.error == pytest.approx(expected["error"], abs=TOLERANCE)
    assert found.ceiling == pytest.approx(expected["ceiling"], abs=TOLERANCE)
    assert found.ceiling_error == pytest.approx(expected["ceiling_error"], abs=TOLERANCE)
    assert found.normalised == pytest.approx(
        np.mean(np.array(expected["raw"]) / np.sqrt(expected["ceiling_raw"])), abs=TOLERANCE
    )


@pytest.mark.parametrize(("scale", "key"), [(1.0, "value_delta(0.3,1.1)"), (2.0, "value_delta(0.3,1.1,scale=2)")])
def test_value_delta_equals_the_stored_one(golden, scale, key):
    expected = golden("brainscore_vision_expected.json")["behaviour"][key]
    assert value_delta(0.3, 1.1, scale=scale) == pytest.approx(expected, abs=TOLERANCE)
