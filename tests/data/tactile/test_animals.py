"""Animals and their pool: one order of the stimuli, the released order behind a flag, both against golden files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tactile import CANONICAL_ORDER, load_animals, pool_animals, read_session, stack_sessions
from data.tactile.animals import session_files

from .conftest import SIX


@pytest.fixture
def golden_nwb(real_data):
    """Folder of three synthetic sessions and what the released loader makes of them."""
    folder = real_data / "tactile" / "golden_nwb"
    with np.load(folder / "expected_reference_output.npz", allow_pickle=False) as arrays:
        return folder, {key: arrays[key] for key in arrays}


def test_sessions_equal_the_released_loader_to_the_bit(golden_nwb):
    folder, expected = golden_nwb
    for path in session_files(folder):
        key = path.name.partition("_behavior")[0]
        responses = read_session(path)
        np.testing.assert_array_equal(responses.values, expected[f"{key}/rates"])
        np.testing.assert_array_equal(responses["stimulus_id"].values, expected[f"{key}/stimulus"])
        np.testing.assert_array_equal(responses["trial_id"].values, expected[f"{key}/trial_id"])
        np.testing.assert_array_equal(responses["first_touch_s"].values, expected[f"{key}/first_touch_time"])


def test_released_order_equals_the_released_loader_to_the_bit(golden_nwb):
    folder, expected = golden_nwb
    animals = load_animals(folder, as_released=True)
    np.testing.assert_array_equal(animals["sub-SYN2"].values, expected["as_released/sub-SYN2"])
    # Their order of the files is that of the file system: the later session came first.
    sessions = [read_session(path) for path in session_files(folder) if path.name.startswith("sub-SYN1")]
    stacked = stack_sessions(sessions[::-1], as_released=True)
    np.testing.assert_array_equal(stacked.values, expected["as_released/sub-SYN1"])
    orders = [", ".join(expected[f"sub-SYN1_ses-{day}/stimulus_order_as_released"]) for day in (20190404, 20190403)]
    assert stacked["stimulus_order"].values.tolist() == [orders[0]] * 4 + [orders[1]] * 5
    assert orders[0] != orders[1]


def test_canonical_order_holds_the_same_trials(golden_nwb):
    folder, expected = golden_nwb
    animals = load_animals(folder)
    assert list(animals) == ["sub-SYN1", "sub-SYN2"]
    cube = animals["sub-SYN1"]
    assert cube["stimulus_id"].values.tolist() == list(CANONICAL_ORDER) == SIX
    for day in (20190403, 20190404):
        mine = cube.values[..., cube["session"].values == f"ses-{day}"]
        rates, shown = (expected[f"sub-SYN1_ses-{day}/{name}"] for name in ("rates", "stimulus"))
        for place, name in enumerate(SIX):
            seen = rates[shown == name]
            np.testing.assert_array_equal(mine[: len(seen), place], seen)
            assert np.isnan(mine[len(seen) :, place]).all()


def test_pool_holds_the_units_of_all_animals(golden_nwb):
    folder, _ = golden_nwb
    animals = load_animals(folder)
    whole = pool_animals(animals)
    assert whole.dims == ("repetition", "stimulus", "neuroid")
    assert whole.sizes["neuroid"] == sum(one.sizes["neuroid"] for one in animals.values())
    for name, one in animals.items():
        mine = whole.values[: one.sizes["repetition"], :, whole["subject"].values == name]
        np.testing.assert_array_equal(mine, one.values)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(SIX), more=st.lists(st.sampled_from(SIX), max_size=6))
def test_means_do_not_depend_on_the_order_of_trials(tmp_path_factory, order, more):
    from data.assembly import make_responses

    shown = [*order, *more]
    rates = np.random.default_rng(len(more)).uniform(0, 50, (len(shown), 2))
    session = make_responses(
        rates,
        presentation={"stimulus_id": shown, "repetition": [shown[:row].count(name) for row, name in enumerate(shown)]},
        neuroid={"neuroid_id": ["a", "b"], "subject": ["sub-A"] * 2, "session": ["ses-1"] * 2},
        unit="spikes/s",
    )
    session.attrs.update(window="start to choice", bin_ms=45.0, left_out="", sha256="", source="made here")
    mean = np.nanmean(stack_sessions([session]).values, axis=0)
    expected = [rates[np.array(shown) == name].mean(axis=0) for name in SIX]
    np.testing.assert_allclose(mean, expected, rtol=1e-12)


def test_released_order_mixes_the_stimuli_of_two_sessions(write_session):
    """A unit that tells the shapes apart in the same way on both days: one column keeps it, the mixed one does not."""
    for session, order in (("ses-1", SIX), ("ses-2", SIX[::-1])):
        convex = [4.0 * row + 5.5 for row, name in enumerate(order * 2) if name.startswith("convex")]
        path = write_session(session=session, stimuli=order * 2, spikes=[np.repeat(convex, 10)])
    (cube,) = load_animals(path.parents[1]).values()
    first, second = np.nanmean(cube.values, axis=0).T
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(1)
    (mixed,) = load_animals(path.parents[1], as_released=True).values()
    first, second = mixed.values.mean(axis=0).T
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(-1)


def test_session_without_a_stimulus_is_refused_or_left_out_with_the_reason(write_session):
    write_session(session="ses-1")
    folder = write_session(session="ses-2", stimuli=SIX[:5]).parents[1]
    with pytest.raises(ValueError, match="session ses-2 of sub-A has no usable trial of convex far"):
        load_animals(folder)
    (cube,) = load_animals(folder, unusable="leave out").values()
    assert set(cube["session"].values) == {"ses-1"}
    assert "session ses-2 of sub-A has no usable trial of convex far" in cube.attrs["left_out"]


def test_animal_without_a_session_is_never_left_out_silently(write_session):
    write_session("sub-A")
    folder = write_session("sub-B", stimuli=SIX[1:]).parents[1]
    with pytest.raises(ValueError, match="none of the 1 sessions of sub-B can be used.*move its files out of"):
        load_animals(folder, unusable="leave out")


def test_animals_with_different_stimuli_are_not_pooled(write_session):
    write_session("sub-A")
    animals = load_animals(write_session("sub-B").parents[1])
    other = animals["sub-B"].isel(stimulus=[0, 1, 2, 3, 5, 4])
    with pytest.raises(ValueError, match="sub-B has the stimuli .*, convex far, convex medium, but sub-A has"):
        pool_animals(animals | {"sub-B": other})
    with pytest.raises(ValueError, match="sub-B has the stimuli"):
        pool_animals(animals | {"sub-B": other.isel(stimulus=slice(5))})


def test_nothing_to_load_stack_or_pool(tmp_path):
    with pytest.raises(ValueError, match="holds no file .*download them with `dandi download DANDI:000231`"):
        load_animals(tmp_path)
    with pytest.raises(ValueError, match="stack_sessions received no session"):
        stack_sessions([])
    with pytest.raises(ValueError, match="pool_animals received no animal"):
        pool_animals({})


def test_session_given_twice_is_refused(write_session):
    session = read_session(write_session())
    with pytest.raises(ValueError, match="session sub-A ses-1 is given 2 times; remove the copies"):
        stack_sessions([session, session])
