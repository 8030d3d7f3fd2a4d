"""Brain-Score's split-half consistencies against plain loops over scipy's correlation."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.model_selection import ShuffleSplit

from alignment.ceilings import internal_consistency, predictor_consistency


def simulate(n_repetitions=6, n_stimuli=40, n_units=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((1, n_stimuli, n_units)) + rng.standard_normal((n_repetitions, n_stimuli, n_units))


@pytest.mark.parametrize("n_repetitions", [2, 5, 6])
def test_internal_consistency_is_the_loop(n_repetitions):
    trials = simulate(n_repetitions)
    raw = []
    for first, second in ShuffleSplit(10, train_size=0.5, random_state=1).split(np.zeros(n_repetitions)):
        a, b = trials[first].mean(axis=0), trials[second].mean(axis=0)
        r = np.array([pearsonr(a[:, unit], b[:, unit]).statistic for unit in range(5)])
        raw.append(2 * r / (1 + r))
    found = internal_consistency(trials)
    np.testing.assert_allclose(found.raw, raw, rtol=1e-12)
    medians = np.median(raw, axis=1)
    assert found.value == pytest.approx(medians.mean(), rel=1e-12)
    assert found.error == pytest.approx(medians.std() / np.sqrt(10), rel=1e-9)


def test_time_bins_are_separate():
    trials = np.stack([simulate(), simulate(seed=1), 3 + simulate(seed=2)], axis=-1)
    found = internal_consistency(trials)
    assert found.value.shape == found.error.shape == (3,)
    assert found.raw.shape == (10, 5, 3)
    for time_bin in range(3):
        one = internal_consistency(trials[..., time_bin])
        assert found.value[time_bin] == pytest.approx(float(one.value), rel=1e-12)
        np.testing.assert_allclose(found.raw[..., time_bin], one.raw, rtol=1e-12)


def test_constant_neuroids_are_left_out_of_the_median():
    trials = simulate()
    trials[..., 2] = 1
    found = internal_consistency(trials)
    assert np.isnan(found.raw[:, 2]).all()
    assert found.value == pytest.approx(float(internal_consistency(np.delete(trials, 2, axis=2)).value))
    assert np.isnan(internal_consistency(np.ones((4, 10, 2))).value)


def test_gaps_are_refused_with_the_way_out():
    trials = simulate()
    trials[0, 3] = np.nan
    with pytest.raises(ValueError, match="received 5 NaN among 1200 responses; use split_half_reliability"):
        internal_consistency(trials)


def predictor_loop(trials, ids, n_halvings=10, seed=0):
    rng = np.random.default_rng(seed)
    raw = []
    for _ in range(n_halvings):
        a, b = [], []
        for name in np.unique(ids):
            values = trials[:, list(ids).index(name)]
            present = np.flatnonzero(np.isfinite(values[:, 0]))
            if len(present) < 2:
                continue
            order = rng.permutation(present)
            half = len(present) // 2
            a.append(values[order[:half]].mean(axis=0))
            b.append(values[order[half:]].mean(axis=0))
        r = np.array([pearsonr(x, y).statistic for x, y in zip(np.array(a).T, np.array(b).T, strict=True)])
        raw.append(2 * r / (1 + r) if len(a) >= 10 else np.full(len(r), np.nan))
    return np.array(raw)


@pytest.mark.parametrize("gaps", [False, True])
def test_predictor_consistency_is_the_loop(gaps):
    trials = simulate()
    rng = np.random.default_rng(5)
    ids = np.array([f"s{number:02d}" for number in rng.permutation(40)])
    if gaps:
        count = rng.integers(1, 7, 40)
        trials[np.arange(6)[:, None] >= count] = np.nan
    found = predictor_consistency(trials, stimulus_ids=ids)
    expected = predictor_loop(trials, ids)
    np.testing.assert_allclose(found.raw, expected, rtol=1e-10)
    assert found.value == pytest.approx(np.median(expected, axis=1).mean(), rel=1e-10)
    if not gaps:
        assert not np.allclose(
            found.raw, predictor_consistency(trials).raw
        )  # the order of the ids is the order of the draws


def test_too_few_stimuli_have_no_predictor_consistency():
    trials = simulate(n_stimuli=12)
    trials[1:, :3] = np.nan
    found = predictor_consistency(trials)
    assert np.isnan(found.value)
    assert np.isnan(found.error)
    assert np.isnan(found.raw).all()


def test_neuroids_with_gaps_of_their_own_are_refused():
    trials = simulate()
    trials[0, 3, 1] = np.nan
    with pytest.raises(ValueError, match="that some neuroids have and others lack; use split_half_reliability"):
        predictor_consistency(trials)
    with pytest.raises(ValueError, match="must name 40 stimuli, received 3"):
        predictor_consistency(simulate(), stimulus_ids=["a", "b", "c"])
