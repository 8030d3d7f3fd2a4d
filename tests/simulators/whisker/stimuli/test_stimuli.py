import subprocess
import sys

import pytest

from simulators.whisker import stimuli


def test_every_public_name_can_be_had():
    assert set(dir(stimuli)) == set(stimuli.__all__)
    for name in stimuli.__all__:
        assert getattr(stimuli, name).__name__ == name if name not in ("FAMILIES",) else stimuli.FAMILIES
    with pytest.raises(AttributeError, match="no attribute 'Sweeps'"):
        stimuli.Sweeps  # noqa: B018


def test_import_brings_no_compiler():
    code = "import sys, simulators.whisker.stimuli as s; s.categories, s.clean_grid; print('numba' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
