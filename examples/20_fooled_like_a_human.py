"""Is a model fooled like a human? Reverse phi, the missing fundamental and the barber pole, seen by four read-outs.

People see the first two go backwards, and the third along its window. Which of this a model sees depends on how direction
is read from it: whether every unit has one vote or the strongest response decides, and at which scale the units see. Matching
brightness goes along the pole, where motion energy stays with the bars.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from alignment.perceived_flow import LucasKanade
from alignment.plots import STYLE
from neuromodels import create_model
from neuromodels.motion import EnergyBank, bank_units, opponent_energy, population_direction
from simulators.vision import Display, barber_pole, missing_fundamental, moving_texture, reverse_phi

DISPLAY = Display(n_rows=96, n_cols=96, pixels_per_degree=8, rate_hz=24)
N_FRAMES, N_DIRECTIONS = 15, 8
# The square wave has 32 pixels per cycle: these are its third, fifth and seventh harmonic, and one scale below them.
SCALES = (1 / 32, 3 / 32, 5 / 32, 7 / 32)
texture = moving_texture(DISPLAY, n_frames=N_FRAMES, speed_deg_per_s=DISPLAY.degrees_per_second(2), contrast=0.6)
CLIPS = {
    "texture": texture,
    "reverse phi": reverse_phi(texture),
    "missing fundamental": missing_fundamental(DISPLAY, n_frames=N_FRAMES, spatial_frequency_cpd=0.25),
    "barber pole": barber_pole(DISPLAY, n_frames=N_FRAMES, length_deg=9, width_deg=3),
}
model = create_model("motion/adelson-bergen", n_directions=N_DIRECTIONS, spatial_frequencies_cpp=SCALES)
bank = EnergyBank(n_levels=4, units_per_level=64)
plt.style.use(STYLE)


def middle(maps):
    """Mean over the inner half of maps ``(..., row, col)``."""
    rows, cols = (slice(size // 4, size - size // 4) for size in maps.shape[-2:])
    return maps[..., rows, cols].mean((-2, -1))


def energies(frames):
    """Energy by scale and direction ``(scale, direction)``."""
    with torch.no_grad():
        return middle(model(torch.from_numpy(frames)[None])).mean((0, 1)).reshape(len(SCALES), N_DIRECTIONS)


def one_vote_each(frames):
    """Every energy against that of the opposite direction, over their sum."""
    found = energies(frames)
    opposite = found.roll(N_DIRECTIONS // 2, dims=1)
    return population_direction(((found - opposite) / (found + opposite)).flatten(), model.units("v1"))


def strongest_decides(frames):
    """The energies as they are."""
    return population_direction(energies(frames).flatten(), model.units("v1"))


def random_bank(frames):
    """256 units of random preferences, each against its twin for the opposite direction."""
    with torch.no_grad():
        opponents = opponent_energy(bank, torch.from_numpy(frames[2:13, 0])[None])
    return population_direction(middle(opponents)[0], bank_units(bank))


def matching(frames):
    """Mean flow over all pairs of frames."""
    right, down = middle(LucasKanade(n_levels=3).flow(np.stack([frames[:-1], frames[1:]], axis=1))).mean(axis=0)
    return np.rad2deg(np.arctan2(-down, right)) % 360


READ_OUTS = {
    "energy, one vote each": one_vote_each,
    "energy, strongest decides": strongest_decides,
    "random energy bank": random_bank,
    "Lucas-Kanade": matching,
}
figure = plt.figure(figsize=(12, 5.4), layout="constrained")
for number, (name, clip) in enumerate(CLIPS.items()):
    frames, moved = clip["frames"].values, clip.attrs["direction_deg"]
    perceived = clip.attrs.get("perceived_direction_deg", moved)
    above = figure.add_subplot(2, 4, number + 1)
    above.imshow(frames[0, 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    above.set_axis_off()
    above.set_title(name)
    wheel = figure.add_subplot(2, 4, number + 5, projection="polar")
    wheel.set_yticks([])
    wheel.plot(2 * [np.deg2rad(moved)], [0, 1], color="#999999", linewidth=6, alpha=0.5, label="picture moves")
    wheel.plot(2 * [np.deg2rad(perceived)], [0, 1], color="black", linewidth=2, label="people see")
    print(f"{name}: moves to {moved:.0f} deg, people see {perceived:.0f} deg")
    for colour, (reader, read) in enumerate(READ_OUTS.items()):
        seen = float(read(frames))
        print(f"  {reader:26s} {seen:5.1f}")
        wheel.plot(np.deg2rad(seen), 0.55 + 0.13 * colour, "o", color=f"C{colour}", label=reader)
    wheel.set_ylim(0, 1.05)
figure.legend(*wheel.get_legend_handles_labels(), loc="outside lower center", ncols=6)

each = energies(CLIPS["missing fundamental"]["frames"].values)
for scale, found in zip(SCALES, each, strict=True):
    direction = float(population_direction(found, model.units("v1").isel(unit=slice(0, N_DIRECTIONS))))
    print(
        f"missing fundamental at {32 * scale:.0f} cycles per cycle of the wave: {direction:5.1f} deg, energy {found.sum():.2e}"
    )
figure.savefig("20_fooled_like_a_human.png", dpi=110)
