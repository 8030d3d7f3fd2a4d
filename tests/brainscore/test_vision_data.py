"""Assemblies and stimulus sets of Brain-Score as our data, and back."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("brainscore_vision", reason="brainscore-vision is not installed; run `make test-brainscore`")

import xarray as xr
from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly
from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet

from alignment import Benchmark, score
from alignment.brainscore import (
    average_repetitions,
    dataset_from_assembly,
    from_assembly,
    from_stimulus_set,
    to_assembly,
    to_stimulus_set,
)
from data import StimulusSet, load_responses, make_responses, save_responses

RNG = np.random.default_rng(0)


def responses(n_bins=0, **extra):
    time = {"time_bin_start_ms": np.arange(n_bins) * 10.0, "time_bin_end_ms": np.arange(n_bins) * 10.0 + 10}
    shape = (6, 3, n_bins) if n_bins else (6, 3)
    return make_responses(
        RNG.standard_normal(shape),
        presentation={"stimulus_id": list("abcabc"), "repetition": [0, 0, 0, 1, 1, 1], "session": list("xxxyyy")},
        neuroid={"neuroid_id": ["n1", "n2", "n3"], "region": ["V1", "V1", "IT"], "snr": [1.5, 2.5, 3.5]},
        time_bin=time if n_bins else None,
        unit="spikes/s",
        **extra,
    )


def stimuli():
    arrays = xr.DataArray(
        RNG.standard_normal((3, 2, 4)), dims=("stimulus", "time", "whisker"), attrs={"rate_hz": 100.0}
    )
    table = pd.DataFrame({"stimulus_id": list("abc"), "movie": ["m", "m", "k"], "speed": [0.5, 1.0, 2.0]})
    return StimulusSet("touches", table, group="movie", arrays=arrays)


def same(one, other):
    assert one.dims == other.dims
    assert np.array_equal(one.values, other.values)
    assert {str(name) for name in one.coords} <= {str(name) for name in other.coords}
    for name, coord in one.coords.items():
        assert coord.dims == other[name].dims
        assert list(coord.values) == list(other[name].values), name


@pytest.mark.parametrize("n_bins", [0, 1, 4])
def test_responses_return_unchanged(n_bins):
    ours = responses(n_bins)
    theirs = to_assembly(ours)
    assert isinstance(theirs, NeuroidAssembly)
    assert all(len(theirs.indexes[dim].names) >= 2 for dim in theirs.dims)
    back = from_assembly(theirs)
    same(ours, back)
    assert back.attrs["unit"] == "spikes/s"


def test_assembly_in_another_order_with_a_squeezed_bin_becomes_flat():
    theirs = NeuroidAssembly(
        np.arange(6.0).reshape(2, 3, 1),
        coords={
            "neuroid_id": ("neuroid", [11, 12]),
            "region": ("neuroid", ["IT", "IT"]),
            "stimulus_id": ("presentation", ["a", "b", "a"]),
            "object name": ("presentation", ["o", "p", "o"]),
            "time_bin_start": ("time_bin", [70]),
            "time_bin_end": ("time_bin", [170]),
        },
        dims=["neuroid", "presentation", "time_bin"],
    ).squeeze("time_bin")
    ours = from_assembly(theirs, unit="Hz")
    assert ours.dims == ("presentation", "neuroid")
    assert ours.values.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert ours["repetition"].values.tolist() == [0, 0, 1]
    assert ours["neuroid_id"].values.tolist() == ["11", "12"]
    assert ours["object_name"].values.tolist() == ["o", "p", "o"]
    assert (ours.attrs["time_bin_start_ms"], ours.attrs["time_bin_end_ms"], ours.attrs["unit"]) == (70, 170, "Hz")


def test_flat_responses_survive_a_file(tmp_path):
    ours = from_assembly(to_assembly(responses(2)))
    same(ours, load_responses(save_responses(ours, tmp_path / "responses.nc")))


def test_assembly_without_ids_is_refused():
    nameless = xr.DataArray(np.zeros((2, 2)), dims=("presentation", "neuroid"))
    with pytest.raises(ValueError, match="no stimulus_id along presentation"):
        from_assembly(nameless)
    with pytest.raises(ValueError, match=r"received \('choice', 'presentation'\)"):
        from_assembly(xr.DataArray(np.zeros((2, 2)), dims=("choice", "presentation")))


def test_repetitions_are_averaged_in_order_of_first_occurrence():
    ours = responses()
    shuffled = ours.isel(presentation=[5, 0, 3, 1, 2, 4])
    mean = average_repetitions(shuffled)
    assert mean["stimulus_id"].values.tolist() == ["c", "a", "b"]
    for row, key in enumerate("cab"):
        assert np.allclose(mean.values[row], ours.values[ours["stimulus_id"].values == key].mean(axis=0))
    assert "session" not in mean.coords
    assert mean["repetition"].values.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["arrays", "texts"])
def test_stimuli_return_unchanged(kind, tmp_path):
    ours = stimuli()
    if kind == "texts":
        ours = StimulusSet("read", ours.table.assign(text=["One.", "Zwei ä.", "Three."]), group="movie")
    theirs = to_stimulus_set(ours, tmp_path)
    assert isinstance(theirs, BrainScoreStimulusSet)
    assert all(path.is_file() for path in theirs.stimulus_paths.values())
    back = from_stimulus_set(theirs)
    assert back.content_hash() == ours.content_hash()
    assert (back.ids, back.group, back.spec) == (ours.ids, "movie", ours.spec)
    assert list(back.table["speed"]) == list(ours.table["speed"])
    files = BrainScoreStimulusSet({"stimulus_id": ours.ids})
    files.stimulus_paths, files.identifier = theirs.stimulus_paths, "files"
    again = from_stimulus_set(files, dims=ours.arrays.dims[1:] if kind == "arrays" else None)
    assert np.array_equal(again.items(), ours.items())


def test_identifier_of_a_stimulus_set_follows_its_content(tmp_path):
    ours = stimuli()
    other = StimulusSet(ours.name, ours.table, arrays=ours.arrays + 1)
    first, second = to_stimulus_set(ours, tmp_path), to_stimulus_set(other, tmp_path)
    assert first.identifier != second.identifier
    assert np.array_equal(np.load(first.stimulus_paths["a"]), ours.arrays.values[0])


def test_columns_of_the_stimuli_come_into_the_assembly(tmp_path):
    theirs = to_assembly(responses(), to_stimulus_set(stimuli(), tmp_path), region="IT", window_ms=(70, 170))
    assert theirs["movie"].values.tolist() == ["m", "m", "k"] * 2
    assert set(theirs["region"].values) == {"IT"}
    assert theirs["time_bin"].values.item() == (70, 170)
    assert theirs.attrs["stimulus_set_identifier"] == theirs.stimulus_set.identifier


def test_whole_recording_comes_from_an_assembly_and_can_be_scored(tmp_path, echo):
    n = 30
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(n)], "movie": np.arange(n) // 3})
    values = RNG.standard_normal((n, 5))
    ours = StimulusSet("thirty", table, group="movie", arrays=xr.DataArray(values, dims=("stimulus", "feature")))
    neural = make_responses(
        np.repeat(values @ RNG.standard_normal((5, 4)), 2, axis=0) + 0.1 * RNG.standard_normal((2 * n, 4)),
        presentation={"stimulus_id": np.repeat(table["stimulus_id"].to_numpy(dtype=str), 2), "repetition": [0, 1] * n},
        neuroid={"neuroid_id": list("wxyz"), "region": ["S1"] * 4},
        unit="1",
    )
    assembly = to_assembly(neural, to_stimulus_set(ours, tmp_path))
    dataset = dataset_from_assembly(assembly, name="test/thirty", citation="nobody", group="movie")
    assert dataset.stimuli.ids == ours.ids
    assert list(dataset.splits) == ["grouped"]
    same(neural, dataset.responses)
    result = score(echo((5,)), Benchmark("test/thirty-ridge", dataset), layers=["same"], n_boot=5, n_permutations=0)
    assert result.value > 0.9
    fewer = dataset_from_assembly(responses_of(assembly, table["stimulus_id"][:10]), name="t", citation="n")
    assert len(fewer.stimuli) == 10
    with pytest.raises(ValueError, match="pass stimuli="):
        dataset_from_assembly(to_assembly(neural), name="t", citation="n")


def responses_of(assembly, ids):
    chosen = assembly.isel(presentation=np.flatnonzero(np.isin(assembly["stimulus_id"].values, ids.to_numpy())))
    chosen.attrs.update(assembly.attrs)
    return chosen
