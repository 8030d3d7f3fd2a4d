import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from simulators.vision import read_flo, read_kitti_flow, write_flo, write_kitti_flow
from simulators.vision.png16 import png16_bytes, read_png16

# Share of known pixels, mean and largest speed, as the collection states them.
MIDDLEBURY = {
    "Dimetrodon": (0.9525, 2.058, 4.67),
    "Grove2": (1, 3.090, 5.03),
    "Hydrangea": (0.9343, 3.731, 11.12),
    "RubberWhale": (0.984, 1.256, 4.62),
    "Urban2": (1, 8.393, 22.19),
    "Venus": (1, 3.802, 9.38),
}


def a_flow(seed=0):
    flow = np.random.default_rng(seed).normal(0, 20, (2, 5, 7)).astype(np.float32)
    flow[:, 1, 2] = np.nan
    return flow


def test_flo_comes_back_to_the_bit(tmp_path):
    path = write_flo(tmp_path / "new" / "a.flo", a_flow())
    np.testing.assert_array_equal(read_flo(path), a_flow())
    content = path.read_bytes()
    assert content[:4] == b"PIEH" and struct.unpack("<ii", content[4:12]) == (7, 5)
    assert struct.unpack("<ff", content[12:20]) == tuple(a_flow()[:, 0, 0].tolist())
    assert [file.name for file in path.parent.iterdir()] == ["a.flo"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a .flo file"),
        (b"GIF89a" + bytes(40), "is not a .flo file"),
        (struct.pack("<fii", 202021.25, 3, 2) + bytes(40), "is truncated: 52 bytes, 3 x 2 pixels need 60"),
        (struct.pack("<fii", 202021.25, 3, 2) + bytes(50), "is too long"),
        (struct.pack("<fii", 202021.25, -3, 2), "says it has -3 x 2 pixels"),
    ],
)
def test_other_files_are_no_flow(tmp_path, content, words):
    (tmp_path / "a.flo").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_flo(tmp_path / "a.flo")


@pytest.mark.parametrize("name", MIDDLEBURY)
def test_middlebury_flows_have_their_statistics(real_data, name):
    flow = read_flo(real_data / "recordings" / "middlebury_flow" / name / "flow10.flo")
    known = np.isfinite(flow).all(axis=0)
    speed = np.hypot(*flow[:, known].astype(float))
    share, mean, largest = MIDDLEBURY[name]
    assert known.mean() == pytest.approx(share, abs=6e-5)
    assert speed.mean() == pytest.approx(mean, abs=6e-4)
    assert speed.max() == pytest.approx(largest, abs=6e-3)


def test_kitti_flow_comes_back_in_its_steps(tmp_path):
    flow = np.round(a_flow() * 64) / 64
    back, valid = read_kitti_flow(write_kitti_flow(tmp_path / "a.png", flow))
    np.testing.assert_array_equal(back, flow)
    np.testing.assert_array_equal(valid, np.isfinite(flow[0]))
    some = np.zeros((5, 7), dtype=bool)
    some[2, 3] = True
    back, valid = read_kitti_flow(write_kitti_flow(tmp_path / "b.png", flow, some))
    assert valid.sum() == 1 and np.isfinite(back).sum() == 2
    pixels = read_png16(tmp_path / "a.png")
    assert pixels[0, 0].tolist() == [*(flow[:, 0, 0] * 64 + 32768).tolist(), 1] and pixels[1, 2].tolist() == [0, 0, 0]


def test_kitti_flow_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not within -512 to 512"):
        write_kitti_flow(tmp_path / "a.png", np.full((2, 3, 3), 600.0))
    with pytest.raises(ValueError, match="not finite"):
        write_kitti_flow(tmp_path / "a.png", np.full((2, 3, 3), np.nan), np.ones((3, 3), dtype=bool))
    with pytest.raises(ValueError, match=r"valid has shape \(2, 2\)"):
        write_kitti_flow(tmp_path / "a.png", np.zeros((2, 3, 3)), np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"flow has shape \(3, 3, 2\)"):
        write_flo(tmp_path / "a.flo", np.zeros((3, 3, 2)))


def filtered(pixels, filters):
    """A PNG whose rows have these filters, coded plainly from the definition of the format."""
    raw = np.ascontiguousarray(pixels, dtype=">u2").view(np.uint8).reshape(len(pixels), -1).astype(int)
    lines = b""
    for row, kind in enumerate(filters):
        line = [kind]
        for place, value in enumerate(raw[row]):
            left = raw[row][place - 6] if place >= 6 else 0
            up = raw[row - 1][place] if row else 0
            corner = raw[row - 1][place - 6] if row and place >= 6 else 0
            guess = left + up - corner
            paeth = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line.append((value - (0, left, up, (left + up) // 2, paeth)[kind]) % 256)
        lines += bytes(line)
    content = png16_bytes(pixels)
    start = content.index(b"IDAT") - 4
    data = zlib.compress(lines)
    chunk = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    return content[:start] + chunk + content[-12:]


def test_every_filter_of_png_is_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (7, 9, 3)).astype(np.uint16)
    pixels[3:] //= 300  # small differences too
    for name, filters in {"each": (0, 1, 2, 3, 4, 3, 1), "paeth": (4,) * 7, "mean": (3,) * 7}.items():
        (tmp_path / name).write_bytes(filtered(pixels, filters))
        np.testing.assert_array_equal(read_png16(tmp_path / name), pixels)


def test_another_library_reads_the_upper_bytes(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (7, 9, 3)).astype(np.uint16)
    with Image.open(io.BytesIO(png16_bytes(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels >> 8)


def test_damaged_pngs_are_refused(tmp_path):
    path = write_kitti_flow(tmp_path / "a.png", np.zeros((2, 30, 40)))
    whole = path.read_bytes()
    for content, words in (
        (b"P6 3 3 255", "is not a PNG"),
        (whole[:-20], "is truncated"),
        (whole[:60] + b"\x00\x01" + whole[62:], "truncated or damaged"),
        (whole[:25] + b"\x00" + whole[26:], "flow is stored with 16 bits"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=words):
            read_kitti_flow(path)
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(path)
    with pytest.raises(ValueError, match="has 8 bits and colour type 2"):
        read_kitti_flow(path)
