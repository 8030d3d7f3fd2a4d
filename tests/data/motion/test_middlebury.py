"""Middlebury's sequences: motion as described, eight frames of one, and how entries without responses are opened."""

import numpy as np
import pytest

from data.catalogue import dataset_info, load_dataset
from data.errors import DataNotAvailableError
from data.motion import flow_sequence
from data.motion.middlebury import SEQUENCES

# valid fraction, mean and largest speed
PUBLISHED = {
    "dimetrodon": (0.9525, 2.058, 4.67),
    "grove2": (1, 3.090, 5.03),
    "hydrangea": (0.9343, 3.731, 11.12),
    "rubberwhale": (0.984, 1.256, 4.62),
    "urban2": (1, 8.393, 22.19),
    "venus": (1, 3.802, 9.38),
}


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_motion_is_the_described_one(real_data, sequence):
    found = flow_sequence(f"motion/middlebury.{sequence}")
    speed = np.hypot(*found["flow"].values)
    known = np.isfinite(speed)
    described = PUBLISHED[sequence]
    assert known.mean() == pytest.approx(described[0], abs=5e-5 if sequence != "rubberwhale" else 5e-4)
    assert speed[known].mean() == pytest.approx(described[1], abs=5e-4)
    assert speed[known].max() == pytest.approx(described[2], abs=5.1e-3)
    assert (found.sizes["time"], found.attrs["flow_frame"]) == ((8, 3) if sequence == "rubberwhale" else (2, 0))
    assert 0 <= found["frames"].min() < found["frames"].max() <= 1


def test_the_two_frames_of_rubberwhale_are_among_the_eight(real_data):
    from PIL import Image

    found = flow_sequence("motion/middlebury.rubberwhale")
    pair = real_data / "recordings" / "middlebury_flow" / "RubberWhale"
    for number, name in enumerate(("frame10.png", "frame11.png")):
        np.testing.assert_allclose(
            found["frames"][3 + number].transpose("row", "col", "channel") * 255,
            np.asarray(Image.open(pair / name)),
            atol=1e-4,
        )


def test_entries_say_how_they_are_opened():
    with pytest.raises(
        DataNotAvailableError, match=r"no responses; open it with data.motion.flow_sequence\('motion/middlebury"
    ):
        load_dataset("motion/middlebury.venus")
    with pytest.raises(
        ValueError, match="'motion/fly-h1' is no sequence with true motion; there are motion/middlebury.dim"
    ):
        flow_sequence("motion/fly-h1")


def test_absent_files_say_where_they_come_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="vision.middlebury.edu/flow/data"):
        flow_sequence("motion/middlebury.grove2")
    assert all(file.n_bytes for name in SEQUENCES for file in dataset_info(f"motion/middlebury.{name}").files)
