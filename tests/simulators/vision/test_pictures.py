import numpy as np
import pytest
from PIL import Image

from simulators.vision import read_video
from simulators.vision.commands.options import read_array
from simulators.vision.pictures import colours

RAMP = np.arange(0, 65536, 32, dtype=np.uint16).reshape(32, 64)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_grey_of_16_bits_keeps_its_range(tmp_path, ending):
    for number in range(2):
        Image.fromarray(RAMP).save(tmp_path / f"f{number}.{ending}")
    clip = read_video(tmp_path, rate_hz=10, channels=1)
    np.testing.assert_allclose(clip["frames"].values[0, 0], RAMP / 65535, atol=0.6 / 255)
    np.testing.assert_allclose(read_array(str(tmp_path / f"f0.{ending}")), RAMP / 65535, atol=0.6 / 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_pictures_of_8_bits_are_what_pillow_says(mode):
    picture = Image.fromarray((RAMP >> 8).astype(np.uint8)).convert(mode)
    np.testing.assert_array_equal(colours(picture), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_values_without_a_known_range_are_refused(tmp_path, kind):
    Image.fromarray(RAMP.astype(kind)).save(tmp_path / "f0.tif")
    with pytest.raises(ValueError, match="f0.tif .* have no known range; save it with 8 or 16 bits"):
        read_video(tmp_path, rate_hz=10)
