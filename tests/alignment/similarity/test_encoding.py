"""Encoding RSA: predictions of unseen stimuli, compared by their RDMs."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from alignment.folds import Fold
from alignment.mappings import NeuroidRidge
from alignment.similarity import compare_rdms, encoding_rsa, rdm


@pytest.fixture
def folds():
    return [Fold(train, test) for train, test in KFold(3, shuffle=True, random_state=0).split(np.zeros(90))]


@pytest.fixture
def recording():
    """Features of which a few, weak ones drive the responses."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((90, 40)) * np.repeat([4.0, 1.0], 20)
    responses = features[:, 20:] @ rng.standard_normal((20, 15))
    return features, responses + 0.5 * rng.standard_normal(responses.shape)


def predict(features, responses, folds):
    return NeuroidRidge().cross_predict(features, responses, folds, inner=False).predictions


def test_within_folds_is_the_mean_of_their_rdms(recording, folds):
    features, responses = recording
    predictions = predict(features, responses, folds)
    result = encoding_rsa(predictions, responses, folds)
    expected = [compare_rdms(rdm(p), rdm(responses[f.test])) for p, f in zip(predictions, folds, strict=True)]
    np.testing.assert_allclose(result.per_fold, expected)
    assert result.value == pytest.approx(np.mean(expected))
    assert result.n_tested.tolist() == [30, 30, 30]


def test_all_pairs_make_one_rdm(recording, folds):
    features, responses = recording
    predictions = predict(features, responses, folds)
    whole = np.empty_like(responses)
    for predicted, fold in zip(predictions, folds, strict=True):
        whole[fold.test] = predicted
    result = encoding_rsa(predictions, responses, folds, pairs="all", distance="euclidean", method="pearson")
    expected = compare_rdms(rdm(whole, method="euclidean"), rdm(responses, method="euclidean"), method="pearson")
    assert result.value == pytest.approx(float(expected))
    assert result.n_tested.tolist() == [90]


def test_reweighting_finds_what_classical_rsa_misses(recording, folds):
    features, responses = recording
    result = encoding_rsa(predict(features, responses, folds), responses, folds)
    assert result.value > 0.85
    assert compare_rdms(rdm(features), rdm(responses)) < 0.4


def test_unrelated_features_score_zero(folds):
    """A mapping fitted on the rows it is tested on would score far above."""
    rng = np.random.default_rng(1)
    values, leaked = [], []
    for _ in range(8):
        features, responses = rng.standard_normal((90, 60)), rng.standard_normal((90, 10))
        values.append(encoding_rsa(predict(features, responses, folds), responses, folds).value)
        fitted = np.linalg.lstsq(features, responses, rcond=None)[0]
        leaked.append(encoding_rsa([features[f.test] @ fitted for f in folds], responses, folds).value)
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(8) + 0.005
    assert np.mean(leaked) > 0.3


def test_predictions_without_a_pattern_explain_nothing(recording, folds):
    _, responses = recording
    flat = [np.zeros((30, 15)) for _ in folds]
    assert encoding_rsa(flat, responses, folds).value == 0
    assert encoding_rsa(flat, responses, folds, distance="euclidean").value == 0


def test_rows_seen_in_training_are_refused(recording, folds):
    _, responses = recording
    leaky = [Fold(np.append(folds[0].train, folds[0].test[:2]), folds[0].test), *folds[1:]]
    with pytest.raises(ValueError, match="fold 0 trained on 2 of the presentations that it tests"):
        encoding_rsa([responses[f.test] for f in leaky], responses, leaky)


def test_bad_input_is_refused_in_a_sentence(recording, folds):
    _, responses = recording
    predictions = [responses[f.test] for f in folds]
    with pytest.raises(ValueError, match="2 predictions for 3 folds"):
        encoding_rsa(predictions[:2], responses, folds)
    with pytest.raises(ValueError, match="fold 1 have shape"):
        encoding_rsa([predictions[0], predictions[1][:, :4], predictions[2]], responses, folds)
    with pytest.raises(ValueError, match="30 presentations more than once"):
        encoding_rsa([*predictions, predictions[0]], responses, [*folds, folds[0]], pairs="all")
    with pytest.raises(ValueError, match="'none' is unknown"):
        encoding_rsa(predictions, responses, folds, pairs="none")
    small = [Fold(np.arange(9, 90), np.arange(9))]
    with pytest.raises(ValueError, match="tests 9 presentations; encoding RSA needs at least 10"):
        encoding_rsa([responses[:9]], responses, small)
