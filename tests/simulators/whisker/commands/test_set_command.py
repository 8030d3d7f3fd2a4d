"""Which sweeps of a large set a part of it holds."""

import numpy as np

from simulators.whisker.commands.set_command import spread


def test_a_part_has_every_stretch_of_the_set_and_every_place_of_the_grid():
    part = spread(9600, 96, seed=0)
    assert [number // 100 for number in part] == list(range(96))
    # Equal steps of 100 would find one of eight heights and distances only.
    counts = np.bincount(np.array(part) % 8, minlength=8)
    assert counts.min() >= 5


def test_a_part_is_that_of_its_seed_and_the_whole_is_the_whole():
    assert spread(1000, 7, seed=1) == spread(1000, 7, seed=1) != spread(1000, 7, seed=2)
    assert spread(11, None, seed=0) == spread(11, 11, seed=3) == spread(11, 40, seed=3) == list(range(11))


def test_sweeps_that_no_network_can_learn_from_are_said_to_be_too_short(tmp_path, capsys, monkeypatch):
    """Nothing is simulated: the collection that comes back is one of the test's own."""
    from neuromodels.cli import main
    from simulators.whisker.commands import set_command

    class Made(list):
        folder, failures = tmp_path / "set", {}

    monkeypatch.setattr(set_command, "write_collection", lambda *arguments, **options: Made([1]))
    words = ["simulate", "whisker", "--set", "sweeps", "--objects", "1", "--categories", "ball", "--sweeps", "1"]
    short = [*words, "--rate", "200", "--duration", "0.3", "--out", str(tmp_path / "set")]
    assert main(short) == 0
    assert "a sweep has 60 intervals, and tactile networks take 110" in capsys.readouterr().err
    assert main([*words, "--rate", "400", "--duration", "0.3", "--out", str(tmp_path / "set")]) == 0
    assert "intervals" not in capsys.readouterr().err
