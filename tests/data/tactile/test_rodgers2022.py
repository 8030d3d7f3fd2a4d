"""The registered recording: its presentations, its splits, its provenance, and what is said where there are no files."""

import numpy as np
import pytest

from data import DataNotAvailableError, dataset_info, fetch, load_dataset
from data.access import is_available
from data.tactile import CANONICAL_ORDER, load_animals

from .conftest import SIX

NAME = "tactile/rodgers2022"


@pytest.fixture
def folder(tmp_path, monkeypatch, write_session):
    """Two animals, one with two sessions, in a mirror of the test's own."""
    write_session("sub-B", "ses-1", stimuli=SIX * 2, seed=1)
    write_session("sub-A", "ses-2", stimuli=SIX[::-1] * 3, seed=2, n_units=2)
    written = write_session("sub-A", "ses-1", stimuli=SIX + SIX[:2], seed=3).parents[1]
    mirror = tmp_path / "mirror" / NAME
    mirror.parent.mkdir(parents=True)
    written.rename(mirror)
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    return mirror


def test_presentations_are_the_trials_of_every_animal(folder):
    dataset = load_dataset(NAME)
    responses = dataset.responses
    assert dataset.stimuli.ids == list(CANONICAL_ORDER)
    assert responses["subject"].values.tolist() == ["sub-A"] * 5 + ["sub-B"] * 3
    assert responses.attrs["unit"] == "spikes/s"
    assert responses.attrs["window"] == "start to choice"
    for name, cube in load_animals(folder).items():
        mine = responses.values[:, responses["subject"].values == name]
        for row, (stimulus, repetition) in enumerate(
            zip(responses["stimulus_id"].values, responses["repetition"].values, strict=True)
        ):
            if repetition < cube.sizes["repetition"]:
                np.testing.assert_array_equal(mine[row], cube.values[repetition, CANONICAL_ORDER.index(stimulus)])
            else:
                assert np.isnan(mine[row]).all()


def test_provenance_names_every_file(folder):
    provenance = load_dataset(NAME).provenance
    assert sorted(provenance) == [
        "sub-A_ses-1_behavior+ecephys+image.nwb",
        "sub-A_ses-2_behavior+ecephys+image.nwb",
        "sub-B_ses-1_behavior+ecephys+image.nwb",
    ]
    assert all(len(digest) == 64 for digest in provenance.values())


def test_split_is_every_choice_of_three_training_stimuli(real_data):
    split = dataset_info(NAME).splits["halves20"]
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        expected = [arrays["splits_train"].tolist(), arrays["splits_test"].tolist()]
    ids = list(CANONICAL_ORDER)
    found = [[[ids.index(name) for name in fold[side]] for fold in split.explicit] for side in (0, 1)]
    assert found == expected


def test_files_are_found_by_pattern_and_missing_ones_explained(folder):
    assert is_available(dataset_info(NAME))
    assert [path.name for path in fetch(NAME)] == sorted(load_dataset(NAME).provenance)
    for path in folder.rglob("*.nwb"):
        path.unlink()
    assert not is_available(dataset_info(NAME))
    assert fetch(NAME, dry_run=True) == []
    message = r"missing: .*behavior\+ecephys\+image.nwb.*put the files into .*tactile/rodgers2022/.*dandi download"
    for open_it in (load_dataset, fetch):
        with pytest.raises(DataNotAvailableError, match=message):
            open_it(NAME)


def test_what_cannot_be_used_is_left_out_by_name(folder, write_session):
    silent = [np.sort(np.random.default_rng(0).uniform(0, 50, 300)), np.empty(0)]
    extra = [
        write_session("sub-A", "ses-3", stimuli=SIX[:5]),
        write_session("sub-A", "ses-4", without=("intervals/trials/outcome",)),
        write_session("sub-A", "ses-5", stimuli=[*SIX, *SIX[1:]]),
        write_session("sub-C", "ses-1", spikes=silent),
    ]
    for path in extra:
        path.rename(folder / path.name)
    with pytest.raises(ValueError, match="ses-3 of sub-A has no usable trial of convex far.*unusable='leave out'"):
        load_dataset(NAME)
    dataset = load_dataset(NAME, options={"unusable": "leave out"})
    assert set(dataset.responses["subject"].values) == {"sub-A", "sub-B"}
    assert "ses-5" not in dataset.responses["session"].values
    session, column, *single, unit, animal = dataset.left_out
    assert session == "session ses-3 of sub-A has no usable trial of convex far"
    assert "sub-A_ses-4" in column and "outcome" in column
    assert single == [
        "session ses-1 of sub-A has a single usable trial of concave far, convex close, convex far, convex medium",
        "session ses-5 of sub-A has a single usable trial of concave close",
    ]
    assert unit == "unit 1 of sub-C ses-1 has no spike"
    assert animal == "animal sub-C has 1 usable units, and at least 2 are needed"
    assert not load_dataset("tactile/planted").left_out
    released = load_dataset(NAME, options={"unusable": "leave out", "as_released": True})
    assert "ses-5" in released.responses["session"].values and single[1] not in released.left_out


def test_folder_without_a_usable_session_is_refused(folder, write_session):
    for path in folder.rglob("*.nwb"):
        path.unlink()
    path = write_session("sub-A", "ses-1", stimuli=SIX[:5])
    path.rename(folder / path.name)
    with pytest.raises(ValueError, match="no session of tactile/rodgers2022 can be used; the first: session ses-1"):
        load_dataset(NAME, options={"unusable": "leave out"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": "released"}, "tactile/rodgers2022 has no option 'order'; its options: unusable, as_released"),
        ({"as_released": "yes"}, "must be true or false, received 'yes'"),
        ({"unusable": True}, "must be a str, received True"),
    ],
)
def test_options_that_it_does_not_have_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        load_dataset(NAME, options=options)
