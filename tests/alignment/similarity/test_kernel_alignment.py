"""CKA against its definition written out, against independence, and over batches."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from alignment.similarity import cka, kernel_alignment, minibatch_cka, stimulus_batches

KINDS = ["debiased", "biased"]
WIDTHS = list(itertools.product([5, 60], [7, 45]))


def written_out(k, m, kind):
    n = len(k)
    if kind == "biased":
        h = np.eye(n) - 1 / n
        return np.trace(h @ k @ h @ h @ m @ h)
    k, m, one = k - np.diag(np.diag(k)), m - np.diag(np.diag(m)), np.ones(n)
    whole = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    return (np.trace(k @ m) + whole - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))


def slow_cka(k, m, kind):
    return written_out(k, m, kind) / np.sqrt(written_out(k, k, kind) * written_out(m, m, kind))


def gaussian(x, bandwidth=None):
    distances = squareform(pdist(x))
    bandwidth = np.median(pdist(x)) if bandwidth is None else bandwidth
    return np.exp(-(distances**2) / (2 * bandwidth**2))


def related(p, m, n=30, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) + 3
    return x, x @ rng.standard_normal((p, m)) / np.sqrt(p) + rng.standard_normal((n, m))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("p", "m"), WIDTHS)
def test_linear_cka_is_its_definition(p, m, kind):
    """Both forms of each kernel, fewer and more neuroids than the 30 stimuli, in each pairing."""
    x, y = related(p, m)
    assert cka(x, y, kind=kind) == pytest.approx(slow_cka(x @ x.T, y @ y.T, kind), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bandwidth", [None, 4.0])
def test_rbf_cka_is_its_definition(kind, bandwidth):
    x, y = related(12, 40)
    expected = slow_cka(gaussian(x, bandwidth), gaussian(y, bandwidth), kind)
    assert cka(x, y, kind=kind, kernel="rbf", bandwidth=bandwidth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_given_kernels_are_taken_as_they_are(kind):
    x, y = related(12, 40)
    assert cka(x @ x.T, y @ y.T, kind=kind, kernel="precomputed") == pytest.approx(cka(x, y, kind=kind), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    scale=st.floats(1e-6, 1e6),
    shift=st.floats(-100, 100),
    width=st.sampled_from(WIDTHS),
)
def test_invariant_to_rotation_scale_shift_and_order(seed, kind, scale, shift, width):
    x, y = related(*width, seed=seed)
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((width[0], width[0])))[0]
    order = rng.permutation(len(x))
    value = cka(x, y, kind=kind)
    assert cka(scale * x[order] @ rotation + shift, y[order], kind=kind) == pytest.approx(value, abs=1e-7)
    assert cka(y, x, kind=kind) == pytest.approx(value, abs=1e-10)
    assert cka(x, x, kind=kind) == pytest.approx(1, abs=1e-10)


def test_debiased_is_zero_without_a_relation_and_biased_is_not():
    rng = np.random.default_rng(1)
    pairs = [rng.standard_normal((2, 40, 200)) for _ in range(200)]
    debiased = np.array([cka(x, y) for x, y in pairs])
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(200)
    assert np.mean([cka(x, y, kind="biased") for x, y in pairs]) > 0.75


def test_debiased_does_not_depend_on_the_number_of_stimuli():
    large = np.mean([cka(*related(60, 45, n=1500, seed=seed)) for seed in range(3)])
    small = np.array([cka(*related(60, 45, n=25, seed=seed)) for seed in range(300)])
    assert small.mean() == pytest.approx(large, abs=0.03)
    biased = np.array([cka(*related(60, 45, n=25, seed=seed), kind="biased") for seed in range(20)])
    assert biased.mean() > large + 0.2


def test_one_batch_of_all_stimuli_is_the_whole():
    x, y = related(60, 12)
    assert minibatch_cka([(x, y)]) == pytest.approx(cka(x, y))
    assert minibatch_cka([(x, y)], kernel="rbf", bandwidth=5.0) == pytest.approx(cka(x, y, kernel="rbf", bandwidth=5.0))


def test_batches_agree_with_the_whole():
    x, y = related(60, 45, n=1000)
    whole = cka(x, y)
    batched = [minibatch_cka(stimulus_batches(x, y, size=50, seed=seed)) for seed in range(20)]
    assert np.mean(batched) == pytest.approx(whole, abs=4 * np.std(batched) / np.sqrt(20) + 1e-3)
    assert minibatch_cka(stimulus_batches(x, y, size=50, n_passes=20)) == pytest.approx(whole, abs=0.02)


def test_batches_hold_each_stimulus_once_per_pass():
    x = np.arange(103)[:, None]
    batches = list(stimulus_batches(x, -x, size=20, n_passes=2, seed=3))
    assert [len(first) for first, _ in batches] == [18, 17, 17, 17, 17, 17] * 2
    for first, second in batches:
        np.testing.assert_array_equal(first, -second)
    for half in (batches[:6], batches[6:]):
        np.testing.assert_array_equal(np.sort(np.concatenate([first for first, _ in half])[:, 0]), np.arange(103))
    again = list(stimulus_batches(x, -x, size=20, n_passes=2, seed=3))
    np.testing.assert_array_equal(batches[0][0], again[0][0])


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("width", [5, 60])
def test_constant_model_explains_nothing_and_constant_data_have_no_value(kernel, width):
    x, y = related(width, width)
    constant = np.full((30, width), 0.1) * np.arange(1, width + 1)
    bandwidth = 1.0 if kernel == "rbf" else None
    assert cka(constant, y, kernel=kernel, bandwidth=bandwidth) == 0
    assert np.isnan(cka(x, constant, kernel=kernel, bandwidth=bandwidth))


def test_single_precision_is_computed_in_double():
    x, y = (v.astype(np.float32) for v in related(60, 12))
    assert cka(x, y) == pytest.approx(cka(x.astype(float), y.astype(float)), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.eye(5), np.eye(6), {}, "x has 5 stimuli and y 6"),
        (np.eye(3), np.eye(3), {}, "at least 4 stimuli"),
        (np.eye(5), np.full((5, 2), np.nan), {}, "y holds NaN or infinite values in 5 of 5 stimuli"),
        (np.diag([1.0, np.inf, 1, 1, 1]), np.eye(5), {}, "x holds NaN or infinite values in 1 of 5 stimuli"),
        (np.eye(5), np.eye(5), {"kind": "unbiased"}, "'unbiased' is unknown; accepted are debiased, biased"),
        (np.eye(5), np.eye(5), {"kernel": "cosine"}, "'cosine' is unknown"),
        (np.eye(5), np.eye(5), {"bandwidth": 1.0}, "a linear kernel takes no bandwidth"),
        (np.eye(5), np.eye(5), {"kernel": "rbf", "bandwidth": -1.0}, "must be positive"),
        (np.eye(5)[[0, 0, 0, 0, 1]], np.eye(5), {"kernel": "rbf"}, "median distance between stimuli is 0"),
        (np.ones((5, 2)), np.eye(5), {"kernel": "precomputed"}, "no symmetric"),
        (np.triu(np.ones((5, 5))), np.eye(5), {"kernel": "precomputed"}, "no symmetric"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        cka(x, y, **options)


def test_bad_batches_are_refused():
    x, y = related(5, 5)
    with pytest.raises(ValueError, match="no batch"):
        minibatch_cka([])
    with pytest.raises(ValueError, match="needs a bandwidth"):
        minibatch_cka([(x, y)], kernel="rbf")
    with pytest.raises(ValueError, match="size 3 cuts 30 stimuli"):
        next(stimulus_batches(x, y, size=3))
    with pytest.raises(ValueError, match="size 4 cuts 30 stimuli"):
        next(stimulus_batches(x, y, size=4))
    with pytest.raises(ValueError, match="x has 30 stimuli and y 29"):
        next(stimulus_batches(x, y[1:]))


@pytest.mark.parametrize(("p", "m", "form"), [(5, 7, "columns"), (60, 7, "upper")])
def test_the_smaller_form_is_kept(p, m, form):
    x, _ = related(p, m)
    assert getattr(kernel_alignment.kernel_sums(x, "x", "linear"), form) is not None
