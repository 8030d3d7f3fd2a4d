"""Films with true motion: the reader agrees with that of the simulators, folders in Middlebury's layout, what does not fit."""

import struct

import numpy as np
import pytest
from PIL import Image

from data.motion import read_flow, read_flow_folder, read_flow_sequence
from simulators.vision import read_flo, write_flo

SHAPE = (6, 9)


@pytest.fixture
def flow():
    values = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)
    values[:, 1, 2] = np.nan
    return values


@pytest.fixture
def folder(tmp_path, flow):
    """Frames 09 to 12, each of one brightness, and the flow from frame 10."""
    write_flo(tmp_path / "flow10.flo", flow)
    for number in (9, 10, 11, 12):
        Image.new("RGB", SHAPE[::-1], (number, 2 * number, 255)).save(tmp_path / f"frame{number:02d}.png")
    return tmp_path


def test_both_readers_read_the_same(tmp_path, flow):
    path = write_flo(tmp_path / "one.flo", flow)
    np.testing.assert_array_equal(read_flow(path), read_flo(path))
    np.testing.assert_array_equal(read_flow(path), flow)


def test_both_readers_read_the_same_real_file(real_data):
    path = real_data / "recordings" / "middlebury_flow" / "RubberWhale" / "flow10.flo"
    np.testing.assert_array_equal(read_flow(path), read_flo(path))


def test_folder_is_read_in_order_with_its_flow(folder, flow):
    found = read_flow_folder(folder)
    assert dict(found.sizes) == {"time": 4, "channel": 3, "row": 6, "col": 9, "component": 2}
    assert found.attrs["flow_frame"] == 1 and found.attrs["name"] == folder.name
    np.testing.assert_allclose(found["frames"][:, 0, 0, 0] * 255, [9, 10, 11, 12])
    np.testing.assert_array_equal(found["flow"], flow)


@pytest.mark.parametrize(
    "content", [b"", b"short", struct.pack("<fii", 202021.25, 3, 3), struct.pack("<fii", 1.0, 1, 1) * 2]
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "broken.flo"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no whole .flo file"):
        read_flow(path)


def test_what_does_not_fit_is_said(folder, flow):
    frames = sorted(folder.glob("frame*.png"))
    with pytest.raises(ValueError, match="flow_frame of x is 3, but 4 frames are given"):
        read_flow_sequence(frames, folder / "flow10.flo", flow_frame=3, name="x")
    write_flo(folder / "small.flo", flow[:, :3])
    with pytest.raises(ValueError, match="frames and flow of x have the sizes"):
        read_flow_sequence(frames, folder / "small.flo", flow_frame=0, name="x")
    with pytest.raises(ValueError, match="must hold frame20.png, the next frame and flow10.flo; it has frame09.png"):
        read_flow_folder(folder, flow_frame="frame20.png")
