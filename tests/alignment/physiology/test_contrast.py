"""Contrast responses: exact curves, the golden ones of a model, what does not saturate, what is no contrast."""

import numpy as np
import pytest

from alignment.physiology import contrast_response

CONTRASTS = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0])


def ratio(c, b, r_max, c50, n):
    return b + r_max * c**n / (c**n + c50**n)


def test_exact_curves_are_recovered(respond):
    truth = np.array([[0.0, 30.0, 0.1, 2.0], [5.0, 80.0, 0.3, 1.3], [12.0, 7.0, 0.04, 3.5]])
    values = np.stack([ratio(CONTRASTS, *row) for row in truth], axis=1)
    found = contrast_response(respond(values, contrast=CONTRASTS))
    for number, name in enumerate(("baseline", "r_max", "c50", "exponent")):
        np.testing.assert_allclose(found[name], truth[:, number], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(found["r2"], 1, atol=1e-7)
    np.testing.assert_allclose(found["fitted"], values, rtol=1e-3, atol=1e-3)
    assert np.isnan(found["c50_low"]).all()


def test_model_units_reach_half_at_a_twentieth(real_data, respond):
    with np.load(real_data / "motion" / "reference_outputs" / "simoncelli_heeger.npz", allow_pickle=False) as arrays:
        responses = respond(arrays["contrast_v1_mt"], contrast=arrays["contrast"])
    found = contrast_response(responses)
    np.testing.assert_allclose(found["c50"], 0.05, atol=0.001)
    np.testing.assert_allclose(found["exponent"].values[0], 2, atol=0.01)
    assert "Contrast 0 was not shown" in found.attrs["notes"]


def test_response_that_does_not_saturate_is_said(respond):
    found = contrast_response(respond(np.stack([CONTRASTS, np.zeros(8)], axis=1), contrast=CONTRASTS))
    assert found["c50"].values[0] == pytest.approx(1.0, abs=1e-3)
    assert np.isnan(found["c50"].values[1])
    assert "1 of 2 units do not saturate" in found.attrs["notes"]


def test_trials_give_intervals_around_the_truth(respond):
    rng = np.random.default_rng(0)
    values = rng.poisson(ratio(CONTRASTS, 4, 40, 0.15, 2)[:, None, None], (8, 15, 40)).astype(float)
    found = contrast_response(respond(values, contrast=CONTRASTS), n_boot=150)
    inside = (found["c50_low"] < 0.15) & (found["c50_high"] > 0.15)
    assert inside.values.mean() > 0.85
    assert (found["r_max_low"] < found["r_max"]).all()


def test_blank_of_unknown_direction_is_contrast_zero(respond):
    facts = {"direction_deg": np.append(np.nan, np.zeros(7)), "kind": ["uniform"] + ["grating"] * 7}
    found = contrast_response(respond(ratio(CONTRASTS, 1, 9, 0.2, 2)[:, None], contrast=CONTRASTS, **facts))
    assert found["baseline"].item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("contrasts", "message"),
    [
        (np.array([0.0, 10.0, 50.0, 100.0]), "in per cent they must be divided by 100"),
        (np.array([0.0, 0.5, 1.0]), "at least 4 contrasts from 0 to 1"),
    ],
)
def test_what_is_no_contrast_series_is_refused(respond, contrasts, message):
    with pytest.raises(ValueError, match=message):
        contrast_response(respond(np.ones((len(contrasts), 1)), contrast=contrasts))


def test_a_series_is_of_one_stimulus(respond):
    with pytest.raises(ValueError, match="differ in direction_deg"):
        contrast_response(respond(np.ones((8, 1)), contrast=CONTRASTS, direction_deg=np.arange(8.0)))
    with pytest.raises(ValueError, match="no coordinate 'contrast'"):
        contrast_response(respond(np.ones((8, 1)), direction_deg=np.arange(8.0)))
