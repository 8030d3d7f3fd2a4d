"""The catalogue: what every registered dataset states, and how one is opened."""

import re

import pytest

from data import catalogue
from data.catalogue import dataset_info, list_datasets, listing, load_dataset, register_dataset
from data.errors import DataNotAvailableError, UnknownNameError

V1 = [
    f"vision/henaff2021.{recording}"
    for recording in ("ay2_u003", "ay3_u001", "ay3_u002", "ay4_u001", "ay4_u005", "ay4_u006", "ay5_u005")
]
LANGUAGE = ["language/gpt2_bpe", "language/pereira2018", "language/planted", "language/tuckute2024"]
MOTION = [
    "motion/crcns-mt1",
    "motion/fly-h1",
    *(f"motion/goris2015.{unit}" for unit in ("m620r12", "m620r35", "m624l54", "m625r62")),
    "motion/huperflow",
    "motion/huperflow.kitti1",
    *(f"motion/middlebury.{one}" for one in ("dimetrodon", "grove2", "hydrangea", "rubberwhale", "urban2", "venus")),
    *(f"motion/mt-rdk.cell{number}" for number in (1, 2, 3, 4)),
    "motion/nsa2004.6",
    "motion/second-order",
    "motion/sintel-slow",
]
TACTILE = [
    *(f"tactile/medlock2024.neuron{number}" for number in (1, 2, 3)),
    "tactile/moore2015.83_e2",
    "tactile/rodgers2022",
]
TIMESCALE = [
    "timescale/gao2020",
    "timescale/gao2020.human",
    "timescale/gao2020.macaque",
    "timescale/iurilli2017.apcx",
    "timescale/iurilli2017.plcoa",
    "timescale/park2025",
    "timescale/park2025.trial",
    "timescale/zeisler2024",
    "timescale/zeraati2022-autocorrelation",
]
GRASSHOPPER = "timescale/grasshopper"
TOUCH = [*TACTILE[:-1], "tactile/planted", TACTILE[-1]]
NAMES = [*LANGUAGE, *MOTION, *TOUCH, *sorted([*TIMESCALE, GRASSHOPPER]), *V1, "vision/kriegeskorte2008"]
# Files that are offered by address but without a hash; the reason stands in the dataset's `how_to_get`.
WITHOUT_HASH = {("language/tuckute2024", "bold_response_LH.csv")}


def test_registered_datasets():
    assert list_datasets() == NAMES


@pytest.mark.parametrize(
    ("pattern", "access", "names"),
    [
        ("language/p*", None, ["language/pereira2018", "language/planted"]),
        ("*", "embedded", ["language/planted", "tactile/planted"]),
        ("*", "download", ["language/gpt2_bpe"]),
        (
            "*",
            "own copy",
            [
                "language/pereira2018",
                "language/tuckute2024",
                *MOTION,
                *TACTILE,
                *TIMESCALE,
                *V1,
                "vision/kriegeskorte2008",
            ],
        ),
        ("*", "package", [GRASSHOPPER]),
        ("vision/henaff*", None, V1),
        ("*2018", "own copy", ["language/pereira2018"]),
        ("*2018", "embedded", []),
    ],
)
def test_list_by_pattern_and_access(pattern, access, names):
    assert list_datasets(pattern, access=access) == names


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_states_its_facts(name):
    info = dataset_info(name)
    assert info.name == name
    for fact in ("summary", "citation", "licence", "how_to_get", "units"):
        assert getattr(info, fact).strip(), fact
    assert "\n" not in info.summary
    assert info.access in ("embedded", "download", "package", "own copy")
    assert bool(info.package) == (info.access == "package")
    assert bool(info.files or info.pattern) == (info.access != "embedded")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_described_and_fixed_by_hash(name):
    info = dataset_info(name)
    for file in info.files:
        assert file.description
        assert file.path
        assert ".." not in file.path
        if (name, file.path) in WITHOUT_HASH:
            assert file.sha256 is None
            assert "no recorded hash" in info.how_to_get
        else:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert file.n_bytes > 0
        if file.url is not None:
            assert file.url.startswith("https://")


@pytest.mark.parametrize("name", list_datasets(access="download"))
def test_downloads_have_an_address_and_a_hash_for_every_file(name):
    assert all(file.url and file.sha256 for file in dataset_info(name).files)


def test_misspelt_dataset_names_the_closest():
    with pytest.raises(UnknownNameError, match="closest: language/tuckute2024.*neuromodels list datasets"):
        load_dataset("language/tuckute2042")


def test_second_registration_is_refused():
    with pytest.raises(ValueError, match="'language/planted' is registered already"):
        register_dataset(dataset_info("language/planted"), None)


def test_resource_without_responses_is_not_opened():
    with pytest.raises(DataNotAvailableError, match="holds files, no responses; use `neuromodels data fetch"):
        load_dataset("language/gpt2_bpe")


def test_loader_gets_the_registered_facts(own_catalogue, make_info):
    info = make_info(access="embedded", files=())
    register_dataset(info, lambda facts: ("opened", facts))
    assert load_dataset("testing/small") == ("opened", info)


def test_registered_dataset_is_listed(own_catalogue, make_info, mirror, put):
    register_dataset(make_info(), None)
    assert catalogue.list_datasets() == ["testing/small"]
    (row,) = listing()
    assert row["available"] is False
    assert row["summary"] == "a small file  [not on this machine]"
    put(mirror / "testing" / "small" / "small.bin")
    (row,) = listing()
    assert row == {
        "name": "testing/small",
        "summary": "a small file",
        "access": "own copy",
        "available": True,
        "licence": "CC0-1.0",
        "citation": "Nobody 2024",
        "units": "Hz",
    }


@pytest.mark.parametrize("name", ["language/pereira2018", "language/tuckute2024", "tactile/rodgers2022"])
def test_missing_recording_says_where_it_comes_from(no_real_data, name):
    info = dataset_info(name)
    with pytest.raises(DataNotAvailableError) as caught:
        load_dataset(name)
    assert info.how_to_get in str(caught.value)
    assert f"Licence: {info.licence}." in str(caught.value)
