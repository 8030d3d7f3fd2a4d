"""At what frequency does a whisker ring, and how soon is it silent? A passing peg plucks rat whiskers one by one.

The peg bends the whisker until it slips off; what follows is free motion, compared with the modes of the same beam. It is
read across the plane of the whisker's curvature: in the plane the frequencies are a little lower, and both together beat.
A second run with little damping lets the higher modes be heard.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from simulators.whisker import Mechanics, Scene, SceneObject, rat_array, simulate_scenes
from simulators.whisker.analysis import contact_episodes, ring_down
from simulators.whisker.beams.modes import natural_frequencies_hz
from simulators.whisker.motion import RigidMotion
from simulators.whisker.solids import Cylinder

NAMES = ("RC0", "RC2", "RC4")
DAMPING = (0.14, 0.01)  # of the first mode; measured in isolated whiskers: 0.11 to 0.17
RATE_HZ, DURATION_S, SPEED_MM_S = 5000, 0.35, 150.0


def plucked(name):
    """A whisker and a peg that passes 7/8 of the way to its tip, from rostral to caudal."""
    array = rat_array(names=[name])
    before, touched, after = array.centre_lines_mm(9)[0, 6:]
    across = np.cross(after - before, (0, 0, 1))
    across *= -np.sign(across[1]) / np.linalg.norm(across)
    path = RigidMotion.linear(touched - 2.0 * across, SPEED_MM_S * across)
    peg = SceneObject(Cylinder(0.5, 30.0), path, "peg")
    return Scene(array, (peg,), duration_s=DURATION_S, rate_hz=RATE_HZ)


scenes = [plucked(name) for name in NAMES]
figure, axes = plt.subplots(len(NAMES), 2, figsize=(9, 2 * len(NAMES)), layout="constrained")
print("whisker  damping asked, found   first mode by theory, found   second by theory, found [Hz]")
for ratio, colour in zip(DAMPING, ("#0072B2", "#E69F00"), strict=True):
    mechanics = Mechanics(damping_ratio=ratio)
    for scene, recording, row in zip(scenes, simulate_scenes(scenes, mechanics), axes, strict=True):
        name, rest = scene.array.names[0], scene.array.centre_lines_mm(2)[0, -1]
        time, tip = recording["time"].values, recording["tip"].values[:, 0] - rest
        release = contact_episodes(recording)[-1].release_s
        free = time > release + 0.002
        swing = tip @ scene.array.base_rotations()[0, :, 2]  # across the plane of the curvature
        rang = ring_down(swing[free], RATE_HZ)
        found = [*rang.natural_frequency_hz, *(np.nan,) * 2][:2]
        modes = natural_frequencies_hz(mechanics.chain(scene.array.whiskers[0]), 3)
        second = "overdamped or too weak" if np.isnan(found[1]) else f"{found[1]:.1f}"
        print(
            f"{name:8s} {ratio:8.3f} {rang.damping_ratio[0]:7.3f} {modes[0]:17.1f} {found[0]:7.1f}"
            f" {modes[1]:18.1f}   {second}"
        )
        if ratio == DAMPING[0]:
            row[0].plot(time, swing, color=colour)
            row[0].axvline(release, color="#D55E00", linewidth=0.8, label="slips off the peg")
            row[0].set_xlim(0, release + 8 / modes[0])
            row[0].set_ylabel(f"{name}: tip [mm]")
            for mode in modes:
                row[1].axvline(mode, color="#009E73", linestyle="--", linewidth=0.8)
            row[1].set_xlim(0, 1.2 * modes[2])
            row[1].set_ylabel("spectrum (of its peak)")
        moment = recording["moment"].values[free, 0]
        spectrum = np.linalg.norm(np.fft.rfft(moment * np.hanning(len(moment))[:, None], 1 << 14, axis=0), axis=1)
        frequencies = np.fft.rfftfreq(1 << 14, 1 / RATE_HZ)
        row[1].semilogy(frequencies, spectrum / spectrum.max(), color=colour, label=f"damping {ratio}")
        row[1].set_ylim(1e-4, 2)
axes[0, 0].set_title("tip across the plane of curvature")
axes[0, 1].set_title("moment on the base; dashed: beam theory")
axes[0, 0].legend(loc="upper right")
axes[1, 1].legend(loc="upper right")
axes[-1, 0].set_xlabel("time [s]")
axes[-1, 1].set_xlabel("frequency [Hz]")
figure.savefig("09_pluck_a_whisker.png", dpi=150)
