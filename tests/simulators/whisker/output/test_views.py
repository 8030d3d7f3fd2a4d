"""Views: the published processing bit for bit, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.output.views import POSITIONS, published_view

MOUSE = ["R" + position for position in POSITIONS]
RAT = [name for name in MOUSE if name != "RE0"] + ["RE6"]


def make_record(n_rows=1000, names=MOUSE, force=None, moment=None, start=0.001, rate_hz=1000.0, units=("mN", "uN.m")):
    generator = np.random.default_rng(0)
    shape, dims = (n_rows, len(names), 3), ("time", "whisker", "axis")
    force = generator.normal(size=shape) if force is None else force
    moment = generator.normal(size=shape) if moment is None else moment
    return xr.Dataset(
        {"force": (dims, force, {"unit": units[0]}), "moment": (dims, moment, {"unit": units[1]})},
        coords={"time": start + np.arange(n_rows) / rate_hz, "whisker": list(names)},
        attrs={"rate_hz": rate_hz},
    )


@pytest.fixture
def published(real_data):
    """A recorded sweep of the published program, and what the published processing made of it."""
    folder = real_data / "whiskers" / "reference_runs"
    with (
        np.load(folder / "mouse_array_box_standard_sweep.npz") as run,
        np.load(folder / "mouse_array_box_standard_sweep_processed.npz") as processed,
    ):
        return {key: run[key] for key in run}, {key: processed[key] for key in processed}


@pytest.mark.parametrize(("kind", "key"), [("mean", "data_mean"), ("inst", "data")])
def test_published_processing_bit_for_bit(published, kind, key):
    run, processed = published
    record = make_record(1000, list(run["names"]), run[f"F_{kind}"], run[f"M_{kind}"], start=0.0)
    view = published_view(record, "grid", cleaning=True)
    assert view.dtype == processed[key].dtype
    np.testing.assert_array_equal(view, processed[key])
    np.testing.assert_array_equal(published_view(record, "grid"), processed[key])


def test_network_input_of_the_published_sweep(published):
    run, processed = published
    view = published_view(make_record(1000, list(run["names"]), run["F_mean"], run["M_mean"], start=0.0), "network")
    assert view.shape == (22, 30, 5, 7)
    for step, frame, channel, row, column in np.ndindex(22, 5, 6, 5, 7):
        value = processed["data_mean"][5 * step + frame, 7 * row + column, channel]
        assert view.values[step, 6 * frame + channel, row, column] == value


def test_same_times_with_and_without_a_row_at_the_start():
    record = make_record(1000)
    # The published files hold the start as row 0 and end one interval earlier.
    shifted = make_record(1000, start=0.0)
    for name in ("force", "moment"):
        shifted[name].values[1:] = record[name].values[:-1]
    np.testing.assert_array_equal(published_view(record, "grid"), published_view(shifted, "grid"))


def test_whiskers_keep_every_interval():
    record = make_record(37)
    view = published_view(record, "whiskers")
    np.testing.assert_array_equal(view, np.concatenate([record["force"], record["moment"]], axis=-1))
    assert view.attrs["rate_hz"] == 1000.0
    assert list(view["channel"].values) == ["Fx", "Fy", "Fz", "Mx", "My", "Mz"]


@pytest.mark.parametrize(("n_rows", "every"), [(110, 1), (111, 1), (219, 1), (220, 2), (500, 4), (1000, 9), (1100, 10)])
def test_stride(n_rows, every):
    record = make_record(n_rows)
    frames = record["force"].values[::every][:110]
    view = published_view(record, "grid")
    np.testing.assert_array_equal(view.values[:, 0, :3], frames[:, 0])
    assert view.attrs["rate_hz"] == pytest.approx(1000 / every)
    assert published_view(record, "network").attrs["rate_hz"] == pytest.approx(200 / every)


def test_mean_covers_the_whole_stride():
    record = make_record(1000)
    view = published_view(record, "grid", reduce="mean")
    expected = np.stack([record["force"].values[9 * k : 9 * k + 9, 16].mean(axis=0) for k in range(110)])
    np.testing.assert_allclose(view.values[:, MOUSE_PLACE["RC6"], :3], expected, rtol=1e-13)
    # The impulse is kept: sum of frames x stride = sum of intervals.
    np.testing.assert_allclose(view.values[:, 0, :3].sum(0) * 9, record["force"].values[:990, 0].sum(0), rtol=1e-9)


MOUSE_PLACE = {name: "ABCDE".index(name[1]) * 7 + int(name[2]) for name in MOUSE}


def test_empty_places_are_those_of_the_published_grid():
    ones = np.ones((110, 30, 3))
    view = published_view(make_record(110, force=ones, moment=ones), "grid")
    assert list(np.flatnonzero((view.values == 0).all(axis=(0, 2)))) == [5, 6, 12, 13, 34]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_the_whiskers_in_the_record_does_not_matter(seed):
    record = make_record(110)
    shuffled = record.isel(whisker=np.random.default_rng(seed).permutation(30))
    for layout in ("whiskers", "grid", "network"):
        np.testing.assert_array_equal(published_view(shuffled, layout), published_view(record, layout))


def test_cleaning():
    force = np.ones((110, 30, 3))
    force[0, 0, 0] = 2e3
    force[5:8, 0, 0] = [1000.5, -np.inf, 1000.0]
    force[10, 0, 0] = np.nan
    force[11, 0, 0] = -1e9
    view = published_view(make_record(110, force=force), "grid", cleaning=True)
    expected = np.ones(110)
    expected[0] = 0.0  # nothing before it
    expected[7] = 1000.0  # the limit itself is kept
    expected[10:12] = 0.0  # NaN is 0, and that 0 is what fills the place after it
    np.testing.assert_array_equal(view.values[:, 0, 0], expected)
    untouched = published_view(make_record(110, force=force), "grid")
    np.testing.assert_array_equal(untouched.values[:, 0, 0], force[:, 0, 0])


def test_absent_whiskers_are_refused_or_zero():
    record = make_record(110, names=["RC0", "RC1"])
    with pytest.raises(ValueError, match=r"28 of the 30 whiskers .* RA0 first; .* missing='zero'"):
        published_view(record, "grid")
    view = published_view(record, "grid", missing="zero")
    assert list(np.flatnonzero(view.values.any(axis=(0, 2)))) == [14, 15]
    assert published_view(record, "whiskers", missing="zero").shape == (110, 30, 6)


def test_rat_array_has_a_place_only_on_request():
    record = make_record(110, names=RAT)
    with pytest.raises(ValueError, match="whisker RE6 has no place"):
        published_view(record, "grid")
    view = published_view(record, "grid", missing="zero")
    assert not view.values[:, 28].any()
    np.testing.assert_array_equal(view.values[:, 34, :3], record["force"].sel(whisker="RE6"))
    with pytest.raises(ValueError, match="whisker RE6 has no place"):
        published_view(record, "whiskers", missing="zero")


def test_sides():
    left = ["L" + position for position in POSITIONS]
    both = make_record(110, names=MOUSE + left)
    np.testing.assert_array_equal(
        published_view(both, "whiskers", side="left").values[..., :3], both["force"].values[:, 30:]
    )
    np.testing.assert_array_equal(published_view(both, "whiskers").values[..., :3], both["force"].values[:, :30])
    with pytest.raises(ValueError, match="no whisker whose name begins with R"):
        published_view(make_record(110, names=left), "grid", missing="zero")


def test_si_records_are_scaled():
    record = make_record(110)
    si = make_record(
        110, force=record["force"].values * 1e-3, moment=record["moment"].values * 1e-6, units=("N", "N m")
    )
    np.testing.assert_allclose(published_view(si), published_view(record), rtol=1e-14)


@pytest.mark.parametrize(
    ("record", "options", "message"),
    [
        ({"n_rows": 109}, {}, r"109 intervals; this layout needs 110"),
        ({"units": ("kg", "uN.m")}, {}, r"force has the unit 'kg'; a view is made from mN or N"),
        ({}, {"layout": "cube"}, r"layout 'cube' is not known; give one of whiskers, grid, network"),
        ({}, {"reduce": "max"}, r"reduce 'max' is not known"),
        ({}, {"side": "top"}, r"side 'top' is not known"),
        ({}, {"missing": "guess"}, r"missing 'guess' is not known"),
    ],
)
def test_refused(record, options, message):
    with pytest.raises(ValueError, match=message):
        published_view(make_record(**{"n_rows": 110} | record), **{"layout": "grid"} | options)
