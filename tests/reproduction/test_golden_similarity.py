"""Similarities as Brain-Score (vision and language) and rsatoolbox computed them on the same stored inputs."""

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from alignment.similarity import cka, compare_rdms, noise_precision, rdm, rdm_ceiling

CASES = ["tall", "wide"]
# rsatoolbox takes square roots of eigenvalues that are rounding, each of which adds about 1e-9 to this one.
TOLERANCES = {"bures": 1e-8}
# The reference fails for neg_riem_dist, so that there is no value to reproduce.
COMPARISONS = {"corr": "pearson"} | {
    name: name for name in ("cosine", "spearman", "rho-a", "tau-a", "kendall", "cosine_cov", "corr_cov", "bures")
}


def rsa(x, y):
    return float(compare_rdms(rdm(x), rdm(y)))


@pytest.fixture(params=CASES)
def case(request, golden):
    return request.param, golden(f"{request.param}_inputs.npz")


def test_brainscore_vision_on_all_stimuli(case, golden):
    name, inputs = case
    expected = golden("brainscore_vision_expected.json")[name]
    x, y = inputs["X"], inputs["Y"]
    assert cka(x, y) == pytest.approx(expected["cka"]["score"], abs=1e-12)
    assert cka(x, y, kind="biased") == pytest.approx(expected["cka_biased"]["score"], abs=1e-12)
    assert rsa(x, y) == pytest.approx(expected["rdm"]["score"], abs=1e-12)


@pytest.mark.parametrize(("metric", "measure"), [("cka_cv", cka), ("rdm_cv", rsa)])
def test_brainscore_vision_on_the_test_part_of_splits(case, golden, metric, measure):
    name, inputs = case
    splitter = StratifiedShuffleSplit(10, test_size=0.9, random_state=1)
    splits = [test for _, test in splitter.split(inputs["X"], inputs["object_name"])]
    key = next(key for key in golden("splits.json")[name] if key.startswith("cka_cv"))
    assert [rows.tolist() for rows in splits] == [list(rows) for rows in golden("splits.json")[name][key]]
    values = np.array([measure(inputs["X"][rows], inputs["Y"][rows]) for rows in splits])
    np.testing.assert_allclose(values, golden("brainscore_vision_raw.npz")[f"{name}__{metric}__raw"], atol=1e-12)
    expected = golden("brainscore_vision_expected.json")[name][metric]
    assert values.mean() == pytest.approx(expected["score"], abs=1e-12)
    assert values.std() / np.sqrt(10) == pytest.approx(expected["error"], abs=1e-12)


@pytest.mark.parametrize("metric", ["cka", "rdm"])
def test_brainscore_language_is_cross_validated_and_its_cka_biased(case, golden, metric):
    name, inputs = case
    splits = [test for _, test in ShuffleSplit(10, test_size=0.9, random_state=1).split(inputs["X"])]
    values = [
        cka(inputs["X"][rows], inputs["Y"][rows], kind="biased")
        if metric == "cka"
        else rsa(inputs["X"][rows], inputs["Y"][rows])
        for rows in splits
    ]
    np.testing.assert_allclose(values, golden("brainscore_language_raw.npz")[f"{name}__{metric}__raw"], atol=1e-12)
    expected = golden("brainscore_language_expected.json")[name][metric]["score"]
    assert np.mean(values) == pytest.approx(expected, abs=1e-12)


def test_brainscore_ceiling_averages_distances(case, golden):
    name, inputs = case
    rdms = np.stack([rdm(inputs["Y"][:, inputs["subject"] == who]) for who in np.unique(inputs["subject"])])
    ceiling = rdm_ceiling(rdms, pooling="mean", n_permutations=0)
    expected = golden("brainscore_vision_expected.json")[name]["rsa_ceiling"]
    assert ceiling.upper == pytest.approx(expected["upper"], abs=1e-12)
    assert ceiling.lower == pytest.approx(expected["lower_loo"], abs=1e-12)


@pytest.mark.parametrize("method", ["shrinkage_diag", "shrinkage_eye"])
def test_rsatoolbox_noise_precision(case, golden, method):
    name, inputs = case
    n_repetitions, n_stimuli, _ = inputs["trials"].shape
    # It counts the degrees of freedom of trials this way; ours are stimuli * (repetitions - 1).
    result = noise_precision(inputs["trials"], method=method, dof=(n_stimuli - 1) * n_repetitions)
    expected = golden("peers_raw.npz")[f"{name}__rsa_noise_precision_{method}"]
    np.testing.assert_allclose(result, expected, atol=1e-9)


@pytest.mark.parametrize("method", ["euclidean", "correlation", "mahalanobis", "crossnobis", "crossnobis_identity"])
def test_rsatoolbox_distances(case, golden, method):
    name, inputs = case
    raw = golden("peers_raw.npz")
    kind = method.removesuffix("_identity")
    precision = raw[f"{name}__rsa_noise_precision_shrinkage_diag"] if method in ("mahalanobis", "crossnobis") else None
    values = inputs["trials"] if kind == "crossnobis" else inputs["Y"]
    result = rdm(values, method=kind, precision=precision)
    np.testing.assert_allclose(result, raw[f"{name}__rsa_rdm_{method}"], atol=1e-9)
    expected = golden("peers_expected.json")[name][f"rsatoolbox.rdm/{method}"]
    assert result.mean() == pytest.approx(expected["mean"], abs=1e-9)
    np.testing.assert_allclose(result[:5], expected["first5"], atol=1e-9)


@pytest.mark.parametrize("method", COMPARISONS)
def test_rsatoolbox_comparisons(case, golden, method):
    name, inputs = case
    first = rdm(inputs["X"], method="euclidean")
    second = golden("peers_raw.npz")[f"{name}__rsa_rdm_crossnobis"]
    expected = golden("peers_expected.json")[name][f"rsatoolbox.compare(model euclidean, neural crossnobis)/{method}"]
    value = compare_rdms(first, second, method=COMPARISONS[method])
    assert float(value) == pytest.approx(expected, abs=TOLERANCES.get(method, 1e-9))
