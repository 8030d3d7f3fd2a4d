"""The registered benchmarks: names, what each states of itself, and what a listing shows."""

import pytest

from alignment import Benchmark, list_benchmarks, load_benchmark, register_benchmark
from alignment.benchmarks import listing
from alignment.benchmarks.language import TUCKUTE_CEILINGS
from data import UnknownNameError, dataset_info

LANGUAGE = ["language/pereira2018.384-ridge", "language/planted-ridge", "language/tuckute2024-ridge"]


def test_language_benchmarks_are_listed():
    assert set(LANGUAGE) <= set(list_benchmarks())
    assert list_benchmarks("language/*-ridge") == sorted(list_benchmarks("language/*-ridge"))
    assert list_benchmarks("language/planted*") == ["language/planted-ridge"]
    assert list_benchmarks("nothing/*") == []


@pytest.mark.parametrize("name", LANGUAGE)
def test_each_benchmark_states_its_source(name):
    benchmark = load_benchmark(name)
    assert benchmark.name == name
    assert benchmark.version >= 1
    assert benchmark.citation == dataset_info(benchmark.dataset_name).citation
    assert (benchmark.ceiling is None) == (benchmark.normalisation == "none")
    assert all(number.source and number.what for number in benchmark.published)


def test_unknown_benchmark_names_the_closest():
    with pytest.raises(
        UnknownNameError, match="Unknown benchmark 'language/planted-rigde'; closest: language/planted-"
    ):
        load_benchmark("language/planted-rigde")


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="'language/planted-ridge' is registered already"):
        register_benchmark(load_benchmark("language/planted-ridge"))


def test_names_follow_the_grammar():
    with pytest.raises(ValueError, match="must be family/name in lower case, received 'Language'"):
        register_benchmark(Benchmark("Language", "language/planted"))


def test_listing_has_a_row_per_benchmark(no_real_data):
    rows = {row["name"]: row for row in listing()}
    assert set(rows) == set(list_benchmarks())
    assert rows["language/planted-ridge"]["available"] is True
    assert rows["language/pereira2018.384-ridge"]["available"] is False
    assert "[data not on this machine]" in rows["language/pereira2018.384-ridge"]["summary"]
    assert rows["language/pereira2018.384-ridge"]["ceiling"] == "none"
    assert "Tuckute" in rows["language/tuckute2024-ridge"]["ceiling"]


def test_published_ceilings_of_tuckute2024():
    assert TUCKUTE_CEILINGS == {
        "lang_LH_netw": 0.559,
        "lang_LH_IFGorb": 0.452,
        "lang_LH_IFG": 0.452,
        "lang_LH_MFG": 0.515,
        "lang_LH_AntTemp": 0.458,
        "lang_LH_PostTemp": 0.579,
    }
