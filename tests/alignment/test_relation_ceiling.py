"""Ceilings of similarities: who may be divided by what, and draws that belong to the lower bound."""

import numpy as np
import pytest

from alignment import Benchmark, BetweenSubjects, Cka, Rsa, SplitHalfCeiling, benchmark_from_arrays, score
from alignment.inference.resampling import bootstrap_weights
from alignment.relation_ceiling import RelationCeiling
from alignment.similarity import bootstrap_rdm_comparison, condense_rdm, rdm

rng = np.random.default_rng(0)
SHARED = rng.standard_normal((20, 5))
PATTERNS = {name: SHARED + 0.8 * rng.standard_normal((20, 5)) for name in "abc"}


@pytest.mark.parametrize("metric", [Rsa(), Rsa(comparison="cosine"), Cka()], ids=["spearman", "cosine", "cka"])
def test_bounds_by_a_plain_loop(metric):
    relations = {name: metric.relate(one) for name, one in PATTERNS.items()}
    found = BetweenSubjects().estimate_relations(relations, metric, bootstrap_weights(20, None, 3, 0))
    for number, name in enumerate("abc"):
        others = metric.pool([relations[one] for one in "abc" if one != name])
        assert found.values[number] == pytest.approx(metric.compare(others, relations[name]))
        everyone = metric.pool(list(relations.values()))
        assert found.upper[number] == pytest.approx(metric.compare(everyone, relations[name]))
    assert (found.upper > found.values).all()
    assert found.draws.shape == (3, 3)


def test_draws_are_those_of_the_lower_bound():
    metric, counts = Rsa(), bootstrap_weights(20, None, 4, 0)
    relations = {name: metric.relate(one) for name, one in PATTERNS.items()}
    found = BetweenSubjects().estimate_relations(relations, metric, counts)
    others = condense_rdm(metric.pool([relations["b"], relations["c"]]))
    np.testing.assert_allclose(found.draws[:, 0], bootstrap_rdm_comparison(others, rdm(PATTERNS["a"]), counts))


def test_one_subject_has_no_ceiling():
    with pytest.raises(ValueError, match="a ceiling over subjects needs at least 2, received 1; use ceiling=None"):
        BetweenSubjects().estimate_relations({"a": Rsa().relate(SHARED)}, Rsa(), np.ones((1, 20)))


def test_ceilings_and_metrics_must_fit_each_other(make_dataset, stored_model):
    dataset, signal = make_dataset()
    model = stored_model(only=signal)
    with pytest.raises(ValueError, match="ceiling 'split-half' belongs to neuroids, but CKA is a number per subject"):
        score(model, Benchmark("test/x", dataset, metric=Cka(), ceiling=SplitHalfCeiling()), n_boot=2, cache=False)
    with pytest.raises(
        ValueError, match="ceiling 'subjects' belongs to a similarity, but a mapping is scored per neuroid"
    ):
        score(model, Benchmark("test/x", dataset, ceiling=BetweenSubjects()), n_boot=2, cache=False)
    assert isinstance(BetweenSubjects(), RelationCeiling) and not isinstance(SplitHalfCeiling(), RelationCeiling)


def test_bounds_between_subjects_divide_nothing_by_default():
    responses, neuroid = np.hstack(list(PATTERNS.values())), {"subject": np.repeat(list("abc"), 5)}
    texts = [f"text {row}" for row in range(20)]
    made = benchmark_from_arrays("test/x", texts, responses, neuroid=neuroid, metric="rsa", ceiling=BetweenSubjects())
    assert made.normalisation == "none"


def test_bounds_are_shown_and_divide_nothing(stored_model):
    responses, neuroid = np.hstack(list(PATTERNS.values())), {"subject": np.repeat(list("abc"), 5)}
    texts = [f"text {row}" for row in range(20)]
    made = benchmark_from_arrays(
        "test/x", texts, responses, neuroid=neuroid, metric="rsa", ceiling=BetweenSubjects(), normalisation="none"
    )
    result = score(stored_model(only=SHARED), made, n_boot=3, n_permutations=0, cache=False)
    row = result.row("only")
    assert result.value == row["raw"] and np.isnan(row["ceiled"])
    assert row["ceiling"] < row["ceiling_upper"]
    assert f"ceiling  {row['ceiling']:.3f} to {row['ceiling_upper']:.3f} (subjects), not divided by" in repr(result)
