"""What does each moving stimulus look like? A contact sheet: three frames, a slice through space and time, the flow.

A slice is the liveliest row over time, running downwards: what moves to the right leans to the right, what flickers without
moving makes a checkerboard, and what jumps by more than half a cycle leans the wrong way.
"""

import inspect

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from simulators.vision import KINDS, Display, generator_of
from simulators.vision.movies import flow_picture

DISPLAY = Display()
PHOTOGRAPH = load_sample_image("china.jpg")[80:240, 140:320].mean(axis=2) / 255
PER_ROW, PANELS = 2, 5

clips = {}
for kind in sorted(KINDS):
    generator = generator_of(kind)
    needed = {"image": PHOTOGRAPH} if "image" in inspect.signature(generator).parameters else {}
    clips[kind] = generator(DISPLAY, n_frames=24, **needed)

n_rows = -(-len(clips) // PER_ROW)
widths = ([1] * PANELS + [0.15]) * PER_ROW
figure, axes = plt.subplots(
    n_rows, len(widths), figsize=(14, 1.45 * n_rows), layout="constrained", width_ratios=widths, squeeze=False
)
for axis in axes.flat:
    axis.set_axis_off()
for number, (kind, clip) in enumerate(clips.items()):
    row, half = divmod(number, PER_ROW)
    panels = axes[row, (PANELS + 1) * half :]
    frames = np.moveaxis(clip["frames"].values, 1, -1)  # (time, row, col, channel)
    grey = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    for frame in range(3):
        panels[frame].imshow(frames[frame].squeeze(), **grey)
    liveliest = frames.std(axis=0).mean(axis=(1, 2)).argmax()
    panels[3].imshow(frames[:, liveliest].squeeze(), aspect="auto", **grey)
    panels[0].set_title(kind, fontsize=9, loc="left")
    panels[3].set_title("a row over time", fontsize=7)
    if "flow" in clip:
        flow = clip["flow"].values[0]
        fastest = np.nan_to_num(np.hypot(*flow)).max()
        panels[4].imshow(flow_picture(flow, fastest), interpolation="nearest")
        panels[4].set_title(f"flow, to {fastest:.2g} px/frame", fontsize=7)
    contrast = frames.std() / frames.mean()
    print(f"{kind:20s} {len(frames)} frames, rms contrast {contrast:.2f}: {', '.join(map(str, clip.data_vars))}")
figure.savefig("16_every_moving_stimulus.png", dpi=110)
