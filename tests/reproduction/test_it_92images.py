"""Human and macaque inferior temporal cortex: ceilings and models as rsatoolbox gives them; and data without agreement."""

import numpy as np
import pytest

from alignment.similarity import compare_rdms, condense_rdm, rdm_ceiling

METHODS = {"cosine": "cosine", "corr": "pearson", "spearman": "spearman", "rho-a": "rho-a", "tau-a": "tau-a"}


@pytest.fixture
def it_rdms(real_data):
    """``(subject, pair)``: the mean of two sessions of each of four people."""
    with np.load(real_data / "recordings" / "it_92images_rdms" / "it_92images.npz") as arrays:
        sessions = arrays["rdm_human_it_subject_session"].astype(float)
        return condense_rdm(sessions.mean(axis=1)), arrays["rdm_macaque_it"], arrays["rdm_human_it"]


@pytest.fixture
def models(real_data):
    with np.load(real_data / "alignment" / "recordings" / "rdms92_models_and_behaviour.npz") as arrays:
        return dict(zip(arrays["model_names"].tolist(), arrays["model_rdms"], strict=True)), arrays["behaviour_rdms"]


@pytest.mark.parametrize("name", METHODS)
def test_ceilings_and_model_table(it_rdms, models, golden, name):
    subjects, _, _ = it_rdms
    expected = golden("rdm92_expected.json")[name]
    ceiling = rdm_ceiling(subjects, method=METHODS[name], n_permutations=0)
    assert ceiling.lower == pytest.approx(expected["noise_ceiling_lower"], abs=1e-6)
    assert ceiling.upper == pytest.approx(expected["noise_ceiling_upper"], abs=1e-6)
    known = expected["model_mean_over_subjects"]
    assert set(known) == set(models[0])
    table = compare_rdms(np.stack([models[0][model] for model in known]), subjects, method=METHODS[name]).mean(axis=1)
    np.testing.assert_allclose(table, list(known.values()), atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_ceilings_of_behaviour(models, golden, name):
    ceiling = rdm_ceiling(models[1], method=METHODS[name], n_permutations=0)
    expected = golden("rdm92_expected.json")[name]["behaviour_16_subjects_noise_ceiling"]
    np.testing.assert_allclose([ceiling.lower, ceiling.upper], expected, atol=1e-9)


def test_published_numbers_to_three_digits(it_rdms, models):
    subjects, _, _ = it_rdms
    ceiling = rdm_ceiling(subjects, n_permutations=0)
    assert (round(ceiling.lower, 4), round(ceiling.upper, 4)) == (0.3723, 0.6657)
    published = {"animacy": 0.3862, "monkeyIT": 0.2963, "EVA": 0.2454, "HMAX": 0.1599, "V1": 0.0265}
    for model, value in published.items():
        assert compare_rdms(models[0][model], subjects).mean() == pytest.approx(value, abs=5e-5)


def test_averaging_distances_gives_brainscores_ceiling(it_rdms, golden):
    ceiling = rdm_ceiling(it_rdms[0], pooling="mean", n_permutations=0)
    expected = golden("rdm92_expected.json")["brainscore_rsa_ceiling_rule"]
    assert ceiling.upper == pytest.approx(expected["upper"], abs=1e-6)
    assert ceiling.lower == pytest.approx(expected["lower_loo"], abs=1e-6)


def test_species_agree_as_published(it_rdms):
    """Kriegeskorte et al. 2008 report r = 0.49."""
    _, macaque, human = it_rdms
    assert compare_rdms(macaque, human, method="pearson") == pytest.approx(0.491, abs=5e-4)
    assert compare_rdms(macaque, human) == pytest.approx(0.439, abs=5e-4)


def test_four_people_agree_more_than_noise(it_rdms):
    ceiling = rdm_ceiling(it_rdms[0], n_permutations=99)
    assert ceiling.reliable
    assert ceiling.p_value == pytest.approx(0.01)


@pytest.mark.parametrize("region", ["EVC", "IT"])
def test_recordings_without_agreement_are_not_called_reliable(real_data, golden, region):
    """The upper ceiling alone looks like a fair one; it is what noise gives."""
    with np.load(real_data / "alignment" / "recordings" / "net2brain_78images_fmri_rdms.npz") as arrays:
        subjects = arrays[region]
    ceiling = rdm_ceiling(subjects, pooling="mean", n_permutations=99)
    expected = golden("rdm92_expected.json")[f"net2brain78_{region}"]
    assert ceiling.upper == pytest.approx(expected["spearman_upper"], abs=1e-9)
    assert ceiling.lower == pytest.approx(expected["spearman_lower_loo"], abs=1e-9)
    assert ceiling.upper < expected["pure_noise_upper_expectation"]
    assert not ceiling.reliable
    assert ceiling.p_value > 0.05
    assert "no score should be divided by it" in ceiling.describe()
    assert not rdm_ceiling(subjects, n_permutations=99).reliable
