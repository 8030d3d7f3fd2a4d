"""Where files are looked for, how they are checked, and what is said when they are missing."""

import re

import pytest

from data import fetch
from data.access import home, is_available, locate, locate_all, offline, sha256_of
from data.catalogue import load_dataset, register_dataset
from data.dataset import DataFile
from data.errors import ChecksumError, DataNotAvailableError, UnknownNameError

from .conftest import CONTENT, digest

DOWNLOAD = DataFile("small.bin", "https://localhost/small.bin", digest(CONTENT), len(CONTENT), "some bytes")


@pytest.fixture
def downloads():
    """Folder of the downloads of testing/small."""
    return home() / "datasets" / "testing" / "small"


def test_sha256_of_an_empty_and_of_a_long_file(put, tmp_path):
    assert sha256_of(put(tmp_path / "empty", b"")) == digest(b"")
    long = b"x" * ((1 << 20) + 1)
    assert sha256_of(put(tmp_path / "long", long)) == digest(long)


@pytest.mark.parametrize(
    ("variable", "asked", "expected"),
    [
        (None, None, False),
        ("", None, False),
        ("0", None, False),
        ("False", None, False),
        ("no", None, False),
        ("1", None, True),
        ("true", None, True),
        (None, True, True),
        ("1", False, False),
    ],
)
def test_offline_follows_the_argument_then_the_variable(monkeypatch, variable, asked, expected):
    if variable is not None:
        monkeypatch.setenv("NEUROMODELS_OFFLINE", variable)
    assert offline(asked) is expected


def test_named_home_is_used_where_the_user_has_no_folder(monkeypatch, tmp_path):
    def no_folder(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", no_folder)
    monkeypatch.setenv("NEUROMODELS_HOME", str(tmp_path))
    assert home() == tmp_path


def test_file_of_the_mirror_is_found_and_verified(make_info, mirror, put):
    info = make_info()
    path = put(mirror / "testing" / "small" / "small.bin")
    located = locate(info, info.files[0])
    assert (located.path, located.sha256, located.file) == (path, digest(CONTENT), info.files[0])


def test_file_of_an_installed_package_is_found_after_copies_of_the_users_own(
    make_info, mirror, put, tmp_path, monkeypatch
):
    (tmp_path / "carrier" / "inside").mkdir(parents=True)
    (tmp_path / "carrier" / "__init__.py").write_text("raise AssertionError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    info = make_info(access="package", package="carrier/inside")
    assert not is_available(info)
    carried = put(tmp_path / "carrier" / "inside" / "small.bin")
    assert locate(info, info.files[0]).path == carried
    own = put(mirror / "testing" / "small" / "small.bin")
    assert locate(info, info.files[0]).path == own


def test_absent_package_is_named(make_info, no_real_data):
    info = make_info(access="package", package="no_such_package_anywhere/data")
    with pytest.raises(DataNotAvailableError, match="run `pip install no_such_package_anywhere`"):
        locate_all(info)


def test_mirror_folder_may_have_another_name(make_info, mirror, put):
    info = make_info(folder="elsewhere")
    path = put(mirror / "elsewhere" / "small.bin")
    assert locate(info, info.files[0]).path == path


def test_mirror_wins_over_downloads(make_info, mirror, downloads, put):
    info = make_info()
    earlier = put(downloads / "small.bin")
    assert locate(info, info.files[0]).path == earlier
    own = put(mirror / "testing" / "small" / "small.bin")
    assert locate(info, info.files[0]).path == own


def test_folder_in_the_place_of_a_file_is_no_file(make_info, mirror):
    info = make_info()
    (mirror / "testing" / "small" / "small.bin").mkdir(parents=True)
    assert locate(info, info.files[0]) is None


def test_file_without_recorded_hash_is_found_with_its_own(make_info, mirror, put):
    info = make_info(DataFile("table.csv", None, None, None, "a table"))
    put(mirror / "testing" / "small" / "table.csv", b"any")
    assert locate(info, info.files[0]).sha256 == digest(b"any")


def test_wrong_file_names_both_hashes_and_stays(make_info, mirror, put):
    info = make_info()
    path = put(mirror / "testing" / "small" / "small.bin", b"other")
    with pytest.raises(ChecksumError, match=f"{digest(b'other')}, expected {digest(CONTENT)}") as caught:
        locate(info, info.files[0])
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"other"


def test_wrong_file_in_the_mirror_is_not_replaced_by_a_fetch(own_catalogue, make_info, mirror, put, sockets):
    register_dataset(make_info(DOWNLOAD, access="download"), None)
    path = put(mirror / "testing" / "small" / "small.bin", b"other")
    with pytest.raises(ChecksumError, match="left as it is"):
        fetch("testing/small")
    assert path.read_bytes() == b"other"
    assert sockets == []


def test_missing_file_says_source_licence_and_place(make_info, mirror):
    with pytest.raises(DataNotAvailableError) as caught:
        locate_all(make_info())
    said = str(caught.value)
    for part in ("small.bin", f"{mirror}/testing/small/", "Ask the authors of the small file.", "Licence: CC0-1.0"):
        assert part in said
    assert "data fetch" not in said


def test_missing_download_says_the_command(make_info, mirror):
    with pytest.raises(DataNotAvailableError, match="run `neuromodels data fetch testing/small`"):
        locate_all(make_info(DOWNLOAD, access="download"))


def test_missing_file_without_a_mirror_names_the_variable(make_info, no_real_data):
    with pytest.raises(DataNotAvailableError, match="NEUROMODELS_DATA"):
        locate_all(make_info())


def test_every_missing_file_is_named(make_info, mirror, put):
    files = [DataFile(name, None, None, None, "a table") for name in ("a.csv", "b.csv", "c.csv")]
    put(mirror / "testing" / "small" / "b.csv")
    with pytest.raises(DataNotAvailableError, match=re.escape("(missing: a.csv, c.csv)")):
        locate_all(make_info(*files))


def test_first_alternative_that_is_here_is_enough(make_info, mirror, put):
    files = [DataFile(name, None, None, None, "a table") for name in ("a.csv", "b.csv", "c.csv")]
    info = make_info(*files, alternatives=True)
    with pytest.raises(DataNotAvailableError, match="a.csv or b.csv or c.csv"):
        locate_all(info)
    put(mirror / "testing" / "small" / "c.csv")
    put(mirror / "testing" / "small" / "b.csv")
    assert [located.file.path for located in locate_all(info)] == ["b.csv"]


def test_available_is_false_when_missing_true_when_here_or_wrong(make_info, mirror, put):
    info = make_info()
    assert not is_available(info)
    put(mirror / "testing" / "small" / "small.bin")
    assert is_available(info)
    put(mirror / "testing" / "small" / "small.bin", b"other")
    assert is_available(info)


def test_fetch_of_files_that_are_here_opens_nothing(own_catalogue, make_info, mirror, put, sockets):
    register_dataset(make_info(DOWNLOAD, access="download"), None)
    path = put(mirror / "testing" / "small" / "small.bin")
    assert fetch("testing/small") == [path]
    assert sockets == []


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_offline_fetch_never_opens_a_socket(own_catalogue, make_info, mirror, monkeypatch, sockets, how):
    register_dataset(make_info(DOWNLOAD, access="download"), None)
    if how == "variable":
        monkeypatch.setenv("NEUROMODELS_OFFLINE", "1")
    with pytest.raises(DataNotAvailableError, match="downloads are switched off .*Licence: CC0-1.0"):
        fetch("testing/small", offline=True if how == "argument" else None)
    assert sockets == []


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_offline_load_never_opens_a_socket(own_catalogue, make_info, mirror, monkeypatch, sockets, how):
    register_dataset(make_info(DOWNLOAD, access="download"), locate_all)
    if how == "variable":
        monkeypatch.setenv("NEUROMODELS_OFFLINE", "1")
    with pytest.raises(DataNotAvailableError, match="downloads are switched off"):
        load_dataset("testing/small", offline=True if how == "argument" else None)
    assert sockets == []


def test_own_copy_is_never_downloaded_by_a_load(own_catalogue, make_info, mirror, sockets):
    register_dataset(make_info(DOWNLOAD, access="own copy"), locate_all)
    with pytest.raises(DataNotAvailableError, match="Ask the authors"):
        load_dataset("testing/small")
    assert sockets == []


@pytest.mark.parametrize(
    "file",
    [
        DataFile("small.bin", None, digest(CONTENT), None, "no address"),
        DataFile("small.bin", "https://localhost/small.bin", None, None, "no hash"),
    ],
)
def test_fetch_refuses_a_file_without_address_or_hash(own_catalogue, make_info, mirror, sockets, file):
    register_dataset(make_info(file), None)
    with pytest.raises(DataNotAvailableError, match="Ask the authors"):
        fetch("testing/small")
    assert sockets == []


def test_dry_run_says_where_the_file_would_be_and_opens_nothing(own_catalogue, make_info, mirror, downloads, sockets):
    register_dataset(make_info(DOWNLOAD, access="download"), None)
    assert fetch("testing/small", dry_run=True) == [downloads / "small.bin"]
    assert sockets == []
    assert not home().exists()


def test_dry_run_of_alternatives_names_what_a_fetch_would_return(own_catalogue, make_info, mirror, put):
    first = DataFile("whole.csv", "https://localhost/whole.csv", None, None, "no hash, so never downloaded")
    register_dataset(make_info(first, DOWNLOAD, alternatives=True), None)
    here = put(mirror / "testing" / "small" / "small.bin")
    assert fetch("testing/small") == [here]
    assert fetch("testing/small", dry_run=True) == [here]


def test_fetch_prefers_an_alternative_that_is_here_to_a_download(own_catalogue, make_info, mirror, put, sockets):
    whole = DataFile("whole.bin", "https://localhost/whole.bin", digest(b"whole"), 5, "all of it")
    register_dataset(make_info(whole, DOWNLOAD, alternatives=True, access="download"), None)
    here = put(mirror / "testing" / "small" / "small.bin")
    assert fetch("testing/small", offline=True) == [here]
    assert sockets == []


def test_fetch_of_an_unknown_name(own_catalogue):
    with pytest.raises(UnknownNameError, match="Unknown dataset 'testing/none'"):
        fetch("testing/none")
