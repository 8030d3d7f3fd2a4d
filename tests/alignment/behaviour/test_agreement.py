"""Error consistency and accuracy distance against scikit-learn, plain loops and planted agreement."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from alignment.behaviour import accuracy_distance, error_consistency

NONE = {"n_boot": 0, "n_permutations": 0}


def answers(n_subjects=3, n_stimuli=60, seed=0, shared=0.5):
    """Right and wrong answers with a common part."""
    rng = np.random.default_rng(seed)
    hard = rng.standard_normal(n_stimuli)
    noise = rng.standard_normal((n_subjects + 1, n_stimuli))
    right = np.sqrt(shared) * hard + np.sqrt(1 - shared) * noise > -0.7
    return right[0], right[1:]


@pytest.mark.parametrize("seed", range(5))
def test_kappa_equals_scikit_learn(seed):
    model, people = answers(seed=seed)
    found = error_consistency(model, people, **NONE)
    expected = [cohen_kappa_score(model, one) for one in people]
    np.testing.assert_allclose(found.raw[:, 0], expected, atol=1e-12)
    assert found.value == pytest.approx(np.mean(expected))
    pairs = [cohen_kappa_score(a, b) for a, b in combinations(people, 2)]
    np.testing.assert_allclose(found.ceiling_raw[:, 0], pairs, atol=1e-12)
    assert found.ceiling == pytest.approx(np.mean(pairs))


def test_conditions_are_averaged_before_subjects():
    model, people = answers(n_stimuli=90)
    conditions = np.array(["blur", "noise", "line"])[np.arange(90) % 3]
    found = error_consistency(model, people, conditions=conditions, **NONE)
    names = np.unique(conditions)
    expected = [[cohen_kappa_score(model[conditions == c], one[conditions == c]) for c in names] for one in people]
    np.testing.assert_allclose(found.raw, expected, atol=1e-12)
    assert found.value == pytest.approx(np.mean(expected))


def test_the_sign_tells_opposite_errors():
    right = np.arange(40) % 2 == 0
    assert error_consistency(right, right, **NONE).value == pytest.approx(1)
    assert error_consistency(right, ~right, **NONE).value == pytest.approx(-1)
    assert error_consistency(right, ~right, absolute=True, **NONE).value == pytest.approx(1)


def test_unseen_stimuli_count_for_neither_side():
    model, people = answers()
    with_gaps = people.astype(float)
    with_gaps[0, :20] = np.nan
    found = error_consistency(model, with_gaps, **NONE)
    assert found.raw[0, 0] == pytest.approx(cohen_kappa_score(model[20:], people[0, 20:]))
    # In a pair only what both saw counts.
    assert found.ceiling_raw[0, 0] == pytest.approx(cohen_kappa_score(people[0, 20:], people[1, 20:]))
    assert found.ceiling_raw[2, 0] == pytest.approx(cohen_kappa_score(people[1], people[2]))


def test_undefined_kappas_are_counted_and_left_out():
    model, people = answers()
    model = model.copy()
    model[:30] = True
    people = people.copy()
    people[0, :30] = True
    conditions = np.arange(60) // 30
    found = error_consistency(model, people, conditions=conditions, n_boot=200, n_permutations=0)
    assert np.isnan(found.raw[0, 0]) and found.n_undefined == 1
    expected = [found.raw[0, 1], found.raw[1].mean(), found.raw[2].mean()]
    assert found.value == pytest.approx(np.mean(expected))
    assert found.ci_low < found.value < found.ci_high


def test_always_right_answers_leave_nothing():
    found = error_consistency(np.ones(20), np.ones((2, 20)), n_boot=50, n_permutations=50)
    assert np.isnan(found.value) and np.isnan(found.ci_low) and found.n_undefined == 2


def test_interval_equals_a_plain_bootstrap():
    model, people = answers()
    found = error_consistency(model, people, n_boot=2000, n_permutations=0, seed=1)
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(2000):
        rows = rng.integers(0, 60, 60)
        draws.append(np.mean([cohen_kappa(model[rows], one[rows]) for one in people]))
    np.testing.assert_allclose((found.ci_low, found.ci_high), np.quantile(draws, [0.025, 0.975]), atol=0.02)


def cohen_kappa(a, b):
    observed = np.mean(a == b)
    expected = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return (observed - expected) / (1 - expected)


def test_null_equals_plain_permutations_within_conditions():
    model, people = answers()
    conditions = np.arange(60) // 30
    found = error_consistency(model, people, conditions=conditions, n_boot=0, n_permutations=1500, seed=2)
    rng, null = np.random.default_rng(7), []
    for _ in range(1500):
        shuffled = np.concatenate([rng.permutation(model[conditions == c]) for c in (0, 1)])
        null.append(
            np.mean([[cohen_kappa(shuffled[conditions == c], one[conditions == c]) for c in (0, 1)] for one in people])
        )
    np.testing.assert_allclose(
        np.quantile(found.null, [0.05, 0.5, 0.95]), np.quantile(null, [0.05, 0.5, 0.95]), atol=0.03
    )
    assert found.p_value == pytest.approx((1 + (np.abs(null) >= found.value).sum()) / 1501, abs=0.005)
    assert found.p_value < 0.05


def test_p_is_uniform_for_independent_answers():
    from scipy.stats import kstest

    p = [
        error_consistency(*answers(2, 80, seed, shared=0.0), n_boot=0, n_permutations=199, seed=seed).p_value
        for seed in range(150)
    ]
    assert kstest(p, "uniform").pvalue > 0.01


def test_interval_covers_the_planted_kappa():
    # Both right with 0.7 each; agreement planted through copying a share of the answers: kappa is that share.
    rng, share, hits = np.random.default_rng(0), 0.4, 0
    for seed in range(200):
        human = rng.random(150) < 0.7
        model = np.where(rng.random(150) < share, human, rng.random(150) < 0.7)
        found = error_consistency(model, human, n_boot=300, n_permutations=0, seed=seed)
        hits += found.ci_low <= share <= found.ci_high
    assert 0.90 <= hits / 200 <= 0.99


@pytest.mark.parametrize("chance", [0.0, 0.25])
def test_accuracy_distance_equals_its_formula(chance):
    model, people = answers(n_stimuli=80)
    conditions = np.arange(80) % 2
    found = accuracy_distance(model, people, conditions=conditions, chance=chance, n_boot=0)
    for row, one in enumerate(people):
        for c in (0, 1):
            a, b = model[conditions == c].mean(), one[conditions == c].mean()
            assert found.raw[row, c] == pytest.approx(1 - abs(a - b) / max(1 - b, b - chance))
    assert found.value == pytest.approx(found.raw.mean())
    assert np.isnan(found.p_value) and len(found.null) == 0


def test_accuracy_distance_is_one_for_equal_and_zero_for_extreme_accuracies():
    human = np.arange(20) < 15
    assert accuracy_distance(human[::-1], human, n_boot=0).value == pytest.approx(1)
    assert accuracy_distance(np.zeros(20), human, n_boot=0).value == pytest.approx(0)


def test_draws_depend_on_the_seed_alone():
    model, people = answers()
    first, again, other = (error_consistency(model, people, n_boot=100, n_permutations=100, seed=s) for s in (0, 0, 1))
    assert first.ci_low == again.ci_low != other.ci_low
    np.testing.assert_array_equal(first.null, again.null)


def test_inputs_are_not_changed():
    model, people = answers()
    before = model.copy(), people.copy()
    error_consistency(model, people, n_boot=10, n_permutations=10)
    np.testing.assert_array_equal(model, before[0])
    np.testing.assert_array_equal(people, before[1])


@pytest.mark.parametrize(
    ("model", "people", "options", "message"),
    [
        (np.ones(5), np.ones((2, 4)), {}, r"received \(5,\) and \(2, 4\)"),
        (np.ones((5, 1)), np.ones((2, 5)), {}, r"received \(5, 1\) and \(2, 5\)"),
        (np.full(5, 0.5), np.ones(5), {}, r"answers of the model must be right \(1\) or wrong \(0\), received \[0.5\]"),
        (np.full(5, np.nan), np.ones(5), {}, "answers of the model must be right"),
        (np.ones(5), np.full(5, 2), {}, "answers of the people must be right"),
        (np.ones(5), np.ones(5), {"conditions": np.ones(4)}, "one label for each of 5 stimuli, received"),
    ],
)
def test_unfit_answers_are_refused(model, people, options, message):
    with pytest.raises(ValueError, match=message):
        error_consistency(model, people, **options)


def test_chance_of_one_is_refused():
    with pytest.raises(ValueError, match="chance must be at least 0 and below 1, received 1"):
        accuracy_distance(np.ones(5), np.ones(5), chance=1)
