"""Dual bootstrap: variances of a two-way table, coverage for new stimuli and subjects, weighted RDMs."""

import numpy as np
import pytest

from alignment.inference import dual_bootstrap, dual_variance


def table_mean(values):
    """Statistic: weighted mean of a table (stimulus, subject), for every draw."""
    return lambda stimuli, subjects: (
        np.einsum("ds,st,dt->d", stimuli, values, subjects) / (stimuli.sum(axis=1) * subjects.sum(axis=1))
    )


def two_way(rng, n_stimuli, n_subjects, noise):
    return (
        rng.standard_normal((n_stimuli, 1))
        + 0.7 * rng.standard_normal((1, n_subjects))
        + noise * rng.standard_normal((n_stimuli, n_subjects))
    )


def test_variance_is_the_combination_of_three_within_bounds():
    assert dual_variance(2.0, 3.0, 6.0) == pytest.approx(4)
    assert dual_variance(2.0, 3.0, 9.0) == pytest.approx(3)  # not below the larger single one
    assert dual_variance(2.0, 3.0, 4.5) == pytest.approx(4.5)  # not above that of both


def test_variances_of_a_table_are_those_of_its_margins():
    values = two_way(np.random.default_rng(0), 30, 12, 0.0)
    found = dual_bootstrap(table_mean(values), 30, 12, n_boot=8000)
    rows, columns = values.mean(axis=1).var() / 30, values.mean(axis=0).var() / 12
    assert found.of_stimuli.item() == pytest.approx(rows, rel=0.06)
    assert found.of_subjects.item() == pytest.approx(columns, rel=0.06)
    assert found.of_both.item() == pytest.approx(rows + columns, rel=0.06)
    assert float(found.variance) == pytest.approx(rows + columns, rel=0.06)
    assert found.df == 11 and float(found.value) == pytest.approx(values.mean())


def test_measurement_noise_is_counted_once():
    # Noise alone: each single bootstrap sees E, both together 3 E; the corrected variance is E, the bound keeps it there.
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(60):
        found = dual_bootstrap(table_mean(rng.standard_normal((25, 25))), 25, 25, n_boot=300)
        ratios.append([float(found.variance), found.of_both.item()])
    corrected, both = np.mean(ratios, axis=0) * 625
    assert both == pytest.approx(3, rel=0.12)
    assert corrected == pytest.approx(1.05, abs=0.2)


def test_interval_covers_the_mean_of_new_stimuli_and_subjects():
    rng = np.random.default_rng(2)
    inside = {"corrected": 0, "stimuli alone": 0}
    for _ in range(400):
        found = dual_bootstrap(table_mean(two_way(rng, 30, 15, 2.0)), 30, 15, n_boot=200)
        inside["corrected"] += found.low <= 0 <= found.high
        inside["stimuli alone"] += abs(found.value) < 1.96 * np.sqrt(found.of_stimuli.item())
    assert 0.92 < inside["corrected"] / 400 < 0.98
    assert inside["stimuli alone"] / 400 < 0.9


def test_models_are_compared_within_draws():
    rng = np.random.default_rng(3)
    shared = two_way(rng, 40, 10, 1.0)
    small = 0.05 * rng.standard_normal((40, 10)) + 0.1

    def both(stimuli, subjects):
        return np.stack([table_mean(one)(stimuli, subjects) for one in (shared + small, shared)], axis=1)

    found = dual_bootstrap(both, 40, 10, n_boot=500)
    gap, error, p = found.difference(0, 1)
    assert gap == pytest.approx(small.mean())
    assert error < 0.05 * np.sqrt(found.variance[0])
    assert p < 1e-4
    assert np.isnan(found.difference(1, 1)[2])
    assert found.covariance.shape == (2, 2) and found.low.shape == (2,)


def test_rdm_correlation_leaves_copies_of_a_stimulus_out():
    # Weights of pairs are products of counts over the upper triangle: the diagonal never enters.
    rng = np.random.default_rng(4)
    signal = rng.random((12, 12))
    model = signal + signal.T
    subjects = np.stack([model + 0.8 * (part + part.T) for part in rng.standard_normal((8, 12, 12))])
    upper = np.triu_indices(12, 1)
    m, s = model[upper], subjects[:, upper[0], upper[1]]

    def cosine(stimuli, people):
        w = stimuli[:, upper[0]] * stimuli[:, upper[1]]
        mean = people @ s / people.sum(axis=1, keepdims=True)
        return (w * mean * m).sum(axis=1) / np.sqrt((w * mean**2).sum(axis=1) * (w @ m**2))

    found = dual_bootstrap(cosine, 12, 8, n_boot=300, seed=1)
    again = dual_bootstrap(cosine, 12, 8, n_boot=300, seed=1)
    assert float(found.value) == pytest.approx(m @ s.mean(axis=0) / np.linalg.norm(m) / np.linalg.norm(s.mean(axis=0)))
    assert float(found.variance) == float(again.variance) > 0
    assert found.low < found.value < found.high


def test_groups_of_stimuli_are_drawn_as_wholes():
    values = np.repeat(np.random.default_rng(5).standard_normal((10, 1)), 4, axis=0) + np.zeros((40, 6))
    groups = np.arange(40) // 4
    alone, whole = (dual_bootstrap(table_mean(values), 40, 6, groups=g, n_boot=2000) for g in (None, groups))
    assert whole.of_stimuli.item() == pytest.approx(4 * alone.of_stimuli.item(), rel=0.15)
    assert (alone.df, whole.df) == (5, 5)


def test_undefined_draws_are_counted():
    def sometimes(stimuli, subjects):
        return np.where(stimuli[:, 0] == 0, np.nan, stimuli[:, 1] + subjects[:, 0])

    found = dual_bootstrap(sometimes, 10, 10, n_boot=200)
    assert 80 < found.n_undefined < 220
    assert np.isfinite(found.variance)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: dual_bootstrap(table_mean(np.zeros((1, 3))), 1, 3),
            "at least 2 stimuli, subjects and draws, received 1, 3",
        ),
        (lambda: dual_bootstrap(lambda a, b: np.array([np.nan]), 3, 3), "must return finite"),
        (lambda: dual_bootstrap(lambda a, b: 1.0, 3, 3), "must return finite"),
        (
            lambda: dual_bootstrap(
                lambda a, b: np.where((a == 1).all(axis=1), np.nan, a[:, 0]) if len(a) > 1 else a[:, 0], 3, 3
            ),
            "NaN in nearly all draws",
        ),
        (lambda: dual_bootstrap(table_mean(np.eye(3)), 3, 3, n_boot=9).difference(0, 1), "the statistic has one value"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
