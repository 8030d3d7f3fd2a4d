import numpy as np
import pytest

from simulators.vision import Display, barber_pole, drifting_grating, rectangular_aperture

DISPLAY = Display(64, 64, pixels_per_degree=8, rate_hz=30)


@pytest.mark.parametrize(
    ("direction", "pole", "hz", "perceived"),
    [(45, 90, 4, 90), (135, 90, 4, 90), (-45, 90, 4, 270), (45, 0, 4, 0), (135, 0, 4, 180), (45, 90, -4, 270)],
)
def test_it_seems_to_move_along_the_long_side(direction, pole, hz, perceived):
    clip = barber_pole(DISPLAY, direction_deg=direction, pole_deg=pole, temporal_frequency_hz=hz)
    assert clip.attrs["perceived_direction_deg"] == perceived
    seen = ~np.isnan(clip["flow"].values[0, 0])
    rows, cols = np.ptp(np.argwhere(seen), axis=0)
    assert (rows > cols) == (pole == 90)


def test_it_is_a_grating_in_an_oblong_window():
    clip = barber_pole(DISPLAY, direction_deg=30, pole_deg=80, length_deg=5, width_deg=1.5, edge_deg=0.5)
    window = rectangular_aperture(DISPLAY, 5, 1.5, angle_deg=80, edge_deg=0.5)
    grating = drifting_grating(DISPLAY, direction_deg=30, aperture=window)
    np.testing.assert_array_equal(clip["frames"], grating["frames"])
    assert clip.attrs["direction_deg"] == 30 and clip.attrs["kind"] == "barber pole"


def test_poles_without_a_side_or_an_end_are_refused():
    with pytest.raises(ValueError, match="has no long side"):
        barber_pole(DISPLAY, length_deg=2, width_deg=2)
    with pytest.raises(ValueError, match="the window takes 2 x 9 deg, and the display has 8 x 8"):
        barber_pole(DISPLAY, length_deg=9)
    with pytest.raises(ValueError, match="goes to neither of its ends"):
        barber_pole(DISPLAY, direction_deg=0, pole_deg=90)
