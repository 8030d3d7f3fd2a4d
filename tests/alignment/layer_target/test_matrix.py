"""The matrix: single and corrected p by a plain loop, intervals over animals, what stands in a report."""

import numpy as np
import pytest

from alignment.layer_target import LayerTargetMatrix
from alignment.layer_target.targets import POOLED


def matrix(values, null, **options):
    layers, targets = (
        tuple(f"{kind}{number}" for number in range(size)) for kind, size in zip("lt", values.shape, strict=True)
    )
    return LayerTargetMatrix(
        **{"layers": layers, "targets": targets, "exact": True, "score": "Score: made here."} | options,
        values=values,
        null=null,
        raw=values,
        raw_null=null,
        ceiling=np.ones(values.shape[1]),
    )


@pytest.fixture
def random():
    rng = np.random.default_rng(0)
    null = rng.standard_normal((50, 3, 4))
    return matrix(null[0], null)


def test_p_are_counts_of_a_plain_loop(random):
    for layer in range(3):
        for target in range(4):
            value = random.values[layer, target]
            alone = sum(random.null[k, layer, target] >= value for k in range(50)) / 50
            together = sum(random.null[k].max() >= value for k in range(50)) / 50
            assert random.p[layer, target] == pytest.approx(alone)
            assert random.p_corrected[layer, target] == pytest.approx(together)
    assert random.maximum.p == random.p_corrected.min()
    assert random.expected_null_maximum == pytest.approx(np.mean([one.max() for one in random.null]))
    best = np.unravel_index(random.values.argmax(), (3, 4))
    assert random.best == (f"l{best[0]}", f"t{best[1]}")


def test_random_permutations_count_the_observed_one(random):
    sampled = matrix(random.values, random.null[1:], exact=False)
    np.testing.assert_allclose(sampled.p, random.p)
    np.testing.assert_allclose(sampled.p_corrected, random.p_corrected)


def test_target_without_score_takes_no_part(random):
    values, null = random.values.copy(), random.null.copy()
    values[:, 1], null[:, :, 1] = np.nan, np.nan
    found, fewer = matrix(values, null), matrix(random.values[:, [0, 2, 3]], random.null[:, :, [0, 2, 3]])
    assert found.undefined == ("t1",)
    assert np.isnan(found.p[:, 1]).all()
    assert np.isnan(found.p_corrected[:, 1]).all()
    np.testing.assert_allclose(found.p_corrected[:, [0, 2, 3]], fewer.p_corrected)
    assert found.maximum.maximum == fewer.maximum.maximum
    assert found.values[found.layers.index(found.best[0]), found.targets.index(found.best[1])] == found.maximum.maximum
    assert "No score: t1." in found.describe()
    nothing = matrix(np.full((1, 1), np.nan), np.full((2, 1, 1), np.nan))
    with pytest.raises(ValueError, match="none of 1 targets has a score: the halves of their repetitions do not agree"):
        _ = nothing.maximum


def test_entry_without_score_in_some_permutation_is_not_the_largest_there():
    null = np.array([[[0.5, 0.1]], [[np.nan, 0.6]], [[np.nan, 0.2]], [[0.4, 0.3]]])
    found = matrix(null[0], null)
    assert found.p_corrected[0, 0] == pytest.approx(2 / 4)
    # By itself an entry counts permutations without a score as extreme.
    assert found.p[0, 0] == pytest.approx(3 / 4)


def test_interval_over_animals_leaves_the_pool_out():
    rng = np.random.default_rng(1)
    values = rng.normal(0.3, 0.1, (2, 12))
    found = matrix(values, values[None], targets=(*[f"m{number}" for number in range(11)], POOLED))
    result = found.over_animals()
    np.testing.assert_allclose(result["value"], values[:, :11].mean(axis=1))
    assert result.attrs["n_animals"] == 11
    # A t interval, which resampling approximates.
    error = 2.228 * values[:, :11].std(axis=1, ddof=1) / np.sqrt(11)
    np.testing.assert_allclose(result["high"] - result["low"], 2 * error, rtol=0.1)
    np.testing.assert_array_equal(result["low"], found.over_animals()["low"])
    alone = matrix(values[:, :2], values[None, :, :2], targets=("m0", POOLED))
    with pytest.raises(ValueError, match="needs at least 2 animals with scores, received 1 of 2 targets"):
        alone.over_animals()


def test_report_shows_chance_beside_the_maximum(random):
    said = random.describe()
    assert f"{random.maximum.maximum:.3f}" in said
    assert f"under exchange of the stimuli the best is {random.expected_null_maximum:.3f} on average" in said
    assert "over 50 permutations (all). Score: made here." in said
    table = random.to_dataset()
    assert dict(table.sizes) == {"layer": 3, "target": 4, "permutation": 50}
    np.testing.assert_array_equal(table["p_corrected"], random.p_corrected)
    assert table.attrs["permutations"] == 50
