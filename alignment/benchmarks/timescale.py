"""Benchmarks of networks with time constants: a receptor under sound, cortex that keeps a cue, and tables of timescales."""

from collections.abc import Callable

import numpy as np

from data.catalogue import dataset_info
from data.dataset import NeuralDataset
from data.splits import SplitSpec

from ..baselines import DelayedInput, MomentAlone, OasmModel
from ..benchmark import Benchmark
from ..metrics import Rsa
from ..network_timescales import Areas, TimescaleHierarchy, TimescaleMatch
from ..over_time import OverTime, Shown
from ..surrogates import RateMatchedPoisson, ShuffledInTime
from ..trial_halves import BetweenHalves, RelationHalves
from . import register_benchmark

ZEISLER, GAO, PFC, GRASSHOPPER = (f"timescale/{name}" for name in ("zeisler2024", "gao2020", "park2025", "grasshopper"))
CITATION = {name: dataset_info(name).citation for name in (ZEISLER, GAO, PFC, GRASSHOPPER)}

# Steps of 2 ms. The mean level before a spike is highest 6 to 7 ms before it in both runs.
LATENCY = (2, 3, 4)
PAST = tuple(range(20))
LEAD_IN = 50

register_benchmark(
    Benchmark(
        name=f"{GRASSHOPPER}-ridge",
        dataset=GRASSHOPPER,
        citation=CITATION[GRASSHOPPER],
        # 30 steps are more than the 20 that a baseline looks back, and much more than a spike remembers of the last one.
        split=SplitSpec("blocks5", "blocks", 5, session="sequence", embargo=30),
        over_time=OverTime(
            delays=LATENCY,
            lead_in=LEAD_IN,
            words=(
                "The model hears the level of each sound, from 0 (softest) to 1 (loudest), one channel, a step every 2 "
                "ms, from the start of the sound; the first 100 ms are not scored.",
                "Its states 4, 6 and 8 ms before a bin are the features of the bin: the neuron's latency, since the level "
                "before a spike is on average highest 6 to 7 ms before it.",
            ),
        ),
        baselines=(DelayedInput(LATENCY, "sound 4-8 ms ago"), DelayedInput(PAST, "sound, past 40 ms")),
        protocol_notes=(
            "Responses: spikes of one auditory receptor in bins of 2 ms, two sounds of 10 s with the same weights. Each sound "
            "was played once, so that there is no ceiling: how much of single spikes any model could tell is unknown. "
            "Beside the score stands a linear filter over the past 40 ms of the sound.",
        ),
    )
)

# Codes on a ring: as many digits differ as directions are steps of 60 degrees apart.
CUES = {
    "direction1": (0, 0, 1),
    "direction2": (0, 1, 1),
    "direction3": (0, 1, 0),
    "direction4": (1, 1, 0),
    "direction5": (1, 0, 0),
    "direction6": (1, 0, 1),
}
N_FIXATION = 10


def _cue_then_delay(dataset: NeuralDataset) -> Shown:
    """Fixation, the digits of the cue, and a digit 0 for every bin of the delay."""
    n_delay = int(dataset.stimuli.table["moment"].max()) + 1
    first = N_FIXATION + len(next(iter(CUES.values())))
    each = {name: np.concatenate([np.zeros(N_FIXATION), cue, np.zeros(n_delay)]) for name, cue in CUES.items()}
    return Shown({name: digits[:, None] for name, digits in each.items()}, first)


PFC_WORDS = (
    f"The model reads {N_FIXATION} digits 0 (fixation), three digits that code the direction, and a digit 0 for each of "
    "the 20 bins of 50 ms of the delay; its state at each of these is compared. Directions 1 to 6 are 001, 011, 010, 110, "
    "100, 101: as many digits differ as directions are steps of 60 degrees apart.",
)
PFC_NOTES = (
    "Responses: spikes of 240 memory cells in bins of 50 ms from target offset, look and no-look trials together. The "
    "cells were not recorded together: the population is put together from separate recordings, and correlations between "
    "cells within a trial are not in it.",
)
for _metric, _between, _ceiling in (("rsa", False, RelationHalves()), ("ridge", True, BetweenHalves())):
    register_benchmark(
        Benchmark(
            name=f"{PFC}-{_metric}",
            dataset=PFC,
            citation=CITATION[PFC],
            metric=Rsa() if _metric == "rsa" else "ridge",
            split=SplitSpec("each-direction", "leave-one-group-out", group="sequence"),
            missing="average",
            ceiling=_ceiling,
            normalisation="none" if _metric == "rsa" else "r/c",
            over_time=OverTime(shown=_cue_then_delay, group="sequence", between=_between, words=PFC_WORDS),
            baselines=(MomentAlone(), OasmModel()),
            surrogates=(ShuffledInTime(), RateMatchedPoisson()),
            protocol_notes=PFC_NOTES,
        )
    )

# Regions that a species' recordings hold, as the tables name them.
REGIONS = {
    "mouse": ("hippocampus", "amygdala", "ofc", "mpfc", "acc"),
    "macaque": ("hippocampus", "amygdala", "ofc", "mpfc", "acc"),
    "human": ("hippocampus", "amygdala", "ofc", "acc"),
}


def _regions_of(species: str) -> Callable[[NeuralDataset], Areas]:
    """Median timescale of each region of a species; its place is the mean log median in the other two species."""

    def areas(dataset: NeuralDataset) -> Areas:
        assert dataset.responses is not None
        table = dataset.responses.isel(presentation=0)
        medians = {
            (who, region): float(np.median(table.values[(table["species"] == who) & (table["region"] == region)]))
            for who, regions in REGIONS.items()
            for region in regions
        }
        names = REGIONS[species]
        position = [
            np.mean([np.log(tau) for (who, region), tau in medians.items() if region == name and who != species])
            for name in names
        ]
        return Areas(np.array(names), np.array([medians[species, name] for name in names]), np.array(position))

    return areas


def _parcels(dataset: NeuralDataset) -> Areas:
    """Parcels of the human cortex, the more myelin the lower."""
    assert dataset.responses is not None
    table = dataset.responses.isel(presentation=0)
    return Areas(table["neuroid_id"].values, table.values, -table["t1t2"].values)


for _species, _regions in REGIONS.items():
    for _region in _regions:
        register_benchmark(
            Benchmark(
                name=f"{ZEISLER}-{_species}-{_region}-distribution",
                dataset=ZEISLER,
                citation=CITATION[ZEISLER],
                metric=TimescaleMatch((("species", _species), ("region", _region))),
            )
        )
    register_benchmark(
        Benchmark(
            name=f"{ZEISLER}-{_species}-hierarchy",
            dataset=ZEISLER,
            citation=CITATION[ZEISLER],
            metric=TimescaleHierarchy(
                _regions_of(_species),
                f"Areas: median timescale of each of {len(_regions)} regions of the {_species}; their order is that of "
                "the mean log median in the other two species.",
            ),
        )
    )
register_benchmark(
    Benchmark(
        name=f"{GAO}-hierarchy",
        dataset=GAO,
        citation=CITATION[GAO],
        metric=TimescaleHierarchy(
            _parcels, "Areas: 180 parcels of the human cortex in the order of T1w/T2w, the more myelin the lower."
        ),
    )
)
