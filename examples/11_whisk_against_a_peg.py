"""In which phase of the whisk does each whisker touch? A rat whisks against a peg, every cycle a little different."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from simulators.whisker import Scene, SceneObject, rat_array, simulate
from simulators.whisker.analysis import contact_episodes
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.pictures.drawing import LINE_COLOURS
from simulators.whisker.pictures.figures import contact_raster, scene_picture
from simulators.whisker.solids import Cylinder

NAMES = ("RB1", "RB2", "RC1", "RC2", "RD1", "RD2")
N_WHISKS, SEED = 6, 1

array = rat_array(names=NAMES)
motion = whisking(array, frequency_hz=8.0, amplitude_cv=0.15, frequency_cv=0.1, set_point_sd_deg=2.0, seed=SEED)
peg = SceneObject(Cylinder(1.0, 60.0), RigidMotion.fixed((26.0, -2.0, 0.0)), "peg")
scene = Scene(array, (peg,), base_motion=motion, duration_s=N_WHISKS / 8)
recording = simulate(scene, progress=True)

time, phase = recording["time"].values, recording["phase"].values
angle = recording["protraction"].values
moments = np.linalg.norm(recording["moment"].values, axis=2)
episodes = contact_episodes(recording, shortest_gap_s=0.01)
onsets = {}  # name -> samples at which a touch begins
print("whisker  touches  first [s]  protraction [deg]  phase at onset [deg]  largest moment [uN.m]")
for number, name in enumerate(NAMES):
    onsets[name] = np.searchsorted(time, [one.onset_s for one in episodes if one.whisker == name])
    if len(onsets[name]) == 0:
        print(f"{name:8s} {0:7d}")
        continue
    mean_phase = np.angle(np.exp(1j * phase[onsets[name], number]).mean())
    print(
        f"{name:8s} {len(onsets[name]):7d} {time[onsets[name][0]]:10.3f} {angle[onsets[name], number].mean():18.1f}"
        f" {np.rad2deg(mean_phase):21.0f} {moments[:, number].max():22.2f}"
    )

figure = plt.figure(figsize=(10, 8), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=(1, 1.1))
left, right = above.add_subplot(1, 2, 1), above.add_subplot(1, 2, 2, projection="polar")
longest = max(episodes, key=lambda one: one.release_s - one.onset_s)
scene_picture(recording, scene, (longest.onset_s + longest.release_s) / 2, view="top", names=True, ax=left)
upper, middle, lower = below.subplots(3, 1, sharex=True)
upper.plot(time, angle[:, 0], color="black")
upper.set_ylabel("protraction\n[deg]")
contact_raster(recording, ax=middle)
middle.set_xlabel("")
for number, (name, colour) in enumerate(zip(NAMES, LINE_COLOURS, strict=True)):
    radius = np.full(len(onsets[name]), number + 3)
    right.plot(phase[onsets[name], number], radius, "o", color=colour, label=name)
    lower.plot(time, moments[:, number], color=colour, linewidth=1)
right.set_rlim(0, len(NAMES) + 3)
right.set_yticks([])
right.set_title("phase at each touch (0: fully protracted)")
lower.set_ylabel("|moment|\n[µN·m]")
lower.set_xlabel("time [s]")
figure.savefig("11_whisk_against_a_peg.png", dpi=150)
