"""Is a model fooled like a human? Reverse phi, the missing fundamental, and the barber pole, seen by three models.

People see the first two go backwards, and the third along its window. Motion energy does the first two by itself, what
matches brightness from frame to frame does not; nothing here pools along a window, so that nothing follows the third.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from alignment.perceived_flow import LucasKanade
from neuromodels import create_model
from neuromodels.motion import EnergyBank, opponent_energy, population_direction
from simulators.vision import Display, barber_pole, missing_fundamental, moving_texture, reverse_phi

DISPLAY = Display(n_rows=96, n_cols=96, pixels_per_degree=8, rate_hz=24)
N_FRAMES = 15
texture = moving_texture(DISPLAY, n_frames=N_FRAMES, speed_deg_per_s=DISPLAY.degrees_per_second(2), contrast=0.6)
CLIPS = {
    "texture": texture,
    "reverse phi": reverse_phi(texture),
    "missing fundamental": missing_fundamental(
        DISPLAY, n_frames=N_FRAMES, spatial_frequency_cpd=0.25, contrast=0.5, temporal_frequency_hz=None
    ),
    "barber pole": barber_pole(DISPLAY, n_frames=N_FRAMES, length_deg=9, width_deg=3),
}
energies, bank = create_model("motion/adelson-bergen"), EnergyBank(units_per_level=64, n_levels=4)


def middle(maps):
    """Mean over the inner half of maps ``(..., row, col)``."""
    rows, cols = (slice(size // 4, size - size // 4) for size in maps.shape[-2:])
    return maps[..., rows, cols].mean((-2, -1))


def of_energies(frames):
    """Each direction's energy against that of its opposite, over their sum; then the population."""
    with torch.no_grad():
        found = middle(energies(torch.from_numpy(frames)[None])).mean((0, 1)).reshape(3, 8)
    against = found.roll(4, dims=1)
    return population_direction(((found - against) / (found + against)).flatten(), energies.units("v1"))


def of_strongest(frames):
    """The sum of all energies instead: whoever responds most decides."""
    with torch.no_grad():
        return population_direction(middle(energies(torch.from_numpy(frames)[None])).mean((0, 1)), energies.units("v1"))


def of_bank(frames):
    """Random units, each against its twin for the opposite direction."""
    from neuromodels.motion import bank_units

    with torch.no_grad():
        return population_direction(
            middle(opponent_energy(bank, torch.from_numpy(frames[2:13, 0])[None]))[0], bank_units(bank)
        )


def of_matching(frames):
    """Mean flow of Lucas and Kanade over all pairs of frames."""
    pairs = np.stack([frames[:-1], frames[1:]], axis=1)
    right, down = middle(LucasKanade(n_levels=3).flow(pairs)).mean(0)
    return np.rad2deg(np.arctan2(-down, right)) % 360


SEEN_BY = {"Adelson-Bergen, opponents": of_energies, "Adelson-Bergen, sum": of_strongest, "energy bank": of_bank, "Lucas-Kanade": of_matching}
for name, clip in CLIPS.items():
    shown, perceived = (clip.attrs.get(fact, clip.attrs["direction_deg"]) for fact in ("direction_deg", "perceived_direction_deg"))
    print(name, shown, perceived, {k: float(np.round(f(clip["frames"].values), 1)) for k, f in SEEN_BY.items()})
figure = plt.figure(); figure.savefig("20_fooled_like_a_human.png")
