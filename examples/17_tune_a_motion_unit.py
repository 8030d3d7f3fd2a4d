"""Which motion drives this unit? Direction, speed, frequencies and contrast, of an MT unit of a model and of a neuron.

The neuron is `motion/goris2015.m620r35`, macaque V1; without its recording the model is shown alone.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import data
from alignment.physiology import (
    contrast_response,
    direction_tuning,
    plot_contrast_response,
    plot_direction_tuning,
    plot_sf_tf_tuning,
    plot_speed_tuning,
    recorded_responses,
    select_stimuli,
    sf_tf_tuning,
    speed_tuning,
    unit_responses,
)
from alignment.plots import STYLE
from data.motion.goris2015 import grating_components
from neuromodels import create_model
from simulators.vision import Display, drifting_grating, moving_texture, stack_clips, uniform_clip

NEURON = "motion/goris2015.m620r35"
DISPLAY = Display(n_rows=37, n_cols=37, pixels_per_degree=8, rate_hz=24)
N_FRAMES = 11
plt.style.use(STYLE)

# One unit of each stage that prefers rightward motion at a pixel per frame; they count in pixels, the display in degrees.
model = create_model("motion/simoncelli-heeger", v1_units=((0.0, 1.0),), mt_units=((0.0, 1.0),))
SF = float(model.units("v1")["spatial_frequency_cpp"][0]) * DISPLAY.pixels_per_degree
TF = float(model.units("v1")["temporal_frequency_cpf"][0]) * DISPLAY.rate_hz


def tuned(layer, clips):
    """Responses of the unit to clips of several seeds or of none, averaged over the middle of the map."""
    return unit_responses(model, stack_clips(clips), layer, border=0, cache=False)


def gratings(**ranges):
    """Gratings at every combination of the values given, at the unit's best elsewhere."""
    best = {"spatial_frequency_cpd": SF, "temporal_frequency_hz": TF, "direction_deg": 0.0, "contrast": 1.0}
    grids = np.meshgrid(*ranges.values(), indexing="ij")
    for values in zip(*(grid.ravel() for grid in grids), strict=True):
        yield drifting_grating(DISPLAY, n_frames=N_FRAMES, **best | dict(zip(ranges, map(float, values), strict=True)))


blank = uniform_clip(DISPLAY, n_frames=N_FRAMES)
direction = direction_tuning(tuned("mt", [*gratings(direction_deg=np.arange(0, 360, 22.5))]))
steps = 2.0 ** np.arange(-2, 2.1, 0.5)  # pixels per frame
textures = [
    moving_texture(
        DISPLAY, n_frames=N_FRAMES, speed_deg_per_s=DISPLAY.degrees_per_second(step), contrast=0.6, seed=seed
    )
    for step in steps
    for seed in range(4)
]
speed = speed_tuning(tuned("mt", textures))
frequency = sf_tf_tuning(
    tuned("v1", [*gratings(spatial_frequency_cpd=SF * steps[:7], temporal_frequency_hz=TF * steps[:7])])
)
contrast = contrast_response(tuned("mt", [*gratings(contrast=2.0 ** np.arange(-6, 0.1)), blank]))

print(f"stated: direction 0 deg, {SF:.2f} cycles/deg, {TF:.2f} Hz, {DISPLAY.degrees_per_second(1):.1f} deg/s")
print(
    f"measured: direction {float(direction['preferred_direction_deg'][0]):.1f} deg, "
    f"V1 {float(frequency['preferred_spatial_frequency_cpd'][0]):.2f} cycles/deg and "
    f"{float(frequency['preferred_temporal_frequency_hz'][0]):.2f} Hz, "
    f"MT {float(speed['preferred_speed_deg_per_s'][0]):.1f} deg/s, c50 {float(contrast['c50'][0]):.3f}"
)

figure, axes = plt.subplots(2, 4, figsize=(15, 6.4), layout="constrained")
plot_direction_tuning(direction, ax=axes[0, 0])
plot_speed_tuning(speed, ax=axes[0, 1])
plot_sf_tf_tuning(frequency, ax=axes[0, 2])
plot_contrast_response(contrast, ax=axes[0, 3])

try:
    trials = recorded_responses(data.load_dataset(NEURON))
except data.DataNotAvailableError as missing:
    print(missing)
    for axis in axes[1]:
        axis.set_axis_off()
else:
    one = select_stimuli(trials, kind="grating", contrast=1.0)
    real = direction_tuning(one, average_over=("temporal_frequency_hz",))
    degree, low, high = (float(real[f"preferred_direction_deg{part}"][0]) for part in ("", "_low", "_high"))
    print(
        f"{NEURON}: direction {degree:.1f} deg [{low:.1f}, {high:.1f}], direction index "
        f"{float(real['direction_index'][0]):.2f}, the model's unit {float(direction['direction_index'][0]):.2f}"
    )
    plot_direction_tuning(real, ax=axes[1, 0]).set_xlabel("direction of drift [deg]")
    axes[1, 0].set_ylabel("response [spikes/s]")
    away = (one["direction_deg"].values - degree + 180) % 360 - 180
    near = one.isel(stimulus=np.abs(away) < 30)
    flicker = near["temporal_frequency_hz"].values
    edges = np.quantile(flicker, np.linspace(0, 1, 7))
    bins = [near.values[(flicker >= low) & (flicker <= high), 0] for low, high in zip(edges, edges[1:], strict=False)]
    sem = [values.std(ddof=1) / np.sqrt(len(values)) for values in bins]
    axes[1, 1].errorbar((edges[1:] + edges[:-1]) / 2, [values.mean() for values in bins], sem, marker="o", markersize=4)
    axes[1, 1].set_xlabel("temporal frequency [Hz]")
    run = grating_components(NEURON)
    sem = np.sqrt(run["sf_rate_variance"] / run["sf_n_trials"])
    axes[1, 2].errorbar(run["sf_cpd"], run["sf_rate_hz"], sem, marker="o", markersize=4)
    axes[1, 2].set_xscale("log")
    axes[1, 2].set_xlabel("spatial frequency [cycles/deg]")
    single = select_stimuli(trials, n_components=1)
    away = (single["direction_deg"].values - degree + 180) % 360 - 180
    single = single.isel(stimulus=np.abs(away) < 30)
    levels = np.unique(single["contrast"].values)
    bins = [single.values[single["contrast"].values == level, 0] for level in levels]
    sem = [values.std(ddof=1) / np.sqrt(len(values)) for values in bins]
    axes[1, 3].errorbar(levels, [values.mean() for values in bins], sem, marker="o", markersize=4)
    axes[1, 3].axhline(float(trials["spont_rate_hz"][0]), color="black", linewidth=0.6, linestyle=":")
    axes[1, 3].set_xscale("log")
    axes[1, 3].set_xlabel("contrast")
    for axis in axes[1, 1:]:
        axis.set_title("mean, s.e.m., near the preferred direction", fontsize=8)
        axis.set_ylabel("response [spikes/s]")
figure.savefig("17_tune_a_motion_unit.png", dpi=110)
