import pytest
import torch

from neuromodels import create_model
from neuromodels.motion.clips import check_clips, luminance


def check(clips, **options):
    return check_clips(clips, **{"smallest_side": 8, "model": "the model", **options})


def test_good_clips_come_back_unchanged():
    for channels in (1, 3):
        clips = torch.rand(2, 11, channels, 16, 8)
        assert check(clips, n_frames=11, at_least=6) is clips


def test_rounding_at_the_ends_of_the_range_is_no_error():
    check(torch.tensor([0.0, 1.0]).repeat(64).view(1, 2, 1, 8, 8) * 1.0001 - 1e-5)


@pytest.mark.parametrize(
    ("clips", "options", "message"),
    [
        ([[0.5]], {}, "takes a torch tensor, received list"),
        (torch.rand(11, 1, 8, 8), {}, r"received the shape \(11, 1, 8, 8\); one clip alone is clip\[None\]"),
        (torch.zeros(1, 11, 1, 8, 8, dtype=torch.uint8), {}, r"received torch.uint8; use clips.float\(\) / 255"),
        (torch.rand(0, 11, 1, 8, 8), {}, "received no clips"),
        (torch.rand(1, 11, 2, 8, 8), {}, "1 channel .* or 3 .*, received 2"),
        (torch.rand(1, 10, 1, 8, 8), {"n_frames": 11}, "clips of 11 frames, received 10"),
        (torch.rand(1, 12, 1, 8, 8), {"n_frames": 11}, "clips of 11 frames, received 12"),
        (torch.rand(1, 5, 1, 8, 8), {"at_least": 6}, "at least 6 frames, received 5"),
        (torch.rand(1, 11, 1, 7, 9), {}, "at least 8 x 8 pixels, received 7 x 9"),
        (torch.full((1, 11, 1, 8, 8), 255.0), {}, "run from 255 to 255; .* divide by 255"),
        (torch.full((1, 11, 1, 8, 8), -1.0), {}, "run from -1 to -1"),
        (torch.full((1, 11, 1, 8, 8), torch.inf), {}, "run from inf to inf"),
    ],
)
def test_unusable_clips_are_refused_in_one_sentence(clips, options, message):
    with pytest.raises(ValueError, match=message):
        check(clips, **options)


def test_pixels_that_are_nan_are_counted():
    clips = torch.rand(1, 11, 1, 8, 8)
    clips[0, 3, 0, 2, 1:4] = torch.nan
    with pytest.raises(ValueError, match="3 pixels of the clips for the model are NaN"):
        check(clips)


def test_a_dark_first_frame_does_not_hide_the_range_of_the_others():
    clips = torch.full((1, 11, 1, 8, 8), 200.0)
    clips[:, 0] = 0
    with pytest.raises(ValueError, match="divide by 255"):
        check(clips)


def test_luminance_of_colours_and_of_one_channel():
    primaries = torch.eye(3).view(1, 3, 3, 1, 1)
    torch.testing.assert_close(luminance(primaries).flatten(), torch.tensor([0.299, 0.587, 0.114]))
    grey = torch.rand(2, 4, 1, 5, 6)
    assert torch.equal(luminance(grey), grey[:, :, 0])
    torch.testing.assert_close(luminance(grey.expand(-1, -1, 3, -1, -1)), grey[:, :, 0])


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("name", "n_frames"),
    [
        ("motion/adelson-bergen", 12),
        ("motion/ffv1mt", 5),
        ("motion/nishimoto-gallant", 16),
        ("motion/simoncelli-heeger", 9),
        ("motion/fom-small", 15),
        ("motion/dual-small", 15),
    ],
)
def test_clips_of_any_precision_are_answered_in_that_of_the_model(name, n_frames, kind):
    options = {"n_rows": 40, "n_cols": 40} if name == "motion/nishimoto-gallant" else {}
    model = create_model(name, **options)
    clips = torch.rand(1, n_frames, 1, 40, 40, generator=torch.Generator().manual_seed(0)).to(kind)
    with torch.inference_mode():
        found, wanted = model(clips), model(clips.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
