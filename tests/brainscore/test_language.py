"""Our language models as artificial subjects, and our metric against Brain-Score language's."""

import numpy as np
import pytest

pytest.importorskip(
    "brainscore_language", reason="brainscore-language is not installed; run `make test-brainscore-language`"
)

import brainscore_language
import xarray as xr
from brainscore_core.supported_data_standards.brainio.assemblies import BehavioralAssembly, NeuroidAssembly
from brainscore_language.artificial_subject import ArtificialSubject
from brainscore_language.model_helpers.preprocessing import prepare_context

from alignment import NeuroidRidge
from alignment.brainscore import (
    as_artificial_subject,
    as_metric,
    environment_problems,
    from_assembly,
    load_brain_model,
    remove_shim,
    require_brainscore,
    to_assembly,
)
from alignment.mappings import LeastSquares
from data import make_responses
from neuromodels.cli import main

PARTS = ["The fox ate .", "", "A tea , please", "ooo !"]
CONTEXTS = ["The fox ate.", "The fox ate.", "The fox ate. A tea, please", "The fox ate. A tea, please ooo!"]
TARGET, FMRI = ArtificialSubject.RecordingTarget.language_system, ArtificialSubject.RecordingType.fMRI
# Their penalty: one for all neuroids, by the error of rows left out, over seven values.
RIDGE = NeuroidRidge(tuple(np.logspace(-3, 3, 7)), standardise=False, selection="loo", per_neuroid=False)
# Their correlation adds 1e-8 to each norm.
NORM = 1e-8


def letters(text):
    return [*(text.count(one) for one in "aeiou"), len(text)]


@pytest.fixture
def subject(reader):
    made = as_artificial_subject(reader)
    made.start_neural_recording(TARGET, FMRI)
    return made


def test_environment_is_sound():
    assert environment_problems("language") == []
    assert require_brainscore("language") is brainscore_language


def assemblies(golden, case):
    inputs = golden(f"{case}_inputs.npz")
    ids = inputs["stimulus_id"].astype(str)
    presentation = {"stimulus_id": ids, "story": inputs["group"].astype(str)}
    made = []
    for name, prefix in (("X", "f"), ("Y", "n")):
        values = inputs[name]
        neuroid = {"neuroid_id": [f"{prefix}{unit:04d}" for unit in range(values.shape[1])]}
        made.append(to_assembly(make_responses(values, presentation=presentation, neuroid=neuroid, unit="1")))
    return made


@pytest.mark.parametrize("case", ["tall", "wide"])
@pytest.mark.parametrize(
    ("name", "mapping", "split", "options", "key"),
    [
        ("ridge_pearsonr", RIDGE, "brainscore-language-shuffle", {}, "ridge_pearsonr(default shuffle)"),
        (
            "ridge_pearsonr",
            RIDGE,
            "brainscore-language-group",
            {"split_coord": "story", "kfold": "group", "random_state": 1234},
            "ridge_pearsonr(split_coord=story,kfold=group,random_state=1234)",
        ),
        ("linear_pearsonr", LeastSquares(), "brainscore-language-shuffle", {}, "linear_pearsonr(default shuffle)"),
    ],
    ids=["ridge shuffled", "ridge grouped", "linear shuffled"],
)
def test_our_number_is_theirs(case, name, mapping, split, options, key, golden):
    source, target = assemblies(golden, case)
    theirs = brainscore_language.load_metric(name, crossvalidation_kwargs=options)(source, target)
    assert float(theirs) == pytest.approx(golden("brainscore_language_expected.json")[case][key]["score"], abs=1e-9)
    if "group" in split:
        # Their search for a penalty leaves out single rows also where folds keep stories together.
        mapping = RowsLeftOut(**mapping.get_params())
    ours = as_metric(mapping, split=split)(source, target)
    assert float(ours) == pytest.approx(float(theirs), abs=NORM)
    raw = theirs.attrs["raw"].transpose("split", "neuroid")
    assert np.abs(ours.attrs["raw"].values - raw.values).max() < 10 * NORM


class RowsLeftOut(NeuroidRidge):
    """Ridge whose penalty is searched over single rows, whatever the groups."""

    def cross_predict(self, features, responses, folds, groups=None, **options):
        return super().cross_predict(features, responses, folds, None, **options)


def test_digest_text_has_the_shape_and_coordinates_that_benchmarks_use(subject):
    neural = subject.digest_text(PARTS)["neural"]
    assert isinstance(neural, NeuroidAssembly)
    assert neural.dims == ("presentation", "neuroid")
    assert neural.values.tolist() == [letters(text) for text in CONTEXTS]
    assert neural["stimulus"].values.tolist() == PARTS
    assert neural["context"].values.tolist() == CONTEXTS
    assert neural["part_number"].values.tolist() == [0, 1, 2, 3]
    assert {"region", "recording_type", "layer", "neuroid_id"} <= set(neural.indexes["neuroid"].names)
    assert len(set(neural["neuroid_id"].values)) == 6
    assert neural.sel(layer="letters").shape == neural.shape
    assert subject.digest_text(PARTS)["behavior"] is None


def test_list_shares_context_and_separate_calls_do_not(subject, reader):
    together = subject.digest_text(PARTS[2:])["neural"].values
    apart = [subject.digest_text(part)["neural"].values[0] for part in PARTS[2:]]
    assert together[0].tolist() == apart[0].tolist() == letters("A tea, please")
    assert together[1].tolist() == letters("A tea, please ooo!")
    assert apart[1].tolist() == letters("ooo!")
    again = subject.digest_text(np.array(PARTS[2:]))["neural"].values
    assert np.array_equal(again, together)


def test_contexts_are_joined_as_brain_score_joins_them(subject):
    expected = [prepare_context(PARTS[: number + 1]) for number in range(len(PARTS))]
    assert subject.digest_text(PARTS)["neural"]["context"].values.tolist() == expected


def test_several_recordings_lie_side_by_side_and_are_not_doubled(reader):
    made = as_artificial_subject(reader)
    for target in (TARGET, TARGET, ArtificialSubject.RecordingTarget.language_system_left_hemisphere):
        made.start_neural_recording(target, FMRI)
    neural = made.digest_text("A tea")["neural"]
    assert neural.shape == (1, 12)
    assert len(set(neural["neuroid_id"].values)) == 12
    with pytest.raises(ValueError, match="has no layer for 'V1'"):
        made.start_neural_recording("V1", FMRI)


def test_behaviour_only_if_the_model_can(reader):
    made = as_artificial_subject(reader)
    with pytest.raises(ValueError, match="cannot do 'reading_times'; it can do no task"):
        made.start_behavioral_task(ArtificialSubject.Task.reading_times)
    with pytest.raises(ValueError, match="call start_neural_recording or start_behavioral_task"):
        made.digest_text("A tea")

    def times(contexts, parts):
        return [100.0 * len(context) + len(part) for context, part in zip(contexts, parts, strict=True)]

    able = as_artificial_subject(reader, tasks={"reading_times": times, "next_word": lambda contexts, parts: parts})
    able.start_behavioral_task(ArtificialSubject.Task.reading_times)
    found = able.digest_text(PARTS)
    assert isinstance(found["behavior"], BehavioralAssembly)
    assert found["behavior"].values.tolist() == times(CONTEXTS, PARTS)
    assert found["neural"] is None
    able.start_behavioral_task(ArtificialSubject.Task.next_word)
    assert able.digest_text(["tea"])["behavior"].values.tolist() == ["tea"]
    broken = as_artificial_subject(reader, tasks={"next_word": lambda contexts, parts: ["one"]})
    broken.start_behavioral_task("next_word")
    with pytest.raises(ValueError, match=r"gave shape \(1,\) for 2 parts"):
        broken.digest_text(["a", "b"])


def test_model_of_other_inputs_is_refused(echo):
    with pytest.raises(ValueError, match="a language subject reads texts"):
        as_artificial_subject(echo((3,)))


def recording(n=40):
    """Responses to sentences of passages that follow from the letters read so far."""
    rng = np.random.default_rng(0)
    words = ["tea", "apple", "oboe", "under", "in", "every", "a", "zoo"]
    texts = [" ".join(rng.choice(words, 6)) for _ in range(n)]
    passages = [f"p{row // 4}" for row in range(n)]
    contexts = []
    for row in range(n):
        contexts.append(" ".join(texts[4 * (row // 4) : row + 1]))
    values = np.array([letters(text) for text in contexts]) @ rng.standard_normal((6, 3))
    values += 0.1 * rng.standard_normal(values.shape)
    presentation = {
        "stimulus_id": [f"{passage}.{row % 4}" for row, passage in enumerate(passages)],
        "stimulus": texts,
        "passage_label": passages,
        "passage_index": [row // 4 for row in range(n)],
        "story": passages,
    }
    return to_assembly(
        make_responses(
            values,
            presentation=presentation,
            neuroid={"neuroid_id": ["x", "y", "z"], "subject": ["1", "1", "2"]},
            unit="1",
        )
    )


def without_download(kind, data, metric):
    """A benchmark of theirs with data of the test, since its own would be downloaded."""
    benchmark = object.__new__(kind)
    benchmark.data, benchmark.metric = data, metric
    return benchmark


def test_benchmark_of_theirs_reads_passage_by_passage(reader):
    from brainscore_core.metrics import Score
    from brainscore_language.benchmarks.pereira2018.benchmark import _Pereira2018Experiment

    data = recording()
    metric = brainscore_language.load_metric(
        "ridge_pearsonr", crossvalidation_kwargs={"split_coord": "story", "kfold": "group", "random_state": 1234}
    )
    benchmark = without_download(_Pereira2018Experiment, data, metric)
    benchmark._ceiling = Score(0.9)
    score = benchmark(as_artificial_subject(reader))
    assert float(score.raw) > 0.9
    assert max(map(len, reader.read)) > 2 * min(map(len, reader.read))  # contexts grow inside a passage


def test_benchmark_of_single_sentences_shows_no_context(reader):
    from brainscore_language.benchmarks.tuckute2024.benchmark import _Tuckute2024

    data = recording()
    benchmark = without_download(_Tuckute2024, data, brainscore_language.load_metric("linear_pearsonr"))
    score = benchmark(as_artificial_subject(reader))
    assert -1 < float(score) < 1
    assert sorted(reader.read) == sorted(data["stimulus"].values.tolist())


def test_assembly_of_theirs_becomes_responses_with_stories():
    ours = from_assembly(recording(), unit="BOLD")
    assert ours.dims == ("presentation", "neuroid")
    assert ours["story"].values[:5].tolist() == ["p0"] * 4 + ["p1"]
    assert isinstance(ours, xr.DataArray) and not isinstance(ours, NeuroidAssembly)


def test_registered_model_of_ours_reads_in_context(real_data):
    from neuromodels import create_model

    model = create_model("language/suma-small", seed=0, dim=64, n_heads=8)
    made = as_artificial_subject(model, identifier="suma")
    made.start_neural_recording(TARGET, FMRI)
    neural = made.digest_text(["The fox ran .", "It was late ."])["neural"]
    assert neural.shape == (2, 64)
    expected = model.record(["The fox ran.", "The fox ran. It was late."], ["self_attn"])["self_attn"].numpy()
    assert np.allclose(neural.values, expected.reshape(2, -1), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="'suma' cannot do 'next_word'"):
        made.start_behavioral_task("next_word")


def test_load_model_of_brain_score_finds_a_model_of_ours_after_the_command(capsys):
    name = "neuromodels-test-suma"
    try:
        assert main(["brainscore", "shim", "language/suma-small", "--id", name, "--language"]) == 0
        assert f"to undo: neuromodels brainscore remove {name} --language" in capsys.readouterr().out
        model = brainscore_language.load_model(name)
        assert model.identifier == name
        assert model.region_layer_mapping["language_system"] == ["self_attn"]
        assert load_brain_model(name, "language").identifier == name
    finally:
        remove_shim(name, "language")
        brainscore_language.model_registry.pop(name, None)
    with pytest.raises(ValueError, match=r"no folder registers it.*benchmark\(model\)"):
        load_brain_model(name, "language")
