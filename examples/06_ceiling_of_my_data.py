"""How good could any model be on my data? Ceilings of populations, and how well one of them predicts the other.

Uses macaque V1 populations, `vision/henaff2021`, where they are on this machine, else a synthetic recording.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import data
from alignment.ceilings import NcsnrCeiling, SignalPowerCeiling, SplitHalfCeiling, inter_animal_consistency
from alignment.folds import make_folds
from alignment.inference.resampling import bootstrap_weights, interval
from alignment.mappings import NeuroidRidge
from alignment.trials import arrange_trials


def opened(name):
    """Dataset and its trials ``(repetition, stimulus, neuroid)``, NaN where a repetition is missing."""
    dataset = data.load_dataset(name)
    return dataset, arrange_trials(dataset.responses, dataset.stimuli, name, missing="average").values


try:
    names = data.list_datasets("vision/henaff2021*")
    populations = {name.partition(".")[2]: opened(name)[1] for name in names}
    stimuli = data.load_dataset(names[0]).stimuli
    pair, spec = ("ay3_u002", "ay4_u006"), data.load_dataset(names[0]).splits["movie5"]
except data.DataNotAvailableError as missing:
    print(missing)
    dataset, trials = opened("language/planted")
    populations = {str(noise): part for noise, part in trials.groupby("noise")}
    stimuli, spec, pair = dataset.stimuli, dataset.splits["passage5"], ("gaussian", "poisson")

groups = stimuli.table[stimuli.group].to_numpy()
weights = bootstrap_weights(len(stimuli), groups, 200, seed=0)  # whole films, or passages, are drawn
ways = (SplitHalfCeiling(max_halvings=20), SignalPowerCeiling(), NcsnrCeiling())
estimates = {name: [way.estimate(trials, weights) for way in ways] for name, trials in populations.items()}
for name, found in estimates.items():
    rows = [
        f"{way.kind} {np.nanmedian(one.values):.3f} [{bounds[0]:.3f}, {bounds[1]:.3f}]"
        for way, one in zip(ways, found, strict=True)
        for bounds in [interval(np.nanmedian(one.draws, axis=1))]
    ]
    without = int(np.isnan(found[0].values).sum())
    print(f"{name:10s} median ceiling: {', '.join(rows)}; {without} of {len(found[0].values)} neuroids have none")

both = inter_animal_consistency(
    {name: populations[name].values for name in pair},
    make_folds(spec, stimuli.table),
    NeuroidRidge(np.logspace(0, 4, 5)),
    n_halves=5,
    groups=groups,
    missing="halve each",
    average="components",
    weights=weights,
)
bars = []
for (source, target), found in both.results.items():
    raw = np.median(found.r_xy[0].mean(axis=0))
    low, high = interval(found.draws_of_value(neuroid_seed=0), found.value, both.factor)
    bars.append((f"{source}\nto {target}", raw, found.value, low, high))
    print(f"{source} predicts {target}: raw r {raw:.3f}, corrected for noise {found.value:.3f} [{low:.3f}, {high:.3f}]")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", width_ratios=(2, 1))
for number, way in enumerate(ways):
    for place, found in enumerate(estimates.values()):
        median = np.nanmedian(found[number].values)
        low, high = interval(np.nanmedian(found[number].draws, axis=1))
        error = [[max(median - low, 0)], [max(high - median, 0)]]
        label = way.kind if place == 0 else None
        left.errorbar(place + 0.2 * (number - 1), median, error, fmt="o", color=f"C{number}", capsize=2, label=label)
left.set_xticks(range(len(estimates)), list(estimates), rotation=30)
left.set_ylabel("ceiling (r), median over neuroids")
left.set_title("largest correlation that any model can reach")
left.legend()
for place, (_, raw, corrected, low, high) in enumerate(bars):
    right.plot(place - 0.1, raw, "o", color="#999999", label="raw r" if place == 0 else None)
    error = [[corrected - low], [high - corrected]]
    right.errorbar(
        place + 0.1, corrected, error, fmt="o", color="#0072B2", capsize=2, label=None if place else "corrected"
    )
right.set_xticks(range(len(bars)), [bar[0] for bar in bars])
right.set_xlim(-0.5, len(bars) - 0.5)
right.axhline(0, color="black", linewidth=0.6)
right.set_title("one predicts the other")
right.set_ylabel("correlation")
right.legend(loc="lower right")
figure.savefig("06_ceiling_of_my_data.png", dpi=150)
