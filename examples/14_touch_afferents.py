"""What drives a neuron of touch? Phase of whisking in rat thalamus, force in a mouse mechanoreceptor, and any model of yours.

Uses `tactile/moore2015.83_e2` and `tactile/medlock2024.neuron3`; both must be on this machine.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import data
from alignment.afferents import (
    phase_features,
    phase_tuning,
    plot_phase_tuning,
    plot_prediction,
    plot_predictors,
    score_afferent,
    whisking_phase,
)
from alignment.plots import STYLE

THALAMUS, SKIN = "tactile/moore2015.83_e2", "tactile/medlock2024.neuron3"

try:
    recording = data.load_dataset(THALAMUS)
    data.load_dataset(SKIN)
except data.DataNotAvailableError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)
plt.style.use(STYLE)


def receptors(force, rate_hz):
    """A model of yours: features ``(time, feature)`` of a signal, here force with the parts of its first two derivatives."""
    slope = np.gradient(force, 1 / rate_hz)
    bend = np.gradient(slope, 1 / rate_hz)
    return np.stack([force, *(np.maximum(side * part, 0) for part in (slope, bend) for side in (1, -1))], axis=1)


# Thalamus: tuning to phase, and phase as a model of the spikes.
whisk = whisking_phase(recording.stimuli.arrays.values, recording.stimuli.arrays.attrs["rate_hz"])
tuning = phase_tuning(
    whisk["phase_rad"].values,
    recording.responses.values[:, 0],
    whisk.attrs["rate_hz"],
    whisking=whisk["whisking"].values,
)
preferred, low, high = (float(tuning[f"preferred_phase_rad{part}"]) for part in ("", "_low", "_high"))
print(
    f"preferred phase {preferred:+.2f} rad [{low:+.2f}, {high:+.2f}], p over all circular shifts {float(tuning.p):.1g}"
)
thalamus = score_afferent(THALAMUS, phase_features)
print(thalamus)

# Skin: the authors' encoding model, a regression on the force, and the model above, on the same folds.
skin = score_afferent(SKIN, receptors)
print(skin)
gain = skin.over("model + history", "stimulus + history")
print(f"model over force: {gain['difference']:+.3f} bits per spike [{gain['low']:+.3f}, {gain['high']:+.3f}]")

figure, axes = plt.subplots(1, 3, figsize=(13, 3.2))
plot_phase_tuning(tuning, ax=axes[0])
plot_predictors(thalamus, ax=axes[1])
plot_prediction(thalamus, ["stimulus", "model"], 3, ax=axes[2]).set_xlim(2, 6)
figure.savefig("14_touch_afferents_thalamus.png", dpi=150)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.0))
plot_predictors(skin, ax=axes[0])
plot_prediction(skin, ["stimulus", "model"], 38, ax=axes[1])
figure.savefig("14_touch_afferents.png", dpi=150)
