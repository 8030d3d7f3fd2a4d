"""One session: rates by a plain loop over bins, the window, what is kept, and a sentence for each bad file."""

import numpy as np
import pytest

from data.tactile import CANONICAL_ORDER, read_session
from data.tactile.nwb import NEEDED, read_nwb

from .conftest import SIX, text


def binned_rate(spikes, begin, end):
    """Mean count of 45 ms bins from ``begin``, the last one reaching the end, over 45 ms."""
    counts, edge = [], begin
    while edge < end:
        counts.append(sum(edge <= spike < min(edge + 0.045, end) for spike in spikes))
        edge = begin + 0.045 * len(counts)
    return np.mean(counts) / 0.045


def test_canonical_order_is_that_of_the_simulated_plates():
    assert list(CANONICAL_ORDER) == SIX


def test_rates_are_those_of_a_plain_loop_over_bins(write_session):
    path = write_session(choice_after=np.linspace(2.01, 2.9, 12), seed=3)
    record, responses = read_nwb(path), read_session(path)
    for row, (begin, end) in enumerate(zip(record.start_s, record.choice_s, strict=True)):
        for unit, spikes in enumerate(record.spikes_s):
            assert responses.values[row, unit] == pytest.approx(binned_rate(spikes, begin, end), rel=1e-12)
    assert responses.attrs["unit"] == "spikes/s"
    assert responses.attrs["bin_ms"] == 45
    assert responses["neuroid_id"].values.tolist() == [f"sub-A.ses-1.{unit}" for unit in range(3)]
    assert responses["repetition"].values.tolist() == [0] * 6 + [1] * 6


def test_one_spike_is_one_over_the_width_of_all_bins(write_session):
    # 2.5 s are covered by 56 bins of 45 ms.
    responses = read_session(write_session(spikes=[np.array([5.0, 7.49, 7.5]), np.array([30.0])]))
    assert responses.values[0, 0] == pytest.approx(2 / (56 * 0.045), rel=1e-12)
    assert not responses.values[1:, 0].any()


def test_spikes_count_from_the_start_of_the_raw_recording(write_session):
    early, late = write_session(seed=1), write_session(session="ses-2", seed=1, starting_time=1.25)
    np.testing.assert_allclose(read_session(early).values, read_session(late).values, atol=1e-12)


def test_ignored_wrong_and_empty_trials_are_not_kept(write_session):
    stimuli = [*SIX, "convex far", "concave far", "nothing far"]
    ignored, outcome = np.zeros(9, dtype=bool), ["correct"] * 9
    ignored[6], outcome[7] = True, "error"
    responses = read_session(write_session(stimuli=stimuli, ignore_trial=ignored, outcome=text(outcome)))
    assert responses["trial_id"].values.tolist() == [0, 1, 2, 3, 4, 5]


def test_window_may_begin_with_the_first_touch(write_session):
    start = 5.0 + 4.0 * np.arange(12)
    # The first contact of any whisker counts, at the next frame of 10 Hz; the last trial has none until the choice.
    contacts = {"C0": start[:11] + 1.43, "C2": start[:3] + 0.31}
    path = write_session(contacts=contacts)
    record, responses = read_nwb(path), read_session(path, window="touch to choice")
    expected = np.where(np.arange(11) < 3, start[:11] + 0.4, start[:11] + 1.5)
    np.testing.assert_allclose(responses["first_touch_s"].values, expected, atol=1e-9)
    assert np.isnan(record.first_touch_s[11])
    assert len(responses) == 11
    rate = binned_rate(record.spikes_s[1], record.first_touch_s[4], record.choice_s[4])
    assert responses.values[4, 1] == pytest.approx(rate, rel=1e-12)
    assert len(read_session(path)) == 12


@pytest.mark.parametrize("name", NEEDED)
def test_missing_column_is_named(write_session, name):
    path = write_session(without=[name])
    with pytest.raises(ValueError, match=f"lacks {name}; a session of DANDI 000231 has all of") as caught:
        read_session(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("stimulus", SIX)
def test_missing_stimulus_is_named(write_session, stimulus):
    path = write_session(stimuli=[name for name in SIX if name != stimulus])
    with pytest.raises(ValueError, match=f"session ses-1 of sub-A has no usable trial of {stimulus}, but all six"):
        read_session(path)


def test_stimulus_shown_only_without_touch_is_missing_in_that_window(write_session):
    path = write_session(stimuli=SIX, contacts={"C1": 5.0 + 4.0 * np.arange(5) + 1})
    assert len(read_session(path)) == 6
    with pytest.raises(ValueError, match="no usable trial of convex far"):
        read_session(path, window="touch to choice")


def test_unit_without_spikes_is_refused_or_left_out_by_name(write_session):
    some = np.linspace(1, 50, 300)
    path = write_session(spikes=[some, np.empty(0), some[::2]])
    with pytest.raises(ValueError, match=r"1 of 3 units of session ses-1 of sub-A have no spike \(first: unit 1\)"):
        read_session(path)
    responses = read_session(path, unusable="leave out")
    assert responses["unit_id"].values.tolist() == [0, 2]
    assert responses.attrs["left_out"] == "unit 1 of sub-A ses-1 has no spike"
    kept = read_session(path, unusable="keep")
    assert kept["unit_id"].values.tolist() == [0, 1, 2] and not kept.values[:, 1].any()
    with pytest.raises(ValueError, match="2 of 2 units"):
        read_session(write_session(spikes=[np.empty(0)] * 2), unusable="leave out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": text(["error"] * 12)}, "has 12 trials, but none that is correct"),
        ({"servo_position": text(["near"] * 12)}, "has the servo position 'near'; accepted are close, medium, far"),
        ({"choice_after": 0.0}, "has 12 kept trials whose choice_time is not after start_time"),
        ({"choice_after": np.nan}, "has 12 kept trials whose choice_time"),
    ],
)
def test_impossible_trials_are_refused(write_session, options, message):
    with pytest.raises(ValueError, match=message):
        read_session(write_session(**options))


def test_index_that_does_not_cut_the_spikes_is_refused(write_session):
    import h5py

    path = write_session()
    with h5py.File(path, "a") as file:
        file["units/spike_times_index"][-1] += 1
    with pytest.raises(ValueError, match="units/spike_times_index that does not cut"):
        read_session(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "intervals/trials/outcome",
            lambda one: one[:-1],
            "columns of intervals/trials of unequal length, .*'outcome': 11",
        ),
        ("units/id", lambda one: one[:-1], "has 2 units/id for 3 units"),
        ("units/spike_times", lambda one: np.append(one[:-1], np.nan), "has 1 spike times that are not finite"),
        (
            "acquisition/extracellular array recording/starting_time",
            lambda one: np.nan,
            "not finite after the subtraction of acquis",
        ),
    ],
)
def test_tables_that_do_not_hold_together_are_refused(write_session, name, change, message):
    import h5py

    path = write_session()
    with h5py.File(path, "a") as file:
        changed = change(file[name][()])
        del file[name]
        file[name] = changed
    with pytest.raises(ValueError, match=message):
        read_session(path)


def test_file_that_is_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "sub-A_ses-1_behavior+ecephys+image.nwb"
    path.write_bytes(b"half a download")
    with pytest.raises(ValueError, match="cannot be read as NWB, which is HDF5 .*; download it again"):
        read_session(path)


@pytest.mark.parametrize("option", ["window", "unusable"])
def test_unknown_option_is_named(write_session, option):
    with pytest.raises(ValueError, match=f"{option} must be one of .*, received 'drop'"):
        read_session(write_session(), **{option: "drop"})


def test_hash_depends_on_what_is_read(write_session):
    one, other = read_session(write_session(seed=1)), read_session(write_session(session="ses-2", seed=2))
    assert len(one.attrs["sha256"]) == 64
    assert one.attrs["sha256"] != other.attrs["sha256"]
    assert one.attrs["sha256"] == read_session(write_session(seed=1)).attrs["sha256"]
