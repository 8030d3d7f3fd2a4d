import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from alignment.perceived_flow import LucasKanade, endpoint_error

# Mean endpoint errors of zero flow as listed with the sequences, and what a public implementation of iterated Lucas-Kanade
# without a pyramid gets (RubberWhale, Venus).
ZERO = {"RubberWhale": 1.256, "Venus": 3.802}
PEER = {"RubberWhale": 0.272, "Venus": 0.520}


def texture(shape=(96, 112), seed=0):
    return ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.5, mode="wrap")


@pytest.mark.parametrize(("right", "down"), [(1.5, -0.5), (0.0, 0.0), (-4.0, 3.0)])
def test_a_shifted_texture_moves_by_its_shift(right, down):
    first = texture()
    second = ndimage.shift(first, (down, right), order=3, mode="grid-wrap")
    flow = LucasKanade().flow(np.stack([first, second])[None, :, None])[0]
    middle = flow[:, 16:-16, 16:-16].reshape(2, -1).T
    assert endpoint_error(middle, np.array([right, down])) < 0.05


def test_a_picture_without_structure_does_not_move():
    assert not LucasKanade().flow(np.full((1, 2, 3, 40, 40), 0.5)).any()


@pytest.mark.parametrize("name", ZERO)
def test_real_sequences(real_data, name):
    folder = real_data / "recordings/middlebury_flow" / name
    header = np.fromfile(folder / "flow10.flo", "<i4", count=3)
    truth = np.fromfile(folder / "flow10.flo", "<f4")[3:].reshape(header[2], header[1], 2)
    known = (np.abs(truth) < 1e9).all(axis=2)
    frames = np.stack([np.asarray(Image.open(folder / f"frame{k}.png").convert("RGB")) for k in (10, 11)])
    flow = LucasKanade().flow(frames.transpose(0, 3, 1, 2)[None] / 255)[0].transpose(1, 2, 0)
    assert endpoint_error(np.zeros_like(truth[known]), truth[known]) == pytest.approx(ZERO[name], abs=1e-3)
    assert endpoint_error(flow[known], truth[known]) < PEER[name] + 0.1


def test_clips_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="give \\(batch, 2 frames, 1 or 3 channels"):
        LucasKanade().flow(np.zeros((1, 3, 1, 40, 40)))
