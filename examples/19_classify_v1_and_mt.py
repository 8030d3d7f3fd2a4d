"""Do units follow a plaid or its gratings? Pattern and component cells of a model, and of a network that learnt nothing.

Twelve directions of a grating, of a plaid of two gratings 120 degrees apart, and a blank; partial correlations with what a
pattern and a component cell would do, as Z; a cell is of a class where its Z exceeds the other, or 0, by 1.28. The MT units
of the model that prefer another speed than that of the plaid count as component cells here.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from alignment.physiology import pattern_component, plot_pattern_component, unit_responses
from alignment.plots import STYLE
from neuromodels import create_model
from simulators.vision import Display, drifting_grating, plaid, stack_clips, uniform_clip

N_FRAMES = 15
DEGREES = range(0, 360, 30)
plt.style.use(STYLE)


def stimuli(display, cycles_per_pixel, cycles_per_frame):
    """Gratings, plaids and a blank."""
    shown = {
        "n_frames": N_FRAMES,
        "spatial_frequency_cpd": cycles_per_pixel * display.pixels_per_degree,
        "temporal_frequency_hz": cycles_per_frame * display.rate_hz,
    }
    gratings = [drifting_grating(display, direction_deg=degree, **shown) for degree in DEGREES]
    plaids = [plaid(display, direction_deg=degree, **shown) for degree in DEGREES]
    return stack_clips([*gratings, *plaids, uniform_clip(display, n_frames=N_FRAMES)])


classical = create_model("motion/simoncelli-heeger")
network = create_model("motion/fom-small", seed=0)
small = stimuli(Display(37, 37, pixels_per_degree=8, rate_hz=24), 0.154, 0.154)
large = stimuli(Display(96, 96, pixels_per_degree=8, rate_hz=24), 0.08, 0.1)

figure, axes = plt.subplots(1, 4, figsize=(15, 4.2), layout="constrained")
shown = ((classical, "v1", small), (classical, "mt", small), (network, "v1", large), (network, "mt", large))
for axis, (model, layer, clips) in zip(axes, shown, strict=True):
    found = pattern_component(unit_responses(model, clips, layer, cache=False))
    counts = {str(name): int((found["class"] == name).sum()) for name in found["class_name"].values}
    median = [float(found[name].median()) for name in ("z_component", "z_pattern")]
    print(f"{model.name} {layer}: {counts}, median Z component {median[0]:.1f}, pattern {median[1]:.1f}")
    plot_pattern_component(found, ax=axis)
    axis.set_title(f"{model.name}, {layer}")
figure.savefig("19_classify_v1_and_mt.png", dpi=110)
