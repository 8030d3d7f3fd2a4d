"""From a model or a recording to responses: which cells are averaged, which facts come along, what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from alignment.physiology import direction_tuning, recorded_responses, select_stimuli, unit_responses
from data import StimulusSet, dataset_from_arrays
from simulators.vision import stack_clips


class MapModel:
    """A model whose layer says where it is: value = 100 time + 10 row + col, plus 1000 per unit."""

    name, revision, layers = "test/map", "", ("layer",)
    input_spec = {"kind": "array", "dims": ["time", "channel", "row", "col"]}

    def __init__(self, dims=("time", "unit", "row", "col")):
        self.layer_dims = {"layer": dims}
        self.batches = []

    def record(self, stimuli, layers=None):
        self.batches.append(len(stimuli))
        time, unit, row, col = np.meshgrid(np.arange(3), np.arange(2), np.arange(6), np.arange(5), indexing="ij")
        one = 100.0 * time + 1000 * unit + 10 * row + col
        return {"layer": np.tile(one, (len(stimuli), 1, 1, 1, 1)).astype(np.float32)}


@pytest.fixture
def clips(grating):
    return stack_clips([grating(d, n_frames=3) for d in (0.0, 90.0, 180.0)])


def test_inner_part_is_averaged_in_batches(clips, display):
    model = MapModel()
    found = unit_responses(model, clips, "layer", batch_size=2)
    assert model.batches == [2, 1]
    assert found.dims == ("stimulus", "unit")
    # a quarter of 6 and 5 cells is 1: rows 1 to 4 and columns 1 to 3 are left, times 0 to 2
    np.testing.assert_allclose(found.values, [[100 + 25 + 2, 1100 + 25 + 2]] * 3)
    assert found["direction_deg"].values.tolist() == [0, 90, 180]
    assert found["kind"].values.tolist() == ["grating"] * 3
    assert found.attrs == {"model": "test/map", "layer": "layer", "rate_hz": display.rate_hz}


@pytest.mark.parametrize(("border", "rows"), [(0, 25.0), (2, 25.0), (1, 25.0)])
def test_border_is_symmetric(clips, border, rows):
    assert unit_responses(MapModel(), clips, "layer", border=border).values[0, 0] == pytest.approx(100 + rows + 2)


def test_centre_and_time_are_kept(clips):
    found = unit_responses(MapModel(), clips, "layer", reduce="centre", keep_time=True)
    assert found.dims == ("stimulus", "time", "unit")
    np.testing.assert_allclose(found.values[0, :, 0], [32, 132, 232])


def test_axes_may_come_in_any_order(clips):
    class Turned(MapModel):
        def record(self, stimuli, layers=None):
            return {"layer": MapModel.record(self, stimuli)["layer"].transpose(0, 4, 2, 1, 3)}

    turned = Turned(("col", "unit", "time", "row"))
    for options in ({}, {"keep_time": True}, {"reduce": "centre"}, {"border": 0}):
        np.testing.assert_allclose(
            unit_responses(turned, clips, "layer", **options).values,
            unit_responses(MapModel(), clips, "layer", **options).values,
        )


def test_model_that_does_not_name_its_axes_says_what_to_do(clips):
    model = MapModel()
    del model.layer_dims
    with pytest.raises(
        ValueError, match=r"does not say what the axes of layer 'layer' are, \(3, 2, 6, 5\).*give dims="
    ):
        unit_responses(model, clips, "layer")
    given = unit_responses(model, clips, "layer", dims=("time", "unit", "row", "col"))
    np.testing.assert_array_equal(given.values, unit_responses(MapModel(), clips, "layer").values)


def test_single_axis_needs_no_name(clips):
    class Flat(MapModel):
        def record(self, stimuli, layers=None):
            return {"layer": np.arange(len(stimuli) * 4.0).reshape(-1, 4)}

    model = Flat()
    del model.layer_dims
    assert unit_responses(model, clips, "layer").shape == (3, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"border": 3}, "a border of 3 leaves nothing of the 6 rows of layer 'layer'; give at most 2"),
        ({"border": -1}, "a border of -1"),
        ({"reduce": "median"}, "reduce must be 'mean' or 'centre', received 'median'"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"dims": ("time", "unit", "row")}, r"but one stimulus has the shape \(3, 2, 6, 5\)"),
        ({"dims": ("time", "unit", "row", "row")}, "name each axis once"),
        ({"dims": ("time", "neuron", "row", "col")}, "with 'unit' among them"),
        ({"dims": ("unit", "row", "col"), "keep_time": True}, "but one stimulus has the shape"),
    ],
)
def test_wrong_options_are_refused(clips, options, message):
    with pytest.raises(ValueError, match=message):
        unit_responses(MapModel(), clips, "layer", **options)


def test_wrong_layers_and_stimuli_are_refused(clips, energy_model):
    with pytest.raises(ValueError, match="no layer 'v2'; closest: v1"):
        unit_responses(energy_model, clips, "v2")
    with pytest.raises(ValueError, match="takes unit 'luminance, 0 to 1'.*'candela'"):
        unit_responses(energy_model, clips.assign_attrs(unit="candela"), "v1")
    with pytest.raises(ValueError, match="must have the dimension 'stimulus'"):
        unit_responses(energy_model, clips[0], "v1")
    with pytest.raises(ValueError, match="holds texts"):
        unit_responses(energy_model, StimulusSet("t", pd.DataFrame({"stimulus_id": ["a"], "text": ["b"]})), "v1")
    with pytest.raises(ValueError, match="has no axis 'time'"):
        unit_responses(energy_model, clips, "v1", keep_time=True)


def test_model_that_gives_nonsense_is_named(clips):
    class Broken(MapModel):
        def record(self, stimuli, layers=None):
            values = MapModel.record(self, stimuli)["layer"]
            values[0, 0, 0, 2, 2] = np.nan
            return {"layer": values}

    with pytest.raises(ValueError, match="not finite for stimulus 'clip-000'"):
        unit_responses(Broken(), clips, "layer")


def test_averages_are_cached_by_content(gratings, energy_model):
    first = unit_responses(energy_model, gratings, "v1")
    n_calls = energy_model.n_calls
    again = unit_responses(energy_model, gratings, "v1")
    assert energy_model.n_calls == n_calls
    xr.testing.assert_identical(first, again)
    unit_responses(energy_model, gratings, "v1", border=0)
    assert energy_model.n_calls > n_calls


def test_model_units_have_the_directions_they_were_given(gratings, energy_model, preferred):
    tuning = direction_tuning(unit_responses(energy_model, gratings, "v1"))
    away = (tuning["preferred_direction_deg"].values - preferred + 180) % 360 - 180
    np.testing.assert_allclose(away, 0, atol=1e-4)
    assert (tuning["direction_index"].values > 0.99).all()


def test_stimulus_set_gives_the_same_as_its_array(gratings, energy_model):
    columns = {name: coord.values for name, coord in gratings.coords.items() if coord.dims == ("stimulus",)}
    held = StimulusSet("set", pd.DataFrame(columns), arrays=gratings)
    xr.testing.assert_identical(
        unit_responses(energy_model, held, "v1", cache=False), unit_responses(energy_model, gratings, "v1", cache=False)
    )


def test_recording_gives_one_row_per_presentation():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"stimulus_id": ["a", "b"], "text": ["x", "y"], "direction_deg": [0.0, 90.0]})
    values = rng.poisson(5, size=(3, 2, 4)).astype(float)
    dataset = dataset_from_arrays("testing/own", StimulusSet("own", table), values, neuroid={"region": ["MT"] * 4})
    found = recorded_responses(dataset)
    assert found.shape == (6, 4)
    assert found["direction_deg"].values.tolist() == [0, 90] * 3
    assert found["region"].values.tolist() == ["MT"] * 4
    np.testing.assert_array_equal(found.values[found["stimulus_id"].values == "b"], values[:, 1])


def test_stimuli_are_selected_by_their_facts(respond):
    responses = respond(
        np.arange(5.0)[:, None],
        kind=["grating", "plaid", "grating", "grating", "uniform"],
        contrast=[1.0, 1.0, 0.1 + 0.2, 1.0, 0.0],
    )
    assert select_stimuli(responses, kind="grating").values.ravel().tolist() == [0, 2, 3, 4]
    assert select_stimuli(responses, kind="grating", blank=False).values.ravel().tolist() == [0, 2, 3]
    assert select_stimuli(responses, contrast=0.3).values.ravel().tolist() == [2, 4]
    assert select_stimuli(responses, kind=["plaid", "uniform"]).values.ravel().tolist() == [1, 4]
    with pytest.raises(ValueError, match="no coordinate 'coherence'.*kind, contrast"):
        select_stimuli(responses, coherence=1.0)
    with pytest.raises(ValueError, match=r"no stimulus has .*'dots'.*there are .*'grating'"):
        select_stimuli(responses, kind="dots")
