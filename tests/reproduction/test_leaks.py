"""Two leaks that common splits let through: scores far above zero for features that have nothing to do with the responses.

Both were shown with ridge regression (penalty 1) over 10 random draws of 90 % training rows, random state 1, median over
neuroids and mean over draws, as Brain-Score computes it: (a) 40 stimuli with 5 repetitions each, 0.964, and -0.085 after
averaging the repetitions; (b) two independent random walks of 200 samples, 0.962, and 0.351 over contiguous blocks. The
numbers of features, neuroids, the noise and the seed were not published, so these are redrawn here (100 features, 20
neuroids, noise of a quarter of the signal, seed 0): the scores are of that size and kind, not the same digits.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from alignment import LeakageWarning
from alignment.folds import make_folds
from alignment.leakage import check_leak, safe_split
from alignment.named_splits import named_split
from data import SplitSpec

N_FEATURES, N_NEUROIDS, SEED = 100, 20, 0
DRAWS = "brainscore-vision-nostrat"


def ridge_score(features, responses, folds):
    """The published formula, apart from the package's own correlation."""
    each = []
    for fold in folds:
        made = Ridge(alpha=1).fit(features[fold.train], responses[fold.train]).predict(features[fold.test])
        seen = responses[fold.test]
        each.append(np.median([np.corrcoef(made[:, unit], seen[:, unit])[0, 1] for unit in range(seen.shape[1])]))
    return float(np.mean(each))


@pytest.fixture(scope="module")
def repetitions():
    """Unrelated features and responses: table, features, responses of 200 presentations; and of 40 means."""
    rng = np.random.default_rng(SEED)
    features = rng.standard_normal((40, N_FEATURES))
    trials = rng.standard_normal((40, N_NEUROIDS)) + 0.25 * rng.standard_normal((5, 40, N_NEUROIDS))
    table = pd.DataFrame({"stimulus_id": [f"s{row:02d}" for row in range(40)] * 5})
    return table, np.tile(features, (5, 1)), trials.reshape(200, N_NEUROIDS), features, trials.mean(axis=0)


@pytest.fixture(scope="module")
def walks():
    """Two independent random walks of 200 samples."""
    rng = np.random.default_rng(SEED)
    table = pd.DataFrame({"stimulus_id": [f"s{row:03d}" for row in range(200)]})
    features = np.cumsum(rng.standard_normal((200, N_FEATURES)), axis=0)
    return table, features, np.cumsum(rng.standard_normal((200, N_NEUROIDS)), axis=0)


def test_repetitions_on_both_sides_give_a_high_score(repetitions):
    table, features, responses, *means = repetitions
    divided = named_split(DRAWS, table, repeats="divide")
    assert ridge_score(features, responses, make_folds(divided, table)) == pytest.approx(0.964, abs=0.03)
    averaged = table.iloc[:40]
    score = ridge_score(*means, make_folds(named_split(DRAWS, averaged), averaged))
    assert score == pytest.approx(-0.085, abs=0.1)


def test_repetitions_are_kept_together_unless_asked_otherwise(repetitions):
    table, features, responses, *_ = repetitions
    stimuli = np.arange(200) % 40
    for split in (named_split(DRAWS, table), SplitSpec("mine", "kfold", 5), safe_split(table, responses)):
        folds = make_folds(split, table)
        assert not any(set(stimuli[fold.train]) & set(stimuli[fold.test]) for fold in folds)
        assert abs(ridge_score(features, responses, folds)) < 0.15
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not check_leak(split, folds, table, responses).leaks


def test_asking_for_divided_repetitions_warns_with_both_numbers(repetitions):
    table, features, responses, *_ = repetitions
    divided = named_split(DRAWS, table, repeats="divide")
    with pytest.warns(LeakageWarning, match="200 of 200 test presentations have another presentation") as caught:
        report = check_leak(divided, make_folds(divided, table), table, responses, features=features)
    assert report.asked["stimulus"] > 0.9 and abs(report.safe["stimulus"]) < 0.05
    assert report.features_asked > 0.9 and abs(report.features_safe) < 0.2
    numbers = (report.asked["stimulus"], report.safe["stimulus"], report.features_asked, report.features_safe)
    assert all(f"{number:.3f}" in str(caught[0].message) for number in numbers)


def test_shuffled_samples_of_random_walks_give_a_high_score(walks):
    table, features, responses = walks
    shuffled = ridge_score(features, responses, make_folds(named_split(DRAWS, table), table))
    blocks = ridge_score(features, responses, make_folds(SplitSpec("b", "blocks", 10), table))
    assert shuffled == pytest.approx(0.962, abs=0.03)
    # Blocks mend the leak only: two walks of one recording stay alike by chance, here as there.
    assert blocks == pytest.approx(0.351, abs=0.15)


def test_random_walks_are_cut_into_blocks_unless_asked_otherwise(walks):
    table, features, responses = walks
    split = safe_split(table, responses)
    assert (split.scheme, split.embargo) == ("blocks", 13)
    folds = make_folds(split, table)
    assert ridge_score(features, responses, folds) < 0.4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not check_leak(split, folds, table, responses).leaks


def test_asking_for_shuffled_samples_warns_with_both_numbers(walks):
    table, features, responses = walks
    shuffled = named_split(DRAWS, table)
    with pytest.warns(LeakageWarning, match="responses to neighbouring presentations are alike") as caught:
        report = check_leak(shuffled, make_folds(shuffled, table), table, responses, features=features)
    assert report.asked["neighbours"] > 0.9 and abs(report.safe["neighbours"]) < 0.05
    assert report.features_asked > 0.9 and report.features_safe < 0.45
    numbers = (report.asked["neighbours"], report.safe["neighbours"], report.features_asked, report.features_safe)
    assert all(f"{number:.3f}" in str(caught[0].message) for number in numbers)
