"""What do whiskers feel when an object passes? A mug swept past a mouse's right array: picture, movie, network input."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from simulators.whisker import mouse_array, simulate
from simulators.whisker.analysis import contact_episodes
from simulators.whisker.output.views import published_view
from simulators.whisker.pictures.figures import contact_raster, scene_picture
from simulators.whisker.pictures.movie import scene_movie
from simulators.whisker.stimuli import ProceduralObjects, clean_grid, place, posed_for_sweeps

CATEGORY, DURATION_S, MOVIE_FRAMES = "mug", 0.5, 30

array = posed_for_sweeps(mouse_array())
objects = ProceduralObjects(1, [CATEGORY])
sweep = clean_grid(objects, heights_mm=(-3.0,), distances_mm=(6.0,), rotations_deg=(200.0,), duration_s=DURATION_S)[0]
placed = place(sweep, objects.solid(sweep.object_id, sweep.diagonal_mm), array)
scene = placed.scene(array)
recording = simulate(scene, progress=True)

episodes = contact_episodes(recording, shortest_gap_s=0.005)
touched = {episode.whisker for episode in episodes}
forces = np.linalg.norm(recording["force"].values, axis=2)
sample, strongest = np.unravel_index(forces.argmax(), forces.shape)
print(
    f"a {CATEGORY} passes at {placed.labels['speed_mm_s']:.1f} mm/s and touches {len(touched)} of {len(array)} whiskers"
)
print(f"first touch at {min(episode.onset_s for episode in episodes):.3f} s; {len(episodes)} touches")
print(f"largest force {forces.max():.3f} mN, on {array.names[strongest]} at {recording['time'].values[sample]:.3f} s")

network = published_view(recording, "network")
print(f"as a network takes it: {dict(network.sizes)}")
every = recording.sizes["time"] // MOVIE_FRAMES
print("movie:", scene_movie(recording, scene, "10_sweep_an_object.gif", every=every, colour="moment", progress=True))

figure = plt.figure(figsize=(11, 7.6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=(1.7, 1))
left, right = above.subplots(1, 2, width_ratios=(1.5, 1))
busiest = recording["time"].values[recording["contact"].values.sum(axis=1).argmax()]
scene_picture(recording, scene, busiest, colour="moment", ax=left)
contact_raster(recording, ax=right)
grid = published_view(recording, "grid")
frames = grid.values.reshape(-1, 5, 7, 6)  # time, row, column, quantity
moments = np.linalg.norm(frames[..., 3:], axis=-1)
panels = below.subplots(1, 4, sharey=True)
for ax, frame in zip(panels, (15, 30, 45, 60), strict=True):
    image = ax.imshow(moments[frame], cmap="viridis", vmin=0, vmax=moments.max())
    ax.set_xlabel("column")
    ax.set_title(f"frame {frame}, {frame / grid.attrs['rate_hz']:.2f} s")
panels[0].set_yticks(range(5), "ABCDE")
panels[0].set_ylabel("row")
below.suptitle("network input, 110 frames of 5 x 7 whiskers")
below.colorbar(image, ax=panels, label="|moment| on the base [µN·m]", shrink=0.7)
figure.savefig("10_sweep_an_object.png", dpi=150)
