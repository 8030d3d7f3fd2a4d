"""Shape distances against scipy, their invariances, and the axioms of a metric."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes, subspace_angles
from scipy.spatial import procrustes
from scipy.stats import ortho_group

from alignment.similarity import procrustes_distance, shape_distance

SEEDS = st.integers(0, 2**32 - 1)
ALPHAS = st.sampled_from([0.0, 0.3, 1.0])
FORMS = st.sampled_from(["angular", "euclidean"])


def draw(seed, n=20, width=6):
    return np.random.default_rng(seed).standard_normal((n, width)) * 2 + 1


def unit(x):
    x = x - x.mean(axis=0)
    return x / np.linalg.norm(x)


def test_disparity_is_that_of_scipy():
    x, y = draw(0), draw(1)
    distance = procrustes_distance(x, y)
    assert 1 - (1 - distance**2 / 2) ** 2 == pytest.approx(procrustes(x, y)[2])


@pytest.mark.parametrize("scale", [True, False])
def test_distance_is_what_the_best_rotation_of_scipy_leaves(scale):
    x, y = draw(0), draw(1)
    x, y = (unit(x), unit(y)) if scale else (x - x.mean(axis=0), y - y.mean(axis=0))
    rotation, _ = orthogonal_procrustes(y, x)
    assert procrustes_distance(x, y, scale=scale) == pytest.approx(np.linalg.norm(x - y @ rotation))


def test_fewer_neuroids_are_filled_up_with_zeros():
    x, y = draw(0, width=6), draw(1, width=3)
    padded = np.hstack([y, np.zeros((20, 3))])
    for alpha in (0.0, 0.5, 1.0):
        expected = shape_distance(x, padded, alpha=alpha)
        assert shape_distance(x, y, alpha=alpha) == pytest.approx(expected)
        assert shape_distance(y, x, alpha=alpha) == pytest.approx(expected)
    assert procrustes_distance(x, y) == pytest.approx(procrustes_distance(x, padded))


def test_more_neuroids_than_stimuli_are_rotated_without_loss():
    x, y = draw(0, width=50), draw(1, width=30)
    nuclear = np.linalg.norm(unit(x).T @ unit(y), ord="nuc")
    assert procrustes_distance(x, y) == pytest.approx(np.sqrt(2 - 2 * nuclear))
    assert shape_distance(x, y) == pytest.approx(np.arccos(nuclear))


def test_alpha_zero_is_canonical_correlation():
    x, y = draw(0, n=40, width=4), draw(1, n=40, width=4) + draw(0, n=40, width=4)
    correlations = np.cos(subspace_angles(unit(x), unit(y)))
    assert shape_distance(x, y, alpha=0) == pytest.approx(np.arccos(correlations.mean()))


def test_partial_whitening_is_its_formula():
    x, y = draw(0), draw(1)

    def whitened(v):
        v = v - v.mean(axis=0)
        v = v / np.sqrt(np.linalg.eigvalsh(v.T @ v).mean())
        values, vectors = np.linalg.eigh(v.T @ v)
        z = v @ (0.4 * np.eye(6) + 0.6 * (vectors / np.sqrt(values)) @ vectors.T)
        return z / np.linalg.norm(z)

    expected = np.arccos(np.linalg.norm(whitened(x).T @ whitened(y), ord="nuc"))
    assert shape_distance(x, y, alpha=0.4) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS, form=FORMS, widths=st.tuples(*[st.integers(1, 9)] * 3))
def test_axioms_of_a_metric(seed, alpha, form, widths):
    x, y, z = (draw(seed + k, n=12, width=w) for k, w in enumerate(widths))

    def distance(a, b):
        return shape_distance(a, b, alpha=alpha, form=form)

    assert distance(x, x) == pytest.approx(0, abs=1e-12)
    assert distance(x, y) > 1e-6
    assert distance(x, y) == pytest.approx(distance(y, x), abs=1e-12)
    assert distance(x, z) <= distance(x, y) + distance(y, z) + 1e-10


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, alpha=ALPHAS, form=FORMS, width=st.integers(2, 8), size=st.floats(1e-3, 1e3))
def test_rotation_shift_and_scale_make_no_distance(seed, alpha, form, width, size):
    x, y = draw(seed, width=width), draw(seed + 1, width=4)
    rotation = ortho_group.rvs(width, random_state=seed)
    moved = size * x @ rotation + 7
    assert shape_distance(x, moved, alpha=alpha, form=form) == pytest.approx(0, abs=1e-9)
    assert shape_distance(moved, y, alpha=alpha, form=form) == pytest.approx(
        shape_distance(x, y, alpha=alpha, form=form), abs=1e-9
    )


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_any_linear_map_makes_no_distance_at_alpha_zero_only(seed):
    x = draw(seed, width=4)
    mapped = x @ (np.random.default_rng(seed).standard_normal((4, 4)) + 2 * np.eye(4)) @ np.diag([1, 2, 4, 8])
    assert shape_distance(x, mapped, alpha=0) == pytest.approx(0, abs=1e-8)
    assert shape_distance(x, mapped, alpha=1) > 0.05


def test_size_counts_where_it_is_asked_for():
    x = draw(0)
    length = np.linalg.norm(x - x.mean(axis=0))
    assert procrustes_distance(x, 3 * x) == pytest.approx(0, abs=1e-12)
    assert procrustes_distance(x, 3 * x, scale=False) == pytest.approx(2 * length)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.eye(5), np.eye(6), {}, "x has 5 stimuli and y 6"),
        (np.full((5, 2), np.nan), np.eye(5), {}, "x holds 10 NaN"),
        (np.eye(5), np.ones((5, 2)), {}, "y has the same pattern for all stimuli"),
        (np.eye(5), np.eye(5), {"alpha": 1.5}, "alpha is 1.5"),
        (np.eye(5), np.eye(5), {"form": "cosine"}, "'cosine' is unknown"),
        (np.eye(5), np.eye(5), {"alpha": 0}, "x has 4 dimensions for 5 stimuli"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        shape_distance(x, y, **options)
