"""Published tables of timescales: the medians and correlations that their sources state."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from data.catalogue import load_dataset
from data.errors import DataNotAvailableError
from data.timescales import accepted_samples

MEDIANS = {
    ("human", "acc"): 265,
    ("human", "amygdala"): 50,
    ("human", "hippocampus"): 68,
    ("human", "ofc"): 178,
    ("macaque", "acc"): 288,
    ("macaque", "amygdala"): 155,
    ("macaque", "hippocampus"): 74,
    ("macaque", "ofc"): 148,
    ("macaque", "mpfc"): 197,
    ("mouse", "acc"): 298,
    ("mouse", "amygdala"): 161,
    ("mouse", "hippocampus"): 33,
    ("mouse", "ofc"): 145,
    ("mouse", "mpfc"): 236,
}


def test_medians_of_regions_are_the_published_ones(real_data):
    table = load_dataset("timescale/zeisler2024").responses.isel(presentation=0)
    found = {
        key: float(np.median(table.values[(table["species"] == key[0]) & (table["region"] == key[1])]))
        for key in MEDIANS
    }
    assert found == pytest.approx(MEDIANS, abs=0.6)
    assert table.size == 13_732
    assert table.attrs["unit"] == "ms"


def test_map_of_the_cortex_has_the_published_correlations(real_data):
    table = load_dataset("timescale/gao2020").responses.isel(presentation=0)
    assert table.size == 180
    assert spearmanr(table.values, table["t1t2"])[0] == pytest.approx(-0.466, abs=5e-4)
    assert spearmanr(table.values, table["gene_component"])[0] == pytest.approx(-0.598, abs=5e-4)
    assert (table.min(), table.max(), table.mean()) == pytest.approx((9.7, 49.3, 21.3), abs=0.05)
    lowest = table["neuroid_id"].values[np.argsort(table.values)[:3]]
    assert lowest.tolist() == ["23d", "24dd", "6d"]


def test_electrodes_of_people_and_monkeys(real_data):
    people, monkeys = (load_dataset(f"timescale/gao2020.{who}").responses for who in ("human", "macaque"))
    assert people.sizes["neuroid"] == 1722
    assert len(np.unique(people["subject"])) == 106
    assert sorted(np.unique(monkeys["subject"]).tolist())[0] == "Chibi"
    assert (people.values > 0).all()


def test_autocorrelation_of_a_session_and_its_fits(real_data):
    curve = load_dataset("timescale/zeraati2022-autocorrelation").responses.values[0, 0]
    assert len(curve) == 3000
    assert curve[0] == pytest.approx(1.435, abs=5e-4)
    assert curve[1] / curve[0] == pytest.approx(0.389, abs=5e-4)
    samples = accepted_samples()
    assert np.median(samples["one"]) == pytest.approx(58.2, abs=0.05)
    assert np.median(samples["two"], axis=0) == pytest.approx([8.33, 70.67, 0.18], abs=0.005)


@pytest.mark.parametrize("name", ["zeisler2024", "gao2020", "gao2020.human", "zeraati2022-autocorrelation"])
def test_absent_tables_say_where_they_come_from(no_real_data, name):
    with pytest.raises(DataNotAvailableError, match="github.com/.*Licence"):
        load_dataset(f"timescale/{name}")
