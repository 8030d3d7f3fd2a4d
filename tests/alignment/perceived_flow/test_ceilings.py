import numpy as np
import pytest

from alignment.perceived_flow.ceilings import observer_agreement, spearman_brown, weighted_partial, weighted_r
from alignment.perceived_flow.formulas import correlation, joined, partial_correlation


def planted(n=3000, n_observers=4, per=4, own=1.0, noise=1.0, seed=0):
    """People share a deviation from the truth; each observer has one of their own, each trial noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, 2)) * 3
    shared = rng.normal(size=(n, 2))
    observers = rng.normal(size=(n_observers, 1, n, 2)) * own
    trials = truth + shared + observers + rng.normal(size=(n_observers, per, n, 2)) * noise
    return trials.reshape(-1, n, 2), truth, shared, np.repeat(np.arange(n_observers), per)


def test_ceiling_over_observers_is_what_a_perfect_model_reaches():
    trials, truth, shared, observer = planted()
    found = observer_agreement(trials, truth, observer=observer)
    noise = (1.0 + 1.0 / 4) / 4
    assert found.partial_r == pytest.approx(1 / (1 + noise), abs=0.02)
    perfect = partial_correlation(joined(truth + shared), joined(trials.mean(axis=0)), joined(truth))
    assert found.partial_r_ceiling == pytest.approx(float(perfect), abs=0.01)


def test_halves_of_trials_promise_more_than_that():
    trials, truth, _, observer = planted()
    halves = observer_agreement(trials, truth, n_halvings=200)
    assert halves.partial_r > observer_agreement(trials, truth, observer=observer).partial_r + 0.03
    assert "halves" in halves.describe() and halves.unit == "trials"


def test_without_differences_between_observers_both_agree():
    trials, truth, _, observer = planted(own=0.0)
    by_observer = observer_agreement(trials, truth, observer=observer)
    halves = observer_agreement(trials, truth)
    assert by_observer.partial_r == pytest.approx(halves.partial_r, abs=0.01)
    assert by_observer.r == pytest.approx(halves.r, abs=0.01)


def test_interval_covers_the_value():
    trials, truth, _, observer = planted(n=60)
    weights = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=300).astype(float)
    found = observer_agreement(trials, truth, observer=observer, weights=weights)
    low, high = found.ci
    assert low < found.partial_r_ceiling < high
    assert np.isnan(observer_agreement(trials, truth).ci).all()


def test_weights_of_one_change_nothing_and_copies_count_twice():
    x, y, z = np.random.default_rng(2).normal(size=(3, 20))
    once = np.ones((1, 10))
    assert weighted_r(x, y, once)[0] == pytest.approx(float(correlation(x, y)))
    assert weighted_partial(x, y, z, once)[0] == pytest.approx(float(partial_correlation(x, y, z)))
    weights = np.array([[2.0, 1, 1, 0, 1, 1, 1, 1, 1, 1]])
    rows = np.repeat(np.arange(10), weights[0].astype(int))
    both = np.concatenate([rows, rows + 10])
    assert weighted_r(x, y, weights)[0] == pytest.approx(float(correlation(x[both], y[both])))


def test_spearman_brown_of_many_parts():
    assert spearman_brown(0.5) == pytest.approx(2 / 3)
    assert spearman_brown(0.5, 4) == pytest.approx(0.8)


def test_unreliable_observers_have_no_ceiling():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(50, 2))
    one = rng.normal(size=(50, 2))
    trials = np.stack([truth + one, truth - one])
    assert np.isnan(observer_agreement(trials, truth, observer=np.array([0, 1])).partial_r_ceiling)


@pytest.mark.parametrize(
    ("trials", "observer", "words"),
    [
        (np.zeros((1, 4, 2)), None, "at least two repetitions"),
        (np.zeros((3, 4, 2)), np.zeros(3), "1 observers named"),
        (np.zeros((3, 4, 2)), np.arange(2), "for 2 of 3 repetitions"),
        (
            np.stack([np.full((4, 2), np.nan), np.zeros((4, 2))]),
            np.arange(2),
            "4 places have no response of observer 0",
        ),
    ],
)
def test_responses_that_cannot_be_split_are_refused(trials, observer, words):
    with pytest.raises(ValueError, match=words):
        observer_agreement(trials, np.zeros((4, 2)), observer=observer)
