"""Tuckute et al. 2024: the public part as recorded, and how the whole table is told from any other."""

import numpy as np
import pandas as pd
import pytest

from data.access import sha256_of
from data.catalogue import dataset_info, load_dataset
from data.errors import ChecksumError
from data.language.tuckute2024 import REGIONS

NAME = "language/tuckute2024"


@pytest.fixture
def whole_table():
    """A generated table of the published shape; one row and the maximum can be given."""

    def make(rows=1000, maximum=1.285):
        rng = np.random.default_rng(0)
        table = pd.DataFrame(rng.uniform(-1, 1, (rows, 6)), columns=sorted(REGIONS))
        table.loc[17, "lang_LH_netw"] = maximum
        table.insert(0, "sentence", [f"Generated sentence number {row}." for row in range(rows)])
        table.insert(0, "item_id", [f"B.{row + 1}" for row in range(rows)])
        return table

    return make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The dataset's folder in a mirror of the test's own, with a public part that must not be needed."""
    path = tmp_path / "mirror" / NAME
    path.mkdir(parents=True)
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    return path


def test_public_part_as_recorded(real_data):
    dataset = load_dataset(NAME)
    assert dataset.responses.sizes == {"presentation": 667, "neuroid": 6}
    assert dataset.responses.attrs["unit"].startswith("z ")
    assert dataset.responses["neuroid_id"].values.tolist() == list(REGIONS)
    first = dict(zip(REGIONS, dataset.responses.values[0].tolist(), strict=True))
    assert first == {
        "lang_LH_netw": 0.538993146,
        "lang_LH_IFGorb": 1.004542752,
        "lang_LH_IFG": 0.34045212300000005,
        "lang_LH_MFG": 0.5246595,
        "lang_LH_AntTemp": 0.764862424,
        "lang_LH_PostTemp": 0.40856005,
    }
    assert np.isfinite(dataset.responses.values).all()
    assert dataset.responses["stimulus_id"].values.tolist() == dataset.stimuli.ids
    assert dataset.stimuli.ids[0] == "B.2"
    assert dataset.stimuli.items()[0] == "All sorts of treasure there too."
    assert dataset.stimuli.name == "language/tuckute2024[667]"


def test_hash_of_the_public_part_is_quoted(real_data):
    file = dataset_info(NAME).files[1]
    assert load_dataset(NAME).provenance == {"responses_public667.csv": file.sha256}
    assert (real_data / NAME / file.path).stat().st_size == file.n_bytes


def test_whole_table_is_preferred_to_the_public_part(folder, whole_table):
    path = folder / "bold_response_LH.csv"
    whole_table().to_csv(path, index=False)
    (folder / "responses_public667.csv").write_text("not looked at")
    dataset = load_dataset(NAME)
    assert dataset.responses.sizes == {"presentation": 1000, "neuroid": 6}
    assert dataset.provenance == {"bold_response_LH.csv": sha256_of(path)}
    assert dataset.stimuli.name == "language/tuckute2024[1000]"
    np.testing.assert_array_equal(dataset.responses.values, whole_table()[list(REGIONS)].to_numpy())


@pytest.mark.parametrize(
    ("rows", "maximum", "message"),
    [
        (999, 1.285, "999 rows with maximum 1.2850, expected 1000 rows"),
        (1001, 1.285, "1001 rows with maximum 1.2850"),
        (1000, 1.2, "1000 rows with maximum 1.2000, expected 1000 rows with a maximum between 1.28 and 1.29"),
        (1000, 1.3, "1000 rows with maximum 1.3000"),
        (1000, 1.29, "1000 rows with maximum 1.2900"),
    ],
)
def test_other_table_is_refused_and_stays(folder, whole_table, rows, maximum, message):
    path = folder / "bold_response_LH.csv"
    whole_table(rows, maximum).to_csv(path, index=False)
    before = path.read_bytes()
    with pytest.raises(ChecksumError, match=message) as caught:
        load_dataset(NAME)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("column", ["item_id", "sentence", "lang_LH_netw", "lang_LH_MFG"])
def test_missing_column_is_named(folder, whole_table, column):
    path = folder / "bold_response_LH.csv"
    whole_table().drop(columns=column).to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"lacks the columns \['{column}'\]") as caught:
        load_dataset(NAME)
    assert str(path) in str(caught.value)


def test_repeated_item_is_refused(folder, whole_table):
    table = whole_table()
    table.loc[5, "item_id"] = "B.1"
    table.to_csv(folder / "bold_response_LH.csv", index=False)
    with pytest.raises(ValueError, match="B.1.*occurs twice"):
        load_dataset(NAME)


def test_changed_public_part_is_refused(folder, whole_table):
    whole_table(667).to_csv(folder / "responses_public667.csv", index=False)
    expected = dataset_info(NAME).files[1].sha256
    with pytest.raises(ChecksumError, match=f"expected {expected}"):
        load_dataset(NAME)


def test_splits_can_be_used_without_groups():
    from data.language.tuckute2024 import SPLITS

    assert list(SPLITS) == ["kfold5", "brainscore-shuffle"]
    assert all(split.group is None for split in SPLITS.values())
