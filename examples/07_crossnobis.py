"""How do I compare representations without the bias of noise? Crossnobis distances of a recording, and RSA with ceilings."""

import numpy as np

from alignment.similarity import compare_rdms, plot_rdm, rdm, rdm_ceiling

# Five animals with 40 neuroids each see 24 stimuli of three categories, 6 times; noise is shared between neuroids.
rng = np.random.default_rng(0)
category = np.repeat(np.arange(3), 8)
centres = rng.standard_normal((3, 12)) * 1.5
latent = centres[category] + rng.standard_normal((24, 12))
latent[1] = latent[0]  # two stimuli that nobody can tell apart
true_rdm = rdm(latent, method="euclidean")
mixing = rng.standard_normal((40, 40)) / np.sqrt(40)
animals = []
for _ in range(5):
    signal = latent @ rng.standard_normal((12, 40)) / np.sqrt(12)
    animals.append(signal + 2 * rng.standard_normal((6, 24, 40)) @ mixing)

vectors = {"euclidean": [], "crossnobis": []}
for trials in animals:
    vectors["euclidean"].append(rdm(trials.mean(axis=0), method="euclidean"))
    vectors["crossnobis"].append(rdm(trials, method="crossnobis", precision="shrinkage_diag"))

for name, each in vectors.items():
    ceiling = rdm_ceiling(np.array(each), method="corr_cov", n_permutations=99)
    model = [float(compare_rdms(true_rdm, vector, method="corr_cov")) for vector in each]
    same = np.array([vector[0] for vector in each])
    print(f"{name}: distance of two equal stimuli {same.mean():+.3f} (SD over animals {same.std(ddof=1):.3f})")
    print(f"    true model {np.mean(model):.3f}; {ceiling.describe()}")
# Noise adds to every euclidean distance; crossnobis distances of equal patterns are 0 on average and may be negative. The
# precision is named, not given: each repetition is then weighed by the noise of the others, or the average would not be 0.

plot_rdm(np.mean(vectors["crossnobis"], axis=0)).figure.savefig("07_crossnobis.png", dpi=150)
