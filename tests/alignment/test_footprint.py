"""Memory that a score will take: grows with what is asked for, and is said before anything is recorded."""

import builtins

import pytest

import alignment.footprint as footprint
from alignment import make_metric
from alignment.footprint import INTERPRETER, available_memory, memory_note, scoring_memory

METRICS = ["ridge", "pls", "linear", "rsa", "cka"]


def memory(name="ridge", width=1000, n_stimuli=400, n_neuroids=100, **options):
    return scoring_memory({"only": width}, n_stimuli, n_neuroids, make_metric(name), **{"n_folds": 5, **options})


@pytest.mark.parametrize("name", METRICS)
def test_more_of_anything_needs_more_memory(name):
    least = memory(name)
    assert least > INTERPRETER
    assert memory(name, width=100_000) > least
    assert memory(name, n_stimuli=4000) > least
    assert memory(name, n_neuroids=10_000) > least
    assert memory(name, n_boot=10_000) > least
    assert memory(name, on_disk=True) == least - 1000 * 400 * 4


def test_permutations_widen_the_regression():
    assert memory("ridge", permuted_columns=20_000) > memory("ridge", permuted_columns=10_000) > memory("ridge")
    assert memory("ridge", permuted_columns=50) == memory("ridge")  # as many columns as there are neuroids


def test_all_layers_are_held():
    one, two = (
        scoring_memory(dict.fromkeys(names, 500), 400, 10, make_metric("ridge"), n_folds=5) for names in ("a", "ab")
    )
    assert two - one == 500 * 400 * 4


@pytest.mark.parametrize("n_folds", [1, 2, 10])
@pytest.mark.parametrize("name", METRICS)
def test_any_number_of_folds_has_a_footprint(name, n_folds):
    assert memory(name, n_folds=n_folds) > INTERPRETER


def test_free_memory_is_told_on_this_system():
    assert available_memory() > 1e7


def test_without_the_file_of_linux_all_memory_counts(monkeypatch):
    import os

    def refuse(*arguments, **options):
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refuse)
        assert available_memory() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        patch.delattr(os, "sysconf")
        assert available_memory() is None


def test_too_much_is_said(monkeypatch):
    monkeypatch.setattr(footprint, "available_memory", lambda: 2_000_000_000)
    assert memory_note(2_000_000_000) == ""
    assert memory_note(3_500_000_000).startswith(
        "scoring will need about 3.5 GB and 2.0 GB are free; score fewer layers"
    )
    monkeypatch.setattr(footprint, "available_memory", lambda: None)
    assert memory_note(10**15) == ""
