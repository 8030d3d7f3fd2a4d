"""Signatures of behaviour against plain loops over stimuli and objects, and what they must be by definition."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, pearsonr

from alignment.behaviour import Choices, i1, i1n, i2, i2n, o1, o2
from alignment.behaviour.signatures import signature

LEVELS = {"i1": i1, "i1n": i1n, "i2": i2, "i2n": i2n, "o1": o1, "o2": o2}


def slow_signature(rates, truth, level):
    n_stimuli, n_objects = rates.shape

    def z(p):
        return norm.ppf(p)

    def cap(value):
        return max(-5.0, min(5.0, value)) if not np.isnan(value) else np.nan

    def mean(values):
        known = [value for value in values if not np.isnan(value)]
        return sum(known) / len(known) if known else np.nan

    def rate(a, b):
        return mean([rates[i, b] for i in range(n_stimuli) if truth[i] == a])

    if level[0] == "o":
        table = np.full((n_objects, n_objects), np.nan)
        for a, b in product(range(n_objects), repeat=2):
            table[a, b] = cap(z(1 - rate(b, a)) - z(rate(a, b)))
        return table if level == "o2" else np.array([mean(table[:, b]) for b in range(n_objects)])
    table = np.full(rates.shape, np.nan)
    for i, c in product(range(n_stimuli), range(n_objects)):
        table[i, c] = cap(z(1 - rates[i, c]) - z(rate(c, truth[i])))
    if level.endswith("n"):
        plain = table.copy()
        for i, c in product(range(n_stimuli), range(n_objects)):
            table[i, c] -= mean([plain[k, c] for k in range(n_stimuli) if truth[k] == truth[i]])
    return table if level[:2] == "i2" else np.array([mean(row) for row in table])


def make_rates(n_stimuli, n_objects, seed, gaps=0.0, extreme=False):
    rng = np.random.default_rng(seed)
    truth = np.arange(n_stimuli) % n_objects
    rates = rng.uniform(0.02, 0.98, (n_stimuli, n_objects))
    if extreme:
        rates = np.round(rates)
    rates[rng.random(rates.shape) < gaps] = np.nan
    rates[np.arange(n_stimuli), truth] = np.nan
    return rates, truth


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", [{}, {"gaps": 0.3}, {"extreme": True}])
def test_signature_equals_a_plain_loop(level, case):
    rates, truth = make_rates(12, 4, 0, **case)
    with np.errstate(invalid="ignore"):
        expected = slow_signature(rates, truth, level)
    np.testing.assert_allclose(signature(rates, truth, level), expected, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_normalised_signatures_have_no_mean_per_pair_of_objects(seed, n_objects):
    rates, truth = make_rates(4 * n_objects, n_objects, seed)
    found = signature(rates, truth, "i2n")
    for a, b in product(range(n_objects), repeat=2):
        if a != b:
            assert found[truth == a, b].mean() == pytest.approx(0, abs=1e-12)


def test_object_signature_is_symmetric():
    rates, truth = make_rates(20, 5, 1)
    found = signature(rates, truth, "o2")
    np.testing.assert_allclose(found, found.T)


def test_infinite_sensitivity_is_capped_and_cancelling_ones_are_missing():
    # Object 0 is never taken for 1, and 1 never for 0: z(1) - z(0) is infinite. With z(1) - z(1) there is no d'.
    rates = np.array([[np.nan, 0.0], [np.nan, 1.0], [0.0, np.nan], [0.0, np.nan]])
    found = signature(rates, np.array([0, 0, 1, 1]), "i2")
    np.testing.assert_array_equal(found[:2, 1], [5.0, np.nan])


def make_trials(n_stimuli=24, n_objects=4, per_pair=12, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.arange(n_stimuli) % n_objects
    logits = rng.standard_normal((n_stimuli, n_objects))
    logits[np.arange(n_stimuli), truth] += 1.5
    rows = []
    for i, c in product(range(n_stimuli), range(n_objects)):
        if c != truth[i]:
            right = rng.random(per_pair) < 1 / (1 + np.exp(logits[i, c] - logits[i, truth[i]]))
            rows += [(f"im{i}", f"o{truth[i]}", f"o{truth[i]}", f"o{c}", f"o{truth[i] if ok else c}") for ok in right]
    names = ("stimulus_id", "truth", "sample_obj", "dist_obj", "choice")
    labels = {"stimulus_id": [f"im{i}" for i in range(n_stimuli)], "objects": [f"o{c}" for c in range(n_objects)]}
    return np.exp(logits), Choices(**dict(zip(names, zip(*rows, strict=True), strict=True))), labels


@pytest.mark.parametrize("level", LEVELS)
def test_score_equals_a_plain_loop_over_halves(level):
    p, choices, labels = make_trials()
    found = LEVELS[level](p, choices, **labels, n_halvings=3, seed=4)
    truth = np.arange(24) % 4
    ratio = p / (p + p[np.arange(24), truth][:, None])
    ratio[np.arange(24), truth] = np.nan
    model = slow_signature(ratio, truth, level).ravel()
    rng = np.random.RandomState(4)
    raw, ceilings = [], []
    for _ in range(3):
        order = list(range(len(choices)))
        rng.shuffle(order)
        halves = []
        for half in (order[: len(order) // 2], order[len(order) // 2 :]):
            rates = np.full((24, 4), np.nan)
            for i, c in product(range(24), range(4)):
                used = [
                    t
                    for t in half
                    if choices.stimulus_id[t] == f"im{i}" and f"o{c}" in (choices.sample_obj[t], choices.dist_obj[t])
                ]
                if used and c != truth[i]:
                    rates[i, c] = sum(choices.choice[t] == f"o{c}" for t in used) / len(used)
            with np.errstate(invalid="ignore"):
                halves.append(slow_signature(rates, truth, level).ravel())
        known = ~np.isnan(model) & ~np.isnan(halves[0])
        raw.append(pearsonr(model[known], halves[0][known])[0])
        known = ~np.isnan(halves[1]) & ~np.isnan(halves[0])
        ceilings.append(pearsonr(halves[0][known], halves[1][known])[0])
    np.testing.assert_allclose(found.raw, raw, atol=1e-10)
    np.testing.assert_allclose(found.ceiling_raw, ceilings, atol=1e-10)
    assert found.value == pytest.approx(np.mean(raw)) and found.error == pytest.approx(np.std(raw))
    assert found.ceiling == pytest.approx(np.mean(ceilings)) and found.ceiling_error == pytest.approx(np.std(ceilings))
    assert found.normalised == pytest.approx(np.mean(np.array(raw) / np.sqrt(ceilings)))
    assert (found.n_entries + found.n_missing).tolist() == [{"i1": 24, "i2": 72, "o1": 4, "o2": 12}[level[:2]]] * 3


def test_more_trials_of_the_same_people_bring_the_true_model_to_the_ceiling():
    p, choices, labels = make_trials(n_stimuli=40, per_pair=400)
    found = i2n(p, choices, **labels)
    # Model without noise against a half: sqrt of the reliability of a half, so the normalised score is 1.
    assert found.normalised == pytest.approx(1, abs=0.01)
    assert found.value > 0.95


def test_order_of_rows_and_columns_does_not_matter():
    p, choices, labels = make_trials()
    rows, columns = np.random.default_rng(1).permutation(24), np.random.default_rng(2).permutation(4)
    turned = {
        "stimulus_id": [labels["stimulus_id"][row] for row in rows],
        "objects": [labels["objects"][column] for column in columns],
    }
    found = i2n(p[np.ix_(rows, columns)], choices, **turned)
    np.testing.assert_allclose(found.raw, i2n(p, choices, **labels).raw, atol=1e-12)


def test_probabilities_of_other_objects_do_not_matter():
    p, choices, labels = make_trials()
    found = i2n(3 * p, choices, **labels)
    np.testing.assert_allclose(found.raw, i2n(p, choices, **labels).raw, atol=1e-12)


def test_entries_without_trials_are_counted():
    p, choices, labels = make_trials(per_pair=1)
    found = i2(p, choices, **labels)
    assert (found.n_missing > 0).all()
    assert (found.n_entries + found.n_missing == 72).all()


def test_inputs_are_not_changed():
    p, choices, labels = make_trials()
    before = p.copy(), choices.choice.copy()
    i2n(p, choices, **labels)
    np.testing.assert_array_equal(p, before[0])
    np.testing.assert_array_equal(choices.choice, before[1])


def test_ceilings_that_are_not_positive_give_no_normalised_score():
    p, choices, labels = make_trials(n_stimuli=8, per_pair=2)
    scores = [i2n(p, choices, **labels, seed=seed) for seed in range(30)]
    bad = [score for score in scores if (score.ceiling_raw <= 0).any()]
    assert bad and all(np.isnan(score.normalised) for score in bad)


def test_no_halving_is_refused():
    p, choices, labels = make_trials()
    with pytest.raises(ValueError, match="at least one halving and two trials, received 0"):
        i1(p, choices, **labels, n_halvings=0)
