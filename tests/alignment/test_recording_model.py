"""A recording as a model: its mean responses are the features, found by the ids of the stimuli."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from alignment import Benchmark, NeuroidRidge, RecordingModel, record_activations, score
from data import StimulusSet

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
RIDGE = NeuroidRidge(np.logspace(-1, 3, 3))


@pytest.fixture(scope="module")
def animals(make_dataset):
    """Two recordings of one signal with the same stimuli, the second with more neuroids and another order."""
    first, _ = make_dataset(seed=0)
    second, _ = make_dataset(n_repetitions=3, n_neuroids=4, noise=2.0, seed=0)
    order = np.random.default_rng(1).permutation(second.responses.sizes["presentation"])
    info = dataclasses.replace(second.info, name="test/other")
    stimuli = dataclasses.replace(second.stimuli, name="other")
    return first, dataclasses.replace(
        second, info=info, stimuli=stimuli, responses=second.responses.isel(presentation=order)
    )


def test_animals_may_share_one_stimulus_set(animals):
    first, second = animals
    shared = Benchmark("test/x", dataclasses.replace(second, stimuli=first.stimuli), metric=RIDGE)
    result = score(RecordingModel(first), shared, n_boot=2, n_permutations=0, cache=False)
    assert 0.3 < result.value < 1


def test_recording_does_not_predict_itself(animals):
    first, _ = animals
    with pytest.raises(ValueError, match="recording:test/tiny is asked for its own .*: a recording predicts itself"):
        score(RecordingModel(first), Benchmark("test/x", first, metric=RIDGE), n_boot=2, cache=False)


def test_score_on_another_animal_is_that_of_its_mean_responses(animals, stored_model):
    first, second = animals
    benchmark = Benchmark("test/x", second, metric=RIDGE)
    source = RecordingModel(first)
    received = score(source, benchmark, n_boot=4, n_permutations=4, cache=False)
    means = first.responses.values.reshape(2, 48, 4).mean(axis=0)
    expected = score(stored_model(responses=means), benchmark, n_boot=4, n_permutations=4, cache=False)
    xr.testing.assert_allclose(received.data, expected.data)
    assert received.provenance["model"] == "recording:test/tiny"
    assert received.provenance["model_revision"] == source.revision
    assert received.headline == "responses" and received.value > 0.3


def test_stimuli_are_found_by_id_in_any_order(animals):
    first, _ = animals
    model = RecordingModel(first)
    table = first.stimuli.table.iloc[[5, 40, 0]]
    means = first.responses.values.reshape(2, 48, 4).mean(axis=0)
    np.testing.assert_array_equal(model.record_set(StimulusSet("few", table))["responses"], means[[5, 40, 0]])
    found = record_activations(model, StimulusSet("few", table), cache=False)
    np.testing.assert_array_equal(found["responses"], means[[5, 40, 0]])


def test_stimulus_that_was_not_shown_is_named(animals):
    first, _ = animals
    names = first.stimuli.table.assign(stimulus_id=[f"s{row:03d}" for row in range(2, 50)])
    with pytest.raises(
        ValueError, match="test/tiny has no response to 2 of 48 stimuli of 'later' .first: 's048'.; score it on"
    ):
        RecordingModel(first).record_set(StimulusSet("later", names))


def test_content_alone_says_nothing_to_a_recording(animals):
    with pytest.raises(ValueError, match="recording:test/tiny knows stimuli by id"):
        RecordingModel(animals[0]).record(["a text"])


def test_gaps_are_averaged_over_and_neuroids_without_responses_left_out(animals, with_responses):
    first, _ = animals
    values = first.responses.values.copy()
    values[3, 0] = np.nan
    values[[7, 48 + 7], 2] = np.nan
    model = RecordingModel(with_responses(first, values))
    other = StimulusSet("other", first.stimuli.table)
    expected = np.nanmean(values.reshape(2, 48, 4)[..., [0, 1, 3]], axis=0)
    np.testing.assert_allclose(model.record_set(other)["responses"], expected)


def test_revision_follows_the_responses(animals, with_responses):
    first, second = animals
    changed = first.responses.values.copy()
    changed[0, 0] += 1e-9
    revisions = {RecordingModel(one).revision for one in (first, second, with_responses(first, changed))}
    assert len(revisions) == 3
    assert RecordingModel(first).revision == RecordingModel(first).revision


def test_recording_of_matrices_is_no_model(animals):
    first, _ = animals
    rdms = xr.DataArray(np.ones((1, 48 * 47 // 2)), dims=("subject", "pair"), coords={"subject": ["a"]})
    with pytest.raises(ValueError, match="holds dissimilarities, no responses"):
        RecordingModel(dataclasses.replace(first, responses=None, rdms=rdms))
