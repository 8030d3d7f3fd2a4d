"""All measures of the published networks of Khajehabdollahi et al. 2024, as published and ours, with their CPU time.

python benchmarks/timescale_measures.py [FOLDER] [--only NETWORK ...] [--short-trials] [--out FILE.json]

FOLDER holds the published networks, by default ``timescales`` of NEUROMODELS_DATA. One thread; some two minutes a network.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch

from neuromodels.timescale import (
    ablation,
    accuracy,
    autocorrelation,
    connectivity,
    dimensionality,
    generalisation,
    input_against_timescale,
    load_published,
    network_timescales,
    perturbation,
    population_timescale,
    stream_accuracy,
    time_constants_table,
)

NETWORKS = {
    "multi 2-5": "multihead_parity_N2-5",
    "multi 2-10": "multihead_parity_N2-10",
    "single 5": "singlehead_parity_N5",
    "single 10": "singlehead_parity_N10",
    "sliding 2-11": "sliding10-5_parity_N2-11",
}
WEIGHT_NOISE = (0, 0.215, 0.464, 1)
TIME_CONSTANT_NOISE = (0, 0.0464, 0.1, 0.215, 0.464)


def rounded(values, digits=3):
    """Plain numbers."""
    return [round(float(value), digits) for value in np.atleast_1d(values)]


def timescales(network, published):
    """Summaries of network timescales: published trials and fits, and the default ones."""
    found = {}
    for name, as_published in (("published", True), ("robust", False)):
        correlation = autocorrelation(network, as_published=as_published and published)
        fitted = network_timescales(correlation, as_published=as_published)
        found[name] = {key: round(float(fitted.attrs[key]), 3) for key in fitted.attrs if key != "criterion"}
        found[name]["population"] = rounded(population_timescale(correlation)["timescale"])[0]
    found["received"] = rounded(input_against_timescale(connectivity(network), fitted)["r"])
    return found


def measures(network, published):
    """All figures of one network."""
    clock = {}

    def timed(name, work):
        start = time.process_time()
        result = work()
        clock[name] = round(time.process_time() - start, 1)
        return result

    table = time_constants_table({"it": network})
    facts = {key: rounded(table[key], 4)[0] for key in ("mean", "sd", "share_below_1", "largest")}
    weights = connectivity(network)
    facts |= {f"weight {key}": rounded(weights[key], 4)[0] for key in weights if not weights[key].dims}
    facts["accuracy"] = rounded(timed("accuracy", lambda: accuracy(network))["accuracy"], 4)
    facts["stream accuracy"] = rounded(timed("streams", lambda: stream_accuracy(network))["accuracy"].mean("stream"), 4)
    facts["timescales"] = timed("timescales", lambda: timescales(network, published))
    facts["dimensionality"] = {
        key: round(value, 2)
        for key, value in timed("dimensionality", lambda: dimensionality(network)).attrs.items()
        if key in ("count", "published_index", "published_index_sd", "participation_ratio")
    }
    for name, as_published in (("ablation published", True), ("ablation", False)):
        found = timed(name, lambda kind=as_published: ablation(network, as_published=kind)).attrs
        facts[name] = {key: round(found[key], 4) for key in ("baseline", "shortest", "longest")}
    for kind, sizes in (("weights", WEIGHT_NOISE), ("time constants", TIME_CONSTANT_NOISE)):
        facts[f"noise in {kind}"] = rounded(timed(kind, lambda k=kind, e=sizes: perturbation(network, k, e))["mean"])
    head = len(network.answers) - 1
    asked = [n for n in range(2, network.answers[-1])]
    found = timed("generalisation", lambda: generalisation(network, asked, head=head))
    facts["other N"] = rounded(found["accuracy"], 2)
    facts["other N, old answer"] = rounded(found["old_answer"], 3)
    facts["CPU seconds"] = clock | {"all": round(sum(clock.values()), 1)}
    return facts


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=os.environ.get("NEUROMODELS_DATA", "") + "/timescales")
    parser.add_argument("--only", nargs="*", choices=list(NETWORKS), default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--short-trials", action="store_true", help="not the 10 long trials of the published measure")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    all_facts = {}
    for name in options.only:
        network = load_published(Path(options.folder) / f"{NETWORKS[name]}.npz")
        all_facts[name] = measures(network, not options.short_trials)
        print(name)
        for key, value in all_facts[name].items():
            print(f"  {key}: {value}")
        print(flush=True)
    if options.out:
        options.out.write_text(json.dumps(all_facts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
