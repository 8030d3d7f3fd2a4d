"""Labelled activations: content, cache, and stimuli or models that do not fit."""

import errno

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from torch import nn

import alignment.cache as cache_module
from alignment import TorchModel, record_activations
from alignment.cache import ActivationCache
from data import StimulusSet

TEXTS = ["one", "two words", "three more words", "a fourth text"]


def texts(words=TEXTS, name="texts", ids=None):
    ids = ids or [f"s{row}" for row in range(len(words))]
    return StimulusSet(name, pd.DataFrame({"stimulus_id": ids, "text": words}))


def movies(values=None, dims=("stimulus", "time", "channel"), **attributes):
    values = np.arange(24.0).reshape(4, 3, 2) if values is None else values
    table = pd.DataFrame({"stimulus_id": [f"m{row}" for row in range(len(values))]})
    return StimulusSet("movies", table, arrays=xr.DataArray(values, dims=dims, attrs=attributes))


def features(n_stimuli=4, width=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n_stimuli, width)).astype(np.float32)


def files(folder):
    return sorted(folder.rglob("*.safetensors"))


@pytest.fixture
def cache(tmp_path):
    return ActivationCache(tmp_path / "cache")


class ArrayModel:
    """Model of arrays that gives their values back."""

    name, revision, layers = "test/array", "array 1", ("flat",)

    def __init__(self, **spec):
        self.input_spec = {"kind": "array", **spec}

    def record(self, stimuli, layers=None):
        return {"flat": stimuli}


def test_labels_and_values(stored_model):
    first, second = features(), np.arange(24.0).reshape(4, 3, 2)
    recorded = record_activations(stored_model(first=first, second=second), texts(), cache=False)
    assert list(recorded) == ["first", "second"]
    assert recorded["first"].dims == ("presentation", "neuroid")
    assert recorded["first"].dtype == np.float32
    assert recorded["first"]["stimulus_id"].values.tolist() == ["s0", "s1", "s2", "s3"]
    assert set(recorded["second"]["layer"].values.tolist()) == {"second"}
    np.testing.assert_array_equal(recorded["second"]["unit"], np.arange(6))
    np.testing.assert_array_equal(recorded["first"], first)
    np.testing.assert_array_equal(recorded["second"], second.reshape(4, 6))


def test_layers_asked_for_come_once_and_in_order(stored_model):
    model = stored_model(first=features(), second=features(seed=1), third=features(seed=2))
    recorded = record_activations(model, texts(), ["third", "first", "third"], cache=False)
    assert list(recorded) == ["third", "first"]
    assert model.calls == [["third", "first"]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_any_precision_are_taken(stored_model, dtype):
    values = torch.from_numpy(features())
    model = stored_model(first=values.to(dtype))
    recorded = record_activations(model, texts(), cache=False)["first"]
    np.testing.assert_allclose(recorded.astype(float), values, atol=0.02)


def test_tensors_with_a_gradient_are_taken(stored_model):
    values = torch.from_numpy(features()).requires_grad_()
    recorded = record_activations(stored_model(first=values), texts(), cache=False)["first"]
    np.testing.assert_array_equal(recorded, features())


def test_batch_size_reaches_models_that_take_one():
    received = []

    class Batched(ArrayModel):
        def record(self, stimuli, layers=None, *, batch_size=1):
            received.append(batch_size)
            return {"flat": stimuli}

    record_activations(Batched(), movies(), batch_size=17, cache=False)
    assert received == [17]


def test_second_recording_comes_from_the_cache(stored_model, cache):
    model = stored_model(first=features(), second=np.arange(24.0).reshape(4, 3, 2))
    fresh = record_activations(model, texts(), cache=cache)
    cached = record_activations(model, texts(), cache=cache)
    assert len(model.calls) == 1
    for layer in model.layers:
        xr.testing.assert_identical(cached[layer], fresh[layer])
        assert cached[layer].dtype == fresh[layer].dtype


def test_only_layers_that_are_not_cached_are_recorded(stored_model, cache):
    model = stored_model(first=features(), second=features(seed=1))
    record_activations(model, texts(), ["second"], cache=cache)
    record_activations(model, texts(), cache=cache)
    assert model.calls == [["second"], ["first"]]


def test_default_cache_lies_in_the_home_of_the_package(stored_model, tmp_path):
    record_activations(stored_model(first=features()), texts())
    assert len(files(tmp_path / "home" / "activations")) == 1


def test_cache_can_be_switched_off(stored_model, tmp_path):
    model = stored_model(first=features())
    for _ in range(2):
        record_activations(model, texts(), cache=False)
    assert len(model.calls) == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "other",
    [
        texts(["one", "two words", "three more words", "another text"]),
        texts(ids=["s0", "s1", "s2", "t3"]),
        texts(TEXTS[::-1]),
        texts(TEXTS[::-1], ids=["s3", "s2", "s1", "s0"]),
    ],
    ids=["text", "id", "order", "rows"],
)
def test_other_stimuli_are_recorded_anew(stored_model, cache, other):
    model = stored_model(first=features())
    record_activations(model, texts(), cache=cache)
    record_activations(model, other, cache=cache)
    assert len(model.calls) == 2
    assert len(files(cache.folder)) == 2


@pytest.mark.parametrize(
    "change", [{"revision": "stored 2"}, {"name": "test/other"}, {"input_spec": {"kind": "text", "unit": "words"}}]
)
def test_another_model_is_recorded_anew(stored_model, cache, change):
    record_activations(stored_model(first=features()), texts(), cache=cache)
    other = stored_model(first=features(seed=1))
    for key, value in change.items():
        setattr(other, key, value)
    received = record_activations(other, texts(), cache=cache)["first"]
    np.testing.assert_array_equal(received, features(seed=1))


def test_layers_have_files_of_their_own(stored_model, cache):
    model = stored_model(first=features(), second=features(seed=1))
    for layer in model.layers:
        record_activations(model, texts(), [layer], cache=cache)
    cached = record_activations(model, texts(), cache=cache)
    np.testing.assert_array_equal(cached["first"], features())
    np.testing.assert_array_equal(cached["second"], features(seed=1))


def test_other_arrays_are_recorded_anew(cache):
    values = np.arange(24.0).reshape(4, 3, 2)
    for stimuli in (
        movies(values),
        movies(values + 1),
        movies(values.astype(np.float32)),
        movies(values, rate_hz=30.0),
    ):
        received = record_activations(ArrayModel(), stimuli, cache=cache)["flat"]
        np.testing.assert_array_equal(received, stimuli.items().reshape(4, 6))
    assert len(files(cache.folder)) == 4


def test_edited_weights_are_recorded_anew(cache):
    net = nn.Sequential(nn.Linear(3, 2))
    stimuli = movies(features(), dims=("stimulus", "channel"))
    before = record_activations(TorchModel(net, layers=["0"]), stimuli, cache=cache)["0"]
    with torch.no_grad():
        net[0].bias += 1
    after = record_activations(TorchModel(net, layers=["0"]), stimuli, cache=cache)["0"]
    np.testing.assert_allclose(after, before + 1, rtol=1e-5)


@pytest.mark.parametrize("kind", ["object", "closure", "no revision"])
def test_what_cannot_be_keyed_is_not_cached(stored_model, cache, kind):
    class Lengths:
        def __call__(self, items):
            return torch.tensor([[float(len(item))] for item in items])

    measure = Lengths()
    preprocess = measure if kind == "object" else lambda items: measure(items)
    model = TorchModel(nn.Sequential(nn.Linear(1, 2)), layers=["0"], preprocess=preprocess)
    if kind == "no revision":
        model = stored_model(first=features(), revision="")
    assert model.revision == ""
    for _ in range(2):
        record_activations(model, texts(), cache=cache)
    assert not cache.folder.exists()
    if kind == "no revision":
        assert len(model.calls) == 2


@pytest.mark.parametrize("content", [b"", b"not a tensor", None], ids=["empty", "text", "truncated"])
def test_corrupted_cache_is_said_and_recorded_again(stored_model, cache, content):
    model = stored_model(first=features())
    record_activations(model, texts(), cache=cache)
    (path,) = files(cache.folder)
    path.write_bytes(path.read_bytes()[:-5] if content is None else content)
    with pytest.warns(UserWarning, match="cannot be read .*recorded again"):
        received = record_activations(model, texts(), cache=cache)["first"]
    np.testing.assert_array_equal(received, features())
    record_activations(model, texts(), cache=cache)
    assert len(model.calls) == 2


def test_cached_file_with_other_rows_is_recorded_again(stored_model, cache):
    from safetensors.numpy import save

    model = stored_model(first=features())
    record_activations(model, texts(), cache=cache)
    (path,) = files(cache.folder)
    path.write_bytes(save({"activations": features(3)}))
    received = record_activations(model, texts(), cache=cache)["first"]
    np.testing.assert_array_equal(received, features())


def test_full_disk_does_not_stop_a_recording(stored_model, cache, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_module, "atomic_path", full)
    with pytest.warns(UserWarning, match=r"No space left on device\); the score is not affected"):
        received = record_activations(stored_model(first=features()), texts(), cache=cache)["first"]
    np.testing.assert_array_equal(received, features())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "text"}, "takes kind 'text', stimuli 'movies' have 'array'"),
        ({"dims": ["time", "row"]}, r"takes dims \['time', 'row'\], stimuli 'movies' have \['time', 'channel'\]"),
        ({"shape": [3, 4]}, r"takes shape \[3, 4\], stimuli 'movies' have \[3, 2\]"),
        ({"rate_hz": 100.0}, "takes rate_hz 100.0, stimuli 'movies' have 30.0"),
        ({"unit": "N"}, "takes unit 'N', stimuli 'movies' have 'mN'"),
    ],
    ids=["kind", "dims", "shape", "rate", "unit"],
)
def test_stimuli_that_do_not_fit_are_refused(spec, message):
    with pytest.raises(ValueError, match=f"{message}; convert the stimuli first"):
        record_activations(ArrayModel(**spec), movies(rate_hz=30.0, unit="mN"), cache=False)


def test_arrays_for_a_text_model_are_refused(stored_model):
    with pytest.raises(ValueError, match="takes kind 'text', stimuli 'movies' have 'array'"):
        record_activations(stored_model(first=features()), movies(), cache=False)


@pytest.mark.parametrize(
    "spec",
    [
        {"dims": ("time", "channel"), "shape": (3, 2), "rate_hz": 30, "unit": "mN"},
        {"shape": (np.int64(3), np.int64(2))},
        {"rate_hz": np.float32(30)},
        {},
    ],
    ids=["tuples", "numpy shape", "numpy rate", "nothing stated"],
)
@pytest.mark.parametrize("cached", [True, False])
def test_stimuli_that_fit_are_taken(spec, cached):
    stimuli = movies(rate_hz=30.0, unit="mN")
    received = record_activations(ArrayModel(**spec), stimuli, cache=cached)["flat"]
    np.testing.assert_array_equal(received, stimuli.items().reshape(4, 6))


@pytest.mark.parametrize("empty", ["", "   ", "\n\t"])
def test_empty_text_is_refused_with_its_id(stored_model, empty):
    stimuli = texts(["one", "two", empty, "four"])
    with pytest.raises(ValueError, match="stimulus 's2' of 'texts' is an empty text"):
        record_activations(stored_model(first=features()), stimuli, cache=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_arrays_that_are_not_finite_are_refused(value):
    values = np.zeros((4, 3, 2))
    values[2, 0, 1] = value
    with pytest.raises(ValueError, match="'movies' hold NaN or infinite values"):
        record_activations(ArrayModel(), movies(values), cache=False)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_activations_that_are_not_finite_name_the_stimulus_and_are_not_cached(stored_model, cache, value):
    values = features()
    values[2, 1] = value
    with pytest.raises(ValueError, match="layer 'first' of 'test/stored' is not finite for stimulus 's2'"):
        record_activations(stored_model(first=values), texts(), cache=cache)
    assert not cache.folder.exists()


def test_unknown_layer_names_the_closest(stored_model):
    with pytest.raises(ValueError, match="'test/stored' has no layer 'frist'; closest: first"):
        record_activations(stored_model(first=features(), other=features()), texts(), ["frist"], cache=False)


def test_layer_that_record_leaves_out_is_named(stored_model):
    model = stored_model(first=features())
    model.layers = ("first", "second")
    model.record = lambda stimuli, layers=None: {"first": features()}
    with pytest.raises(ValueError, match=r"did not return layer 'second'; it gave \['first'\]"):
        record_activations(model, texts(), cache=False)


@pytest.mark.parametrize("values", [features(3), np.float64(1.0)], ids=["rows", "number"])
def test_activations_need_one_row_per_stimulus(stored_model, values):
    with pytest.raises(ValueError, match="has shape .* for 4 stimuli; the first axis must count the stimuli"):
        record_activations(stored_model(first=values), texts(), cache=False)


@pytest.mark.parametrize("value", [0.5, 0.1, 1 / 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layer_that_is_the_same_for_every_stimulus_is_said(stored_model, value, dtype):
    n_stimuli = 300
    stimuli = texts([f"text {row}" for row in range(n_stimuli)])
    model = stored_model(first=np.full((n_stimuli, 3), value, dtype=dtype))
    with pytest.warns(UserWarning, match="layer 'first' of 'test/stored' is the same for every stimulus"):
        record_activations(model, stimuli, cache=False)
