"""Our models as Brain-Score models: what they return, and that Brain-Score's own helpers agree."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("brainscore_vision", reason="brainscore-vision is not installed; run `make test-brainscore`")

from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly
from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet
from brainscore_vision.model_helpers.brain_transformation.behavior import OddOneOut, ProbabilitiesMapping
from brainscore_vision.model_helpers.brain_transformation.temporal import assembly_time_align

from alignment.brainscore import BrainScoreEnvironmentError, as_brain_model, to_stimulus_set
from data import StimulusSet

RNG = np.random.default_rng(0)


@pytest.fixture
def arrays():
    """Twelve stimuli (6,) with the columns that behavioural tasks need."""
    import xarray as xr

    table = pd.DataFrame(
        {
            "stimulus_id": [f"s{row:02d}" for row in range(12)],
            "image_label": [("cat", "dog", "car")[row % 3] for row in range(12)],
            "contrast": RNG.uniform(size=12),
        }
    )
    values = RNG.standard_normal((12, 6)) + 3 * np.repeat(np.eye(3)[np.arange(12) % 3], 2, axis=1)
    return StimulusSet("arrays", table, arrays=xr.DataArray(values, dims=("stimulus", "feature")))


@pytest.fixture
def shown(arrays, tmp_path):
    """The same as a Brain-Score stimulus set."""
    return to_stimulus_set(arrays, tmp_path)


def levels(assembly, dim):
    return list(assembly.indexes[dim].names)


def test_look_at_gives_all_columns_and_two_coordinates_per_dimension(shown, arrays, echo):
    model = as_brain_model(echo((6,)), visual_degrees=5)
    model.start_recording("S1", time_bins=[(0, 100)])
    assembly = model.look_at(shown, number_of_trials=10)
    assert isinstance(assembly, NeuroidAssembly)
    assert assembly.dims == ("presentation", "neuroid")
    assert np.array_equal(assembly.values, arrays.arrays.values)
    assert {"stimulus_id", "image_label", "contrast", "stimulus_path"} == set(levels(assembly, "presentation"))
    assert {"neuroid_id", "neuroid_num", "layer", "region", "model"} == set(levels(assembly, "neuroid"))
    assert set(assembly["region"].values) == {"S1"}
    assert list(assembly["neuroid_id"].values[:2]) == ["same.0", "same.1"]
    assert list(assembly["contrast"].values) == list(arrays.table["contrast"])
    assert (model.identifier, model.visual_degrees()) == ("test-echo", 5)


def test_table_of_ids_alone_still_has_two_coordinates(echo):
    stimuli = BrainScoreStimulusSet({"stimulus_id": ["a", "b"], "values": [np.zeros(2), np.ones(2)]})
    stimuli.identifier = "in memory"
    model = as_brain_model(echo((2,)), read="values")
    model.start_recording("S1", [(0, 1)])
    assembly = model.look_at(stimuli)
    assert levels(assembly, "presentation") == ["stimulus_id", "presentation_num"]
    assert assembly.values.tolist() == [[0, 0], [1, 1]]


def test_regions_have_layers_of_their_own_and_several_lie_side_by_side(shown, arrays, echo):
    model = as_brain_model(echo((6,)), layers={"V1": "twice", "IT": ["same", "twice"]})
    model.start_recording("V1", [(70, 170)])
    assert np.array_equal(model.look_at(shown).values, 2 * arrays.arrays.values)
    model.start_recording("IT", [(70, 170)])
    assembly = model.look_at(shown)
    assert np.array_equal(assembly.values, np.hstack([arrays.arrays.values, 2 * arrays.arrays.values]))
    assert len(set(assembly["neuroid_id"].values)) == 12
    assert model.layer_model.region_layer_map["V1"] == ["twice"]
    with pytest.raises(ValueError, match="has no layer for 'V4', only for V1, IT"):
        model.start_recording("V4", [(70, 170)])


def test_static_model_is_repeated_over_several_bins(shown, arrays, echo):
    model = as_brain_model(echo((6,)))
    model.start_recording("IT", time_bins=[(0, 50), (50, 100)])
    assembly = model.look_at(shown)
    assert assembly.dims == ("presentation", "neuroid", "time_bin")
    assert levels(assembly, "time_bin") == ["time_bin_start", "time_bin_end"]
    for number in range(2):
        assert np.array_equal(assembly.values[..., number], arrays.arrays.values)


def test_model_over_time_is_averaged_like_brain_score_does(tmp_path, echo):
    import xarray as xr

    movies = RNG.standard_normal((4, 5, 3))  # (stimulus, time, feature)
    table = pd.DataFrame({"stimulus_id": list("abcd"), "kind": list("xyxy")})
    stimuli = StimulusSet("movies", table, arrays=xr.DataArray(movies, dims=("stimulus", "time", "feature")))
    own, wanted = [(20 * k, 20 * k + 20) for k in range(5)], [(0, 50), (50, 100), (30, 40)]
    model = as_brain_model(echo((5, 3)), time_bins_ms=own)
    model.start_recording("MT", time_bins=wanted)
    assembly = model.look_at(to_stimulus_set(stimuli, tmp_path))
    starts, ends = zip(*own, strict=True)
    coords = {
        **{name: ("presentation", table[name].to_numpy()) for name in table},
        **{name: ("neuroid", np.arange(3)) for name in ("neuroid_id", "number")},
        "time_bin_start": ("time_bin", list(starts)),
        "time_bin_end": ("time_bin", list(ends)),
    }
    dims = ["presentation", "neuroid", "time_bin"]
    theirs = assembly_time_align(NeuroidAssembly(movies.transpose(0, 2, 1), coords=coords, dims=dims), wanted)
    assert assembly.dims == tuple(dims)
    assert np.allclose(assembly.values, theirs.values, rtol=0, atol=1e-12)
    assert list(assembly["time_bin_start"].values) == [0, 50, 30]
    model.start_recording("MT", time_bins=[(40, 60)])
    assert np.allclose(model.look_at(to_stimulus_set(stimuli, tmp_path)).values, movies[:, 2])


def test_steps_are_checked_on_the_second_axis(shown, echo):
    model = as_brain_model(echo((6,)), time_bins_ms=[(0, 10), (10, 20)])
    model.start_recording("MT", [(0, 20)])
    with pytest.raises(ValueError, match=r"second axis must count the 2 steps"):
        model.look_at(shown)


def test_recording_without_a_window_is_refused_by_a_model_over_time_only(shown, echo):
    static = as_brain_model(echo((6,)))
    static.start_recording("MT", [(0, 0)])
    assert static.look_at(shown).shape == (12, 6)
    over_time = as_brain_model(echo((6,)), time_bins_ms=[(10 * k, 10 * k + 10) for k in range(6)])
    over_time.start_recording("MT", [(0, 0)])
    with pytest.raises(ValueError, match="a bin must have a length"):
        over_time.look_at(shown)


def test_texts_are_read_from_a_column_or_from_files(reader, tmp_path):
    stimuli = BrainScoreStimulusSet({"stimulus_id": [0, 1], "sentence": ["a tea", "ooo"]})
    stimuli.identifier = "sentences"
    model = as_brain_model(reader)
    model.start_recording("language_system", [(0, 1)])
    expected = [[2, 1, 0, 0, 0, 5], [0, 0, 0, 3, 0, 3]]
    assert model.look_at(stimuli).values.tolist() == expected
    files = []
    for name, text in (("one", "a tea"), ("two", "ooo")):
        files.append(tmp_path / f"{name}.txt")
        files[-1].write_text(text)
    assert model.look_at(files).values.tolist() == expected


def test_images_need_a_preprocessing(tmp_path, echo):
    from PIL import Image

    paths = [tmp_path / f"{level}.png" for level in (0, 255)]
    for path, level in zip(paths, (0, 255), strict=True):
        Image.new("L", (4, 3), level).save(path)
    model = as_brain_model(echo((1, 3, 4)))
    model.start_recording("IT", [(70, 170)])
    with pytest.raises(ValueError, match=r"files of type .png; .* need preprocess"):
        model.look_at(paths)

    def preprocess(files):
        return np.stack([np.asarray(Image.open(file), dtype=float)[None] / 255 for file in files])

    model = as_brain_model(echo((1, 3, 4)), read=preprocess)
    model.start_recording("IT", [(70, 170)])
    assembly = model.look_at(paths)
    assert assembly.shape == (2, 12)
    assert assembly.values.tolist() == [[0] * 12, [1] * 12]


def torchvision_works():
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


def test_brain_scores_own_image_preprocessing_fits_or_its_torchvision_is_named(tmp_path, echo):
    import functools

    from brainscore_vision.model_helpers.activations.pytorch import load_preprocess_images
    from PIL import Image

    path = tmp_path / "noise.png"
    Image.fromarray(RNG.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(path)
    read = functools.partial(load_preprocess_images, image_size=8)
    model = as_brain_model(echo((3, 8, 8)), read=read)
    model.start_recording("IT", [(70, 170)])
    if torchvision_works():
        assert np.array_equal(model.look_at([path]).values, read([path]).reshape(1, -1))
    else:
        with pytest.raises(BrainScoreEnvironmentError, match="torchvision was built for another torch.*torch=="):
            model.look_at([path])


def test_look_at_needs_an_instruction(shown, echo):
    with pytest.raises(ValueError, match="call start_recording"):
        as_brain_model(echo((6,))).look_at(shown)


def test_passive_task_returns_nothing(shown, echo):
    model = as_brain_model(echo((6,)))
    model.start_task("passive")
    assert model.look_at(shown) is None


class Activations:
    """Brain-Score's idea of a model of activations: called with stimuli and layers, it returns an assembly."""

    def __init__(self, model):
        self.model = model

    def __call__(self, stimuli, layers, **unused):
        self.model.start_recording("readout", [(0, 1)])
        return self.model.look_at(stimuli)


def test_probabilities_are_those_of_brain_score(shown, echo):
    fitting, tested = shown.iloc[:9], shown.iloc[9:]
    model = as_brain_model(echo((6,)))
    model.start_task("probabilities", fitting)
    ours = model.look_at(tested)
    theirs = ProbabilitiesMapping("theirs", Activations(as_brain_model(echo((6,)))), "same")
    theirs.start_task("probabilities", fitting)
    expected = theirs.look_at(tested)
    assert ours.dims == expected.dims == ("presentation", "choice")
    assert list(ours["choice"].values) == list(expected["choice"].values) == ["cat", "dog", "car"]
    assert np.allclose(ours.values, expected.values, rtol=0, atol=1e-8)
    assert list(ours["stimulus_id"].values) == ["s09", "s10", "s11"]


def test_odd_one_out_is_that_of_brain_score(shown, echo):
    rows = RNG.choice(12, (20, 3)).ravel()
    triplets = shown.iloc[rows]
    model = as_brain_model(echo((6,)))
    model.start_task("odd_one_out")
    ours = model.look_at(triplets)
    theirs = OddOneOut("theirs", Activations(as_brain_model(echo((6,)))), "same")
    theirs.start_task("odd_one_out")
    expected = theirs.look_at(triplets)
    assert ours.shape == expected.shape == (1, 20)
    assert ours.values.tolist() == expected.values.tolist()
    assert list(ours["stimulus_id"].values) == list(expected["presentation"].values)
    with pytest.raises(ValueError, match="4 stimuli are no triplets"):
        model.look_at(shown.iloc[:4])


def test_recording_after_a_task_records_again(shown, echo):
    model = as_brain_model(echo((6,)))
    model.start_task("odd_one_out")
    model.start_recording("IT", [(0, 1)])
    assert model.look_at(shown).shape == (12, 6)
