"""What is called a leak and what is not, the two numbers, and the split that is used unless one is named."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from alignment import LeakageWarning
from alignment.folds import Fold, make_folds
from alignment.leakage import check_leak, safe_split
from alignment.relatives import NEIGHBOURS
from data import SplitSpec

SHUFFLED = SplitSpec("shuffled5", "kfold", 5, 0)


def table_of(n_rows, **columns):
    return pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(n_rows)], **columns})


def walk(n_rows=200, n_neuroids=10, seed=0):
    return np.cumsum(np.random.default_rng(seed).standard_normal((n_rows, n_neuroids)), axis=0)


def noise(n_rows=200, n_neuroids=10, seed=0):
    return np.random.default_rng(seed).standard_normal((n_rows, n_neuroids))


def grouped(n_groups=40, size=5, within=1.0, seed=0):
    """Responses that share a part within each group."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), size)
    shared = rng.standard_normal((n_groups, 8))[groups]
    return table_of(len(groups), passage=groups), shared + within * rng.standard_normal((len(groups), 8))


def quiet(spec, table, *arguments, **options):
    """Report of a split about which nothing may be said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check_leak(spec, make_folds(spec, table), table, *arguments, **options)
    assert not report.leaks and report.sentence == ""
    return report


def loud(spec, table, *arguments, **options):
    with pytest.warns(LeakageWarning) as caught:
        report = check_leak(spec, make_folds(spec, table), table, *arguments, **options)
    assert [str(one.message) for one in caught] == [report.sentence]
    assert caught[0].filename == __file__
    return report


def test_divided_groups_are_shown_with_both_numbers():
    table, responses = grouped()
    report = loud(SHUFFLED, table, responses, group="passage")
    assert report.divided == {"passage": report.divided["passage"]} and report.divided["passage"] > 150
    assert report.safe_split == SplitSpec("passage5", "group-kfold", 5, 0, group="passage")
    assert report.asked["passage"] > 0.5
    assert report.safe["passage"] == 0
    for number in (report.asked["passage"], report.safe["passage"]):
        assert f"{number:.3f}" in report.sentence
    assert f"{report.divided['passage']} of 200 test presentations have a sibling of their passage" in report.sentence
    assert "knows only which presentations share a passage" in report.sentence
    assert report.sentence.endswith("(seed 0; split 'passage5', neuromodels).")


def test_predictor_of_a_group_reaches_what_its_shared_part_allows():
    # Of 5 siblings about 4 are in training: their shrunk mean has r = sqrt(4 / 5) with the shared part, which makes
    # up half of the variance.
    table, responses = grouped(n_groups=2000, within=1.0)
    report = check_leak(
        SHUFFLED, make_folds(SHUFFLED, table), table, responses, group="passage", warn=False, safe=SHUFFLED
    )
    assert report.asked["passage"] == pytest.approx(np.sqrt(0.5) * np.sqrt(3.2 / (3.2 + 1)), abs=0.02)


def test_grouped_split_of_grouped_data_is_safe():
    table, responses = grouped()
    report = quiet(SplitSpec("p", "group-kfold", 5, group="passage"), table, responses, group="passage")
    assert report.divided == {} and report.safe_split == report.split


def test_relations_alone_are_told_without_responses():
    table, _ = grouped()
    report = loud(SHUFFLED, table, group="passage")
    assert report.asked == {} and np.isnan(report.p_value)
    assert "scores" not in report.sentence.split("inflates scores")[1]
    assert "'passage5'" in report.sentence


def test_repeats_on_both_sides_are_shown_with_both_numbers():
    ids = np.tile(np.arange(40), 5)
    responses = noise(40)[ids] + 0.5 * noise(200, seed=1)
    table = pd.DataFrame({"stimulus_id": ids.astype(str)})
    asked = SplitSpec("rows", "kfold", 5, repeats="divide")
    report = loud(asked, table, responses)
    assert report.divided == {"stimulus": 200}
    assert report.safe_split == SplitSpec("rows, repeats together", "kfold", 5)
    assert report.asked["stimulus"] > 0.8 and report.safe["stimulus"] == 0
    assert "which presentations show the same stimulus scores" in report.sentence
    quiet(report.safe_split, table, responses)


def test_equal_texts_under_other_ids_are_counted():
    table = table_of(60, text=[f"text {row % 20}" for row in range(60)])
    report = loud(SplitSpec("rows", "kfold", 5, repeats="divide"), table, noise(60))
    assert list(report.divided) == ["text"]
    assert (
        f"{report.divided['text']} of 60 test presentations have another stimulus of the same text" in report.sentence
    )


def test_neighbours_on_both_sides_are_shown_with_both_numbers():
    report = loud(SHUFFLED, table_of(200), walk())
    assert report.divided == {}
    assert report.p_value == pytest.approx(0.005)
    assert report.asked[NEIGHBOURS] > 0.9 and abs(report.safe[NEIGHBOURS]) < 0.05
    assert report.safe_split.scheme == "blocks" and report.safe_split.n_splits == 5
    assert report.safe_split.embargo == 13  # a third of a block of 40
    assert re.search(r"alike \(r 0\.9\d, permutation p 0\.005\) and its folds part neighbours", report.sentence)
    assert "knows only which presentations are neighbours scores 0.9" in report.sentence
    assert "embargo of 13 presentations at the borders (split 'blocks5', neuromodels)." in report.sentence
    quiet(report.safe_split, table_of(200), walk())


def test_blocks_without_an_embargo_leak_at_their_borders():
    blocks = SplitSpec("b", "blocks", 20)
    report = loud(blocks, table_of(200), walk())
    assert report.asked[NEIGHBOURS] > 0.05
    assert report.safe_split.embargo == 3


def test_features_are_scored_under_both_splits():
    from sklearn.linear_model import Ridge

    table, responses, features = table_of(200), walk(), walk(200, 30, seed=1)
    report = loud(SHUFFLED, table, responses, features=features)
    for split, found in ((SHUFFLED, report.features_asked), (report.safe_split, report.features_safe)):
        r = [
            [
                np.corrcoef(made, seen)[0, 1]
                for made, seen in zip(
                    Ridge(alpha=1).fit(features[f.train], responses[f.train]).predict(features[f.test]).T,
                    responses[f.test].T,
                    strict=True,
                )
            ]
            for f in make_folds(split, table)
        ]
        assert found == pytest.approx(np.median(np.mean(r, axis=0)))
        assert f"{found:.3f}" in report.sentence


@pytest.mark.parametrize("seed", range(5))
def test_independent_responses_are_quiet(seed):
    report = quiet(SHUFFLED, table_of(200), noise(seed=seed), seed=seed)
    assert abs(report.asked[NEIGHBOURS]) < 0.1


def test_strata_in_row_order_are_not_taken_for_time():
    # Rows sorted by object: neighbours are alike because they show the same object, and the split knows the object.
    kinds = np.repeat(np.arange(8), 25)
    responses = noise(8)[kinds] + 0.5 * noise(200, seed=1)
    table = table_of(200, object_name=kinds)
    quiet(SplitSpec("s", "stratified-kfold", 5, stratify="object_name"), table, responses)
    assert loud(SHUFFLED, table, responses).safe_split.scheme == "blocks"


def test_times_and_sessions_say_who_is_a_neighbour():
    order = np.random.default_rng(0).permutation(200)
    responses = np.concatenate([walk(100), walk(100, seed=1)])[order]
    table = table_of(200, run=(np.arange(200) // 100)[order], onset_s=(np.arange(200) % 100 * 2.0)[order])
    quiet(SHUFFLED, table, responses)
    report = loud(SHUFFLED, table, responses, time="onset_s", session="run")
    assert report.asked[NEIGHBOURS] > 0.9
    safe = report.safe_split
    assert (safe.scheme, safe.time, safe.session, safe.embargo) == ("blocks", "onset_s", "run", 12.0)
    quiet(safe, table, responses)


def test_no_safe_split_is_said_with_the_reason():
    table = pd.DataFrame({"stimulus_id": [f"s{row % 50}" for row in range(100)], "run": np.arange(100) // 50})
    asked = SplitSpec("rows", "kfold", 2)
    report = loud(asked, table, noise(100), group="run")
    assert np.isnan(report.safe["run"])
    assert "No split of this table avoids it: split 'run2' (group-kfold) divides the presentations" in report.sentence


def test_a_named_safe_split_is_used():
    table, responses = grouped()
    safe = SplitSpec("mine", "leave-one-group-out", group="passage")
    assert loud(SHUFFLED, table, responses, group="passage", safe=safe).safe_split is safe


def test_the_report_is_quiet_when_asked():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_leak(SHUFFLED, make_folds(SHUFFLED, table_of(200)), table_of(200), walk(), warn=False).leaks


def test_inputs_are_not_changed():
    table, responses = grouped()
    before, rows = responses.copy(), table.copy()
    check_leak(SHUFFLED, make_folds(SHUFFLED, table), table, responses, group="passage", warn=False)
    np.testing.assert_array_equal(responses, before)
    pd.testing.assert_frame_equal(table, rows)


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        (np.zeros((3, 200, 2)), r"with the 200 rows of the table, received \(3, 200, 2\); average repetitions"),
        (np.zeros((100, 2)), r"with the 200 rows of the table, received \(100, 2\)"),
        (np.full((200, 2), np.nan), "hold 400 NaN or infinite values"),
    ],
)
def test_unfit_responses_are_refused(responses, message):
    with pytest.raises(ValueError, match=message):
        check_leak(SHUFFLED, make_folds(SHUFFLED, table_of(200)), table_of(200), responses)


def test_default_is_groups_where_there_are_groups():
    table, responses = grouped()
    expected = SplitSpec("passage5", "group-kfold", 5, 0, group="passage")
    assert safe_split(table, responses, group="passage") == safe_split(table, group="passage") == expected
    few = table.assign(passage=np.arange(200) // 70)
    assert safe_split(few, group="passage") == SplitSpec("each-passage", "leave-one-group-out", group="passage")


def test_default_is_blocks_where_neighbours_are_alike():
    split = safe_split(table_of(200), walk())
    assert (split.scheme, split.n_splits, split.embargo) == ("blocks", 5, 13)
    quiet(split, table_of(200), walk())


def test_default_is_blocks_where_times_are_known():
    table = table_of(200, onset_s=np.arange(200.0), run=np.arange(200) // 100)
    assert safe_split(table, time="onset_s", session="run") == SplitSpec(
        "blocks5", "blocks", 5, time="onset_s", session="run"
    )
    assert safe_split(table, noise(), time="onset_s").embargo == 0
    assert safe_split(table, walk(), time="onset_s").embargo == 13.0


def test_default_is_shuffled_where_nothing_is_related():
    assert safe_split(table_of(200)) == safe_split(table_of(200), noise()) == SplitSpec("kfold5", "kfold", 5)
    assert safe_split(table_of(200), noise(), n_splits=4, seed=2) == SplitSpec("kfold4", "kfold", 4, 2)


def test_default_keeps_repeats_together():
    table = pd.DataFrame({"stimulus_id": [f"s{row % 40}" for row in range(200)]})
    split = safe_split(table, noise(40)[np.arange(200) % 40])
    assert split == SplitSpec("kfold5", "kfold", 5)
    quiet(split, table, noise(40)[np.arange(200) % 40])


def divided(groups, folds):
    """What `check_leak` counts for folds of stimuli that differ but share groups."""
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(len(groups))], "passage": groups})
    spec = SplitSpec("s", "kfold", max(2, len(folds)), 0)
    return check_leak(spec, folds, table, group="passage", warn=False).divided


def test_siblings_on_the_other_side_are_counted_by_a_plain_loop():
    groups = np.arange(40) // 4
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(40)]})
    folds = make_folds(SplitSpec("s", "kfold", 5, 0), table)
    expected = sum(any(groups[row] == groups[other] for other in fold.train) for fold in folds for row in fold.test)
    assert expected > 0
    assert divided(groups, folds) == {"passage": expected}


def test_only_members_of_the_divided_groups_count():
    folds = [Fold(np.array([4, 5, 6, 1]), np.array([0, 2, 3, 7]))]
    assert divided([0, 0, 1, 1, 2, 2, 3, 3], folds) == {"passage": 2}


def test_a_group_per_row_cannot_leak():
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(20)]})
    assert divided(np.arange(20), make_folds(SplitSpec("s", "kfold", 5, 0), table)) == {}
