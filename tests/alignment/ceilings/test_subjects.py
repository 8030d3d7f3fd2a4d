"""Extrapolation over subjects: held-out correlations by a plain loop, a planted ceiling, bad input."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from alignment.ceilings import extrapolate, subject_extrapolation_ceiling
from alignment.folds import Fold

SUBJECTS = np.array(["c", "a", "b", "a", "b", "c", "d", "d"])
ROWS = np.arange(60)
FOLDS = [Fold(np.setdiff1d(ROWS, ROWS[k::3]), ROWS[k::3]) for k in range(3)]


def recording(noise=1.0, n_stimuli=60, subjects=SUBJECTS, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n_stimuli, 1))
    return shared + noise * rng.standard_normal((n_stimuli, len(subjects)))


def test_values_are_those_of_a_plain_loop():
    responses = recording()
    found = subject_extrapolation_ceiling(responses, SUBJECTS, FOLDS, Ridge(1.0), n_boot=5)
    assert found.sizes == (2, 3, 4)
    for unit in range(8):
        k, values = [], []
        for size in (2, 3, 4):
            for subset in itertools.combinations("abcd", size):
                if SUBJECTS[unit] not in subset:
                    continue
                source = np.isin(SUBJECTS, [one for one in subset if one != SUBJECTS[unit]])
                for fold in FOLDS:
                    model = Ridge(1.0).fit(responses[fold.train][:, source], responses[fold.train, unit])
                    made = model.predict(responses[fold.test][:, source])
                    k.append(size)
                    values.append(np.corrcoef(made, responses[fold.test, unit])[0, 1])
        expected = extrapolate(k, values, n_boot=5)
        assert found.values[unit] == pytest.approx(float(expected.asymptote), rel=1e-6)
        measured = np.concatenate([each[..., unit].ravel() for each in found.held_out])
        np.testing.assert_allclose(measured[np.isfinite(measured)], values, rtol=1e-9)
    assert found.value == pytest.approx(np.median(found.values))
    assert found.draws.shape == (5, 8)
    assert found.interval().shape == (2, 8)
    assert found.n_undefined == 0


def test_extrapolation_ends_between_what_was_measured_and_what_is_true():
    # Averages of more and more subjects approach r = 1 / sqrt(1 + noise^2) as 1 / k, slower than any exponential.
    subjects = np.repeat([f"s{number}" for number in range(7)], 2)
    responses = recording(noise=1.0, n_stimuli=600, subjects=subjects)
    rows = np.arange(600)
    folds = [Fold(np.setdiff1d(rows, rows[k::3]), rows[k::3]) for k in range(3)]
    found = subject_extrapolation_ceiling(responses, subjects, folds, Ridge(10.0), max_subsets=6, n_boot=30)
    measured = np.nanmedian(np.nanmean(found.held_out[-1], axis=(0, 1)))
    assert measured - 0.01 < found.value < np.sqrt(0.5)
    assert found.value == pytest.approx(np.sqrt(0.5), abs=0.06)
    assert max(len(each) for each in found.held_out) == 6


def test_random_subsets_follow_the_seed():
    options = {"folds": FOLDS, "mapping": Ridge(1.0), "max_subsets": 2, "n_boot": 3}
    one, same, other = (
        subject_extrapolation_ceiling(recording(), SUBJECTS, seed=seed, **options) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)


@pytest.mark.parametrize(
    ("responses", "subjects", "message"),
    [
        (recording()[:, :4], np.array(["a", "b", "a", "b"]), "needs at least 3 of them, received 2"),
        (recording(), SUBJECTS[:5], "with a subject per neuroid"),
        (np.where(recording() > 2, np.nan, recording()), SUBJECTS, "values that are not finite"),
    ],
)
def test_unusable_input_is_refused(responses, subjects, message):
    with pytest.raises(ValueError, match=message):
        subject_extrapolation_ceiling(responses, subjects, FOLDS, Ridge(1.0))
