"""Benchmarks of networks with time constants: a receptor that hears a sound, and cortex that keeps a cue in mind."""

from data.catalogue import dataset_info
from data.splits import SplitSpec

from ..baselines import DelayedInput
from ..benchmark import Benchmark
from ..over_time import OverTime
from . import register_benchmark

# Steps of 2 ms. The mean level before a spike is highest 6 to 7 ms before it in both runs.
LATENCY = (2, 3, 4)
PAST = tuple(range(20))
LEAD_IN = 50

register_benchmark(
    Benchmark(
        name="timescale/grasshopper-ridge",
        dataset="timescale/grasshopper",
        citation=dataset_info("timescale/grasshopper").citation,
        # 30 steps are more than the 20 that a baseline looks back, and much more than a spike remembers of the last one.
        split=SplitSpec("blocks5", "blocks", 5, session="sequence", embargo=30),
        over_time=OverTime(
            delays=LATENCY,
            lead_in=LEAD_IN,
            words=(
                "The model hears the level of each sound, from 0 (softest) to 1 (loudest), one channel, a step every 2 ms, from "
                "the start of the sound; the first 100 ms are not scored.",
                "Its states 4, 6 and 8 ms before a bin are the features of the bin: the neuron's latency, since the level before "
                "a spike is on average highest 6 to 7 ms before it.",
            ),
        ),
        baselines=(DelayedInput(LATENCY, "sound 4-8 ms ago"), DelayedInput(PAST, "sound, past 40 ms")),
        protocol_notes=(
            "Responses: spikes of one auditory receptor in bins of 2 ms, two sounds of 10 s with the same weights. Each sound "
            "was played once, so that there is no ceiling: how much of single spikes any model could tell is unknown. Beside the "
            "score stands a linear filter over the past 40 ms of the sound.",
        ),
    )
)
