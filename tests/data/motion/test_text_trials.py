"""The archive's text format, on files in the layout that its page describes."""

import numpy as np
import pytest

from data.motion import read_text_trials

# Name, times, parameters: made up; the layout is the documented one.
FILE = """Name neuron 7
Start -100
Duration 1100
Sampling 1000.0
Params contrast direction
Trials 3
T 1 1.00 45
R 3 -50 10 900
T 2 0.50 bar
R 0
T 3\t1.00 45
R 1\t31
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "file.t1"
        path.write_text(text)
        return path

    return write


def test_trials_are_read_as_written(write):
    found = read_text_trials(write(FILE))
    assert (found.name, found.start_s, found.duration_s) == ("neuron 7", -0.1, 1.1)
    assert found.parameters == {"contrast": ["1.00", "0.50", "1.00"], "direction": ["45", "bar", "45"]}
    assert [one.tolist() for one in found.spikes_s] == [[-0.05, 0.01, 0.9], [], [0.031]]
    assert all(one.dtype == np.float64 for one in found.spikes_s)


def test_sampling_sets_the_clock(write):
    found = read_text_trials(write(FILE.replace("1000.0", "500")))
    assert found.duration_s == 2.2 and found.spikes_s[2].tolist() == [0.062]


def test_a_file_without_parameters_is_read(write):
    found = read_text_trials(write("Name n\nStart 0\nDuration 10\nSampling 1000\nParams\nTrials 1\nT 1\nR 1 3\n"))
    assert found.parameters == {} and len(found.spikes_s) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Sampling 1000.0\n", ""), "it has no Sampling"),
        (("Duration 1100", "Duration long"), "must be numbers"),
        (("Trials 3", "Trials 4"), "says 4 trials .* has 6 lines"),
        (("R 3 -50 10 900", "R 4 -50 10 900"), "trial 1 has 2 values and 3 spikes, where 2 and 4 are announced"),
        (("T 2 0.50 bar", "T 2 0.50"), "trial 2 has 1 values"),
    ],
)
def test_broken_files_are_refused(write, change, words):
    with pytest.raises(ValueError, match=words):
        read_text_trials(write(FILE.replace(*change)))


def test_other_text_is_refused(write):
    with pytest.raises(ValueError, match="no file of the format T1: it has no Name, Start"):
        read_text_trials(write("something else\n"))
